//! The hidden subcommand's whole body: from a fresh process to a confined ffmpeg.
//!
//! It runs before any thread, runtime or configuration exists: Landlock restricts the calling thread only, and every
//! millisecond here is one before ffmpeg starts.
//!
//! The progress pipe arrives as standard input, the one descriptor that a parent can hand over by safe means, and
//! moves to a high number, out of the way of a command's own `pipe:3`. Until ffmpeg runs it also carries the reason why it
//! did not: a line `exec-error=...` that no ffmpeg writes, so that a failed start is never taken for ffmpeg's own exit code.

use std::error::Error as _;
use std::ffi::OsString;
use std::io::Write as _;
use std::os::fd::{AsRawFd as _, OwnedFd, RawFd};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

use rustix::io::{FdFlags, fcntl_dupfd_cloexec, fcntl_setfd};
use rustix::process::{Signal, getppid, set_parent_process_death_signal};
use serde::{Deserialize, Serialize};

use super::{ConfineError, Policy, restrict};
use crate::processors;

/// The exit code of a launcher that could not start ffmpeg: 125, as in `env(1)`, `timeout(1)` and `docker run`. It is a hint
/// for people; the line on the progress pipe decides.
pub const LAUNCH_EXIT_CODE: u8 = 125;

/// The key of the line on the progress pipe that tells why ffmpeg was not started.
pub(crate) const ERROR_KEY: &str = "exec-error";

/// The lowest number that the progress pipe may get.
const LOWEST_DESCRIPTOR: RawFd = 200;

/// The longest piece of an order in one argument, in bytes. Linux takes 131,072 with the final NUL (`MAX_ARG_STRLEN`), and a
/// policy may name thousands of files.
const PIECE: usize = 100_000;

/// What the launcher is told, as JSON in its first arguments: their number, and the pieces of the text.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Order {
    /// What ffmpeg may do.
    pub policy: Policy,
    /// The process that waits for ffmpeg; ffmpeg ends when it does.
    pub parent: u32,
}

impl Order {
    /// The order as arguments.
    pub fn arguments(&self) -> serde_json::Result<Vec<String>> {
        let text = serde_json::to_string(self)?;
        let mut pieces = Vec::new();
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(rest.floor_char_boundary(PIECE));
            pieces.push(piece.to_owned());
            rest = after;
        }
        pieces.insert(0, pieces.len().to_string());
        Ok(pieces)
    }

    /// Takes an order from the arguments that it begins.
    fn take(arguments: &mut impl Iterator<Item = OsString>) -> Result<Self, ConfineError> {
        let mut next = || {
            let argument = arguments.next();
            argument
                .map(|argument| argument.to_string_lossy().into_owned())
                .ok_or_else(|| ConfineError::Arguments("no policy".to_owned()))
        };
        let wrong = |error: &dyn std::error::Error| ConfineError::Arguments(error.to_string());
        let count: usize = next()?.parse().map_err(|error| wrong(&error))?;
        let text = (0..count)
            .map(|_| next())
            .collect::<Result<String, ConfineError>>()?;
        serde_json::from_str(&text).map_err(|error| wrong(&error))
    }
}

/// Becomes ffmpeg: takes the arguments that follow the hidden subcommand (an order, the program, its arguments), confines
/// this process and replaces it. Returns only when that failed, after telling the parent why.
///
/// # Behavior
/// - Must be called from the main thread, before another thread exists.
/// - Standard input must be the progress pipe; standard output and error become ffmpeg's.
/// - ffmpeg gets SIGKILL when the *thread* that started the launcher ends (`PR_SET_PDEATHSIG`, prctl(2)).
pub fn launch(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let Ok(pipe) = fcntl_dupfd_cloexec(std::io::stdin(), LOWEST_DESCRIPTOR) else {
        return ExitCode::from(LAUNCH_EXIT_CODE);
    };
    let error = become_ffmpeg(arguments, &pipe);
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    let line = format!("{ERROR_KEY}={}\n", text.replace('\n', " "));
    // A parent that no longer reads has no use for the reason.
    let _ = std::fs::File::from(pipe).write_all(line.as_bytes());
    ExitCode::from(LAUNCH_EXIT_CODE)
}

fn become_ffmpeg(arguments: impl Iterator<Item = OsString>, pipe: &OwnedFd) -> ConfineError {
    match prepare(arguments, pipe) {
        Ok((program, mut command)) => ConfineError::Start {
            program,
            source: command.exec(),
        },
        Err(error) => error,
    }
}

fn prepare(
    mut arguments: impl Iterator<Item = OsString>,
    pipe: &OwnedFd,
) -> Result<(PathBuf, Command), ConfineError> {
    let Order { policy, parent } = Order::take(&mut arguments)?;
    let program = arguments
        .next()
        .map(PathBuf::from)
        .ok_or_else(|| ConfineError::Arguments("no program".to_owned()))?;

    set_parent_process_death_signal(Some(Signal::KILL))?;
    // A parent that ended before the line above will send no signal any more.
    if getppid().is_none_or(|now| now.as_raw_nonzero().get().unsigned_abs() != parent) {
        return Err(ConfineError::Orphan);
    }
    if let Some(count) = processors::narrows(policy.processors) {
        // Where this is refused ffmpeg counts what it sees; the parent, which looks later, tells.
        let _ = processors::narrow(count);
    }
    rustix::thread::set_no_new_privs(true)?;
    restrict(&policy, &program)?;

    fcntl_setfd(pipe, FdFlags::empty())?;
    let mut command = Command::new(&program);
    command
        .env_clear()
        .envs(&policy.env)
        .stdin(Stdio::null())
        .args(["-progress", &format!("pipe:{}", pipe.as_raw_fd())])
        .args(arguments);
    Ok((program, command))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_of_many_files_arrives() {
        let read = (0..20_000).map(|number| PathBuf::from(format!("/media/ü{number}.ts")));
        let order = Order {
            policy: Policy::new(read.collect(), Vec::new()),
            parent: 7,
        };
        let pieces = order.arguments().expect("it is text");
        assert!(pieces.len() > 3 && pieces.iter().all(|piece| piece.len() < 131_072));
        let mut arguments = pieces
            .into_iter()
            .map(OsString::from)
            .chain(["ffmpeg".into()]);
        let arrived = Order::take(&mut arguments).expect("it reads back");
        assert_eq!((arrived.policy, arrived.parent), (order.policy, 7));
        assert_eq!(arguments.next(), Some("ffmpeg".into()));
    }
}
