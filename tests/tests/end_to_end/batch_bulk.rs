//! Thousands of jobs in one command: as few calls as AWS Batch allows, and every child finds its own job.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use ffbatch_dispatcher::job::manifest;
use ffbatch_tests::aws::{Aws, BUCKET, installed};
use ffbatch_tests::ended::Ended;
use ffbatch_tests::sandbox::Sandbox;
use ffbatch_tests::tools;
use serde_json::{Value, json};

/// A second is enough where nothing else happens; the double takes its time over each child.
const LONGEST: Duration = Duration::from_mins(1);

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

/// Asserts that children and lines of manifests are the same, each once, in so many calls.
#[track_caller]
fn each_child_has_its_job(aws: &Aws, count: usize, calls: usize) {
    let sent = aws.parameters("SubmitJob");
    assert_eq!(sent.len(), calls);
    let mut seen = BTreeSet::new();
    for asked in sent {
        let at = asked["parameters"]["job"].as_str().expect("a manifest");
        let key = at.strip_prefix("s3://media/").expect("in the bucket");
        let lines = aws.s3().get(BUCKET, key);
        let index = aws
            .s3()
            .get(BUCKET, &format!("{key}{}", manifest::INDEX_SUFFIX));
        let children = asked["arrayProperties"]["size"].as_u64().expect("a size");
        for child in 0..children {
            let part = |bytes: &[u8], range: std::ops::Range<u64>| {
                let at = |offset: u64| usize::try_from(offset).expect("an offset");
                bytes[at(range.start)..at(range.end)].to_vec()
            };
            let entry = part(&index, manifest::entry(child));
            let range = manifest::line(child, &entry).expect("an entry");
            let job = manifest::job(child, &part(&lines, range)).expect("a job");
            assert!(seen.insert(job.to_json()), "two children do the same");
        }
        let past = manifest::entry(children);
        assert!(past.end > index.len() as u64, "there is a line too many");
    }
    assert_eq!(seen.len(), count);
}

/// Asserts that so many jobs are within what AWS Batch allows when they are asked for.
#[track_caller]
fn can_be_looked_at(aws: &Aws, sandbox: &Sandbox, arrays: usize, ids: &[&str]) {
    let ask = |words: &[&str]| sandbox.ffbatch(words);
    let listed = ask(&["list", "--compute", "arm", "--json"]);
    let listing: Value = serde_json::from_str(&listed.ok().stdout).expect("JSON");
    assert_eq!(listing["jobs"].as_array().map(Vec::len), Some(arrays));
    let last = ids.last().expect("an id");
    let (parent, index) = last.split_once(':').expect("a child");
    let children = ask(&[
        "list",
        "--compute",
        "arm",
        "--children",
        parent,
        "--all",
        "--json",
    ]);
    let children: Value = serde_json::from_str(&children.ok().stdout).expect("JSON");
    let children = children["jobs"].as_array().expect("a list");
    let size = index.parse::<usize>().expect("a number") + 1;
    assert_eq!(children.len(), size);
    assert_eq!(
        children.last().map(|child| &child["id"]),
        Some(&json!(last))
    );
    let status = ask(&["status", last, "--compute", "arm", "--json"]);
    let status: Value = serde_json::from_str(&status.ok().stdout).expect("JSON");
    assert_eq!(status[0]["summary"]["id"], *last);
    assert_eq!(aws.violations(), Vec::<String>::new());
}

#[track_caller]
fn check(count: usize, calls: usize) {
    let (aws, sandbox) = installed("arm");
    let began = Instant::now();
    let ended = submit(&sandbox, count);
    ended.ok();
    let took = began.elapsed();
    assert!(took < LONGEST, "{count} jobs took {took:?}");
    assert_eq!(aws.count("SubmitJob"), calls as u64);
    let accepted: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    let accepted = accepted.as_array().or_else(|| accepted["jobs"].as_array());
    let ids: Vec<&str> = accepted
        .expect("a list of jobs")
        .iter()
        .filter_map(|job| job["id"].as_str())
        .collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), count);
    each_child_has_its_job(&aws, count, calls);
    can_be_looked_at(&aws, &sandbox, calls, &ids);
}

#[test]
fn ten_thousand_jobs_are_one_call() {
    check(10_000, 1);
}

#[test]
fn twenty_five_thousand_jobs_are_three_calls() {
    check(25_000, 3);
}

#[test]
fn a_file_with_ten_thousand_inputs_is_one_array() {
    let (aws, sandbox) = installed("arm");
    let inputs: Vec<String> = (0..10_000)
        .map(|at| format!("s3://media/in/{at}.mp4"))
        .collect();
    let job = json!({
        "name": "all", "compute": "arm", "array": true, "inputs": inputs,
        "output": "s3://media/out/{stem}.mkv", "command": "ffmpeg -i {input} -c copy {output}",
    });
    sandbox.write("jobs.json", json!({ "jobs": [job] }).to_string());
    let ended = sandbox.ffbatch(["submit", "jobs.json"]);
    let id = ended.ok().stdout.trim().to_owned();
    each_child_has_its_job(&aws, 10_000, 1);
    can_be_looked_at(&aws, &sandbox, 1, &[&format!("{id}:9999")]);
}

#[test]
fn ten_thousand_jobs_are_waited_for() {
    let (aws, sandbox) = installed("arm");
    aws.set(&json!({ "jobs": "0" }));
    let ended = submit(&sandbox, 10_000);
    let accepted: Value = serde_json::from_str(&ended.ok().stdout).expect("JSON");
    let first = accepted[0]["id"]
        .as_str()
        .or_else(|| accepted["jobs"][0]["id"].as_str());
    let (parent, _) = first.and_then(|id| id.split_once(':')).expect("a child");
    sandbox.ffbatch(["wait", parent, "--compute", "arm"]).ok();
    sandbox.ffbatch(["wait", "--all", "--compute", "arm"]).ok();
    assert_eq!(aws.violations(), Vec::<String>::new());
}
