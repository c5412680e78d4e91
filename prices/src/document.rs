//! What a refresh has found, as JSON: one document for each Region.
//!
//! Every price has its own day, because a refresh asks for the types that somebody needs, and leaves the others as they were.

use std::collections::BTreeMap;

use ffbatch_dispatcher::infra::Architecture;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::price::Paid;

/// The version that is written, and the only one so far.
const VERSION: u32 = 1;

/// The longest name of a Region, with room for what is to come.
const LONGEST: usize = 32;

/// Refreshed prices of a Region.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Of the form.
    pub version: u32,
    /// Whose prices they are.
    pub region: String,
    /// On-Demand prices of EC2 instance types with Linux, by type.
    #[serde(default)]
    pub on_demand: BTreeMap<String, Usual>,
    /// Spot prices of the same, by type.
    #[serde(default)]
    pub spot: BTreeMap<String, Spot>,
    /// Prices of Fargate with Linux, at most one for each architecture and way to pay.
    #[serde(default)]
    pub fargate: Vec<FargateRate>,
}

/// An On-Demand price.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Usual {
    /// USD an hour.
    pub usd_per_hour: f64,
    /// When it was asked for.
    pub date: Date,
}

/// Spot prices of one type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spot {
    /// USD an hour by Availability Zone: the newest of each.
    pub zones: BTreeMap<String, f64>,
    /// When they were asked for.
    pub date: Date,
}

/// What Fargate costs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FargateRate {
    /// On what.
    pub architecture: Architecture,
    /// How it is paid.
    pub paid: Paid,
    /// USD for each vCPU an hour.
    pub usd_per_vcpu_hour: f64,
    /// USD for each GB of memory an hour.
    pub usd_per_gb_hour: f64,
    /// USD for each GB of storage an hour beyond what is free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usd_per_storage_gb_hour: Option<f64>,
    /// When it was asked for.
    pub date: Date,
}

/// A text that is no document.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// It is not JSON, lacks something, or has something that nobody knows.
    #[error("{0}")]
    Form(#[from] serde_json::Error),
    /// A newer program has written it.
    #[error("it has version {0}, and this program knows {VERSION} (update ffbatch)")]
    Version(u64),
    /// A price is none.
    #[error("its price of `{0}` is none")]
    Price(String),
    /// It is of another Region than its place says.
    #[error("it is of the Region `{0}`")]
    Region(String),
}

impl Document {
    /// An empty one.
    pub fn new(region: &str) -> Self {
        Self {
            version: VERSION,
            region: region.to_owned(),
            on_demand: BTreeMap::new(),
            spot: BTreeMap::new(),
            fargate: Vec::new(),
        }
    }

    /// Reads a document that is said to be of a Region.
    pub fn read(text: &str, region: &str) -> Result<Self, DocumentError> {
        let value: Value = serde_json::from_str(text)?;
        if let Some(version) = value["version"].as_u64() {
            // A newer form may have what this one refuses.
            if version != u64::from(VERSION) {
                return Err(DocumentError::Version(version));
            }
        }
        let read: Self = serde_json::from_str(text)?;
        if read.region != region {
            return Err(DocumentError::Region(read.region));
        }
        match read.wrong() {
            Some(what) => Err(DocumentError::Price(what)),
            None => Ok(read),
        }
    }

    /// The document as text.
    pub fn text(&self) -> String {
        let text =
            serde_json::to_string_pretty(self).expect("it has nothing but texts and numbers");
        format!("{text}\n")
    }

    /// This one, with what a newer one of the same Region has.
    #[must_use]
    pub fn merged(mut self, newer: Self) -> Self {
        self.on_demand.extend(newer.on_demand);
        self.spot.extend(newer.spot);
        let is_newer = |rate: &FargateRate| {
            let mut others = newer.fargate.iter();
            others.any(|other| (other.architecture, other.paid) == (rate.architecture, rate.paid))
        };
        self.fargate.retain(|rate| !is_newer(rate));
        self.fargate.extend(newer.fargate);
        self.fargate
            .sort_by_key(|rate| (rate.architecture, rate.paid));
        self
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.on_demand.is_empty() && self.spot.is_empty() && self.fargate.is_empty()
    }

    /// Whose price is none.
    fn wrong(&self) -> Option<String> {
        let is_price = |usd: f64| usd.is_finite() && usd > 0.0;
        let mut usual = self.on_demand.iter();
        let usual = usual.find(|(_, one)| !is_price(one.usd_per_hour));
        let mut spot = self.spot.iter();
        let spot = spot
            .find(|(_, one)| one.zones.is_empty() || !one.zones.values().all(|usd| is_price(*usd)));
        let mut fargate = self.fargate.iter();
        let fargate = fargate.find(|rate| {
            let [vcpu, gb] = [rate.usd_per_vcpu_hour, rate.usd_per_gb_hour];
            let storage = rate.usd_per_storage_gb_hour.is_none_or(is_price);
            !(is_price(vcpu) && is_price(gb) && storage)
        });
        usual
            .map(|(name, _)| name.clone())
            .or_else(|| spot.map(|(name, _)| name.clone()))
            .or_else(|| fargate.map(|_| "fargate".to_owned()))
    }
}

/// Whether a name may be a Region's, and so a file's.
pub fn is_region(name: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.len() <= LONGEST
        && name.chars().all(|letter| plain(letter) || letter == '-')
}

#[cfg(test)]
mod tests;
