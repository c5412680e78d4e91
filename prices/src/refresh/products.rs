//! Products of the price list (AWS Price List Query API, `GetProducts`).
//!
//! A product is JSON inside of a text of JSON. It has attributes and terms; the price stands in the dimensions of a term. One product
//! of a kind may be listed several times, so that whoever asks has to look at the attributes as well.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ffbatch_storage::{CallError, SdkConfig, Service, call_within, in_region};
use serde::Deserialize;
use serde_json::{Value, json};

use super::again::patiently;
use super::foreign;

/// The permission that it needs.
pub const PERMISSION: &str = "pricing:GetProducts";

/// AWS Price List (its API Reference, `GetProducts`, "Examples").
const PRICE_LIST: Service = Service {
    name: "AWS Price List",
    id: "pricing",
    host: "api.pricing",
    target: "AWSPriceListService",
    variable: "AWS_ENDPOINT_URL_PRICING",
};

/// The most products of a page, and what a page has where nothing is said (`MaxResults`).
const PAGE: u32 = 100;

/// How long a page may take: a full one is half a megabyte.
const LIMIT: Duration = Duration::from_secs(30);

/// A product, as far as it is looked at.
#[derive(Debug)]
pub struct Product {
    attributes: BTreeMap<String, String>,
    /// USD for a unit; absent where it costs nothing, or not one price.
    pub usd: Option<f64>,
}

impl Product {
    /// An attribute; an empty text where there is none.
    pub fn attribute(&self, name: &str) -> &str {
        self.attributes
            .get(name)
            .map(String::as_str)
            .unwrap_or_default()
    }

    /// Reads what stands in the list.
    pub fn read(text: &str) -> Result<Self, serde_json::Error> {
        let listed: Listed = serde_json::from_str(text)?;
        let terms = listed.terms.on_demand.into_values();
        let dimensions = terms.flat_map(|term| term.dimensions.into_values());
        // A text, since numbers have no order: whether there is one price or several is all that matters.
        let prices: BTreeSet<String> = dimensions
            .filter_map(|dimension| dimension.usd())
            .map(|usd| usd.to_string())
            .collect();
        let one = prices.first().filter(|_| prices.len() == 1);
        Ok(Self {
            attributes: listed.product.attributes,
            usd: one.and_then(|usd| usd.parse().ok()),
        })
    }
}

/// All products of a service that have these attributes, page by page.
pub async fn pages(
    config: &SdkConfig,
    code: &str,
    attributes: &[(&str, &str)],
    mut on: impl FnMut(Vec<Product>),
) -> Result<(), CallError> {
    let region = config.region().map(ToString::to_string);
    let config = in_region(config, endpoint(region.as_deref().unwrap_or_default()));
    let filters: Vec<Value> = attributes
        .iter()
        .map(|(field, value)| json!({ "Type": "TERM_MATCH", "Field": field, "Value": value }))
        .collect();
    let mut asked = json!({
        "ServiceCode": code, "FormatVersion": "aws_v1", "MaxResults": PAGE, "Filters": filters,
    });
    let mut seen = BTreeSet::new();
    loop {
        let page = || call_within(&config, PRICE_LIST, "GetProducts", &asked, LIMIT);
        let page = patiently(page).await?;
        let Some(list) = page["PriceList"].as_array() else {
            return Err(foreign(PRICE_LIST, "it has no `PriceList`"));
        };
        let products = list.iter().map(|product| {
            let product = Product::read(product.as_str().unwrap_or_default());
            product.map_err(|error| foreign(PRICE_LIST, &format!("a product is no JSON: {error}")))
        });
        on(products.collect::<Result<_, _>>()?);
        match page["NextToken"].as_str().filter(|token| !token.is_empty()) {
            None => return Ok(()),
            Some(token) if !seen.insert(token.to_owned()) => {
                return Err(foreign(PRICE_LIST, "its pages come round again"));
            }
            Some(token) => asked["NextToken"] = json!(token),
        }
    }
}

/// The Region of the endpoint that is nearest: three have one, and each knows the prices of all ("AWS Price List endpoints and quotas"
/// in the AWS General Reference).
pub fn endpoint(region: &str) -> &'static str {
    match region.split('-').next() {
        Some("eu" | "me" | "af" | "il") => "eu-central-1",
        Some("ap") => "ap-south-1",
        _ => "us-east-1",
    }
}

/// What a product is in the list.
#[derive(Debug, Deserialize)]
struct Listed {
    product: Described,
    #[serde(default)]
    terms: Terms,
}

#[derive(Debug, Deserialize)]
struct Described {
    #[serde(default)]
    attributes: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
struct Terms {
    #[serde(default, rename = "OnDemand")]
    on_demand: BTreeMap<String, Term>,
}

#[derive(Debug, Deserialize)]
struct Term {
    #[serde(default, rename = "priceDimensions")]
    dimensions: BTreeMap<String, Dimension>,
}

#[derive(Debug, Deserialize)]
struct Dimension {
    #[serde(default, rename = "pricePerUnit")]
    price: BTreeMap<String, String>,
}

impl Dimension {
    /// The price. What is listed with 0 is reserved or included elsewhere: it is not free, its price is another one.
    fn usd(&self) -> Option<f64> {
        let usd: f64 = self.price.get("USD")?.parse().ok()?;
        (usd.is_finite() && usd > 0.0).then_some(usd)
    }
}
