//! The seam for quality metrics: a metric gives its part of one filter graph and reads the file that its filter wrote.
//!
//! A metric runs nothing itself. `media` builds the whole graph from all the requested metrics, so that one decoding pass
//! of reference and distorted video serves them all.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What registers a metric: a name and functions, nothing else.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// The name that people type, such as `vmaf`; lower-case.
    pub name: &'static str,
    /// One line for listings.
    pub summary: &'static str,
    /// The ffmpeg filter that must be there, such as `libvmaf`.
    pub filter: &'static str,
    /// The filter's part of the graph.
    pub graph: fn(&GraphPart<'_>) -> String,
    /// Reads the per-frame file that the filter wrote.
    pub parse: fn(&str) -> Result<Frames, MetricError>,
    /// The per-frame field that stands for the metric as a whole, such as `psnr_avg`.
    pub headline: &'static str,
    /// The unit of the headline: `dB`, or empty for an index.
    pub unit: &'static str,
}

inventory::collect!(Metric);

/// What a metric must know to write its part of the graph.
#[derive(Debug, Clone, Copy)]
pub struct GraphPart<'a> {
    /// The pad of the distorted video, such as `[d0]`.
    pub distorted: &'a str,
    /// The pad of the reference video, such as `[r0]`.
    pub reference: &'a str,
    /// The file that the filter has to write, already escaped for a filter argument.
    pub log: &'a str,
    /// Threads the filter may use, at least 1.
    pub threads: usize,
    /// Width of the compared pictures in pixels.
    pub width: u32,
    /// Height of the compared pictures in pixels.
    pub height: u32,
}

/// Per-frame scores of one metric: frame by frame, field by field.
///
/// Frames are numbered by position, from 0. A field that is infinite (PSNR of identical frames) is `f64::INFINITY`
/// here and `"inf"` in JSON.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Frames {
    /// One map of field to value for each frame, in order.
    pub frames: Vec<BTreeMap<String, f64>>,
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

/// The summary of a metric over a whole video.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The metric's name.
    pub metric: String,
    /// `dB`, or empty for an index.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unit: String,
    /// Number of frames compared.
    pub frames: usize,
    /// Arithmetic mean of the headline field; `"inf"` where every frame is identical.
    #[serde(with = "crate::number")]
    pub mean: f64,
    /// Smallest value.
    #[serde(with = "crate::number")]
    pub min: f64,
    /// Largest value.
    #[serde(with = "crate::number")]
    pub max: f64,
}

impl Score {
    /// Summarises the headline field; `None` when no frame carries it.
    pub fn of(metric: &Metric, frames: &Frames) -> Option<Self> {
        let values: Vec<f64> = frames
            .frames
            .iter()
            .filter_map(|frame| frame.get(metric.headline).copied())
            .collect();
        if values.is_empty() {
            return None;
        }
        #[expect(
            clippy::cast_precision_loss,
            reason = "frame counts stay far below 2^52"
        )]
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        Some(Self {
            metric: metric.name.to_owned(),
            unit: metric.unit.to_owned(),
            frames: values.len(),
            mean,
            min: values.iter().copied().fold(f64::INFINITY, f64::min),
            max: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        })
    }
}
