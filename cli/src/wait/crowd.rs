//! Many jobs at once: how many are where, what is said of one that ended, and the table in the end. Pure.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use ffbatch_dispatcher::detail::JobSummary;
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::state::State;
use indicatif::HumanCount;

use crate::ids::Ids;
use crate::when::{self, Clock};
use crate::{follower, jobs, table};

/// The failures that are listed in the end.
const LISTED: usize = 20;

/// How many jobs must have ended before the rest can be guessed.
const ENOUGH: u64 = 3;

/// Jobs that are waited for.
pub struct Crowd {
    order: Vec<String>,
    known: HashMap<String, JobSummary>,
    ids: Ids,
    before: u64,
}

/// How many are where; of an array job its children count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Ended well.
    pub succeeded: u64,
    /// Ended otherwise.
    pub failed: u64,
    /// An attempt is under way.
    pub running: u64,
    /// Everything before that.
    pub waiting: u64,
}

impl Crowd {
    /// These jobs, as they are at the beginning.
    pub fn of(found: Vec<JobSummary>) -> Self {
        let ids = Ids::of(&found);
        let order = found.iter().map(|job| job.id.clone()).collect();
        let mut known = HashMap::with_capacity(found.len());
        for job in found {
            known.insert(job.id.clone(), job);
        }
        let mut crowd = Self {
            order,
            known,
            ids,
            before: 0,
        };
        crowd.before = crowd.tally().ended();
        crowd
    }

    /// Their ids, in the order in which they were named.
    pub fn ids(&self) -> &[String] {
        &self.order
    }

    /// The ids of those that have not ended.
    pub fn open(&self) -> Vec<String> {
        let open = self.jobs().filter(|job| !job.state.is_ended());
        open.map(|job| job.id.clone()).collect()
    }

    /// They, in their order.
    pub fn jobs(&self) -> impl Iterator<Item = &JobSummary> {
        self.order.iter().filter_map(|id| self.known.get(id))
    }

    /// Learns where a job is.
    pub fn learn(&mut self, job: JobSummary) {
        self.known.insert(job.id.clone(), job);
    }

    /// How many are in which state.
    pub fn counts(&self) -> BTreeMap<State, u64> {
        let mut counts = BTreeMap::new();
        for job in self.jobs() {
            match &job.array {
                Some(children) => {
                    for (state, count) in children {
                        *counts.entry(*state).or_default() += u64::from(*count);
                    }
                }
                None => *counts.entry(job.state).or_default() += 1,
            }
        }
        counts
    }

    /// How many are where.
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for (state, count) in self.counts() {
            *match state {
                State::Succeeded => &mut tally.succeeded,
                State::Failed => &mut tally.failed,
                State::Starting | State::Running => &mut tally.running,
                State::Submitted | State::Pending | State::Runnable => &mut tally.waiting,
            } += count;
        }
        tally
    }

    /// `340 of 1,000  3 failed  2 running  655 waiting  ETA 12:30`, after so long.
    pub fn progress(&self, elapsed: Duration) -> String {
        let tally = self.tally();
        let of = format!(
            "{} of {}",
            HumanCount(tally.ended()),
            HumanCount(tally.all())
        );
        let some =
            |count: u64, what: &str| (count > 0).then(|| format!("{} {what}", HumanCount(count)));
        let parts = [
            Some(of),
            some(tally.failed, "failed"),
            some(tally.running, "running"),
            some(tally.waiting, "waiting"),
            tally.left(self.before, elapsed).map(follower::eta),
        ];
        let known: Vec<String> = parts.into_iter().flatten().collect();
        known.join("  ")
    }

    /// What is said of a job that ended: `encode-1  FAILED  2.10 s  ffmpeg failed`.
    pub fn line(&self, job: &JobSummary, clock: &Clock) -> String {
        let parts = [
            self.ids.label(job),
            job.state.to_string(),
            jobs::taken(job, clock),
            jobs::why(job),
        ];
        let known: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        known.join("  ")
    }

    /// How it ended: a table of what failed, then `1,000 jobs: 997 succeeded, 3 failed, in 12:30`. `children` are those of array
    /// jobs that failed.
    pub fn closing(
        &self,
        children: &[JobSummary],
        elapsed: Duration,
        clock: &Clock,
        width: Option<u16>,
    ) -> String {
        let failed: Vec<&JobSummary> = self
            .jobs()
            .filter(|job| job.state == State::Failed && job.array.is_none())
            .chain(children)
            .collect();
        let mut lines = Vec::new();
        if !failed.is_empty() {
            lines.push(self.failures(&failed, clock, width));
            let hidden = self
                .tally()
                .failed
                .saturating_sub(failed.len().min(LISTED) as u64);
            if hidden > 0 {
                lines.push(format!(
                    "... and {} more (`ffbatch list --status FAILED`)",
                    HumanCount(hidden)
                ));
            }
            lines.push(String::new());
        }
        lines.push(self.total(elapsed));
        lines.join("\n")
    }

    /// The exit code of all of them; of one job its own.
    pub fn exit(&self, one: bool) -> Exit {
        let mut failed = self.jobs().filter(|job| job.state == State::Failed);
        match (failed.next(), one) {
            (None, _) => Exit::Succeeded,
            (Some(job), true) if job.array.is_none() => match job.exit {
                Some(exit) if exit != Exit::Succeeded => exit,
                _ => Exit::Interrupted,
            },
            _ => Exit::Jobs,
        }
    }

    fn failures(&self, failed: &[&JobSummary], clock: &Clock, width: Option<u16>) -> String {
        let mut table = table::plain(&["FAILED", "NAME", "TIME", "WHY"], &[2]);
        for job in failed.iter().take(LISTED) {
            table.add_row([
                self.ids.short(&job.id),
                job.name.clone(),
                jobs::taken(job, clock),
                jobs::why(job),
            ]);
        }
        table::fitted(&table, width)
    }

    fn total(&self, elapsed: Duration) -> String {
        let tally = self.tally();
        let all = jobs::several(tally.all(), "job");
        let took = if tally.ended() > self.before {
            format!(", in {}", when::length(elapsed.as_secs_f64()))
        } else {
            String::new()
        };
        let failed = if tally.failed > 0 {
            format!(", {} failed", HumanCount(tally.failed))
        } else {
            String::new()
        };
        format!(
            "{all}: {} succeeded{failed}{took}",
            HumanCount(tally.succeeded)
        )
    }
}

impl Tally {
    /// All that have ended.
    pub const fn ended(self) -> u64 {
        self.succeeded + self.failed
    }

    /// All of them.
    pub const fn all(self) -> u64 {
        self.ended() + self.running + self.waiting
    }

    /// Seconds to go, as fast as those ended that ended since the beginning; `None` while that cannot be told.
    fn left(self, before: u64, elapsed: Duration) -> Option<f64> {
        let here = self.ended().saturating_sub(before);
        let open = self.all() - self.ended();
        if here < ENOUGH || open == 0 {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "no queue has 2^52 jobs")]
        let share = open as f64 / here as f64;
        Some(elapsed.as_secs_f64() * share)
    }
}

#[cfg(test)]
mod tests;
