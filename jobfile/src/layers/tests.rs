//! Which layer wins.

use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::retry::RetryStrategy;

use super::{Layers, Settled, variables};
use crate::deserialize::from_node;
use crate::format::Format;
use crate::settings::{Overrides, Settings};

#[track_caller]
fn settings(toml: &str) -> Settings {
    let node = Format::Toml.parse(toml).expect("TOML");
    from_node(&node).expect("settings")
}

#[track_caller]
fn settle(defaults: &str, variable: &[(&str, &str)], own: &str, flags: Overrides) -> Settled {
    let config = Config {
        compute: "configured".to_owned(),
        quality: Some(vec!["psnr".to_owned()]),
        ..Config::default()
    };
    let pairs = variable
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    let mut below = vec![Settings::lowest(&config), settings(defaults)];
    below.extend(variables(pairs).expect("variables"));
    let mut layers = Layers::of(&below, flags.into());
    let settled = layers.settle(&settings(own)).expect("settled");
    settled.as_ref().clone()
}

#[test]
fn the_later_wins() {
    let none = Overrides::default;
    let compute = |defaults, variable: &[(&str, &str)], own, flags| {
        settle(defaults, variable, own, flags).computes
    };
    let file = "compute = 'file'";
    let variable = [("FFBATCH_DEFAULTS__COMPUTE", "variable, other,other")];
    let flags = Overrides {
        compute: Some(vec!["flag".to_owned()]),
        ..none()
    };
    assert_eq!(compute("", &[], "", none()), ["configured"]);
    assert_eq!(compute(file, &[], "", none()), ["file"]);
    assert_eq!(compute(file, &variable, "", none()), ["variable", "other"]);
    assert_eq!(
        compute(file, &variable, "compute = ['own']", none()),
        ["own"]
    );
    assert_eq!(
        compute(file, &variable, "compute = ['own']", flags),
        ["flag"]
    );
}

#[test]
fn a_table_was_replaced_as_a_whole() {
    let usual = RetryStrategy::default();
    let retry = |defaults, own, attempts| {
        let flags = Overrides {
            attempts,
            ..Overrides::default()
        };
        settle(
            defaults,
            &[("FFBATCH_DEFAULTS__RETRY__ATTEMPTS", "4")],
            own,
            flags,
        )
        .terms
        .retry
    };
    assert_eq!(retry("", "", None).attempts, 4);
    let own = retry("", "retry = { attempts = 5 }", None);
    assert_eq!(own.attempts, 5);
    assert_eq!(own.evaluate_on_exit, usual.evaluate_on_exit);
    let every = retry("", "retry = { evaluate_on_exit = [] }", Some(6));
    assert_eq!((every.attempts, every.evaluate_on_exit.len()), (6, 0));
    let rules = "retry = { evaluate_on_exit = [{ on_exit_code = '4', action = 'RETRY' }] }";
    assert_eq!(
        retry(rules, "retry = { attempts = 2 }", None)
            .evaluate_on_exit
            .len(),
        1
    );
}

#[test]
fn tags_are_laid_over_each_other_key_by_key() {
    let variables = [
        ("FFBATCH_DEFAULTS__TAGS__CostCenter", "4711"),
        ("FFBATCH_DEFAULTS__GPUS", "2"),
    ];
    let flags = Overrides {
        tags: Some([("team".to_owned(), "flag".to_owned())].into()),
        ..Overrides::default()
    };
    let defaults = "tags = { team = 'file', show = 'a' }\nshare = 'night'";
    let own = "tags = { show = 'b' }\ninstance_type = 'c7g.large'";
    let terms = settle(defaults, &variables, own, flags).terms;
    let tags: Vec<String> = terms
        .tags
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    assert_eq!(tags, ["CostCenter=4711", "show=b", "team=flag"]);
    assert_eq!(
        (terms.gpus, terms.share.as_deref()),
        (Some(2), Some("night"))
    );
    assert_eq!(terms.instance_type.as_deref(), Some("c7g.large"));
}

#[test]
fn none_measures_nothing() {
    let check = |own, expected: &[&str]| {
        let quality = settle("", &[], own, Overrides::default()).quality;
        assert_eq!(quality.expect("it is said"), expected);
    };
    check("", &["psnr"]);
    check("quality = 'none'", &[]);
    check("quality = []", &[]);
    check("quality = 'ssim, vmaf'", &["ssim", "vmaf"]);
    let mut silent = Layers::of(&[Settings::lowest(&Config::default())], Settings::default());
    let settled = silent.settle(&Settings::default()).expect("settled");
    assert_eq!(settled.quality, None, "it is left to where the job runs");
}

#[test]
fn a_model_has_the_layers_of_every_key() {
    let variable = [("FFBATCH_DEFAULTS__VMAF_MODEL", "v1")];
    let flags = Overrides {
        vmaf_model: Some("4k".to_owned()),
        ..Overrides::default()
    };
    let model = |variable: &[(&str, &str)], own, flags| {
        let settled = settle("vmaf_model = 'hd'", variable, own, flags);
        settled.vmaf_model.expect("it is said")
    };
    assert_eq!(model(&[], "", Overrides::default()), "hd");
    assert_eq!(model(&variable, "", Overrides::default()), "v1");
    let own = "vmaf_model = 'neg'";
    assert_eq!(model(&variable, own, Overrides::default()), "neg");
    assert_eq!(model(&variable, own, flags), "4k");
}

#[test]
fn a_variable_that_is_wrong() {
    let refused = |name: &str, text: &str| {
        let pair = (name.to_owned(), text.to_owned());
        variables([pair]).expect_err("it is refused").to_string()
    };
    insta::assert_snapshot!(refused("FFBATCH_DEFAULTS__VCPUS", "two"), @"FFBATCH_DEFAULTS__VCPUS: `vcpus`: expected a whole number from 0 to 4294967295, found the text `two`");
    insta::assert_snapshot!(refused("FFBATCH_DEFAULTS__VCPU", "2"), @"FFBATCH_DEFAULTS__VCPU: unknown key `vcpu` in `defaults` (did you mean `vcpus`?)");
    insta::assert_snapshot!(refused("FFBATCH_DEFAULTS__RETRY__TRIES", "2"), @"FFBATCH_DEFAULTS__RETRY__TRIES: unknown key `tries` in `retry` (known: attempts, evaluate_on_exit)");
    let other = [("FFBATCH_VCPUS", "two"), ("FFBATCH_DEFAULTS__VCPUS", "")];
    let other = other.map(|(name, text)| (name.to_owned(), text.to_owned()));
    assert!(variables(other).expect("passed over").is_empty());
}
