//! AWS X-Ray: which traces there are, and what is in them.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_xray::Client;
use aws_sdk_xray::config::http::HttpResponse;
use aws_sdk_xray::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_xray::primitives::DateTime;
use aws_sdk_xray::types::{TimeRangeType, TraceSegmentDestination};
use ffbatch_storage::{Failure, SdkConfig};
use jiff::{SignedDuration, Timestamp};

use crate::window::Window;

mod retrieval;

/// The most traces of one call (AWS X-Ray API Reference, `BatchGetTraces`).
const AT_ONCE: usize = 5;

/// The pauses before it is asked again for traces that were not handed out: what was just written takes some seconds.
const PAUSES: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(6),
];

/// How much earlier than a window is asked: it is not documented to which of two windows their common end belongs.
const MARGIN: SignedDuration = SignedDuration::from_secs(1);

/// A trace.
#[derive(Debug, Default)]
pub struct Trace {
    /// The documents of its segments.
    pub documents: Vec<String>,
    /// Whether X-Ray has not all of it, since it was too large.
    pub is_cut: bool,
}

/// Traces by their ids.
pub type Traces = BTreeMap<String, Trace>;

/// X-Ray of one account and Region. An error is a sentence.
#[derive(Debug)]
pub struct XRay {
    client: Client,
    filter: String,
    /// Where spans go: to CloudWatch Logs with Transaction Search, else to X-Ray itself.
    is_in_logs: bool,
}

impl XRay {
    /// Asks how X-Ray is set up.
    pub async fn of(config: &SdkConfig, prefix: &str) -> Result<Self, String> {
        let client = Client::new(config);
        let found = client.get_trace_segment_destination().send().await;
        let is_in_logs = match found {
            Ok(found) => found.destination() == Some(&TraceSegmentDestination::CloudWatchLogs),
            // A partition that has no Transaction Search does not know the question either.
            Err(error) if Failure::of(&error).code == "UnknownOperationException" => false,
            Err(error) => return Err(failed("where traces go cannot be asked", &error)),
        };
        Ok(Self {
            client,
            filter: filter(prefix),
            is_in_logs,
        })
    }

    /// Whether Transaction Search is on.
    pub fn is_in_logs(&self) -> bool {
        self.is_in_logs
    }

    /// The ids of the traces of a window.
    pub async fn list(&self, window: Window) -> Result<Vec<String>, String> {
        let from = window.from.checked_sub(MARGIN).unwrap_or(window.from);
        let mut pages = self
            .client
            .get_trace_summaries()
            .start_time(moment(from))
            .end_time(moment(window.until))
            .time_range_type(TimeRangeType::Event)
            .sampling(false)
            .filter_expression(&self.filter)
            .into_paginator()
            .send();
        let mut ids = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| failed("the traces cannot be listed", &error))?;
            let all = page.trace_summaries().iter();
            ids.extend(all.filter_map(|one| one.id().map(str::to_owned)));
        }
        Ok(ids)
    }

    /// The traces of these ids, and the ids of those that X-Ray does not hand out.
    pub async fn get(
        &self,
        ids: &[String],
        window: Window,
    ) -> Result<(Traces, Vec<String>), String> {
        let mut traces = Traces::new();
        let mut left = ids.to_vec();
        if self.is_in_logs {
            traces = self.retrieve(ids, window).await?;
            // Those from before Transaction Search was switched on are where they were.
            left.retain(|id| !traces.contains_key(id));
        }
        for pause in PAUSES.into_iter().map(Some).chain([None]) {
            for some in left.chunks(AT_ONCE) {
                traces.append(&mut self.batch(some).await?);
            }
            left.retain(|id| !traces.contains_key(id));
            match pause {
                Some(pause) if !left.is_empty() => tokio::time::sleep(pause).await,
                _ => break,
            }
        }
        Ok((traces, left))
    }

    async fn batch(&self, ids: &[String]) -> Result<Traces, String> {
        let asked = self.client.batch_get_traces();
        let asked = asked.set_trace_ids(Some(ids.to_vec()));
        let mut pages = asked.into_paginator().send();
        let mut traces = Traces::new();
        let mut unprocessed = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| failed("traces cannot be read", &error))?;
            for trace in page.traces() {
                let documents = trace.segments().iter().filter_map(|one| one.document());
                let entry: &mut Trace = traces.entry(id(trace.id())).or_default();
                entry.documents.extend(documents.map(str::to_owned));
                entry.is_cut |= trace.limit_exceeded() == Some(true);
            }
            unprocessed.extend_from_slice(page.unprocessed_trace_ids());
        }
        traces.retain(|id, _| !unprocessed.contains(id));
        Ok(traces)
    }
}

/// Which traces are those of a stack: what its REST API and its state machine took part in, and what is annotated with its name ("Use
/// filter expressions" in the AWS X-Ray Developer Guide). API Gateway writes as `API/STAGE`, Step Functions as the state machine.
fn filter(prefix: &str) -> String {
    format!(
        "service(\"api-{prefix}/prod\") OR service(\"{prefix}-state-machine\") OR annotation.application = \"{prefix}\""
    )
}

fn id(id: Option<&str>) -> String {
    id.unwrap_or_default().to_owned()
}

fn moment(at: Timestamp) -> DateTime {
    DateTime::from_millis(at.as_millisecond())
}

fn failed<E>(doing: &str, error: &SdkError<E, HttpResponse>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    format!("{doing}: X-Ray: {}", Failure::of(error).why)
}
