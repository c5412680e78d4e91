//! Exporting traces: `GET /metrics/export` starts the job that does it.

use serde_json::json;

use super::route::{Body, JOB_ID, Route, Service};
use super::vtl;

/// What is answered.
const STARTED: &str = "an export was started (its job tells what it exported)";

/// The queue and the definition of the job that exports.
pub fn pair(prefix: &str) -> (String, String) {
    (
        format!("{prefix}-job-queue-export"),
        format!("{prefix}-job-definition-export"),
    )
}

pub fn route(prefix: &str) -> Route {
    let (queue, definition) = pair(prefix);
    let request = format!(
        r#"{{"jobName":"{prefix}-export-$context.requestId","jobQueue":"{queue}","jobDefinition":"{definition}"}}"#
    );
    let text = json!({ "type": "string" });
    Route {
        method: "get",
        path: "/metrics/export".to_owned(),
        summary: "Export the traces of AWS X-Ray into the bucket".to_owned(),
        asked: None,
        answered: Body {
            name: "Exporting".to_owned(),
            schema: json!({ "type": "object", "properties": { "message": text, "jobId": text } }),
            example: json!({ "message": STARTED, "jobId": JOB_ID }),
        },
        service: Service::Batch("v1/submitjob"),
        request: request.into(),
        response: format!(
            r#"{{"message":"{STARTED}",{}}}"#,
            vtl::fields("", &["jobId"], &[])
        ),
        may_miss: false,
    }
}
