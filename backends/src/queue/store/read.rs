//! What the queue tells of its jobs.

use std::collections::BTreeMap;

use ffbatch_dispatcher::compute::ComputeError;
use ffbatch_dispatcher::detail::{Attempt, Filter, JobDetail, JobSummary, Listing, Needed};
use ffbatch_dispatcher::job::Job;
use ffbatch_dispatcher::state::State;
use ffbatch_dispatcher::terms::{Dependency, DependencyKind, Terms};
use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use super::submit::GPUS;
use super::{Sql, Store, exit, number, parsed, seq_of, state, unknown};

/// The fewest characters that are taken as the beginning of an id.
const SHORTEST_ID: usize = 4;

/// How many jobs a text may mean before the rest does not matter.
const MEANT: usize = 100;

impl Store {
    /// Where a job is.
    pub fn summary(&self, id: &str) -> Result<JobSummary, ComputeError> {
        self.ask(|connection| one(connection, id))?
            .ok_or_else(|| unknown(id))
    }

    /// Where jobs are, in the order in which they were asked for.
    pub fn summaries(&self, ids: &[String]) -> Result<Vec<JobSummary>, ComputeError> {
        ids.iter().map(|id| self.summary(id)).collect()
    }

    /// Lists jobs.
    pub fn list(&self, filter: &Filter) -> Result<Listing, ComputeError> {
        let parent = match &filter.parent {
            Some(parent) => Some(
                self.ask(|connection| seq_of(connection, parent))?
                    .ok_or_else(|| unknown(parent))?,
            ),
            None => None,
        };
        self.ask(|connection| {
            let (condition, values) = condition(filter, parent);
            let mut counts = BTreeMap::new();
            let mut counting =
                connection.prepare(&format!("SELECT state, COUNT(*) AS many FROM jobs WHERE {condition} GROUP BY state"))?;
            let mut rows = counting.query(params_from_iter(&values))?;
            while let Some(row) = rows.next()? {
                counts.insert(state(row, "state")?, row.get("many")?);
            }
            let limit = filter.limit.and_then(|limit| i64::try_from(limit).ok()).unwrap_or(-1);
            let mut listing = connection.prepare(&format!(
                "SELECT * FROM (SELECT * FROM jobs WHERE {condition} ORDER BY seq DESC LIMIT {limit}) ORDER BY seq"
            ))?;
            let mut rows = listing.query(params_from_iter(&values))?;
            let mut jobs = Vec::new();
            while let Some(row) = rows.next()? {
                jobs.push(summary(connection, row)?);
            }
            Ok(Listing { jobs, counts, notes: Vec::new() })
        })
    }

    /// How many jobs run, children of array jobs each.
    pub fn running(&self) -> Result<u64, ComputeError> {
        self.ask(|connection| {
            connection.query_row(
                "SELECT COUNT(*) FROM jobs WHERE state IN (3, 4)",
                [],
                |row| row.get(0),
            )
        })
    }

    /// How many jobs that can run come before this one.
    pub fn before(&self, id: &str) -> Result<u64, ComputeError> {
        self.ask(|connection| {
            connection.query_row(
                "SELECT COUNT(*) FROM jobs JOIN (SELECT priority AS own, seq AS place FROM jobs WHERE id = ?1) \
                 WHERE state = 2 AND (priority > own OR (priority = own AND seq < place))",
                [id],
                |row| row.get(0),
            )
        })
    }

    /// How many jobs have left the queue.
    pub fn pruned(&self) -> Result<u64, ComputeError> {
        self.ask(|connection| {
            connection.query_row("SELECT value FROM meta WHERE key = 'pruned'", [], |row| {
                row.get(0)
            })
        })
    }

    /// The jobs that a text may mean.
    pub fn find(&self, text: &str) -> Result<Vec<JobSummary>, ComputeError> {
        self.ask(|connection| {
            // A variable that is not set means no job, not those without a name.
            if text.is_empty() {
                return Ok(Vec::new());
            }
            if let Some(job) = one(connection, text)? {
                return Ok(vec![job]);
            }
            let many = |condition: &str, values: &[&str]| -> Sql<Vec<JobSummary>> {
                let mut found = connection.prepare(&format!(
                    "SELECT * FROM jobs WHERE {condition} ORDER BY seq LIMIT {MEANT}"
                ))?;
                let mut rows = found.query(params_from_iter(values))?;
                let mut jobs = Vec::new();
                while let Some(row) = rows.next()? {
                    jobs.push(summary(connection, row)?);
                }
                Ok(jobs)
            };
            let named = many("name = ?1 AND parent IS NULL", &[text])?;
            if !named.is_empty() {
                return Ok(named);
            }
            // A child is meant by `NAME:INDEX` or `BEGINNING:INDEX` of its array job.
            let (job, child) = match text.rsplit_once(':') {
                Some((job, index)) => (job, Some(index)),
                None => (text, None),
            };
            let mut found = match child {
                Some(_) => many("name = ?1 AND parent IS NULL", &[job])?,
                None => Vec::new(),
            };
            if found.is_empty() && job.len() >= SHORTEST_ID {
                found = many(
                    "id >= ?1 AND id < ?2 AND parent IS NULL",
                    &[job, &format!("{job}~")],
                )?;
            }
            if let (Some(index), [parent]) = (child, &found[..]) {
                found = one(connection, &format!("{}:{index}", parent.id))?
                    .into_iter()
                    .collect();
            }
            Ok(found)
        })
    }

    /// Everything about a job but what it waits for.
    pub fn describe(&self, id: &str) -> Result<JobDetail, ComputeError> {
        let queue = self.place().root().display().to_string();
        self.ask(|connection| {
            let Some(seq) = seq_of(connection, id)? else {
                return Ok(None);
            };
            let depends_on = needed(connection, seq)?;
            let attempts = attempts(connection, seq)?;
            connection.prepare_cached(TERMS)?.query_row([seq], |row| {
                let dependencies = depends_on.iter().map(|need| Dependency {
                    job: need.id.clone(),
                    kind: need.kind,
                });
                let terms = terms(row, dependencies.collect())?;
                let job: Option<String> = match row.get("job")? {
                    Some(job) => Some(job),
                    None => connection
                        .query_row(
                            "SELECT job FROM jobs WHERE parent = ?1 ORDER BY array_index LIMIT 1",
                            [seq],
                            |row| row.get(0),
                        )
                        .optional()?,
                };
                let job = job.and_then(|text| Job::from_json(&text).ok());
                let (commands, bounds) = job
                    .map(|job| (job.commands, job.bounds))
                    .unwrap_or_default();
                Ok(Some(JobDetail {
                    summary: summary(connection, row)?,
                    queue,
                    terms,
                    depends_on,
                    attempts,
                    commands,
                    bounds,
                    retry_of: row.get("retry_of")?,
                    why: Vec::new(),
                }))
            })
        })?
        .ok_or_else(|| unknown(id))
    }
}

/// A job with its retry strategy.
pub const TERMS: &str = "SELECT jobs.*, texts.text AS strategy FROM jobs JOIN texts ON texts.id = jobs.retry WHERE seq = ?1";

/// The terms in a row of [`TERMS`].
pub fn terms(row: &Row<'_>, depends_on: Vec<Dependency>) -> Sql<Terms> {
    let variables: BTreeMap<String, String> = parsed(&row.get::<_, String>("variables")?)?;
    Ok(Terms {
        gpus: variables.get(GPUS).and_then(|gpus| gpus.parse().ok()),
        vcpus: row.get("vcpus")?,
        memory_mib: row
            .get::<_, Option<u32>>("memory_mib")?
            .filter(|mib| *mib > 0),
        priority: row.get("priority")?,
        retry: parsed(&row.get::<_, String>("strategy")?)?,
        timeout_secs: row.get("timeout_secs")?,
        depends_on,
        ..Terms::default()
    })
}

/// The `WHERE` of a filter, and its values.
fn condition(filter: &Filter, parent: Option<i64>) -> (String, Vec<Value>) {
    let mut values: Vec<Value> = Vec::new();
    let mut parts = Vec::new();
    match parent {
        Some(parent) => {
            values.push(parent.into());
            parts.push("parent = ?".to_owned());
        }
        None => parts.push("parent IS NULL".to_owned()),
    }
    if !filter.states.is_empty() {
        let numbers: Vec<String> = filter
            .states
            .iter()
            .map(|state| number(*state).to_string())
            .collect();
        parts.push(format!("state IN ({})", numbers.join(", ")));
    }
    if let Some(name) = &filter.name {
        // Only the star is special, in GLOB also these are.
        let literal = name.replace('[', "[[]").replace('?', "[?]");
        values.push(literal.into());
        parts.push("name GLOB ?".to_owned());
    }
    if let Some(since) = filter.since {
        values.push(since.as_millisecond().into());
        parts.push("created >= ?".to_owned());
    }
    (parts.join(" AND "), values)
}

fn one(connection: &Connection, id: &str) -> Sql<Option<JobSummary>> {
    connection
        .prepare_cached("SELECT * FROM jobs WHERE id = ?1")?
        .query_row([id], |row| summary(connection, row))
        .optional()
}

fn summary(connection: &Connection, row: &Row<'_>) -> Sql<JobSummary> {
    let size: Option<i64> = row.get("array_size")?;
    let array = match size {
        Some(_) => Some(children(connection, row.get("seq")?)?),
        None => None,
    };
    Ok(JobSummary {
        arn: None,
        id: row.get("id")?,
        name: row.get("name")?,
        state: state(row, "state")?,
        status_reason: row.get("status_reason")?,
        exit: exit(row, "exit")?,
        attempt: row.get("attempt")?,
        created: time(row, "created")?.unwrap_or_default(),
        started: time(row, "started")?,
        stopped: time(row, "stopped")?,
        array,
    })
}

/// How many children of an array job are in which state.
fn children(connection: &Connection, parent: i64) -> Sql<BTreeMap<State, u32>> {
    let mut counting = connection.prepare_cached(
        "SELECT state, COUNT(*) AS many FROM jobs WHERE parent = ?1 GROUP BY state",
    )?;
    let rows = counting.query_map([parent], |row| Ok((state(row, "state")?, row.get("many")?)))?;
    rows.collect()
}

fn needed(connection: &Connection, seq: i64) -> Sql<Vec<Needed>> {
    let mut needed = connection.prepare_cached(
        "SELECT jobs.id, jobs.name, jobs.state, kind FROM dependencies JOIN jobs ON jobs.seq = needs WHERE dependencies.job = ?1 ORDER BY needs",
    )?;
    let rows = needed.query_map([seq], |row| {
        Ok(Needed {
            id: row.get("id")?,
            name: row.get("name")?,
            kind: match row.get("kind")? {
                1 => DependencyKind::NToN,
                2 => DependencyKind::Sequential,
                _ => DependencyKind::Whole,
            },
            state: state(row, "state")?,
        })
    })?;
    rows.collect()
}

fn attempts(connection: &Connection, seq: i64) -> Sql<Vec<Attempt>> {
    let mut attempts =
        connection.prepare_cached("SELECT * FROM attempts WHERE job = ?1 ORDER BY number")?;
    let rows = attempts.query_map(params![seq], |row| {
        Ok(Attempt {
            number: row.get("number")?,
            started: time(row, "started")?.unwrap_or_default(),
            stopped: time(row, "stopped")?,
            exit_code: row.get("exit_code")?,
            reason: row.get("reason")?,
            report_at: row.get("report_at")?,
            log_at: None,
        })
    })?;
    rows.collect()
}

fn time(row: &Row<'_>, column: &str) -> Sql<Option<Timestamp>> {
    let millis: Option<i64> = row.get(column)?;
    Ok(millis.and_then(|millis| Timestamp::from_millisecond(millis).ok()))
}
