//! Traces that others wrote to X-Ray come into the bucket: all of them, once, and nothing is passed over in silence.

use std::collections::BTreeSet;

use ffbatch_dispatcher::exit::Exit;
use ffbatch_tests::aws::{Aws, BUCKET, Jobs, text};
use ffbatch_tests::catalog;
use ffbatch_tests::clip::{self, SHORT};
use ffbatch_tests::ended::Ended;
use ffbatch_tests::image;
use ffbatch_tests::sandbox::Sandbox;
use ffbatch_tests::tools;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// The watermark's key.
const WATERMARK: &str = "metrics/export/watermark.json";

/// A double with a bucket, and a sandbox whose programs talk to it.
fn account() -> (Aws, Sandbox) {
    let aws = Aws::start(Jobs::Stay("RUNNABLE"));
    aws.s3().create(BUCKET);
    let sandbox = aws.sandbox();
    (aws, sandbox)
}

#[track_caller]
fn export(sandbox: &Sandbox, flags: &str) -> Ended {
    let words = format!("traces export --bucket {BUCKET} {flags}");
    sandbox.ffbatch(words.trim().split(' '))
}

/// What an export says that it did.
#[track_caller]
fn exported(sandbox: &Sandbox, flags: &str) -> Value {
    let ended = export(sandbox, &format!("--json {flags}"));
    serde_json::from_str(&ended.ok().stdout).expect("JSON")
}

#[track_caller]
fn counts(summary: &Value, expected: [u64; 5]) {
    let found =
        ["traces", "written", "there", "own", "unfinished"].map(|name| summary[name].as_u64());
    assert_eq!(found, expected.map(Some), "{summary:#}");
}

fn ago(hours: i64) -> Timestamp {
    Timestamp::now() - SignedDuration::from_hours(hours)
}

/// The id of a trace; X-Ray's begin with their time.
fn trace(at: Timestamp, number: u64) -> String {
    format!("1-{:08x}-{number:024x}", at.as_second())
}

/// A segment as Amazon API Gateway writes it.
fn gateway(at: Timestamp, number: u64) -> Value {
    let start = at.as_duration().as_secs_f64();
    json!({
        "id": format!("{number:016x}"), "name": "api-batch-ffmpeg/prod", "trace_id": trace(at, number),
        "start_time": start, "end_time": start + 0.25, "origin": "AWS::ApiGateway::Stage",
        "http": {
            "request": { "url": "https://abc.execute-api.us-east-1.amazonaws.com/prod/batch/execute/arm", "method": "POST", "client_ip": "192.0.2.1" },
            "response": { "status": 200, "content_length": 0 },
        },
        "aws": { "account_id": "123456789012", "api_gateway": { "account_id": "123456789012", "rest_api_id": "abc", "stage": "prod" } },
        "annotations": { "aws:api_id": "abc", "aws:api_stage": "prod" },
        "metadata": { "default": { "extended_request_id": "x=" } },
        "subsegments": [{ "id": format!("{:016x}", number + 0xa000), "name": "Batch", "start_time": start, "end_time": start + 0.2, "namespace": "aws" }],
    })
}

/// A segment as AWS Step Functions writes it, of an execution that failed.
fn machine(at: Timestamp, number: u64) -> Value {
    let start = at.as_duration().as_secs_f64();
    json!({
        "id": format!("{:016x}", number + 0xb000), "name": "batch-ffmpeg-state-machine", "trace_id": trace(at, number),
        "start_time": start, "end_time": start + 0.5, "origin": "AWS::StepFunctions::StateMachine", "fault": true,
        "cause": "0123456789abcdef",
        "aws": { "execution_arn": "arn:aws:states:us-east-1:123456789012:execution:batch-ffmpeg-state-machine:a" },
        "subsegments": [{
            "id": format!("{:016x}", number + 0xc000), "name": "Submit", "start_time": start, "end_time": start + 0.4, "fault": true,
            "cause": { "exceptions": [{ "id": "0123456789abcdef", "type": "Batch.ClientException", "message": "no such queue" }] },
        }],
    })
}

/// A segment as the worker sends it.
fn job(at: Timestamp, number: u64) -> Value {
    let start = at.as_duration().as_secs_f64();
    json!({
        "id": format!("{:016x}", number + 0xd000), "name": "batch-ffmpeg-job", "trace_id": trace(at, number),
        "start_time": start, "end_time": start + 1.0, "annotations": { "application": "batch-ffmpeg" },
    })
}

#[track_caller]
fn put(aws: &Aws, segments: &[Value]) {
    let texts: Vec<String> = segments.iter().map(ToString::to_string).collect();
    let asked = json!({ "TraceSegmentDocuments": texts });
    let answer = aws.try_path("xray", "/TraceSegments", &asked);
    let answer = answer.expect("X-Ray takes segments");
    assert_eq!(answer["UnprocessedTraceSegments"], json!([]), "{answer:#}");
}

/// Where the document of a segment has to lie.
fn key(segment: &Value) -> String {
    let start = SignedDuration::from_secs_f64(segment["start_time"].as_f64().expect("a start"));
    let start = Timestamp::from_duration(start).expect("a time");
    let day = start.strftime("year=%Y/month=%m/day=%d");
    format!(
        "metrics/xray/{day}/{}_{}.json",
        text(segment, "trace_id"),
        text(segment, "id")
    )
}

/// The keys of the documents that are there.
fn documents(aws: &Aws) -> BTreeSet<String> {
    let mut keys = aws.s3().keys(BUCKET);
    keys.retain(|key| key.starts_with("metrics/xray/"));
    keys
}

fn keys(segments: &[Value]) -> BTreeSet<String> {
    segments.iter().map(key).collect()
}

/// Up to where everything is exported.
#[track_caller]
fn watermark(aws: &Aws) -> Timestamp {
    let bytes = aws.s3().get(BUCKET, WATERMARK);
    let mark: Value = serde_json::from_slice(&bytes).expect("JSON");
    text(&mark, "until").parse().expect("a time")
}

#[test]
fn what_others_wrote_becomes_documents_once() {
    let (aws, sandbox) = account();
    let at = ago(30);
    let (request, run, own) = (gateway(at, 1), machine(at, 1), job(at, 1));
    let mut other = gateway(at, 2);
    other["name"] = json!("api-of-others/prod");
    let lately = ago(2);
    let mut running = machine(lately, 3);
    running["in_progress"] = json!(true);
    running
        .as_object_mut()
        .expect("an object")
        .remove("end_time");
    put(&aws, &[request.clone(), run.clone(), own, other, running]);

    let dry = exported(&sandbox, "--dry-run");
    counts(&dry, [2, 2, 0, 1, 1]);
    assert_eq!(aws.s3().keys(BUCKET), BTreeSet::new());
    let first = exported(&sandbox, "");
    counts(&first, [2, 2, 0, 1, 1]);
    assert_eq!(documents(&aws), keys(&[request.clone(), run.clone()]));
    let text = aws.s3().get(BUCKET, &key(&run));
    let text = String::from_utf8(text).expect("text");
    assert!(!text.contains('\n'), "{text}");
    let written: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(written["cause"]["exceptions"][0]["id"], "0123456789abcdef");
    assert_eq!(written["subsegments"], run["subsegments"]);

    let filter = aws.parameters("GetTraceSummaries")[0]["FilterExpression"].clone();
    let expected = "service(\"api-batch-ffmpeg/prod\") OR service(\"batch-ffmpeg-state-machine\") OR annotation.application = \"batch-ffmpeg\"";
    assert_eq!(filter, expected);

    // Everything once more, and the execution that has ended meanwhile.
    let ended = machine(lately, 3);
    put(&aws, std::slice::from_ref(&ended));
    let again = exported(&sandbox, "--since 3d");
    counts(&again, [2, 1, 2, 1, 0]);
    assert_eq!(documents(&aws), keys(&[request, run, ended]));
    let mut stored = aws.stored(BUCKET);
    stored.retain(|key| key != WATERMARK);
    stored.sort();
    stored.dedup();
    assert_eq!(stored.len(), 3, "{stored:?}");
    assert_eq!(aws.violations(), Vec::<String>::new());
}

#[test]
fn a_job_that_has_written_its_own_is_left_alone() {
    let (aws, mut sandbox) = account();
    sandbox.place(SHORT, "in.mp4");
    sandbox.set_all([
        ("S3_BUCKET", BUCKET),
        ("AWS_BATCH_JQ_NAME", "batch-ffmpeg-job-queue-arm"),
        ("AWS_BATCH_JOB_ID", "0a1b2c3d"),
    ]);
    let words = "--input_url in.mp4 --output_file_options=-c\u{a0}copy --output_url out.mp4";
    let words = words.split(' ').map(|word| word.replace('\u{a0}', " "));
    sandbox.worker(words).ok();
    let written = documents(&aws);
    assert_eq!(written.len(), 1, "{written:?}");
    counts(&exported(&sandbox, ""), [1, 0, 0, 1, 0]);
    assert_eq!(documents(&aws), written);
    assert_eq!(aws.violations(), Vec::<String>::new());
}

#[test]
fn what_comes_late_is_caught() {
    let (aws, sandbox) = account();
    exported(&sandbox, "");
    let mark = watermark(&aws);
    let late = gateway(mark - SignedDuration::from_mins(50), 1);
    put(&aws, std::slice::from_ref(&late));
    counts(&exported(&sandbox, ""), [1, 1, 0, 0, 0]);
    assert_eq!(documents(&aws), keys(&[late]));
    assert!(watermark(&aws) > mark);
    // What the watermark does not know of must not lie behind it.
    let before = watermark(&aws);
    let summary = exported(&sandbox, "--since 2h --until 90m");
    counts(&summary, [0, 0, 0, 0, 0]);
    assert_eq!(watermark(&aws), before);
    let refused = export(&sandbox, "--since 2h --until 3h");
    refused.fails(Exit::Rejected, "there is no time from");
}

#[test]
fn a_gap_is_not_passed_over() {
    let (aws, sandbox) = account();
    exported(&sandbox, "--until 20h");
    let mark = watermark(&aws);
    let between = gateway(ago(10), 1);
    put(&aws, std::slice::from_ref(&between));
    let summary = exported(&sandbox, "--since 2h");
    counts(&summary, [0, 0, 0, 0, 0]);
    assert!(
        summary["notes"][0]
            .as_str()
            .is_some_and(|note| note.contains("the watermark stays"))
    );
    assert_eq!(watermark(&aws), mark);
    counts(&exported(&sandbox, ""), [1, 1, 0, 0, 0]);
}

#[test]
fn midnight_and_the_end_of_a_month_lose_nothing() {
    let (aws, sandbox) = account();
    let now = Timestamp::now().as_second();
    let today = now - now % 86_400;
    let mut segments = Vec::new();
    for day in 0..29 {
        for (number, offset) in (0..).zip([-300, -100, 0, 100]) {
            let at = (today - day * 86_400) * 1000 + offset;
            let at = Timestamp::from_millisecond(at).expect("a time");
            let id = u64::try_from(day * 10 + number).expect("positive");
            segments.push(gateway(at, id));
        }
    }
    // Those of today that are still to come are none.
    segments.retain(|one| {
        one["end_time"].as_f64() < Some(Timestamp::now().as_duration().as_secs_f64())
    });
    for some in segments.chunks(50) {
        put(&aws, some);
    }
    let count = u64::try_from(segments.len()).expect("few");
    assert!(count > 100);
    counts(&exported(&sandbox, ""), [count, count, 0, 0, 0]);
    assert_eq!(documents(&aws), keys(&segments));
    assert_eq!(aws.violations(), Vec::<String>::new());
}

#[test]
fn what_x_ray_does_not_hand_out_ends_the_export() {
    let (aws, sandbox) = account();
    let (old, new) = (gateway(ago(60), 1), gateway(ago(5), 2));
    put(&aws, &[old.clone(), new.clone()]);
    aws.trace(&json!({ "held": [new["trace_id"]] }));
    let failed = export(&sandbox, "");
    failed.fails(Exit::Input, "X-Ray lists traces that it does not hand out");
    assert!(failed.error().starts_with("the traces of 20"), "{failed}");
    assert_eq!(documents(&aws), keys(std::slice::from_ref(&old)));
    let mark = watermark(&aws);
    assert!(mark > ago(60) && mark <= ago(5), "{mark}");
    aws.trace(&json!({ "held": [] }));
    counts(&exported(&sandbox, ""), [1, 1, 0, 0, 0]);
    assert_eq!(documents(&aws), keys(&[old, new]));
}

#[test]
fn one_trace_that_never_came_held_all_that_followed() {
    let (aws, sandbox) = account();
    let (old, new) = (gateway(ago(60), 1), gateway(ago(5), 2));
    put(&aws, &[old.clone(), new.clone()]);
    aws.trace(&json!({ "held": [old["trace_id"]] }));
    let summary = exported(&sandbox, "");
    counts(&summary, [1, 1, 0, 0, 0]);
    let note = summary["notes"][0].as_str().unwrap_or_default();
    assert!(note.contains("does not hand out"), "{summary:#}");
    assert_eq!(documents(&aws), keys(&[new]));
    assert!(watermark(&aws) > ago(1));
}

#[test]
fn a_watermark_older_than_all_that_x_ray_keeps_stayed_for_ever() {
    let (aws, sandbox) = account();
    let mark = json!({ "version": 1, "until": ago(40 * 24), "written": ago(40 * 24), "traces": 0, "documents": 0 });
    aws.s3().put(BUCKET, WATERMARK, mark.to_string());
    let segment = gateway(ago(50), 1);
    put(&aws, std::slice::from_ref(&segment));
    let summary = exported(&sandbox, "");
    counts(&summary, [1, 1, 0, 0, 0]);
    let note = summary["notes"][0].as_str().unwrap_or_default();
    assert!(note.contains("X-Ray has nothing left"), "{summary:#}");
    assert!(watermark(&aws) > ago(1));
}

#[test]
fn throttling_is_waited_for_and_then_said() {
    let (aws, sandbox) = account();
    let segment = gateway(ago(2), 1);
    put(&aws, std::slice::from_ref(&segment));
    let busy = |operation: &str, times: u32| {
        aws.fault(&json!({
            "operation": operation, "times": times, "status": 429, "code": "ThrottledException", "message": "Rate exceeded",
        }));
    };
    busy("BatchGetTraces", 5);
    let failed = export(&sandbox, "--since 3h");
    failed.fails(
        Exit::Input,
        "ThrottledException: Rate exceeded (the account makes too many calls",
    );
    assert_eq!(aws.s3().keys(BUCKET), BTreeSet::new());
    busy("BatchGetTraces", 2);
    busy("GetTraceSummaries", 1);
    counts(&exported(&sandbox, "--since 3h"), [1, 1, 0, 0, 0]);
    assert_eq!(documents(&aws), keys(&[segment]));
}

#[test]
fn a_bucket_that_refuses_is_said() {
    let (_aws, sandbox) = account();
    let failed = sandbox.ffbatch("traces export --bucket of-nobody".split(' '));
    failed.fails(Exit::Input, "of-nobody");
}

#[test]
fn traces_in_cloudwatch_logs_are_retrieved() {
    let (aws, sandbox) = account();
    let before = gateway(ago(200), 1);
    put(&aws, std::slice::from_ref(&before));
    aws.trace(&json!({ "destination": "CloudWatchLogs" }));
    let after: Vec<Value> = (2..9).map(|number| gateway(ago(20), number)).collect();
    put(&aws, &after);
    let summary = exported(&sandbox, "");
    counts(&summary, [8, 8, 0, 0, 0]);
    let note = summary["notes"][0].as_str().unwrap_or_default();
    assert!(note.starts_with("Transaction Search is on"), "{note}");
    let mut all = after;
    all.push(before);
    assert_eq!(documents(&aws), keys(&all));
    counts(&exported(&sandbox, "--since 300h"), [8, 0, 8, 0, 0]);
    assert_eq!(aws.violations(), Vec::<String>::new());
}

#[test]
fn a_worker_without_its_companion_says_so() {
    let sandbox = Sandbox::new();
    std::fs::copy(tools::worker(), sandbox.path("worker")).expect("a sandbox is writable");
    let run = sandbox
        .command(&sandbox.path("worker"))
        .arg("export-traces")
        .output();
    let ended = Ended::of(&run.expect("it starts"), "/none");
    ended.fails(
        Exit::Machine,
        "`ffbatch-traces-export` cannot be started beside the worker",
    );
}

#[test]
fn the_tables_read_what_others_wrote() {
    let (aws, sandbox) = account();
    let at = ago(30);
    put(&aws, &[gateway(at, 1), machine(at, 1)]);
    exported(&sandbox, "");
    let below = sandbox.path("documents");
    aws.s3()
        .download(BUCKET, "metrics/", &below.join("metrics"));
    let query = "SELECT segment_name, subsegment_name, fault, subsegment_cause FROM batch_ffmpeg.batch_ffmpeg_xray_subsegment ORDER BY segment_name";
    let answer = catalog::asked(&sandbox, &below, "batch-ffmpeg", Some(query));
    let row = |segment, part, fault, cause: Option<&str>| json!({ "segment_name": segment, "subsegment_name": part, "fault": fault, "subsegment_cause": cause });
    let expected = json!([
        row("api-batch-ffmpeg/prod", "Batch", false, None),
        row(
            "batch-ffmpeg-state-machine",
            "Submit",
            true,
            Some("no such queue")
        ),
    ]);
    assert_eq!(answer["rows"], expected);
}

#[test]
fn the_stack_exports_by_itself() {
    let Some(aws) = Aws::with_docker() else {
        return;
    };
    let sandbox = aws.sandbox();
    let api = aws.api(&sandbox, "--compute arm");
    let at = ago(30);
    let segments = [gateway(at, 1), machine(at, 1)];
    put(&aws, &segments);
    // The definition of the stack, with an image that is here.
    let name = "batch-ffmpeg-job-definition-export";
    let asked = json!({ "jobDefinitionName": name, "status": "ACTIVE" });
    let found = aws.batch("DescribeJobDefinitions", &asked)["jobDefinitions"][0].take();
    let mut definition = json!({ "jobDefinitionName": name });
    for member in [
        "type",
        "platformCapabilities",
        "timeout",
        "containerProperties",
    ] {
        definition[member] = found[member].clone();
    }
    definition["containerProperties"]["image"] = json!(image::worker());
    aws.register(&definition);
    // What the schedule would say.
    let synth = sandbox.ffbatch("deploy synth --compute arm".split(' '));
    let template: Value = serde_json::from_str(&synth.ok().stdout).expect("JSON");
    let target = &template["Resources"]["ExportSchedule"]["Properties"]["Target"];
    let input: Value =
        serde_json::from_str(target["Input"]["Fn::Sub"].as_str().expect("a text")).expect("JSON");
    assert_eq!(
        (&input["JobQueue"], &input["JobDefinition"]),
        (&json!("${ExportQueue}"), &json!("${ExportDefinition}"))
    );
    let export = || {
        let (status, answer) = api.ask("/metrics/export", "");
        assert_eq!(status, 200, "{answer:#}");
        text(&answer, "jobId")
    };
    let bucket = aws.s3().buckets().remove(0);
    let documents = || {
        let mut keys = aws.s3().keys(&bucket);
        keys.retain(|key| key.starts_with("metrics/xray/"));
        keys
    };
    for _ in 0..2 {
        let job = export();
        aws.until(&job, "SUCCEEDED");
        assert_eq!(documents(), keys(&segments));
    }
    assert!(aws.s3().keys(&bucket).contains(WATERMARK));

    // The verb finds the bucket by itself, and what X-Ray keeps back fails the job.
    let summary = sandbox.ffbatch("traces export --json --since 2d".split(' '));
    counts(
        &serde_json::from_str(&summary.ok().stdout).expect("JSON"),
        [1, 0, 2, 0, 0],
    );
    let more = gateway(Timestamp::now() - SignedDuration::from_mins(5), 9);
    put(&aws, std::slice::from_ref(&more));
    aws.trace(&json!({ "held": [more["trace_id"]] }));
    let job = export();
    let failed = aws.until(&job, "FAILED");
    assert_eq!(
        failed["container"]["exitCode"],
        Exit::Input.code(),
        "{failed:#}"
    );
    assert_eq!(aws.violations(), Vec::<String>::new());
}

#[test]
fn a_job_shows_in_x_ray_and_is_not_exported_again() {
    let Some(aws) = Aws::with_docker() else {
        return;
    };
    aws.s3().create(BUCKET);
    aws.s3().put(BUCKET, "in.mp4", clip::bytes(SHORT));
    aws.compute("intel", &image::worker());
    let sandbox = aws.sandbox();
    let run = |output: &str| {
        let words = format!(
            "run --compute intel --json -- ffmpeg -i s3://{BUCKET}/in.mp4 -c copy s3://{BUCKET}/{output}"
        );
        let ended = sandbox.ffbatch(words.split(' '));
        let told: Value = serde_json::from_str(&ended.ok().stdout).expect("JSON");
        told["report"]["notes"].to_string()
    };
    let notes = run("out.mp4");
    assert!(!notes.contains("X-Ray"), "{notes}");
    counts(&exported(&sandbox, ""), [1, 0, 0, 1, 0]);
    assert_eq!(documents(&aws).len(), 1);
    // No job fails for what X-Ray does not take.
    aws.fault(
        &json!({ "operation": "PutTraceSegments", "status": 403, "code": "AccessDeniedException", "message": "no" }),
    );
    let notes = run("again.mp4");
    let said = "X-Ray does not have the trace: the answer is 403: AccessDeniedException";
    assert!(notes.contains(said), "{notes}");
    assert!(notes.contains("`xray:PutTraceSegments`"), "{notes}");
    assert_eq!(documents(&aws).len(), 2);
}
