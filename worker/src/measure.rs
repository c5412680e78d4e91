//! Stage *measure*: the output is compared with the input, where that comparison is certain to be right.
//!
//! Measuring comes after publishing, in a process of its own, so that nothing in it can harm or fail the encode.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ffbatch_dispatcher::event::{Event, Progress, Stage};
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::job::Job;
use ffbatch_dispatcher::location::Location;
use ffbatch_dispatcher::metric::Metric;
use ffbatch_dispatcher::registry::Metrics;
use ffbatch_dispatcher::report::{CommandReport, QualityReport};
use ffbatch_media::measure::{self, Domain, Measure, MeasureError, Measured};
use ffbatch_media::probe::Source;
use ffbatch_media::run::Happening;
use tokio_util::sync::CancellationToken;

use crate::check::{Plan, Planned};
use crate::emit::emit;
use crate::failure::Failure;
use crate::plain;

/// The metrics that a job asks for; a name that is not linked is a mistake of the job.
pub fn metrics(job: &Job) -> Result<Vec<&'static Metric>, Failure> {
    if job.quality.is_empty() {
        return Ok(Vec::new());
    }
    let linked = Metrics::linked().map_err(|error| Failure::because(Exit::Internal, &error))?;
    let found: Result<Vec<_>, _> = job.quality.iter().map(|name| linked.find(name)).collect();
    found.map_err(|error| Failure::because(Exit::Rejected, &error))
}

/// Compares the output of the last command with its input.
pub async fn measure(
    plan: &Plan,
    job: &Job,
    metrics: &[&'static Metric],
    commands: &[CommandReport],
    stop: &CancellationToken,
) -> Result<QualityReport, Failure> {
    let refuse = |why: String| Failure::new(Exit::Rejected, why);
    let (Some(planned), Some(ran)) = (plan.commands.last(), commands.last()) else {
        return Err(refuse("there is no command to measure".to_owned()));
    };
    let pair = plain::pair(&planned.parsed).map_err(refuse)?;
    // Repeated and left out frames can cancel out: equal counts alone prove nothing.
    if let Some(count) = ran
        .repeated_frames
        .into_iter()
        .chain(ran.dropped_frames)
        .find(|count| *count > 0)
    {
        return Err(refuse(format!(
            "misaligned: ffmpeg repeated or left out {count} frames to keep the frame rate"
        )));
    }
    let room = plan.scratch.path()?.join("measure");
    std::fs::create_dir(&room).map_err(|error| {
        Failure::new(
            Exit::Machine,
            format!("`{}` cannot be made: {error}", room.display()),
        )
    })?;
    let asked = Measure {
        ffmpeg: plan.ffmpeg.clone(),
        launcher: plan.launcher.clone(),
        reference: source(reference(planned, pair.reference)),
        distorted: source(distorted(plan, planned, pair.distorted)?),
        metrics: metrics.to_vec(),
        model: None,
        room,
        threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        require_confinement: job.require_confinement,
        stop: stop.clone(),
    };
    let mut on = |happening| {
        if let Happening::Progress(block) = happening {
            emit(&Event::Progress(Progress {
                frame: block.frame,
                percent: share(block.frame, ran.frames),
                frame_rate: block.frame_rate,
                speed: block.speed,
                ..Progress::of(Stage::Measure)
            }));
        }
    };
    match measure::measure(&asked, &mut on).await {
        Ok(measured) => Ok(report(job, &measured)),
        Err(MeasureError::Stopped) => Err(Failure::interrupted()),
        Err(error) => Err(Failure::because(Exit::Machine, &error)),
    }
}

/// How many of the frames are compared, in percent, where both numbers are known.
#[expect(
    clippy::cast_precision_loss,
    reason = "frame counts stay far below 2^52"
)]
fn share(done: Option<u64>, all: Option<u64>) -> Option<f64> {
    let all = all.filter(|all| *all > 0)?;
    Some((done? as f64 / all as f64 * 100.0).min(100.0))
}

/// A report of quality without a single score, and why.
pub fn refused(job: &Job, why: &str) -> QualityReport {
    QualityReport {
        asked: job.quality.clone(),
        scores: Vec::new(),
        domain: None,
        refused: BTreeMap::from([("*".to_owned(), why.to_owned())]),
    }
}

fn report(job: &Job, measured: &Measured) -> QualityReport {
    let mut report = QualityReport {
        asked: job.quality.clone(),
        scores: Vec::new(),
        domain: Some(domain(&measured.domain)),
        refused: BTreeMap::new(),
    };
    for one in &measured.metrics {
        match &one.outcome {
            Ok(scores) => report.scores.push(scores.score.clone()),
            Err(why) => {
                report
                    .refused
                    .insert(one.metric.name.to_owned(), why.to_string());
            }
        }
    }
    report
}

fn domain(domain: &Domain) -> String {
    format!("{}x{} {}", domain.width, domain.height, domain.pixel_format)
}

fn source(path: PathBuf) -> Source {
    Source {
        path,
        options: Vec::new(),
    }
}

/// The input as ffmpeg saw it.
fn reference(planned: &Planned, place: usize) -> PathBuf {
    PathBuf::from(&planned.names[place])
}

/// The output: where it was published on this machine, else where it was staged.
fn distorted(plan: &Plan, planned: &Planned, place: usize) -> Result<PathBuf, Failure> {
    match &planned.parsed.places[place].location {
        Location::Path(path) => Ok(PathBuf::from(path)),
        location => plan
            .staging
            .local(location)
            .map_err(|error| Failure::because(Exit::Internal, &error)),
    }
}
