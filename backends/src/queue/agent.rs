//! A runner as a process: in the foreground for a service manager, or detached, started by whoever has work for it.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use ffbatch_dispatcher::compute::ComputeError;
use ffbatch_dispatcher::config::Config;

use super::place::Place;
use super::runner::{self, Left};
use super::settings::Settings;
use super::{Kind, Queue, bell, find};

/// How often somebody who waits starts a runner before they ask why there is none.
const TRIES: u32 = 10;

/// How long a runner may take to be heard of.
const START_EVERY: Duration = Duration::from_secs(1);

/// After this pause whoever waits counts anew: what was wrong before is another matter.
const FORGOTTEN: Duration = Duration::from_secs(30);

/// The longest log of detached runners, in bytes; then it begins anew.
const LONGEST_LOG: u64 = 1 << 20;

/// How a runner lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Until it is asked to stop.
    Foreground,
    /// Beside whoever started it, until there is nothing more to run.
    Detached,
}

/// Runs a queue of this user.
pub async fn agent(
    kind: &dyn Kind,
    config: &Config,
    mode: Mode,
    stop: impl Future<Output = ()>,
) -> Result<Left, ComputeError> {
    let settings = Settings::of(config, kind)?;
    let place = Place::of(config, kind)?;
    let stays = mode == Mode::Foreground;
    runner::serve(&place, settings, kind.carrier(), stays, stop).await
}

/// Runners that were started since one was last heard of, or ended a job.
#[derive(Debug, Default)]
pub struct Starts {
    count: u32,
    last: Option<Instant>,
}

impl Queue {
    /// Sees to it that somebody runs the queue, for whoever asks again and again until something has happened.
    pub fn ensure(&self) -> Result<(), ComputeError> {
        let place = self.place()?;
        let mut starts = self.starts.lock().unwrap_or_else(PoisonError::into_inner);
        if bell::ring(&place)? {
            *starts = Starts::default();
            return Ok(());
        }
        let since = starts.last.map(|last| last.elapsed());
        if since.is_some_and(|since| since < START_EVERY) {
            return Ok(());
        }
        if since.is_some_and(|since| since > FORGOTTEN) {
            *starts = Starts::default();
        }
        starts.last = Some(Instant::now());
        starts.count += 1;
        if starts.count > TRIES {
            return Err(ComputeError::machine(format!(
                "the runner ends as soon as it was started; why, `{}` says (the queue keeps its jobs)",
                place.runner_log().display()
            )));
        }
        start(&place, self.kind, self.settings)
    }

    /// A job has ended, so that the runners that were started did what they are for, though they are gone before anybody rings.
    pub fn has_run(&self) {
        *self.starts.lock().unwrap_or_else(PoisonError::into_inner) = Starts::default();
    }

    /// Sees to it that somebody runs the queue after something was changed for good, and tells them so.
    ///
    /// Nobody may ask again, so it does not count on a runner that was started a moment ago and cannot be heard: that one may be
    /// leaving, and have looked for the last time. One too many finds the lock taken and leaves. What was changed stays, also where
    /// nobody can be found to run it; whoever waits for it is told so.
    pub fn ensure_later(&self) {
        let rung = || -> Result<(), ComputeError> {
            let place = self.place()?;
            if bell::ring(&place)? {
                return Ok(());
            }
            // Whoever waits from now on gives it time to be heard.
            let mut starts = self.starts.lock().unwrap_or_else(PoisonError::into_inner);
            starts.last = Some(Instant::now());
            start(&place, self.kind, self.settings)
        };
        if let Err(error) = rung() {
            tracing::warn!("{error}");
        }
    }

    /// The same where there is anything to do.
    pub fn ensure_if_needed(&self) -> Result<(), ComputeError> {
        let idle = match self.existing()? {
            Some(mut store) => store.with(|store| store.is_idle())?,
            None => true,
        };
        if !idle {
            self.ensure_later();
        }
        Ok(())
    }
}

/// Starts a detached runner. Of two that start at once one finds the lock taken and leaves.
fn start(place: &Place, kind: &dyn Kind, settings: Settings) -> Result<(), ComputeError> {
    let program = find::own()?;
    let path = place.runner_log();
    let long = std::fs::metadata(&path).is_ok_and(|there| there.len() > LONGEST_LOG);
    let said = OpenOptions::new()
        .create(true)
        .append(!long)
        .write(true)
        .truncate(long)
        .mode(0o600)
        .open(&path)
        .map_err(|error| {
            ComputeError::machine(format!("`{}` cannot be written", path.display())).because(error)
        })?;
    let mut command = Command::new(&program);
    let compute = kind.compute();
    command
        .args(["agent", "--detached", "--compute", compute])
        .env_clear();
    // Everything that the runner has to know; what a job has to know it brings along.
    let kept = ["PATH", "HOME", "LANG", "TMPDIR", "LOGLEVEL"];
    command.envs(
        kept.into_iter()
            .filter_map(|name| Some((name, std::env::var_os(name)?))),
    );
    let section = [
        ("VCPUS", settings.vcpus),
        ("MEMORY_MIB", settings.memory_mib),
        ("KEEP_DAYS", settings.keep_days),
    ];
    let section = section.map(|(key, value)| {
        let section = compute.to_ascii_uppercase();
        (
            format!("FFBATCH_BACKENDS__{section}__{key}"),
            value.to_string(),
        )
    });
    command
        .env("FFBATCH_STATE_DIR", place.state_dir())
        .envs(section)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(said)
        // Ctrl-C, and a terminal that is closed, reach the foreground process group alone (`credentials(7)`). A runner that left
        // it only once it runs would be taken along where the terminal is closed at once.
        .process_group(0);
    let started = command.spawn().map(|mut runner| {
        // It outlives this program, or ends before it: then somebody has to ask how.
        std::thread::spawn(move || runner.wait());
    });
    started.map_err(|error| {
        ComputeError::machine(format!(
            "the runner `{} agent` cannot be started (reinstall ffbatch); the queue keeps its jobs",
            program.display()
        ))
        .because(error)
    })
}
