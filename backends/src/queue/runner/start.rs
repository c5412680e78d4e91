//! Starts the worker of an attempt, exactly as a container would: same flags, same environment.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use ffbatch_dispatcher::event::{PROTOCOL, PROTOCOL_VARIABLE};
use ffbatch_dispatcher::variable::VCPUS;
use tokio::process::{Child, Command};

use super::attempt::Attempt;
use crate::queue::files;
use crate::queue::place::Files;
use crate::queue::process::Moment;
use crate::queue::store::Store;
use crate::queue::store::attempts::{Candidate, Work};

/// The longest job that travels on the command line, in bytes: the kernel takes 128 KiB an argument (`MAX_ARG_STRLEN`).
const LONGEST_ARGUMENT: usize = 120_000;

/// Starts a worker; what went wrong is a sentence.
pub fn start(
    store: &Store,
    job: &Candidate,
    number: u32,
    began: Moment,
) -> Result<(Child, Attempt), String> {
    let work = store.work(job.seq).map_err(|error| error.to_string())?;
    let files = store.place().files(&job.id, number);
    let child = spawn(&work, job, number, &files)?;
    let attempt = Attempt {
        job: job.clone(),
        files,
        program: work.environment.worker.clone(),
        worker: None,
        began,
        timeout: work
            .timeout_secs
            .map(|seconds| Duration::from_secs(seconds.into())),
        is_child: true,
        leash: None,
        doomed: false,
        asked: None,
    };
    Ok((child, attempt))
}

fn spawn(work: &Work, job: &Candidate, number: u32, files: &Files) -> Result<Child, String> {
    let events = open(&files.events)?;
    // The lock belongs to the open file, which the worker shares from its first moment on and nobody after it.
    events
        .try_lock()
        .map_err(|error| format!("`{}` cannot be locked: {error}", files.events.display()))?;
    let log = open(&files.log)?;
    // After a power cut a number may be given out again, and its files be there. Nobody writes to them: the lock was free.
    for (file, path) in [(&events, &files.events), (&log, &files.log)] {
        file.set_len(0).map_err(|error| cannot(path, &error))?;
    }
    let program = &work.environment.worker;
    let mut command = Command::new(program);
    command.args(work.flags()).arg("--job");
    if work.job.len() > LONGEST_ARGUMENT {
        let mut document = open(&files.job)?;
        document
            .set_len(0)
            .and_then(|()| document.write_all(work.job.as_bytes()))
            .map_err(|error| cannot(&files.job, &error))?;
        command.arg(&files.job);
    } else {
        command.arg(&work.job);
    }
    command
        .env_clear()
        .envs(
            work.environment
                .variables
                .iter()
                .map(|(name, value)| (name, value)),
        )
        .env("AWS_BATCH_JOB_ID", &job.id)
        .env("AWS_BATCH_JOB_ATTEMPT", number.to_string())
        .env(VCPUS, job.vcpus.to_string())
        .env(PROTOCOL_VARIABLE, PROTOCOL.to_string())
        .envs(&work.variables)
        .current_dir(directory(&work.environment.directory))
        .stdin(Stdio::null())
        .stdout(events)
        .stderr(log)
        // A signal to the runner's group, as Ctrl-C sends it, is not for the workers.
        .process_group(0);
    if let Some(index) = work.index {
        command.env("AWS_BATCH_JOB_ARRAY_INDEX", index.to_string());
    }
    command.spawn().map_err(|error| {
        format!(
            "the worker `{}` cannot be started: {error} (reinstall ffbatch)",
            program.display()
        )
    })
}

/// A file of its own for this attempt.
fn open(path: &Path) -> Result<File, String> {
    files::open(path).map_err(|error| cannot(path, &error))
}

fn cannot(path: &Path, error: &std::io::Error) -> String {
    format!("`{}` cannot be written: {error}", path.display())
}

/// Where the job was submitted, for relative paths in variables; the root where that is gone.
fn directory(submitted: &Path) -> PathBuf {
    if submitted.is_dir() {
        submitted.to_owned()
    } else {
        "/".into()
    }
}
