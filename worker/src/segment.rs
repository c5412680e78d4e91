//! The X-Ray segment document of a job, made of the spans of its stages and of its report.
//!
//! One document holds the whole job: the root span becomes the segment `batch-ffmpeg-job`, the stages its `subsegments`. That is
//! the shape which the users' Athena views unnest. The spans give times, ids and causes; the report gives what is too long or
//! too nested for an attribute of a span. X-Ray refuses what is too large, so everything is cut to its limits here: a
//! shortened trace is worth more than none.

use ffbatch_dispatcher::event::Stage;
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::report::Report;
use opentelemetry_sdk::trace::SpanData;
use serde_json::{Value, json};

mod annotations;
mod fit;
mod translate;

pub use annotations::annotate;

/// The name of the segment.
pub const NAME: &str = "batch-ffmpeg-job";

/// The namespace of the metadata: X-Ray shows metadata by namespace, then by key.
const NAMESPACE: &str = "ffbatch";

/// Renders the spans of one job; an error is a sentence.
pub fn document(spans: &[SpanData], report: &Report) -> Result<String, String> {
    let mut segment = translate::translate(spans)?;
    blame(&mut segment);
    describe(&mut segment, report);
    Ok(fit::fit(segment))
}

/// Whose fault it was: X-Ray's `error` is a mistake of whoever asked, its `fault` anything else.
fn blame(segment: &mut Value) {
    let failed = |part: &mut Value| {
        let asked = part["cause"]["exceptions"][0]["type"] == format!("{:?}", Exit::Rejected);
        if let Some(part) = part.as_object_mut().filter(|_| asked) {
            part.remove("fault");
            part.insert("error".to_owned(), Value::Bool(true));
        }
    };
    failed(segment);
    subsegments(segment).for_each(failed);
}

/// Adds the metadata: the commands and how they ended to the segment, the scores to the subsegment of the measurement.
fn describe(segment: &mut Value, report: &Report) {
    let commands: Vec<Value> = report
        .commands
        .iter()
        .map(|one| {
            json!({
                "command": one.command.to_string(),
                "exit_code": one.exit_code,
                "signal": one.signal,
                "stderr_tail": one.stderr_tail,
            })
        })
        .collect();
    let about = json!({
        "commands": commands,
        "exit": report.exit,
        "attempt": report.attempt,
        "ffmpeg": report.ffmpeg.as_ref().and_then(|ffmpeg| ffmpeg.version.clone()),
    });
    segment["metadata"] = json!({ NAMESPACE: about });
    let Some(quality) = &report.quality else {
        return;
    };
    let measured = subsegments(segment).find(|part| part["name"] == Stage::Measure.segment());
    if let Some(measured) = measured {
        measured["metadata"] = json!({ NAMESPACE: quality });
    }
}

fn subsegments(segment: &mut Value) -> impl Iterator<Item = &mut Value> {
    segment
        .get_mut("subsegments")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
}
