//! What the formats have in common, and the traps of each.

use std::fmt::Write;

use super::Format;
use crate::node::{Node, Value};

#[track_caller]
fn value(format: Format, text: &str) -> Value {
    let Value::Table(mut pairs) = format.parse(text).expect("it is read").value else {
        panic!("`{text}` is no table");
    };
    pairs.remove(0).1.value
}

#[track_caller]
fn refusal(format: Format, text: &str) -> String {
    let error = format.parse(text).expect_err("it is refused");
    format!("{}: {}", error.at, error.message)
}

#[test]
fn an_extension_tells_the_format() {
    assert_eq!(Format::of("a/jobs.TOML"), Ok(Format::Toml));
    assert_eq!(Format::of("jobs.yml"), Ok(Format::Yaml));
    let refused = |name: &str| Format::of(name).expect_err("it is refused").to_string();
    insta::assert_snapshot!(refused("jobs"), @"`jobs` does not tell how it is written (let its name end in .toml, .json or .yaml)");
    insta::assert_snapshot!(refused("jobs.ymal"), @"`jobs.ymal` does not tell how it is written (did you mean `yaml`?)");
    insta::assert_snapshot!(refused("jobs.ini"), @"`jobs.ini` does not tell how it is written (known: toml, json, yaml, yml)");
}

#[test]
fn a_word_of_yaml_was_taken_for_a_truth() {
    assert_eq!(value(Format::Yaml, "a: no"), Value::Text("no".into()));
    assert_eq!(value(Format::Yaml, "a: true"), Value::Bool(true));
    assert_eq!(value(Format::Yaml, "a: 'true'"), Value::Text("true".into()));
    assert_eq!(value(Format::Yaml, "a: !!str 12"), Value::Text("12".into()));
    assert_eq!(value(Format::Yaml, "a: 12"), Value::Whole(12));
    assert_eq!(value(Format::Yaml, "a: 1.5"), Value::Real(1.5));
    assert_eq!(value(Format::Yaml, "a: 10:30"), Value::Text("10:30".into()));
    assert_eq!(value(Format::Yaml, "a: -i x"), Value::Text("-i x".into()));
    assert_eq!(value(Format::Yaml, "a:"), Value::Null);
}

#[test]
fn an_alias_repeats_its_anchor() {
    let Value::List(nodes) = value(Format::Yaml, "a: [&x {b: 1}, *x]") else {
        panic!("a list");
    };
    assert_eq!(nodes[0], nodes[1]);
}

#[test]
fn a_few_lines_of_aliases_filled_the_memory() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let below = format!("*a{}", level - 1);
        let list = vec![below; 10].join(", ");
        writeln!(text, "a{level}: &a{level} [{list}]").expect("a text grows");
    }
    insta::assert_snapshot!(refusal(Format::Yaml, &text), @"5:45: aliases that repeat more than 100000 values (write fewer)");
}

#[test]
fn levels_without_end_filled_the_stack() {
    let deep = |open: &str| open.repeat(100_000);
    insta::assert_snapshot!(refusal(Format::Yaml, &deep("[")), @"1:256: recursion limit exceeded");
    insta::assert_snapshot!(refusal(Format::Json, &deep("[")), @"1:100000: it ends within a list");
    insta::assert_snapshot!(refusal(Format::Toml, &format!("a = {}", deep("["))), @"1:84: recursion limit exceeded");
}

#[test]
fn numbers_of_json() {
    assert_eq!(value(Format::Json, "{\"a\": -3}"), Value::Whole(-3));
    assert_eq!(value(Format::Json, "{\"a\": 1e3}"), Value::Real(1e3));
    assert_eq!(value(Format::Json, "{\"a\": 1.5}"), Value::Real(1.5));
}

#[test]
fn a_byte_order_mark_was_a_syntax_error() {
    for (format, text) in [
        (Format::Toml, "a = 1"),
        (Format::Json, "{\"a\": 1}"),
        (Format::Yaml, "a: 1"),
    ] {
        assert_eq!(value(format, &format!("\u{feff}{text}")), Value::Whole(1));
    }
}

#[test]
fn values_know_their_places() {
    let places = |format: Format, text: &str| {
        fn walk(node: &Node, places: &mut Vec<String>) {
            match &node.value {
                Value::Table(pairs) => {
                    for (key, node) in pairs {
                        places.push(format!("{}@{}", key.text, key.at));
                        walk(node, places);
                    }
                }
                Value::List(nodes) => nodes.iter().for_each(|node| walk(node, places)),
                _ => places.push(node.at.to_string()),
            }
        }
        let mut found = Vec::new();
        walk(&format.parse(text).expect("it is read"), &mut found);
        found.join(" ")
    };
    insta::assert_snapshot!(places(Format::Toml, "[[a]]\n'ü' = 1\n[[a]]\nb.c = [1,\n 2]\nd = { e = 3 }"), @"a@1:3 ü@2:1 2:7 b@4:1 c@4:3 4:8 5:2 d@6:1 e@6:7 6:11");
    insta::assert_snapshot!(places(Format::Json, "{\"a\": [{\"ü\": 1},\n {\"b\": {\"c\": [1,\n 2]}}]}"), @"a@1:2 ü@1:9 1:14 b@2:3 c@2:9 2:15 3:2");
    insta::assert_snapshot!(places(Format::Yaml, "a:\n  - ü: 1\n  - b:\n      c: [1,\n       2]"), @"a@1:1 ü@2:5 2:8 b@3:5 c@4:7 4:11 5:8");
}
