//! Follows one job from its beginning to its end, whoever runs it.

use std::time::{Duration, Instant};

use ffbatch_dispatcher::compute::{Compute, ComputeError, Outcome};
use ffbatch_dispatcher::detail::JobSummary;
use ffbatch_dispatcher::event::Event;
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::state::State;
use ffbatch_storage::Stores;

use super::Queue;
use super::place::Place;
use super::tail::Tail;
use crate::report;

/// The pause between two looks at a job that began a moment ago: its user sees each of them.
const FIRST_PAUSE: Duration = Duration::from_millis(5);

/// The longest pause.
const PAUSE: Duration = Duration::from_millis(50);

/// How often somebody has to be there who runs the queue.
const ENSURE_EVERY: Duration = Duration::from_secs(1);

/// How long a job may wait before that is worth a word.
const PATIENCE: Duration = Duration::from_secs(1);

/// Follows a job.
pub async fn follow(
    queue: &Queue,
    job: &str,
    on: &mut (dyn FnMut(Event) + Send),
) -> Result<Outcome, ComputeError> {
    let place = queue.place()?;
    let began = Instant::now();
    let mut ensured = Instant::now();
    let mut told_wait = false;
    let mut attempts = Attempts {
        number: 0,
        tail: None,
    };
    let mut pause = FIRST_PAUSE;
    let ended = loop {
        // First the state, then the files: what was written before the end is read after it.
        let now = queue
            .known(&[job.to_owned()])?
            .with(|store| store.summary(job))?;
        let news = attempts.drain(&place, job, now.attempt, now.state.is_ended(), on)?;
        if now.state.is_ended() {
            queue.has_run();
            break now;
        }
        if ensured.elapsed() >= ENSURE_EVERY {
            queue.ensure()?;
            ensured = Instant::now();
        }
        if !told_wait && !now.state.is_active() && began.elapsed() >= PATIENCE {
            told_wait = true;
            for message in queue.describe(job).await?.why {
                on(Event::Note { message });
            }
        }
        pause = if news {
            FIRST_PAUSE
        } else {
            (pause * 2).min(PAUSE)
        };
        tokio::time::sleep(pause).await;
    };
    Ok(outcome(&ended, report_of(queue, &ended)?, on).await)
}

/// Tells the events of one attempt as far as they are there.
pub fn events(
    queue: &Queue,
    job: &str,
    attempt: Option<u32>,
    on: &mut (dyn FnMut(Event) + Send),
) -> Result<(), ComputeError> {
    let place = queue.place()?;
    let now = queue
        .known(&[job.to_owned()])?
        .with(|store| store.summary(job))?;
    let number = attempt.unwrap_or(now.attempt);
    if number > now.attempt || (number == 0 && attempt.is_some()) {
        return Err(ComputeError::rejected(format!(
            "job `{job}` has had {} attempts, there is no number {number}",
            now.attempt
        )));
    }
    Attempts {
        number: number.saturating_sub(1),
        tail: None,
    }
    .drain(&place, job, number, now.state.is_ended(), on)?;
    Ok(())
}

/// The attempts of a job, as far as they were read.
struct Attempts {
    number: u32,
    tail: Option<Tail>,
}

impl Attempts {
    /// Tells what is new, of one attempt after the other up to the one of number `last`; `is_over` when nothing comes after.
    fn drain(
        &mut self,
        place: &Place,
        job: &str,
        last: u32,
        is_over: bool,
        on: &mut (dyn FnMut(Event) + Send),
    ) -> Result<bool, ComputeError> {
        let mut any = false;
        loop {
            if let Some(tail) = &mut self.tail {
                any |= tail.drain(on).map_err(|error| {
                    ComputeError::machine(format!("the log of job `{job}` cannot be read"))
                        .because(error)
                })?;
            }
            let is_last = self.number >= last;
            if let Some(tail) = self.tail.as_mut().filter(|_| !is_last || is_over) {
                tail.finish(on);
            }
            if is_last {
                return Ok(any);
            }
            self.number += 1;
            if self.number > 1 && self.tail.is_some() {
                on(Event::Note {
                    message: format!("attempt {} begins", self.number),
                });
            }
            self.tail = Some(Tail::of(place.files(job, self.number)));
        }
    }
}

fn report_of(queue: &Queue, job: &JobSummary) -> Result<Option<String>, ComputeError> {
    let detail = queue
        .known(std::slice::from_ref(&job.id))?
        .with(|store| store.describe(&job.id))?;
    Ok(detail
        .attempts
        .last()
        .and_then(|last| last.report_at.clone()))
}

async fn outcome(
    job: &JobSummary,
    report_at: Option<String>,
    on: &mut (dyn FnMut(Event) + Send),
) -> Outcome {
    let exit = match (job.state, job.exit) {
        (State::Succeeded, _) => Exit::Succeeded,
        (_, Some(exit)) if exit != Exit::Succeeded => exit,
        (_, _) if job.array.is_some() => Exit::Jobs,
        _ if job.status_reason.as_deref() == Some(super::store::submit::NEED_FAILED) => Exit::Jobs,
        _ => Exit::Interrupted,
    };
    let mut outcome = Outcome {
        exit,
        error: job
            .status_reason
            .clone()
            .filter(|_| exit != Exit::Succeeded),
        report: None,
        report_at,
    };
    if let Some(at) = &outcome.report_at {
        match report::read(&Stores::default(), at).await {
            Ok(report) => outcome.report = Some(Box::new(report)),
            Err(why) => on(Event::Note {
                message: format!("the report at `{at}` cannot be read back: {why}"),
            }),
        }
    }
    outcome
}
