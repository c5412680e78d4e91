//! Reads a worker that runs as a child process: its events, its log, its end.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use ffbatch_dispatcher::compute::{ComputeError, Outcome};
use ffbatch_dispatcher::event::{Event, PROTOCOL};
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::location::{Location, LocationError};
use ffbatch_dispatcher::report::Report;
use ffbatch_storage::Stores;
use rustix::process::Signal;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdout};

/// The largest report that is read back, in bytes. One of 100,000 published segments has a third of it.
const REPORT_LIMIT: u64 = 64 << 20;

/// Reads a worker until it ends.
pub async fn listen(
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
                    Ok(Event::Hello { protocol, version, .. }) if protocol != PROTOCOL => {
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
    if !greeted && !was_stopped(status) {
        return Err(stranger(
            worker,
            &format!("it ended ({status}) without a word"),
        ));
    }
    let mut outcome = outcome(status, last);
    if let Some(at) = &outcome.report_at {
        match report(at).await {
            Ok(report) => outcome.report = Some(Box::new(report)),
            Err(why) => on(Event::Note {
                message: format!("the report at `{at}` cannot be read back: {why}"),
            }),
        }
    }
    Ok(outcome)
}

/// The next line; `None`, and the reader is gone, when there is no more.
async fn next<R: AsyncRead + Unpin>(lines: &mut Option<Lines<BufReader<R>>>) -> Option<String> {
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

/// Whether the process ended by a signal that asks to stop: a worker that is just starting does not listen yet.
fn was_stopped(status: ExitStatus) -> bool {
    let asks = [Signal::TERM, Signal::INT, Signal::QUIT, Signal::HUP];
    asks.iter()
        .any(|signal| status.signal() == Some(signal.as_raw()))
}

fn outcome(status: ExitStatus, last: Option<(u8, Option<String>, Option<String>)>) -> Outcome {
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
        (None, Some(_)) if was_stopped(status) => {
            Some("the worker was asked to stop before it could hear of it".to_owned())
        }
        (None, Some(signal)) => Some(format!("the worker was ended by signal {signal}")),
        (None, None) => Some(format!(
            "the worker ended with {status}, which is none of its exit codes (report this)"
        )),
    };
    let killed = match status.signal() {
        Some(_) if was_stopped(status) => Exit::Interrupted,
        Some(_) => Exit::Machine,
        None => Exit::Internal,
    };
    Outcome {
        exit: exit.unwrap_or(killed),
        error,
        report: None,
        report_at,
    }
}

/// Reads a report where the worker says that it lies: in a directory, or in the bucket that `S3_BUCKET` names.
async fn report(at: &str) -> Result<Report, String> {
    let at: Location = at
        .parse()
        .map_err(|error: LocationError| error.to_string())?;
    let stores = Stores::default();
    let store = stores.of(&at).map_err(|error| error.to_string())?;
    let bytes = store
        .read(&at, REPORT_LIMIT)
        .await
        .map_err(|error| error.to_string())?;
    serde_json::from_slice(&bytes).map_err(|error| error.to_string())
}
