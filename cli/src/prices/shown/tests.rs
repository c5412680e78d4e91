//! The tables, of what is shipped and of what was refreshed.

use insta::assert_snapshot;

use ffbatch_prices::Document;

use ffbatch_dispatcher::config::Aws;

use super::*;

/// Refreshed prices of one type and of one kind of Fargate.
const REFRESHED: &str = r#"{
    "version": 1, "region": "eu-west-1",
    "on_demand": { "c7g.large": { "usd_per_hour": 0.0775, "date": "2026-11-27" } },
    "spot": { "c7g.large": { "zones": { "eu-west-1a": 0.0301, "eu-west-1b": 0.0345 }, "date": "2026-11-27" } },
    "fargate": [{ "architecture": "ARM64", "paid": "on-demand", "usd_per_vcpu_hour": 0.03238, "usd_per_gb_hour": 0.00356,
        "usd_per_storage_gb_hour": 0.000111, "date": "2026-11-27" }]
}"#;

fn shown(types: &[&str], fargate: &[Architecture]) -> Shown {
    let chosen = Chosen {
        region: "eu-west-1".to_owned(),
        types: types.iter().map(|&name| name.to_owned()).collect(),
        fargate: fargate.to_vec(),
        is_everything: false,
        aws: Aws::default(),
        notes: Vec::new(),
    };
    let document = Document::read(REFRESHED, "eu-west-1").expect("a document");
    Shown::of(&chosen, &Prices::shipped().with_refreshed([document]))
}

#[test]
fn what_is_shipped_refreshed_and_unknown() {
    let types = [
        "c7g.large",
        "c7g.xlarge",
        "c8i.large",
        "t4g.nano",
        "vt1.24xlarge",
    ];
    let all = shown(&types, &[Architecture::Arm]);
    assert_snapshot!(all.drawn(None), @r"
    TYPE          VCPU   MEMORY  ON-DEMAND  PER VCPU     SPOT  PER VCPU  SOURCE
    c7g.large        2    4 GiB     0.0775   0.03875   0.0323   0.01615  AWS Price List, 2026-11-27; EC2 Spot prices, mean of 2 zones (0.0301 to 0.0345), 2026-11-27
    c7g.xlarge       4    8 GiB     0.1550   0.03875  unknown            apache-libcloud 3.9.1, 2025-03-02
    c8i.large        2    4 GiB    unknown            unknown
    t4g.nano                       unknown            unknown
    vt1.24xlarge    96  192 GiB    5.87294  0.061176  unknown            apache-libcloud 3.9.1, 2025-03-02

    FARGATE  PAID        A VCPU     A GB  A GB OF DISK  SOURCE
    ARM64    On-Demand  0.03238  0.00356      0.000111  AWS Price List, 2026-11-27
    ARM64    Spot       unknown  unknown       unknown

    USD an hour in eu-west-1, with Linux
    `ffbatch prices refresh --region eu-west-1` asks AWS for what is unknown
    ");
    // The list has no Spot prices of Fargate, which no refresh would change.
    let fargate = shown(&[], &[Architecture::Arm]).drawn(None);
    assert!(fargate.contains("unknown") && !fargate.contains("refresh"));
    let narrow = all.drawn(Some(60));
    assert!(
        narrow
            .lines()
            .take(5)
            .all(|line| line.chars().count() <= 60)
    );
}

#[test]
fn a_program_gets_null_for_what_is_not_known() {
    let all = shown(&["c7g.large", "c8i.large"], &[]);
    insta::assert_json_snapshot!(all, @r#"
    {
      "region": "eu-west-1",
      "instances": [
        {
          "name": "c7g.large",
          "vcpus": 2,
          "memory_mib": 4096,
          "on_demand": {
            "usd_per_hour": 0.0775,
            "usd_per_vcpu_hour": 0.03875,
            "source": "AWS Price List",
            "date": "2026-11-27"
          },
          "spot": {
            "usd_per_hour": 0.0323,
            "usd_per_vcpu_hour": 0.01615,
            "source": "EC2 Spot prices, mean of 2 zones (0.0301 to 0.0345)",
            "date": "2026-11-27"
          }
        },
        {
          "name": "c8i.large",
          "vcpus": 2,
          "memory_mib": 4096,
          "on_demand": null,
          "spot": null
        }
      ],
      "fargate": []
    }
    "#);
}

#[test]
fn a_small_price_seemed_to_be_none() {
    let shown = [30.13118, 5.0, 0.0725, 0.03238, 0.004_445, 0.000_111, 1e-7].map(usd);
    let expected = [
        "30.13118", "5.0000", "0.0725", "0.03238", "0.004445", "0.000111", "1.0e-7",
    ];
    assert_eq!(shown, expected);
}
