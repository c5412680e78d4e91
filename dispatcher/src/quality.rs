//! The per-frame document: every value of every frame of one compared output, as JSON for Athena.
//!
//! Its form is a contract with views that exist: a list of frames for each metric, `global` with the statistics of every field (both
//! as `ffmpeg-quality-metrics` writes them), and the three names of AWS Batch. `pooled` and `scores` are ours beside them.
//! An hour of video makes tens of megabytes, so that it is written as a stream and its text is never in memory.

use std::io::{self, BufWriter, Write};

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use crate::metric::statistics::Sorted;
use crate::metric::{Frames, Metric, Score};
use crate::report::Report;

/// What stands for a name that AWS Batch did not give.
const NOWHERE: &str = "local";

/// Where an output was made, in the words of AWS Batch; `local` three times where it was not made by a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin<'a> {
    /// The job's id, `AWS_BATCH_JOB_ID`.
    pub job: &'a str,
    /// The job queue, `AWS_BATCH_JQ_NAME`.
    pub queue: &'a str,
    /// The compute environment, `AWS_BATCH_CE_NAME`.
    pub environment: &'a str,
    /// The output and which of its video streams, where a job may have several.
    pub output: Option<(&'a str, usize)>,
}

impl Default for Origin<'_> {
    fn default() -> Self {
        Self {
            job: NOWHERE,
            queue: NOWHERE,
            environment: NOWHERE,
            output: None,
        }
    }
}

impl<'a> Origin<'a> {
    /// The origin of what a job made, whichever output.
    pub fn of(report: &'a Report) -> Self {
        let machine = &report.machine;
        Self {
            job: &report.job_id,
            queue: machine.job_queue.as_deref().unwrap_or(NOWHERE),
            environment: machine.compute_environment.as_deref().unwrap_or(NOWHERE),
            output: None,
        }
    }
}

/// One metric's part of a document.
#[derive(Debug, Clone, Copy)]
pub struct Measured<'a> {
    /// The metric.
    pub metric: &'a Metric,
    /// Its values, frame by frame.
    pub frames: &'a Frames,
    /// Its summary.
    pub score: &'a Score,
}

/// The per-frame document of one output.
#[derive(Debug, Clone, Copy)]
pub struct Document<'a> {
    /// Where the output was made.
    pub origin: Origin<'a>,
    /// The metrics that have a result; another has no list here.
    pub metrics: &'a [Measured<'a>],
}

impl Document<'_> {
    /// Writes the document as one line, as tables of JSON want it, with its newline.
    pub fn write(&self, to: impl Write) -> io::Result<()> {
        let mut to = BufWriter::new(to);
        serde_json::to_writer(&mut to, self)?;
        to.write_all(b"\n")?;
        to.flush()
    }
}

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut document = to.serialize_map(None)?;
        for measured in self.metrics {
            document.serialize_entry(measured.metric.name, measured.frames)?;
        }
        document.serialize_entry("global", &Global(self.metrics))?;
        let scores: Vec<&Score> = self.metrics.iter().map(|one| one.score).collect();
        document.serialize_entry("scores", &scores)?;
        document.serialize_entry("AWS_BATCH_JOB_ID", self.origin.job)?;
        document.serialize_entry("AWS_BATCH_JQ_NAME", self.origin.queue)?;
        document.serialize_entry("AWS_BATCH_CE_NAME", self.origin.environment)?;
        if let Some((output, stream)) = self.origin.output {
            document.serialize_entry("output", output)?;
            document.serialize_entry("stream", &stream)?;
        }
        document.end()
    }
}

/// Metric to field to statistics.
struct Global<'a>(&'a [Measured<'a>]);

impl Serialize for Global<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(
            self.0
                .iter()
                .map(|measured| (measured.metric.name, Fields(measured))),
        )
    }
}

/// Field to statistics.
struct Fields<'a>(&'a Measured<'a>);

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let frames = self.0.frames;
        to.collect_map(frames.fields().filter_map(|field| {
            let statistics = Statistics::of(self.0, field)?;
            Some((field, statistics))
        }))
    }
}

/// The statistics of one field over all frames that carry it; of infinite values too, where `ffmpeg-quality-metrics` leaves them out.
#[derive(Serialize)]
struct Statistics {
    #[serde(with = "crate::number")]
    average: f64,
    #[serde(with = "crate::number")]
    median: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    stdev: Option<f64>,
    #[serde(with = "crate::number")]
    min: f64,
    #[serde(with = "crate::number")]
    max: f64,
    /// As the metric defines it: of PSNR from the mean of squared errors.
    #[serde(with = "crate::number")]
    pooled: f64,
}

impl Statistics {
    fn of(measured: &Measured<'_>, field: &str) -> Option<Self> {
        let sorted = Sorted::of(measured.frames.column(field))?;
        Some(Self {
            average: measured.frames.mean(field)?,
            median: sorted.median(),
            stdev: sorted.std_dev(),
            min: sorted.min(),
            max: sorted.max(),
            pooled: (measured.metric.pool)(measured.frames, field)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::{Branch, Log};

    /// A metric `q` that pools by its maximum, so that pooled values differ from averages.
    const METRIC: Metric = Metric {
        name: "q",
        summary: "",
        filter: "",
        models: None,
        graph: |_| Branch::default(),
        parse: |_| Ok(Log::default()),
        pool: |frames, field| Some(Sorted::of(frames.column(field))?.max()),
        harmonic: false,
        headline: "q_avg",
        unit: "",
    };

    fn log() -> Log {
        let mut frames = Frames::default();
        frames.push([("q_avg", 1.0), ("q_y", f64::INFINITY)]);
        frames.push([("q_avg", 3.0)]);
        frames.into()
    }

    fn write(to: impl Write) -> io::Result<()> {
        let log = log();
        let score = Score::of(&METRIC, &Branch::default(), &log).expect("a score");
        let metrics = [Measured {
            metric: &METRIC,
            frames: &log.frames,
            score: &score,
        }];
        let origin = Origin {
            job: "1234:7",
            queue: "batch-ffmpeg-job-queue-arm",
            output: Some(("s3://b/out.mp4", 1)),
            ..Origin::default()
        };
        Document {
            origin,
            metrics: &metrics,
        }
        .write(to)
    }

    #[test]
    fn the_whole_document() {
        let mut text = Vec::new();
        write(&mut text).expect("written");
        let text = String::from_utf8(text).expect("text");
        assert!(text.ends_with("}\n") && text.lines().count() == 1);
        insta::assert_snapshot!(text, @r#"{"q":[{"n":1,"q_avg":1.0,"q_y":"inf"},{"n":2,"q_avg":3.0}],"global":{"q":{"q_avg":{"average":2.0,"median":2.0,"stdev":1.0,"min":1.0,"max":3.0,"pooled":3.0},"q_y":{"average":"inf","median":"inf","min":"inf","max":"inf","pooled":"inf"}}},"scores":[{"metric":"q","frames":2,"mean":3.0,"mean_of_frames":2.0,"min":1.0,"p1":1.02,"p5":1.1,"p10":1.2,"median":2.0,"max":3.0,"std_dev":1.0,"worst":[{"n":1,"value":1.0},{"n":2,"value":3.0}]}],"AWS_BATCH_JOB_ID":"1234:7","AWS_BATCH_JQ_NAME":"batch-ffmpeg-job-queue-arm","AWS_BATCH_CE_NAME":"local","output":"s3://b/out.mp4","stream":1}"#);
    }

    #[test]
    fn nothing_measured_is_a_document_too() {
        let empty = Document {
            origin: Origin::default(),
            metrics: &[],
        };
        insta::assert_snapshot!(serde_json::to_string(&empty).expect("JSON"), @r#"{"global":{},"scores":[],"AWS_BATCH_JOB_ID":"local","AWS_BATCH_JQ_NAME":"local","AWS_BATCH_CE_NAME":"local"}"#);
    }

    #[test]
    fn a_full_disk_is_an_error() {
        struct Full;

        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }

        let error = write(Full).expect_err("no space");
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}
