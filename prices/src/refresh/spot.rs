//! Spot prices of EC2 instance types with Linux (EC2 API Reference, `DescribeSpotPriceHistory`).
//!
//! EC2 speaks a query protocol and answers in XML. From a start that is now, it tells the price that holds in each zone; should it tell
//! older ones as well, the newest counts.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ffbatch_storage::{CallError, SdkConfig, Service, query};
use jiff::Timestamp;
use roxmltree::{Document, Node};

use super::again::patiently;
use super::{Answer, Order, Source, Step, foreign, unanswered, unlisted};

/// The permission that it needs.
const PERMISSION: &str = "ec2:DescribeSpotPriceHistory";

/// Amazon EC2.
const EC2: Service = Service {
    name: "Amazon EC2",
    id: "ec2",
    host: "ec2",
    target: "",
    variable: "AWS_ENDPOINT_URL_EC2",
};

/// The version of its API.
const VERSION: &str = "2016-11-15";

/// Linux, in a network of one's own and without one.
const PRODUCTS: [&str; 2] = ["Linux/UNIX", "Linux/UNIX (Amazon VPC)"];

/// So many types are asked for at once.
const LOT: usize = 50;

/// The most prices of a page.
const PAGE: u32 = 1000;

/// How long a page may take.
const LIMIT: Duration = Duration::from_secs(30);

/// What EC2 says of a type that it does not know.
const UNKNOWN: [&str; 2] = ["InvalidParameterValue", "InvalidInstanceType"];

/// Prices by zone.
type Zones = BTreeMap<String, f64>;

/// The newest price of a type in a zone.
pub type Newest = BTreeMap<(String, String), (Timestamp, f64)>;

/// Asks for the types of an order.
pub async fn ask(
    config: &SdkConfig,
    order: &Order<'_>,
    on: &mut dyn FnMut(Step),
) -> Answer<(String, Zones)> {
    let mut newest = Newest::new();
    let mut notes = Vec::new();
    let mut failed = Vec::new();
    let mut refused = BTreeSet::new();
    let mut lots: Vec<&[&str]> = order.types.chunks(LOT).rev().collect();
    while let Some(lot) = lots.pop() {
        let asked = history(config, lot, order.now, &mut newest).await;
        on(Step {
            source: Source::Spot,
            found: newest.len(),
        });
        match asked {
            Ok(()) => (),
            // One that EC2 does not know must not lose the others.
            Err(error) if UNKNOWN.contains(&error.kind.as_str()) => {
                if let [name] = lot {
                    notes.push(format!("Amazon EC2 does not take `{name}`: {error}"));
                    refused.insert(*name);
                } else {
                    let (first, second) = lot.split_at(lot.len() / 2);
                    lots.extend([second, first]);
                }
            }
            Err(error) => {
                failed.push(unanswered("Spot prices", &error, PERMISSION));
                break;
            }
        }
    }
    let mut found: BTreeMap<String, Zones> = BTreeMap::new();
    for ((name, zone), (_, usd)) in newest {
        if !is_of(&zone, order.region) {
            continue;
        }
        found.entry(name).or_default().insert(zone, usd);
    }
    if failed.is_empty() {
        let known = |name: &str| found.contains_key(name) || refused.contains(name);
        let all = order.types.iter().copied();
        let lacking: Vec<&str> = all.filter(|name| !known(name)).collect();
        notes.extend(unlisted("Amazon EC2 has no Spot price", &lacking, order));
    }
    Answer {
        found: found.into_iter().collect(),
        notes,
        failed,
    }
}

/// All pages of some types.
async fn history(
    config: &SdkConfig,
    types: &[&str],
    now: Timestamp,
    newest: &mut Newest,
) -> Result<(), CallError> {
    let mut fields = vec![
        ("StartTime".to_owned(), format!("{now:.0}")),
        ("MaxResults".to_owned(), PAGE.to_string()),
    ];
    let mut list = |name: &str, values: &[&str]| {
        let numbered = (1..).zip(values);
        fields.extend(numbered.map(|(at, value)| (format!("{name}.{at}"), (*value).to_owned())));
    };
    list("InstanceType", types);
    list("ProductDescription", &PRODUCTS);
    let mut seen = BTreeSet::new();
    let mut next: Option<String> = None;
    loop {
        let mut asked = fields.clone();
        asked.extend(next.map(|token| ("NextToken".to_owned(), token)));
        let operation = "DescribeSpotPriceHistory";
        let page = || query(config, EC2, VERSION, operation, &asked, LIMIT);
        let page = patiently(page).await?;
        let token = read(&page, newest).map_err(|why| foreign(EC2, &why))?;
        match token {
            None => return Ok(()),
            Some(token) if !seen.insert(token.clone()) => {
                return Err(foreign(EC2, "its pages come round again"));
            }
            token => next = token,
        }
    }
}

/// Reads a page, and returns what the next one is asked by.
pub fn read(xml: &str, newest: &mut Newest) -> Result<Option<String>, String> {
    let page = Document::parse(xml).map_err(|error| format!("it is no XML: {error}"))?;
    let root = page.root_element();
    let set = child(root, "spotPriceHistorySet").ok_or("it has no `spotPriceHistorySet`")?;
    for item in children(set, "item") {
        let text = |name: &str| child(item, name).and_then(|node| node.text());
        let (Some(name), Some(zone)) = (text("instanceType"), text("availabilityZone")) else {
            return Err("a price has no type or no zone".to_owned());
        };
        let at = text("timestamp").and_then(|at| at.parse::<Timestamp>().ok());
        let usd = text("spotPrice").and_then(|usd| usd.parse::<f64>().ok());
        let (Some(at), Some(usd)) = (at, usd) else {
            return Err(format!("the price of `{name}` has no time or no number"));
        };
        if !(usd.is_finite() && usd > 0.0) {
            continue;
        }
        let known = newest
            .entry((name.to_owned(), zone.to_owned()))
            .or_insert((at, usd));
        if at > known.0 {
            *known = (at, usd);
        }
    }
    let token = child(root, "nextToken").and_then(|node| node.text());
    Ok(token.filter(|token| !token.is_empty()).map(str::to_owned))
}

/// Whether a zone is one of the Region's own, `eu-west-1a`: Local Zones and Wavelength Zones belong to it as well, cost more, and no
/// compute starts anything there.
pub fn is_of(zone: &str, region: &str) -> bool {
    let letter = zone.strip_prefix(region);
    letter.is_some_and(|rest| {
        rest.len() == 1 && rest.starts_with(|one: char| one.is_ascii_lowercase())
    })
}

/// An element by its local name: the namespace is that of the API's version.
fn child<'a, 'input>(of: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    children(of, name).next()
}

fn children<'a, 'input>(
    of: Node<'a, 'input>,
    name: &str,
) -> impl Iterator<Item = Node<'a, 'input>> {
    of.children()
        .filter(move |node| node.is_element() && node.tag_name().name() == name)
}
