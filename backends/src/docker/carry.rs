//! One attempt, from wherever it is to its end.
//!
//! Everything is one procedure that can be begun again at any point: it looks for the container by its name, makes, starts, reads and
//! removes it as far as that is still to be done. So an engine that went away in the middle, and a runner that was killed, need nothing
//! of their own: the procedure begins anew.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use bollard::Docker;
use bollard::container::LogOutput;
use bollard::errors::Error;
use bollard::models::{ContainerState, ContainerStateStatusEnum};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, LogsOptionsBuilder, RemoveContainerOptionsBuilder,
    StopContainerOptionsBuilder,
};
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::retry::HOST_LOST;
use futures_util::StreamExt;
use rustix::process::Signal;
use tokio::sync::watch;

use super::container::{self, STOP_SECS};
use super::engine;
use super::output::Output;
use super::surroundings;
use crate::queue::Order;
use crate::queue::ending::{self, Program, Told};
use crate::queue::files;
use crate::queue::store::attempts::Ended;

/// The pause before an engine that does not answer is asked again.
const PAUSE: Duration = Duration::from_secs(1);

/// How long an engine is waited for that has nothing of this attempt yet. Later it is waited for as long as it takes: the container may
/// be running.
const PATIENCE: Duration = Duration::from_secs(30);

/// Exit codes from here on say by which signal a process ended.
const SIGNALS: i64 = 128;

/// Why the procedure has not come to the end.
enum Broken {
    /// Nobody knows what happened; it has to begin anew.
    Unknown(String),
    /// The engine, or this machine, cannot do it.
    Refused(String),
}

/// An attempt on its way.
struct Carried<'a> {
    order: &'a Order,
    socket: PathBuf,
    name: String,
    /// Whether the engine has, or had, a container for it.
    begun: bool,
    /// Whether the engine went away meanwhile.
    disturbed: bool,
}

/// Carries an attempt to its end.
pub async fn carry(order: &Order, mut asked: watch::Receiver<bool>) -> Ended {
    let variable = |name: &str| order.work.environment.variable(name).map(str::to_owned);
    let socket = match engine::host(variable) {
        Ok(socket) => socket,
        Err(error) => return ending::not_started(&error.message),
    };
    let mut carried = Carried {
        order,
        socket,
        name: container::name(order),
        begun: order.resumed,
        disturbed: order.restarted,
    };
    let began = Instant::now();
    let mut told = false;
    loop {
        match carried.once(&mut asked).await {
            Ok(ended) => return ended,
            Err(Broken::Refused(why)) => return refused(why),
            Err(Broken::Unknown(why)) if !carried.begun && began.elapsed() >= PATIENCE => {
                return ending::not_started(&why);
            }
            Err(Broken::Unknown(why)) => {
                carried.disturbed |= carried.begun;
                if !std::mem::replace(&mut told, true) {
                    tracing::warn!("job {}: {why}; trying again", order.job.id);
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

impl Carried<'_> {
    /// The procedure.
    async fn once(&mut self, asked: &mut watch::Receiver<bool>) -> Result<Ended, Broken> {
        let connected = engine::connect(&self.socket).await;
        let docker = connected.map_err(|error| self.broken(&error))?;
        let mut state = self.look(&docker).await?;
        if state.is_some() && !self.begun {
            // Nobody waits for it: after a power cut a number may be given out again.
            self.remove(&docker).await?;
            state = None;
        }
        match state.map(|state| state.status) {
            None if self.begun => return Ok(self.lost()),
            None => self.make(&docker).await?,
            Some(_) => {}
        }
        let state = self.look(&docker).await?;
        if state.and_then(|state| state.status) == Some(ContainerStateStatusEnum::CREATED) {
            let started = docker.start_container(&self.name, None).await;
            if let Err(error) = started {
                let broken = self.broken(&error);
                if engine::is_answer(&error) {
                    self.remove(&docker).await?;
                }
                return Err(broken);
            }
        }
        self.read(&docker, asked).await?;
        let state = self.look(&docker).await?;
        let Some(state) = state else {
            return Ok(self.lost());
        };
        if state.running == Some(true) {
            return Err(Broken::Unknown(
                "the container's log ended before it did".to_owned(),
            ));
        }
        let ended = self.ended(&state)?;
        self.remove(&docker).await?;
        Ok(ended)
    }

    /// Where the container is; nothing where there is none.
    async fn look(&self, docker: &Docker) -> Result<Option<ContainerState>, Broken> {
        match docker.inspect_container(&self.name, None).await {
            Ok(found) => Ok(Some(found.state.unwrap_or_default())),
            Err(Error::DockerResponseServerError {
                status_code: 404, ..
            }) => Ok(None),
            Err(error) => Err(self.broken(&error)),
        }
    }

    /// Makes the container.
    async fn make(&mut self, docker: &Docker) -> Result<(), Broken> {
        let info = docker.info().await.map_err(|error| self.broken(&error))?;
        let options = info.security_options.unwrap_or_default();
        let rootless = options.iter().any(|option| option.contains("rootless"));
        let files = &self.order.files;
        let secrets = surroundings::credentials(&self.order.work.environment);
        let write = |path: &Path, text: &str| {
            let mut file = files::open(path)?;
            file.set_len(0)?;
            io::Write::write_all(&mut file, text.as_bytes())
        };
        let written = write(&files.job, &self.order.work.job).and_then(|()| {
            // Whatever an earlier attempt of this number has left is not of this one.
            for path in [&files.events, &files.log] {
                files::open(path)?.set_len(0)?;
            }
            secrets
                .iter()
                .try_for_each(|text| write(&files.secrets, text))
        });
        written.map_err(|error| {
            Broken::Unknown(format!(
                "`{}` cannot be written: {error}",
                files.job.display()
            ))
        })?;
        let secrets = secrets.map(|_| files.secrets.as_path());
        let body = container::describe(self.order, rootless, secrets).map_err(Broken::Refused)?;
        let options = CreateContainerOptionsBuilder::new()
            .name(&self.name)
            .build();
        match docker.create_container(Some(options), body).await {
            Ok(_) => {
                self.begun = true;
                Ok(())
            }
            Err(error) => Err(self.broken(&error)),
        }
    }

    /// Copies what the container writes, until it ends; asks it to stop when that is asked for.
    async fn read(&self, docker: &Docker, asked: &mut watch::Receiver<bool>) -> Result<(), Broken> {
        let copying = self.copy(docker, true);
        let mut copying = std::pin::pin!(copying);
        let stopping = async {
            if asked.wait_for(|asked| *asked).await.is_err() {
                return std::future::pending().await;
            }
            let options = StopContainerOptionsBuilder::new()
                .t(STOP_SECS.into())
                .build();
            if let Err(error) = docker.stop_container(&self.name, Some(options)).await {
                tracing::warn!(
                    "job {} was not stopped: {}",
                    self.order.job.id,
                    engine::said(&error, &self.socket)
                );
                return Err(Broken::Unknown("the container was not stopped".to_owned()));
            }
            Ok(())
        };
        let stopped: Result<(), Broken> = tokio::select! {
            copied = &mut copying => Ok(copied?),
            stopped = stopping => stopped,
        };
        stopped?;
        // What came in the moment of its end.
        self.copy(docker, false).await
    }

    /// Copies what the container has written that was not copied yet; what it goes on to write too, where it is followed.
    async fn copy(&self, docker: &Docker, follow: bool) -> Result<(), Broken> {
        let files = &self.order.files;
        let cannot = |path: &Path, error: io::Error| {
            Broken::Unknown(format!("`{}` cannot be written: {error}", path.display()))
        };
        let open = |path: &Path| Output::open(path).map_err(|error| cannot(path, error));
        let (mut events, mut log) = (open(&files.events)?, open(&files.log)?);
        let options = LogsOptionsBuilder::new()
            .follow(follow)
            .stdout(true)
            .stderr(true)
            .build();
        let mut stream = std::pin::pin!(docker.logs(&self.name, Some(options)));
        while let Some(chunk) = stream.next().await {
            let taken = match chunk {
                Ok(LogOutput::StdErr { message }) => log
                    .take(&message)
                    .map_err(|error| cannot(&files.log, error)),
                Ok(LogOutput::StdOut { message } | LogOutput::Console { message }) => events
                    .take(&message)
                    .map_err(|error| cannot(&files.events, error)),
                Ok(LogOutput::StdIn { .. }) => Ok(()),
                // A container that was removed meanwhile is found out by whoever looks next.
                Err(error) => Err(Broken::Unknown(engine::said(&error, &self.socket))),
            };
            taken?;
        }
        Ok(())
    }

    /// How the container ended.
    fn ended(&self, state: &ContainerState) -> Result<Ended, Broken> {
        let code = state.exit_code.unwrap_or_default();
        let status = if code > SIGNALS {
            ExitStatus::from_raw(i32::try_from(code - SIGNALS).unwrap_or_default())
        } else {
            ExitStatus::from_raw(i32::try_from(code << 8).unwrap_or_default())
        };
        let told = self.told()?;
        let ended = ending::watched(self.program(), status, told, false);
        if state.oom_killed == Some(true) && code != 0 {
            return Ok(out_of_memory(ended, self.order.job.memory_mib));
        }
        let killed = status.signal() == Some(Signal::KILL.as_raw());
        if killed && self.disturbed {
            let reason = format!(
                "{HOST_LOST}lost the container: the engine was restarted while the job ran"
            );
            return Ok(Ended {
                code: None,
                exit: Exit::Machine,
                reason: Some(reason.clone()),
                status_reason: Some(reason),
                ..ended
            });
        }
        Ok(ended)
    }

    /// How an attempt ended whose container is gone.
    fn lost(&self) -> Ended {
        let told = self.told().unwrap_or_default();
        let ended = ending::left_behind(self.program(), told, false);
        self.tidy();
        if ended.code.is_some() || !ended.began {
            return ended;
        }
        let reason = format!("{HOST_LOST}lost the container: somebody has removed it");
        Ended {
            reason: Some(reason.clone()),
            status_reason: Some(reason),
            ..ended
        }
    }

    fn told(&self) -> Result<Told, Broken> {
        let events = &self.order.files.events;
        Told::read(events).map_err(|error| {
            Broken::Unknown(format!("`{}` cannot be read: {error}", events.display()))
        })
    }

    fn program(&self) -> Program<'_> {
        Program {
            name: &self.order.work.environment.worker,
            fix: "name an image of this version by `image` in the section `backends.docker`",
        }
    }

    /// Removes the container, if it is there.
    async fn remove(&self, docker: &Docker) -> Result<(), Broken> {
        let options = RemoveContainerOptionsBuilder::new()
            .force(true)
            .v(true)
            .build();
        match docker.remove_container(&self.name, Some(options)).await {
            Ok(())
            | Err(Error::DockerResponseServerError {
                status_code: 404, ..
            }) => {
                self.tidy();
                Ok(())
            }
            Err(error) => Err(self.broken(&error)),
        }
    }

    /// Removes the credentials.
    fn tidy(&self) {
        let path = &self.order.files.secrets;
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!("`{}` cannot be removed: {error}", path.display());
            }
            _ => {}
        }
    }

    fn broken(&self, error: &Error) -> Broken {
        let Error::DockerResponseServerError {
            message,
            status_code,
        } = error
        else {
            return Broken::Unknown(engine::said(error, &self.socket));
        };
        let image = self.order.work.environment.worker.display().to_string();
        if *status_code == 404 && message.contains("image") {
            return Broken::Refused(engine::no_image(&image));
        }
        if message.contains("device driver") && container::gpus(self.order).is_some() {
            return Broken::Refused(
                "the container engine has no NVIDIA GPUs to hand out (install the NVIDIA Container Toolkit and run `sudo nvidia-ctk runtime configure --runtime=docker`, or leave `gpus` out)".to_owned(),
            );
        }
        Broken::Refused(engine::said(error, &self.socket))
    }
}

/// An attempt that cannot be, however often it is tried.
fn refused(why: String) -> Ended {
    Ended {
        began: true,
        code: None,
        exit: Exit::Machine,
        reason: Some(why),
        status_reason: None,
        report_at: None,
    }
}

/// The kernel ended what used more memory than the container may. The words are those of AWS Batch, for rules that look for them.
fn out_of_memory(ended: Ended, memory_mib: u32) -> Ended {
    let code = 128 + Signal::KILL.as_raw();
    let reason = match memory_mib {
        0 => "OutOfMemoryError: this machine has no more memory (let fewer jobs run at the same time: `memory_mib` in the section `backends.docker`, and --memory-mib for each job)".to_owned(),
        mib => format!("OutOfMemoryError: the job used all of its {mib} MiB of memory (give it more by --memory-mib)"),
    };
    Ended {
        code: Some(code),
        exit: Exit::Machine,
        reason: Some(reason),
        ..ended
    }
}
