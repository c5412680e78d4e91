//! `ffbatch quality`: two videos that exist already are compared, without a job.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use ffbatch_backends::queue::find;
use ffbatch_dispatcher::command::words;
use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::event::{Event, Stage};
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::location::Location;
use ffbatch_dispatcher::metric::{Metric, Model};
use ffbatch_dispatcher::registry::Metrics;
use ffbatch_media::confine::{Confinement, available};
use ffbatch_media::find::Ffmpeg;
use ffbatch_media::measure::{Measure, MeasureError, Measured, MetricFailure, Reference};
use ffbatch_media::offset::{self, OffsetError};
use ffbatch_media::probe::{ProbeError, Source};
use ffbatch_media::workplace::Workplace;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::args::Quality;
use crate::follower::Follower;
use crate::interrupt::interrupt;
use crate::plot::Format;
use crate::{speak, written};

use self::pace::Pace;
use self::result::Compared;

mod csv;
mod pace;
mod result;

/// What is measured where neither flags nor the configuration say it.
const USUAL: [&str; 3] = ["psnr", "ssim", "vmaf"];

/// What the name of the private directory begins with.
const PREFIX: &str = "ffbatch-quality-";

/// A file could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("`{path}` cannot be read")]
pub struct Unread {
    /// The file.
    path: PathBuf,
    /// Why.
    source: std::io::Error,
}

/// Compares two videos and says what came out.
pub async fn run(config: &Config, args: &Quality, verbose: u8) -> anyhow::Result<Exit> {
    let directory = std::env::current_dir().context("the current directory is gone")?;
    if let Some(path) = &args.plot {
        Format::of(path)?;
    }
    let room = room(config)?;
    let mut asked = asked(config, args, &directory, room.path())?;
    for file in written_files(args) {
        written::promise(file)?;
        if [&asked.distorted, reference(&asked)]
            .iter()
            .any(|source| is_same(&source.path, &directory.join(file)))
        {
            bail!(
                "`{}` is one of the two videos (name another file)",
                file.display()
            );
        }
    }

    let mut follower = Follower::new(args.json, verbose > 0);
    let say = follower.speaker();
    let (stop, stopped) = (
        asked.workplace.stop.clone(),
        interrupt(move || say("stopping ..."))?,
    );
    tokio::spawn(async move {
        stopped.await;
        stop.cancel();
    });
    let measured = followed(&mut asked, &mut follower).await;
    follower.finish();
    let measured = measured?;

    let mut compared = Compared {
        reference: &args.reference,
        distorted: &args.distorted,
        measured: &measured,
        cut: asked.cut,
        exit: exit(&measured),
        error: None,
    };
    // The numbers may have taken hours: they are said also where a file cannot be written.
    let files = files(&compared, args);
    if args.csv {
        csv::print(&measured)?;
    }
    if !args.json {
        compared.print(!args.csv);
        files?;
        return Ok(compared.exit);
    }
    if let Err(error) = files {
        compared.exit = Exit::Output;
        compared.error = Some(format!("{error:#}"));
    }
    compared.print_json();
    Ok(compared.exit)
}

/// Writes the files that were asked for.
fn files(compared: &Compared<'_>, args: &Quality) -> anyhow::Result<()> {
    if let Some(path) = &args.frames {
        written::whole(path, |file| compared.write_frames(file))?;
    }
    if let Some(path) = &args.plot {
        match compared.plot() {
            Some(plot) => {
                let picture = plot.drawn(Format::of(path)?)?;
                written::whole(path, |file| file.write_all(&picture))?;
            }
            None => speak::err("note: no metric was measured, so that there is nothing to draw"),
        }
    }
    Ok(())
}

/// Compares and shows how far that is. Where the videos have not the same number of frames, the part of the longer one that the
/// shorter one shows is found first.
async fn followed(asked: &mut Measure, follower: &mut Follower) -> Result<Measured, OffsetError> {
    let stage = Stage::Measure;
    follower.on(Event::StageStarted { stage });
    let confinement = available();
    if confinement != Confinement::Full {
        let message = format!("ffmpeg's confinement here is {confinement}");
        follower.on(Event::Note { message });
    }
    let mut pace = Pace::default();
    let mut on = |happening| {
        if let Some(event) = pace.event(happening) {
            follower.on(event);
        }
    };
    offset::measure(asked, &mut on).await
}

/// The comparison that was typed, anchored in this directory.
fn asked(
    config: &Config,
    args: &Quality,
    directory: &Path,
    room: &Path,
) -> anyhow::Result<Measure> {
    let metrics = metrics(config, args)?;
    let usual = config.vmaf_model.as_deref();
    // What the configuration says of models holds where a metric has one.
    let usual = usual.filter(|_| metrics.iter().any(|metric| metric.models.is_some()));
    let model = args.vmaf_model.as_deref().or(usual);
    let model = model.map(|typed| model_of(typed, &metrics, directory));
    let source = |typed: &str, own: &Option<String>| -> anyhow::Result<Source> {
        Ok(Source {
            path: path(typed, directory)?,
            options: options(&[&args.options, own])?,
        })
    };
    let reference = source(&args.reference, &args.reference_options)?;
    let distorted = source(&args.distorted, &args.distorted_options)?;
    let ffmpeg = match &config.ffmpeg {
        Some(path) => Ffmpeg::at(path),
        None => Ffmpeg::find(),
    };
    let processors = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Ok(Measure {
        workplace: Workplace {
            ffmpeg: ffmpeg?,
            launcher: std::path::absolute(find::worker(config)?)?,
            room: room.to_owned(),
            require_confinement: config.require_confinement,
            stop: CancellationToken::new(),
        },
        reads: [&reference, &distorted]
            .into_iter()
            .filter_map(beside)
            .collect(),
        reference: Reference::File(reference),
        distorted,
        video: 0,
        cut: None,
        metrics,
        model: model.transpose()?,
        threads: args.threads.map_or_else(processors, usize::from),
    })
}

fn metrics(config: &Config, args: &Quality) -> anyhow::Result<Vec<&'static Metric>> {
    let usual = USUAL.map(str::to_owned);
    let names = [
        &args.metrics[..],
        config.quality.as_deref().unwrap_or(&[]),
        &usual,
    ];
    let names = names.into_iter().find(|names| !names.is_empty());
    let linked = Metrics::linked()?;
    let mut metrics: Vec<&'static Metric> = Vec::new();
    for name in names.into_iter().flatten() {
        let metric = linked.find(name)?;
        if !metrics.iter().any(|known| known.name == metric.name) {
            metrics.push(metric);
        }
    }
    Ok(metrics)
}

/// The model that was typed; its file must be readable now: hours later is too late to say that it is not.
fn model_of(typed: &str, metrics: &[&'static Metric], directory: &Path) -> anyhow::Result<Model> {
    let mut model = Model::read(typed, metrics)?;
    if let Some(file) = &model.file {
        let path = directory.join(file);
        readable(&path, file)?;
        model.file = Some(path);
    }
    Ok(model)
}

/// Whether a file can be opened; ffmpeg says why not at greater length.
fn readable(path: &Path, typed: &Path) -> Result<(), Unread> {
    let opened = std::fs::File::open(path);
    opened.map(drop).map_err(|source| Unread {
        path: typed.to_owned(),
        source,
    })
}

/// Whether a path may stand for many images: ffmpeg takes these letters as they are where there is such a file.
fn is_pattern(path: &str) -> bool {
    path.contains(['%', '*'])
}

/// A video's absolute path.
fn path(typed: &str, directory: &Path) -> anyhow::Result<PathBuf> {
    match typed.parse()? {
        Location::Path(path) if is_pattern(&path) => Ok(directory.join(path)),
        Location::Path(path) => {
            let path = directory.join(path);
            readable(&path, Path::new(typed))?;
            Ok(path)
        }
        other => {
            bail!("`{other}` is not on this machine (copy it here first: only files are compared)")
        }
    }
}

fn options(typed: &[&Option<String>]) -> anyhow::Result<Vec<String>> {
    let mut all = Vec::new();
    for line in typed.iter().copied().flatten() {
        all.extend(words::split(line)?);
    }
    if all.iter().any(|word| word == "-i") {
        bail!("options open a file, they name none (leave `-i` out)");
    }
    Ok(all)
}

/// What is read besides a file that names others: a playlist, or a pattern of images.
fn beside(source: &Source) -> Option<PathBuf> {
    let name = source.path.file_name()?.to_string_lossy().into_owned();
    let is_playlist = [".m3u8", ".mpd"].iter().any(|end| name.ends_with(end));
    let names_others = is_playlist || is_pattern(&name) && !source.path.exists();
    names_others.then(|| source.path.parent().map(Path::to_owned))?
}

/// A private directory for ffmpeg's logs, which vanishes with its value.
fn room(config: &Config) -> anyhow::Result<TempDir> {
    let parent = config.work_dir.clone().unwrap_or_else(std::env::temp_dir);
    let room = std::path::absolute(&parent)
        .and_then(|parent| tempfile::Builder::new().prefix(PREFIX).tempdir_in(parent));
    room.with_context(|| {
        format!(
            "no private directory can be made in `{}` (set FFBATCH_WORK_DIR)",
            parent.display()
        )
    })
}

fn written_files(args: &Quality) -> impl Iterator<Item = &Path> {
    [&args.frames, &args.plot]
        .into_iter()
        .flatten()
        .map(PathBuf::as_path)
}

fn is_same(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

fn reference(asked: &Measure) -> &Source {
    match &asked.reference {
        Reference::File(source) => source,
        Reference::Shadow(_) => &asked.distorted,
    }
}

/// The exit code of a comparison that gave an error.
pub fn exit_of(error: &OffsetError) -> Exit {
    let error = match error {
        OffsetError::Doubt { .. } => return Exit::Rejected,
        OffsetError::Measure(error) => error,
    };
    match error {
        MeasureError::NoVideo(_) | MeasureError::Size { .. } | MeasureError::Misaligned { .. } => {
            Exit::Rejected
        }
        MeasureError::Probe(ProbeError::Unreadable { .. }) | MeasureError::Empty => Exit::Input,
        MeasureError::Failed(_) => Exit::Ffmpeg,
        MeasureError::Stopped => Exit::Interrupted,
        MeasureError::Probe(ProbeError::Run(_))
        | MeasureError::Run(_)
        | MeasureError::NoLoopback
        | MeasureError::Io(..) => Exit::Machine,
    }
}

/// The exit code of a comparison that came to its end: that of the first metric without a score.
fn exit(measured: &Measured) -> Exit {
    let failures = measured.metrics.iter();
    let mut failures = failures.filter_map(|one| one.outcome.as_ref().err());
    match failures.next() {
        None => Exit::Succeeded,
        Some(MetricFailure::NotSetUp { .. }) => Exit::Rejected,
        Some(_) => Exit::Machine,
    }
}
