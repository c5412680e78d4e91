//! Jobs on AWS Batch as its clients see them: submitted by an SDK, run in the container that is the worker, followed by `DescribeJobs`
//! and the log.

use std::collections::BTreeMap;

use ffbatch_tests::aws::{Aws, BUCKET, computes, definition_name, queue_name, text};
use ffbatch_tests::clip::{self, Clip, LONG, SHORT};
use ffbatch_tests::image;
use ffbatch_tests::media::frames;
use ffbatch_tests::sandbox::{Sandbox, until};
use serde_json::{Value, json};

/// An account with a bucket, in which a clip lies at `in.mp4`, and the compute `intel`; `None` without a Docker engine.
#[track_caller]
fn account(clip: Clip) -> Option<Aws> {
    let aws = Aws::with_docker()?;
    aws.s3().create(BUCKET);
    aws.s3().put(BUCKET, "in.mp4", clip::bytes(clip));
    aws.compute("intel", &image::worker());
    Some(aws)
}

/// A submission to `intel` with these parameters, and with some members set.
fn submission(parameters: &Value, more: &Value) -> Value {
    let mut asked = json!({ "jobName": "encode", "jobQueue": queue_name("intel"), "jobDefinition": definition_name("intel") });
    asked["parameters"] = parameters.clone();
    for (name, value) in more.as_object().expect("members") {
        asked[name] = value.clone();
    }
    asked
}

/// An encode of the clip at the speed at which it plays.
fn slow(more: &Value) -> Value {
    let parameters = json!({
        "input_file_options": "-re",
        "input_url": "s3://media/in.mp4",
        "output_file_options": "-c:v libx264 -preset ultrafast",
        "output_url": "s3://media/out.mp4",
    });
    submission(&parameters, more)
}

/// The number of frames of an object.
#[track_caller]
fn frames_in(aws: &Aws, key: &str) -> usize {
    let sandbox = Sandbox::new();
    sandbox.write("out.mp4", aws.s3().get(BUCKET, key));
    frames(&sandbox.path("out.mp4"))
}

/// The reports in the bucket, by the names of their files.
#[track_caller]
fn reports(aws: &Aws) -> BTreeMap<String, Value> {
    let keys = aws.s3().keys(BUCKET).into_iter();
    let all = aws
        .s3()
        .get_all(BUCKET, keys.filter(|key| key.starts_with("metrics/jobs/")));
    let read = |(key, bytes): (String, Vec<u8>)| {
        let (_, name) = key.rsplit_once('/').expect("it lies below");
        let name = name.trim_end_matches(".json").to_owned();
        (
            name,
            serde_json::from_slice(&bytes).expect("a report is JSON"),
        )
    };
    all.into_iter().map(read).collect()
}

/// Waits until ffmpeg works in the job's container, as its log says.
#[track_caller]
fn until_it_encodes(aws: &Aws, job: &str) {
    until("the log says that ffmpeg works, while it does", || {
        let described = aws.describe(job);
        let lines = aws.log(&described);
        assert_ne!(described["status"], "FAILED", "{described:#}\n{lines:#?}");
        lines.iter().any(|line| line.contains("frame")) && described["status"] == "RUNNING"
    });
}

#[test]
fn a_client_of_the_sample_needs_no_change() {
    let Some(aws) = account(SHORT) else {
        return;
    };
    for compute in computes() {
        if compute != "intel" {
            aws.compute(compute, &image::worker());
        }
    }
    let cut = "-ss 00:00:00.4 -t 00:00:00.8 -c:v copy -an";
    let submit =
        |compute: &str, key: &str| aws.client("submit", &[compute, BUCKET, "in.mp4", key, cut]);
    let jobs: Vec<(&str, String)> = computes()
        .into_iter()
        .map(|compute| (compute, submit(compute, &format!("test/{compute}.mp4"))))
        .collect();
    for (compute, job) in jobs {
        let described = aws.until(&job, "SUCCEEDED");
        assert_eq!(described["container"]["exitCode"], 0, "{compute}");
        assert_eq!(
            frames_in(&aws, &format!("test/{compute}.mp4")),
            20,
            "{compute}"
        );
    }
    assert_eq!(aws.violations(), Vec::<String>::new());
}

#[test]
fn a_failure_has_the_code_of_the_worker() {
    let Some(aws) = account(SHORT) else {
        return;
    };
    let parameters =
        json!({ "input_url": "s3://media/missing.mp4", "output_url": "s3://media/out.mp4" });
    let job = aws.submit(&submission(&parameters, &json!({})));
    let described = aws.until(&job, "FAILED");
    let reason = "Essential container in task exited";
    assert_eq!(described["container"]["exitCode"], 3);
    assert_eq!(described["statusReason"], reason);
    let attempts = described["attempts"].as_array().expect("attempts");
    assert_eq!(attempts.len(), 1);
    assert_eq!(attempts[0]["container"]["exitCode"], 3);
    assert_eq!(attempts[0]["statusReason"], reason);
    let log = aws.log(&attempts[0]);
    assert!(
        log.iter().any(|line| line.contains("missing.mp4")),
        "{log:#?}"
    );
    let why = aws
        .sandbox()
        .ffbatch(["why", "--compute", "intel", "--json", "encode"]);
    let why: Value = serde_json::from_str(&why.ok().stdout).expect("JSON");
    let sentence = why["why"][0].as_str().unwrap_or_default();
    assert!(sentence.contains("`s3://media/missing.mp4`"), "{why:#}");
    let at = why["report_at"].as_str().unwrap_or_default();
    let key = at.strip_prefix("s3://media/").expect("a place in S3");
    assert!(aws.s3().keys(BUCKET).contains(key), "{why:#}");
}

#[test]
fn a_job_that_is_terminated_publishes_nothing() {
    let Some(aws) = account(LONG) else {
        return;
    };
    let job = aws.submit(&slow(&json!({ "retryStrategy": { "attempts": 3 } })));
    until_it_encodes(&aws, &job);
    aws.batch(
        "TerminateJob",
        &json!({ "jobId": job, "reason": "no longer wanted" }),
    );
    let described = aws.until(&job, "FAILED");
    assert_eq!(described["statusReason"], "no longer wanted");
    assert_eq!(described["isTerminated"], true);
    // The worker ends by itself when it is asked to, and is not tried again.
    assert_eq!(described["container"]["exitCode"], 75);
    assert_eq!(described["attempts"].as_array().map(Vec::len), Some(1));
    assert!(!aws.s3().keys(BUCKET).contains("out.mp4"));
}

#[test]
fn a_job_whose_host_is_reclaimed_runs_again() {
    let Some(aws) = account(SHORT) else {
        return;
    };
    let rules = json!([
        { "onStatusReason": "Host EC2*", "action": "RETRY" },
        { "onExitCode": "75", "action": "RETRY" },
        { "onReason": "*", "action": "EXIT" },
    ]);
    let job = aws.submit(&slow(
        &json!({ "retryStrategy": { "attempts": 3, "evaluateOnExit": rules } }),
    ));
    for (attempt, notice) in [(1, 0.0), (2, 20.0)] {
        until_it_encodes(&aws, &job);
        aws.reclaim(&job, notice);
        until("the attempt has ended", || {
            aws.describe(&job)["attempts"].as_array().map(Vec::len) == Some(attempt)
        });
    }
    let described = aws.until(&job, "SUCCEEDED");
    let attempts = described["attempts"].as_array().expect("attempts");
    let ends: Vec<(String, Option<i64>)> = attempts
        .iter()
        .map(|attempt| {
            (
                text(attempt, "statusReason"),
                attempt["container"]["exitCode"].as_i64(),
            )
        })
        .collect();
    assert!(ends[0].0.starts_with("Host EC2 (instance i-"), "{ends:?}");
    assert!(ends[0].0.ends_with(" terminated."), "{ends:?}");
    let exited = "Essential container in task exited".to_owned();
    assert_eq!(ends[0].1, None);
    assert_eq!(ends[1..], [(exited.clone(), Some(75)), (exited, Some(0))]);
    assert_eq!(frames_in(&aws, "out.mp4"), 50);
    // What was killed outright has left no report; the others know which attempt they were, on what.
    assert_eq!(
        reports(&aws).keys().collect::<Vec<_>>(),
        [&format!("{job}_2"), &format!("{job}_3")]
    );
    let last = &reports(&aws)[&format!("{job}_3")];
    assert_eq!(
        (&last["job_id"], &last["attempt"]),
        (&json!(job), &json!(3))
    );
    let machine = [
        &last["machine"]["job_queue"],
        &last["machine"]["compute_environment"],
    ];
    assert_eq!(
        machine,
        [
            &json!(queue_name("intel")),
            &json!("batch-ffmpeg-job-queue-intel-environment")
        ]
    );
    // Each attempt has a log of its own.
    let first = aws.log(&attempts[0]);
    assert!(!first.is_empty() && first != aws.log(&attempts[2]));
}

#[test]
fn a_job_that_takes_too_long_is_stopped_and_not_tried_again() {
    let Some(aws) = account(LONG) else {
        return;
    };
    aws.set(&json!({ "second": 0.04 }));
    let limit =
        json!({ "timeout": { "attemptDurationSeconds": 60 }, "retryStrategy": { "attempts": 2 } });
    let described = aws.until(&aws.submit(&slow(&limit)), "FAILED");
    assert_eq!(
        described["statusReason"],
        "Job attempt duration exceeded timeout"
    );
    assert_eq!(described["attempts"].as_array().map(Vec::len), Some(1));
}

#[test]
fn children_of_an_array_run_their_lines_of_a_manifest() {
    let Some(aws) = account(SHORT) else {
        return;
    };
    let line = |number: usize| {
        let output = format!("s3://{BUCKET}/out/{number}.mp4");
        let count = (number + 2).to_string();
        let words = [
            "-i",
            "s3://media/in.mp4",
            "-frames:v",
            &count,
            "-c:v",
            "copy",
            "-an",
            &output,
        ];
        format!("{}\n", json!({ "version": 1, "commands": [words] }))
    };
    let lines: Vec<String> = (0..3).map(line).collect();
    let ends = lines.iter().scan(0_u64, |end, line| {
        *end += line.len() as u64;
        Some(*end)
    });
    let index: Vec<u8> = [0]
        .into_iter()
        .chain(ends)
        .flat_map(u64::to_le_bytes)
        .collect();
    aws.s3().put(BUCKET, "jobs.ndjson", lines.concat());
    aws.s3().put(BUCKET, "jobs.ndjson.idx", index);
    let parameters = json!({ "job": "s3://media/jobs.ndjson" });
    let job = aws.submit(&submission(
        &parameters,
        &json!({ "arrayProperties": { "size": 3 } }),
    ));
    let described = aws.until(&job, "SUCCEEDED");
    assert_eq!(
        described["arrayProperties"]["statusSummary"]["SUCCEEDED"],
        3
    );
    for number in 0..3 {
        let child = aws.describe(&format!("{job}:{number}"));
        assert_eq!(child["arrayProperties"]["index"], number);
        assert_eq!(frames_in(&aws, &format!("out/{number}.mp4")), number + 2);
    }
    let listed = aws.batch(
        "ListJobs",
        &json!({ "arrayJobId": job, "jobStatus": "SUCCEEDED" }),
    );
    assert_eq!(listed["jobSummaryList"].as_array().map(Vec::len), Some(3));
}

#[test]
fn a_job_without_its_image_says_so() {
    let Some(aws) = Aws::with_docker() else {
        return;
    };
    aws.compute("intel", "nowhere.example/ffbatch:missing");
    let described = aws.until(&aws.submit(&submission(&json!({}), &json!({}))), "FAILED");
    assert_eq!(described["statusReason"], "Task failed to start");
    let reason = text(&described["container"], "reason");
    assert!(reason.starts_with("CannotPullContainerError: "), "{reason}");
}

#[test]
fn a_job_that_owns_its_instance_is_a_node() {
    let Some(aws) = account(SHORT) else {
        return;
    };
    aws.queue("pinned", "EC2");
    let container = json!({
        "image": image::worker(),
        "environment": [{ "name": "S3_BUCKET", "value": BUCKET }],
        "resourceRequirements": [{ "type": "VCPU", "value": "2" }, { "type": "MEMORY", "value": "2048" }],
    });
    let nodes = json!({ "numNodes": 1, "mainNode": 0, "nodeRangeProperties": [{ "targetNodes": "0:", "container": container }] });
    aws.register(
        &json!({ "jobDefinitionName": "pinned", "type": "multinode", "nodeProperties": nodes }),
    );
    let command = [
        "--input_url",
        "s3://media/in.mp4",
        "--output_file_options",
        "-c:v copy -an",
        "--output_url",
        "s3://media/out.mp4",
    ];
    let node = json!({ "targetNodes": "0:", "containerOverrides": { "command": command, "instanceType": "c6i.large" } });
    let asked = json!({ "jobName": "pinned", "jobQueue": "pinned", "jobDefinition": "pinned", "nodeOverrides": { "nodePropertyOverrides": [node] } });
    let job = aws.submit(&asked);
    let described = aws.until(&job, "SUCCEEDED");
    assert_eq!(frames_in(&aws, "out.mp4"), 50);
    // The log stream is in the attempt, and in the node.
    assert!(!aws.log(&described["attempts"][0]).is_empty());
    let main = aws.describe(&format!("{job}#0"));
    assert_eq!(main["nodeDetails"]["isMainNode"], true);
    assert!(!aws.log(&main).is_empty());
    assert_eq!(described["container"], Value::Null);
    let reports: Vec<Value> = reports(&aws).into_values().collect();
    assert_eq!(reports.len(), 1);
    assert_eq!(reports[0]["job_id"], format!("{job}#0"));
}
