//! Exporting traces: `GET /metrics/export` starts the job that does it.

use serde_json::json;

use super::route::{Body, JOB_ID, Route, Service};
use super::vtl;
use crate::stack::{Plan, export};

/// What is answered.
const STARTED: &str = "an export was started (its job tells what it exported)";

/// The route, where the stack has that job.
pub fn route(plan: &Plan) -> Option<Route> {
    let (queue, definition) = export::pair(plan)?;
    let prefix = &plan.prefix;
    let request = format!(
        r#"{{"jobName":"{prefix}-export-$context.requestId","jobQueue":"{queue}","jobDefinition":"{definition}"}}"#
    );
    let text = json!({ "type": "string" });
    Some(Route {
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
    })
}
