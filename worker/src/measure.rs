//! Stage *measure*: what came out is compared with what the encoder was given, where that comparison is certain to be right.
//!
//! Unless a job asks for it [`inside`](crate::inside) its encode, measuring comes after publishing, in processes of its own, so that
//! nothing in it can harm or fail the encode. Each encoded video stream of each output file is compared with the pictures that its
//! encoder was given ([`ffbatch_media::shadow`]), and each copied one with the packets of its source ([`copies`]).

mod copies;
pub mod repeatable;
mod words;

use std::path::{Path, PathBuf};

use ffbatch_dispatcher::command::{Owner, Parsed, Role, Target};
use ffbatch_dispatcher::event::{Event, Progress, Stage};
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::job::Job;
use ffbatch_dispatcher::location::Location;
use ffbatch_dispatcher::metric::{Metric, Model};
use ffbatch_dispatcher::registry::Metrics;
use ffbatch_dispatcher::report::{CommandReport, OutputQuality, QualityReport};
use ffbatch_media::measure::{self, Measure, MeasureError, Measured, Reference};
use ffbatch_media::probe::Source;
use ffbatch_media::run::Happening;
use ffbatch_media::shadow::{self, OutputStream, Size};
use ffbatch_storage::{Meter, Stores};

use crate::check::{Plan, Planned};
use crate::emit::emit;
use crate::failure::Failure;
use crate::processors::threads;
use crate::task::Task;
use crate::transcode::Ran;

/// The name of a model that was fetched.
const MODEL: &str = "model.json";

/// The metrics that a job asks for; a name that is not linked is a mistake of the job.
pub fn metrics(job: &Job) -> Result<Vec<&'static Metric>, Failure> {
    if job.metrics().is_empty() {
        return Ok(Vec::new());
    }
    let linked = Metrics::linked().map_err(|error| Failure::because(Exit::Internal, &error))?;
    let found = linked.asked(Some(job.metrics()));
    found.map_err(|error| Failure::because(Exit::Rejected, &error))
}

/// What was measured of every frame, for each entry of a report of quality; `None` where that has no score.
pub type Frames = Vec<Option<Measured>>;

/// The model that a job asks for; an unknown one is a mistake of the job.
pub fn model(job: &Job, metrics: &[&'static Metric]) -> Result<Option<Model>, Failure> {
    let typed = job.vmaf_model.as_deref().filter(|_| !metrics.is_empty());
    let model = typed.map(|typed| Model::read(typed, metrics)).transpose();
    model.map_err(|error| Failure::because(Exit::Rejected, &error))
}

/// What is measured, and with what.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The job, whose commands have run; it has at least one metric.
    pub task: Task<'a>,
    /// Where a model may have to be fetched from.
    pub stores: &'a Stores,
    /// What became of each command.
    pub commands: &'a [CommandReport],
    /// What each command told of its inputs and outputs, and what was measured in it already.
    pub ran: &'a [Ran],
}

/// Compares all outputs of all commands.
pub async fn measure(asked: Asked<'_>) -> Result<(QualityReport, Frames), Failure> {
    let mut report = QualityReport {
        asked: asked.task.job.metrics().to_vec(),
        ..QualityReport::default()
    };
    let mut frames = Vec::new();
    for command in 0..asked.ran.len() {
        let parsed = &asked.task.plan.commands[command].parsed;
        for output in 0..parsed.outputs.len() {
            let Some(location) = location(parsed, output) else {
                continue;
            };
            for (entry, measured) in of_output(asked, command, output, location).await? {
                report.outputs.push(entry);
                frames.push(measured);
            }
        }
    }
    if report.outputs.is_empty() {
        report.refused = Some("there is nothing to compare: no file was written".to_owned());
    }
    Ok((report, frames))
}

/// A report of quality without a single score, and why.
pub fn refused(metrics: &[String], why: &str) -> QualityReport {
    QualityReport {
        asked: metrics.to_vec(),
        refused: Some(why.to_owned()),
        ..QualityReport::default()
    }
}

/// The file that an output writes, of several with the same streams the first.
fn location(parsed: &Parsed, output: usize) -> Option<&Location> {
    match &parsed.outputs[output].target {
        Target::Place(place) => Some(&parsed.places[*place].location),
        Target::Tee(places) => Some(&parsed.places[*places.first()?].location),
        _ => None,
    }
}

/// Everything that can be said of one output.
async fn of_output(
    asked: Asked<'_>,
    command: usize,
    output: usize,
    location: &Location,
) -> Result<Vec<(OutputQuality, Option<Measured>)>, Failure> {
    let Ran { listing, inside } = &asked.ran[command];
    let entry = |stream: usize| OutputQuality {
        location: location.to_string(),
        stream,
        ..OutputQuality::default()
    };
    let without = |mut entry: OutputQuality, why: String| {
        entry.refused.insert("*".to_owned(), why);
        (entry, None)
    };
    let mut entries = Vec::new();
    for (stream, mapping) in shadow::videos(listing, output) {
        let video = Video {
            command,
            stream,
            number: shadow::number(listing, stream),
            location,
        };
        let entry = entry(video.number);
        if let Some((_, measured)) = inside.as_ref().filter(|(of, _)| *of == stream) {
            entries.push(filled(entry, measured.clone()));
            continue;
        }
        let done = if mapping.copied {
            let checked = copies::checked(asked, video, mapping).await;
            checked.map(|checked| (copies::filled(entry.clone(), checked), None))
        } else {
            let measured = compared(asked, video).await;
            measured.map(|measured| filled(entry.clone(), measured))
        };
        entries.push(match done {
            Ok(done) => done,
            Err(failure) if failure.exit == Exit::Interrupted => return Err(failure),
            Err(failure) => without(entry, failure.message),
        });
    }
    if entries.is_empty() {
        let why = "nothing to compare: there is no video in it".to_owned();
        entries.push(without(entry(0), why));
    }
    Ok(entries)
}

/// A video stream of an output file.
#[derive(Debug, Clone, Copy)]
struct Video<'a> {
    /// The command, from 0.
    command: usize,
    /// The stream of its output.
    stream: OutputStream,
    /// Which of the output's video streams, from 0; covers are not counted.
    number: usize,
    /// The file.
    location: &'a Location,
}

/// What every comparison of a stream needs.
struct Prepared {
    /// The command's words with the names of local files.
    words: Vec<String>,
    /// The file.
    output: PathBuf,
    /// What else may be read.
    reads: Vec<PathBuf>,
    /// A directory for the comparison's own files.
    room: PathBuf,
}

impl Prepared {
    fn of(asked: Asked<'_>, video: Video<'_>) -> Result<Self, Failure> {
        let plan = asked.task.plan;
        let Video {
            command, stream, ..
        } = video;
        let planned = &plan.commands[command];
        repeatable::output(planned, stream.output).map_err(refuse)?;
        let output = words::published(plan, video.location)?;
        Ok(Self {
            words: words::again(plan, command)?,
            reads: reads(plan, planned, stream.output, &output)?,
            output,
            room: room(
                plan,
                &format!("measure-{command}-{}-{}", stream.output, stream.stream),
            )?,
        })
    }
}

/// The logs of a long video are large.
impl Drop for Prepared {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.room) {
            tracing::warn!("`{}` cannot be removed: {error}", self.room.display());
        }
    }
}

fn refuse(why: String) -> Failure {
    Failure::new(Exit::Rejected, why)
}

/// Tells how far a comparison is.
fn progress(asked: Asked<'_>, video: Video<'_>) -> impl FnMut(Happening) + Send {
    let frames = asked.commands[video.command].frames;
    move |happening| {
        if let Happening::Progress(block) = happening {
            emit(&Event::Progress(Progress {
                frame: block.frame,
                percent: share(block.frame, frames),
                frame_rate: block.frame_rate,
                speed: block.speed,
                ..Progress::of(Stage::Measure)
            }));
        }
    }
}

/// Compares an encoded stream.
async fn compared(asked: Asked<'_>, video: Video<'_>) -> Result<Measured, Failure> {
    let Task { plan, job, .. } = asked.task;
    let planned = &plan.commands[video.command];
    repeatable::pictures(planned).map_err(refuse)?;
    let prepared = Prepared::of(asked, video)?;
    let size = if job.at_source_size {
        Size::Source
    } else {
        Size::Output
    };
    let listing = &asked.ran[video.command].listing;
    let shadow = shadow::shadow(
        &planned.parsed,
        &prepared.words,
        listing,
        video.stream,
        size,
    );
    let measure = Measure {
        workplace: asked.task.workplace(&prepared.room),
        reference: Reference::Shadow(shadow.map_err(refuse)?),
        reads: prepared.reads.clone(),
        distorted: Source {
            path: prepared.output.clone(),
            options: Vec::new(),
        },
        video: video.number,
        cut: None,
        metrics: asked.task.metrics.to_vec(),
        model: here(asked, &prepared.room).await,
        threads: threads(),
    };
    let measured = Box::pin(measure::measure(&measure, &mut progress(asked, video))).await;
    match measured {
        Ok(measured) => Ok(measured),
        Err(MeasureError::Stopped) => Err(Failure::interrupted()),
        Err(error) => Err(Failure::because(Exit::Machine, &error)),
    }
}

/// The model, with its file where ffmpeg can read it. One that cannot be fetched is left to ffmpeg to complain of.
async fn here(asked: Asked<'_>, room: &Path) -> Option<Model> {
    let mut model = asked.task.model?.clone();
    let Some(typed) = &model.file else {
        return Some(model);
    };
    let typed = typed.to_string_lossy();
    match typed.parse::<Location>() {
        Ok(Location::Path(_)) | Err(_) => model.file = std::path::absolute(&*typed).ok(),
        Ok(from) => {
            let to = room.join(MODEL);
            let fetched = async {
                let store = asked.stores.of(&from)?;
                store.get(&from, &to, &Meter::default()).await
            };
            match fetched.await {
                Ok(_) => model.file = Some(to),
                Err(error) => tracing::warn!("the model `{from}` cannot be fetched: {error}"),
            }
        }
    }
    Some(model)
}

/// A directory for the comparison's own files, in which a command's side files have the names that it calls them. It goes with
/// the job's.
pub fn room(plan: &Plan, name: &str) -> Result<PathBuf, Failure> {
    let room = plan.scratch.path()?.join(name);
    let made = || {
        std::fs::create_dir(&room)?;
        for (link, target) in &plan.links {
            if let Ok(name) = link.strip_prefix(&plan.directory) {
                let link = room.join(name);
                std::fs::create_dir_all(link.parent().unwrap_or(&room))?;
                std::os::unix::fs::symlink(target, &link)?;
            }
        }
        Ok(())
    };
    made().map_err(|error: std::io::Error| {
        Failure::new(
            Exit::Machine,
            format!("`{}` cannot be written to: {error}", room.display()),
        )
    })?;
    Ok(room)
}

/// What the comparison may read: what the command may, and what the job has written.
fn reads(
    plan: &Plan,
    planned: &Planned,
    output: usize,
    distorted: &Path,
) -> Result<Vec<PathBuf>, Failure> {
    let mut reads = plan.reads.clone();
    reads.extend(plan.scratch.inputs());
    let places = plan.commands.iter().flat_map(|one| &one.parsed.places);
    for place in places.filter(|place| place.role == Role::Output && !place.is_pattern()) {
        reads.push(words::published(plan, &place.location)?);
    }
    // A playlist names its segments, wherever its command has put them.
    let is_playlist = distorted
        .extension()
        .is_some_and(|name| name == "m3u8" || name == "mpd");
    let places = planned.parsed.places.iter();
    for place in places.filter(|_| is_playlist) {
        if place.role.is_write() && place.owner == Owner::Output(output) {
            let path = words::published(plan, &place.location)?;
            reads.extend(path.parent().map(Path::to_owned));
        }
    }
    // An output may be `/dev/null`, or nothing that was published.
    reads.retain(|path| path.is_absolute() && path.exists());
    Ok(reads)
}

fn filled(mut entry: OutputQuality, measured: Measured) -> (OutputQuality, Option<Measured>) {
    entry.domain = Some(measured.domain.to_string());
    if let Some((width, height)) = measured.domain.scaled_from {
        entry.notes.push(format!(
            "compared at the source's size: the output was scaled from {width}x{height} (bicubic)"
        ));
    }
    entry.notes.extend(
        measured
            .complaint
            .iter()
            .map(|complaint| format!("ffmpeg complained while it decoded: {complaint}")),
    );
    for one in &measured.metrics {
        match &one.outcome {
            Ok(scores) => entry.scores.push(scores.score.clone()),
            Err(why) => {
                entry
                    .refused
                    .insert(one.metric.name.to_owned(), why.to_string());
            }
        }
    }
    (entry, Some(measured))
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
