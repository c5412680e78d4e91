//! The seam for quality metrics: a metric gives its part of one filter graph and reads the file that its filter wrote.
//!
//! A metric runs nothing itself. `media` builds the whole graph from all the requested metrics, so that one decoding pass
//! of reference and distorted video serves them all.

use std::collections::BTreeMap;
use std::io::BufRead;

use serde::ser::SerializeMap as _;
use serde::{Deserialize, Serialize, Serializer};

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
    /// Reads the per-frame file that the filter wrote, without holding its text in memory.
    pub parse: fn(&mut dyn BufRead) -> Result<Frames, MetricError>,
    /// The value of a field for a whole video; `None` when no frame carries it. [`Frames::mean`] where the metric knows
    /// nothing better; PSNR averages squared errors instead of decibels.
    pub pool: fn(&Frames, &str) -> Option<f64>,
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

/// Per-frame scores of one metric, one column for each field, so that an hour of video stays a few megabytes.
///
/// Frames are numbered by position. A value that is infinite (PSNR of identical frames) is `f64::INFINITY` here and
/// `"inf"` in JSON; a field that a frame lacks is `NaN` here and absent in JSON. In JSON the frames are a list of objects,
/// each with its number `n`, counted from 1.
#[derive(Debug, Clone, Default)]
pub struct Frames {
    columns: BTreeMap<String, Vec<f64>>,
    len: usize,
}

impl Frames {
    /// Adds a frame.
    pub fn push<'a>(&mut self, fields: impl IntoIterator<Item = (&'a str, f64)>) {
        for (field, value) in fields {
            // Looked up first, so that no name is copied for every frame.
            if !self.columns.contains_key(field) {
                self.columns.insert(field.to_owned(), Vec::new());
            }
            if let Some(column) = self.columns.get_mut(field) {
                column.resize(self.len, f64::NAN);
                column.push(value);
            }
        }
        self.len += 1;
        for column in self.columns.values_mut() {
            column.resize(self.len, f64::NAN);
        }
    }

    /// Number of frames.
    pub fn len(&self) -> usize {
        self.len
    }

    /// True when there is no frame.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The names of the fields, sorted.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.columns.keys().map(String::as_str)
    }

    /// One field over all frames; empty when there is no such field.
    pub fn column(&self, field: &str) -> &[f64] {
        self.columns.get(field).map_or(&[], Vec::as_slice)
    }

    /// The arithmetic mean of a field over the frames that carry it.
    pub fn mean(&self, field: &str) -> Option<f64> {
        let values = self.column(field).iter().filter(|value| !value.is_nan());
        let (mut sum, mut count) = (0.0, 0.0);
        for value in values {
            sum += value;
            count += 1.0;
        }
        (count > 0.0).then(|| sum / count)
    }
}

impl Serialize for Frames {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq((0..self.len).map(|frame| Row {
            frames: self,
            frame,
        }))
    }
}

/// One frame, as it is written.
struct Row<'a> {
    frames: &'a Frames,
    frame: usize,
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut row = to.serialize_map(None)?;
        row.serialize_entry("n", &(self.frame + 1))?;
        for (field, column) in &self.frames.columns {
            match column[self.frame] {
                value if value.is_nan() => {}
                value if value.is_finite() => row.serialize_entry(field, &value)?,
                value => row.serialize_entry(field, &value.to_string())?,
            }
        }
        row.end()
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
    /// The headline field over the whole video, pooled as the metric defines it; `"inf"` where every frame is identical.
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
        let values = || {
            let column = frames.column(metric.headline).iter().copied();
            column.filter(|value| !value.is_nan())
        };
        Some(Self {
            metric: metric.name.to_owned(),
            unit: metric.unit.to_owned(),
            frames: values().count(),
            mean: (metric.pool)(frames, metric.headline)?,
            min: values().fold(f64::INFINITY, f64::min),
            max: values().fold(f64::NEG_INFINITY, f64::max),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_written_with_their_numbers_and_infinities() {
        let mut frames = Frames::default();
        frames.push([("a", 1.5)]);
        frames.push([("b", f64::INFINITY), ("a", 2.5)]);
        frames.push([]);
        assert_eq!(
            serde_json::to_string(&frames).expect("JSON"),
            r#"[{"n":1,"a":1.5},{"n":2,"a":2.5,"b":"inf"},{"n":3}]"#
        );
        assert_eq!(frames.len(), 3);
        assert_eq!(frames.mean("a"), Some(2.0));
        assert_eq!(frames.mean("c"), None);
    }
}
