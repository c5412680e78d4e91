//! Segments for X-Ray.

use serde_json::json;

use crate::account::{self, variable};
use crate::call::{CallError, Service, answered, post};

/// AWS X-Ray (its API Reference, `PutTraceSegments`, "Request Syntax"), whose operations are paths.
const XRAY: Service = Service {
    name: "X-Ray",
    id: "xray",
    host: "xray",
    target: "",
    variable: "AWS_ENDPOINT_URL_XRAY",
};

/// The type of a request to it.
const JSON: &str = "application/json";

/// Sends a segment document to X-Ray with the credentials of this process, once.
pub async fn send_segment(document: &str) -> Result<(), CallError> {
    let named = variable(XRAY.variable).or_else(|| variable("AWS_ENDPOINT_URL"));
    let config = account::load(None, None, None, named.as_deref()).await;
    let asked = json!({ "TraceSegmentDocuments": [document] }).to_string();
    let headers = [("content-type", JSON)];
    let (status, kind, body) = post(&config, XRAY, "TraceSegments", &headers, asked).await?;
    let answer = answered(status, kind.as_deref(), &body).map_err(|error| CallError {
        why: if error.denied {
            format!("{error} (allow the job's role `xray:PutTraceSegments`)")
        } else {
            error.why.clone()
        },
        ..error
    })?;
    match &answer["UnprocessedTraceSegments"][0] {
        refused if refused.is_null() => Ok(()),
        refused => Err(CallError::new(format!("it is refused: {refused}"))),
    }
}
