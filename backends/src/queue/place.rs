//! The directory of the queue: where its parts are, and whose it is.
//!
//! The queue runs what stands in it as the user who owns it, with the environment of whoever submitted. So it is one
//! user's alone: nobody else may read it or write to it, and a program of another user (also root) refuses to.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use ffbatch_dispatcher::compute::ComputeError;
use ffbatch_dispatcher::config::Config;

use super::Kind;
use crate::state;

/// A disk with less room is full, in bytes: the index of SQLite's log takes 32 KiB, and each change some pages.
const LEAST_ROOM: u64 = 128 << 10;

/// The directory of one queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    root: PathBuf,
}

/// The files of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// What the worker says, one JSON object a line. Its lock (`flock`) is held as long as the worker lives.
    pub events: PathBuf,
    /// ffmpeg's log and the worker's own.
    pub log: PathBuf,
    /// The job, where it is too large for a command line.
    pub job: PathBuf,
    /// Credentials for a worker that does not share this machine's environment; there while it runs.
    pub secrets: PathBuf,
}

impl Place {
    /// The queue of this user, as configuration and environment say; touches nothing.
    pub fn of(config: &Config, kind: &dyn Kind) -> Result<Self, ComputeError> {
        let state = state::directory(config, "the queue")?;
        Ok(Self::at(state.join(kind.directory())))
    }

    /// The queue in this directory.
    pub const fn at(root: PathBuf) -> Self {
        Self { root }
    }

    /// Makes the directory where it is missing, and refuses that of another user.
    pub fn make(&self) -> Result<(), ComputeError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.root)
            .map_err(|error| {
                ComputeError::machine(format!(
                    "the queue's directory `{}` cannot be made (set FFBATCH_STATE_DIR to one that can)",
                    self.root.display()
                ))
                .because(error)
            })?;
        self.check()
    }

    /// Whether there is a queue.
    pub fn exists(&self) -> Result<bool, ComputeError> {
        match fs::symlink_metadata(self.database()) {
            Ok(_) => self.check().map(|()| true),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(ComputeError::machine(format!(
                "the queue in `{}` cannot be reached (is it another user's? set FFBATCH_STATE_DIR)",
                self.root.display()
            ))
            .because(error)),
        }
    }

    fn check(&self) -> Result<(), ComputeError> {
        let there = fs::metadata(&self.root).map_err(|error| {
            ComputeError::machine(format!("`{}` cannot be used", self.root.display()))
                .because(error)
        })?;
        let own = rustix::process::geteuid().as_raw();
        if there.uid() != own {
            return Err(ComputeError::machine(format!(
                "the queue in `{}` belongs to user {}, and this program runs as user {own} (run it as that user, or set FFBATCH_STATE_DIR)",
                self.root.display(),
                there.uid()
            )));
        }
        if there.mode() & 0o022 != 0 {
            return Err(ComputeError::machine(format!(
                "others may write to the queue's directory `{0}`, and so run programs as you (`chmod go-w {0}`)",
                self.root.display()
            )));
        }
        Ok(())
    }

    /// Whether the disk has no room even for the database's smallest files.
    pub fn is_full(&self) -> bool {
        let free = |disk: rustix::fs::StatVfs| disk.f_bavail.saturating_mul(disk.f_frsize);
        rustix::fs::statvfs(&self.root).is_ok_and(|disk| free(disk) < LEAST_ROOM)
    }

    /// The directory itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The state directory, in which reports lie too.
    pub fn state_dir(&self) -> &Path {
        self.root.parent().unwrap_or(&self.root)
    }

    /// The database of jobs.
    pub fn database(&self) -> PathBuf {
        self.root.join("queue.db")
    }

    /// The log of changes that are not in the database's own file yet.
    pub fn log_of_database(&self) -> PathBuf {
        self.root.join("queue.db-wal")
    }

    /// The file whose lock the runner holds.
    pub fn lock(&self) -> PathBuf {
        self.root.join("runner.lock")
    }

    /// The socket at which the runner waits for news.
    pub fn bell(&self) -> PathBuf {
        self.root.join("bell")
    }

    /// What the detached runner says.
    pub fn runner_log(&self) -> PathBuf {
        self.root.join("runner.log")
    }

    /// The files of an attempt. Thousands of jobs spread over directories by the first characters of their ids.
    pub fn files(&self, job: &str, attempt: u32) -> Files {
        let plain = job.replace(':', "-");
        let shard: String = plain.chars().take(2).collect();
        let directory = self.root.join("attempts").join(shard);
        let file = |kind: &str| directory.join(format!("{plain}_{attempt}.{kind}"));
        Files {
            events: file("events"),
            log: file("log"),
            job: file("job.json"),
            secrets: file("secrets"),
        }
    }
}

impl Files {
    /// All of them.
    pub const fn all(&self) -> [&PathBuf; 4] {
        [&self.events, &self.log, &self.job, &self.secrets]
    }
}
