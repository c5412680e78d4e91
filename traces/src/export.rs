//! The export: window after window, and the watermark behind them.

use std::collections::HashSet;

use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::location::Location;
use ffbatch_storage::{Kind, SdkConfig, StoreError, Stores};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::segment::Segment;
use crate::watermark::{Watermark, WatermarkError};
use crate::window::Window;
use crate::xray::{Trace, XRay};

/// How long X-Ray keeps traces (AWS X-Ray endpoints and quotas).
pub const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How much of that is left alone: what is about to go may be listed and gone before it is read.
const EDGE: SignedDuration = SignedDuration::from_hours(6);

/// How old a window has to be, so that what X-Ray lists of it and does not hand out is given up.
const PATIENCE: SignedDuration = SignedDuration::from_hours(24);

/// How far an export looks back behind the watermark, for what came late.
const OVERLAP: SignedDuration = SignedDuration::from_hours(1);

/// How many traces are held at a time.
const HELD: usize = 100;

/// How many documents are written at a time.
const WRITES: usize = 16;

/// What is to be exported.
#[derive(Debug, Clone)]
pub struct Order {
    /// Into which bucket.
    pub bucket: String,
    /// What the names of the stack begin with.
    pub prefix: String,
    /// From when on; without it from the watermark on, or all that X-Ray keeps.
    pub since: Option<Timestamp>,
    /// Until when; without it until now.
    pub until: Option<Timestamp>,
    /// Whether nothing is written.
    pub dry_run: bool,
}

/// What was exported.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// From when on.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// Traces that were seen.
    pub traces: u64,
    /// Documents that were written, or would have been.
    pub written: u64,
    /// Documents that were there already.
    pub there: u64,
    /// Segments of jobs, which have written them themselves.
    pub own: u64,
    /// Segments that have not ended, for a later export.
    pub unfinished: u64,
    /// What else is worth knowing, a sentence each.
    pub notes: Vec<String>,
}

/// How far an export is.
#[derive(Debug)]
pub struct Step<'a> {
    /// The window that was exported last.
    pub window: Window,
    /// How many windows are done.
    pub done: usize,
    /// How many there are.
    pub all: usize,
    /// What was exported so far.
    pub summary: &'a Summary,
}

/// An export that failed. The watermark is before what is missing.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// It makes no sense as it was asked for.
    #[error("{0}")]
    Order(String),
    /// Before anything was exported.
    #[error(transparent)]
    Watermark(#[from] WatermarkError),
    /// X-Ray cannot be asked.
    #[error("{0}")]
    XRay(String),
    /// X-Ray did not hand out what it has.
    #[error("the traces of {window} are not exported: {why}")]
    Window {
        /// The window.
        window: Window,
        /// Why, in a sentence.
        why: String,
    },
    /// The bucket refused.
    #[error("the traces of {window} are not exported")]
    Store {
        /// The window.
        window: Window,
        /// Why.
        source: StoreError,
    },
}

impl ExportError {
    /// The exit code.
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Order(_) => Exit::Rejected,
            Self::Watermark(_) | Self::XRay(_) | Self::Window { .. } => Exit::Input,
            Self::Store { .. } => Exit::Output,
        }
    }
}

/// Exports what others wrote, and tells of every window.
pub async fn export(
    order: &Order,
    config: &SdkConfig,
    stores: &Stores,
    on: &mut (dyn FnMut(&Step<'_>) + Send),
) -> Result<Summary, ExportError> {
    let now = Timestamp::now();
    let watermark = Watermark::read(stores, &order.bucket).await?;
    let (from, until) = span(order, watermark.as_ref(), now)?;
    let xray = XRay::of(config, &order.prefix).await;
    let mut export = Export {
        order,
        stores,
        xray: xray.map_err(ExportError::XRay)?,
        seen: HashSet::new(),
        summary: Summary {
            from,
            until,
            traces: 0,
            written: 0,
            there: 0,
            own: 0,
            unfinished: 0,
            notes: Vec::new(),
        },
    };
    if export.xray.is_in_logs() {
        export.note("Transaction Search is on, and X-Ray lists the part of the traces that it indexes (set 100 %: `aws xray update-indexing-rule`)");
    }
    let is_behind = watermark.as_ref().is_some_and(|mark| from > mark.until);
    // What lies between is not exported, so that it must not look as if it were, unless nobody can export it any more.
    let is_gap = is_behind && order.since.is_some();
    if is_gap {
        export.note("the watermark stays where it is, since there is time between it and what was exported (leave --since out to close the gap)");
    } else if is_behind {
        export.note(&format!("the last export was so long ago that X-Ray has nothing left of the time before {from:.0}"));
    }
    let windows = Window::all(from, until);
    let all = windows.len();
    for (done, window) in (1..).zip(windows) {
        export.window(window).await?;
        let is_ahead = watermark
            .as_ref()
            .is_none_or(|mark| window.until > mark.until);
        if is_ahead && !is_gap && !order.dry_run {
            let mark = Watermark::at(window.until, export.summary.traces, export.summary.written);
            let written = mark.write(stores, &order.bucket).await;
            written.map_err(|source| ExportError::Store { window, source })?;
        }
        on(&Step {
            window,
            done,
            all,
            summary: &export.summary,
        });
    }
    Ok(export.summary)
}

/// From when until when.
fn span(
    order: &Order,
    watermark: Option<&Watermark>,
    now: Timestamp,
) -> Result<(Timestamp, Timestamp), ExportError> {
    let before = |at: Timestamp, by| at.checked_sub(by).unwrap_or(at);
    let first = before(now, KEPT - EDGE);
    let marked = watermark.map(|mark| before(mark.until, OVERLAP));
    let from = order.since.or(marked).unwrap_or(first).max(first);
    let until = order.until.unwrap_or(now).min(now);
    if from >= until {
        return Err(ExportError::Order(format!(
            "there is no time from {from:.0} until {until:.0} (X-Ray keeps 30 days; change --since or --until)"
        )));
    }
    Ok((from, until))
}

/// An export under way.
struct Export<'a> {
    order: &'a Order,
    stores: &'a Stores,
    xray: XRay,
    /// The traces that were read already: one may be listed for several windows, and is read whole.
    seen: HashSet<String>,
    summary: Summary,
}

impl Export<'_> {
    fn note(&mut self, note: &str) {
        self.summary.notes.push(note.to_owned());
    }

    async fn window(&mut self, window: Window) -> Result<(), ExportError> {
        let wrong = |why: String| ExportError::Window { window, why };
        let listed = self.xray.list(window).await.map_err(wrong)?;
        let mut ids: Vec<String> = Vec::new();
        for id in listed {
            if self.seen.insert(id.clone()) {
                ids.push(id);
            }
        }
        for some in ids.chunks(HELD) {
            let (traces, missing) = self.xray.get(some, window).await.map_err(wrong)?;
            if let Some(first) = missing.first() {
                let why =
                    format!("X-Ray lists traces that it does not hand out, such as `{first}`");
                if Timestamp::now().duration_since(window.until) < PATIENCE {
                    return Err(wrong(format!("{why} (run again later)")));
                }
                // It will not do so later, and what came since must not wait for it.
                self.note(&format!("of {window}, {why}"));
            }
            let mut documents = Vec::new();
            for (id, trace) in &traces {
                documents.extend(self.sort(id, trace));
            }
            let written = self.write(documents).await;
            let written = written.map_err(|source| ExportError::Store { window, source })?;
            let is_new = |is: bool| number(written.iter().filter(|one| **one == is).count());
            self.summary.traces += number(traces.len());
            self.summary.written += is_new(true);
            self.summary.there += is_new(false);
        }
        Ok(())
    }

    /// The documents of a trace that go into the bucket, with their keys.
    fn sort(&mut self, id: &str, trace: &Trace) -> Vec<(String, String)> {
        if trace.is_cut {
            self.note(&format!(
                "X-Ray has not all of the trace `{id}`, which is too large for it"
            ));
        }
        let mut documents = Vec::new();
        for document in &trace.documents {
            match Segment::of(id, document) {
                Ok(Segment::Own) => self.summary.own += 1,
                Ok(Segment::Unfinished) => self.summary.unfinished += 1,
                Ok(Segment::Document { key, text }) => documents.push((key, text)),
                Err(why) => self.note(&format!("a segment of the trace `{id}` is none: {why}")),
            }
        }
        documents
    }

    /// Writes documents, and tells of each whether it was new.
    async fn write(&self, documents: Vec<(String, String)>) -> Result<Vec<bool>, StoreError> {
        let each = documents.into_iter().map(|(key, text)| async move {
            let at = Location::S3 {
                bucket: self.order.bucket.clone(),
                key,
            };
            let store = self.stores.of(&at)?;
            if self.order.dry_run {
                return match store.stat(&at).await {
                    Ok(_) => Ok(false),
                    Err(error) if error.kind == Kind::NotFound => Ok(true),
                    Err(error) => Err(error),
                };
            }
            store
                .create(text.into_bytes(), &at, "application/json")
                .await
        });
        stream::iter(each)
            .buffer_unordered(WRITES)
            .try_collect()
            .await
    }
}

fn number(count: usize) -> u64 {
    count as u64
}

#[cfg(test)]
mod tests;
