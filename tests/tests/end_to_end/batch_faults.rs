//! What goes wrong between us and AWS Batch: one sentence each, in bounded time, and nothing is submitted twice.

use std::time::{Duration, Instant};

use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::infra::Surroundings;
use ffbatch_tests::aws::{Aws, BUCKET, definition_name, infra, installed, queue_name};
use ffbatch_tests::ended::Ended;
use ffbatch_tests::queue;
use ffbatch_tests::sandbox::Sandbox;
use serde_json::json;

const JOB: &str = "submit --compute arm --name clip -- ffmpeg -i s3://media/a.mp4 s3://media/b.mp4";

/// Nobody waits longer than this for a sentence, whatever goes wrong.
const LONGEST: Duration = Duration::from_mins(1);

fn ask(sandbox: &Sandbox, words: &str) -> Ended {
    sandbox.ffbatch(words.split(' '))
}

/// How many jobs there are.
fn jobs(sandbox: &Sandbox) -> usize {
    let listed = ask(sandbox, "list --compute arm --json");
    let listing: serde_json::Value = serde_json::from_str(&listed.stdout).expect("JSON");
    listing["jobs"].as_array().expect("a list").len()
}

/// The one sentence of what failed, without what differs from run to run.
#[track_caller]
fn refused(aws: &Aws, sandbox: &Sandbox, words: &str, exit: Exit) -> String {
    let began = Instant::now();
    let ended = ask(sandbox, words);
    assert!(began.elapsed() < LONGEST, "it took {:?}", began.elapsed());
    ended.fails(exit, "");
    assert_eq!(ended.stderr.trim().lines().count(), 1, "{}", ended.stderr);
    let endpoint = aws.environment().into_iter();
    let endpoint = endpoint
        .filter(|(name, _)| *name == "AWS_ENDPOINT_URL")
        .map(|(_, value)| value)
        .next()
        .expect("an endpoint");
    ended.stderr.trim().replace(&endpoint, "http://aws")
}

/// Makes an operation answer with an error, so many times.
fn failing(aws: &Aws, operation: &str, times: u32, status: u16, code: &str) {
    aws.fault(&json!({ "operation": operation, "times": times, "status": status, "code": code, "message": "not now" }));
}

/// A job that is too long to be carried by its submission.
fn long() -> String {
    format!(
        "{JOB} -metadata title={} s3://media/c.mp4",
        "x".repeat(7000)
    )
}

#[test]
fn an_answer_that_was_lost_did_not_submit_a_job_twice() {
    let (aws, sandbox) = installed("arm");
    aws.fault(&json!({ "operation": "SubmitJob", "times": 1, "lose": true }));
    ask(&sandbox, JOB).ok();
    assert_eq!((aws.count("SubmitJob"), jobs(&sandbox)), (1, 1));
    assert_eq!(aws.violations(), Vec::<String>::new());
}

#[test]
fn a_request_that_failed_on_the_way_is_sent_again() {
    let (aws, sandbox) = installed("arm");
    aws.fault(&json!({ "operation": "SubmitJob", "times": 1, "status": 503, "code": "ServiceUnavailable", "message": "no" }));
    ask(&sandbox, JOB).ok();
    assert_eq!((aws.count("SubmitJob"), jobs(&sandbox)), (2, 1));
    assert_eq!(aws.violations(), Vec::<String>::new());
}

#[test]
fn too_many_calls_are_spread() {
    let (aws, sandbox) = installed("arm");
    aws.fault(&json!({ "operation": "SubmitJob", "times": 3, "status": 429, "code": "TooManyRequestsException", "message": "slow down" }));
    ask(&sandbox, JOB).ok();
    assert_eq!((aws.count("SubmitJob"), jobs(&sandbox)), (4, 1));
    assert_eq!(aws.violations(), Vec::<String>::new());
}

#[test]
fn credentials_that_have_expired() {
    let (aws, sandbox) = installed("arm");
    aws.fault(&json!({ "operation": "*", "times": 50, "status": 403, "code": "ExpiredTokenException", "message": "The security token included in the request is expired" }));
    insta::assert_snapshot!(refused(&aws, &sandbox, JOB, Exit::Machine));
    assert_eq!(aws.count("SubmitJob"), 1);
    assert_eq!(aws.violations(), Vec::<String>::new());
}

#[test]
fn a_profile_that_is_named_was_not_that_of_the_bucket() {
    let (aws, mut sandbox) = installed("arm");
    let profile = "[profile media]\naws_access_key_id = test\naws_secret_access_key = test\n";
    sandbox.write("aws.ini", profile);
    sandbox.set("AWS_CONFIG_FILE", sandbox.path("aws.ini"));
    sandbox.set("AWS_EC2_METADATA_DISABLED", "true");
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
        sandbox.set(name, "");
    }
    ask(&sandbox, &long()).fails(Exit::Machine, "credentials");
    sandbox.set("FFBATCH_AWS__PROFILE", "media");
    ask(&sandbox, &long()).ok();
    assert_eq!(aws.s3().keys(BUCKET).len(), 1);
    assert_eq!(aws.violations(), Vec::<String>::new());
}

#[test]
fn no_region_is_known() {
    let (aws, mut sandbox) = installed("arm");
    sandbox.set("AWS_REGION", "");
    insta::assert_snapshot!(refused(&aws, &sandbox, JOB, Exit::Machine));
    assert_eq!(aws.violations(), Vec::<String>::new());
}

#[test]
fn nobody_answers() {
    let (aws, mut sandbox) = installed("arm");
    sandbox.set("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
    insta::assert_snapshot!(refused(&aws, &sandbox, JOB, Exit::Machine));
    assert_eq!(aws.violations(), Vec::<String>::new());
}

#[test]
fn a_queue_that_is_not_there() {
    let (aws, mut sandbox) = installed("arm");
    sandbox.set("FFBATCH_BACKENDS__ARM__JOB_QUEUE", "nowhere");
    insta::assert_snapshot!(refused(&aws, &sandbox, JOB, Exit::Rejected));
}

#[test]
fn a_queue_that_is_disabled() {
    let (aws, sandbox) = installed("arm");
    aws.batch(
        "UpdateJobQueue",
        &json!({ "jobQueue": queue_name("arm"), "state": "DISABLED" }),
    );
    insta::assert_snapshot!(refused(&aws, &sandbox, JOB, Exit::Rejected));
}

#[test]
fn a_definition_that_was_deregistered() {
    let (aws, sandbox) = installed("arm");
    let name = format!("{}:1", definition_name("arm"));
    aws.batch("DeregisterJobDefinition", &json!({ "jobDefinition": name }));
    insta::assert_snapshot!(refused(&aws, &sandbox, JOB, Exit::Rejected));
    assert_eq!(jobs(&sandbox), 0);
}

#[test]
fn jobs_that_nobody_knows() {
    let (aws, sandbox) = installed("arm");
    let id = "11111111-2222-3333-4444-555555555555";
    for verb in ["status", "cancel", "logs", "why", "retry"] {
        let said = refused(
            &aws,
            &sandbox,
            &format!("{verb} {id} --compute arm"),
            Exit::Rejected,
        );
        assert_eq!(
            said,
            format!("error: there is no job `{id}` (`ffbatch list` shows the jobs)"),
            "{verb}"
        );
    }
    assert_eq!(aws.violations(), Vec::<String>::new());
}

#[test]
fn a_log_that_is_not_there_yet() {
    let (aws, sandbox) = installed("arm");
    let id = ask(&sandbox, JOB).ok().stdout.trim().to_owned();
    let log = ask(&sandbox, &format!("logs {id} --compute arm"));
    assert_eq!(log.ok().stdout, "");
    let why = ask(&sandbox, &format!("why {id} --compute arm"));
    assert!(
        why.ok().stdout.contains("it waits for an instance"),
        "{}",
        why.stdout
    );
    assert_eq!(aws.violations(), Vec::<String>::new());
}

#[test]
fn what_the_family_can_never_run() {
    let (aws, sandbox) = installed("arm");
    let command = "-- ffmpeg -i s3://media/a.mp4 s3://media/b.mp4";
    let mut said = Vec::new();
    for (compute, flags) in [
        ("arm", "--vcpus 1000"),
        ("arm", "--gpus 1"),
        ("arm", "--timeout 30"),
        ("fargate", "--vcpus 3"),
        ("fargate", "--gpus 1"),
        ("local", "--gpus 1"),
        ("local", "--instance-type c7g.large"),
    ] {
        let words = format!("submit --compute {compute} --name clip {flags} {command}");
        said.push(
            ask(&sandbox, &words)
                .fails(Exit::Rejected, "")
                .stderr
                .trim()
                .to_owned(),
        );
    }
    insta::assert_snapshot!(said.join("\n"));
    assert_eq!(aws.count("SubmitJob"), 0);
    assert_eq!(aws.violations(), Vec::<String>::new());
}

#[test]
fn an_array_whose_answer_was_lost_is_there_once() {
    let (aws, sandbox) = installed("arm");
    let lines: Vec<String> = (0..100)
        .map(|at| json!({ "compute": "arm", "command": format!("ffmpeg -i s3://media/{at}.mp4 s3://media/{at}.mkv") }).to_string())
        .collect();
    aws.fault(&json!({ "operation": "SubmitJob", "times": 1, "lose": true }));
    let ended = queue::submit_with(&sandbox, &lines, &[]);
    assert_eq!(ended.ok().stdout.lines().count(), 100);
    assert_eq!((aws.count("SubmitJob"), jobs(&sandbox)), (1, 1));
    assert_eq!(aws.violations(), Vec::<String>::new());
}

#[test]
fn answers_that_are_always_lost_submit_one_job() {
    let (aws, sandbox) = installed("arm");
    aws.fault(&json!({ "operation": "SubmitJob", "times": 1000, "lose": true }));
    ask(&sandbox, JOB).ok();
    assert_eq!((aws.count("SubmitJob"), jobs(&sandbox)), (1, 1));
    assert_eq!(aws.violations(), Vec::<String>::new());
}

#[test]
fn a_request_that_never_arrived_is_sent_again() {
    let (aws, sandbox) = installed("arm");
    aws.fault(&json!({ "operation": "SubmitJob", "times": 1, "drop": true }));
    ask(&sandbox, JOB).ok();
    assert_eq!((aws.count("SubmitJob"), jobs(&sandbox)), (2, 1));
    assert_eq!(aws.violations(), Vec::<String>::new());
}

#[test]
fn an_answer_that_is_lost_where_jobs_cannot_be_listed() {
    let (aws, sandbox) = installed("arm");
    aws.fault(&json!({ "operation": "SubmitJob", "times": 1, "lose": true }));
    failing(&aws, "ListJobs", 1000, 403, "AccessDeniedException");
    insta::assert_snapshot!(refused(&aws, &sandbox, JOB, Exit::Machine));
    assert_eq!(aws.count("SubmitJob"), 1);
}

/// What is said of a job where submitting it fails for ever, after so many calls.
#[track_caller]
fn submitted_in_vain(status: u16, code: &str, calls: u64) -> String {
    let (aws, sandbox) = installed("arm");
    failing(&aws, "SubmitJob", 1000, status, code);
    let said = refused(&aws, &sandbox, JOB, Exit::Machine);
    assert_eq!((aws.count("SubmitJob"), jobs(&sandbox)), (calls, 0));
    assert_eq!(aws.violations(), Vec::<String>::new());
    said
}

/// What is said of a job where asking for it fails a few times, and then for ever.
#[track_caller]
fn asked_in_vain() -> String {
    let (aws, sandbox) = installed("arm");
    let id = ask(&sandbox, JOB).ok().stdout.trim().to_owned();
    let words = format!("status {id} --compute arm");
    failing(&aws, "DescribeJobs", 4, 500, "ServerException");
    ask(&sandbox, &words).ok();
    failing(&aws, "DescribeJobs", 1000, 500, "ServerException");
    let said = refused(&aws, &sandbox, &words, Exit::Machine);
    assert_eq!(aws.violations(), Vec::<String>::new());
    said
}

/// Each takes its time, and all of it is waiting: so they wait together.
#[test]
fn a_call_that_never_gets_better_ends_all_the_same() {
    let [throttled, down, silent] = std::thread::scope(|scope| {
        [
            scope.spawn(|| submitted_in_vain(429, "TooManyRequestsException", 8)),
            scope.spawn(|| submitted_in_vain(503, "ServerException", 3)),
            scope.spawn(asked_in_vain),
        ]
        .map(|said| said.join().expect("it was said"))
    });
    insta::assert_snapshot!(format!("{throttled}\n{down}\n{silent}"));
}

#[test]
fn there_are_no_credentials() {
    let (aws, mut sandbox) = installed("arm");
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
        sandbox.set(name, "");
    }
    sandbox.set("AWS_EC2_METADATA_DISABLED", "true");
    let short = refused(&aws, &sandbox, JOB, Exit::Machine);
    let long = refused(&aws, &sandbox, &long(), Exit::Machine);
    insta::assert_snapshot!(format!("{short}\n{long}"));
    assert_eq!(aws.count("SubmitJob"), 0);
    assert_eq!(aws.violations(), Vec::<String>::new());
}

#[test]
fn a_definition_that_names_no_bucket() {
    let (aws, sandbox) = installed("arm");
    let mut definition = infra("arm").definition(&Surroundings {
        image: json!("image"),
        bucket: json!(BUCKET),
        region: json!("us-east-1"),
        ..Surroundings::default()
    });
    definition["containerProperties"]["environment"] = json!([]);
    aws.register(&definition);
    insta::assert_snapshot!(refused(&aws, &sandbox, &long(), Exit::Machine));
    assert_eq!(aws.count("SubmitJob"), 0);
    // A short one needs none.
    ask(&sandbox, JOB).ok();
    assert_eq!(aws.violations(), Vec::<String>::new());
}

#[test]
fn a_bucket_that_is_not_there() {
    let (aws, mut sandbox) = installed("arm");
    sandbox.set("FFBATCH_AWS__BUCKET", "nowhere");
    let ended = ask(&sandbox, &long());
    ended.fails(Exit::Machine, "");
    assert_eq!(ended.stderr.trim().lines().count(), 1, "{}", ended.stderr);
    let said = ended.said();
    let (before, rest) = said.split_once("/jobs/").expect("a document's key");
    let (_, after) = rest.split_once(".json").expect("a document's key");
    insta::assert_snapshot!(format!("{before}/jobs/[id].json{after}"));
    assert_eq!(aws.count("SubmitJob"), 0);
    assert_eq!(aws.violations(), Vec::<String>::new());
}

#[test]
fn a_queue_that_is_not_there_has_no_jobs() {
    let (aws, mut sandbox) = installed("arm");
    sandbox.set("FFBATCH_BACKENDS__ARM__JOB_QUEUE", "nowhere");
    let listed = refused(&aws, &sandbox, "list --compute arm", Exit::Rejected);
    let named = refused(&aws, &sandbox, "status clip --compute arm", Exit::Rejected);
    insta::assert_snapshot!(format!("{listed}\n{named}"));
}

#[test]
fn a_job_runs_whose_log_has_no_stream_yet() {
    let (aws, sandbox) = installed("arm");
    let id = ask(&sandbox, JOB).ok().stdout.trim().to_owned();
    failing(&aws, "GetLogEvents", 1000, 400, "ResourceNotFoundException");
    aws.place(&json!({ "jobs": [id], "status": "RUNNING" }));
    assert_eq!(
        ask(&sandbox, &format!("logs {id} --compute arm"))
            .ok()
            .stdout,
        ""
    );
    aws.place(&json!({ "jobs": [id], "status": "SUCCEEDED", "exitCode": 0 }));
    ask(&sandbox, &format!("wait {id} --compute arm")).ok();
    assert_eq!(aws.violations(), Vec::<String>::new());
}

#[test]
fn an_endpoint_that_is_empty_was_a_panic() {
    let (aws, mut sandbox) = installed("arm");
    let endpoint = aws.environment();
    let endpoint = endpoint
        .iter()
        .find(|(name, _)| *name == "AWS_ENDPOINT_URL");
    let (_, endpoint) = endpoint.expect("it is told where the account is").clone();
    sandbox.set("AWS_ENDPOINT_URL_BATCH", "");
    ask(&sandbox, "list --compute arm").ok();
    sandbox.set("AWS_ENDPOINT_URL", "");
    sandbox.set("FFBATCH_AWS__ENDPOINT_URL", &endpoint);
    ask(&sandbox, "list --compute arm").ok();
}
