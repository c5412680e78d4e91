//! The On-Demand prices that are shipped: a committed table, made by `scripts/instance-prices` from public data.
//!
//! The data know neither every Region nor every type, and what they have of dedicated tenancy is left out. Prices of AWS change seldom
//! and mostly fall, so that an old one is worth more than none, as long as its day is said.

use std::collections::HashMap;
use std::sync::LazyLock;

use jiff::civil::Date;

use crate::price::Price;

/// Type, Region, USD an hour.
const TABLE: &str = include_str!("shipped/table.tsv");

static SHIPPED: LazyLock<Shipped> = LazyLock::new(|| Shipped::of(TABLE));

/// The table, read.
struct Shipped {
    /// Such as `apache-libcloud 3.9.1`.
    source: &'static str,
    date: Date,
    /// By type and Region.
    prices: HashMap<(&'static str, &'static str), f64>,
}

/// The On-Demand price of a type in a Region.
pub fn instance(region: &str, name: &str) -> Option<Price> {
    let usd_per_hour = *SHIPPED.prices.get(&(name, region))?;
    Some(Price {
        usd_per_hour,
        source: SHIPPED.source.to_owned(),
        date: SHIPPED.date,
    })
}

impl Shipped {
    fn of(table: &'static str) -> Self {
        let (source, date) = origin(table).expect("the committed table says where it is from");
        let rows = table.lines().filter(|line| !line.starts_with('#'));
        Self {
            source,
            date,
            prices: rows.map(row).collect(),
        }
    }
}

/// What the first line says: `# Made by ... from the data of SOURCE (LICENCE, DATE).`
fn origin(table: &str) -> Option<(&str, Date)> {
    let (_, said) = table.lines().next()?.split_once("from the data of ")?;
    let (source, rest) = said.split_once(" (")?;
    let (_, date) = rest.strip_suffix(").")?.split_once(", ")?;
    Some((source, date.parse().ok()?))
}

fn row(line: &'static str) -> ((&'static str, &'static str), f64) {
    let cells: Vec<&str> = line.split('\t').collect();
    let [name, region, usd] = cells[..] else {
        panic!("a row of the committed table has three cells: `{line}`");
    };
    let usd = usd.parse().expect("the committed table has prices");
    ((name, region), usd)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use ffbatch_dispatcher::infra::instances;

    use super::*;

    #[track_caller]
    fn check(region: &str, name: &str, expected: Option<f64>) {
        let found = instance(region, name).map(|price| price.usd_per_hour);
        assert_eq!(found, expected, "{name} in {region}");
    }

    #[test]
    fn prices_that_aws_has_published() {
        check("us-east-1", "c5.large", Some(0.085));
        check("us-east-1", "c7g.4xlarge", Some(0.58));
        check("eu-west-1", "c7g.large", Some(0.0775));
        check("us-west-2", "m7a.large", Some(0.11592));
        check("us-east-1", "g4dn.xlarge", Some(0.526));
        check("us-east-1", "vt1.3xlarge", Some(0.65));
        let price = instance("us-east-1", "c5.large").expect("a price");
        assert_eq!(price.source, "apache-libcloud 3.9.1");
        assert_eq!(price.date, jiff::civil::date(2025, 3, 2));
    }

    #[test]
    fn what_the_data_did_not_know_was_free() {
        // The data say 0.0.
        check("us-east-1", "m8g.large", None);
        check("eu-west-2", "c7g.large", None);
        assert!(SHIPPED.prices.values().all(|usd| *usd > 0.0));
    }

    #[test]
    fn prices_of_dedicated_tenancy_were_taken_for_the_usual_ones() {
        // The data say 0.077 and 0.12751.
        check("us-east-1", "c7g.large", None);
        check("us-east-1", "m7a.large", None);
        let mut rates = HashMap::new();
        for ((name, region), usd) in &SHIPPED.prices {
            let found = instances::find(name).expect("its facts are in the other table");
            if found.gpus > 0 || found.accelerators > 0 {
                continue;
            }
            let rate = usd / f64::from(found.vcpus);
            let (least, most) = rates.entry((found.family, region)).or_insert((rate, rate));
            *least = rate.min(*least);
            *most = rate.max(*most);
        }
        for (whose, (least, most)) in rates {
            assert!(most / least < 1.02, "{whose:?}: {least} to {most} a vCPU");
        }
    }

    #[test]
    fn what_nobody_told_is_unknown() {
        check("us-east-1", "c8i.large", None);
        check("us-east-1", "nothing.large", None);
        check("mars-north-1", "c5.large", None);
        let families: HashSet<&str> = SHIPPED
            .prices
            .keys()
            .filter_map(|(name, _)| name.split('.').next())
            .collect();
        assert!(!families.contains("m8a") && families.len() == 19);
    }
}
