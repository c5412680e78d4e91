//! Quality of one video against another: every metric over the same decoded frames, in one ffmpeg process.
//!
//! ffmpeg's two-input filters pair pictures by timestamp and repeat the last one of the shorter side, so that a shifted clock
//! gives a plausible and wrong number. Here frame n is compared with frame n, whatever their timestamps say; the frames of both
//! sides are counted in the same process; and where the counts differ there is an error and no number.
//!
//! Videos of different sizes are refused: scaling one of them would measure the scaler too. What an encoder was given has the
//! output's size in any case ([`crate::shadow`]).

mod domain;
mod error;
mod form;
mod graph;
mod inside;
mod parts;
mod planar;
mod raw;
mod results;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use ffbatch_dispatcher::metric::{Frames, Metric, Model, Score};

use crate::log;
use crate::probe::{Source, probe};
use crate::run::{Happening, Run, RunError, Stdout, run};
use crate::shadow::Shadow;
use crate::workplace::Workplace;
use graph::Planned;

pub use domain::{Domain, Range};
pub use error::{MeasureError, MetricFailure};
pub use inside::Inside;
pub(crate) use raw::{packets, pictures};

/// What an ffmpeg without loopback decoders says.
const NO_LOOPBACK: &str = "Unrecognized option 'dec'";

/// A comparison to make.
#[derive(Debug, Clone)]
pub struct Measure {
    /// Where it is made; logs are left there.
    pub workplace: Workplace,
    /// What it is compared with.
    pub reference: Reference,
    /// The video that is judged.
    pub distorted: Source,
    /// Which of its video streams, from 0; covers are not counted.
    pub video: usize,
    /// Files and directories that must be readable besides the two, such as the segments of a playlist.
    pub reads: Vec<PathBuf>,
    /// The part that is compared of the longer of two files; `None` where both are compared in whole.
    pub cut: Option<Cut>,
    /// The metrics; at least one.
    pub metrics: Vec<&'static Metric>,
    /// The model for metrics that have models; its file, if it has one, by its absolute path. `None` leaves the choice to the metric.
    pub model: Option<Model>,
    /// Threads for decoders and filters: the processors that this job may use.
    pub threads: usize,
}

/// What a video is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Reference {
    /// The first video stream of a file.
    File(Source),
    /// What an encoder was given.
    Shadow(Shadow),
}

/// A part of the longer video, which the shorter one shows ([`crate::offset`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// The longer one.
    pub side: Side,
    /// Its first frame that is compared, from 0.
    pub start: usize,
    /// How many are.
    pub frames: usize,
    /// How many it has.
    pub of: usize,
}

/// One of the two videos.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// What is compared with.
    Reference,
    /// What is judged.
    Distorted,
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
    /// Wall time of the comparing process; zero when no metric could run, and inside the process that encodes.
    pub wall: Duration,
    /// What ffmpeg complained of first while it decoded, although it went on: a broken frame, for instance.
    pub complaint: Option<String>,
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

/// Compares two videos.
///
/// # Behavior
/// - A metric that this build lacks or that cannot be set up fails alone; the others run.
/// - `on` gets the log and the progress of the comparing process.
pub async fn measure(
    asked: &Measure,
    on: &mut (dyn FnMut(Happening) + Send),
) -> Result<Measured, MeasureError> {
    let known = Known::of(asked).await?;
    measure_known(asked, &known, on).await
}

/// What a comparison finds out of both videos and of ffmpeg before it begins.
#[derive(Debug)]
pub(crate) struct Known {
    /// The form in which pictures are compared.
    pub domain: Domain,
    /// The filters of this build.
    filters: Vec<String>,
}

impl Known {
    /// Finds it out.
    pub async fn of(asked: &Measure) -> Result<Self, MeasureError> {
        let (workplace, sources) = (&asked.workplace, asked.sources());
        let (inputs, filters) = tokio::join!(
            probe(
                &workplace.ffmpeg,
                &workplace.launcher,
                workplace.require_confinement,
                &sources,
                &asked.reads
            ),
            filters(asked)
        );
        let (inputs, filters) = (inputs?, filters?);
        // A list of filters that was cut off says nothing about the build.
        if workplace.stop.is_cancelled() {
            return Err(MeasureError::Stopped);
        }
        let domain = form::domain(asked, &inputs).await?;
        Ok(Self { domain, filters })
    }
}

/// Compares two videos of which this is known.
pub(crate) async fn measure_known(
    asked: &Measure,
    known: &Known,
    on: &mut (dyn FnMut(Happening) + Send),
) -> Result<Measured, MeasureError> {
    let mut failures: BTreeMap<&str, MetricFailure> = BTreeMap::new();
    for metric in &asked.metrics {
        if !known.filters.iter().any(|filter| filter == metric.filter) {
            let filter = metric.filter;
            failures.insert(metric.name, MetricFailure::NoFilter { filter });
        }
    }
    let mut measured = Measured::nothing(known.domain.clone());
    let (mut plan, mut may_split) = (Vec::new(), true);
    loop {
        let rest = asked.metrics.iter().copied();
        let rest: Vec<_> = rest
            .filter(|metric| !failures.contains_key(metric.name))
            .collect();
        if rest.is_empty() {
            break;
        }
        plan = graph::plan(asked, &rest, &measured.domain, "", may_split);
        let is_split = plan.iter().any(|planned| planned.parts.is_some());
        let failed = match compare(asked, &plan, &mut measured, on).await {
            Ok(()) => break,
            // It needs more of ffmpeg and of the machine than the same in one graph.
            Err(MeasureError::Failed(_) | MeasureError::NoLoopback) if is_split => {
                may_split = false;
                continue;
            }
            Err(error @ MeasureError::Failed(_)) => error,
            Err(MeasureError::NoLoopback) => {
                let Some(asked) = asked.without_loopback() else {
                    return Err(MeasureError::NoLoopback);
                };
                return Box::pin(measure_known(&asked, known, on)).await;
            }
            Err(error) => return Err(error),
        };
        // Whose fault it is, each metric tells alone. Where it is nobody's, it is the videos'.
        let before = failures.len();
        for planned in &plan {
            let metric = planned.metric;
            if let Some(cause) = rehearse(asked, metric, &measured.domain).await? {
                let metric = metric.name;
                failures.insert(metric, MetricFailure::NotSetUp { metric, cause });
            }
        }
        if failures.len() == before {
            return Err(failed);
        }
    }
    results::fill(&mut measured, asked, &plan, failures)?;
    Ok(measured)
}

/// Runs the comparing process and counts what it compared.
async fn compare(
    asked: &Measure,
    plan: &[Planned],
    measured: &mut Measured,
    on: &mut (dyn FnMut(Happening) + Send),
) -> Result<(), MeasureError> {
    let args = graph::arguments(asked, plan, &measured.domain);
    let mut complaint = None;
    let finished = run(&process(asked, args, Stdout::Discard), &mut |happening| {
        if let Happening::Line(line) = &happening
            && line.is_error()
            && complaint.is_none()
        {
            complaint = log::cause(std::slice::from_ref(&line.text));
        }
        on(happening);
    })
    .await?;
    if finished.stopped {
        return Err(MeasureError::Stopped);
    }
    if !finished.exit.success() {
        let cause = log::cause(&finished.stderr_tail)
            .unwrap_or_else(|| format!("ffmpeg ended with {:?}", finished.exit));
        return Err(if cause.contains(NO_LOOPBACK) {
            MeasureError::NoLoopback
        } else {
            MeasureError::Failed(cause)
        });
    }
    measured.wall = finished.wall;
    measured.complaint = complaint;
    measured.frames = results::aligned(asked)?;
    Ok(())
}

/// Sets one metric up over a single gray picture; why that fails, if it does.
async fn rehearse(
    asked: &Measure,
    metric: &'static Metric,
    domain: &Domain,
) -> Result<Option<String>, MeasureError> {
    let plan = graph::plan(asked, &[metric], domain, "", false);
    let args = graph::rehearsal(&plan, domain);
    let finished = run(&process(asked, args, Stdout::Discard), &mut |_| {}).await?;
    if finished.stopped {
        return Err(MeasureError::Stopped);
    }
    Ok((!finished.exit.success())
        .then(|| log::cause(&finished.stderr_tail).unwrap_or_else(|| "no reason given".to_owned())))
}

impl Measured {
    /// A comparison in this form that has not been made yet.
    fn nothing(domain: Domain) -> Self {
        Self {
            frames: 0,
            metrics: Vec::new(),
            wall: Duration::ZERO,
            domain,
            complaint: None,
        }
    }
}

impl Measure {
    /// The same comparison for an ffmpeg without loopback decoders, where that can be made.
    fn without_loopback(&self) -> Option<Self> {
        let Reference::Shadow(shadow) = &self.reference else {
            return None;
        };
        Some(Self {
            reference: Reference::Shadow(shadow.without_loopback()?),
            ..self.clone()
        })
    }

    /// The files whose streams must be known.
    fn sources(&self) -> Vec<Source> {
        let reference = match &self.reference {
            Reference::File(source) => Some(source.clone()),
            Reference::Shadow(_) => None,
        };
        reference
            .into_iter()
            .chain([self.distorted.clone()])
            .collect()
    }
}

/// The confined process of a comparison; it reads the two videos and a model and writes in the room.
fn process(asked: &Measure, args: Vec<String>, stdout: Stdout) -> Run {
    let mut read = asked.reads.clone();
    read.extend(asked.sources().into_iter().map(|source| source.path));
    read.extend(asked.model.iter().filter_map(|model| model.file.clone()));
    let mut run = asked.workplace.run(read, args, stdout);
    run.policy.processors = Some(asked.threads);
    run
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
