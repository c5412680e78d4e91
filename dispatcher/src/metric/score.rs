//! The summary of one metric over a whole video, as reports carry it.

use serde::{Deserialize, Serialize};

use super::statistics::Sorted;
use super::{Branch, Log, Metric};

/// How many of the worst frames are named.
const WORST: usize = 5;

/// The summary of a metric over a whole video. All numbers are of the metric's headline field.
///
/// An older score carries `mean`, `min` and `max` only: what came later is optional. An infinite number (PSNR of identical
/// frames) is the text `"inf"` in JSON; no number is ever `NaN`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The metric's name.
    pub metric: String,
    /// `dB`, or empty for an index.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unit: String,
    /// The model that judged, such as `vmaf_v0.6.1`; absent where a metric has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The version of the library that computed it, as its log tells; absent where ffmpeg's own filter did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Number of frames compared.
    pub frames: usize,
    /// The whole video's value, pooled as the metric defines it: PSNR from the mean of squared errors. `"inf"` where every frame is
    /// identical.
    #[serde(with = "crate::number")]
    pub mean: f64,
    /// The arithmetic mean of the frames' values: for PSNR the mean of decibels, which is infinite as soon as one frame is. Given
    /// for every metric; where the metric pools like this it equals `mean`.
    #[serde(
        default,
        with = "crate::number::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub mean_of_frames: Option<f64>,
    /// [`Frames::harmonic_mean`](super::Frames::harmonic_mean), of metrics that are pooled like this too.
    #[serde(
        default,
        with = "crate::number::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub harmonic_mean: Option<f64>,
    /// Smallest value.
    #[serde(with = "crate::number")]
    pub min: f64,
    /// The 1st percentile: of a hundred frames one is worse. [`Sorted::percentile`] says how it is interpolated.
    #[serde(
        default,
        with = "crate::number::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub p1: Option<f64>,
    /// The 5th percentile.
    #[serde(
        default,
        with = "crate::number::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub p5: Option<f64>,
    /// The 10th percentile.
    #[serde(
        default,
        with = "crate::number::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub p10: Option<f64>,
    /// The 50th percentile.
    #[serde(
        default,
        with = "crate::number::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub median: Option<f64>,
    /// Largest value.
    #[serde(with = "crate::number")]
    pub max: f64,
    /// The standard deviation of the population of frames; absent when a value is infinite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub std_dev: Option<f64>,
    /// The five frames with the lowest values, the lowest first; of equals the earlier one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub worst: Vec<Worst>,
    /// Sentences that one must know to read the number rightly.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// One of the worst frames.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Worst {
    /// The frame's number, from 1, as in the per-frame document.
    pub n: usize,
    /// Its value.
    #[serde(with = "crate::number")]
    pub value: f64,
}

impl Score {
    /// Summarises the headline field of what a filter wrote; `None` when no frame carries it.
    pub fn of(metric: &Metric, branch: &Branch, log: &Log) -> Option<Self> {
        let (frames, field) = (&log.frames, metric.headline);
        let column = frames.column(field);
        let sorted = Sorted::of(column)?;
        Some(Self {
            metric: metric.name.to_owned(),
            unit: metric.unit.to_owned(),
            model: branch.model.clone(),
            version: log.version.clone(),
            frames: sorted.count(),
            mean: (metric.pool)(frames, field)?,
            mean_of_frames: frames.mean(field),
            harmonic_mean: metric
                .harmonic
                .then(|| frames.harmonic_mean(field))
                .flatten(),
            min: sorted.min(),
            p1: Some(sorted.percentile(1)),
            p5: Some(sorted.percentile(5)),
            p10: Some(sorted.percentile(10)),
            median: Some(sorted.median()),
            max: sorted.max(),
            std_dev: sorted.std_dev(),
            worst: worst(column),
            notes: branch.notes.clone(),
        })
    }
}

fn worst(column: &[f64]) -> Vec<Worst> {
    let mut frames: Vec<Worst> = column
        .iter()
        .enumerate()
        .filter(|(_, value)| !value.is_nan())
        .map(|(at, value)| Worst {
            n: at + 1,
            value: *value,
        })
        .collect();
    // The order is stable: of equals the earlier one stays first.
    frames.sort_by(|one, other| one.value.total_cmp(&other.value));
    frames.truncate(WORST);
    frames
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::Frames;

    /// A metric that averages, of a field `q`.
    const METRIC: Metric = Metric {
        name: "quality",
        summary: "",
        filter: "",
        models: None,
        graph: |_| Branch::default(),
        parse: |_| Ok(Log::default()),
        pool: Frames::mean,
        harmonic: false,
        headline: "q",
        unit: "",
    };

    fn log(values: &[f64]) -> Log {
        let mut frames = Frames::default();
        for value in values {
            frames.push([("q", *value)]);
        }
        frames.into()
    }

    fn score(values: &[f64]) -> Score {
        Score::of(&METRIC, &Branch::default(), &log(values)).expect("a score")
    }

    #[test]
    fn everything_about_a_video() {
        let metric = Metric {
            harmonic: true,
            ..METRIC
        };
        let branch = Branch {
            text: String::new(),
            model: Some("model_v1".to_owned()),
            notes: vec!["no public HDR model".to_owned()],
            ..Branch::default()
        };
        let log = Log {
            version: Some("3.2.0".to_owned()),
            ..log(&[3.0, 1.0, 7.0, 1.0, 5.0, 1.0, 3.0])
        };
        let score = Score::of(&metric, &branch, &log).expect("a score");
        insta::assert_snapshot!(serde_json::to_string_pretty(&score).expect("JSON"), @r#"
        {
          "metric": "quality",
          "model": "model_v1",
          "version": "3.2.0",
          "frames": 7,
          "mean": 3.0,
          "mean_of_frames": 3.0,
          "harmonic_mean": 2.054545454545454,
          "min": 1.0,
          "p1": 1.0,
          "p5": 1.0,
          "p10": 1.0,
          "median": 3.0,
          "max": 7.0,
          "std_dev": 2.138089935299395,
          "worst": [
            {
              "n": 2,
              "value": 1.0
            },
            {
              "n": 4,
              "value": 1.0
            },
            {
              "n": 6,
              "value": 1.0
            },
            {
              "n": 1,
              "value": 3.0
            },
            {
              "n": 7,
              "value": 3.0
            }
          ],
          "notes": [
            "no public HDR model"
          ]
        }
        "#);
    }

    #[test]
    fn identical_frames_are_infinite_and_never_nan() {
        let score = score(&[f64::INFINITY, 30.0, f64::INFINITY]);
        insta::assert_snapshot!(serde_json::to_string(&score).expect("JSON"), @r#"{"metric":"quality","frames":3,"mean":"inf","mean_of_frames":"inf","min":30.0,"p1":30.0,"p5":30.0,"p10":30.0,"median":"inf","max":"inf","worst":[{"n":2,"value":30.0},{"n":1,"value":"inf"},{"n":3,"value":"inf"}]}"#);
    }

    #[test]
    fn a_score_comes_back_as_it_was() {
        for values in [&[1.0, 2.0][..], &[f64::INFINITY; 9], &[f64::NAN, 0.5]] {
            let score = score(values);
            let text = serde_json::to_string(&score).expect("JSON");
            let back: Score = serde_json::from_str(&text).expect("a score");
            assert_eq!(back, score);
        }
    }

    #[test]
    fn an_older_score_still_reads() {
        let text = r#"{"metric":"psnr","unit":"dB","frames":3,"mean":33.7,"min":32.5,"max":"inf"}"#;
        let score: Score = serde_json::from_str(text).expect("a score");
        assert!(score.max.is_infinite() && score.p5.is_none() && score.worst.is_empty());
        assert_eq!(serde_json::to_string(&score).expect("JSON"), text);
    }

    #[test]
    fn frames_without_a_value_are_not_counted_but_numbered() {
        let score = score(&[f64::NAN, 2.0]);
        assert_eq!((score.frames, score.worst[0].n), (1, 2));
        assert!(Score::of(&METRIC, &Branch::default(), &log(&[f64::NAN])).is_none());
        assert!(Score::of(&METRIC, &Branch::default(), &log(&[])).is_none());
    }
}
