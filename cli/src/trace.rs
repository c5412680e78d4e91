//! The trace of a verb that starts jobs: it joins the caller's, and the jobs join it.

use std::collections::BTreeMap;

use ffbatch_dispatcher::telemetry::{self, TRACEPARENT, Telemetry};
use opentelemetry::trace::Status;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::speak;

/// The variable by which the worker's own log is asked for.
const LOG_LEVEL: &str = "LOGLEVEL";

/// A running trace.
pub struct Trace {
    telemetry: Telemetry,
    span: Span,
    debug: bool,
}

/// Starts this program's own log; with `-vv` it tells everything.
pub fn log(verbose: u8) -> Telemetry {
    Telemetry::start("ffbatch", if verbose > 1 { "debug" } else { "warn" })
}

impl Trace {
    /// Begins the span of a verb, such as `ffbatch run`, for a job on a compute.
    pub fn begin(verb: &'static str, compute: &str, job: &str, verbose: u8) -> Self {
        let telemetry = log(verbose);
        let span = tracing::info_span!(
            "ffbatch",
            otel.name = verb,
            otel.kind = "client",
            compute,
            job
        );
        // A caller that traces itself hands its context down the same way as we do.
        if let Some(parent) = std::env::var(TRACEPARENT)
            .ok()
            .as_deref()
            .and_then(telemetry::parse_traceparent)
        {
            // Without a recorder there is no trace to join, and that is all an error says.
            let _ = span.set_parent(parent);
        }
        Self {
            telemetry,
            span,
            debug: verbose > 1,
        }
    }

    /// The span, for what happens in it.
    pub fn span(&self) -> Span {
        self.span.clone()
    }

    /// What a job's worker has to know of it.
    pub fn environment(&self) -> BTreeMap<String, String> {
        let mut environment: BTreeMap<_, _> = telemetry::traceparent(&self.span)
            .map(|value| (TRACEPARENT.to_owned(), value))
            .into_iter()
            .collect();
        if self.debug && std::env::var_os(LOG_LEVEL).is_none() {
            environment.insert(LOG_LEVEL.to_owned(), "debug".to_owned());
        }
        environment
    }

    /// Ends the span, as failed where there is an error, and sends what was recorded.
    pub async fn end(self, error: Option<String>) {
        if let Some(error) = error {
            self.span.set_status(Status::error(error));
        }
        drop(self.span);
        if let Err(error) = self.telemetry.export().await {
            speak::err(&format!("note: {error}"));
        }
    }
}
