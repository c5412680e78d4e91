//! Bulk runs through the state machine.

use ffbatch_tests::aws::{Aws, Jobs, text};
use ffbatch_tests::sandbox::until;
use serde_json::{Value, json};

use super::ground::{NASTY, deployed};

#[test]
fn bulk_runs_start_and_are_followed() {
    let aws = Aws::start(Jobs::Stay("RUNNABLE"));
    let api = deployed(&aws);
    let least = json!({ "compute": "arm", "input": { "s3_bucket": "abc" }, "output": { "s3_bucket": "abc" } });
    let call = |target: &str, asked: &Value| {
        let answer = aws.try_target("states", &format!("AWSStepFunctions.{target}"), asked);
        answer.expect("Step Functions takes it")
    };
    let mut bodies = vec![least.to_string(), format!("{least:#}")];
    for nasty in NASTY {
        let mut whole = least.clone();
        whole["name"] = json!(nasty);
        whole["input"] = json!({ "s3_bucket": "abc", "s3_prefix": nasty, "file_options": nasty });
        whole["output"] = json!({ "s3_bucket": "abc", "s3_prefix": nasty, "s3_suffix": nasty, "file_options": nasty });
        whole["global"] = json!({ "options": nasty });
        bodies.push(whole.to_string());
    }
    for body in bodies {
        let (status, started) = api.ask("/state/execute", &body);
        assert_eq!(status, 200, "{body}: {started:#}");
        let execution = json!({ "executionArn": text(&started, "executionArn") });
        // It fails at once, since its outputs would overwrite its inputs, or soon, since there is no such bucket.
        let mut known = Value::Null;
        until("the execution has ended", || {
            known = call("DescribeExecution", &execution);
            known["status"] != "RUNNING"
        });
        assert_eq!(known["input"], body, "to the byte");
        let (status, told) = api.post("/state/describe", &execution);
        assert_eq!(status, 200);
        for name in ["status", "executionArn", "name"] {
            assert_eq!(told[name], known[name], "{told:#}");
            assert!(!told[name].is_null());
        }
    }
    let unknown = "arn:aws:states:us-east-1:123456789012:execution:batch-ffmpeg-state-machine:none";
    let (status, answer) = api.post("/state/describe", &json!({ "executionArn": unknown }));
    assert_eq!(status, 404, "{answer:#}");
    assert_eq!(aws.violations(), Vec::<String>::new());
}
