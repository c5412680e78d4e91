//! The X-Ray segment document of a job, made of the spans of its stages.
//!
//! One document holds the whole job: the root span becomes the segment `batch-ffmpeg-job`, the stages its `subsegments`. That is
//! the shape which the users' Athena views unnest.

use opentelemetry_aws::xray_exporter::SegmentTranslator;
use opentelemetry_sdk::trace::SpanData;

/// The name of the segment.
pub const NAME: &str = "batch-ffmpeg-job";

/// The largest document that X-Ray takes, in bytes (AWS X-Ray API, `PutTraceSegments`).
pub const LIMIT: usize = 64 << 10;

/// Renders the spans of one job; an error is a sentence.
pub fn document(spans: &[SpanData]) -> Result<String, String> {
    // A trace that another program began may have an id without X-Ray's time stamp (W3C Trace Context); X-Ray takes both.
    let translator = SegmentTranslator::new()
        .always_nest_subsegments()
        .skip_timestamp_validation();
    let documents = translator.translate_spans(spans);
    let [document] = documents.as_slice() else {
        return Err(format!(
            "the spans of a job make {} documents instead of one",
            documents.len()
        ));
    };
    let text = document.to_string();
    if text.len() > LIMIT {
        return Err(format!(
            "the segment document has {} bytes, X-Ray takes {LIMIT}",
            text.len()
        ));
    }
    Ok(text)
}
