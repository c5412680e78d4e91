//! One ffmpeg run: started confined, its log and progress read as they come, stopped when asked, accounted for at the end.
//!
//! - Progress comes over a pipe of its own, so that nothing in a command (`-progress`, `-loglevel quiet`, `pipe:1`) disturbs it.
//! - ffmpeg is in a process group of its own: Ctrl-C in a terminal reaches the program that called [`run`], and that program
//!   decides what becomes of ffmpeg.
//! - ffmpeg never outlives its caller: dropping the future kills it, and so does the end of this process by any signal.
//! - The log is whole (at least level `info`), however quiet a command wants ffmpeg to be: what it tells is needed.
//! - Every buffer is bounded: a chatty ffmpeg costs time, never memory.

mod arguments;
mod child;
mod lines;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio_util::sync::CancellationToken;

use crate::confine::Policy;
use crate::find::Ffmpeg;
use crate::log::{LogLine, Tail};
use crate::processors::{self, Narrow, SETTLED};
use crate::progress::{Progress, Reader};
pub use arguments::Shown;
use child::Child;
use lines::Lines;

/// How long ffmpeg may take to end by itself after it was asked to.
pub const GRACE: Duration = Duration::from_secs(5);

/// How the line of the log begins that tells of an output whose encoders are open and whose header is written (`av_dump_format`).
const OPENED: &str = "Output #";

/// How long the pipes may stay open after ffmpeg has ended; only a process that ffmpeg left behind can hold them.
const DRAIN: Duration = Duration::from_secs(1);

/// An ffmpeg command and the conditions it runs under.
#[derive(Debug, Clone)]
pub struct Run {
    /// The ffmpeg to run.
    pub ffmpeg: Ffmpeg,
    /// Its arguments, without the program's name.
    pub args: Vec<String>,
    /// The directory in which it runs; should be below one of the policy's writable ones.
    pub cwd: PathBuf,
    /// What it may do.
    pub policy: Policy,
    /// The program whose subcommand `exec` calls [`crate::confine::launch`]. Absolute.
    pub launcher: PathBuf,
    /// What becomes of standard output.
    pub stdout: Stdout,
    /// Cancel it to stop ffmpeg.
    pub stop: CancellationToken,
    /// How long ffmpeg may take to end after that, such as [`GRACE`]; then it is killed.
    pub grace: Duration,
}

/// What becomes of ffmpeg's standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stdout {
    /// It goes to `/dev/null`.
    Discard,
    /// Its lines arrive as [`Happening::Output`], for listings such as `-filters`.
    Lines,
}

/// What a running ffmpeg tells.
#[derive(Debug, Clone, PartialEq)]
pub enum Happening {
    /// A line of the log.
    Line(LogLine),
    /// How far it is.
    Progress(Progress),
    /// A line of standard output, when asked for.
    Output(String),
}

/// An ffmpeg that has ended, well or not.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// How it ended.
    pub exit: Exit,
    /// True when it was asked to stop before it ended.
    pub stopped: bool,
    /// Its errors, or its last lines when it marked none; bounded. [`crate::log::cause`] picks the sentence.
    pub stderr_tail: Vec<String>,
    /// Wall time from before the launcher's start until the end was seen.
    pub wall: Duration,
    /// What it used; `None` when the process file system did not tell.
    pub usage: Option<Usage>,
    /// The largest resident set that was seen, in bytes: sampled with each progress block, which includes the last one;
    /// `None` for a run that ended before its first block.
    pub max_resident_bytes: Option<u64>,
    /// What became of its affinity, where it was to count fewer processors than it sees.
    pub narrow: Option<Narrow>,
    /// The program and its arguments as started, without the private `-progress`.
    pub argv: Vec<String>,
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// With an exit code.
    Code(i32),
    /// By a signal.
    Signal(i32),
}

/// Processor time of a process and all its threads, in steps of 10 ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// In its own code.
    pub user: Duration,
    /// In the kernel.
    pub system: Duration,
}

/// ffmpeg did not run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The launcher did not start.
    #[error("`{launcher}` cannot be started in `{cwd}` (check that both exist)")]
    Launcher {
        /// The launcher.
        launcher: PathBuf,
        /// The working directory.
        cwd: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The launcher started and ffmpeg did not: confinement is required and missing, or the program cannot run.
    #[error("ffmpeg was not started: {0}")]
    NotStarted(String),
    /// A pipe, a thread or the end of the process could not be had.
    #[error("ffmpeg cannot be watched ({0})")]
    Watch(&'static str, #[source] std::io::Error),
}

impl Exit {
    /// True for exit code 0.
    pub fn success(self) -> bool {
        self == Self::Code(0)
    }
}

/// Runs ffmpeg to its end and tells what happens meanwhile.
///
/// # Behavior
/// - An ffmpeg that fails is `Ok` with its exit; an error means that no ffmpeg ran or that its end is not known.
/// - `on` is called in the order in which lines arrive on each pipe; it should not block.
/// - When `stop` is cancelled ffmpeg gets SIGTERM, on which it closes its outputs, and SIGKILL after `grace`.
pub async fn run(run: &Run, on: &mut (dyn FnMut(Happening) + Send)) -> Result<Finished, RunError> {
    let began = Instant::now();
    let args = arguments::complete(&run.args);
    let (mut child, mut pipes) = Child::start(run, &args).await?;

    let mut reading = Reading::default();
    let (mut err_lines, mut out_lines, mut progress_lines) =
        (Lines::default(), Lines::default(), Lines::default());
    let mut stopping = Stopping::No;
    let mut ended = None;
    let mut deadline = None;
    let few = processors::narrows(run.policy.processors);
    let mut narrow = few.map(|_| Narrow::Ended);
    while ended.is_none() || pipes.any() {
        tokio::select! {
            chunk = read(&mut pipes.progress) => {
                let mut blocks = false;
                progress_lines.feed(&chunk, &mut |line| blocks |= reading.progress(line, on));
                if chunk.is_empty() { pipes.progress = None; }
                if blocks { reading.sample(child.resident_bytes()); }
            }
            chunk = read(&mut pipes.stderr) => {
                err_lines.feed(&chunk, &mut |line| reading.log(line, on));
                if chunk.is_empty() { pipes.stderr = None; }
            }
            chunk = read(&mut pipes.stdout) => {
                out_lines.feed(&chunk, &mut |line| on(Happening::Output(line.to_owned())));
                if chunk.is_empty() { pipes.stdout = None; }
            }
            end = child.ended(), if ended.is_none() => {
                ended = Some(end?);
                deadline = Some(tokio::time::Instant::now() + DRAIN);
            }
            () = run.stop.cancelled(), if ended.is_none() && stopping == Stopping::No => {
                stopping = Stopping::Asked;
                child.signal(Signal::TERM);
                deadline = Some(tokio::time::Instant::now() + run.grace);
            }
            () = until(reading.settled), if narrow == Some(Narrow::Ended) && ended.is_none() => {
                let widened = child.widen(few.unwrap_or_default());
                narrow = Some(widened.map_or_else(Narrow::Failed, |()| Narrow::Released));
            }
            () = until(deadline), if deadline.is_some() => {
                if ended.is_some() { break; }
                stopping = Stopping::Killed;
                child.signal(Signal::KILL);
                deadline = None;
            }
        }
    }
    if let Some(reason) = reading.not_started {
        return Err(RunError::NotStarted(reason));
    }
    let (exit, usage) = ended.ok_or_else(|| {
        RunError::Watch(
            "its end was not seen",
            std::io::ErrorKind::BrokenPipe.into(),
        )
    })?;
    let program = run.ffmpeg.path.to_string_lossy().into_owned();
    Ok(Finished {
        exit,
        stopped: stopping != Stopping::No,
        stderr_tail: reading.tail.lines(),
        wall: began.elapsed(),
        usage,
        max_resident_bytes: reading.max_resident_bytes,
        narrow,
        argv: [program].into_iter().chain(args).collect(),
    })
}

#[derive(PartialEq)]
enum Stopping {
    No,
    Asked,
    Killed,
}

/// What has been read so far.
#[derive(Default)]
struct Reading {
    tail: Tail,
    blocks: Reader,
    not_started: Option<String>,
    max_resident_bytes: Option<u64>,
    /// When all outputs will have been open for a while; `None` before the first one is.
    settled: Option<tokio::time::Instant>,
}

impl Reading {
    fn log(&mut self, line: &str, on: &mut (dyn FnMut(Happening) + Send)) {
        let line = LogLine::read(line);
        if line.text.starts_with(OPENED) {
            self.settled = Some(tokio::time::Instant::now() + SETTLED);
        }
        self.tail.push(&line);
        on(Happening::Line(line));
    }

    /// Takes a line of the progress pipe; true when it ended a block.
    fn progress(&mut self, line: &str, on: &mut (dyn FnMut(Happening) + Send)) -> bool {
        if let Some((crate::confine::ERROR_KEY, reason)) = line.split_once('=') {
            self.not_started = Some(reason.to_owned());
        }
        match self.blocks.line(line) {
            Some(block) => on(Happening::Progress(block)),
            None => return false,
        }
        true
    }

    fn sample(&mut self, resident_bytes: Option<u64>) {
        self.max_resident_bytes = self.max_resident_bytes.max(resident_bytes);
    }
}

/// Reads what is there; empty at the end. Waits for ever on a pipe that is closed already, so that a `select!` passes it by.
async fn read(pipe: &mut Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let Some(pipe) = pipe else {
        return std::future::pending().await;
    };
    let mut chunk = Vec::with_capacity(lines::CHUNK);
    match pipe.read_buf(&mut chunk).await {
        Ok(_) => chunk,
        Err(error) => {
            tracing::warn!(%error, "a pipe from ffmpeg broke");
            Vec::new()
        }
    }
}

async fn until(deadline: Option<tokio::time::Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
