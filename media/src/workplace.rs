//! Where and how ffmpeg runs for those who only read what others have made.

use std::path::PathBuf;

use tokio_util::sync::CancellationToken;

use crate::confine::Policy;
use crate::find::Ffmpeg;
use crate::run::{GRACE, Run, Stdout};

/// An ffmpeg, and the one directory that it may write to.
#[derive(Debug, Clone)]
pub struct Workplace {
    /// The ffmpeg to use.
    pub ffmpeg: Ffmpeg,
    /// The program whose subcommand `exec` calls [`crate::confine::launch`]. Absolute.
    pub launcher: PathBuf,
    /// An existing private directory in which ffmpeg runs and where logs are left. Absolute.
    pub room: PathBuf,
    /// True when nothing may run without full confinement.
    pub require_confinement: bool,
    /// Cancel it to stop.
    pub stop: CancellationToken,
}

impl Workplace {
    /// A confined process that reads these files and directories.
    pub fn run(&self, reads: Vec<PathBuf>, args: Vec<String>, stdout: Stdout) -> Run {
        let mut policy = Policy::new(reads, vec![self.room.clone()]);
        policy.require = self.require_confinement;
        Run {
            ffmpeg: self.ffmpeg.clone(),
            args,
            cwd: self.room.clone(),
            policy,
            launcher: self.launcher.clone(),
            stdout,
            stop: self.stop.clone(),
            grace: GRACE,
        }
    }
}
