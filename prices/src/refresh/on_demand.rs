//! On-Demand prices of EC2 instance types with Linux.

use std::collections::{BTreeMap, BTreeSet};

use ffbatch_storage::{CallError, SdkConfig};

use super::products::{PERMISSION, Product, pages};
use super::{Answer, Order, Source, Step, unanswered, unlisted};

/// Up to so many types are asked for one by one. Of more the whole list of the Region is fetched, which has about ten pages.
const ONE_BY_ONE: usize = 8;

/// What makes an instance one that anybody starts: Linux without more, a host that is shared, capacity that nobody has reserved.
const PLAIN: [(&str, &str); 5] = [
    ("operatingSystem", "Linux"),
    ("preInstalledSw", "NA"),
    ("tenancy", "Shared"),
    ("capacitystatus", "Used"),
    ("marketoption", "OnDemand"),
];

/// What the service says of a value that it does not know.
const UNKNOWN: [&str; 2] = ["InvalidParameterException", "NotFoundException"];

/// Asks for the types of an order.
pub async fn ask(
    config: &SdkConfig,
    order: &Order<'_>,
    on: &mut dyn FnMut(Step),
) -> Answer<(String, f64)> {
    let wanted: BTreeSet<&str> = order.types.iter().copied().collect();
    let mut found = BTreeMap::new();
    let mut notes = Vec::new();
    let mut failed = Vec::new();
    let mut refused = BTreeSet::new();
    let each: Vec<Option<&str>> = if wanted.len() <= ONE_BY_ONE {
        wanted.iter().copied().map(Some).collect()
    } else {
        vec![None]
    };
    for one in each {
        let mut take = |products: Vec<Product>| {
            found.extend(products.iter().filter_map(|one| price(one, &wanted)));
            on(Step {
                source: Source::OnDemand,
                found: found.len(),
            });
        };
        match (list(config, order.region, one, &mut take).await, one) {
            (Ok(()), _) => (),
            (Err(error), Some(name)) if UNKNOWN.contains(&error.kind.as_str()) => {
                notes.push(format!("AWS Price List does not take `{name}`: {error}"));
                refused.insert(name);
            }
            (Err(error), _) => {
                // Those of Fargate are in the same list.
                let what = if order.fargate {
                    "On-Demand prices and those of Fargate"
                } else {
                    "On-Demand prices"
                };
                failed.push(unanswered(what, &error, PERMISSION));
                break;
            }
        }
    }
    if failed.is_empty() {
        let known = |name: &str| found.contains_key(name) || refused.contains(name);
        let lacking: Vec<&str> = wanted.iter().copied().filter(|name| !known(name)).collect();
        notes.extend(unlisted(
            "AWS Price List has no On-Demand price",
            &lacking,
            order,
        ));
    }
    Answer {
        found: found.into_iter().collect(),
        notes,
        failed,
    }
}

/// The products of a Region, of one type or of all.
async fn list(
    config: &SdkConfig,
    region: &str,
    name: Option<&str>,
    take: &mut dyn FnMut(Vec<Product>),
) -> Result<(), CallError> {
    let mut attributes = vec![
        ("regionCode", region),
        ("productFamily", "Compute Instance"),
    ];
    attributes.extend(PLAIN);
    attributes.extend(name.map(|name| ("instanceType", name)));
    pages(config, "AmazonEC2", &attributes, take).await
}

/// The price of a product, if it is one that was asked for. The filters are checked here as well: a price of dedicated tenancy looks
/// like any other.
pub fn price(product: &Product, wanted: &BTreeSet<&str>) -> Option<(String, f64)> {
    let name = product.attribute("instanceType");
    // Zones that are none of the Region's own have products of their own.
    let is_here = matches!(product.attribute("locationType"), "" | "AWS Region");
    let is_plain = PLAIN
        .iter()
        .all(|(attribute, value)| product.attribute(attribute) == *value);
    (is_here && is_plain && wanted.contains(name)).then(|| Some((name.to_owned(), product.usd?)))?
}
