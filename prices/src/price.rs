//! A price, with where it is from and of which day it is.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// The ephemeral storage of a Fargate task that costs nothing, in GiB (AWS Fargate pricing page, "Pricing details").
pub const FREE_STORAGE_GIB: u32 = 20;

/// MiB of what the price list calls a GB.
const MIB: f64 = 1024.0;

/// How compute is bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Paid {
    /// At the full price.
    OnDemand,
    /// At the price of what nobody else needs now, and may need back.
    Spot,
}

/// What an EC2 instance with Linux costs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Price {
    /// USD an hour; EC2 counts seconds.
    pub usd_per_hour: f64,
    /// Where it is from, in a phrase for people.
    pub source: String,
    /// The day of which it is.
    pub date: Date,
}

/// What a task on AWS Fargate with Linux costs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FargatePrice {
    /// USD for each vCPU an hour; Fargate counts seconds, a minute at least.
    pub usd_per_vcpu_hour: f64,
    /// USD for each GB of memory an hour.
    pub usd_per_gb_hour: f64,
    /// USD for each GB of ephemeral storage an hour beyond [`FREE_STORAGE_GIB`]; absent where it is not known.
    pub usd_per_storage_gb_hour: Option<f64>,
    /// Where it is from, in a phrase for people.
    pub source: String,
    /// The day of which it is.
    pub date: Date,
}

impl FargatePrice {
    /// What a task of this size costs, in USD an hour; `None` where it has storage whose price is not known.
    pub fn usd_per_hour(&self, vcpus: f64, memory_mib: u32, storage_gib: u32) -> Option<f64> {
        let storage = match storage_gib.saturating_sub(FREE_STORAGE_GIB) {
            0 => 0.0,
            more => f64::from(more) * self.usd_per_storage_gb_hour?,
        };
        let memory = f64::from(memory_mib) / MIB * self.usd_per_gb_hour;
        Some(vcpus * self.usd_per_vcpu_hour + memory + storage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_costs_its_parts() {
        let mut price = FargatePrice {
            usd_per_vcpu_hour: 0.04,
            usd_per_gb_hour: 0.005,
            usd_per_storage_gb_hour: Some(0.0001),
            source: String::new(),
            date: jiff::civil::date(2026, 11, 27),
        };
        let near = |found: Option<f64>, expected: f64| {
            assert!(
                found.is_some_and(|found| (found - expected).abs() < 1e-12),
                "{found:?}"
            );
        };
        near(price.usd_per_hour(2.0, 8192, 20), 0.12);
        near(price.usd_per_hour(2.0, 8192, 100), 0.128);
        near(price.usd_per_hour(0.25, 512, 0), 0.0125);
        price.usd_per_storage_gb_hour = None;
        near(price.usd_per_hour(2.0, 8192, 20), 0.12);
        assert_eq!(price.usd_per_hour(2.0, 8192, 21), None);
    }
}
