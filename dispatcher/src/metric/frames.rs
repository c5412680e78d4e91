//! The per-frame values of one metric, and their means.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

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

    /// Adds some of the frames of another list. Those that it does not have are passed by.
    pub fn append(&mut self, other: &Self, which: Range<usize>) {
        let which = which.start.min(other.len)..which.end.min(other.len);
        let len = self.len + which.len();
        for (field, values) in &other.columns {
            let column = self.columns.entry(field.clone()).or_default();
            column.resize(self.len, f64::NAN);
            column.extend_from_slice(&values[which.clone()]);
        }
        self.len = len;
        for column in self.columns.values_mut() {
            column.resize(len, f64::NAN);
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

    /// The arithmetic mean of a field over the frames that carry it; infinite when one of them is.
    pub fn mean(&self, field: &str) -> Option<f64> {
        self.mean_with(field, |value| value)
    }

    /// The harmonic mean as libvmaf takes it, of each value plus one, so that a frame of score 0 does not make it 0:
    /// `1 / mean(1 / (value + 1)) - 1` (`VMAF_POOL_METHOD_HARMONIC_MEAN` in
    /// <https://github.com/Netflix/vmaf/blob/master/libvmaf/src/libvmaf.c>). For values from 0 on.
    pub fn harmonic_mean(&self, field: &str) -> Option<f64> {
        let mean = self.mean_with(field, |value| 1.0 / (value + 1.0))?;
        Some(1.0 / mean - 1.0)
    }

    /// The mean of what becomes of each value of a field; `None` where it has no value.
    pub fn mean_with(&self, field: &str, of: impl Fn(f64) -> f64) -> Option<f64> {
        let (mut sum, mut count) = (0.0, 0.0);
        for value in self.column(field).iter().filter(|value| !value.is_nan()) {
            sum += of(*value);
            count += 1.0;
        }
        let mean: f64 = sum / count;
        // No value at all, or infinities of both signs.
        (!mean.is_nan()).then_some(mean)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames of one field `a`.
    fn of(values: &[f64]) -> Frames {
        let mut frames = Frames::default();
        for value in values {
            frames.push([("a", *value)]);
        }
        frames
    }

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

    #[test]
    fn frames_of_several_lists_in_one() {
        let mut frames = of(&[1.0, 2.0]);
        frames.append(&of(&[7.0, 3.0, 4.0, 8.0]), 1..3);
        let mut other = Frames::default();
        other.push([("b", 5.0)]);
        frames.append(&other, 0..9);
        assert_eq!(frames.len(), 5);
        assert_eq!(frames.column("a")[..4], [1.0, 2.0, 3.0, 4.0]);
        assert!(frames.column("a")[4].is_nan());
        assert!(frames.column("b")[..4].iter().all(|value| value.is_nan()));
        assert!((frames.column("b")[4] - 5.0).abs() < f64::EPSILON);
    }

    #[test]
    fn harmonic_means() {
        // 1 / ((1/1 + 1/2) / 2) - 1
        let third = of(&[0.0, 1.0]).harmonic_mean("a").expect("a mean");
        assert!((third - 1.0 / 3.0).abs() < 1e-12, "{third}");
        assert_eq!(of(&[3.0, 3.0]).harmonic_mean("a"), Some(3.0));
        assert_eq!(of(&[]).harmonic_mean("a"), None);
    }

    #[test]
    fn no_mean_is_not_a_number() {
        let infinite = [f64::INFINITY, 1.0];
        assert_eq!(of(&infinite).mean("a"), Some(f64::INFINITY));
        assert_eq!(of(&infinite).harmonic_mean("a"), Some(3.0));
        assert_eq!(of(&[f64::INFINITY]).harmonic_mean("a"), Some(f64::INFINITY));
        assert_eq!(of(&[f64::INFINITY, f64::NEG_INFINITY]).mean("a"), None);
        assert_eq!(of(&[f64::NAN]).mean("a"), None);
    }
}
