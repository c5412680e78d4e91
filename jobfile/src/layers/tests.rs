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
        quality: vec!["psnr".to_owned()],
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
fn none_measures_nothing() {
    let quality = |own| settle("", &[], own, Overrides::default()).quality;
    assert_eq!(quality(""), ["psnr"]);
    assert_eq!(quality("quality = 'none'"), Vec::<String>::new());
    assert_eq!(quality("quality = []"), Vec::<String>::new());
    assert_eq!(quality("quality = 'ssim, vmaf'"), ["ssim", "vmaf"]);
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
