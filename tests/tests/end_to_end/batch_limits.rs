//! What AWS Batch allows, and that what we send stays within it whatever a person asks for.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use ffbatch_dispatcher::exit::Exit;
use ffbatch_tests::aws::{Aws, installed};
use ffbatch_tests::queue;
use serde_json::{Value, json};

/// The largest `SubmitJob` (AWS Batch User Guide, "Service quotas").
const PAYLOAD_BYTES: usize = 30 * 1024;

/// The most characters of container overrides; more are accepted and fail the job (AWS Batch User Guide, "Service quotas").
const OVERRIDES: usize = 8192;

/// The most calls of `SubmitJob` in a second (AWS Batch endpoints and quotas).
const SUBMIT_PER_SECOND: u64 = 50;

/// A job whose output, of which there is no other, has this title.
fn titled(name: &str, title: &str) -> Value {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let quoted = title.replace('\'', r"'\''");
    let command =
        format!("ffmpeg -i s3://media/a.mp4 -metadata 'title={quoted}' s3://media/{number:06}.mp4");
    json!({ "compute": "arm", "name": name, "command": command })
}

/// Asserts of every submission what AWS Batch demands of it.
#[track_caller]
fn within(aws: &Aws) -> Vec<Value> {
    let sent = aws.parameters("SubmitJob");
    for asked in &sent {
        let payload = asked.to_string().len();
        assert!(payload < PAYLOAD_BYTES, "{payload} bytes");
        let overrides = asked["containerOverrides"].to_string().chars().count();
        let parameters = asked["parameters"].to_string().chars().count();
        let carried = overrides + parameters;
        assert!(carried < OVERRIDES, "{carried} characters");
        let name = asked["jobName"].as_str().expect("a name");
        let mut chars = name.chars();
        assert!(
            chars.next().is_some_and(|c| c.is_ascii_alphanumeric()),
            "{name}"
        );
        assert!(
            chars.all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)),
            "{name}"
        );
        assert!(name.len() <= 128, "{name}");
        for (name, value) in asked["parameters"].as_object().into_iter().flatten() {
            assert_ne!(value, "", "{name}");
        }
        assert!(asked["dependsOn"].as_array().map_or(0, Vec::len) <= 20);
        assert!(asked["tags"].as_object().map_or(0, serde_json::Map::len) <= 50);
        let strategy = &asked["retryStrategy"];
        assert!((1..=10).contains(&strategy["attempts"].as_i64().unwrap_or(1)));
        assert!(strategy["evaluateOnExit"].as_array().map_or(0, Vec::len) <= 5);
        if let Some(size) = asked["arrayProperties"]["size"].as_i64() {
            assert!((2..=10_000).contains(&size), "{size} children");
        }
    }
    assert_eq!(aws.violations(), Vec::<String>::new());
    sent
}

#[test]
fn whatever_a_job_says() {
    let (aws, sandbox) = installed("arm");
    let mut jobs = Vec::new();
    for name in [
        "a",
        "-a",
        "_a",
        "a b",
        "Ünï",
        "日本",
        "a/b:c",
        "💾",
        &"n".repeat(128),
        &"ü".repeat(128),
    ] {
        jobs.push(titled(name, "t"));
    }
    // On both sides of where a job no longer travels by itself, of texts that JSON writes longer than they are.
    for (at, text) in ["x", "\"", "\\", "\n", "\u{1}", "'", "ü", "日", "💾", " "]
        .into_iter()
        .enumerate()
    {
        for length in [0, 1, 1000, 2500, 5000, 5900, 6100, 30_000] {
            let title = text.repeat(length / text.len().max(1));
            jobs.push(titled(&format!("text-{at}-{length}"), &title));
        }
    }
    let lines: Vec<String> = jobs.iter().map(Value::to_string).collect();
    // They are many, and alike: apart, so that each travels by itself.
    for some in lines.chunks(50) {
        queue::submit(&sandbox, some);
    }
    assert_eq!(within(&aws).len(), jobs.len());
}

#[test]
fn whatever_the_terms_are() {
    let (aws, sandbox) = installed("arm");
    let tags = |count: usize, key: &str, value: &str| -> BTreeMap<String, String> {
        let one = |at: usize| (format!("{at:03}{key}"), value.to_owned());
        (0..count).map(one).collect()
    };
    let with = |name: &str, member: &str, value: Value| {
        let mut job = titled(name, "t");
        job[member] = value;
        job
    };
    let accepted = [
        with("tags", "tags", json!(tags(50, "k", "v"))),
        with(
            "long-tags",
            "tags",
            json!(tags(50, &"k".repeat(125), &"v".repeat(256))),
        ),
        with("attempts", "retry", json!({ "attempts": 10 })),
        with("timeout", "timeout_secs", json!(60)),
    ];
    let lines: Vec<String> = accepted.iter().map(Value::to_string).collect();
    queue::submit(&sandbox, &lines);
    assert_eq!(within(&aws).len(), accepted.len());
    let mut said = Vec::new();
    for refused in [
        with("tags", "tags", json!(tags(51, "k", "v"))),
        with("tags", "tags", json!({ "aws:x": "v" })),
        with(
            "wide-tags",
            "tags",
            json!(tags(50, &"日".repeat(125), &"日".repeat(256))),
        ),
        with("attempts", "retry", json!({ "attempts": 11 })),
        with(&"n".repeat(129), "priority", json!(1)),
    ] {
        let ended = queue::submit_with(&sandbox, &[refused.to_string()], &[]);
        said.push(ended.fails(Exit::Rejected, "").stderr.trim().to_owned());
    }
    insta::assert_snapshot!(said.join("\n"));
    assert_eq!(within(&aws).len(), accepted.len());
}

#[test]
fn two_at_a_time_are_throttled_and_nothing_is_lost() {
    let (aws, sandbox) = installed("arm");
    aws.set(&json!({ "submit_per_second": 20 }));
    let lines = |first: usize| -> Vec<String> {
        let one = |at: usize| titled(&format!("clip-{at}"), "t").to_string();
        (first..first + 30).map(one).collect()
    };
    let (first, second) = (lines(0), lines(30));
    std::thread::scope(|scope| {
        let other = aws.sandbox();
        scope.spawn(move || queue::submit(&other, &second));
        queue::submit(&sandbox, &first);
    });
    let calls = aws.calls();
    let submit = &calls["operations"]["SubmitJob"];
    let throttled = submit["throttled"].as_u64().expect("a number");
    assert!(throttled > 0, "{submit}");
    assert_eq!(submit["count"].as_u64().expect("a number") - throttled, 60);
    let listed = sandbox.ffbatch(["list", "--compute", "arm", "--all", "--json"]);
    let listing: Value = serde_json::from_str(&listed.ok().stdout).expect("JSON");
    assert_eq!(listing["jobs"].as_array().map(Vec::len), Some(60));
    within(&aws);
}

#[test]
fn one_submission_keeps_the_pace_of_an_account() {
    let (aws, sandbox) = installed("arm");
    let lines: Vec<String> = (0..99)
        .map(|at| titled(&format!("clip-{at}"), "t").to_string())
        .collect();
    queue::submit(&sandbox, &lines);
    let calls = aws.calls();
    let submit = &calls["operations"]["SubmitJob"];
    assert_eq!(
        (submit["count"].as_u64(), submit["throttled"].as_u64()),
        (Some(99), Some(0))
    );
    let peak = submit["peak_per_second"].as_u64().expect("a number");
    assert!(peak <= SUBMIT_PER_SECOND, "{peak} calls in a second");
    within(&aws);
}
