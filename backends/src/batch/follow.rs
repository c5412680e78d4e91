//! Follows a job from its beginning to its end: its state from AWS Batch, its events from its log.

use std::time::{Duration, Instant};

use aws_sdk_batch::types::{ContainerDetail, JobDetail as Found};
use ffbatch_dispatcher::compute::{ComputeError, Outcome};
use ffbatch_dispatcher::event::Event;
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::report::Report;
use ffbatch_dispatcher::retry::NOT_STARTED;
use ffbatch_dispatcher::state::State;

use super::client::Client;
use super::logs::{Last, Tail};
use super::{ask, machine, summary};
use crate::report;

/// The pause between two looks: ten followers stay far below what an account may ask.
const PAUSE: Duration = Duration::from_millis(1500);

/// How long the last lines of a log may take to arrive after the job's end.
const LATE: Duration = Duration::from_secs(10);

/// How long a job may wait before that is worth a word.
const PATIENCE: Duration = Duration::from_secs(20);

/// The status reason of a job that needed another one, which failed.
pub const DEPENDENCY: &str = "Dependent Job failed";

/// Follows a job.
pub async fn follow(
    client: &Client,
    job: &str,
    on: &mut (dyn FnMut(Event) + Send),
) -> Result<Outcome, ComputeError> {
    let began = Instant::now();
    let mut told_wait = false;
    let mut log = Log::default();
    let ended = loop {
        let found = ask::one(client, job).await?;
        log.drain(client, &found, on).await?;
        let state = summary::of(&found)?.state;
        if state.is_ended() {
            break found;
        }
        if !told_wait && !state.is_active() && began.elapsed() >= PATIENCE {
            told_wait = true;
            let message = format!(
                "the job has been {state} for {} s (`ffbatch why {job}` tells why)",
                began.elapsed().as_secs()
            );
            on(Event::Note { message });
        }
        tokio::time::sleep(PAUSE).await;
    };
    let late = Instant::now();
    while log.expects_more() && late.elapsed() < LATE {
        tokio::time::sleep(PAUSE / 3).await;
        log.drain(client, &ended, on).await?;
    }
    outcome(client, &ended, log.last(), on).await
}

/// Tells the events of one attempt as far as they are there.
pub async fn events(
    client: &Client,
    job: &str,
    attempt: Option<u32>,
    on: &mut (dyn FnMut(Event) + Send),
) -> Result<(), ComputeError> {
    let found = ask::one(client, job).await?;
    let streams = streams(&found);
    let Some(number) = attempt else {
        return match streams.last() {
            Some(stream) => drain(client, stream, on).await,
            None => Ok(()),
        };
    };
    let at = usize::try_from(number)
        .ok()
        .and_then(|number| number.checked_sub(1));
    match at.and_then(|at| streams.get(at)) {
        Some(stream) => drain(client, stream, on).await,
        None => Err(ComputeError::rejected(format!(
            "job `{job}` has a log of {} of its attempts, there is no number {number}",
            streams.len()
        ))),
    }
}

async fn drain(
    client: &Client,
    stream: &str,
    on: &mut (dyn FnMut(Event) + Send),
) -> Result<(), ComputeError> {
    let group = &client.installed().await?.log_group;
    Tail::new(group, stream).drain(client, on).await
}

/// The log streams of the attempts that have one, in their order, that of a running one included.
fn streams(found: &Found) -> Vec<String> {
    let ended = found.attempts().iter().filter_map(|attempt| {
        let stream = attempt.container()?.log_stream_name()?;
        Some(stream.to_owned())
    });
    let mut streams: Vec<String> = ended.collect();
    let current = found
        .container()
        .and_then(|container| container.log_stream_name());
    if let Some(current) = current.filter(|current| !streams.iter().any(|one| one == current)) {
        streams.push(current.to_owned());
    }
    streams
}

/// What the last worker of a job said of its end. A log that is gone says nothing.
pub async fn last(client: &Client, found: &Found) -> Option<Last> {
    let stream = streams(found).pop()?;
    let end = async {
        let group = &client.installed().await?.log_group;
        Tail::new(group, &stream).end(client).await
    };
    end.await.unwrap_or_else(|error| {
        tracing::debug!(%error, "the log cannot be read");
        None
    })
}

/// The log of a job over its attempts.
#[derive(Default)]
struct Log {
    tails: Vec<Tail>,
}

impl Log {
    async fn drain(
        &mut self,
        client: &Client,
        found: &Found,
        on: &mut (dyn FnMut(Event) + Send),
    ) -> Result<(), ComputeError> {
        for stream in streams(found) {
            if !self.tails.iter().any(|tail| tail.stream == stream) {
                let group = &client.installed().await?.log_group;
                self.tails.push(Tail::new(group, &stream));
            }
        }
        for tail in self.tails.iter_mut().filter(|tail| tail.last.is_none()) {
            tail.drain(client, on).await?;
        }
        Ok(())
    }

    /// Whether a worker that began has not said yet how it ended.
    fn expects_more(&self) -> bool {
        self.tails.last().is_some_and(|tail| tail.last.is_none())
    }

    /// What the last worker said of its end.
    fn last(mut self) -> Option<Last> {
        self.tails.pop()?.last
    }
}

async fn outcome(
    client: &Client,
    found: &Found,
    last: Option<Last>,
    on: &mut (dyn FnMut(Event) + Send),
) -> Result<Outcome, ComputeError> {
    let state = summary::of(found)?.state;
    let code = found.container().and_then(ContainerDetail::exit_code);
    let told = last
        .as_ref()
        .and_then(|last| Exit::from_code(i32::from(last.code)));
    let exit = match (state, code.and_then(Exit::from_code)) {
        (State::Succeeded, _) => Exit::Succeeded,
        (_, Some(exit)) if exit != Exit::Succeeded => exit,
        _ => told
            .filter(|exit| *exit != Exit::Succeeded)
            .unwrap_or_else(|| without_word(found)),
    };
    let report_at = last.as_ref().and_then(|last| last.report.clone());
    let said = last.and_then(|last| last.error);
    let reason = || {
        let container = found.container().and_then(|container| container.reason());
        let reason = container.or(found.status_reason());
        reason.map_or_else(|| exit.meaning().to_owned(), str::to_owned)
    };
    let error = (exit != Exit::Succeeded).then(|| said.unwrap_or_else(reason));
    let mut report = None;
    if let Some(at) = &report_at {
        match read(client, at).await {
            Ok(mut read) => {
                if let Err(why) = machine::complete(client, found, &mut read).await {
                    on(Event::Note {
                        message: format!("which instance ran the job is not known: {why}"),
                    });
                }
                report = Some(Box::new(read));
            }
            Err(why) => on(Event::Note {
                message: format!("the report `{at}` cannot be read: {why}"),
            }),
        }
    }
    Ok(Outcome {
        exit,
        error,
        report,
        report_at,
    })
}

/// How a job ended whose worker said nothing, if there was one.
fn without_word(found: &Found) -> Exit {
    let reason = found.status_reason().unwrap_or_default();
    let container = found.container().and_then(|container| container.reason());
    let is_array = found
        .array_properties()
        .is_some_and(|array| array.index().is_none());
    if is_array || reason.starts_with(DEPENDENCY) {
        Exit::Jobs
    } else if reason.starts_with(NOT_STARTED) || container.is_some() {
        // There was no image, no place or no memory for it: it would end like that again.
        Exit::Machine
    } else {
        Exit::Interrupted
    }
}

/// Reads the report. One that stayed in the container is gone.
async fn read(client: &Client, at: &str) -> Result<Report, String> {
    if !at.starts_with("s3://") {
        return Err(
            "it stayed in the container (the job definition names no S3_BUCKET)".to_owned(),
        );
    }
    report::read(&client.stores, at).await
}
