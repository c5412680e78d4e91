//! From the spans of a job to one segment document with its subsegments ("X-Ray segment documents", AWS X-Ray Developer Guide).
//!
//! The spans are all our own, so that this knows only what they hold: times, ids, text attributes that begin with `annotation.`, and
//! events that tell of a failure. A translator for any span there is compiles regular expressions for it, which takes a
//! millisecond of every job.

use std::time::{SystemTime, UNIX_EPOCH};

use opentelemetry::trace::{Event, SpanId, SpanKind, Status};
use opentelemetry::{KeyValue, Value as Attribute};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator, SpanData};
use serde_json::{Map, Value, json};

/// How the attributes begin that users may filter by.
const ANNOTATION: &str = "annotation.";

/// The names of an event that tells of a failure and of what it tells (OpenTelemetry's "Semantic conventions for exceptions on spans").
const EXCEPTION: &str = "exception";
const EXCEPTION_TYPE: &str = "exception.type";
const EXCEPTION_MESSAGE: &str = "exception.message";

/// The document of the one span of kind Server; an error is a sentence.
pub fn translate(spans: &[SpanData]) -> Result<Value, String> {
    let mut roots = spans
        .iter()
        .filter(|span| span.span_kind == SpanKind::Server);
    let (Some(root), None) = (roots.next(), roots.next()) else {
        return Err(format!(
            "the {} spans of a job have not one root",
            spans.len()
        ));
    };
    let mut document = part(root, spans);
    let trace = root.span_context.trace_id().to_string();
    // Eight digits, which X-Ray's own ids use for the time, and the others.
    let (time, unique) = trace.split_at(8);
    document.insert("trace_id".to_owned(), json!(format!("1-{time}-{unique}")));
    if root.parent_span_id != SpanId::INVALID {
        document.insert("parent_id".to_owned(), id(root.parent_span_id));
    }
    Ok(Value::Object(document))
}

/// What a segment and its subsegments have in common.
fn part(span: &SpanData, spans: &[SpanData]) -> Map<String, Value> {
    let mut part = Map::new();
    let mut set = |name: &str, value: Value| part.insert(name.to_owned(), value);
    set("name", json!(span.name));
    set("id", id(span.span_context.span_id()));
    set("start_time", seconds(span.start_time));
    set("end_time", seconds(span.end_time));
    set(
        "aws",
        json!({ "xray": { "sdk": "opentelemetry for rust" } }),
    );
    let annotations: Map<String, Value> = span.attributes.iter().filter_map(annotation).collect();
    if !annotations.is_empty() {
        set("annotations", Value::Object(annotations));
    }
    if matches!(span.status, Status::Error { .. }) {
        set("fault", json!(true));
        let exceptions: Vec<Value> = span.events.iter().filter_map(exception).collect();
        if !exceptions.is_empty() {
            set("cause", json!({ "exceptions": exceptions }));
        }
    }
    let children = children(span, spans);
    if !children.is_empty() {
        set("subsegments", Value::Array(children));
    }
    part
}

/// The subsegments of a span in the order of their begin. Each names those that had ended before it began.
fn children(of: &SpanData, spans: &[SpanData]) -> Vec<Value> {
    let parent = of.span_context.span_id();
    let mut children: Vec<&SpanData> = spans
        .iter()
        .filter(|span| span.parent_span_id == parent)
        .collect();
    children.sort_by_key(|span| span.start_time);
    let mut before: Vec<&SpanData> = Vec::new();
    let mut parts = Vec::new();
    for child in children {
        let mut part = part(child, spans);
        let ended: Vec<Value> = before
            .iter()
            .filter(|span| span.end_time <= child.start_time)
            .map(|span| id(span.span_context.span_id()))
            .collect();
        if !ended.is_empty() {
            part.insert("precursor_ids".to_owned(), Value::Array(ended));
        }
        before.push(child);
        parts.push(Value::Object(part));
    }
    parts
}

fn annotation(attribute: &KeyValue) -> Option<(String, Value)> {
    let name = attribute.key.as_str().strip_prefix(ANNOTATION)?;
    Some((name.to_owned(), text(&attribute.value)))
}

fn exception(event: &Event) -> Option<Value> {
    if event.name != EXCEPTION {
        return None;
    }
    let mut exception = Map::new();
    let unique = RandomIdGenerator::default().new_span_id();
    exception.insert("id".to_owned(), id(unique));
    for attribute in &event.attributes {
        let name = match attribute.key.as_str() {
            EXCEPTION_TYPE => "type",
            EXCEPTION_MESSAGE => "message",
            _ => continue,
        };
        exception.insert(name.to_owned(), text(&attribute.value));
    }
    Some(Value::Object(exception))
}

fn text(value: &Attribute) -> Value {
    json!(value.as_str())
}

/// Sixteen hexadecimal digits.
fn id(of: SpanId) -> Value {
    json!(of.to_string())
}

/// Seconds since 1970 with their fractions, as X-Ray counts time.
fn seconds(time: SystemTime) -> Value {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    json!(since.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::time::Duration;

    use opentelemetry::InstrumentationScope;
    use opentelemetry::trace::{SpanContext, TraceFlags, TraceId, TraceState};
    use opentelemetry_sdk::trace::{SpanEvents, SpanLinks};

    use super::*;

    /// A span from one second to another.
    fn span(id: u64, parent: u64, name: &'static str, seconds: (u64, u64)) -> SpanData {
        let at = |second| UNIX_EPOCH + Duration::from_secs(second);
        SpanData {
            span_context: SpanContext::new(
                TraceId::from(0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c),
                SpanId::from(id),
                TraceFlags::SAMPLED,
                false,
                TraceState::NONE,
            ),
            parent_span_id: SpanId::from(parent),
            parent_span_is_remote: false,
            span_kind: if id == 1 {
                SpanKind::Server
            } else {
                SpanKind::Internal
            },
            name: Cow::Borrowed(name),
            start_time: at(seconds.0),
            end_time: at(seconds.1),
            attributes: Vec::new(),
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: Status::Unset,
            instrumentation_scope: InstrumentationScope::default(),
        }
    }

    #[test]
    fn the_document_has_the_shape_that_the_views_unnest() {
        let mut root = span(1, 0xb7, "batch-ffmpeg-job", (10, 20));
        root.attributes = vec![
            KeyValue::new("annotation.application", "batch-ffmpeg"),
            KeyValue::new("busy_ns", 5),
        ];
        let mut failed = span(3, 1, "cmd-execution", (12, 19));
        failed.status = Status::error("no");
        failed.events.events.push(Event::new(
            "exception",
            failed.end_time,
            vec![
                KeyValue::new("exception.type", "Ffmpeg"),
                KeyValue::new("exception.message", "no"),
            ],
            0,
        ));
        // They arrive in the order of their ends.
        let spans = [
            span(2, 1, "check", (10, 11)),
            span(4, 1, "beside", (10, 13)),
            failed,
            root,
        ];
        let mut document = translate(&spans).expect("one root");
        let exception = &mut document["subsegments"][2]["cause"]["exceptions"][0];
        let unique = exception["id"].take();
        assert_eq!(unique.as_str().map(str::len), Some(16), "{unique}");
        let aws = json!({ "xray": { "sdk": "opentelemetry for rust" } });
        let expected = json!({
            "name": "batch-ffmpeg-job",
            "id": "0000000000000001",
            "trace_id": "1-0af76519-16cd43dd8448eb211c80319c",
            "parent_id": "00000000000000b7",
            "start_time": 10.0,
            "end_time": 20.0,
            "aws": aws,
            "annotations": { "application": "batch-ffmpeg" },
            "subsegments": [
                { "name": "check", "id": "0000000000000002", "start_time": 10.0, "end_time": 11.0, "aws": aws },
                { "name": "beside", "id": "0000000000000004", "start_time": 10.0, "end_time": 13.0, "aws": aws },
                {
                    "name": "cmd-execution",
                    "id": "0000000000000003",
                    "start_time": 12.0,
                    "end_time": 19.0,
                    "aws": aws,
                    "precursor_ids": ["0000000000000002"],
                    "fault": true,
                    "cause": { "exceptions": [{ "id": null, "type": "Ffmpeg", "message": "no" }] },
                },
            ],
        });
        assert_eq!(document, expected);
    }

    #[test]
    fn spans_without_a_root_are_no_job() {
        let error = translate(&[span(2, 1, "check", (10, 11))]).expect_err("no root");
        assert_eq!(error, "the 1 spans of a job have not one root");
    }
}
