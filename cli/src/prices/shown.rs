//! Prices as people and programs read them.

use ffbatch_dispatcher::infra::Architecture;
use ffbatch_dispatcher::infra::instances;
use ffbatch_prices::{FargatePrice, Paid, Price, Prices};
use jiff::civil::Date;
use serde::Serialize;

use super::chosen::Chosen;
use crate::table;

/// What stands where a price is not known.
const UNKNOWN: &str = "unknown";

/// The prices of a Region.
#[derive(Debug, Serialize)]
pub struct Shown {
    region: String,
    instances: Vec<Instance>,
    fargate: Vec<Fargate>,
    #[serde(skip)]
    is_overview: bool,
}

/// An instance type with its prices; `null` is not known.
#[derive(Debug, Serialize)]
struct Instance {
    name: String,
    vcpus: Option<u32>,
    memory_mib: Option<u32>,
    on_demand: Option<Cost>,
    spot: Option<Cost>,
}

/// A price, and what it comes to for each vCPU.
#[derive(Debug, Serialize)]
struct Cost {
    usd_per_hour: f64,
    usd_per_vcpu_hour: Option<f64>,
    source: String,
    date: Date,
}

/// Fargate with its price.
#[derive(Debug, Serialize)]
struct Fargate {
    architecture: Architecture,
    paid: Paid,
    price: Option<FargatePrice>,
}

impl Cost {
    fn of(price: Price, vcpus: Option<f64>) -> Self {
        Self {
            usd_per_hour: price.usd_per_hour,
            usd_per_vcpu_hour: vcpus.map(|vcpus| price.usd_per_hour / vcpus),
            source: price.source,
            date: price.date,
        }
    }
}

impl Shown {
    /// The prices that are known of what was chosen.
    pub fn of(chosen: &Chosen, known: &Prices) -> Self {
        let region = &chosen.region;
        let names = if chosen.is_everything {
            chosen.overview(|name| known.instance(region, name, Paid::OnDemand).is_some())
        } else {
            chosen.types.clone()
        };
        let instance = |name: String| {
            let facts = instances::find(&name);
            let vcpus = facts.map(|facts| f64::from(facts.vcpus));
            let cost = |paid: Paid| {
                let price = known.instance(region, &name, paid)?;
                Some(Cost::of(price, vcpus))
            };
            Instance {
                vcpus: facts.map(|facts| facts.vcpus),
                memory_mib: facts.map(|facts| facts.memory_mib),
                on_demand: cost(Paid::OnDemand),
                spot: cost(Paid::Spot),
                name,
            }
        };
        let fargate = chosen.fargate.iter().flat_map(|&architecture| {
            [Paid::OnDemand, Paid::Spot].map(|paid| Fargate {
                architecture,
                paid,
                price: known.fargate(region, architecture, paid),
            })
        });
        Self {
            region: region.clone(),
            instances: names.into_iter().map(instance).collect(),
            fargate: fargate.collect(),
            is_overview: chosen.is_everything,
        }
    }

    /// Tables, each line cut where the terminal ends.
    pub fn drawn(&self, width: Option<u16>) -> String {
        let mut parts = Vec::new();
        if !self.instances.is_empty() {
            parts.push(self.instances(width));
        }
        if !self.fargate.is_empty() {
            parts.push(self.fargates(width));
        }
        let overview = if self.is_overview {
            "; one size of each family (`--compute NAME` shows all)"
        } else {
            ""
        };
        let region = &self.region;
        parts.push(format!("USD an hour in {region}, with Linux{overview}"));
        let mut text = parts.join("\n\n");
        if self.lacks() {
            let fix = format!("`ffbatch prices refresh --region {region}` asks AWS");
            text = format!("{text}\n{fix} for what is {UNKNOWN}");
        }
        text
    }

    fn instances(&self, width: Option<u16>) -> String {
        let header = [
            "TYPE",
            "VCPU",
            "MEMORY",
            "ON-DEMAND",
            "PER VCPU",
            "SPOT",
            "PER VCPU",
            "SOURCE",
        ];
        let mut table = table::plain(&header, &[1, 2, 3, 4, 5, 6]);
        for one in &self.instances {
            let costs = [&one.on_demand, &one.spot];
            let figures = costs.map(|cost| match cost {
                None => (UNKNOWN.to_owned(), String::new()),
                Some(cost) => (
                    usd(cost.usd_per_hour),
                    cost.usd_per_vcpu_hour.map(usd).unwrap_or_default(),
                ),
            });
            let [(on_demand, per_vcpu), (spot, spot_per_vcpu)] = figures;
            let sources: Vec<String> = costs
                .into_iter()
                .flatten()
                .map(|cost| format!("{}, {}", cost.source, cost.date))
                .collect();
            table.add_row([
                one.name.clone(),
                one.vcpus.map(|vcpus| vcpus.to_string()).unwrap_or_default(),
                one.memory_mib.map(memory).unwrap_or_default(),
                on_demand,
                per_vcpu,
                spot,
                spot_per_vcpu,
                sources.join("; "),
            ]);
        }
        table::fitted(&table, width)
    }

    fn fargates(&self, width: Option<u16>) -> String {
        let header = [
            "FARGATE",
            "PAID",
            "A VCPU",
            "A GB",
            "A GB OF DISK",
            "SOURCE",
        ];
        let mut table = table::plain(&header, &[2, 3, 4]);
        for one in &self.fargate {
            let paid = match one.paid {
                Paid::OnDemand => "On-Demand",
                Paid::Spot => "Spot",
            };
            let unknown = || UNKNOWN.to_owned();
            let [vcpu, gb, disk, source] = match &one.price {
                None => [unknown(), unknown(), unknown(), String::new()],
                Some(price) => [
                    usd(price.usd_per_vcpu_hour),
                    usd(price.usd_per_gb_hour),
                    price.usd_per_storage_gb_hour.map_or_else(unknown, usd),
                    format!("{}, {}", price.source, price.date),
                ],
            };
            let name = one.architecture.name().to_owned();
            table.add_row([name, paid.to_owned(), vcpu, gb, disk, source]);
        }
        table::fitted(&table, width)
    }

    /// Whether a price is not known that AWS could tell. What it lists of Fargate was asked for in one.
    fn lacks(&self) -> bool {
        let lacks = |one: &Instance| one.on_demand.is_none() || one.spot.is_none();
        let fargate = self.fargate.iter();
        let mut usual = fargate.filter(|one| one.paid == Paid::OnDemand);
        self.instances.iter().any(lacks) || usual.any(|one| one.price.is_none())
    }
}

/// A price with the digits that AWS publishes: four decimals at least, and six at most where that is not nothing.
fn usd(price: f64) -> String {
    let text = format!("{price:.6}");
    if price > 0.0 && text.parse() == Ok(0.0) {
        return format!("{price:.1e}");
    }
    let (whole, decimals) = text.split_once('.').unwrap_or((&text, ""));
    let (kept, rest) = decimals.split_at(decimals.len().min(4));
    format!("{whole}.{kept}{}", rest.trim_end_matches('0'))
}

fn memory(mib: u32) -> String {
    match mib {
        mib if mib % 1024 == 0 => format!("{} GiB", mib / 1024),
        mib => format!("{mib} MiB"),
    }
}

#[cfg(test)]
mod tests;
