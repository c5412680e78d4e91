//! Why there is no score: of one metric, or of a whole comparison.

use std::path::PathBuf;

use ffbatch_dispatcher::metric::MetricError;

use crate::probe::ProbeError;
use crate::run::RunError;

/// One metric has no result; the others may have one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetricFailure {
    /// The ffmpeg in use was built without the filter.
    #[error(
        "this ffmpeg has no `{filter}` filter (set FFBATCH_FFMPEG to a build that lists it in `ffmpeg -filters`)"
    )]
    NoFilter {
        /// The filter.
        filter: &'static str,
    },
    /// The filter cannot be set up: a model that is none, a pixel format that it does not take.
    #[error("`{metric}` cannot be set up: {cause}")]
    NotSetUp {
        /// The metric.
        metric: &'static str,
        /// Why, in ffmpeg's words.
        cause: String,
    },
    /// The filter's file is missing or broken.
    #[error(transparent)]
    Unreadable(#[from] MetricError),
    /// The filter's file lacks frames: a full disk does not make ffmpeg fail.
    #[error(
        "`{metric}` wrote {records} of {frames} frames (check the space left in the work directory)"
    )]
    Incomplete {
        /// The metric.
        metric: &'static str,
        /// Frames in the file.
        records: usize,
        /// Frames compared.
        frames: usize,
    },
    /// No frame carries the headline field.
    #[error("`{metric}` gave no `{field}`")]
    NoHeadline {
        /// The metric.
        metric: &'static str,
        /// The field.
        field: &'static str,
    },
}

/// The two videos cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum MeasureError {
    /// A side cannot be opened.
    #[error(transparent)]
    Probe(#[from] ProbeError),
    /// A side has no video.
    #[error("not comparable: `{0}` has no video")]
    NoVideo(PathBuf),
    /// The pictures differ in size.
    #[error("not comparable: the reference is {reference}, the output {distorted}")]
    Size {
        /// Width and height of the reference, as `WxH`.
        reference: String,
        /// Width and height of the other.
        distorted: String,
    },
    /// There is nothing to compare.
    #[error("not comparable: no frame could be decoded")]
    Empty,
    /// One side has more frames than the other.
    #[error("misaligned: reference has {reference} frames, output {distorted}")]
    Misaligned {
        /// Frames of the reference.
        reference: usize,
        /// Frames of the other.
        distorted: usize,
    },
    /// ffmpeg did not run.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The ffmpeg in use is too old to give an encoder's pictures back.
    #[error(
        "this ffmpeg has no loopback decoders, which all but the plainest encodes need (set FFBATCH_FFMPEG to version 7.1 or newer)"
    )]
    NoLoopback,
    /// ffmpeg ran and failed.
    #[error("the comparison failed: {0}")]
    Failed(String),
    /// The comparison was stopped.
    #[error("the comparison was stopped")]
    Stopped,
    /// A file of the work directory cannot be read.
    #[error("`{0}` cannot be read")]
    Io(PathBuf, #[source] std::io::Error),
}
