use std::collections::BTreeSet;

use super::*;

/// The families that computes of this crate are made of, and the architecture of each.
const FAMILIES: [(&str, Architecture); 23] = [
    ("c5", Architecture::X86),
    ("c6i", Architecture::X86),
    ("c7i", Architecture::X86),
    ("c8i", Architecture::X86),
    ("m7i", Architecture::X86),
    ("m8i", Architecture::X86),
    ("c6g", Architecture::Arm),
    ("c7g", Architecture::Arm),
    ("c8g", Architecture::Arm),
    ("m7g", Architecture::Arm),
    ("m8g", Architecture::Arm),
    ("c5a", Architecture::X86),
    ("m5a", Architecture::X86),
    ("c6a", Architecture::X86),
    ("c7a", Architecture::X86),
    ("m7a", Architecture::X86),
    ("c8a", Architecture::X86),
    ("m8a", Architecture::X86),
    ("g4dn", Architecture::X86),
    ("g5", Architecture::X86),
    ("g6", Architecture::X86),
    ("g6e", Architecture::X86),
    ("vt1", Architecture::X86),
];

/// Memory that the kernel did not report, in bytes, as Karpenter measured it (`aws/karpenter-provider-aws`,
/// `pkg/providers/instancetype/zz_generated.memory_overhead.go`, Apache-2.0).
const MEASURED: [(&str, u64); 17] = [
    ("c5.large", 453_677_056),
    ("c5.xlarge", 586_280_960),
    ("c5.2xlarge", 910_217_216),
    ("c5.9xlarge", 3_691_565_056),
    ("c5.18xlarge", 7_053_815_808),
    ("c5a.large", 264_941_568),
    ("c6a.large", 308_985_856),
    ("c6g.medium", 218_644_480),
    ("c6i.large", 285_917_184),
    ("c7g.4xlarge", 1_327_923_200),
    ("g4dn.xlarge", 733_085_696),
    ("g5.48xlarge", 21_549_379_584),
    ("m5a.large", 539_660_288),
    ("m7g.medium", 293_036_032),
    ("vt1.3xlarge", 2_169_479_168),
    ("vt1.6xlarge", 3_153_862_656),
    ("vt1.24xlarge", 9_714_638_848),
];

#[track_caller]
fn check(name: &str, expected: (u32, u32, Architecture, u32, Option<&str>, u32)) {
    let found = find(name).expect("the type is in the table");
    let facts = (
        found.vcpus,
        found.memory_mib,
        found.architecture,
        found.gpus,
        found.gpu,
        found.accelerators,
    );
    assert_eq!(facts, expected, "{name}");
    assert_eq!(format!("{}.{}", found.family, found.size), name);
}

#[test]
fn what_types_have() {
    use Architecture::{Arm, X86};
    check("c5.large", (2, 4096, X86, 0, None, 0));
    check("c7g.4xlarge", (16, 32_768, Arm, 0, None, 0));
    check("m8i.large", (2, 8192, X86, 0, None, 0));
    check("g4dn.xlarge", (4, 16_384, X86, 1, Some("T4"), 0));
    check("g6e.48xlarge", (192, 1_572_864, X86, 8, Some("L40S"), 0));
    check("vt1.3xlarge", (12, 24_576, X86, 0, None, 1));
    check("vt1.24xlarge", (96, 196_608, X86, 0, None, 8));
}

#[test]
fn what_the_table_leaves_out() {
    for name in [
        "c5.metal",
        "c7g.metal",
        "c7i-flex.large",
        "c5",
        "C5.LARGE",
        "",
    ] {
        assert_eq!(find(name), None, "{name}");
    }
    assert!(of_family("c7i-flex").is_empty());
    assert!(of_family("").is_empty());
}

#[test]
fn every_family_is_there_with_one_architecture_small_types_first() {
    for (family, architecture) in FAMILIES {
        let types = of_family(family);
        assert!(!types.is_empty(), "{family}");
        for instance in types {
            assert_eq!(instance.architecture, architecture, "{}", instance.name);
        }
        assert!(
            types.is_sorted_by_key(|instance| instance.vcpus),
            "{family}"
        );
    }
    let known: BTreeSet<&str> = all().iter().map(|instance| instance.family).collect();
    assert_eq!(known, FAMILIES.map(|(family, _)| family).into());
    let names: BTreeSet<&str> = all().iter().map(|instance| instance.name).collect();
    assert_eq!(names.len(), all().len(), "a type stands in the table twice");
}

#[test]
fn what_regions_offer() {
    let all_families = FAMILIES.map(|(family, _)| family);
    assert_eq!(families_in("us-east-1", &all_families), all_families);
    assert_eq!(
        families_in("ap-southeast-4", &["g6", "c8g", "c6i", "c5", "vt1"]),
        ["c8g", "c5"]
    );
    let [large, huge] = ["c6i.large", "c6i.32xlarge"].map(|name| find(name).expect("it is there"));
    assert_eq!(offered("us-east-1", huge), Offered::Yes);
    assert_eq!(offered("ap-east-2", large), Offered::Yes);
    assert_eq!(offered("ap-east-2", huge), Offered::No);
    assert_eq!(offered("me-central-1", large), Offered::No);
    assert_eq!(offered("cn-north-1", large), Offered::Yes);
}

#[test]
fn an_unknown_region_and_an_unknown_family_take_nothing_away() {
    assert!(!knows_region("moon-north-1") && knows_region("eu-west-1"));
    let huge = find("c6i.32xlarge").expect("it is there");
    assert_eq!(offered("moon-north-1", huge), Offered::UnknownRegion);
    assert_eq!(families_in("moon-north-1", &["vt1", "x9"]), ["vt1", "x9"]);
    assert_eq!(families_in("eu-west-3", &["vt1", "x9"]), ["x9"]);
    assert_eq!(offers(&["vt1"], "moon-north-1", None).len(), 3);
}

#[test]
fn what_a_compute_can_run_on() {
    let names = |families: &[&str], region: &str, architecture| -> Vec<&str> {
        let offers = offers(families, region, architecture);
        offers.iter().map(|instance| instance.name).collect()
    };
    assert_eq!(
        names(&["vt1"], "eu-west-1", None),
        ["vt1.3xlarge", "vt1.6xlarge", "vt1.24xlarge"]
    );
    assert!(names(&["vt1"], "eu-west-3", None).is_empty());
    let arm = names(&["c5", "c6g", "c6i"], "ap-east-2", Some(Architecture::Arm));
    assert_eq!(arm.len(), of_family("c6g").len());
    let here = names(&["c6i"], "ap-east-2", None);
    assert_eq!(here.last(), Some(&"c6i.16xlarge"));
}

#[test]
fn the_most_of_some_families() {
    let most = largest(&["g4dn", "c5", "x9"]).expect("two of them are known");
    assert_eq!(
        (most.vcpus, most.memory_mib, most.gpus, most.accelerators),
        (96, 262_144, 4, 0)
    );
    assert_eq!(largest(&["vt1"]).map(|most| most.accelerators), Some(8));
    assert_eq!(largest(&["x9"]), None);
    assert_eq!(largest(&[]), None);
}

#[test]
fn what_somebody_meant() {
    #[track_caller]
    fn check(word: &str, expected: &[&str]) {
        assert_eq!(nearest(word), expected, "{word}");
    }
    check("c7g4xlarge", &["c7g.4xlarge"]);
    check("C7G.4XLARGE", &["c7g.4xlarge"]);
    check("c7g.4xl", &["c7g.4xlarge"]);
    check("c5.1", &["c5.12xlarge", "c5.18xlarge"]);
    check("g4nd.xlarge", &["g4dn.xlarge"]);
    check("quantum.1xlarge", &[]);
    check("", &[]);
}

#[test]
fn a_size_that_its_family_lacks_leads_to_sizes_that_it_has() {
    let names = nearest("c7g.24xlarge");
    assert_eq!(names[..2], ["c7g.2xlarge", "c7g.4xlarge"]);
    assert!(names.len() <= NEAREST, "{names:?}");
}

#[test]
fn a_job_that_takes_the_whole_instance_fits_into_what_was_measured() {
    for (name, overhead) in MEASURED {
        let instance = find(name).expect("it is there");
        let reported = u64::from(instance.memory_mib) - overhead.div_ceil(1024 * 1024);
        let ours = u64::from(instance.memory_for_container());
        assert!(
            ours + u64::from(AGENT_MIB) <= reported,
            "{name}: {ours} of {reported}"
        );
    }
}

#[test]
fn a_job_that_takes_the_whole_instance_gets_most_of_it() {
    for instance in all() {
        let share = f64::from(instance.memory_for_container()) / f64::from(instance.memory_mib);
        assert!((0.80..0.95).contains(&share), "{}: {share}", instance.name);
    }
}
