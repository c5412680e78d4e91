//! An ended job comes into the queue once more, as a new job.

use std::collections::BTreeMap;

use ffbatch_dispatcher::compute::{ComputeError, Request};
use ffbatch_dispatcher::job::Job;
use ffbatch_dispatcher::state::State;
use ffbatch_dispatcher::terms::{Dependency, DependencyKind};
use jiff::Timestamp;
use rusqlite::{Transaction, params};

use super::read::{TERMS, terms};
use super::submit::{Intake, kind_number};
use super::{Refused, Sql, Store, number, parsed, seq_of, state, unknown};

impl Store {
    /// Takes an ended job in once more, under a new id; of an array job the children that failed.
    pub fn resubmit(&mut self, job: &str, id: &str, now: Timestamp) -> Result<(), ComputeError> {
        self.change(|transaction, _| {
            let seq = seq_of(transaction, job)?.ok_or_else(|| unknown(job))?;
            let origin = origin(transaction, seq)?;
            if !origin.state.is_ended() {
                return Err(rejected(format!(
                    "job `{job}` has not ended yet (wait for its end, or cancel it first)"
                )));
            }
            let texts = match origin.job {
                Some(text) => vec![text],
                None => failed_children(transaction, seq)?,
            };
            if texts.is_empty() {
                return Err(rejected(format!(
                    "no child of the array job `{job}` failed, so there is nothing to run again (name a child, such as `{job}:0`)"
                )));
            }
            let mut request = Request {
                id: id.to_owned(),
                ..origin.request
            };
            if texts.len() > 1 && is_sequential(transaction, seq)? {
                request.terms.depends_on.push(Dependency {
                    job: String::new(),
                    kind: DependencyKind::Sequential,
                });
            }
            for text in texts {
                request.jobs.push(Job::from_json(&text).map_err(|error| {
                    ComputeError::machine(format!("job `{job}` cannot be read from the queue")).because(error)
                })?);
            }
            Intake::of(transaction, origin.environment, now).take(&request, Some(job))
        })
    }
}

fn rejected(message: String) -> Refused {
    ComputeError::rejected(message).into()
}

/// What a job came from.
struct Origin {
    state: State,
    environment: i64,
    /// The request, without its id, its jobs, and the jobs that it waited for: they have succeeded, or it would not be asked for.
    request: Request,
    /// The job; absent of an array job.
    job: Option<String>,
}

fn origin(transaction: &Transaction<'_>, seq: i64) -> Sql<Origin> {
    transaction.query_row(TERMS, [seq], |row| {
        Ok(Origin {
            state: state(row, "state")?,
            environment: row.get("environment")?,
            request: Request {
                id: String::new(),
                name: row.get("name")?,
                jobs: Vec::new(),
                terms: terms(row, Vec::new())?,
                report: row.get::<_, Option<String>>("report")?.map(Into::into),
                environment: parsed::<BTreeMap<_, _>>(&row.get::<_, String>("variables")?)?,
            },
            job: row.get("job")?,
        })
    })
}

fn failed_children(transaction: &Transaction<'_>, parent: i64) -> Sql<Vec<String>> {
    let mut failed = transaction
        .prepare("SELECT job FROM jobs WHERE parent = ?1 AND state = ?2 ORDER BY array_index")?;
    let rows = failed.query_map(params![parent, number(State::Failed)], |row| row.get(0))?;
    rows.collect()
}

/// Whether the children of an array job wait for each other.
fn is_sequential(transaction: &Transaction<'_>, parent: i64) -> Sql<bool> {
    transaction.query_row(
        "SELECT EXISTS (SELECT 1 FROM jobs JOIN dependencies ON dependencies.job = jobs.seq WHERE jobs.parent = ?1 AND kind = ?2)",
        params![parent, kind_number(DependencyKind::Sequential)],
        |row| row.get(0),
    )
}
