use insta::assert_snapshot;
use jiff::civil::date;

use super::*;

fn whole() -> Document {
    let date = date(2026, 11, 27);
    let mut document = Document::new("eu-west-1");
    let usd_per_hour = 0.0775;
    document
        .on_demand
        .insert("c7g.large".to_owned(), Usual { usd_per_hour, date });
    let zones = BTreeMap::from([("eu-west-1a".to_owned(), 0.0301)]);
    document
        .spot
        .insert("c7g.large".to_owned(), Spot { zones, date });
    document.fargate.push(FargateRate {
        architecture: Architecture::X86,
        paid: Paid::OnDemand,
        usd_per_vcpu_hour: 0.04048,
        usd_per_gb_hour: 0.004_445,
        usd_per_storage_gb_hour: Some(0.000_111),
        date,
    });
    document
}

#[test]
fn what_is_written_is_read() {
    let text = whole().text();
    assert_snapshot!(text, @r#"
    {
      "version": 1,
      "region": "eu-west-1",
      "on_demand": {
        "c7g.large": {
          "usd_per_hour": 0.0775,
          "date": "2026-11-27"
        }
      },
      "spot": {
        "c7g.large": {
          "zones": {
            "eu-west-1a": 0.0301
          },
          "date": "2026-11-27"
        }
      },
      "fargate": [
        {
          "architecture": "X86_64",
          "paid": "on-demand",
          "usd_per_vcpu_hour": 0.04048,
          "usd_per_gb_hour": 0.004445,
          "usd_per_storage_gb_hour": 0.000111,
          "date": "2026-11-27"
        }
      ]
    }
    "#);
    let read = Document::read(&text, "eu-west-1").expect("a document");
    assert_eq!(read, whole());
}

#[test]
fn the_least_document_of_the_first_version_is_still_read() {
    let read = Document::read(r#"{"version":1,"region":"eu-west-1"}"#, "eu-west-1");
    assert_eq!(read.expect("a document"), Document::new("eu-west-1"));
}

#[track_caller]
fn refused(text: &str, part: &str) {
    let error = Document::read(text, "eu-west-1").expect_err("no document");
    assert!(error.to_string().contains(part), "{error}");
}

#[test]
fn what_is_no_document_is_refused() {
    refused("", "EOF");
    refused("[]", "invalid");
    refused("{}", "missing field");
    let with = |more: &str| format!(r#"{{"version":1,"region":"eu-west-1",{more}}}"#);
    refused(&with(r#""prices":{}"#), "unknown field `prices`");
    refused(&with(r#""fargate":[{}]"#), "missing field");
    let usual = |usd: &str| {
        with(&format!(
            r#""on_demand":{{"c5.large":{{"usd_per_hour":{usd},"date":"2026-11-27"}}}}"#
        ))
    };
    refused(&usual("0.0"), "its price of `c5.large` is none");
    refused(&usual("-1"), "its price of `c5.large` is none");
    refused(&usual("null"), "invalid type");
    let spot = r#""spot":{"c5.large":{"zones":{},"date":"2026-11-27"}}"#;
    refused(&with(spot), "its price of `c5.large` is none");
    let newer = r#"{"version":2,"region":"eu-west-1","more":1}"#;
    refused(newer, "it has version 2, and this program knows 1");
    let other = r#"{"version":1,"region":"eu-west-2"}"#;
    refused(other, "it is of the Region `eu-west-2`");
}

#[test]
fn a_refresh_of_one_type_forgot_the_others() {
    let date = date(2026, 11, 28);
    let mut newer = Document::new("eu-west-1");
    let usd_per_hour = 0.08;
    let usual = Usual { usd_per_hour, date };
    newer.on_demand.insert("c7g.xlarge".to_owned(), usual);
    newer.fargate = vec![FargateRate {
        usd_per_vcpu_hour: 0.05,
        date,
        ..whole().fargate[0]
    }];
    let merged = whole().merged(newer);
    let names: Vec<&String> = merged.on_demand.keys().collect();
    assert_eq!(names, ["c7g.large", "c7g.xlarge"]);
    assert_eq!(merged.spot, whole().spot);
    let rates: Vec<f64> = merged
        .fargate
        .iter()
        .map(|rate| rate.usd_per_vcpu_hour)
        .collect();
    assert_eq!(rates, [0.05]);
}

#[test]
fn a_region_led_out_of_the_directory() {
    for name in ["eu-west-1", "us-gov-west-1", "mx-central-1"] {
        assert!(is_region(name), "{name}");
    }
    for name in ["", "..", "../x", "eu/west", "EU-WEST-1", "-x", "1x"] {
        assert!(!is_region(name), "{name}");
    }
}
