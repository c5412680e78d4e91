//! What is refused before anything is sent on.

use ffbatch_tests::aws::{Aws, Jobs, text};
use serde_json::{Value, json};

use super::ground::{OPTIONAL, deployed, least, with};

#[test]
fn bodies_that_are_wrong_are_refused() {
    let aws = Aws::start(Jobs::Stay("RUNNABLE"));
    let api = deployed(&aws);
    let refused = |path: &str, body: &str, part: &str| {
        let (status, answer) = api.ask(path, body);
        assert_eq!(status, 400, "{path} {body}: {answer:#}");
        let message = text(&answer, "message");
        assert!(message.contains(part), "{path} {body}: {message}");
    };
    let mut wrong = vec![
        (json!({}), "input_url"),
        (json!({ "input_url": "s3://b/a" }), "output_url"),
        (json!([least()]), "object"),
        (json!("ffmpeg"), "object"),
        (Value::Null, "object"),
        (with("input_url", json!("")), "non-empty"),
        (with("preset", json!("fast")), "preset"),
        (with("job", json!("null")), "job"),
        (with("Name", json!("x")), "Name"),
        (with("compute", json!("intel")), "intel"),
        (with("instance_type", json!("c7i.large")), "c7i.large"),
        (with("instance_type", json!("")), "one of"),
        (with("output_file_options", json!("x".repeat(7169))), "long"),
    ];
    for name in OPTIONAL.into_iter().chain(["input_url", "instance_type"]) {
        for other in [
            json!(1),
            json!(0.5),
            json!(true),
            Value::Null,
            json!([]),
            json!({}),
        ] {
            wrong.push((with(name, other), "string"));
        }
    }
    for (body, part) in &wrong {
        refused("/arm/ffmpeg", &body.to_string(), part);
        refused("/batch/execute/nvidia", &body.to_string(), "");
    }
    for text in ["", "{", "input_url=s3://b/a", "{\"input_url\":}"] {
        refused("/arm/ffmpeg", &format!(" {text}"), "parse");
    }
    let fargate = with("instance_type", json!("c7g.large")).to_string();
    refused("/fargate/ffmpeg", &fargate, "instance_type");
    refused("/batch/describe", "{}", "jobId");
    refused("/batch/describe", r#"{"jobId":["a"]}"#, "string");
    refused("/batch/describe", r#"{"jobId":""}"#, "match");
    let elsewhere = "arn:aws:states:us-east-1:123456789012:execution:other-state-machine:a";
    let other = json!({ "executionArn": elsewhere }).to_string();
    refused("/state/describe", &other, "match");
    let bulk = |change: fn(&mut Value)| {
        let mut body = json!({ "compute": "arm", "input": { "s3_bucket": "abc" }, "output": { "s3_bucket": "abc" } });
        change(&mut body);
        body.to_string()
    };
    refused(
        "/state/execute",
        &bulk(|body| body["compute"] = json!("intel")),
        "intel",
    );
    refused(
        "/state/execute",
        &bulk(|body| body["input"] = json!({})),
        "s3_bucket",
    );
    refused(
        "/state/execute",
        &bulk(|body| body["output"]["crf"] = json!("1")),
        "crf",
    );
    // None of it went any further, and what is right does.
    assert_eq!(aws.count("SubmitJob"), 0);
    let right = with("compute", json!("arm"));
    assert_eq!(api.post("/arm/ffmpeg", &right).0, 200);
}

#[test]
fn requests_that_are_not_for_this_api_are_refused() {
    let aws = Aws::start(Jobs::Stay("RUNNABLE"));
    let api = deployed(&aws);
    let body = least().to_string();
    let json = "application/json";
    for (service, kind, path, expected) in [
        ("", json, "/arm/ffmpeg", 403),
        ("batch", json, "/arm/ffmpeg", 403),
        ("execute-api", json, "/intel/ffmpeg", 403),
        ("execute-api", json, "/arm", 403),
        ("execute-api", json, "/metrics/export", 403),
        ("execute-api", "text/plain", "/arm/ffmpeg", 415),
        (
            "execute-api",
            "application/x-www-form-urlencoded",
            "/arm/ffmpeg",
            415,
        ),
        (
            "execute-api",
            "application/json; charset=utf-8",
            "/arm/ffmpeg",
            200,
        ),
    ] {
        let (status, answer) = api.ask_as(service, kind, path, &body);
        assert_eq!(status, expected, "{service} {kind} {path}: {answer:#}");
        assert!(status == 200 || !text(&answer, "message").is_empty());
    }
    assert_eq!(aws.count("SubmitJob"), 1);
}
