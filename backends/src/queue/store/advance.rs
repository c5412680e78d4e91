//! A job goes one step on, and those that wait for it with it.

use std::collections::HashMap;

use ffbatch_dispatcher::compute::ComputeError;
use ffbatch_dispatcher::retry::RetryStrategy;
use ffbatch_dispatcher::state::State;
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::attempts::Ended;
use super::submit::NEED_FAILED;
use super::{Refused, Sql, Store, number, retry, state};
use crate::queue::life::{Happening, Life};

/// Something that happened to one job, and what is to be shown of it.
#[derive(Debug, Clone)]
pub struct Step<'a> {
    /// The job's row.
    pub seq: i64,
    /// What happened, one after the other.
    pub happenings: &'a [Happening<'a>],
    /// Why the job is where it gets; `None` leaves what is shown.
    pub reason: Option<String>,
    /// How its attempt ended, if it did.
    pub ended: Option<&'a Ended>,
}

impl<'a> Step<'a> {
    /// A step that is no attempt's end.
    pub const fn of(seq: i64, happenings: &'a [Happening<'a>], reason: Option<String>) -> Self {
        Self {
            seq,
            happenings,
            reason,
            ended: None,
        }
    }
}

/// The tables and what is known of them, within one transaction.
pub struct Desk<'a> {
    /// The transaction.
    pub connection: &'a Connection,
    /// Retry strategies that were read before.
    pub retries: &'a mut HashMap<i64, RetryStrategy>,
    /// The time, in milliseconds since 1970.
    pub now: i64,
}

impl Store {
    /// Lets things happen, all of them or none.
    pub(super) fn at_desk<T, E: Into<Refused>>(
        &mut self,
        now: Timestamp,
        work: impl FnOnce(&mut Desk<'_>) -> Result<T, E>,
    ) -> Result<T, ComputeError> {
        self.change(|transaction, retries| {
            work(&mut Desk {
                connection: transaction,
                retries,
                now: now.as_millisecond(),
            })
        })
    }
}

impl Desk<'_> {
    /// Lets one thing happen.
    pub fn step(&mut self, step: &Step<'_>) -> Sql<Option<Life>> {
        let Some(life) = self.one(step)? else {
            return Ok(None);
        };
        if life.state.is_ended() {
            self.spread(step.seq, life.state)?;
        }
        Ok(Some(life))
    }

    /// Tells those who wait for a job that it has ended, and those who wait for them.
    fn spread(&mut self, seq: i64, state: State) -> Sql<()> {
        let mut ended = vec![(seq, state)];
        while let Some((seq, state)) = ended.pop() {
            for waiting in self.dependents(seq)? {
                let (happening, reason) = match state {
                    State::Succeeded => (Happening::NeedMet, None),
                    _ => (Happening::NeedFailed, Some(NEED_FAILED.to_owned())),
                };
                ended.extend(self.ends(&Step::of(waiting, &[happening], reason))?);
            }
            if let Some(parent) = self.parent(seq)? {
                let before = self.life(parent)?.0;
                let last = before.waiting <= 1;
                let (happening, reason) = if last {
                    let (failed, children) = self.failed_children(parent)?;
                    let reason = (failed > 0 && !before.doomed)
                        .then(|| format!("{failed} of {children} children failed"));
                    (Happening::ChildrenEnded { failed: failed > 0 }, reason)
                } else {
                    (Happening::NeedMet, None)
                };
                ended.extend(self.ends(&Step::of(parent, &[happening], reason))?);
            }
        }
        Ok(())
    }

    /// Lets one thing happen, and tells whether that was the job's end.
    fn ends(&mut self, step: &Step<'_>) -> Sql<Option<(i64, State)>> {
        let life = self.one(step)?;
        Ok(life
            .filter(|life| life.state.is_ended())
            .map(|life| (step.seq, life.state)))
    }

    fn one(&mut self, step: &Step<'_>) -> Sql<Option<Life>> {
        let (life, strategy) = self.life(step.seq)?;
        let strategy = retry(self.connection, self.retries, strategy)?;
        let walk = |life: Life, happening: &Happening<'_>| life.step(*happening, &strategy);
        let next = step.happenings.iter().fold(life, |life, happening| {
            walk(life, happening).unwrap_or(life)
        });
        if next == life {
            return Ok(None);
        }
        let began = next.attempt > life.attempt;
        // A reason explains the state in which a job is: the one of an earlier attempt is told with that attempt.
        let reason = step.reason.as_ref();
        let forget = reason.is_none() && next.state != life.state;
        self.connection
            .prepare_cached(
                "UPDATE jobs SET state = ?2, attempt = ?3, waiting = ?4, doomed = ?5, \
                 status_reason = CASE WHEN ?7 THEN NULL ELSE coalesce(?6, status_reason) END, \
                 started = CASE WHEN ?8 THEN ?9 ELSE started END, stopped = CASE WHEN ?10 THEN ?9 ELSE stopped END, \
                 exit_code = CASE WHEN ?11 THEN ?12 ELSE exit_code END, exit = CASE WHEN ?11 THEN ?13 ELSE exit END, \
                 report_at = CASE WHEN ?11 THEN ?14 ELSE report_at END WHERE seq = ?1",
            )?
            .execute(params![
                step.seq,
                number(next.state),
                next.attempt,
                next.waiting,
                next.doomed,
                reason,
                forget && (!next.doomed || next.state == State::Succeeded),
                began,
                self.now,
                next.state.is_ended(),
                step.ended.is_some(),
                step.ended.and_then(|ended| ended.code),
                step.ended.map(|ended| ended.exit.code()),
                step.ended.and_then(|ended| ended.report_at.as_deref()),
            ])?;
        Ok(Some(next))
    }

    /// Where a job is, and the number of its retry strategy.
    pub fn life(&self, seq: i64) -> Sql<(Life, i64)> {
        self.connection
            .prepare_cached(
                "SELECT state, attempt, waiting, doomed, retry FROM jobs WHERE seq = ?1",
            )?
            .query_row([seq], |row| {
                let life = Life {
                    state: state(row, "state")?,
                    attempt: row.get("attempt")?,
                    waiting: row.get("waiting")?,
                    doomed: row.get("doomed")?,
                };
                Ok((life, row.get("retry")?))
            })
    }

    fn dependents(&self, seq: i64) -> Sql<Vec<i64>> {
        let mut waiting = self
            .connection
            .prepare_cached("SELECT job FROM dependencies WHERE needs = ?1")?;
        let rows = waiting.query_map([seq], |row| row.get(0))?;
        rows.collect()
    }

    fn parent(&self, seq: i64) -> Sql<Option<i64>> {
        self.connection
            .prepare_cached("SELECT parent FROM jobs WHERE seq = ?1")?
            .query_row([seq], |row| row.get(0))
    }

    /// How many children of an array job have failed, of how many.
    fn failed_children(&self, parent: i64) -> Sql<(i64, i64)> {
        self.connection
            .prepare_cached(
                "SELECT coalesce(sum(state = ?2), 0), count(*) FROM jobs WHERE parent = ?1",
            )?
            .query_row(params![parent, number(State::Failed)], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
    }
}
