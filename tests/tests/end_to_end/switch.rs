//! The switch of an installation on AWS: what the worker makes of a job that says nothing of quality.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use ffbatch_dispatcher::report::{QualityReport, Report};
use ffbatch_tests::clip::SHORT;
use ffbatch_tests::moto::Moto;
use ffbatch_tests::sandbox::Sandbox;
use serde_json::json;

const PARAMETER: &str = "/batch-ffmpeg/ffqm";

/// A machine of AWS Batch with `in.mp4`, which finds AWS at an endpoint.
fn batch(endpoint: &str) -> Sandbox {
    let mut sandbox = Sandbox::with(SHORT, "in.mp4");
    sandbox.set("AWS_BATCH_JQ_NAME", "batch-ffmpeg-job-queue-arm");
    sandbox.set("AWS_ENDPOINT_URL_SSM", endpoint);
    sandbox.set("AWS_REGION", "eu-west-1");
    sandbox.set("AWS_ACCESS_KEY_ID", "test");
    sandbox.set("AWS_SECRET_ACCESS_KEY", "test");
    sandbox.set("AWS_EC2_METADATA_DISABLED", "true");
    sandbox
}

/// A machine of AWS Batch that finds AWS in a server of this test.
fn served(moto: &Moto) -> Sandbox {
    let mut sandbox = batch("");
    sandbox.set_all(moto.environment());
    sandbox
}

/// The report of a job of three frames that says this of quality.
#[track_caller]
fn report(sandbox: &Sandbox, quality: Option<&[&str]>) -> Report {
    report_of(sandbox, quality, "after")
}

/// The same of one that wants it measured then.
#[track_caller]
fn report_of(sandbox: &Sandbox, quality: Option<&[&str]>, when: &str) -> Report {
    let words = "-i in.mp4 -frames:v 3 -c:v libx264 -preset ultrafast -an out.mp4";
    let words: Vec<String> = words
        .split(' ')
        .map(|word| match word.strip_suffix(".mp4") {
            Some(_) => sandbox.path(word).display().to_string(),
            None => word.to_owned(),
        })
        .collect();
    let mut job = json!({ "version": 1, "commands": [words], "measure": when });
    if let Some(quality) = quality {
        job["quality"] = quality.into();
    }
    let ended = sandbox.worker(["--job", &job.to_string(), "--report", "report.json"]);
    ended.ok();
    let text = std::fs::read_to_string(sandbox.path("report.json")).expect("it was written");
    serde_json::from_str(&text).expect("a report")
}

/// What was measured of a job that says nothing.
#[track_caller]
fn measured(moto: &Moto) -> Option<QualityReport> {
    report(&served(moto), None).quality
}

#[test]
fn a_job_that_says_nothing_does_what_the_switch_says() {
    let moto = Moto::start();
    moto.wake_systems_manager();
    assert_eq!(measured(&moto), None, "without a switch it is off");
    moto.set_parameter(PARAMETER, "true ");
    let quality = measured(&moto).expect("it is on");
    assert_eq!(quality.asked, ["psnr", "ssim", "vmaf"]);
    assert_eq!(quality.outputs[0].scores.len(), 3, "{quality:?}");
}

#[test]
fn off_is_off() {
    let moto = Moto::start();
    moto.set_parameter(PARAMETER, "FALSE");
    let report = report(&served(&moto), None);
    assert_eq!(report.quality, None);
    assert_eq!(report.notes, Vec::<String>::new());
}

#[test]
fn a_job_that_says_something_asks_nobody() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("a socket");
    let address = listener.local_addr().expect("an address");
    let mut sandbox = batch(&format!("http://{address}"));
    assert_eq!(report(&sandbox, Some(&[])).quality, None);
    let quality = report(&sandbox, Some(&["psnr"])).quality;
    assert_eq!(quality.expect("it is asked for").asked, ["psnr"]);
    // Nor does any job that is not one of AWS Batch.
    sandbox.set("AWS_BATCH_JQ_NAME", "");
    assert_eq!(report(&sandbox, None).quality, None);
    let asked = listener.accept().map_err(|error| error.kind());
    assert_eq!(asked.map(|_| ()), Err(ErrorKind::WouldBlock));
}

/// Asserts that the job is done, and that its report says why nothing was measured.
#[track_caller]
fn check(sandbox: &Sandbox, part: &str) {
    let report = report(sandbox, None);
    assert!(sandbox.path("out.mp4").exists());
    let quality = report.quality.expect("it is said");
    assert_eq!((quality.asked.len(), quality.outputs.len()), (0, 0));
    let why = quality.refused.expect("a sentence");
    assert!(why.contains(part), "`{why}` lacks `{part}`");
    let last = report.stages.iter().find_map(|stage| stage.error.as_ref());
    assert_eq!(last, Some(&why), "the trace says so too");
}

#[test]
fn a_switch_that_cannot_be_read_fails_no_job_and_is_told() {
    let moto = Moto::start();
    moto.set_parameter(PARAMETER, "yes");
    check(&served(&moto), "is `yes` (set it to TRUE or FALSE)");
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("an address").port()
    };
    let nowhere = batch(&format!("http://127.0.0.1:{port}"));
    check(&nowhere, "cannot be reached: Connection refused");
    let mut nobody = batch(&format!("http://127.0.0.1:{port}"));
    nobody.set("AWS_ACCESS_KEY_ID", "");
    nobody.set("AWS_EC2_METADATA_DISABLED", "true");
    check(
        &nobody,
        "there are no AWS credentials (give the job a role)",
    );
    check(&batch("nonsense"), "the endpoint `nonsense` is no URL");
}

#[test]
fn an_encode_measured_itself_before_the_switch_had_answered() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = silent.local_addr().expect("an address");
    let sandbox = batch(&format!("http://{address}"));
    let report = report_of(&sandbox, None, "inside");
    assert!(
        report.notes[0].starts_with("if quality is measured, then afterwards"),
        "{:?}",
        report.notes
    );
    let quality = report.quality.expect("it is said");
    assert!(quality.refused.is_some() && quality.outputs.is_empty());
}

#[test]
fn a_switch_that_does_not_answer_held_short_jobs_for_five_seconds() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = silent.local_addr().expect("an address");
    let begin = Instant::now();
    let sandbox = batch(&format!("http://{address}"));
    check(
        &sandbox,
        "there was no answer before the job's end (give the machine a way to the endpoint of Systems Manager, or the job FFBATCH_FFQM=TRUE",
    );
    let held = begin.elapsed().saturating_sub(stages(&sandbox));
    assert!(held < Duration::from_secs(3), "it was held for {held:?}");
}

/// How long the stages of the last job took.
#[track_caller]
fn stages(sandbox: &Sandbox) -> Duration {
    let text = std::fs::read_to_string(sandbox.path("report.json")).expect("it was written");
    let report: Report = serde_json::from_str(&text).expect("a report");
    Duration::from_secs_f64(report.stages.iter().map(|stage| stage.seconds).sum())
}

#[test]
fn whoever_submits_a_job_may_say_what_the_switch_says() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("a socket");
    let address = listener.local_addr().expect("an address");
    for queue in ["batch-ffmpeg-job-queue-arm", ""] {
        let told = |value: &str| {
            let mut sandbox = batch(&format!("http://{address}"));
            sandbox.set("AWS_BATCH_JQ_NAME", queue);
            sandbox.set("FFBATCH_FFQM", value);
            sandbox
        };
        assert_eq!(report(&told("FALSE"), None).quality, None);
        for when in ["after", "inside"] {
            let report = report_of(&told("TRUE"), None, when);
            let quality = report.quality.expect("it is on");
            assert_eq!(quality.outputs[0].scores.len(), 3, "{when}: {quality:?}");
            assert_eq!(report.notes, Vec::<String>::new(), "{when}");
        }
        assert_eq!(
            report(&told("TRUE"), Some(&[])).quality,
            None,
            "the job says it"
        );
        check(
            &told("yes"),
            "the variable `FFBATCH_FFQM` is `yes` (set it to TRUE or FALSE)",
        );
    }
    let asked = listener.accept().map_err(|error| error.kind());
    assert_eq!(asked.map(|_| ()), Err(ErrorKind::WouldBlock));
}

#[test]
fn a_switch_that_is_busy_is_asked_again() {
    let server = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = server.local_addr().expect("an address");
    let answers = [
        ("400 Bad Request", r#"{"__type":"ThrottlingException"}"#),
        ("200 OK", r#"{"Parameter":{"Value":"TRUE"}}"#),
    ];
    let serving = std::thread::spawn(move || {
        for (status, body) in answers {
            let (mut stream, _) = server.accept().expect("a call");
            let mut request = [0; 4096];
            let read = stream.read(&mut request).expect("a request");
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
            );
            stream.write_all(answer.as_bytes()).expect("it is read");
            let request = String::from_utf8_lossy(&request[..read]).to_lowercase();
            assert!(request.contains("x-amz-target: amazonssm.getparameter"));
            assert!(request.contains("/eu-west-1/ssm/aws4_request"), "{request}");
        }
    });
    let quality = report(&batch(&format!("http://{address}")), None).quality;
    serving.join().expect("both were asked for");
    assert_eq!(quality.expect("it is on").outputs[0].scores.len(), 3);
}

#[test]
fn a_role_that_may_not_read_the_switch_is_told_what_it_needs() {
    let (moto, keys) = Moto::guarded("media", "k", "x");
    moto.wake_systems_manager();
    let mut sandbox = served(&moto);
    sandbox.set("AWS_ACCESS_KEY_ID", keys.id);
    sandbox.set("AWS_SECRET_ACCESS_KEY", keys.secret);
    // The server has checked the signature before it looks for a policy.
    check(&sandbox, "is not authorized to perform: ssm:GetParameter");
    check(&sandbox, "(allow the job's role `ssm:GetParameter` on it)");
}
