//! Looks after attempts: takes over those of an earlier runner, stops those that have to stop.

use std::time::Duration;

use ffbatch_dispatcher::compute::ComputeError;
use jiff::Timestamp;

use super::Runner;
use super::attempt::Attempt;
use crate::queue::carrier::Order;
use crate::queue::process::Moment;

/// What a job shows whose time was over, in the words of AWS Batch.
const TIMED_OUT: &str = "Job attempt duration exceeded timeout";

impl Runner {
    /// Takes over what an earlier runner has begun: workers that live are watched, of the others the end is noted.
    pub fn adopt(&mut self) -> Result<(), ComputeError> {
        let now = Moment::now();
        for active in self.store.active()? {
            let seq = active.job.seq;
            if self.attempts.contains_key(&seq) || self.ended.iter().any(|(ended, _)| *ended == seq)
            {
                continue;
            }
            let work = self.store.work(seq)?;
            let restarted = now.since(&active.began).is_none();
            if let Some(carrier) = self.carrier.clone() {
                let order = Order {
                    number: active.attempt,
                    files: self.store.place().files(&active.job.id, active.attempt),
                    job: active.job,
                    work,
                    resumed: true,
                    restarted,
                };
                let mut attempt = self.carried(carrier, order, active.began);
                attempt.doomed = active.doomed;
                self.spawned.push((seq, None));
                self.attempts.insert(seq, attempt);
                continue;
            }
            let mut attempt = Attempt {
                files: self.store.place().files(&active.job.id, active.attempt),
                job: active.job,
                program: work.environment.worker,
                worker: active.worker,
                began: active.began,
                timeout: active
                    .timeout_secs
                    .map(|seconds| Duration::from_secs(seconds.into())),
                is_child: false,
                leash: None,
                doomed: active.doomed,
                asked: None,
            };
            match attempt.gone(restarted) {
                Ok(Some(ended)) => {
                    tracing::info!("job {} {}", attempt.job.id, super::said(&ended));
                    self.ended.push((seq, ended));
                }
                Ok(None) => {
                    tracing::info!("job {} still runs, and is watched again", attempt.job.id);
                    self.spawned.push((seq, attempt.worker.clone()));
                    self.attempts.insert(seq, attempt);
                }
                Err(error) => {
                    tracing::warn!(
                        "`{}` cannot be read: {error}",
                        attempt.files.events.display()
                    );
                    self.attempts.insert(seq, attempt);
                }
            }
        }
        Ok(())
    }

    /// Looks whether workers that are not children of this process have ended.
    pub fn look_after_adopted(&mut self) {
        let mut over = Vec::new();
        for (seq, attempt) in self
            .attempts
            .iter_mut()
            .filter(|(_, attempt)| !attempt.is_child)
        {
            match attempt.gone(false) {
                Ok(Some(ended)) => over.push((*seq, ended)),
                Ok(None) => {}
                Err(error) => tracing::warn!(
                    "`{}` cannot be read: {error}",
                    attempt.files.events.display()
                ),
            }
        }
        for (seq, ended) in over {
            if let Some(attempt) = self.attempts.remove(&seq) {
                tracing::info!("job {} {}", attempt.job.id, super::said(&ended));
            }
            self.ended.push((seq, ended));
        }
    }

    /// Stops attempts that were cancelled or whose time is over.
    pub fn tend(&mut self) -> Result<(), ComputeError> {
        let late: Vec<i64> = self
            .attempts
            .iter()
            .filter(|(_, attempt)| !attempt.doomed && attempt.is_late())
            .map(|(seq, _)| *seq)
            .collect();
        for seq in &late {
            if let Some(attempt) = self.attempts.get_mut(seq) {
                attempt.doomed = true;
            }
        }
        self.attempts.values_mut().for_each(Attempt::stop);
        if !late.is_empty() {
            self.store.time_out(&late, TIMED_OUT, Timestamp::now())?;
        }
        let version = self.store.version()?;
        if self.version.replace(version) != Some(version) || !late.is_empty() {
            for active in self.store.active()?.iter().filter(|active| active.doomed) {
                if let Some(attempt) = self.attempts.get_mut(&active.job.seq) {
                    attempt.doomed = true;
                }
            }
        }
        self.attempts.values_mut().for_each(Attempt::stop);
        Ok(())
    }
}
