//! The API as part of its stack.

use ffbatch_tests::aws::{Aws, Jobs};
use serde_json::{Value, json};

use super::ground::{least, with};

#[test]
fn an_api_changes_with_its_stack() {
    let aws = Aws::start(Jobs::Stay("RUNNABLE"));
    let sandbox = aws.sandbox();
    let api = aws.api(&sandbox, "--compute arm");
    assert_eq!(api.post("/fargate/ffmpeg", &least()).0, 403);
    let changed = aws.api(&sandbox, "--compute fargate --ffqm");
    assert_eq!(changed.url(), api.url());
    let (status, answer) = changed.post("/fargate/ffmpeg", &least());
    assert_eq!(status, 200, "{answer:#}");
    assert_eq!(changed.post("/arm/ffmpeg", &least()).0, 403);
    sandbox.ffbatch(["deploy", "down", "--yes"]).ok();
    assert_eq!(api.post("/fargate/ffmpeg", &least()).0, 403);
}

#[test]
fn whether_a_job_that_owns_an_instance_is_measured_is_said_where_it_cannot_ask() {
    for (flags, expected) in [
        ("", json!(["FALSE"])),
        ("--ffqm", json!(["TRUE"])),
        ("--ffqm --network isolated", json!([])),
    ] {
        let aws = Aws::start(Jobs::Stay("RUNNABLE"));
        let api = aws.api(&aws.sandbox(), &format!("--compute arm {flags}"));
        let body = with("instance_type", json!("c7g.large"));
        assert_eq!(api.post("/arm/ffmpeg", &body).0, 200);
        let asked = &aws.parameters("SubmitJob")[0]["nodeOverrides"]["nodePropertyOverrides"][0];
        let variables = asked["containerOverrides"]["environment"].as_array();
        let switch = variables
            .into_iter()
            .flatten()
            .filter(|one| one["name"] == "FFBATCH_FFQM");
        let switch: Vec<&Value> = switch.map(|one| &one["value"]).collect();
        assert_eq!(json!(switch), expected, "{flags}");
    }
}
