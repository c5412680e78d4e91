//! An attempt that is under way: a worker of this runner, or one that an earlier runner has started.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tokio::sync::watch;

use crate::queue::ending::{self, Program, Told};
use crate::queue::place::Files;
use crate::queue::process::{Identity, Moment};
use crate::queue::store::attempts::{Candidate, Ended};

/// How long a worker may take to end after it was asked to, as the agent of Amazon ECS gives it
/// (`ECS_CONTAINER_STOP_TIMEOUT`). The worker itself needs a third of it.
const GRACE: Duration = Duration::from_secs(30);

/// An attempt that is under way.
#[derive(Debug)]
pub struct Attempt {
    /// The job.
    pub job: Candidate,
    /// Its files.
    pub files: Files,
    /// The worker program, for messages.
    pub program: PathBuf,
    /// The worker process, as far as it is known.
    pub worker: Option<Identity>,
    /// When the attempt began.
    pub began: Moment,
    /// How long it may take.
    pub timeout: Option<Duration>,
    /// Whether the worker is a child of this process, so that its end is told.
    pub is_child: bool,
    /// By what it is asked to stop where it is carried; whoever carries it holds the other end.
    pub leash: Option<watch::Sender<bool>>,
    /// Whether it has to stop.
    pub doomed: bool,
    /// When the worker was asked to stop.
    pub asked: Option<Instant>,
}

impl Attempt {
    /// How the attempt ended, of whose worker this is the status.
    pub fn ended(&self, status: io::Result<ExitStatus>, is_full: bool) -> Ended {
        let told = Told::read(&self.files.events).unwrap_or_else(|error| {
            tracing::warn!("`{}` cannot be read: {error}", self.files.events.display());
            Told::default()
        });
        match status {
            Ok(status) => ending::watched(Program::file(&self.program), status, told, is_full),
            Err(error) => {
                tracing::warn!("the end of job {} was not told: {error}", self.job.id);
                ending::left_behind(Program::file(&self.program), told, false)
            }
        }
    }

    /// How the attempt ended, where its worker is not a child of this process; `None` while it lives.
    pub fn gone(&mut self, restarted: bool) -> io::Result<Option<Ended>> {
        if !restarted && lives(&self.files)? {
            if self.worker.is_none() {
                self.worker = Told::read(&self.files.events)?.pid.and_then(Identity::of);
            }
            return Ok(None);
        }
        let told = Told::read(&self.files.events)?;
        Ok(Some(ending::left_behind(
            Program::file(&self.program),
            told,
            restarted,
        )))
    }

    /// Whether nobody carries it any more who should.
    pub fn is_dropped(&self) -> bool {
        self.leash.as_ref().is_some_and(watch::Sender::is_closed)
    }

    /// Whether its time is over.
    pub fn is_late(&self) -> bool {
        let took = || Moment::now().since(&self.began).unwrap_or_default();
        self.timeout.is_some_and(|timeout| took() >= timeout)
    }

    /// Asks the worker of a doomed attempt to stop; later, when it did not, ends it.
    pub fn stop(&mut self) {
        if let Some(leash) = self.leash.as_ref().filter(|_| self.doomed) {
            leash.send_if_modified(|asked| !std::mem::replace(asked, true));
        }
        let Some(worker) = self.worker.as_ref().filter(|_| self.doomed) else {
            return;
        };
        let signal = match self.asked {
            None => Signal::TERM,
            Some(asked) if asked.elapsed() >= GRACE => {
                tracing::warn!(
                    "job {} did not stop when it was asked to, and is killed",
                    self.job.id
                );
                Signal::KILL
            }
            Some(_) => return,
        };
        self.asked = Some(Instant::now());
        if let Err(error) = worker.signal(signal) {
            tracing::error!(
                "the worker of job {} cannot be stopped: {error}",
                self.job.id
            );
        }
    }
}

/// Whether the worker that writes these events lives: its end of the file is locked as long as it does.
pub fn lives(files: &Files) -> io::Result<bool> {
    let file = match File::open(&files.events) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Removes the files of an attempt.
pub fn remove(files: &Files) {
    for file in files.all() {
        match fs::remove_file(file) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                tracing::warn!("`{}` cannot be removed: {error}", file.display());
            }
            _ => {}
        }
    }
}
