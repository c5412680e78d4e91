//! One submission that became several jobs: one of them does the work, whatever the others are told.

use std::net::TcpListener;

use ffbatch_dispatcher::event::Stage;
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::report::Report;
use ffbatch_tests::clip::{SHORT, bytes};
use ffbatch_tests::ended::Ended;
use ffbatch_tests::moto::Moto;
use ffbatch_tests::sandbox::Sandbox;
use serde_json::Value;

const BUCKET: &str = "data";

/// Jobs that are started together, and how often.
const TOGETHER: usize = 4;
const ROUNDS: usize = 25;

/// The job whose claim is there first.
const FIRST: &str = "11111111-2222-3333-4444-555555555555";

/// The one that came of the same submission.
const SECOND: &str = "66666666-7777-8888-9999-000000000000";

/// A machine of AWS Batch whose data bucket holds `in.mp4`.
fn served() -> (Moto, Sandbox) {
    let moto = Moto::with(BUCKET);
    moto.put(BUCKET, "in.mp4", bytes(SHORT));
    let mut sandbox = Sandbox::new();
    sandbox.set_all(moto.environment());
    sandbox.set("S3_BUCKET", BUCKET);
    sandbox.set("FFBATCH_SUBMISSION", "s-1");
    (moto, sandbox)
}

/// Runs a job of this id that writes `out.mp4` into the bucket.
fn run(sandbox: &Sandbox, id: &str, variables: &[(&str, &str)]) -> Ended {
    let mut command = sandbox.command(&ffbatch_tests::tools::worker());
    command
        .env("AWS_BATCH_JOB_ID", id)
        .envs(variables.iter().copied())
        .args(["--input_url", "s3://data/in.mp4"])
        .args(["--output_file_options", "-c copy -frames:v 3"])
        .args(["--output_url", "s3://data/out.mp4"])
        .args(["--report", "report.json"]);
    sandbox.end(&mut command)
}

#[track_caller]
fn exit(ended: &Ended, expected: Exit) {
    assert_eq!(ended.code, Some(i32::from(expected.code())), "{ended}");
}

#[track_caller]
fn report(sandbox: &Sandbox) -> Report {
    let text = std::fs::read_to_string(sandbox.path("report.json")).expect("it was written");
    serde_json::from_str(&text).expect("a report")
}

#[test]
fn a_submission_that_was_made_twice_is_done_once() {
    let (moto, sandbox) = served();
    exit(&run(&sandbox, FIRST, &[]), Exit::Succeeded);
    let claim = moto.get(BUCKET, "claims/s-1/0");
    let claim: Value = serde_json::from_slice(&claim).expect("JSON");
    assert_eq!(
        (&claim["job_id"], &claim["attempt"]),
        (&FIRST.into(), &1.into())
    );
    let since = claim["claimed"].as_str().expect("a time");

    moto.put(BUCKET, "out.mp4", "what the first has written");
    exit(&run(&sandbox, SECOND, &[]), Exit::Duplicate);
    let report = report(&sandbox);
    assert_eq!(report.exit, Exit::Duplicate);
    assert_eq!(report.duplicate_of.as_deref(), Some(FIRST));
    let failure = report.failure.as_ref().expect("a sentence");
    assert_eq!(
        failure.message,
        format!(
            "job `{FIRST}` does the same work since {since}: one submission became two jobs, and this one has done nothing (look at `{FIRST}`)"
        )
    );
    let stages: Vec<Stage> = report.stages.iter().map(|stage| stage.stage).collect();
    assert_eq!(stages, [Stage::Check, Stage::Record]);
    assert_eq!(moto.get(BUCKET, "out.mp4"), b"what the first has written");
    let keys = moto.keys(BUCKET);
    for key in [report.key(), report.trace_key()] {
        assert!(keys.contains(&key), "`{key}` is not among {keys:?}");
    }
    sandbox.assert_clean();
}

#[test]
fn a_later_attempt_of_the_same_job_goes_on() {
    let (moto, sandbox) = served();
    exit(
        &run(&sandbox, FIRST, &[("AWS_BATCH_JOB_ATTEMPT", "1")]),
        Exit::Succeeded,
    );
    exit(
        &run(&sandbox, FIRST, &[("AWS_BATCH_JOB_ATTEMPT", "2")]),
        Exit::Succeeded,
    );
    let report = report(&sandbox);
    assert_eq!((report.attempt, report.notes), (2, Vec::new()));
    let claim = moto.get(BUCKET, "claims/s-1/0");
    let claim: Value = serde_json::from_slice(&claim).expect("JSON");
    assert_eq!(claim["attempt"], 1, "the claim stays as it was made");
}

#[test]
fn the_children_of_an_array_and_other_submissions_are_other_work() {
    let (moto, sandbox) = served();
    for index in ["0", "1"] {
        let id = format!("{FIRST}:{index}");
        let ended = run(&sandbox, &id, &[("AWS_BATCH_JOB_ARRAY_INDEX", index)]);
        exit(&ended, Exit::Succeeded);
    }
    exit(
        &run(&sandbox, SECOND, &[("FFBATCH_SUBMISSION", "s-2")]),
        Exit::Succeeded,
    );
    exit(
        &run(&sandbox, SECOND, &[("FFBATCH_SUBMISSION", "")]),
        Exit::Succeeded,
    );
    let keys = moto.keys(BUCKET).into_iter();
    let claims: Vec<String> = keys.filter(|key| key.starts_with("claims/")).collect();
    assert_eq!(claims, ["claims/s-1/0", "claims/s-1/1", "claims/s-2/0"]);
}

#[test]
fn of_jobs_that_start_together_exactly_one_goes_on() {
    let (_moto, sandbox) = served();
    for round in 0..ROUNDS {
        let submission = format!("race-{round}");
        let ids: Vec<String> = (0..TOGETHER)
            .map(|job| format!("job-{round}-{job}"))
            .collect();
        let ended: Vec<Ended> = std::thread::scope(|scope| {
            let run = |id| run(&sandbox, id, &[("FFBATCH_SUBMISSION", &submission)]);
            let started: Vec<_> = ids.iter().map(|id| scope.spawn(move || run(id))).collect();
            let joined = started.into_iter().map(|job| job.join().expect("no panic"));
            joined.collect()
        });
        let with = |exit: Exit| {
            let code = Some(i32::from(exit.code()));
            ended.iter().filter(|ended| ended.code == code).count()
        };
        let counts = (with(Exit::Succeeded), with(Exit::Duplicate));
        assert_eq!(counts, (1, TOGETHER - 1), "round {round}: {ended:?}");
    }
}

/// Asserts that a job succeeds all the same, and that its report says why it has no claim.
#[track_caller]
fn unsure(sandbox: &Sandbox, id: &str, why: &str) {
    sandbox.place(SHORT, "in.mp4");
    let mut command = sandbox.command(&ffbatch_tests::tools::worker());
    command
        .env("AWS_BATCH_JOB_ID", id)
        .args(["--input_url", "in.mp4", "--output_file_options", "-c copy"])
        .args(["--output_url", "out.mp4", "--report", "report.json"]);
    sandbox.end(&mut command).ok();
    let notes = report(sandbox).notes;
    let begin = "whether another job does the same work is not known: ";
    let note = notes.iter().find(|note| note.starts_with(begin));
    let note = note.unwrap_or_else(|| panic!("it is not said: {notes:?}"));
    assert!(note.contains(why), "`{note}` lacks `{why}`");
}

#[test]
fn a_claim_that_cannot_be_made_ends_no_job_and_is_told() {
    let (moto, sandbox) = served();
    unsure(
        &sandbox,
        "",
        "AWS_BATCH_JOB_ID is not set, so that a claim would name nobody",
    );
    moto.put(BUCKET, "claims/s-1/0", "{}");
    unsure(
        &sandbox,
        FIRST,
        "`s3://data/claims/s-1/0` names no job (remove it)",
    );
    drop(moto);
    unsure(&sandbox, FIRST, "cannot be reached");
}

#[test]
fn a_bucket_that_does_not_answer_ends_no_job_and_is_told() {
    let (moto, mut sandbox) = served();
    drop(moto);
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = silent.local_addr().expect("an address");
    sandbox.set("AWS_ENDPOINT_URL", format!("http://{address}"));
    unsure(&sandbox, FIRST, "no answer within 10 s");
}

#[test]
fn a_role_that_may_not_claim_is_told() {
    let (moto, keys) = Moto::guarded(BUCKET, "k", "x");
    let mut sandbox = Sandbox::new();
    sandbox.set_all(moto.environment());
    sandbox.set("AWS_ACCESS_KEY_ID", keys.id);
    sandbox.set("AWS_SECRET_ACCESS_KEY", keys.secret);
    sandbox.set("S3_BUCKET", BUCKET);
    sandbox.set("FFBATCH_SUBMISSION", "s-1");
    unsure(
        &sandbox,
        FIRST,
        "access is denied (allow `s3:PutObject` on `arn:aws:s3:::data/claims/s-1/0`)",
    );
}
