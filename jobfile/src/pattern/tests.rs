//! What texts under `inputs` mean.

use super::{Source, SourceError};
use crate::pattern::Pattern;

#[track_caller]
fn pattern(text: &str) -> Pattern {
    match Source::of(text) {
        Ok(Source::Many(pattern)) => pattern,
        other => panic!("`{text}` is {other:?}"),
    }
}

/// Says what is listed, and of some paths which are meant.
#[track_caller]
fn check(text: &str, base: &str, yes: &[&str], no: &[&str]) {
    let pattern = pattern(text);
    assert_eq!(pattern.base().to_string(), base);
    for path in yes {
        assert!(pattern.matches(path), "`{text}` must match `{path}`");
    }
    for path in no {
        assert!(!pattern.matches(path), "`{text}` must not match `{path}`");
    }
}

#[track_caller]
fn one(text: &str, expected: &str) {
    match Source::of(text) {
        Ok(Source::One(location)) => assert_eq!(location.to_string(), expected),
        other => panic!("`{text}` is {other:?}"),
    }
}

#[test]
fn globs_of_the_disk() {
    check(
        "in/*.mov",
        "in",
        &["in/a.mov", "./in/a b.mov"],
        &["in/a/b.mov", "in/.a.mov", "in/a.mp4", "a.mov"],
    );
    check("./in/*.mov", "in", &["in/a.mov", "./in/a.mov"], &["a.mov"]);
    check("*.mov", ".", &["a.mov"], &["a/b.mov"]);
    check("/in/a*", "/in", &["/in/ab"], &["/in/b"]);
    check("/*.mov", "/", &["/a.mov"], &["a.mov"]);
    check(
        "in/**/*.mov",
        "in",
        &["in/a.mov", "in/b/c/a.mov"],
        &["in/.b/a.mov", "on/a.mov"],
    );
    check(
        "in/?[0-9].mov",
        "in",
        &["in/a1.mov"],
        &["in/ab.mov", "in/1.mov"],
    );
    check("in/[[]*.mov", "in", &["in/[a.mov"], &["in/a.mov"]);
    check(r"in/\[*.mov", "in", &["in/[a.mov"], &["in/a.mov"]);
    check(
        "in/c*/",
        "in",
        &["in/c1/a.mov", "in/c2/d/b.mov"],
        &["in/d/a.mov"],
    );
}

#[test]
fn directories_and_prefixes() {
    check(
        "in/",
        "in",
        &["in/a.mov", "in/b/a.mov"],
        &["in/.DS_Store", "on/a.mov"],
    );
    check(
        "s3://b/in/",
        "s3://b/in/",
        &["s3://b/in/a?", "s3://b/in/x/y", "s3://b/in/.x"],
        &["s3://b/in/", "s3://b/in/x/", "s3://b/on/x"],
    );
    check("s3://b/", "s3://b/", &["s3://b/x"], &["s3://c/x"]);
    check("S3://b/in/", "s3://b/in/", &["s3://b/in/x"], &[]);
    check(
        "s3://b/in/clip*.mov",
        "s3://b/in/clip",
        &["s3://b/in/clip1.mov"],
        &["s3://b/in/clip/1.mov"],
    );
    check(
        "s3://b/**/*.mov",
        "s3://b/",
        &["s3://b/a.mov", "s3://b/c/d/a.mov"],
        &["s3://b/a.mp4"],
    );
}

#[test]
fn one_file() {
    one("in.mov", "in.mov");
    one("file:in[1].mov", "in[1].mov");
    one("s3://b/what?[1].mov", "s3://b/what?[1].mov");
    one("https://h/a/?list=*", "https://h/a/?list=*");
    one("rtmp://h/live", "rtmp://h/live");
}

#[test]
fn a_file_called_like_the_pattern_is_meant_alone() {
    let listed = ["in[1].mov".to_owned(), "in1.mov".to_owned()];
    assert_eq!(pattern("in[1].mov").select(&listed), ["in[1].mov"]);
    assert_eq!(pattern("in[1].mov").select(&listed[1..]), ["in1.mov"]);
}

#[test]
fn what_is_selected_is_sorted_and_told_once() {
    let listed = ["b.mov", "B.mov", "./b.mov", "a.mov", "a.txt"].map(str::to_owned);
    assert_eq!(
        pattern("*.mov").select(&listed),
        ["B.mov", "a.mov", "b.mov"]
    );
}

#[test]
fn the_directories_below() {
    assert_eq!(pattern("in/**/*.mov").below("in/a/b/c.mov"), "a/b/");
    assert_eq!(pattern("in/**/*.mov").below("in/c.mov"), "");
    assert_eq!(pattern("s3://b/in/").below("s3://b/in/x/c.mov"), "x/");
    assert_eq!(pattern("s3://b/in/cl*").below("s3://b/in/clip.mov"), "");
}

#[test]
fn no_pattern() {
    let refused = |text: &str| match Source::of(text) {
        Err(SourceError::Pattern(error)) => error.to_string(),
        other => panic!("{other:?}"),
    };
    insta::assert_snapshot!(refused("in/[a.mov"), @"a `[` without its `]` at character 4");
    insta::assert_snapshot!(refused("in/**.mov"), @"`**` shares its component with something else (write `**/*.mov`) at character 6");
    insta::assert_snapshot!(refused("s3://b*/x"), @"the bucket's name holds a wildcard, or there is none");
}
