//! Quality of one video against another: every metric over the same decoded frames, in one ffmpeg process.
//!
//! ffmpeg's two-input filters pair pictures by timestamp and repeat the last one of the shorter side, so that a shifted clock
//! gives a plausible and wrong number. Here frame n is compared with frame n, whatever their timestamps say; the frames of both
//! sides are counted in the same process; and where the counts differ there is an error and no number.
//!
//! The comparison happens in the distorted video's size and pixel format, which is what its viewers get. Videos of different
//! sizes are refused: scaling one of them would measure the scaler too.

mod graph;

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::time::Duration;

use ffbatch_dispatcher::metric::{Branch, Frames, Metric, MetricError, Model, Score};
use tokio_util::sync::CancellationToken;

use crate::confine::Policy;
use crate::find::Ffmpeg;
use crate::log;
use crate::probe::{Input, ProbeError, Source, Video, probe};
use crate::run::{GRACE, Happening, Run, RunError, Stdout, run};

/// A comparison to make.
#[derive(Debug, Clone)]
pub struct Measure {
    /// The ffmpeg to use.
    pub ffmpeg: Ffmpeg,
    /// The program whose subcommand `exec` calls [`crate::confine::launch`]. Absolute.
    pub launcher: PathBuf,
    /// What the encoder was given.
    pub reference: Source,
    /// What became of it.
    pub distorted: Source,
    /// The metrics; at least one.
    pub metrics: Vec<&'static Metric>,
    /// The model for metrics that have models; its file, if it has one, by its absolute path. `None` leaves the choice to the metric.
    pub model: Option<Model>,
    /// An existing private directory for logs; they are left there. Absolute.
    pub room: PathBuf,
    /// Threads for decoders and filters: the processors that this job may use.
    pub threads: usize,
    /// True when nothing may run without full confinement.
    pub require_confinement: bool,
    /// Cancel it to stop.
    pub stop: CancellationToken,
}

/// The result of a comparison.
#[derive(Debug, Clone)]
pub struct Measured {
    /// Frames compared.
    pub frames: usize,
    /// In which size and pixel format.
    pub domain: Domain,
    /// One for each metric that was asked for, in that order.
    pub metrics: Vec<Measurement>,
    /// Wall time of the comparing process; zero when no metric could run.
    pub wall: Duration,
}

/// The form in which pictures were compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Domain {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The pixel format, such as `yuv420p`.
    pub pixel_format: String,
    /// Frames a second of the distorted video, where it tells.
    pub frame_rate: Option<f64>,
    /// The transfer characteristics of the distorted video, or else of the reference, where they tell.
    pub transfer: Option<String>,
}

/// One metric's part of the result.
#[derive(Debug, Clone)]
pub struct Measurement {
    /// The metric.
    pub metric: &'static Metric,
    /// Its scores, or why there are none.
    pub outcome: Result<Scores, MetricFailure>,
}

/// What a metric found.
#[derive(Debug, Clone)]
pub struct Scores {
    /// Over the whole video.
    pub score: Score,
    /// Frame by frame.
    pub frames: Frames,
}

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

/// Compares two videos.
///
/// # Behavior
/// - A metric without a filter in this build fails alone; the others run.
/// - `on` gets the log and the progress of the comparing process.
pub async fn measure(
    asked: &Measure,
    on: &mut (dyn FnMut(Happening) + Send),
) -> Result<Measured, MeasureError> {
    let sources = [asked.reference.clone(), asked.distorted.clone()];
    let (inputs, filters) = tokio::join!(
        probe(
            &asked.ffmpeg,
            &asked.launcher,
            asked.require_confinement,
            &sources
        ),
        filters(asked)
    );
    let (domain, filters) = (domain(&sources, &inputs?)?, filters?);
    // A list of filters that was cut off says nothing about the build.
    if asked.stop.is_cancelled() {
        return Err(MeasureError::Stopped);
    }

    let there: Vec<&'static Metric> = asked
        .metrics
        .iter()
        .copied()
        .filter(|metric| filters.iter().any(|filter| filter == metric.filter))
        .collect();
    let mut measured = Measured {
        frames: 0,
        metrics: Vec::new(),
        wall: Duration::ZERO,
        domain,
    };
    let branches = graph::branches(asked, &there, &measured.domain);
    if !there.is_empty() {
        let args = graph::arguments(asked, &branches, &measured.domain);
        let finished = run(&process(asked, args, Stdout::Discard), on).await?;
        if finished.stopped {
            return Err(MeasureError::Stopped);
        }
        if !finished.exit.success() {
            let cause = log::cause(&finished.stderr_tail);
            return Err(MeasureError::Failed(cause.unwrap_or_else(|| {
                format!("ffmpeg ended with {:?}", finished.exit)
            })));
        }
        measured.wall = finished.wall;
        measured.frames = aligned(asked)?;
    }
    for metric in &asked.metrics {
        let branch = branches.iter().find(|(known, _)| known.name == metric.name);
        let outcome = match branch {
            Some((_, branch)) => scores(asked, metric, branch, measured.frames)?,
            None => Err(MetricFailure::NoFilter {
                filter: metric.filter,
            }),
        };
        measured.metrics.push(Measurement { metric, outcome });
    }
    Ok(measured)
}

/// The confined process of a comparison; it reads the two videos and a model and writes in the room.
fn process(asked: &Measure, args: Vec<String>, stdout: Stdout) -> Run {
    let mut read = vec![asked.reference.path.clone(), asked.distorted.path.clone()];
    read.extend(asked.model.iter().filter_map(|model| model.file.clone()));
    let mut policy = Policy::new(read, vec![asked.room.clone()]);
    policy.require = asked.require_confinement;
    Run {
        ffmpeg: asked.ffmpeg.clone(),
        args,
        cwd: asked.room.clone(),
        policy,
        launcher: asked.launcher.clone(),
        stdout,
        stop: asked.stop.clone(),
        grace: GRACE,
    }
}

/// The names of the build's filters: the second word of each line ` TSC name  A->B  what it does`.
async fn filters(asked: &Measure) -> Result<Vec<String>, RunError> {
    let args = ["-hide_banner", "-filters"].map(str::to_owned).into();
    let mut names = Vec::new();
    run(&process(asked, args, Stdout::Lines), &mut |happening| {
        if let Happening::Output(line) = happening {
            names.extend(line.split_whitespace().nth(1).map(str::to_owned));
        }
    })
    .await?;
    Ok(names)
}

/// What both sides will be compared in: the output's size and format, if the reference has that size.
fn domain(sources: &[Source; 2], inputs: &[Input]) -> Result<Domain, MeasureError> {
    let video = |at: usize| -> Result<&Video, MeasureError> {
        let found = inputs.get(at).and_then(Input::video);
        found
            .filter(|video| !video.pixel_format.is_empty())
            .ok_or_else(|| MeasureError::NoVideo(sources[at].path.clone()))
    };
    let (reference, distorted) = (video(0)?, video(1)?);
    if reference.shown() != distorted.shown() {
        let text = |(width, height): (u32, u32)| format!("{width}x{height}");
        return Err(MeasureError::Size {
            reference: text(reference.shown()),
            distorted: text(distorted.shown()),
        });
    }
    let (width, height) = distorted.shown();
    Ok(Domain {
        width,
        height,
        pixel_format: distorted.pixel_format.clone(),
        frame_rate: distorted.frame_rate,
        transfer: distorted
            .transfer
            .clone()
            .or_else(|| reference.transfer.clone()),
    })
}

/// The number of frames that both sides have.
fn aligned(asked: &Measure) -> Result<usize, MeasureError> {
    let count = |name: &str| {
        let path = asked.room.join(name);
        let lines = File::open(&path).and_then(|file| {
            let lines = BufReader::new(file).lines();
            lines
                .filter(|line| !line.as_ref().is_ok_and(|line| line.starts_with('#')))
                .try_fold(0, |sum, line| line.map(|_| sum + 1))
        });
        lines.map_err(|error| MeasureError::Io(path, error))
    };
    let (reference, distorted) = (
        count(graph::REFERENCE_COUNT)?,
        count(graph::DISTORTED_COUNT)?,
    );
    if reference != distorted {
        return Err(MeasureError::Misaligned {
            reference,
            distorted,
        });
    }
    if distorted == 0 {
        return Err(MeasureError::Empty);
    }
    Ok(distorted)
}

fn scores(
    asked: &Measure,
    metric: &'static Metric,
    branch: &Branch,
    compared: usize,
) -> Result<Result<Scores, MetricFailure>, MeasureError> {
    let path = asked.room.join(graph::log_name(metric));
    let file = File::open(&path).map_err(|error| MeasureError::Io(path, error))?;
    let log = match (metric.parse)(&mut BufReader::new(file)) {
        Ok(log) => log,
        Err(error) => return Ok(Err(error.into())),
    };
    if log.frames.len() != compared {
        return Ok(Err(MetricFailure::Incomplete {
            metric: metric.name,
            records: log.frames.len(),
            frames: compared,
        }));
    }
    Ok(match Score::of(metric, branch, &log) {
        Some(score) => Ok(Scores {
            score,
            frames: log.frames,
        }),
        None => Err(MetricFailure::NoHeadline {
            metric: metric.name,
            field: metric.headline,
        }),
    })
}
