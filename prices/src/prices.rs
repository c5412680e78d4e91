//! What is asked: a type or Fargate, a Region, a way to pay.

use std::collections::BTreeMap;

use ffbatch_dispatcher::infra::Architecture;

use crate::document::{Document, Spot};
use crate::price::{FargatePrice, Paid, Price};
use crate::shipped;

/// Where refreshed prices are from, but those of Spot instances.
const PRICE_LIST: &str = "AWS Price List";

/// All prices that are known.
#[derive(Debug, Clone, Default)]
pub struct Prices {
    /// By Region.
    refreshed: BTreeMap<String, Document>,
}

impl Prices {
    /// What is known without asking anybody: On-Demand prices of many EC2 instance types.
    pub fn shipped() -> Self {
        Self::default()
    }

    /// The same with what was asked for later, which wins over what is shipped, type by type. Of two documents of one Region the
    /// later one in the list wins.
    #[must_use]
    pub fn with_refreshed(mut self, documents: impl IntoIterator<Item = Document>) -> Self {
        for newer in documents {
            let region = newer.region.clone();
            let whole = match self.refreshed.remove(&region) {
                Some(older) => older.merged(newer),
                None => newer,
            };
            self.refreshed.insert(region, whole);
        }
        self
    }

    /// The price of an EC2 instance type with Linux; `None` where it is not known.
    ///
    /// That of Spot is the mean over the zones of the Region: which zone an instance starts in is not ours to say.
    pub fn instance(&self, region: &str, name: &str, paid: Paid) -> Option<Price> {
        let refreshed = self.refreshed.get(region);
        match paid {
            Paid::OnDemand => {
                let usual = refreshed.and_then(|document| document.on_demand.get(name));
                let usual = usual.map(|usual| Price {
                    usd_per_hour: usual.usd_per_hour,
                    source: PRICE_LIST.to_owned(),
                    date: usual.date,
                });
                usual.or_else(|| shipped::instance(region, name))
            }
            Paid::Spot => refreshed?.spot.get(name).and_then(spot),
        }
    }

    /// The price of Fargate with Linux; `None` where it is not known. None is shipped.
    pub fn fargate(
        &self,
        region: &str,
        architecture: Architecture,
        paid: Paid,
    ) -> Option<FargatePrice> {
        let rates = &self.refreshed.get(region)?.fargate;
        let mut rates = rates.iter();
        let rate = rates.find(|rate| rate.architecture == architecture && rate.paid == paid)?;
        Some(FargatePrice {
            usd_per_vcpu_hour: rate.usd_per_vcpu_hour,
            usd_per_gb_hour: rate.usd_per_gb_hour,
            usd_per_storage_gb_hour: rate.usd_per_storage_gb_hour,
            source: PRICE_LIST.to_owned(),
            date: rate.date,
        })
    }
}

/// The mean over zones, with the range of them in words.
fn spot(spot: &Spot) -> Option<Price> {
    let prices = || spot.zones.values().copied();
    let least = prices().reduce(f64::min)?;
    let most = prices().reduce(f64::max)?;
    let count = u32::try_from(spot.zones.len()).ok()?;
    let source = if count == 1 {
        "EC2 Spot price of the one zone".to_owned()
    } else {
        format!("EC2 Spot prices, mean of {count} zones ({least} to {most})")
    };
    Some(Price {
        usd_per_hour: prices().sum::<f64>() / f64::from(count),
        source,
        date: spot.date,
    })
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Date, date};

    use super::*;
    use crate::document::{FargateRate, Usual};

    const DAY: Date = date(2026, 11, 27);

    fn refreshed() -> Document {
        let mut document = Document::new("eu-west-1");
        let usual = Usual {
            usd_per_hour: 0.07,
            date: DAY,
        };
        document.on_demand.insert("c7g.large".to_owned(), usual);
        let zones = [("eu-west-1a", 0.02), ("eu-west-1b", 0.04)];
        let zones = zones.map(|(zone, usd)| (zone.to_owned(), usd)).into();
        let spot = Spot { zones, date: DAY };
        document.spot.insert("c7g.large".to_owned(), spot);
        document.fargate.push(FargateRate {
            architecture: Architecture::Arm,
            paid: Paid::OnDemand,
            usd_per_vcpu_hour: 0.03,
            usd_per_gb_hour: 0.004,
            usd_per_storage_gb_hour: None,
            date: DAY,
        });
        document
    }

    #[track_caller]
    fn check(prices: &Prices, name: &str, paid: Paid, expected: Option<(f64, &str)>) {
        let found = prices.instance("eu-west-1", name, paid);
        let found = found
            .as_ref()
            .map(|price| (price.usd_per_hour, price.source.as_str()));
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_refreshed_wins_and_nothing_else_changes() {
        let shipped = Prices::shipped();
        let libcloud = "apache-libcloud 3.9.1";
        check(
            &shipped,
            "c7g.large",
            Paid::OnDemand,
            Some((0.0775, libcloud)),
        );
        check(&shipped, "c7g.large", Paid::Spot, None);
        let prices = shipped.with_refreshed([refreshed()]);
        check(
            &prices,
            "c7g.large",
            Paid::OnDemand,
            Some((0.07, PRICE_LIST)),
        );
        let range = "EC2 Spot prices, mean of 2 zones (0.02 to 0.04)";
        check(&prices, "c7g.large", Paid::Spot, Some((0.03, range)));
        check(
            &prices,
            "c7g.xlarge",
            Paid::OnDemand,
            Some((0.155, libcloud)),
        );
        check(&prices, "c7g.xlarge", Paid::Spot, None);
        check(&prices, "c8i.large", Paid::OnDemand, None);
        let elsewhere = prices.instance("us-east-1", "c7g.2xlarge", Paid::OnDemand);
        assert_eq!(elsewhere.map(|price| price.usd_per_hour), Some(0.29));
    }

    #[test]
    fn fargate_is_known_as_far_as_it_was_asked_for() {
        let none = Prices::shipped().fargate("eu-west-1", Architecture::Arm, Paid::OnDemand);
        assert_eq!(none, None);
        let prices = Prices::shipped().with_refreshed([refreshed()]);
        let found = prices.fargate("eu-west-1", Architecture::Arm, Paid::OnDemand);
        assert_eq!(found.map(|price| price.usd_per_vcpu_hour), Some(0.03));
        for (architecture, paid) in [
            (Architecture::Arm, Paid::Spot),
            (Architecture::X86, Paid::OnDemand),
        ] {
            assert_eq!(prices.fargate("eu-west-1", architecture, paid), None);
        }
    }

    #[test]
    fn of_two_documents_of_a_region_one_was_lost() {
        let mut other = Document::new("eu-west-1");
        let usual = Usual {
            usd_per_hour: 0.3,
            date: DAY,
        };
        other.on_demand.insert("c8i.xlarge".to_owned(), usual);
        let prices = Prices::shipped().with_refreshed([refreshed(), other]);
        check(
            &prices,
            "c7g.large",
            Paid::OnDemand,
            Some((0.07, PRICE_LIST)),
        );
        check(
            &prices,
            "c8i.xlarge",
            Paid::OnDemand,
            Some((0.3, PRICE_LIST)),
        );
    }
}
