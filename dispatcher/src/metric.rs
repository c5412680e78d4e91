//! The seam for quality metrics: a metric gives its branch of one filter graph and reads the file that its filter wrote.
//!
//! A metric runs nothing itself. `media` builds the whole graph from all the requested metrics, so that one decoding pass
//! of reference and distorted video serves them all.

mod frames;
mod score;
pub mod statistics;

use std::io::BufRead;
use std::path::PathBuf;

pub use frames::Frames;
pub use score::{Score, Worst};

/// What registers a metric: a name and functions, nothing else.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// The name that people type, such as `vmaf`; lower-case.
    pub name: &'static str,
    /// One line for listings.
    pub summary: &'static str,
    /// The ffmpeg filter that must be there, such as `libvmaf`.
    pub filter: &'static str,
    /// Reads what somebody typed for a model, long before a graph is needed; `None` where the metric has no models.
    pub models: Option<ReadModel>,
    /// The metric's branch of the graph.
    pub graph: fn(&GraphPart<'_>) -> Branch,
    /// Reads the file that the filter wrote, without holding its text in memory.
    pub parse: fn(&mut dyn BufRead) -> Result<Log, MetricError>,
    /// The value of a field for a whole video; `None` when no frame carries it. [`Frames::mean`] where the metric knows
    /// nothing better; PSNR averages squared errors instead of decibels.
    pub pool: fn(&Frames, &str) -> Option<f64>,
    /// True when people pool this metric by [`Frames::harmonic_mean`] too.
    pub harmonic: bool,
    /// The per-frame field that stands for the metric as a whole, such as `psnr_avg`.
    pub headline: &'static str,
    /// The unit of the headline: `dB`, or empty for an index.
    pub unit: &'static str,
}

inventory::collect!(Metric);

/// Reads what somebody typed for a model.
pub type ReadModel = fn(&str) -> Result<Model, ModelError>;

/// What a metric must know to write its branch of the graph.
#[derive(Debug, Clone, Copy)]
pub struct GraphPart<'a> {
    /// The pad of the distorted video, such as `[d0]`.
    pub distorted: &'a str,
    /// The pad of the reference video, such as `[r0]`.
    pub reference: &'a str,
    /// The file that the filter has to write, already escaped for a filter argument.
    pub log: &'a str,
    /// Threads the filter may use, at least 1; of several branches that share the frames each has its part of them.
    pub threads: usize,
    /// Width of the compared pictures in pixels.
    pub width: u32,
    /// Height of the compared pictures in pixels.
    pub height: u32,
    /// The pixel format of the compared pictures, such as `yuv420p10le`: planar YUV, RGB or gray, with alpha or without. A filter that
    /// takes less must be given a conversion, and the branch a note: ffmpeg would put one in and say nothing.
    pub pixel_format: &'a str,
    /// Frames a second of the compared videos, as their viewers see them; `None` where that is unknown. The pads' own clock counts
    /// frames and tells nothing.
    pub frame_rate: Option<f64>,
    /// The transfer characteristics of the compared pictures in ffmpeg's words, such as `smpte2084`; `None` where they are unknown.
    pub transfer: Option<&'a str>,
    /// The model that somebody asked for; `None` leaves the choice to the metric, and a metric without models passes it by.
    pub model: Option<&'a Model>,
}

impl GraphPart<'_> {
    /// Sends both videos through the same filters: the text of that, and the pads behind it, `(text, distorted, reference)`. Without
    /// filters the text is empty and the pads are the same.
    pub fn through(&self, filters: &str) -> (String, String, String) {
        if filters.is_empty() {
            return (
                String::new(),
                self.distorted.to_owned(),
                self.reference.to_owned(),
            );
        }
        let behind = |pad: &str| format!("[{}x]", pad.trim_matches(['[', ']']));
        let (distorted, reference) = (behind(self.distorted), behind(self.reference));
        let text = format!(
            "{}{filters}{distorted};{}{filters}{reference};",
            self.distorted, self.reference
        );
        (text, distorted, reference)
    }
}

/// A metric's branch of the graph, and what must be said of the scores that come out of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Branch {
    /// Filters from the two pads on, without a pad at the end.
    pub text: String,
    /// The model that judges; see [`Score::model`].
    pub model: Option<String>,
    /// See [`Score::notes`].
    pub notes: Vec<String>,
    /// How the frames can be shared out among several branches that do the same. `None` where one branch keeps up with any
    /// decoder, or where it must see every frame.
    pub split: Option<Split>,
}

/// What must be known to share the frames of a video out among several branches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Split {
    /// How many frames before it a frame's values depend on.
    pub before: usize,
    /// How many frames behind it they depend on.
    pub after: usize,
    /// Threads of the whole comparison, decoding included, that one branch can keep busy.
    pub threads: usize,
}

impl From<String> for Branch {
    fn from(text: String) -> Self {
        Self {
            text,
            ..Self::default()
        }
    }
}

/// A model that somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// What scores call it, such as `vmaf_v0.6.1neg`, or the base name of a file.
    pub name: String,
    /// The file that holds it, as it was typed. Whoever runs ffmpeg puts the path here that ffmpeg can open, and makes it readable.
    /// `None` where the filter brings the model along.
    pub file: Option<PathBuf>,
}

impl Model {
    /// Reads what somebody typed, by the first of these metrics that has models.
    pub fn read(typed: &str, metrics: &[&'static Metric]) -> Result<Self, ModelError> {
        match metrics.iter().find_map(|metric| metric.models) {
            Some(read) => read(typed),
            None => Err(ModelError {
                reason: format!(
                    "the model `{typed}` serves no metric that is asked for (ask for one that has models, or leave it out)"
                ),
            }),
        }
    }

    /// Checks what stands above a job for a model, such as in a configuration: true where one of these metrics has models, and
    /// therefore a use for it.
    pub fn suits(typed: &str, metrics: &[&'static Metric]) -> Result<bool, ModelError> {
        if metrics.iter().all(|metric| metric.models.is_none()) {
            return Ok(false);
        }
        Self::read(typed, metrics).map(|_| true)
    }
}

/// A model that no metric knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct ModelError {
    /// What is wrong, and what is known.
    pub reason: String,
}

/// What a filter wrote.
#[derive(Debug, Clone, Default)]
pub struct Log {
    /// The values, frame by frame.
    pub frames: Frames,
    /// The version of the library behind the filter, where the file tells it.
    pub version: Option<String>,
}

impl From<Frames> for Log {
    fn from(frames: Frames) -> Self {
        Self {
            frames,
            version: None,
        }
    }
}

/// A per-frame file that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the {metric} filter's output cannot be read at line {line}: {reason}")]
pub struct MetricError {
    /// The metric's name.
    pub metric: &'static str,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}
