//! The process itself: started and awaited by a thread of its own.
//!
//! The thread is there for the parent-death signal: the kernel sends it when the *thread* that forked ends (prctl(2),
//! `PR_SET_PDEATHSIG`), and a thread of an async runtime's pool may end before the job does. This one ends after ffmpeg.
//! It also waits without reaping first, so that the dead process can still be asked what it used, and so that no signal can
//! ever reach another process that got the same id.

use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{ChildStderr, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::sync::oneshot;

use super::{Exit, Run, RunError, Stdout, Usage};
use crate::confine::Order;
use crate::processors;

/// Clock ticks a second in `/proc/<pid>/stat`: `USER_HZ`, 100 on x86-64 and arm64 (proc(5), the kernel's asm/param.h).
const TICKS_PER_SECOND: u64 = 100;

/// A running ffmpeg. Dropping it kills it.
pub struct Child {
    /// `None` from the moment on which the process is reaped.
    alive: Arc<Mutex<Option<Pid>>>,
    end: oneshot::Receiver<Result<(Exit, Option<Usage>), std::io::Error>>,
}

/// The read ends of the pipes; `None` once one has ended.
pub struct Pipes {
    pub progress: Option<tokio::process::ChildStdout>,
    pub stderr: Option<tokio::process::ChildStderr>,
    pub stdout: Option<tokio::process::ChildStdout>,
}

impl Pipes {
    /// True while one is open.
    pub fn any(&self) -> bool {
        self.progress.is_some() || self.stderr.is_some() || self.stdout.is_some()
    }
}

/// What the thread hands back once the process exists.
struct Started {
    pid: Pid,
    stderr: Option<ChildStderr>,
    stdout: Option<ChildStdout>,
}

impl Child {
    /// Starts the launcher, which becomes ffmpeg with these arguments.
    pub async fn start(run: &Run, args: &[String]) -> Result<(Self, Pipes), RunError> {
        let watch = |what| move |error| RunError::Watch(what, error);
        let (progress, ours) = pipe_with(PipeFlags::CLOEXEC)
            .map_err(|errno| RunError::Watch("no pipe", errno.into()))?;
        let order = Order {
            policy: run.policy.clone(),
            parent: std::process::id(),
        };
        let order = order
            .arguments()
            .map_err(|error| RunError::Watch("the policy is not text", error.into()))?;
        let mut command = Command::new(&run.launcher);
        command
            .arg("exec")
            .args(order)
            .arg(&run.ffmpeg.path)
            .args(args)
            .current_dir(&run.cwd)
            // The launcher needs no more than ffmpeg, and so no secret is ever in the child's memory.
            .env_clear()
            .envs(&run.policy.env)
            .stdin(Stdio::from(ours))
            .stderr(Stdio::piped())
            .stdout(match run.stdout {
                Stdout::Discard => Stdio::null(),
                Stdout::Lines => Stdio::piped(),
            })
            .process_group(0);

        let (started_at, started) = oneshot::channel();
        let (end_at, end) = oneshot::channel();
        let alive = Arc::new(Mutex::new(None));
        let shared = Arc::clone(&alive);
        std::thread::Builder::new()
            .name("ffmpeg".to_owned())
            .stack_size(256 * 1024)
            .spawn(move || supervise(command, &shared, started_at, end_at))
            .map_err(watch("no thread"))?;
        let child = Self { alive, end };
        let started = started
            .await
            .map_err(|_| RunError::Watch("its thread ended", std::io::ErrorKind::Other.into()))?
            .map_err(|source| RunError::Launcher {
                launcher: run.launcher.clone(),
                cwd: run.cwd.clone(),
                source,
            })?;
        tracing::debug!(pid = started.pid.as_raw_nonzero(), "ffmpeg started");
        // tokio reads any pipe as what it calls the output of a child.
        let out = |pipe| tokio::process::ChildStdout::from_std(pipe).map_err(watch("no pipe"));
        let pipes = Pipes {
            progress: Some(out(ChildStdout::from(progress))?),
            stderr: started
                .stderr
                .map(tokio::process::ChildStderr::from_std)
                .transpose()
                .map_err(watch("no pipe"))?,
            stdout: started.stdout.map(out).transpose()?,
        };
        Ok((child, pipes))
    }

    /// Waits for the end. Cancelling and calling again is fine; after it has answered it must not be called again.
    pub async fn ended(&mut self) -> Result<(Exit, Option<Usage>), RunError> {
        match (&mut self.end).await {
            Ok(Ok(end)) => Ok(end),
            Ok(Err(error)) => Err(RunError::Watch("waiting failed", error)),
            Err(_) => Err(RunError::Watch(
                "its thread ended",
                std::io::ErrorKind::Other.into(),
            )),
        }
    }

    /// Sends a signal if the process still exists; also to what it started, where ffmpeg stands behind a script.
    pub fn signal(&self, signal: Signal) {
        // The lock is held over the call, so that the process cannot be reaped between the look and the signal.
        let alive = lock(&self.alive);
        if let Some(pid) = *alive
            && let Err(error) = kill_process_group(pid, signal)
        {
            tracing::warn!(%error, ?signal, "ffmpeg did not take the signal");
        }
    }

    /// Lets an ffmpeg that was started with so many processors use all of this process's ([`processors`]).
    pub fn widen(&self, count: usize) -> Result<(), String> {
        // The lock is held, so that the process cannot be reaped meanwhile. One that has ended needs no processor.
        let alive = lock(&self.alive);
        alive.map_or(Ok(()), |pid| processors::widen(pid, count))
    }

    /// The largest resident set so far, in bytes (`VmHWM` of proc(5)).
    pub fn resident_bytes(&self) -> Option<u64> {
        let pid = (*lock(&self.alive))?;
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
        let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kib * 1024)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if lock(&self.alive).is_some() {
            self.signal(Signal::KILL);
        }
    }
}

/// Starts the process, waits for it, and ends after it.
fn supervise(
    mut command: Command,
    alive: &Mutex<Option<Pid>>,
    started_at: oneshot::Sender<Result<Started, std::io::Error>>,
    end_at: oneshot::Sender<Result<(Exit, Option<Usage>), std::io::Error>>,
) {
    let spawned = command.spawn();
    // The command holds the write end of the progress pipe: as long as it lives, the pipe has no end.
    drop(command);
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) => {
            let _ = started_at.send(Err(error));
            return;
        }
    };
    let pid = Pid::from_child(&child);
    *lock(alive) = Some(pid);
    let started = Started {
        pid,
        stderr: child.stderr.take(),
        stdout: child.stdout.take(),
    };
    if started_at.send(Ok(started)).is_err() {
        // Nobody waits any more: the future was dropped while the process started.
        let _ = child.kill();
    }
    let waited = loop {
        match waitid(
            WaitId::Pid(pid),
            WaitIdOptions::EXITED | WaitIdOptions::NOWAIT,
        ) {
            Err(Errno::INTR) => {}
            other => break other,
        }
    };
    let usage = usage(pid);
    // Until it is reaped its process group is its own: what it started and left behind ends with it.
    if let Err(error) = kill_process_group(pid, Signal::KILL) {
        tracing::debug!(%error, "nothing was left behind");
    }
    *lock(alive) = None;
    let end = match (waited, child.wait()) {
        (Err(errno), _) => Err(errno.into()),
        (_, Err(error)) => Err(error),
        (Ok(_), Ok(status)) => Ok((
            match (status.code(), status.signal()) {
                (Some(code), _) => Exit::Code(code),
                (None, signal) => Exit::Signal(signal.unwrap_or_default()),
            },
            usage,
        )),
    };
    let _ = end_at.send(end);
}

/// Processor time of a process that has ended and was not reaped: fields 14 and 15 of `/proc/<pid>/stat` (proc(5)).
fn usage(pid: Pid) -> Option<Usage> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in parentheses and may hold anything, spaces and parentheses too.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ').skip(11);
    let mut time = || -> Option<Duration> {
        let ticks: u64 = fields.next()?.parse().ok()?;
        Some(Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND))
    };
    Some(Usage {
        user: time()?,
        system: time()?,
    })
}

/// A poisoned lock still holds a valid process id: it is only ever assigned.
fn lock(alive: &Mutex<Option<Pid>>) -> MutexGuard<'_, Option<Pid>> {
    alive.lock().unwrap_or_else(PoisonError::into_inner)
}
