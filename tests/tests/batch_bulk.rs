//! Thousands of jobs in one command: as few calls as AWS Batch allows, and every child finds its own job.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Stdio;

use ffbatch_dispatcher::job::manifest;
use ffbatch_tests::aws::{Aws, BUCKET, Jobs};
use ffbatch_tests::ended::Ended;
use ffbatch_tests::sandbox::Sandbox;
use ffbatch_tests::tools;

/// An account whose jobs wait for ever, with the compute `arm`, and a place to ask from.
fn account() -> (Aws, Sandbox) {
    let aws = Aws::start(Jobs::Stay("RUNNABLE"));
    aws.s3().create(BUCKET);
    aws.compute("arm", "image");
    let mut sandbox = Sandbox::new();
    sandbox.set_all(aws.environment());
    (aws, sandbox)
}

/// Submits so many jobs on standard input.
fn submit(sandbox: &Sandbox, count: usize) -> Ended {
    let mut lines = String::new();
    for at in 0..count {
        let line = format!(
            r#"{{"name":"clip-{at}","compute":"arm","command":"ffmpeg -i s3://media/in/{at}.mp4 -c copy s3://media/out/{at}.mkv"}}"#
        );
        writeln!(lines, "{line}").expect("a text grows");
    }
    let mut command = sandbox.command(&tools::ffbatch());
    let mut program = command
        .args(["submit", "-", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut input = program.stdin.take().expect("it was piped");
    input.write_all(lines.as_bytes()).expect("it reads");
    drop(input);
    let output = program.wait_with_output().expect("it ends");
    Ended::of(&output, &sandbox.path("").to_string_lossy())
}

#[track_caller]
fn check(count: usize, calls: usize) {
    let (aws, sandbox) = account();
    let ended = submit(&sandbox, count);
    ended.ok();
    assert_eq!(aws.count("SubmitJob"), calls as u64);
    let accepted: serde_json::Value = serde_json::from_str(&ended.stdout).expect("JSON");
    let accepted = accepted.as_array().or_else(|| accepted["jobs"].as_array());
    let ids: BTreeSet<&str> = accepted
        .expect("a list of jobs")
        .iter()
        .filter_map(|job| job["id"].as_str())
        .collect();
    assert_eq!(ids.len(), count);
    let keys = aws.s3().keys(BUCKET);
    let manifests: Vec<String> = keys
        .into_iter()
        .filter(|key| key.ends_with(".ndjson"))
        .collect();
    assert_eq!(manifests.len(), calls);
    let mut seen = BTreeSet::new();
    for key in manifests {
        let lines = aws.s3().get(BUCKET, &key);
        let index = aws.s3().get(BUCKET, &format!("{key}.idx"));
        let children = index.len() / 8 - 1;
        for child in 0..children {
            let part = |bytes: &[u8], range: std::ops::Range<u64>| {
                let at = |offset: u64| usize::try_from(offset).expect("an offset");
                bytes[at(range.start)..at(range.end)].to_vec()
            };
            let child = child as u64;
            let entry = part(&index, manifest::entry(child));
            let range = manifest::line(child, &entry).expect("an entry");
            let job = manifest::job(child, &part(&lines, range)).expect("a job");
            assert!(seen.insert(job.name), "two children do the same");
        }
    }
    assert_eq!(seen.len(), count);
    assert_eq!(aws.violations(), Vec::<String>::new());
}

#[test]
fn ten_thousand_jobs_are_one_call() {
    check(10_000, 1);
}

#[test]
fn twenty_five_thousand_jobs_are_three_calls() {
    check(25_000, 3);
}
