//! Stage *transcode*: ffmpeg runs, command after command.

use std::path::PathBuf;
use std::time::Duration;

use ffbatch_dispatcher::command::Target;
use ffbatch_dispatcher::event::{Event, Progress, Stage};
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::job::{Job, When};
use ffbatch_dispatcher::report::{CommandReport, FfmpegReport, FileReport};
use ffbatch_media::confine::{self, Confinement, Network, Policy};
use ffbatch_media::log::cause;
use ffbatch_media::measure::{Inside, Measure, Measured};
use ffbatch_media::probe::Listing;
use ffbatch_media::processors::Narrow;
use ffbatch_media::run::{self, Finished, GRACE, Happening, Run, Shown, Stdout};
use ffbatch_media::shadow::OutputStream;
use ffbatch_media::version::Version;
use ffbatch_media::{log::LogLine, progress};
use ffbatch_storage::Gate;

use crate::check::{Plan, Planned};
use crate::emit::{emit, log, note};
use crate::expected;
use crate::failure::Failure;
use crate::inside;
use crate::processors;
use crate::task::Task;

/// How much longer than its inputs an output may be before their length says nothing of it: the last packet of a stream.
const TOLERANCE: Duration = Duration::from_secs(1);

/// What ffmpeg says of `ENOSPC` (strerror(3)).
const NO_SPACE: &str = "No space left on device";

/// What is known of the ffmpeg before it runs; says so once where it cannot be confined fully.
pub fn describe(plan: &Plan, notes: &mut Vec<String>) -> FfmpegReport {
    let confinement = confine::available();
    if confinement != Confinement::Full {
        note(notes, format!("ffmpeg's confinement here is {confinement}"));
    }
    FfmpegReport {
        path: plan.ffmpeg.path.display().to_string(),
        version: None,
        confinement: confinement.to_string(),
    }
}

/// What a command that ended well has told.
#[derive(Debug)]
pub struct Ran {
    /// Of its inputs and outputs.
    pub listing: Listing,
    /// Of the quality of a stream, if it has measured itself.
    pub inside: Option<(OutputStream, Measured)>,
}

/// Runs all commands; `reports` has one entry for each.
pub async fn transcode(
    task: Task<'_>,
    reports: &mut [CommandReport],
    inputs: &mut [FileReport],
    ffmpeg: &mut Option<FfmpegReport>,
    notes: &mut Vec<String>,
) -> Result<Vec<Ran>, Failure> {
    let Task {
        plan, job, stop, ..
    } = task;
    let mut policy = policy(plan, job);
    let _gate = gate(plan, job, &mut policy).await?;
    let mut ran = Vec::new();
    for (index, (planned, report)) in plan.commands.iter().zip(reports).enumerate() {
        if stop.is_cancelled() {
            return Err(Failure::interrupted());
        }
        let Ended {
            mut watch,
            finished,
            inside,
        } = Box::pin(command(task, index, &policy, notes)).await?;
        if let (Some(ffmpeg), Some(version)) = (ffmpeg.as_mut(), watch.version.take()) {
            ffmpeg.version = Some(version.text);
        }
        fill(report, &finished, watch.last);
        if let Some(Narrow::Failed(why)) = &finished.narrow {
            note(notes, why);
        }
        lengths(planned, &watch.durations(), inputs);
        if finished.stopped {
            return Err(Failure::interrupted());
        }
        if !finished.exit.success() {
            return Err(failed(&finished, index, plan));
        }
        // Of a command that writes no file (`-af volumedetect -f null -`) the log is the result.
        if planned
            .parsed
            .places
            .iter()
            .any(|place| place.role.is_write())
        {
            report.stderr_tail.clear();
        }
        let listing = watch.listing;
        ran.push(Ran { listing, inside });
    }
    Ok(ran)
}

/// A command that has ended, well or not.
struct Ended<'a> {
    watch: Watch<'a>,
    finished: Finished,
    inside: Option<(OutputStream, Measured)>,
}

/// Runs one command: with its comparison inside where that was asked for and can be, and alone where that goes wrong.
async fn command<'a>(
    task: Task<'a>,
    index: usize,
    policy: &Policy,
    notes: &mut Vec<String>,
) -> Result<Ended<'a>, Failure> {
    if task.job.measure == When::Inside && !task.metrics.is_empty() {
        let prepared = inside::asked(task, policy, index).await;
        let outcome = match &prepared {
            Ok((measure, encoded)) => carried(task, index, policy, measure, *encoded).await?,
            Err(why) => Err(why.clone()),
        };
        match outcome {
            Ok(ended) => return Ok(ended),
            Err(why) => note(notes, format!("quality is measured afterwards: {why}")),
        }
    }
    run_words(task, index, task.plan.commands[index].words(), policy).await
}

/// Runs a command with its comparison inside; the inner error tells why it has to run alone.
async fn carried<'a>(
    task: Task<'a>,
    index: usize,
    policy: &Policy,
    measure: &Measure,
    encoded: OutputStream,
) -> Result<Result<Ended<'a>, String>, Failure> {
    let carrier = match Inside::prepare(measure).await {
        Ok(carrier) => carrier,
        Err(error) => return Ok(Err(Failure::because(Exit::Machine, &error).message)),
    };
    let mut policy = policy.clone();
    policy.write.push(measure.workplace.room.clone());
    let words = carrier.arguments(&task.plan.commands[index].words(), encoded);
    let ended = run_words(task, index, words, &policy).await?;
    if ended.finished.stopped {
        return Ok(Ok(ended));
    }
    if !ended.finished.exit.success() {
        // Whoever is at fault: the command alone tells.
        let why = cause(&ended.finished.stderr_tail);
        let why = why.unwrap_or_else(|| "no reason given".to_owned());
        return Ok(Err(format!(
            "the encode that measured itself failed: {why}"
        )));
    }
    // Frames that one side lacks may be lacking in the output: it is made again.
    Ok(match carrier.read() {
        Ok(measured) => Ok(Ended {
            inside: Some((encoded, measured)),
            ..ended
        }),
        Err(error) => Err(Failure::because(Exit::Machine, &error).message),
    })
}

/// Runs ffmpeg with these words for a command of the plan.
async fn run_words<'a>(
    task: Task<'a>,
    index: usize,
    args: Vec<String>,
    policy: &Policy,
) -> Result<Ended<'a>, Failure> {
    let plan = task.plan;
    let mut watch = Watch {
        index,
        planned: &plan.commands[index],
        shown: Shown::of(&args),
        listing: Listing::default(),
        version: None,
        last: None,
    };
    let run = Run {
        ffmpeg: plan.ffmpeg.clone(),
        args,
        cwd: plan.directory.clone(),
        policy: policy.clone(),
        launcher: plan.launcher.clone(),
        stdout: Stdout::Discard,
        stop: task.stop.clone(),
        grace: GRACE,
    };
    let finished = run::run(&run, &mut |happening| watch.on(happening)).await;
    let finished = finished.map_err(|error| Failure::because(Exit::Machine, &error))?;
    Ok(Ended {
        watch,
        finished,
        inside: None,
    })
}

/// What ffmpeg may touch.
fn policy(plan: &Plan, job: &Job) -> Policy {
    let mut read = plan.reads.clone();
    read.extend(plan.scratch.inputs());
    let mut write: Vec<PathBuf> = plan.staging.directories().map(PathBuf::from).collect();
    write.push(plan.directory.clone());
    let mut policy = Policy {
        network: plan.network.clone(),
        require: job.require_confinement,
        processors: processors::counted(),
        ..Policy::new(read, write)
    };
    // fontconfig says for every text that it can keep no cache, where the fonts are others than the system's: its usual place is closed.
    if policy.env.contains_key("FONTCONFIG_FILE")
        && let Ok(scratch) = plan.scratch.path()
    {
        let cache = scratch.join("cache");
        if std::fs::create_dir_all(&cache).is_ok() {
            let name = cache.to_string_lossy().into_owned();
            policy.env.insert("XDG_CACHE_HOME".to_owned(), name);
            policy.write.push(cache);
        }
    }
    policy
}

/// Opens the one door through which ffmpeg may fetch what manifests behind URLs name; it is open while the gate lives.
async fn gate(plan: &Plan, job: &Job, policy: &mut Policy) -> Result<Option<Gate>, Failure> {
    if plan.manifests.is_empty() {
        return Ok(None);
    }
    let local = plan
        .manifests
        .iter()
        .any(|url| ffbatch_storage::is_local(url))
        && job.bounds.is_none();
    let gate = Gate::open(local).await.map_err(|error| {
        Failure::new(
            Exit::Machine,
            format!("no port can be opened on the loopback: {error}"),
        )
    })?;
    let mut ports = vec![gate.port()];
    if let Network::Ports(others) = &policy.network {
        ports.extend(others);
    }
    policy.network = Network::Ports(ports);
    policy.env.insert("http_proxy".to_owned(), gate.url());
    Ok(Some(gate))
}

/// Follows one command.
struct Watch<'a> {
    index: usize,
    planned: &'a Planned,
    shown: Shown,
    listing: Listing,
    version: Option<Version>,
    last: Option<progress::Progress>,
}

impl Watch<'_> {
    fn on(&mut self, happening: Happening) {
        match happening {
            Happening::Line(line) => self.line(&line),
            Happening::Progress(block) => {
                emit(&Event::Progress(self.progress(&block)));
                self.last = Some(block);
            }
            Happening::Output(_) => {}
        }
    }

    /// ffmpeg's log passes through as it comes, as much of it as the command wants to be seen.
    fn line(&mut self, line: &LogLine) {
        // The banner comes before all that a file may say of itself.
        if self.version.is_none() && self.listing.inputs().is_empty() {
            self.version = Version::read(&line.text);
        }
        self.listing.line(&line.text);
        if self.shown.shows(line) {
            log(&line.text);
        }
    }

    /// The length of each input in seconds, as far as ffmpeg has said it.
    fn durations(&self) -> Vec<Option<f64>> {
        self.listing
            .inputs()
            .iter()
            .map(|input| input.duration.map(|whole| whole.as_secs_f64()))
            .collect()
    }

    fn progress(&self, block: &progress::Progress) -> Progress {
        let total = expected::seconds(&self.planned.parsed, &self.durations())
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .filter(|total| block.out_time.is_none_or(|out| out <= *total + TOLERANCE));
        Progress {
            command: self.index,
            frame: block.frame,
            frame_rate: block.frame_rate,
            speed: block.speed,
            out_time_secs: block.out_time.map(|time| time.as_secs_f64()),
            bytes: block.total_size_bytes,
            percent: block.percent(total),
            eta_secs: block.eta(total).map(|eta| eta.as_secs_f64()),
            ..Progress::of(Stage::Transcode)
        }
    }
}

/// Adds the inputs' lengths to what is reported of them.
fn lengths(planned: &Planned, durations: &[Option<f64>], inputs: &mut [FileReport]) {
    for (input, duration) in planned.parsed.inputs.iter().zip(durations) {
        let Target::Place(place) = input.target else {
            continue;
        };
        let location = planned.parsed.places[place].location.to_string();
        if let Some(report) = inputs.iter_mut().find(|report| report.location == location) {
            report.duration_secs = *duration;
        }
    }
}

fn fill(report: &mut CommandReport, finished: &Finished, last: Option<progress::Progress>) {
    let (code, signal) = match finished.exit {
        run::Exit::Code(code) => (Some(code), None),
        run::Exit::Signal(signal) => (None, Some(signal)),
    };
    report.argv.clone_from(&finished.argv);
    report.exit_code = code;
    report.signal = signal;
    report.seconds = finished.wall.as_secs_f64();
    report.cpu_seconds = finished
        .usage
        .map(|usage| (usage.user + usage.system).as_secs_f64());
    report.peak_memory_bytes = finished.max_resident_bytes;
    report.frames = last.and_then(|block| block.frame);
    report.repeated_frames = last.and_then(|block| block.dup_frames);
    report.dropped_frames = last.and_then(|block| block.drop_frames);
    report.speed = last.and_then(|block| block.speed);
    report.out_time_secs = last
        .and_then(|block| block.out_time)
        .map(|time| time.as_secs_f64());
    report.stderr_tail.clone_from(&finished.stderr_tail);
}

fn failed(finished: &Finished, index: usize, plan: &Plan) -> Failure {
    if finished
        .stderr_tail
        .iter()
        .any(|line| line.contains(NO_SPACE))
    {
        let directory = plan.directory.display();
        return Failure::new(
            Exit::Machine,
            format!(
                "the disk is full: ffmpeg could not go on writing in `{directory}` (free some space; what goes to S3 is staged where FFBATCH_WORK_DIR says)"
            ),
        );
    }
    let count = plan.commands.len();
    let which = if count > 1 {
        format!(" in command {} of {count}", index + 1)
    } else {
        String::new()
    };
    let how = match finished.exit {
        run::Exit::Code(code) => format!("with exit code {code}"),
        run::Exit::Signal(9) => {
            "because it was killed (signal 9; was there enough memory?)".to_owned()
        }
        run::Exit::Signal(signal) => format!("by signal {signal}"),
    };
    let why = cause(&finished.stderr_tail)
        .map(|cause| format!(": {cause}"))
        .unwrap_or_default();
    Failure::new(Exit::Ffmpeg, format!("ffmpeg failed{which} {how}{why}"))
}
