//! Reports and traces: written whatever happens, at the keys that users' tables read.

use std::collections::BTreeSet;

use ffbatch_dispatcher::exit::Exit;
use ffbatch_tests::clip::SHORT;
use ffbatch_tests::sandbox::files_below;
use ffbatch_tests::site::{BUCKET, Site};
use serde_json::Value;

const JOB_ID: &str = "0b1e6b1c-3c52-4a5c-9d0e-5f6c2f6b8a11";

/// The documents of one kind that a job left, by key, with the day's digits written as `0`.
#[track_caller]
fn documents(site: &Site, kind: &str) -> Vec<(String, Value)> {
    let prefix = format!("metrics/{kind}/");
    let read = |key: &String| -> Vec<u8> {
        match &site.moto {
            Some(moto) => moto.get(BUCKET, key),
            None => std::fs::read(site.sandbox.directory("state").join(key))
                .expect("it was just listed"),
        }
    };
    let keys: BTreeSet<String> = match &site.moto {
        Some(moto) => moto.keys(BUCKET),
        None => files_below(&site.sandbox.directory("state")),
    };
    let of_kind = keys.iter().filter(|key| key.starts_with(&prefix));
    let parsed = |key: &String| {
        serde_json::from_slice(&read(key)).unwrap_or_else(|error| panic!("`{key}`: {error}"))
    };
    of_kind.map(|key| (undated(key), parsed(key))).collect()
}

/// `year=2026/month=11/day=23` as `year=0000/month=00/day=00`.
fn undated(key: &str) -> String {
    let parts = key.split('/').map(|part| match part.split_once('=') {
        Some((name, value)) => format!("{name}={}", "0".repeat(value.len())),
        None => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("/")
}

/// A site whose jobs look like the first child of an array job of AWS Batch, in its second attempt.
fn site(mut site: Site) -> Site {
    site.sandbox.set("AWS_BATCH_JOB_ID", format!("{JOB_ID}:0"));
    site.sandbox.set("AWS_BATCH_JOB_ATTEMPT", "2");
    site.sandbox
        .set("AWS_BATCH_JQ_NAME", "batch-ffmpeg-job-queue-arm");
    site.sandbox.set("AWS_BATCH_CE_NAME", "arm-1");
    site.sandbox.set("AWS_EC2_METADATA_DISABLED", "true");
    if let Some(moto) = &site.moto {
        site.sandbox.set("S3_BUCKET", BUCKET);
        // The first question about a parameter takes moto seconds on a busy machine, which is longer than a job waits for it.
        moto.set_parameter("/batch-ffmpeg/ffqm", "FALSE");
    }
    site.place(SHORT, "in.mp4");
    site
}

fn sites() -> [Site; 2] {
    [site(Site::local()), site(Site::s3())]
}

#[track_caller]
fn worker(site: &Site, options: &str) -> ffbatch_tests::ended::Ended {
    let (input, output) = (site.name("in.mp4"), site.name("out.mp4"));
    site.sandbox.worker([
        "--input_url",
        &input,
        "--output_file_options",
        options,
        "--output_url",
        &output,
        "--name",
        "clip",
    ])
}

#[test]
fn a_report_at_its_key() {
    for site in sites() {
        worker(&site, "-c copy").ok();
        let [(key, report)] = &documents(&site, "jobs")[..] else {
            panic!("there should be one report")
        };
        assert_eq!(
            key,
            &format!("metrics/jobs/year=0000/month=00/day=00/{JOB_ID}-0_2.json")
        );
        assert_eq!(report["version"], 1);
        assert_eq!(report["exit"], "succeeded");
        assert_eq!(report["attempt"], 2);
        assert_eq!(report["machine"]["job_queue"], "batch-ffmpeg-job-queue-arm");
        let output = &report["outputs"][0];
        let bytes = site.bytes("out.mp4");
        assert_eq!(output["location"].as_str(), Some(absolute(&site).as_str()));
        assert_eq!(output["bytes"].as_u64(), Some(bytes.len() as u64));
        assert_eq!(output["sha256"].as_str().map(str::len), Some(64));
        let stages: Vec<&str> = report["stages"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|stage| stage["stage"].as_str())
            .collect();
        let mut expected = vec!["check", "fetch", "transcode", "publish", "record"];
        if site.moto.is_none() {
            // Away from AWS nobody can tell the job whether it is to be measured, which the report must not hide.
            expected.insert(4, "measure");
        }
        assert_eq!(stages, expected);
        assert!(
            report["ffmpeg"]["version"].is_string() && report["ffmpeg"]["confinement"].is_string(),
            "{report:#}"
        );
    }
}

fn absolute(site: &Site) -> String {
    match site.moto {
        Some(_) => site.name("out.mp4"),
        None => site.sandbox.path("out.mp4").to_string_lossy().into_owned(),
    }
}

/// The segment document of the only job, with the names of its subsegments.
#[track_caller]
fn segment(site: &Site) -> (Value, Vec<String>) {
    let mut all = documents(site, "xray");
    assert_eq!(all.len(), 1, "there should be one segment document");
    let (key, segment) = all.remove(0);
    assert_eq!(
        key,
        format!("metrics/xray/year=0000/month=00/day=00/{JOB_ID}-0_2.json")
    );
    let names = segment["subsegments"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let names = names
        .iter()
        .filter_map(|one| one["name"].as_str().map(str::to_owned))
        .collect();
    (segment, names)
}

#[test]
fn a_trace_of_a_job_that_succeeded() {
    for site in sites() {
        worker(&site, "-c copy").ok();
        let (segment, names) = segment(&site);
        assert_eq!(segment["name"], "batch-ffmpeg-job");
        for expected in ["download", "cmd-execution", "upload"] {
            assert!(
                names.iter().any(|name| name == expected),
                "`{expected}` is missing in {names:?}"
            );
        }
        let annotations = &segment["annotations"];
        assert_eq!(annotations["application"], "batch-ffmpeg");
        assert_eq!(
            annotations["AWS_BATCH_JQ_NAME"],
            "batch-ffmpeg-job-queue-arm"
        );
        assert_eq!(annotations["AWS_BATCH_CE_NAME"], "arm-1");
        assert_eq!(annotations["AWS_BATCH_JOB_ID"], format!("{JOB_ID}:0"));
        assert_eq!(annotations["name"], "clip");
        assert_eq!(annotations["output_file_options"], "-c copy");
    }
}

#[test]
fn a_trace_and_a_report_of_a_job_that_failed() {
    for site in sites() {
        let ended = worker(&site, "-c:v nosuchencoder");
        assert_eq!(ended.code, Some(i32::from(Exit::Ffmpeg.code())), "{ended}");
        let (segment, names) = segment(&site);
        assert!(
            names.iter().any(|name| name == "cmd-execution"),
            "{names:?}"
        );
        let failed = segment["fault"] == true || segment["error"] == true;
        assert!(
            failed && segment.to_string().contains("nosuchencoder"),
            "the trace does not say what failed: {segment:#}"
        );
        let [(_, report)] = &documents(&site, "jobs")[..] else {
            panic!("there should be one report")
        };
        assert_eq!(report["exit"], "ffmpeg");
        assert_eq!(report["failure"]["stage"], "transcode");
    }
}

#[test]
fn a_job_refused_at_its_check_is_reported_too() {
    for site in sites() {
        let ended = worker(&site, "'unbalanced");
        assert_eq!(
            ended.code,
            Some(i32::from(Exit::Rejected.code())),
            "{ended}"
        );
        let [(_, report)] = &documents(&site, "jobs")[..] else {
            panic!("there should be one report")
        };
        assert_eq!(
            (&report["exit"], &report["failure"]["stage"]),
            (&"rejected".into(), &"check".into())
        );
    }
}

#[test]
fn a_trace_is_continued() {
    let mut site = site(Site::local());
    site.sandbox.set(
        "TRACEPARENT",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    );
    worker(&site, "-c copy").ok();
    let (segment, _) = segment(&site);
    // X-Ray writes the 32 digits of a trace id in two groups behind a version.
    assert_eq!(segment["trace_id"], "1-0af76519-16cd43dd8448eb211c80319c");
    assert_eq!(segment["parent_id"], "b7ad6b7169203331");
    let [(_, report)] = &documents(&site, "jobs")[..] else {
        panic!("there should be one report")
    };
    assert_eq!(report["trace_id"], "0af7651916cd43dd8448eb211c80319c");
}

#[test]
fn a_bucket_that_is_not_there_costs_the_report_and_not_the_job() {
    let mut site = Site::s3();
    site.sandbox.set("S3_BUCKET", "nobucket");
    site.place(SHORT, "in.mp4");
    let ended = worker(&site, "-c copy");
    ended.ok();
    assert!(
        ended.stdout.contains("nobucket"),
        "nobody said that the report is lost\n{ended}"
    );
}

#[test]
fn a_report_in_a_bucket_was_not_shown_to_whoever_ran_the_job() {
    let site = site(Site::s3());
    let (input, output) = (site.name("in.mp4"), site.name("out.mp4"));
    let words = [
        "run", "--json", "--", "ffmpeg", "-i", &input, "-c", "copy", &output,
    ];
    let ended = site.sandbox.ffbatch(words);
    ended.ok();
    let shown: Value = serde_json::from_str(&ended.stdout).expect("it is JSON");
    assert_eq!(shown["report"]["exit"], "succeeded", "{ended}");
}

#[test]
fn a_copy_of_the_report_where_it_was_asked_for() {
    let site = Site::local();
    site.place(SHORT, "in.mp4");
    site.job_with("--report here/report.json", "-i in.mp4 -c copy out.mp4")
        .ok();
    let report: Value =
        serde_json::from_slice(&site.bytes("here/report.json")).expect("a report is JSON");
    assert_eq!(report["exit"], "succeeded");
    assert!(report["trace_id"].is_string(), "a run has a trace");
}
