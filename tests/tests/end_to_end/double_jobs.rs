//! What the double of AWS Batch makes of jobs without running them: dependencies, arrays, cancelling, lists.

use std::time::{Duration, Instant};

use ffbatch_tests::aws::{Aws, Jobs, definition_name, queue_name};
use serde_json::{Value, json};

/// A double with the compute `intel`.
fn intel(jobs: Jobs) -> Aws {
    let aws = Aws::start(jobs);
    aws.compute("intel", "image");
    aws
}

/// Submits a job with some members set.
#[track_caller]
fn submit(aws: &Aws, name: &str, more: &Value) -> String {
    let mut asked = json!({ "jobName": name, "jobQueue": queue_name("intel"), "jobDefinition": definition_name("intel") });
    for (name, inner) in more.as_object().expect("members") {
        asked[name] = inner.clone();
    }
    aws.submit(&asked)
}

/// Asserts the states of jobs.
#[track_caller]
fn check<const N: usize>(aws: &Aws, jobs: [&str; N], expected: [&str; N]) {
    let states = jobs.map(|job| aws.describe(job)["status"].clone());
    assert_eq!(states, expected.map(|state| json!(state)));
}

#[track_caller]
fn place(aws: &Aws, job: &str, status: &str) {
    aws.place(&json!({ "jobs": [job], "status": status }));
}

#[track_caller]
fn stop(aws: &Aws, operation: &str, job: &str) {
    aws.batch(operation, &json!({ "jobId": job, "reason": "unwanted" }));
}

#[test]
fn a_job_waits_for_those_that_it_needs() {
    let aws = intel(Jobs::Stay("RUNNABLE"));
    let (a, b) = (submit(&aws, "a", &json!({})), submit(&aws, "b", &json!({})));
    let both = json!({ "dependsOn": [{ "jobId": a }, { "jobId": b }] });
    let (c, d) = (
        submit(&aws, "c", &both),
        submit(&aws, "d", &json!({ "dependsOn": [{ "jobId": a }] })),
    );
    check(
        &aws,
        [&a, &b, &c, &d],
        ["RUNNABLE", "RUNNABLE", "PENDING", "PENDING"],
    );
    place(&aws, &a, "SUCCEEDED");
    check(&aws, [&c, &d], ["PENDING", "RUNNABLE"]);
    place(&aws, &b, "FAILED");
    check(&aws, [&c, &d], ["FAILED", "RUNNABLE"]);
    assert_eq!(aws.describe(&c)["statusReason"], "Dependent Job failed");
    let late = submit(&aws, "late", &json!({ "dependsOn": [{ "jobId": a }] }));
    check(&aws, [&late], ["RUNNABLE"]);
}

#[test]
fn children_wait_for_each_other_and_for_their_counterparts() {
    let aws = intel(Jobs::Stay("RUNNABLE"));
    let size = json!({ "size": 3 });
    let first = submit(
        &aws,
        "first",
        &json!({ "arrayProperties": size, "dependsOn": [{ "type": "SEQUENTIAL" }] }),
    );
    let needs = json!([{ "jobId": first, "type": "N_TO_N" }]);
    let second = submit(
        &aws,
        "second",
        &json!({ "arrayProperties": size, "dependsOn": needs }),
    );
    let third = submit(
        &aws,
        "third",
        &json!({ "dependsOn": [{ "jobId": second }] }),
    );
    let child = |array: &str, index: u8| format!("{array}:{index}");
    check(
        &aws,
        [&child(&first, 0), &child(&first, 1), &first],
        ["RUNNABLE", "PENDING", "PENDING"],
    );
    place(&aws, &child(&first, 0), "SUCCEEDED");
    check(
        &aws,
        [&child(&first, 1), &child(&first, 2)],
        ["RUNNABLE", "PENDING"],
    );
    check(
        &aws,
        [&child(&second, 0), &child(&second, 1)],
        ["RUNNABLE", "PENDING"],
    );
    place(&aws, &child(&second, 0), "SUCCEEDED");
    place(&aws, &child(&first, 1), "FAILED");
    // One failure fails what comes after it, on both sides.
    check(
        &aws,
        [&child(&first, 2), &first, &second, &third],
        ["FAILED"; 4],
    );
    assert_eq!(
        aws.describe(&first)["statusReason"],
        "Array Child Job failed"
    );
    let summary = aws.describe(&second)["arrayProperties"]["statusSummary"].clone();
    assert_eq!(
        (&summary["SUCCEEDED"], &summary["FAILED"]),
        (&json!(1), &json!(2))
    );
}

#[test]
fn what_has_not_started_is_cancelled_and_only_terminating_stops_the_rest() {
    let aws = intel(Jobs::Stay("RUNNABLE"));
    let size = json!({ "arrayProperties": { "size": 2 } });
    let (job, array) = (
        submit(&aws, "job", &json!({})),
        submit(&aws, "array", &size),
    );
    let waiting = submit(
        &aws,
        "waiting",
        &json!({ "dependsOn": [{ "jobId": array }] }),
    );
    let child = format!("{array}:0");
    place(&aws, &child, "RUNNING");
    for job in [&job, &array, &waiting] {
        stop(&aws, "CancelJob", job);
    }
    // One that waits is cancelled when it has no more to wait for.
    check(
        &aws,
        [&job, &child, &array, &waiting],
        ["FAILED", "RUNNING", "PENDING", "PENDING"],
    );
    let described = aws.describe(&job);
    assert_eq!(
        (&described["statusReason"], &described["isCancelled"]),
        (&json!("unwanted"), &json!(true))
    );
    assert_eq!(described["attempts"], json!([]));
    stop(&aws, "TerminateJob", &array);
    check(&aws, [&child, &array, &waiting], ["FAILED"; 3]);
    assert_eq!(aws.describe(&child)["isTerminated"], true);
    assert_eq!(aws.describe(&waiting)["statusReason"], "unwanted");
    let several = aws.batch(
        "TerminateJobs",
        &json!({ "jobs": [job, "nothing"], "reason": "unwanted" }),
    );
    assert_eq!(several["successful"], json!([job]));
    assert_eq!(several["errors"][0]["job"], "nothing");
    assert_eq!(aws.violations(), Vec::<String>::new());
}

#[test]
fn lists_have_filters_and_pages() {
    let aws = intel(Jobs::Stay("RUNNABLE"));
    for number in 0..5 {
        submit(&aws, &format!("Encode-{number}"), &json!({}));
    }
    let array = submit(&aws, "other", &json!({ "arrayProperties": { "size": 3 } }));
    place(&aws, &format!("{array}:1"), "RUNNING");
    let list = |more: Value| {
        let listed = aws.batch("ListJobs", &more);
        let jobs = listed["jobSummaryList"].as_array().expect("a list").clone();
        let names = jobs
            .iter()
            .map(|job| job["jobName"].as_str().unwrap_or_default().to_owned());
        (names.collect::<Vec<_>>(), listed["nextToken"].clone(), jobs)
    };
    let queue = queue_name("intel");
    assert_eq!(
        list(json!({ "jobQueue": queue })).0,
        Vec::<String>::new(),
        "only what runs"
    );
    let named = |name: &str| {
        list(json!({ "jobQueue": queue, "filters": [{ "name": "JOB_NAME", "values": [name] }] })).0
    };
    // The newest first, in any case of letters, and no children.
    assert_eq!(
        named("encode-*"),
        ["Encode-4", "Encode-3", "Encode-2", "Encode-1", "Encode-0"]
    );
    assert_eq!(named("OTHER"), ["other"]);
    assert_eq!(named("code*"), Vec::<String>::new());
    let page = |token: &Value| {
        let mut asked = json!({ "jobQueue": queue, "jobStatus": "RUNNABLE", "maxResults": 3 });
        if token.is_string() {
            asked["nextToken"] = token.clone();
        }
        list(asked)
    };
    let (first, token, _) = page(&Value::Null);
    assert_eq!(first, ["Encode-4", "Encode-3", "Encode-2"]);
    let (second, token, _) = page(&token);
    assert_eq!((second.len(), token), (2, Value::Null));
    let front = aws.batch("GetJobQueueSnapshot", &json!({ "jobQueue": queue }));
    let front = front["frontOfQueue"]["jobs"].as_array();
    assert_eq!(front.map(Vec::len), Some(7), "five, and two children");
    let children = list(json!({ "arrayJobId": array })).2;
    assert_eq!(children.len(), 1);
    assert_eq!(children[0]["arrayProperties"]["index"], 1);
}

#[test]
fn a_job_can_be_moved_by_hand() {
    let aws = intel(Jobs::Stay("SUBMITTED"));
    let job = submit(&aws, "job", &json!({}));
    check(&aws, [&job], ["SUBMITTED"]);
    let stuck = "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - too large";
    aws.place(&json!({ "jobs": [job], "status": "RUNNABLE", "reason": stuck }));
    assert_eq!(aws.describe(&job)["statusReason"], stuck);
    aws.place(&json!({ "jobs": [job], "status": "RUNNING", "log": ["one", "two"] }));
    let described = aws.describe(&job);
    assert_eq!(aws.log(&described), ["one", "two"]);
    assert!(described["startedAt"].is_u64());
    let ended = json!({ "jobs": [job], "status": "FAILED", "exitCode": 137, "containerReason": "OutOfMemoryError: Container killed due to memory usage" });
    aws.place(&ended);
    let described = aws.describe(&job);
    assert_eq!(described["attempts"][0]["container"]["exitCode"], 137);
    assert_eq!(
        described["container"]["reason"],
        described["attempts"][0]["container"]["reason"]
    );
}

#[test]
fn overrides_that_are_too_long_are_accepted_and_fail_the_job() {
    let aws = intel(Jobs::End(0));
    let sized = |size: usize| {
        submit(
            &aws,
            "job",
            &json!({ "parameters": { "job": "x".repeat(size) } }),
        )
    };
    let (short, long) = (sized(7_000), sized(8_200));
    check(&aws, [&short, &long], ["SUCCEEDED", "FAILED"]);
    let reason = aws.describe(&long)["statusReason"].clone();
    assert_eq!(reason, "Container Overrides length must be at most 8192");
}

#[test]
fn twenty_five_thousand_jobs_are_a_matter_of_seconds() {
    let aws = intel(Jobs::End(0));
    let began = Instant::now();
    for size in [10_000, 10_000, 5_000] {
        let job = submit(
            &aws,
            "many",
            &json!({ "arrayProperties": { "size": size } }),
        );
        let described = aws.describe(&job);
        assert_eq!(described["status"], "SUCCEEDED");
        assert_eq!(
            described["arrayProperties"]["statusSummary"]["SUCCEEDED"],
            size
        );
    }
    assert!(
        began.elapsed() < Duration::from_mins(1),
        "{:?}",
        began.elapsed()
    );
}
