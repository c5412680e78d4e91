//! Confinement: what an ffmpeg may see of the machine it runs on.
//!
//! Media files and commands come from strangers, and ffmpeg opens whatever they name: a playlist line, an SVG's `xlink:href`,
//! a `concat:` URL. So it runs with an environment of a few named variables, reads its inputs and what it needs to run,
//! writes in the job's directories, and has no sockets unless an input is a network URL. Each layer can be missing in a
//! kernel or a container runtime, so that the policy is enforced as far as it goes, [`available`] tells how far that is,
//! and [`Policy::require`] turns anything less than all of it into an error.
//!
//! The restrictions are laid on a process of their own, between fork and ffmpeg: the worker starts itself with the hidden
//! subcommand `exec`, which calls [`launch`], which becomes ffmpeg. No code runs between fork and exec in the worker's own
//! address space (that would need unsafe code and forbid allocating), and the worker itself stays unrestricted.
//!
//! What this does not do: it hides no file names (`stat` works everywhere), limits no CPU time or memory, and does not filter
//! system calls beyond sockets and `io_uring`.

mod environment;
mod files;
mod launcher;
mod sockets;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub(crate) use environment::permitted;
pub(crate) use launcher::{ERROR_KEY, Order};
pub use launcher::{LAUNCH_EXIT_CODE, launch};

/// What one ffmpeg may do. It crosses into the launcher as JSON.
///
/// The JSON is one argument, and Linux allows 128 KiB for one (execve(2)): where an input is thousands of files, name their
/// directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Files and directories that may be read; a directory with everything below it. Absolute.
    pub read: Vec<PathBuf>,
    /// Directories in which files may be read, written, renamed and removed; links and pipes cannot be made. Absolute.
    pub write: Vec<PathBuf>,
    /// What may be reached over the network.
    pub network: Network,
    /// True when ffmpeg must not start unless all of this is enforced.
    pub require: bool,
    /// How many processors ffmpeg shall count while it chooses its threads; `None` leaves it to what it sees
    /// ([`crate::processors`]).
    pub processors: Option<usize>,
    /// The whole environment of ffmpeg.
    pub env: BTreeMap<String, String>,
}

/// What may be reached over the network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Network {
    /// Nothing: no socket of any kind can be made.
    None,
    /// Internet sockets only, and TCP only to these ports (and to 53, for name lookups). UDP ports are not limited.
    Ports(Vec<u16>),
}

/// How far a policy is enforced on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "enforced", content = "why", rename_all = "kebab-case")]
pub enum Confinement {
    /// Everything that a policy says.
    Full,
    /// A part; the text names what is missing.
    Partial(String),
    /// Nothing but the clean environment; the text says why.
    None(String),
}

impl Policy {
    /// The policy for a job without network: it may read `read`, write below `write`, and gets the permitted part of this
    /// process's environment.
    pub fn new(read: Vec<PathBuf>, write: Vec<PathBuf>) -> Self {
        Self {
            read,
            write,
            network: Network::None,
            require: false,
            processors: None,
            env: permitted(std::env::vars_os()),
        }
    }
}

impl fmt::Display for Confinement {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => out.write_str("full"),
            Self::Partial(why) => write!(out, "partial: {why}"),
            Self::None(why) => write!(out, "none: {why}"),
        }
    }
}

/// How far the kernel lets this process confine an ffmpeg. Restricts nothing and starts nothing.
pub fn available() -> Confinement {
    let mut missing = files::missing();
    let no_files = missing.first() == Some(&files::NO_LANDLOCK);
    let no_sockets = sockets::missing();
    missing.extend(no_sockets);
    match (missing.is_empty(), no_files && no_sockets.is_some()) {
        (true, _) => Confinement::Full,
        (false, true) => Confinement::None(missing.join("; ")),
        (false, false) => Confinement::Partial(missing.join("; ")),
    }
}

/// Lays the policy on the calling thread and all it will start. There is no way back.
fn restrict(policy: &Policy, program: &Path) -> Result<(), ConfineError> {
    let mut missing = files::restrict(policy, program)?;
    missing.extend(sockets::restrict(&policy.network)?);
    if policy.require && !missing.is_empty() {
        return Err(ConfineError::Incomplete(missing.join("; ")));
    }
    Ok(())
}

/// Confining, or starting what is confined, failed.
#[derive(Debug, thiserror::Error)]
pub enum ConfineError {
    /// The launcher was called wrongly.
    #[error(
        "the launcher needs a policy, a program and its arguments: {0} (it is not meant to be called by hand)"
    )]
    Arguments(String),
    /// The policy asks for more than this machine can do.
    #[error(
        "ffmpeg cannot be fully confined here: {0} (use a newer kernel, or do not require confinement)"
    )]
    Incomplete(String),
    /// The kernel refused a rule.
    #[error("the file system rules were refused")]
    Landlock(#[from] landlock::RulesetError),
    /// The kernel refused the system call filter.
    #[error("the system call filter was refused")]
    Filter(#[from] seccompiler::Error),
    /// The filter could not be compiled.
    #[error("the system call filter cannot be built")]
    Build(#[from] seccompiler::BackendError),
    /// The one who asked has ended.
    #[error("the process that asked for ffmpeg is gone")]
    Orphan,
    /// A system call failed.
    #[error("preparing the process failed")]
    System(#[from] rustix::io::Errno),
    /// ffmpeg did not start.
    #[error("`{program}` cannot be started (check that it is an executable for this machine)")]
    Start {
        /// The program.
        program: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}
