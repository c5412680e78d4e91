//! Traces in CloudWatch Logs, where Transaction Search puts them: a retrieval is started, waited for, and read.

use std::time::{Duration, Instant};

use aws_sdk_xray::types::{RetrievalStatus, TraceFormatType};
use jiff::{SignedDuration, Timestamp};

use super::{Traces, XRay, failed, id, moment};
use crate::window::Window;

/// The most traces of one retrieval (AWS X-Ray API Reference, `StartTraceRetrieval`).
const AT_ONCE: usize = 100;

/// How long a retrieval may take; X-Ray itself gives up after an hour.
const LIMIT: Duration = Duration::from_mins(15);

/// The first pause before it is looked whether a retrieval is through, and the longest; each is twice as long as the one before.
const PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How much further a retrieval looks than the window: parts of a trace are written before and after what it is listed for.
const AROUND: SignedDuration = SignedDuration::from_hours(1);

impl XRay {
    /// The traces of these ids that are in CloudWatch Logs.
    pub(super) async fn retrieve(&self, ids: &[String], window: Window) -> Result<Traces, String> {
        let mut traces = Traces::new();
        for some in ids.chunks(AT_ONCE) {
            let token = self.start(some, window).await?;
            traces.append(&mut self.read(&token).await?);
        }
        Ok(traces)
    }

    async fn start(&self, ids: &[String], window: Window) -> Result<String, String> {
        let began = ids.iter().filter_map(|id| began(id)).min();
        let from = began.map_or(window.from, |began| began.min(window.from));
        let from = from.checked_sub(AROUND).unwrap_or(from);
        let until = window.until.checked_add(AROUND).unwrap_or(window.until);
        let asked = self
            .client
            .start_trace_retrieval()
            .set_trace_ids(Some(ids.to_vec()))
            .start_time(moment(from))
            .end_time(moment(until.min(Timestamp::now())));
        let started = asked.send().await;
        let started = started.map_err(|error| failed("traces cannot be retrieved", &error))?;
        let token = started.retrieval_token().map(str::to_owned);
        token.ok_or_else(|| "X-Ray started a retrieval without a token (run again)".to_owned())
    }

    async fn read(&self, retrieval: &str) -> Result<Traces, String> {
        let started = Instant::now();
        let mut pause = PAUSE;
        let mut next = None;
        let mut traces = Traces::new();
        loop {
            let asked = self.client.list_retrieved_traces();
            let asked = asked
                .retrieval_token(retrieval)
                .trace_format(TraceFormatType::Xray)
                .set_next_token(next.take());
            let page = asked.send().await;
            let page = page.map_err(|error| failed("retrieved traces cannot be read", &error))?;
            match page.retrieval_status() {
                Some(RetrievalStatus::Complete) => {
                    for trace in page.traces() {
                        let spans = trace.spans().iter().filter_map(|span| span.document());
                        let entry = traces.entry(id(trace.id())).or_default();
                        entry.documents.extend(spans.map(str::to_owned));
                    }
                    next = page.next_token().map(str::to_owned);
                    if next.is_none() {
                        return Ok(traces);
                    }
                }
                Some(RetrievalStatus::Scheduled | RetrievalStatus::Running)
                    if started.elapsed() < LIMIT =>
                {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                status => {
                    let status = status.map_or("without a status", RetrievalStatus::as_str);
                    return Err(format!(
                        "a retrieval of traces is {status} after {} s (run again)",
                        started.elapsed().as_secs()
                    ));
                }
            }
        }
    }
}

/// When a trace began: the first part of its id has it, in seconds as hexadecimal digits ("Concepts" in the AWS X-Ray Developer Guide).
/// Ids that W3C's trace context gave say anything there, so that nothing is believed that is not of X-Ray's 30 days.
fn began(id: &str) -> Option<Timestamp> {
    let seconds = i64::from_str_radix(id.split('-').nth(1)?, 16).ok()?;
    let began = Timestamp::from_second(seconds).ok()?;
    let now = Timestamp::now();
    (began > now - crate::export::KEPT && began < now).then_some(began)
}
