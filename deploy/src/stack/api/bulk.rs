//! Bulk runs: `POST /state/execute` starts the state machine on what lies under a prefix, `POST /state/describe` tells how far it is.
//!
//! Step Functions takes its input as JSON within a text. `$util.escapeJavaScript` makes a text of the body, but for the apostrophe,
//! which it escapes though JSON knows no such escape; so that is taken back, as the API Gateway Developer Guide has it ("Mapping
//! template transformations", `$util.escapeJavaScript`). An apostrophe's own backslash is the one just before it, so nothing else changes.

use serde_json::{Value, json};

use super::route::{Body, REQUEST_ID, Route, Service};
use super::vtl;
use crate::stack::Plan;
use crate::stack::bulk::{arn, name};
use crate::template::sub;

const BODY: &str = r#"$util.escapeJavaScript($input.body).replaceAll("\\'","'")"#;

/// The ARNs of the executions of the state machine, for `Fn::Sub`.
pub fn executions(prefix: &str) -> String {
    format!(
        "arn:${{AWS::Partition}}:states:${{AWS::Region}}:${{AWS::AccountId}}:execution:{}:*",
        name(prefix)
    )
}

fn example(prefix: &str) -> String {
    format!("arn:aws:states:eu-west-1:123456789012:execution:{prefix}-state-machine:{REQUEST_ID}")
}

pub fn routes(plan: &Plan) -> [Route; 2] {
    [execute(plan), describe(&plan.prefix)]
}

fn execute(plan: &Plan) -> Route {
    let request = format!(
        r#"{{"stateMachineArn":"{}","input":"{BODY}"}}"#,
        arn(&plan.prefix)
    );
    Route {
        method: "post",
        path: "/state/execute".to_owned(),
        summary: "Run an ffmpeg command on every object under a prefix".to_owned(),
        asked: Some(Body {
            name: "Bulk".to_owned(),
            schema: schema(plan),
            example: json!({
                "name": "clips", "compute": "intel",
                "input": { "s3_bucket": "bucket", "s3_prefix": "in/", "file_options": "" },
                "output": { "s3_bucket": "bucket", "s3_prefix": "out/", "s3_suffix": ".mp4", "file_options": "-c:v libx264 -crf 23" },
                "global": { "options": "" },
            }),
        }),
        answered: Body {
            name: "Started".to_owned(),
            schema: json!({ "type": "object", "properties": { "executionArn": { "type": "string" } } }),
            example: json!({ "executionArn": example(&plan.prefix) }),
        },
        service: Service::States("StartExecution"),
        request: sub(&request),
        response: format!("{{{}}}", vtl::fields("", &["executionArn"], &[])),
        may_miss: false,
    }
}

fn schema(plan: &Plan) -> Value {
    let computes: Vec<&str> = plan
        .computes
        .iter()
        .map(|one| one.compute.as_str())
        .collect();
    let text = |description: &str| json!({ "type": "string", "description": description });
    let object = |required: &[&str], properties: Value| {
        let mut object =
            json!({ "type": "object", "additionalProperties": false, "properties": properties });
        if !required.is_empty() {
            object["required"] = json!(required);
        }
        object
    };
    let bucket = json!({ "type": "string", "minLength": 3, "description": "A bucket" });
    let input = object(
        &["s3_bucket"],
        json!({
            "s3_bucket": bucket, "s3_prefix": text("What the keys begin with"), "file_options": text("Options of each input"),
            "extensions": {
                "type": "array", "items": { "type": "string" },
                "description": "What the keys of media end with, without the point; other objects are left alone",
            },
        }),
    );
    let output = object(
        &[],
        json!({
            "s3_bucket": { "type": "string", "minLength": 3, "description": "A bucket; that of the inputs where there is none" },
            "s3_prefix": text("What the outputs' keys begin with"),
            "s3_suffix": text("What they end with"), "file_options": text("Options of each output"),
        }),
    );
    object(
        &["compute", "input", "output"],
        json!({
            "name": text("A name for reports and traces"),
            "compute": { "type": "string", "enum": computes, "description": "What the jobs run on" },
            "input": input,
            "output": output,
            "global": object(&[], json!({ "options": text("ffmpeg's global options") })),
            "tolerated_failure_percentage": {
                "type": "number", "minimum": 0, "maximum": 100,
                "description": "Percent of the objects that may fail before the run is given up",
            },
            "max_concurrency": { "type": "integer", "minimum": 1, "description": "Jobs that are open at once" },
        }),
    )
}

fn describe(prefix: &str) -> Route {
    let pattern = format!(
        "^arn:aws[a-z-]*:states:[a-z0-9-]+:[0-9]{{12}}:execution:{prefix}-state-machine:.+$"
    );
    let text = json!({ "type": "string" });
    let moment = json!({ "type": "number", "description": "Seconds since 1970" });
    Route {
        method: "post",
        path: "/state/describe".to_owned(),
        summary: "Tell how far a bulk run is".to_owned(),
        asked: Some(Body {
            name: "DescribeBulk".to_owned(),
            schema: json!({
                "type": "object", "required": ["executionArn"], "additionalProperties": false,
                "properties": { "executionArn": { "type": "string", "pattern": pattern } },
            }),
            example: json!({ "executionArn": example(prefix) }),
        }),
        answered: Body {
            name: "Execution".to_owned(),
            schema: json!({ "type": "object", "properties": {
                "status": { "type": "string", "enum": ["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE"] },
                "executionArn": text, "name": text, "startDate": moment, "stopDate": moment,
                "error": text, "cause": text,
            } }),
            example: json!({ "status": "RUNNING", "executionArn": example(prefix), "name": REQUEST_ID }),
        },
        service: Service::States("DescribeExecution"),
        request: format!(r#"{{"executionArn":{}}}"#, vtl::json("executionArn")).into(),
        response: format!(
            "{{{}}}",
            vtl::fields(
                "",
                &["status", "executionArn", "name"],
                &["startDate", "stopDate", "error", "cause"]
            )
        ),
        may_miss: true,
    }
}
