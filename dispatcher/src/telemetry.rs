//! Logs and traces of both programs: one subscriber, spans kept in memory, sent once at the end.
//!
//! A job has about eight spans, and a worker has seconds to live after SIGTERM. So no background exporter runs: finished spans
//! are kept by a [`Recorder`] and sent in one request, with a short limit, when the program says so. The same spans become
//! the X-Ray segment document in the worker, which is a record of the job and no telemetry: so every span is recorded,
//! and sampling (`OTEL_TRACES_SAMPLER`, the flag of `TRACEPARENT`) decides only what is sent.
//!
//! The environment variables are those of the OpenTelemetry specification ("Environment Variable Specification", "OpenTelemetry
//! Protocol Exporter"). Where the SDK leaves one to the program (`OTEL_SDK_DISABLED`, `OTEL_TRACES_EXPORTER`), it is read
//! in [`settings`].

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{Link, SpanKind, TraceContextExt, TraceId, TracerProvider};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{SpanExporter as OtlpExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{
    Config, SamplingDecision, SamplingResult, SdkTracerProvider, ShouldSample, Span, SpanData,
    SpanExporter, SpanProcessor,
};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use self::settings::{Destination, destination, variable};

mod settings;

/// The variable that carries the trace from a program to the worker it starts (W3C Trace Context).
pub const TRACEPARENT: &str = "TRACEPARENT";

/// How the names of our packages begin, which are the targets of what they log.
const OURS: &str = "ffbatch";

/// Spans that could not be sent. Never a reason for a job to fail.
#[derive(Debug, thiserror::Error)]
#[error("the trace could not be sent to `{endpoint}`: {reason} (a job does not depend on it)")]
pub struct TelemetryError {
    endpoint: String,
    reason: String,
}

impl TelemetryError {
    fn new(endpoint: &str, reason: String) -> Self {
        Self {
            endpoint: endpoint.to_owned(),
            reason,
        }
    }
}

/// Keeps finished spans until somebody asks for them.
#[derive(Debug, Clone, Default)]
pub struct Recorder(Arc<Mutex<Vec<SpanData>>>);

impl SpanProcessor for Recorder {
    fn on_start(&self, _span: &mut Span, _context: &Context) {}

    fn on_end(&self, span: SpanData) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// The running telemetry of one program.
#[derive(Debug)]
pub struct Telemetry {
    recorder: Recorder,
    resource: Resource,
    _provider: SdkTracerProvider,
}

impl Telemetry {
    /// Starts logging to standard error, at `level` and above (`error`, `warn`, `info`, `debug`, `trace`), and recording spans.
    ///
    /// Called once for each process; a second call leaves the first subscriber in place.
    pub fn start(service: &'static str, level: &str) -> Self {
        let recorder = Recorder::default();
        let resource = settings::resource(service);
        let provider = SdkTracerProvider::builder()
            .with_resource(resource.clone())
            .with_sampler(Box::new(Record(Config::default().sampler)) as Box<dyn ShouldSample>)
            .with_span_processor(recorder.clone())
            .build();
        let spans = tracing_opentelemetry::layer()
            .with_tracer(provider.tracer("ffbatch"))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(tracing_subscriber::filter::filter_fn(|event| {
                event.is_span() && is_ours(event.target())
            }));
        let log = tracing_subscriber::fmt::layer()
            .with_writer(std::io::stderr)
            .with_target(false)
            .without_time()
            .with_ansi(false)
            .compact()
            .with_filter(filter(level));
        // A process that has a subscriber already (a test) keeps it.
        let _ = tracing_subscriber::registry()
            .with(log)
            .with(spans)
            .try_init();
        Self {
            recorder,
            resource,
            _provider: provider,
        }
    }

    /// The spans that have ended since the start, in the order of their ends.
    pub fn spans(&self) -> Vec<SpanData> {
        self.recorder
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Sends the finished spans by OTLP over HTTP, where an endpoint is set in the environment; otherwise does nothing.
    ///
    /// Takes no longer than a second unless `OTEL_EXPORTER_OTLP_TIMEOUT` asks for more: two programs of one run send, one
    /// after the other, and nobody shall wait for a collector that hangs.
    pub async fn export(&self) -> Result<(), TelemetryError> {
        let Some(Destination { endpoint, limit }) = destination(variable)? else {
            return Ok(());
        };
        let sampled: Vec<SpanData> = self
            .spans()
            .into_iter()
            .filter(|span| span.span_context.is_sampled())
            .collect();
        if sampled.is_empty() {
            return Ok(());
        }
        let failed = |reason: String| TelemetryError::new(&endpoint, reason);
        // An error means that a provider is installed already, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut exporter = OtlpExporter::builder()
            .with_http()
            .with_timeout(limit)
            .build()
            .map_err(|error| failed(error.to_string()))?;
        exporter.set_resource(&self.resource);
        match tokio::time::timeout(limit, exporter.export(sampled)).await {
            Ok(sent) => sent.map_err(|error| failed(error.to_string())),
            Err(_) => Err(failed(format!("no answer within {limit:?}"))),
        }
    }
}

/// A sampler that records also what another one would drop, without marking it for sending.
#[derive(Debug, Clone)]
struct Record(Box<dyn ShouldSample>);

impl ShouldSample for Record {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let mut result = self
            .0
            .should_sample(parent, trace, name, kind, attributes, links);
        if result.decision == SamplingDecision::Drop {
            result.decision = SamplingDecision::RecordOnly;
        }
        result
    }
}

/// The trace context of a `traceparent` value; `None` when it is not valid.
pub fn parse_traceparent(value: &str) -> Option<Context> {
    let carrier = HashMap::from([("traceparent".to_owned(), value.to_owned())]);
    let context = TraceContextPropagator::new().extract(&carrier);
    context.span().span_context().is_valid().then_some(context)
}

/// The `traceparent` value that makes another program's spans children of this one.
pub fn traceparent(span: &tracing::Span) -> Option<String> {
    let mut carrier = HashMap::new();
    TraceContextPropagator::new().inject_context(&span.context(), &mut carrier);
    carrier.remove("traceparent")
}

/// The trace that a span belongs to, 32 hexadecimal digits; `None` when spans are not recorded.
pub fn trace_id(span: &tracing::Span) -> Option<String> {
    let context = span.context();
    let span = context.span();
    let trace = span.span_context().trace_id();
    span.span_context().is_valid().then(|| trace.to_string())
}

/// What is logged: of our own what `level` says, of everybody else's warnings. Where the SDK found no credentials the error of the
/// call that needed them says so, and the SDK's own warning would be pages of its insides.
fn filter(level: &str) -> Targets {
    format!(
        "warn,aws_config=error,{OURS}={}",
        level.to_ascii_lowercase()
    )
    .parse()
    // A level that is misspelt must not end a job: the default is used then.
    .unwrap_or_else(|_| Targets::new().with_default(LevelFilter::WARN))
}

fn is_ours(target: &str) -> bool {
    target.starts_with(OURS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_logged() {
        for (level, expected) in [
            ("info", LevelFilter::INFO),
            ("DEBUG", LevelFilter::DEBUG),
            ("off", LevelFilter::OFF),
            ("loud", LevelFilter::WARN),
        ] {
            let filter = filter(level);
            let logs = |target, level: tracing::Level| filter.would_enable(target, &level);
            for one in [
                tracing::Level::WARN,
                tracing::Level::INFO,
                tracing::Level::DEBUG,
            ] {
                assert_eq!(
                    logs("ffbatch_worker::run", one),
                    one <= expected,
                    "{level} {one}"
                );
                assert_eq!(
                    logs("hyper::client", one),
                    one <= LevelFilter::WARN,
                    "{level} {one}"
                );
            }
        }
    }

    #[test]
    fn a_traceparent_is_read_or_refused() {
        let context = parse_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
            .expect("valid");
        assert_eq!(
            context.span().span_context().trace_id().to_string(),
            "0af7651916cd43dd8448eb211c80319c"
        );
        assert!(parse_traceparent("00-0-0-01").is_none());
        assert!(parse_traceparent("").is_none());
    }
}
