//! `local`: this machine. Starts the worker as a child process, exactly as a container would: same flags, same environment.
//!
//! A worker does not depend on who follows it. A follower that is asked to stop cancels the job; one that is killed outright says
//! nothing, and the worker finishes what it was given, publishes and records, as a job in the cloud does when a laptop is
//! closed. It stands in a process group of its own for the same reason.

use std::collections::HashMap;
use std::process::{ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use ffbatch_dispatcher::compute::{Compute, ComputeError, Family, Infra, Outcome, Request};
use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::event::{Event, PROTOCOL, PROTOCOL_VARIABLE};
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::report::Report;
use rustix::process::{Pid, Signal};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

mod find;

inventory::submit! {
    Family {
        name: "local",
        summary: "this machine: the worker as a child process",
        infra: || Infra { vcpus: 1, ..Infra::default() },
        connect: |config| Ok(Box::new(Local { config: config.clone(), running: Mutex::default() })),
    }
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
        let outcome = listen(child, &worker, on).await;
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
        // The job definition's command has all six flags, with `null` for what is not given; so has this one.
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

/// Reads a worker until it ends.
async fn listen(
    mut child: Child,
    worker: &str,
    on: &mut (dyn FnMut(Event) + Send),
) -> Result<Outcome, ComputeError> {
    let mut events: Option<Lines<BufReader<ChildStdout>>> =
        child.stdout.take().map(|out| BufReader::new(out).lines());
    let mut log: Option<Lines<BufReader<ChildStderr>>> =
        child.stderr.take().map(|err| BufReader::new(err).lines());
    let mut greeted = false;
    let mut last = None;
    while events.is_some() || log.is_some() {
        tokio::select! {
            line = next(&mut events) => if let Some(line) = line {
                match serde_json::from_str::<Event>(&line) {
                    Ok(Event::Hello { protocol, version }) if protocol != PROTOCOL => {
                        stop(&mut child).await?;
                        return Err(stranger(worker, &format!("it is of version {version} and speaks protocol {protocol}, this program {PROTOCOL}")));
                    }
                    Ok(event) if greeted || matches!(event, Event::Hello { .. }) => {
                        greeted = true;
                        if let Event::Finished { code, error, report } = &event {
                            last = Some((*code, error.clone(), report.clone()));
                        }
                        on(event);
                    }
                    _ if greeted => on(Event::Log { line }),
                    _ => {
                        stop(&mut child).await?;
                        let said: String = line.chars().take(60).collect();
                        return Err(stranger(worker, &format!("it began with `{said}`")));
                    }
                }
            },
            line = next(&mut log) => if let Some(line) = line {
                on(Event::Log { line });
            },
        }
    }
    let status = child
        .wait()
        .await
        .map_err(|error| ComputeError::machine("the worker was lost").because(error))?;
    if !greeted {
        return Err(stranger(
            worker,
            &format!("it ended ({status}) without a word"),
        ));
    }
    let outcome = outcome(status, last);
    if let (Some(at), None) = (&outcome.report_at, &outcome.report) {
        on(Event::Note {
            message: format!("the report at `{at}` cannot be read back"),
        });
    }
    Ok(outcome)
}

/// The next line; `None`, and the reader is gone, when there is no more.
async fn next<R: tokio::io::AsyncRead + Unpin>(
    lines: &mut Option<Lines<BufReader<R>>>,
) -> Option<String> {
    let Some(reader) = lines else {
        return std::future::pending().await;
    };
    // A broken pipe and bytes that are no UTF-8 end the reading like an end of file; the exit status says the rest.
    let line = reader.next_line().await.ok().flatten();
    if line.is_none() {
        *lines = None;
    }
    line
}

async fn stop(child: &mut Child) -> Result<(), ComputeError> {
    child.kill().await.map_err(|error| {
        ComputeError::machine("a program that is no worker cannot be stopped").because(error)
    })
}

fn stranger(worker: &str, why: &str) -> ComputeError {
    ComputeError::machine(format!(
        "`{worker}` is not a worker of this version: {why} (install ffbatch and ffbatch-worker of one version, or set FFBATCH_WORKER)"
    ))
}

fn outcome(status: ExitStatus, last: Option<(u8, Option<String>, Option<String>)>) -> Outcome {
    use std::os::unix::process::ExitStatusExt;

    let (error, report_at) = match last {
        Some((_, error, report)) => (error, report),
        None => (None, None),
    };
    let exit = status.code().and_then(Exit::from_code);
    let error = match (exit, status.signal()) {
        (Some(_), _) => error,
        (None, Some(9)) => {
            Some("the worker was killed (signal 9; was there enough memory?)".to_owned())
        }
        (None, Some(signal)) => Some(format!("the worker was ended by signal {signal}")),
        (None, None) => Some(format!(
            "the worker ended with {status}, which is none of its exit codes (report this)"
        )),
    };
    let report = report_at
        .as_deref()
        .and_then(|path| std::fs::read(path).ok());
    let report = report
        .and_then(|bytes| serde_json::from_slice::<Report>(&bytes).ok())
        .map(Box::new);
    let killed = if status.signal().is_some() {
        Exit::Machine
    } else {
        Exit::Internal
    };
    Outcome {
        exit: exit.unwrap_or(killed),
        error,
        report,
        report_at,
    }
}
