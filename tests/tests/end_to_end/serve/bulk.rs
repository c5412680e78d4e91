//! Bulk runs and the export of traces, by the routes of the API on AWS.

use std::collections::BTreeSet;

use ffbatch_tests::clip::{SHORT, bytes};
use ffbatch_tests::moto::Moto;
use ffbatch_tests::sandbox::{Sandbox, until};
use ffbatch_tests::server::Server;
use serde_json::{Value, json};

struct Place {
    moto: Moto,
    _sandbox: Sandbox,
    server: Server,
}

impl Place {
    fn new() -> Self {
        let moto = Moto::with("media");
        let mut sandbox = Sandbox::new();
        sandbox.set_all(moto.environment());
        sandbox.set("AWS_EC2_METADATA_DISABLED", "true");
        let server = Server::start(&sandbox, &[]);
        Self {
            moto,
            _sandbox: sandbox,
            server,
        }
    }

    /// Starts a run, and tells what became of it.
    #[track_caller]
    fn run(&self, body: &Value) -> Value {
        let (status, answer) = self.server.post("/prod/state/execute", body);
        assert_eq!(status, 200, "{answer}");
        let mut last = Value::Null;
        until("the run has ended", || {
            let (status, described) = self.server.post("/state/describe", &answer);
            assert_eq!(status, 200, "{described}");
            last = described;
            last["status"] != "RUNNING"
        });
        last
    }
}

#[test]
fn every_media_object_becomes_a_job() {
    let place = Place::new();
    let keys = [
        "raw/a.mp4",
        "raw/it's, \"b\" ü.MP4",
        "raw/deep/c,s3://x.mov",
    ];
    for key in keys {
        place.moto.put("media", key, bytes(SHORT));
    }
    place.moto.put("media", "raw/notes.txt", "text");
    place.moto.put("media", "raw/empty.mp4", "");
    place.moto.put("media", "other/d.mp4", bytes(SHORT));
    let body = json!({
        "name": "clips", "compute": "local",
        "input": { "s3_bucket": "media", "s3_prefix": "raw/", "file_options": "null" },
        "output": { "s3_bucket": "media", "s3_prefix": "out/", "s3_suffix": ".mkv", "file_options": "-c copy" },
        "global": { "options": "null" },
    });
    let described = place.run(&body);
    assert_eq!(described["status"], "SUCCEEDED", "{described}");
    assert_eq!(described["counts"], json!({ "SUCCEEDED": 3 }));
    assert!(described["startDate"].as_f64() <= described["stopDate"].as_f64());
    let written: BTreeSet<String> = place.moto.keys("media");
    let expected: BTreeSet<String> = keys.iter().map(|key| format!("out/{key}.mkv")).collect();
    let new: BTreeSet<String> = written
        .into_iter()
        .filter(|key| key.starts_with("out/"))
        .collect();
    assert_eq!(new, expected);
    let parent = described["jobIds"][0].as_str().expect("an id");
    let (_, children) = place.server.get(&format!("/jobs?parent={parent}"));
    assert_eq!(children["jobs"].as_array().map(Vec::len), Some(3));
    // It is known after the server was started anew, since all there is to know stands in its name.
    let arn = described["executionArn"].as_str().expect("an ARN");
    assert!(
        arn.starts_with("arn:ffbatch:states:local::execution:bulk:10:"),
        "{arn}"
    );
}

#[test]
fn too_many_failures_are_a_failure() {
    let place = Place::new();
    place.moto.put("media", "a.mp4", bytes(SHORT));
    place.moto.put("media", "b.mp4", "no video");
    let mut body = json!({
        "compute": "local",
        "input": { "s3_bucket": "media" },
        "output": { "s3_prefix": "out/", "file_options": "-c copy" },
    });
    let described = place.run(&body);
    assert_eq!(described["status"], "FAILED", "{described}");
    assert_eq!(described["error"], "States.ExceedToleratedFailureThreshold");
    assert_eq!(described["cause"], "1 of 2 jobs failed, 10 % are tolerated");
    body["tolerated_failure_percentage"] = json!(50);
    body["input"]["extensions"] = json!(["mp4"]);
    body["output"]["s3_prefix"] = json!("again/");
    // What the first run wrote is media as well.
    assert_eq!(place.run(&body)["status"], "SUCCEEDED");
}

#[test]
fn what_cannot_start_is_said_at_once() {
    let place = Place::new();
    place.moto.put("media", "a.mp4", bytes(SHORT));
    let good = json!({
        "compute": "local", "input": { "s3_bucket": "media" }, "output": { "s3_prefix": "out/" },
    });
    let check = |change: &dyn Fn(&mut Value), expected: u16, part: &str| {
        let mut body = good.clone();
        change(&mut body);
        let (status, answer) = place.server.post("/state/execute", &body);
        let said = answer["message"].as_str().unwrap_or_default();
        assert!(
            status == expected && said.contains(part),
            "{body}: {status} {answer} lacks `{part}`"
        );
    };
    check(
        &|body| body["compute"] = json!("arm"),
        404,
        "is not served here",
    );
    check(&|body| body["output"] = json!({}), 400, "would overwrite");
    check(
        &|body| body["input"]["s3_bucket"] = json!("none"),
        404,
        "none",
    );
    check(
        &|body| body["input"]["s3_prefix"] = json!("zzz/"),
        404,
        "there is no media under `s3://media/zzz/`",
    );
    check(
        &|body| body["input"]["extensions"] = json!(["mov"]),
        404,
        "objects there: 1",
    );
    check(
        &|body| body["speed"] = json!(1),
        400,
        "unknown field `speed`",
    );
    check(
        &|body| body["output"]["file_options"] = json!("-c 'copy"),
        400,
        "never closed",
    );
    check(
        &|body| body["tolerated_failure_percentage"] = json!(101),
        400,
        "from 0 to 100",
    );
    for (arn, status) in [
        (
            "arn:aws:states:eu-west-1:1:execution:batch-ffmpeg-state-machine:x",
            400,
        ),
        ("arn:ffbatch:states:local::execution:bulk:10:none", 404),
        ("arn:ffbatch:states:arm::execution:bulk:10:none", 404),
    ] {
        let (got, answer) = place
            .server
            .post("/state/describe", &json!({ "executionArn": arn }));
        assert_eq!(got, status, "{arn}: {answer}");
    }
    let (_, jobs) = place.server.get("/jobs");
    assert_eq!(jobs["jobs"], json!([]), "nothing was taken");
}

#[test]
fn what_runs_here_has_written_its_traces() {
    let place = Place::new();
    let (status, answer) = place.server.get("/prod/metrics/export");
    assert_eq!(status, 200);
    let said = answer["message"].as_str().unwrap_or_default();
    assert!(said.contains("nothing is left to export"), "{answer}");
    assert!(answer["jobId"].is_string());
}
