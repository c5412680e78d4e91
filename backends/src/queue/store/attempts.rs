//! What the runner asks and tells: which job is next, which attempts are under way, how they ended.

use ffbatch_dispatcher::compute::ComputeError;
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::retry::Ending;
use ffbatch_dispatcher::state::State;
use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use super::advance::{Desk, Step};
use super::{Sql, Store, parsed, state};
use crate::queue::environment::Environment;
use crate::queue::life::{Happening, Life};
use crate::queue::process::{Identity, Moment};
use crate::queue::runner::capacity::Capacity;

/// Parameters that a job of the queue does not use: it comes whole.
const NOT_GIVEN: [&str; 5] = [
    "global_options",
    "input_file_options",
    "input_url",
    "output_file_options",
    "output_url",
];

/// A job that can run, and what it asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Its row.
    pub seq: i64,
    /// Its id.
    pub id: String,
    /// Virtual processors.
    pub vcpus: u32,
    /// Memory in MiB; 0 where it does not say.
    pub memory_mib: u32,
}

/// An attempt that is under way, or was when its runner ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Active {
    /// The job.
    pub job: Candidate,
    /// Where the job is: `STARTING` or `RUNNING`.
    pub state: State,
    /// The attempt's number, from 1.
    pub attempt: u32,
    /// When it began, by the clock that no one sets.
    pub began: Moment,
    /// How long it may take, in seconds.
    pub timeout_secs: Option<u32>,
    /// Its worker, as far as it was noted.
    pub worker: Option<Identity>,
    /// Whether its worker has to be stopped.
    pub doomed: bool,
}

/// What a worker is started with.
#[derive(Debug, Clone)]
pub struct Work {
    /// The job, as one line of JSON.
    pub job: String,
    /// The job's name.
    pub name: String,
    /// Its place in its array job.
    pub index: Option<u32>,
    /// How long the attempt may take, in seconds.
    pub timeout_secs: Option<u32>,
    /// Where a copy of the report shall lie.
    pub report: Option<String>,
    /// What was taken along from the submission.
    pub environment: Environment,
    /// Variables of this job alone.
    pub variables: std::collections::BTreeMap<String, String>,
}

impl Work {
    /// The worker's flags but for its job (`--job`). The job definition's command has all of them, with `null` for what is not given; so has this
    /// one.
    pub fn flags(&self) -> Vec<String> {
        let name = if self.name.is_empty() {
            "null"
        } else {
            &self.name
        };
        let mut words: Vec<String> = NOT_GIVEN
            .iter()
            .flat_map(|flag| [format!("--{flag}"), "null".to_owned()])
            .collect();
        words.extend(["--name", name].map(str::to_owned));
        if let Some(report) = &self.report {
            words.extend(["--report".to_owned(), report.clone()]);
        }
        words
    }
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Whether its worker had begun to work; where it had not, there was no attempt.
    pub began: bool,
    /// The worker's exit code, 128 and the signal where one ended it; absent when nobody knows.
    pub code: Option<i32>,
    /// What that means.
    pub exit: Exit,
    /// What went wrong, in one sentence; absent on success.
    pub reason: Option<String>,
    /// What the retry rules see as the status reason; absent where the worker itself said how it ended.
    pub status_reason: Option<String>,
    /// Where the report lies.
    pub report_at: Option<String>,
}

/// The columns of [`Candidate`].
const CANDIDATE: &str = "seq, id, vcpus, memory_mib";

fn candidate(row: &Row<'_>) -> Sql<Candidate> {
    Ok(Candidate {
        seq: row.get("seq")?,
        id: row.get("id")?,
        vcpus: row.get("vcpus")?,
        memory_mib: row.get("memory_mib")?,
    })
}

/// The jobs that come next: the highest priority first, equal ones in the order of their submission.
fn next(connection: &Connection, most: usize) -> Sql<Vec<Candidate>> {
    let mut next = connection.prepare_cached(&format!(
        "SELECT {CANDIDATE} FROM jobs WHERE state = 2 ORDER BY priority DESC, seq LIMIT ?1"
    ))?;
    let rows = next.query_map([most], candidate)?;
    rows.collect()
}

impl Store {
    /// The jobs that come next, at most so many.
    pub fn next(&self, most: usize) -> Result<Vec<Candidate>, ComputeError> {
        self.ask(|connection| next(connection, most))
    }

    /// The attempts that are under way.
    pub fn active(&self) -> Result<Vec<Active>, ComputeError> {
        self.ask(|connection| {
            let mut active = connection.prepare_cached(
                "SELECT seq, id, vcpus, memory_mib, state, attempt, timeout_secs, doomed, began_ms, boot, pid, pid_start FROM jobs \
                 JOIN attempts ON attempts.job = jobs.seq AND attempts.number = jobs.attempt WHERE state IN (3, 4) ORDER BY seq",
            )?;
            let rows = active.query_map([], |row| {
                let boot: String = row.get("boot")?;
                let pid: Option<i32> = row.get("pid")?;
                let start: Option<u64> = row.get("pid_start")?;
                Ok(Active {
                    job: candidate(row)?,
                    state: state(row, "state")?,
                    attempt: row.get("attempt")?,
                    began: Moment { boot: boot.clone(), millis: row.get("began_ms")? },
                    timeout_secs: row.get("timeout_secs")?,
                    worker: pid.zip(start).map(|(pid, start)| Identity { pid, start, boot }),
                    doomed: row.get("doomed")?,
                })
            })?;
            rows.collect()
        })
    }

    /// What the worker of a job is started with.
    pub fn work(&self, seq: i64) -> Result<Work, ComputeError> {
        self.ask(|connection| {
            connection
                .prepare_cached(
                    "SELECT jobs.*, worker, directory, environments.variables AS own FROM jobs \
                     JOIN environments ON environments.id = jobs.environment WHERE seq = ?1",
                )?
                .query_row([seq], |row| {
                    Ok(Work {
                        job: row.get("job")?,
                        name: row.get("name")?,
                        index: row.get("array_index")?,
                        timeout_secs: row.get("timeout_secs")?,
                        report: row.get("report")?,
                        environment: Environment::from_bytes(
                            row.get("worker")?,
                            row.get("directory")?,
                            &row.get::<_, Vec<u8>>("own")?,
                        ),
                        variables: parsed(&row.get::<_, String>("variables")?)?,
                    })
                })
        })
    }

    /// Notes which workers run, how attempts ended, and that others begin, as many as fit: all in one transaction. Tells which
    /// begin, and the number of the attempt.
    pub fn turn(
        &mut self,
        spawned: &[(i64, Option<Identity>)],
        ended: &[(i64, Ended)],
        mut free: Capacity,
        at: &Moment,
        now: Timestamp,
    ) -> Result<Vec<(Candidate, u32)>, ComputeError> {
        self.at_desk(now, |desk| {
            for (seq, worker) in spawned {
                desk.spawned(*seq, worker.as_ref())?;
            }
            for (seq, how) in ended {
                desk.end(*seq, how)?;
            }
            let mut begun = Vec::new();
            for job in next(desk.connection, free.most())? {
                if !free.take(&job) {
                    // What comes next waits for its place, and everything else behind it.
                    break;
                }
                begun.extend(desk.begin(job.seq, at)?.map(|life| (job, life.attempt)));
            }
            Ok::<_, rusqlite::Error>(begun)
        })
    }

    /// Whether nothing runs and nothing can. What is pending waits for something that runs or can.
    pub fn is_idle(&self) -> Result<bool, ComputeError> {
        self.ask(|connection| {
            connection
                .prepare_cached(
                    "SELECT NOT EXISTS (SELECT 1 FROM jobs WHERE state = 2) AND NOT EXISTS (SELECT 1 FROM jobs WHERE state IN (3, 4))",
                )?
                .query_row([], |row| row.get(0))
        })
    }
}

impl Desk<'_> {
    fn begin(&mut self, seq: i64, at: &Moment) -> Sql<Option<Life>> {
        let begun = self.step(&Step::of(seq, &[Happening::Placed], None))?;
        if let Some(life) = &begun {
            self.connection
                .prepare_cached("INSERT INTO attempts (job, number, started, began_ms, boot) VALUES (?1, ?2, ?3, ?4, ?5)")?
                .execute(params![seq, life.attempt, self.now, at.millis, at.boot])?;
        }
        Ok(begun)
    }

    fn spawned(&mut self, seq: i64, worker: Option<&Identity>) -> Sql<()> {
        self.step(&Step::of(seq, &[Happening::Spawned], None))?;
        if let Some(worker) = worker {
            self.connection
                .prepare_cached("UPDATE attempts SET pid = ?2, pid_start = ?3 WHERE job = ?1 AND number = (SELECT attempt FROM jobs WHERE seq = ?1)")?
                .execute(params![seq, worker.pid, worker.start])?;
        }
        Ok(())
    }

    fn end(&mut self, seq: i64, how: &Ended) -> Sql<()> {
        let (life, _) = self.life(seq)?;
        if !life.state.is_active() {
            return Ok(());
        }
        if !how.began {
            self.step(&Step::of(seq, &[Happening::NeverBegan], None))?;
            self.connection
                .prepare_cached("DELETE FROM attempts WHERE job = ?1 AND number = ?2")?
                .execute(params![seq, life.attempt])?;
            return Ok(());
        }
        self.connection
            .prepare_cached(
                "UPDATE attempts SET stopped = ?3, exit_code = ?4, reason = ?5, report_at = ?6 WHERE job = ?1 AND number = ?2",
            )?
            .execute(params![seq, life.attempt, self.now, how.code, how.reason, how.report_at])?;
        let end = if how.exit == Exit::Succeeded {
            Happening::Succeeded
        } else {
            Happening::Failed(Ending {
                exit_code: how.code,
                reason: how.reason.as_deref(),
                status_reason: how.status_reason.as_deref(),
            })
        };
        // A worker that ended before anybody noted that it runs has run.
        let both = [Happening::Spawned, end];
        let happenings = if how.code.is_some() {
            &both[..]
        } else {
            &both[1..]
        };
        self.step(&Step {
            seq,
            happenings,
            // Why a job was stopped is known already, and says more than that its worker was.
            reason: how.reason.clone().filter(|_| !life.doomed),
            ended: Some(how),
        })?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::number;
    use super::*;

    #[test]
    fn the_numbers_in_the_queries_are_those_of_the_states() {
        for (state, expected) in [
            (State::Runnable, 2),
            (State::Starting, 3),
            (State::Running, 4),
        ] {
            assert_eq!(number(state), expected);
        }
    }
}
