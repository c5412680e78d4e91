//! Prices of AWS Fargate with Linux.
//!
//! The price list has a product for each kind of use, and names it by `usagetype`, with the Region in short before it:
//! `EUW1-Fargate-ARM-vCPU-Hours:perCPU`. What Fargate Spot costs it does not have to tell: where it does not, the price is unknown.

use std::collections::BTreeMap;

use ffbatch_dispatcher::infra::Architecture;
use ffbatch_storage::SdkConfig;
use jiff::civil::Date;

use super::products::{PERMISSION, Product, pages};
use super::{Answer, Order, Source, Step, unanswered};
use crate::document::FargateRate;
use crate::price::Paid;

/// What is sold for an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// A vCPU.
    Cpu(Architecture, Paid),
    /// A GB of memory.
    Memory(Architecture, Paid),
    /// A GB of storage beyond what is free, whatever else is used.
    Storage,
}

/// A price of Fargate before it has a day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    architecture: Architecture,
    paid: Paid,
    vcpu: f64,
    gb: f64,
    storage: Option<f64>,
}

impl Rate {
    /// The same of a day.
    pub fn on(self, date: Date) -> FargateRate {
        FargateRate {
            architecture: self.architecture,
            paid: self.paid,
            usd_per_vcpu_hour: self.vcpu,
            usd_per_gb_hour: self.gb,
            usd_per_storage_gb_hour: self.storage,
            date,
        }
    }
}

/// Asks for Fargate in the Region of an order.
pub async fn ask(config: &SdkConfig, order: &Order<'_>, on: &mut dyn FnMut(Step)) -> Answer<Rate> {
    let mut parts = BTreeMap::new();
    let take = |products: Vec<Product>| {
        parts.extend(products.iter().filter_map(|product| {
            let part = part(product.attribute("usagetype"))?;
            Some((part, product.usd?))
        }));
        on(Step {
            source: Source::Fargate,
            found: parts.len(),
        });
    };
    let listed = pages(config, "AmazonECS", &[("regionCode", order.region)], take).await;
    let failed: Vec<String> = listed
        .err()
        .map(|error| unanswered("prices of Fargate", &error, PERMISSION))
        .into_iter()
        .collect();
    let (found, lacking) = rates(&parts);
    let notes = if failed.is_empty() {
        lacking
    } else {
        Vec::new()
    };
    Answer {
        found,
        notes: notes
            .into_iter()
            .map(|what| {
                format!(
                    "AWS Price List has no price of {what} in `{}`",
                    order.region
                )
            })
            .collect(),
        failed,
    }
}

/// What a `usagetype` sells; `None` where it is not Fargate with Linux.
pub fn part(usage: &str) -> Option<Part> {
    let at = usage
        .find("SpotUsage-Fargate-")
        .or_else(|| usage.find("Fargate-"))?;
    let region = &usage[..at];
    if !(region.is_empty() || region.ends_with('-')) {
        return None;
    }
    let (paid, rest) = match usage[at..].strip_prefix("SpotUsage-") {
        Some(rest) => (Paid::Spot, rest),
        None => (Paid::OnDemand, &usage[at..]),
    };
    let rest = rest.strip_prefix("Fargate-")?;
    let (architecture, rest) = match rest.strip_prefix("ARM-") {
        Some(rest) => (Architecture::Arm, rest),
        None => (Architecture::X86, rest),
    };
    match (rest, architecture, paid) {
        ("vCPU-Hours:perCPU" | "vCPU-Hours", ..) => Some(Part::Cpu(architecture, paid)),
        ("GB-Hours", ..) => Some(Part::Memory(architecture, paid)),
        ("EphemeralStorage-GB-Hours", Architecture::X86, Paid::OnDemand) => Some(Part::Storage),
        _ => None,
    }
}

/// The prices that are whole, and what lacks one.
fn rates(parts: &BTreeMap<Part, f64>) -> (Vec<Rate>, Vec<String>) {
    let (mut found, mut lacking) = (Vec::new(), Vec::new());
    for architecture in [Architecture::X86, Architecture::Arm] {
        for paid in [Paid::OnDemand, Paid::Spot] {
            let part = |part: Part| parts.get(&part).copied();
            let vcpu = part(Part::Cpu(architecture, paid));
            let gb = part(Part::Memory(architecture, paid));
            match (vcpu, gb) {
                (Some(vcpu), Some(gb)) => found.push(Rate {
                    architecture,
                    paid,
                    vcpu,
                    gb,
                    storage: part(Part::Storage),
                }),
                _ => lacking.push(named(architecture, paid)),
            }
        }
    }
    (found, lacking)
}

fn named(architecture: Architecture, paid: Paid) -> String {
    let spot = match paid {
        Paid::OnDemand => "",
        Paid::Spot => " Spot",
    };
    format!("Fargate{spot} on {}", architecture.name())
}
