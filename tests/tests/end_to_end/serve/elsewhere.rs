//! Computes on AWS behind a server of this machine.

use std::io::BufRead;

use ffbatch_tests::aws::{Aws, BUCKET, installed};
use ffbatch_tests::clip::{SHORT, bytes};
use ffbatch_tests::image;
use ffbatch_tests::sandbox::{Sandbox, until};
use ffbatch_tests::server::Server;
use serde_json::{Value, json};

use super::ground::{copy, ended, submitted};

const FLAGS: [&str; 4] = ["--compute", "local", "--compute", "arm"];

#[test]
fn jobs_have_the_names_of_aws() {
    let (aws, sandbox) = installed("arm");
    let server = Server::start(&sandbox, &FLAGS);
    let body = json!({ "input_url": "s3://media/a.mp4", "output_url": "s3://media/b.mp4" });
    let (status, answer) = server.post("/prod/arm/ffmpeg", &body);
    assert_eq!(status, 200, "{answer}");
    let id = answer["jobId"].as_str().expect("an id");
    let arn = aws.describe(id)["jobArn"].clone();
    assert!(
        arn.as_str()
            .is_some_and(|arn| arn.starts_with("arn:aws:batch:"))
    );
    assert_eq!(answer["jobArn"], arn);
    let (status, job) = server.post("/batch/describe", &json!({ "jobId": arn }));
    assert_eq!((status, &job["status"]), (200, &json!("RUNNABLE")), "{job}");
    let (status, _) = server.post(&format!("/jobs/{id}/cancel"), &json!({}));
    assert_eq!(status, 202);
    assert_eq!(ended(&server, id)["status"], "FAILED");
    // What would be left in the bucket is said before.
    let typed = json!({ "compute": "arm", "command": "ffmpeg -i s3://media/a.mp4 /tmp/b.mp4" });
    let (status, answer) = server.post("/jobs", &typed);
    let said = answer["message"].as_str().unwrap_or_default();
    assert!(
        status == 400 && said.contains("nobody would bring the result from `arm` to `/tmp/b.mp4`"),
        "{status} {answer}"
    );
    let (status, answer) = server.get("/metrics/export");
    let said = answer["message"].as_str().unwrap_or_default();
    assert!(status == 200 && said.starts_with("an export "), "{answer}");
    until("the export has ended", || {
        let (_, answer) = server.get("/metrics/export");
        let said = answer["message"].as_str().unwrap_or_default().to_owned();
        said.contains("the last one failed: there is no stack `batch-ffmpeg-stack` with a bucket")
    });
}

#[test]
fn a_bulk_run_in_containers() {
    let Some(aws) = Aws::with_docker() else {
        return;
    };
    aws.s3().create(BUCKET);
    aws.compute("arm", &image::worker());
    for key in ["raw/a.mp4", "raw/b.mp4", "raw/c.mp4"] {
        aws.s3().put(BUCKET, key, bytes(SHORT));
    }
    let sandbox = aws.sandbox();
    let server = Server::start(&sandbox, &FLAGS);
    let body = json!({
        "compute": "arm",
        "input": { "s3_bucket": BUCKET, "s3_prefix": "raw/" },
        "output": { "s3_bucket": BUCKET, "s3_prefix": "out/", "file_options": "-c copy" },
    });
    let (status, answer) = server.post("/state/execute", &body);
    assert_eq!(status, 200, "{answer}");
    let mut last = Value::Null;
    until("the run has ended", || {
        last = server.post("/state/describe", &answer).1;
        last["status"] != "RUNNING"
    });
    assert_eq!(last["status"], "SUCCEEDED", "{last}");
    assert_eq!(last["counts"], json!({ "SUCCEEDED": 3 }));
    let child = format!("{}:1", last["jobIds"][0].as_str().expect("an id"));
    let (status, report) = server.get(&format!("/jobs/{child}/report"));
    assert_eq!(
        (status, &report["exit"]),
        (200, &json!("succeeded")),
        "{report}"
    );
    let (head, part) = server.bytes(&format!("/jobs/{child}/outputs/0"), "Range: bytes=4-11\r\n");
    assert!(head.contains(" 206 "), "{head}");
    assert_eq!(part, b"ftypisom");
    let (status, log) = server.get_with(&format!("/jobs/{child}/log"), "");
    assert!(status == 200 && log.contains("Input #0"), "{log}");
    assert_eq!(aws.violations(), Vec::<String>::new());
}

/// The other computes have their jobs all the same.
#[test]
fn a_compute_that_cannot_be_reached_is_missed_alone() {
    let mut sandbox = Sandbox::with(SHORT, "in.mp4");
    for (name, value) in [
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        // Nobody listens there.
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
    ] {
        sandbox.set(name, value);
    }
    let server = Server::start(&sandbox, &FLAGS);
    let mut lines = server.stream("/events").lines().map_while(Result::ok);
    let id = submitted(&server, "/local/ffmpeg", &copy(&sandbox, "100", "out.mp4"));
    assert_eq!(ended(&server, &id)["status"], "SUCCEEDED");
    let told = lines.any(|line| line.contains(&id) && line.contains("\"SUCCEEDED\""));
    assert!(told, "the stream ended");
    let (status, listing) = server.get("/jobs");
    assert_eq!((status, &listing["jobs"][0]["jobId"]), (200, &json!(id)));
    assert!(listing["missing"]["arm"].is_string(), "{listing}");
    let (status, _) = server.get("/jobs?compute=arm");
    assert!([429, 502].contains(&status), "{status}");
    let (status, metrics) = server.get_with("/metrics", "");
    assert_eq!(status, 200);
    for line in [
        "ffbatch_compute_up{compute=\"arm\"} 0",
        "ffbatch_compute_up{compute=\"local\"} 1",
        "ffbatch_jobs{compute=\"local\",state=\"SUCCEEDED\"} 1",
    ] {
        assert!(metrics.contains(line), "{metrics}");
    }
}
