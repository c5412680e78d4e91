//! Jobs come into the queue: all of a submission or none.

use std::collections::HashMap;
use std::path::Path;

use ffbatch_dispatcher::compute::{ComputeError, Request};
use ffbatch_dispatcher::job::Job;
use ffbatch_dispatcher::retry::RetryStrategy;
use ffbatch_dispatcher::state::State;
use ffbatch_dispatcher::terms::{DependencyKind, Terms};
use jiff::Timestamp;
use rusqlite::{Transaction, params};

use super::{Refused, Sql, Store, number, seq_of, unknown};
use crate::queue::Kind;
use crate::queue::environment::Environment;
use crate::queue::life::{Happening, Life};
use crate::queue::settings::{Settings, USUAL_VCPUS};

/// What a job shows that never started because of another one.
pub const NEED_FAILED: &str = "a job that it depends on failed";

/// How many GPUs a job asks for stands among its variables, where few jobs have any.
pub const GPUS: &str = "FFBATCH_GPUS";

/// The columns that every new row has.
const INSERT: &str = "INSERT INTO jobs (id, name, parent, array_index, array_size, state, waiting, status_reason, priority, vcpus, \
    memory_mib, timeout_secs, retry, environment, variables, report, job, created, stopped, retry_of) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)";

impl Store {
    /// Takes jobs in, all or none, and tells their ids.
    pub fn submit(
        &mut self,
        requests: &[Request],
        environment: &Environment,
        now: Timestamp,
    ) -> Result<Vec<String>, ComputeError> {
        self.change(|transaction, _| {
            let environment = environment_number(transaction, environment)?;
            let mut intake = Intake::of(transaction, environment, now);
            for request in requests {
                intake.take(request, None)?;
            }
            Ok::<_, Refused>(requests.iter().map(|request| request.id.clone()).collect())
        })
    }
}

/// Refuses what this machine can never run.
pub fn fits(request: &Request, kind: &dyn Kind, settings: Settings) -> Result<(), ComputeError> {
    let title = request.title();
    let elsewhere = [
        (
            "a GPU",
            !kind.has_gpus() && request.terms.gpus.is_some_and(|gpus| gpus > 0),
        ),
        ("an instance type", request.terms.instance_type.is_some()),
    ];
    if let Some((what, _)) = elsewhere.iter().find(|(_, asked)| *asked) {
        return Err(ComputeError::rejected(format!(
            "{title} asks for {what}, which the queue of this machine does not hand out (leave it out, or choose a compute of AWS with --compute)"
        )));
    }
    let asked = [
        ("vCPUs", "vcpus", request.terms.vcpus, settings.vcpus),
        (
            "MiB of memory",
            "memory_mib",
            request.terms.memory_mib,
            settings.memory_mib,
        ),
    ];
    for (what, key, wanted, there) in asked {
        if let Some(wanted) = wanted.filter(|wanted| *wanted > there) {
            return Err(ComputeError::machine(format!(
                "{title} asks for {wanted} {what}, and the queue has {there} (ask for less, or set `{key}` in the section `backends.{}`)",
                kind.compute()
            )));
        }
    }
    Ok(())
}

/// Where jobs are taken in, in one transaction.
pub struct Intake<'a> {
    transaction: &'a Transaction<'a>,
    environment: i64,
    now: i64,
    texts: HashMap<String, i64>,
}

/// A job that another one waits for.
struct Need {
    seq: i64,
    state: State,
    kind: DependencyKind,
}

impl<'a> Intake<'a> {
    /// An intake of jobs with this environment.
    pub fn of(transaction: &'a Transaction<'a>, environment: i64, now: Timestamp) -> Self {
        Self {
            transaction,
            environment,
            now: now.as_millisecond(),
            texts: HashMap::new(),
        }
    }

    /// Takes one job or array job in; `retry_of` is the job of which it is another try.
    pub fn take(&mut self, request: &Request, retry_of: Option<&str>) -> Result<(), Refused> {
        let whole = self.needs(&request.terms, request.jobs.len())?;
        if !request.is_array() {
            let needs: Vec<Need> = whole;
            if let [job] = &request.jobs[..] {
                let row = Row {
                    id: &request.id,
                    parent: None,
                    index: None,
                    size: None,
                    job: Some(job),
                };
                self.insert(request, &row, &needs, retry_of)?;
            }
            return Ok(());
        }
        let size = request.jobs.len();
        let parent = Row {
            id: &request.id,
            parent: None,
            index: None,
            size: Some(size),
            job: None,
        };
        let parent = self.insert(request, &parent, &[], retry_of)?;
        let mut before: Option<(i64, State)> = None;
        let (mut left, mut failed) = (0_u32, false);
        for (index, job) in request.jobs.iter().enumerate() {
            let mut needs = Vec::new();
            for need in &whole {
                match need.kind {
                    DependencyKind::Whole => needs.push(Need { ..*need }),
                    DependencyKind::NToN => needs.push(self.child(need.seq, index)?),
                    DependencyKind::Sequential => {
                        needs.extend(before.map(|(seq, state)| Need {
                            seq,
                            state,
                            kind: need.kind,
                        }));
                    }
                }
            }
            // A child may be named twice: by its own id, and with its array.
            needs.sort_by_key(|need| need.seq);
            needs.dedup_by_key(|need| need.seq);
            let id = format!("{}:{index}", request.id);
            let row = Row {
                id: &id,
                parent: Some(parent),
                index: Some(index),
                size: None,
                job: Some(job),
            };
            let seq = self.insert(request, &row, &needs, None)?;
            let state = self.state_of(seq)?;
            left += u32::from(!state.is_ended());
            failed |= state == State::Failed;
            before = Some((seq, state));
        }
        self.settle_parent(parent, left, failed)
    }

    /// An array job waits for its children. Where none of them will ever run, it has ended.
    fn settle_parent(&self, parent: i64, left: u32, failed: bool) -> Result<(), Refused> {
        let life = Life {
            state: State::Pending,
            waiting: left,
            ..Life::new()
        };
        let ended = (left == 0)
            .then(|| life.step(Happening::ChildrenEnded { failed }, &RetryStrategy::once()));
        let life = ended.flatten().unwrap_or(life);
        let ended = life.state.is_ended();
        self.transaction.execute(
            "UPDATE jobs SET state = ?2, waiting = ?3, stopped = ?4, status_reason = ?5 WHERE seq = ?1",
            params![parent, number(life.state), life.waiting, ended.then_some(self.now), (ended && failed).then_some(NEED_FAILED)],
        )?;
        Ok(())
    }

    /// The jobs that the terms name. Of [`DependencyKind::Sequential`] there is none yet.
    fn needs(&self, terms: &Terms, jobs: usize) -> Result<Vec<Need>, Refused> {
        let mut needs = Vec::new();
        for dependency in &terms.depends_on {
            if dependency.kind == DependencyKind::Sequential {
                needs.push(Need {
                    seq: 0,
                    state: State::Pending,
                    kind: dependency.kind,
                });
                continue;
            }
            let seq = seq_of(self.transaction, &dependency.job)?
                .ok_or_else(|| unknown(&dependency.job))?;
            if dependency.kind == DependencyKind::NToN {
                let size: Option<usize> = self
                    .transaction
                    .prepare_cached("SELECT array_size FROM jobs WHERE seq = ?1")?
                    .query_row([seq], |row| row.get(0))?;
                if size != Some(jobs) {
                    let has = size.map_or_else(
                        || "is no array job".to_owned(),
                        |size| format!("has {size} children"),
                    );
                    return Err(ComputeError::rejected(format!(
                        "`N_TO_N` needs two array jobs of one size: job `{}` {has}, and this one has {jobs}",
                        dependency.job
                    ))
                    .into());
                }
            }
            needs.push(Need {
                seq,
                state: self.state_of(seq)?,
                kind: dependency.kind,
            });
        }
        // A job that is named twice is waited for once.
        needs.sort_by_key(|need| (need.seq, need.kind.name()));
        needs.dedup_by_key(|need| (need.seq, need.kind.name()));
        Ok(needs)
    }

    fn child(&self, parent: i64, index: usize) -> Sql<Need> {
        let seq = self
            .transaction
            .prepare_cached("SELECT seq FROM jobs WHERE parent = ?1 AND array_index = ?2")?
            .query_row(params![parent, index], |row| row.get(0))?;
        Ok(Need {
            seq,
            state: self.state_of(seq)?,
            kind: DependencyKind::NToN,
        })
    }

    fn state_of(&self, seq: i64) -> Sql<State> {
        self.transaction
            .prepare_cached("SELECT state FROM jobs WHERE seq = ?1")?
            .query_row([seq], |row| super::state(row, "state"))
    }

    /// Writes one row, with what it waits for.
    fn insert(
        &mut self,
        request: &Request,
        row: &Row<'_>,
        needs: &[Need],
        retry_of: Option<&str>,
    ) -> Result<i64, Refused> {
        let terms = &request.terms;
        let open: Vec<&Need> = needs
            .iter()
            .filter(|need| need.state != State::Succeeded)
            .collect();
        let failed = open.iter().any(|need| need.state == State::Failed);
        let waiting = row.size.unwrap_or(open.len());
        let happening = if failed {
            Happening::NeedFailed
        } else {
            Happening::Accepted {
                waiting: u32::try_from(waiting).unwrap_or(u32::MAX),
            }
        };
        let life = Life::new()
            .step(happening, &terms.retry)
            .expect("a new job can be accepted or fail");
        let retry = self.text(&json(&terms.retry))?;
        let mut variables = request.environment.clone();
        if let Some(gpus) = terms.gpus {
            variables.insert(GPUS.to_owned(), gpus.to_string());
        }
        self.transaction
            .prepare_cached(INSERT)?
            .execute(params![
                row.id,
                request.name,
                row.parent,
                row.index,
                row.size,
                number(life.state),
                life.waiting,
                failed.then_some(NEED_FAILED),
                terms.priority,
                terms.vcpus.unwrap_or(USUAL_VCPUS),
                terms.memory_mib.unwrap_or(0),
                terms.timeout_secs,
                retry,
                self.environment,
                json(&variables),
                request.report.as_deref().map(Path::to_string_lossy),
                row.job.map(Job::to_json),
                self.now,
                failed.then_some(self.now),
                retry_of,
            ])
            .map_err(|error| taken(error, row.id))?;
        let seq = self.transaction.last_insert_rowid();
        for need in needs {
            self.transaction
                .prepare_cached("INSERT INTO dependencies VALUES (?1, ?2, ?3)")?
                .execute(params![seq, need.seq, kind_number(need.kind)])?;
        }
        Ok(seq)
    }

    /// The number of a text that many jobs share.
    fn text(&mut self, text: &str) -> Sql<i64> {
        if let Some(number) = self.texts.get(text) {
            return Ok(*number);
        }
        self.transaction
            .prepare_cached("INSERT OR IGNORE INTO texts (text) VALUES (?1)")?
            .execute([text])?;
        let number = self
            .transaction
            .prepare_cached("SELECT id FROM texts WHERE text = ?1")?
            .query_row([text], |row| row.get(0))?;
        self.texts.insert(text.to_owned(), number);
        Ok(number)
    }
}

/// What distinguishes the rows of one request.
struct Row<'a> {
    id: &'a str,
    parent: Option<i64>,
    index: Option<usize>,
    size: Option<usize>,
    job: Option<&'a Job>,
}

/// The same submission twice is an error that says so: an id names one job.
fn taken(error: rusqlite::Error, id: &str) -> Refused {
    if error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation) {
        ComputeError::rejected(format!(
            "there is a job `{id}` already (submit under another id)"
        ))
        .into()
    } else {
        error.into()
    }
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("plain data with text keys")
}

/// Kinds as they are stored.
pub const fn kind_number(kind: DependencyKind) -> i64 {
    match kind {
        DependencyKind::Whole => 0,
        DependencyKind::NToN => 1,
        DependencyKind::Sequential => 2,
    }
}

fn environment_number(transaction: &Transaction<'_>, environment: &Environment) -> Sql<i64> {
    let (worker, directory, variables) = environment.to_bytes();
    transaction.execute(
        "INSERT OR IGNORE INTO environments (worker, directory, variables) VALUES (?1, ?2, ?3)",
        params![worker, directory, variables],
    )?;
    transaction.query_row(
        "SELECT id FROM environments WHERE worker = ?1 AND directory = ?2 AND variables = ?3",
        params![worker, directory, variables],
        |row| row.get(0),
    )
}
