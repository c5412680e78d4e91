//! Answers of AWS, as its API references have them, in the form in which they come.

use std::collections::BTreeSet;

use ffbatch_dispatcher::infra::Architecture;
use serde_json::{Value, json};

use super::fargate::{Part, part};
use super::on_demand::price;
use super::products::{Product, endpoint};
use super::spot::{Newest, is_of, read};
use super::*;
use crate::price::Paid;

/// Products of EC2 as the Price List has them.
const EC2: &str = include_str!("tests/ec2.json");

/// An answer of `DescribeSpotPriceHistory`.
const SPOT: &str = include_str!("tests/spot.xml");

fn products() -> Vec<Product> {
    let all: Vec<Value> = serde_json::from_str(EC2).expect("a list");
    let read = |one: Value| Product::read(&one.to_string()).expect("a product");
    all.into_iter().map(read).collect()
}

#[test]
fn a_product_that_is_listed_several_times_has_one_price() {
    let wanted = BTreeSet::from(["c7g.large", "c5.large", "t4g.nano"]);
    let all = products();
    let found: Vec<(String, f64)> = all.iter().filter_map(|one| price(one, &wanted)).collect();
    assert_eq!(found, [("c7g.large".to_owned(), 0.0725)]);
    // Shared, dedicated, reserved, Windows, and one that costs nothing.
    assert_eq!(all.len(), 5);
    let other = BTreeSet::from(["c7g.xlarge"]);
    assert_eq!(all.iter().find_map(|one| price(one, &other)), None);
}

#[test]
fn capacity_that_was_reserved_seemed_to_be_free() {
    let free = |one: &Product| one.attribute("capacitystatus") == "AllocatedCapacityReservation";
    let all = products();
    let free = all.iter().find(|one| free(one)).expect("it is listed");
    assert_eq!(free.usd, None);
}

#[test]
fn a_product_with_steps_has_no_single_price() {
    let dimension = |usd: &str| json!({ "unit": "Hrs", "pricePerUnit": { "USD": usd } });
    let listed = |dimensions: Value| {
        let listed = json!({
            "product": { "attributes": {} },
            "terms": { "OnDemand": { "A.B": { "priceDimensions": dimensions } } },
        });
        Product::read(&listed.to_string()).expect("a product").usd
    };
    let usd = |text: &str| listed(json!({ "A.B.C": dimension(text) }));
    assert_eq!(usd("0.0725000000"), Some(0.0725));
    assert_eq!(usd("0.0000000000"), None);
    assert_eq!(usd("free"), None);
    let two = json!({ "A.B.C": dimension("0.1"), "A.B.D": dimension("0.2") });
    assert_eq!(listed(two), None);
    let same = json!({ "A.B.C": dimension("0.10"), "A.B.D": dimension("0.1") });
    assert_eq!(listed(same), Some(0.1));
    let yuan = json!({ "A.B.C": { "pricePerUnit": { "CNY": "0.5" } } });
    assert_eq!(listed(yuan), None);
    assert!(Product::read("<html>").is_err());
}

#[test]
fn kinds_of_use_of_fargate() {
    use Architecture::{Arm, X86};
    use Paid::{OnDemand, Spot};
    let check = |usage: &str, expected: Option<Part>| assert_eq!(part(usage), expected, "{usage}");
    let cpu = "Fargate-vCPU-Hours:perCPU";
    check(cpu, Some(Part::Cpu(X86, OnDemand)));
    check(&format!("EUW1-{cpu}"), Some(Part::Cpu(X86, OnDemand)));
    check("USE1-Fargate-GB-Hours", Some(Part::Memory(X86, OnDemand)));
    let arm = "USE1-Fargate-ARM-vCPU-Hours:perCPU";
    check(arm, Some(Part::Cpu(Arm, OnDemand)));
    let arm = "USE1-Fargate-ARM-GB-Hours";
    check(arm, Some(Part::Memory(Arm, OnDemand)));
    let spot = "USE1-SpotUsage-Fargate-ARM-vCPU-Hours:perCPU";
    check(spot, Some(Part::Cpu(Arm, Spot)));
    let spot = "SpotUsage-Fargate-GB-Hours";
    check(spot, Some(Part::Memory(X86, Spot)));
    let storage = "USE1-Fargate-EphemeralStorage-GB-Hours";
    check(storage, Some(Part::Storage));
    for other in [
        "USE1-Fargate-Windows-vCPU-Hours:perCPU",
        "USE1-Fargate-Windows-GB-Hours",
        "USE1-Fargate-Windows-OS-Hours:perCPU",
        "USE1-ECS-Anywhere-Instance-hours",
        "USE1-XFargate-GB-Hours",
        "",
    ] {
        check(other, None);
    }
}

#[test]
fn the_newest_spot_price_of_each_zone() {
    let mut newest = Newest::new();
    let token = read(SPOT, &mut newest).expect("a page");
    assert_eq!(token.as_deref(), Some("eyJ2IjoiMiJ9"));
    let found: Vec<(&str, &str, f64)> = newest
        .iter()
        .map(|((name, zone), (_, usd))| (name.as_str(), zone.as_str(), *usd))
        .collect();
    let expected = [
        ("c7g.large", "eu-west-1a", 0.0301),
        ("c7g.large", "eu-west-1b", 0.0345),
        ("c7g.xlarge", "eu-west-1a", 0.061),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_local_zone_made_a_region_dearer() {
    assert!(is_of("us-west-2a", "us-west-2"));
    for other in [
        "us-west-2-lax-1a",
        "us-west-2-wl1-las-wlz-1",
        "us-west-2",
        "us-west-20",
        "eu-west-1a",
    ] {
        assert!(!is_of(other, "us-west-2"), "{other}");
    }
}

#[test]
fn the_price_list_is_asked_where_it_is_near() {
    for (region, expected) in [
        ("us-west-2", "us-east-1"),
        ("sa-east-1", "us-east-1"),
        ("eu-west-3", "eu-central-1"),
        ("il-central-1", "eu-central-1"),
        ("ap-southeast-2", "ap-south-1"),
    ] {
        assert_eq!(endpoint(region), expected, "{region}");
    }
}

#[test]
fn what_is_no_answer_of_ec2_is_said() {
    let wrong = |xml: &str| read(xml, &mut Newest::new()).expect_err("no page");
    assert!(wrong("no").starts_with("it is no XML"));
    assert_eq!(wrong("<html/>"), "it has no `spotPriceHistorySet`");
    let with = |item: &str| {
        format!("<a><spotPriceHistorySet><item>{item}</item></spotPriceHistorySet></a>")
    };
    assert_eq!(wrong(&with("")), "a price has no type or no zone");
    let item = "<instanceType>c5.large</instanceType><availabilityZone>a</availabilityZone>";
    let half = "the price of `c5.large` has no time or no number";
    assert_eq!(wrong(&with(item)), half);
    let empty = read(
        "<a><spotPriceHistorySet/><nextToken/></a>",
        &mut Newest::new(),
    );
    assert_eq!(empty, Ok(None));
}

#[test]
fn a_refusal_names_the_permission_or_the_credentials() {
    let error = |kind: &str, denied: bool, busy: bool| CallError {
        kind: kind.to_owned(),
        why: "no".to_owned(),
        busy,
        denied,
    };
    let said = |error: &CallError| unanswered("Spot prices", error, "ec2:X");
    let denied = said(&error("UnauthorizedOperation", true, false));
    assert!(denied.ends_with("for: no (allow your user or role `ec2:X`)"));
    // Some services refuse credentials with the status of a denial.
    let expired = said(&error("ExpiredToken", true, false));
    assert!(expired.contains("sign in again"), "{expired}");
    let busy = said(&error("ThrottlingException", false, true));
    assert!(busy.contains("ask again in some minutes"), "{busy}");
}
