//! Old jobs leave the queue: those that ended longer ago than the queue shall remember, and are not among the newest.
//!
//! The clock of a machine can be wrong by years, in both directions. So the newest [`KEPT`] jobs stay whatever it says, and so
//! does a job that one waits for which has not ended. What leaves is the queue's memory and the logs; reports and results stay.

use ffbatch_dispatcher::compute::ComputeError;
use jiff::{SignedDuration, Timestamp};
use rusqlite::params;

use super::{Sql, Store};

/// How many of the newest jobs stay whatever the clock says, children of array jobs not counted.
pub const KEPT: i64 = 1000;

/// When so many jobs and children are to leave, the rest waits: nobody is kept from the queue for long.
const AT_ONCE: usize = 5000;

/// The jobs that may leave, the oldest first.
const CANDIDATES: &str = "\
    SELECT seq FROM jobs WHERE parent IS NULL AND state IN (5, 6) AND stopped < ?1 \
    AND seq < coalesce((SELECT seq FROM jobs WHERE parent IS NULL ORDER BY seq DESC LIMIT 1 OFFSET ?2), 0) \
    AND NOT EXISTS (SELECT 1 FROM dependencies JOIN jobs AS waiting ON waiting.seq = dependencies.job \
        WHERE (dependencies.needs = jobs.seq OR dependencies.needs IN (SELECT seq FROM jobs AS child WHERE child.parent = jobs.seq)) \
        AND waiting.state < 5) \
    ORDER BY seq LIMIT ?3";

/// The rows of a job: its own, and those of its children.
const PARTS: &str = "(SELECT ?1 UNION ALL SELECT seq FROM jobs WHERE parent = ?1)";

/// Jobs that are to leave.
#[derive(Debug, Default)]
pub struct Old {
    /// Their rows, array jobs as one.
    pub jobs: Vec<i64>,
    /// Every job and child, and how many attempts it had.
    pub files: Vec<(String, u32)>,
}

impl Store {
    /// Some of the jobs that are to leave; none when no more are.
    pub fn old(&self, keep_days: u32, now: Timestamp) -> Result<Old, ComputeError> {
        let age = SignedDuration::from_hours(24 * i64::from(keep_days));
        let (Ok(before), true) = (now.checked_sub(age), keep_days > 0) else {
            return Ok(Old::default());
        };
        self.ask(|connection| {
            let mut candidates = connection.prepare_cached(CANDIDATES)?;
            let mut rows = candidates.query(params![before.as_millisecond(), KEPT - 1, AT_ONCE])?;
            let mut old = Old::default();
            while let Some(row) = rows.next()? {
                if old.files.len() >= AT_ONCE {
                    break;
                }
                let seq: i64 = row.get(0)?;
                let mut parts = connection.prepare_cached(&format!(
                    "SELECT id, attempt FROM jobs WHERE seq IN {PARTS}"
                ))?;
                let parts = parts.query_map([seq], |row| Ok((row.get(0)?, row.get(1)?)))?;
                old.files.extend(parts.collect::<Sql<Vec<_>>>()?);
                old.jobs.push(seq);
            }
            Ok(old)
        })
    }

    /// Takes these jobs out.
    pub fn forget(&mut self, jobs: &[i64]) -> Result<(), ComputeError> {
        self.change(|transaction, _| {
            for seq in jobs {
                for place in [
                    "attempts WHERE job",
                    "dependencies WHERE job",
                    "dependencies WHERE needs",
                    "jobs WHERE seq",
                ] {
                    transaction
                        .prepare_cached(&format!("DELETE FROM {place} IN {PARTS}"))?
                        .execute([seq])?;
                }
            }
            transaction.execute(
                "UPDATE meta SET value = value + ?1 WHERE key = 'pruned'",
                [jobs.len()],
            )?;
            transaction.execute(
                "DELETE FROM environments WHERE id NOT IN (SELECT environment FROM jobs)",
                [],
            )?;
            Ok::<_, rusqlite::Error>(())
        })
    }
}
