//! `local`: this machine. Starts the worker as a child process, exactly as a container would: same flags, same environment.
//!
//! A worker does not depend on who follows it. A follower that is asked to stop cancels the job; one that is killed outright says
//! nothing, and the worker finishes what it was given, publishes and records, as a job in the cloud does when a laptop is
//! closed. It stands in a process group of its own for the same reason.

use std::collections::HashMap;
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use ffbatch_dispatcher::compute::{Compute, ComputeError, Family, Infra, Outcome, Request};
use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::event::{Event, PROTOCOL, PROTOCOL_VARIABLE};
use ffbatch_dispatcher::exit::Exit;
use rustix::process::{Pid, Signal};
use tokio::process::{Child, Command};

mod find;
mod follow;

inventory::submit! {
    Family {
        name: "local",
        summary: "this machine: the worker as a child process",
        infra: || Infra { vcpus: 1, ..Infra::default() },
        connect,
    }
}

fn connect(config: &Config) -> Result<Box<dyn Compute>, ComputeError> {
    // The worker's own settings stand at the top of the configuration, for every compute.
    if let Some(key) = config
        .backends
        .get("local")
        .and_then(|section| section.keys().next())
    {
        return Err(ComputeError {
            exit: Exit::Rejected,
            ..ComputeError::machine(format!(
                "unknown key `{key}` in the section `backends.local`, which has no keys (remove it; `worker`, `state_dir` and the like stand at the top)"
            ))
        });
    }
    Ok(Box::new(Local {
        config: config.clone(),
        running: Mutex::default(),
    }))
}

/// Jobs of this process, by id.
struct Local {
    config: Config,
    running: Mutex<HashMap<String, Running>>,
}

struct Running {
    worker: String,
    pid: Option<Pid>,
    /// Taken by whoever follows the job.
    child: Option<Child>,
}

#[async_trait]
impl Compute for Local {
    async fn submit(&self, request: &Request) -> Result<String, ComputeError> {
        let worker = find::worker(&self.config)?;
        let child = self.command(&worker, request).spawn().map_err(|error| {
            ComputeError::machine(format!(
                "the worker `{}` cannot be started (reinstall ffbatch)",
                worker.display()
            ))
            .because(error)
        })?;
        let pid = child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(Pid::from_raw);
        let running = Running {
            worker: worker.display().to_string(),
            pid,
            child: Some(child),
        };
        self.running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(request.id.clone(), running);
        Ok(request.id.clone())
    }

    async fn follow(
        &self,
        job: &str,
        on: &mut (dyn FnMut(Event) + Send),
    ) -> Result<Outcome, ComputeError> {
        let taken = {
            let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            running.get_mut(job).and_then(|entry| {
                entry
                    .child
                    .take()
                    .map(|child| (child, entry.worker.clone()))
            })
        };
        let Some((child, worker)) = taken else {
            return Err(ComputeError::machine(format!(
                "job `{job}` is not running here, or somebody follows it already"
            )));
        };
        let outcome = follow::listen(child, &worker, on).await;
        self.running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(job);
        outcome
    }

    async fn cancel(&self, job: &str) -> Result<(), ComputeError> {
        let pid = self
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(job)
            .and_then(|entry| entry.pid);
        match pid.map(|pid| rustix::process::kill_process(pid, Signal::TERM)) {
            // A worker that has just ended needs no signal.
            None | Some(Ok(()) | Err(rustix::io::Errno::SRCH)) => Ok(()),
            Some(Err(error)) => {
                Err(ComputeError::machine(format!("job `{job}` cannot be stopped")).because(error))
            }
        }
    }
}

impl Local {
    fn command(&self, worker: &std::path::Path, request: &Request) -> Command {
        let mut command = Command::new(worker);
        // The job definition's command has all these flags, with `null` for what is not given; so has this one.
        for flag in [
            "global_options",
            "input_file_options",
            "input_url",
            "output_file_options",
            "output_url",
        ] {
            command.arg(format!("--{flag}")).arg("null");
        }
        let name = if request.job.name.is_empty() {
            "null"
        } else {
            &request.job.name
        };
        command
            .arg("--name")
            .arg(name)
            .arg("--job")
            .arg(request.job.to_json());
        if let Some(report) = &request.report {
            command.arg("--report").arg(report);
        }
        command
            .env("AWS_BATCH_JOB_ID", &request.id)
            .env(PROTOCOL_VARIABLE, PROTOCOL.to_string())
            .envs(&request.environment)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Ctrl-C in a terminal reaches the whole foreground group. The worker must hear of it from us alone.
            .process_group(0);
        let directories = [
            ("FFBATCH_STATE_DIR", &self.config.state_dir),
            ("FFBATCH_WORK_DIR", &self.config.work_dir),
            ("FFBATCH_FFMPEG", &self.config.ffmpeg),
        ];
        for (variable, value) in directories {
            if let Some(value) = value {
                command.env(variable, value);
            }
        }
        command
    }
}
