//! The spans of a job: in whose trace they stand, and how a failure is marked in them.

use ffbatch_dispatcher::telemetry::{self, TRACEPARENT};
use opentelemetry::KeyValue;
use opentelemetry::trace::Status;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::environment::variable;
use crate::failure::Failure;
use crate::segment;

/// The job's span, in the trace of whoever started this worker.
pub fn root() -> Span {
    let span = tracing::info_span!("job", otel.name = segment::NAME, otel.kind = "server");
    if let Some(parent) = variable(TRACEPARENT)
        .as_deref()
        .and_then(telemetry::parse_traceparent)
    {
        // Without a recorder there is no trace to join, and that is all an error says.
        let _ = span.set_parent(parent);
    }
    span
}

/// Marks a span as failed, for every exporter.
pub fn fail(span: &Span, failure: &Failure) {
    span.set_status(Status::error(failure.message.clone()));
    span.add_event(
        "exception",
        vec![
            KeyValue::new("exception.type", format!("{:?}", failure.exit)),
            KeyValue::new("exception.message", failure.message.clone()),
        ],
    );
}
