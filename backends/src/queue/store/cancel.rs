//! Jobs are asked to stop.

use ffbatch_dispatcher::compute::ComputeError;
use jiff::Timestamp;
use rusqlite::params;

use super::advance::{Desk, Step};
use super::{Refused, Sql, Store, seq_of, unknown};
use crate::queue::life::Happening;

impl Store {
    /// Asks jobs to stop, in one transaction: those that have not started are over, the others are marked for the runner.
    pub fn cancel(
        &mut self,
        jobs: &[String],
        reason: &str,
        now: Timestamp,
    ) -> Result<(), ComputeError> {
        self.at_desk(now, |desk| {
            for job in jobs {
                let seq = seq_of(desk.connection, job)?.ok_or_else(|| unknown(job))?;
                // An array job ends when its children have, and then says this.
                let children = desk.children(seq)?;
                if !children.is_empty() {
                    desk.explain(seq, reason)?;
                }
                let parts = if children.is_empty() {
                    vec![seq]
                } else {
                    children
                };
                for seq in parts {
                    desk.doom(seq, Happening::Cancelled, reason)?;
                }
            }
            Ok::<_, Refused>(())
        })
    }

    /// Marks attempts whose time is over.
    pub fn time_out(
        &mut self,
        jobs: &[i64],
        reason: &str,
        now: Timestamp,
    ) -> Result<(), ComputeError> {
        self.at_desk(now, |desk| {
            for seq in jobs {
                desk.doom(*seq, Happening::TimedOut, reason)?;
            }
            Ok::<_, rusqlite::Error>(())
        })
    }
}

impl Desk<'_> {
    fn doom(&mut self, seq: i64, happening: Happening<'_>, reason: &str) -> Sql<()> {
        self.step(&Step::of(seq, &[happening], Some(reason.to_owned())))
            .map(drop)
    }

    /// Gives an array job the reason for its end beforehand.
    fn explain(&self, seq: i64, reason: &str) -> Sql<()> {
        let (life, _) = self.life(seq)?;
        if !life.state.is_ended() {
            self.connection
                .prepare_cached("UPDATE jobs SET doomed = 1, status_reason = ?2 WHERE seq = ?1")?
                .execute(params![seq, reason])?;
        }
        Ok(())
    }

    /// The last child first: one that waits for the one before it shall show the reason too.
    fn children(&self, parent: i64) -> Sql<Vec<i64>> {
        let mut children = self
            .connection
            .prepare_cached("SELECT seq FROM jobs WHERE parent = ?1 ORDER BY array_index DESC")?;
        let rows = children.query_map(params![parent], |row| row.get(0))?;
        rows.collect()
    }
}
