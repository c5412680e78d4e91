//! What of the queue's processors and memory is free.

use crate::queue::settings::Settings;
use crate::queue::store::attempts::Candidate;

/// The most jobs that begin in one turn: no job waits long for its turn to be noted.
const AT_ONCE: u64 = 64;

/// What is free, and is taken bit by bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    vcpus: u64,
    memory_mib: u64,
    /// Whether nothing was taken yet.
    whole: bool,
}

impl Capacity {
    /// What these jobs leave free.
    pub fn beside<'a>(settings: Settings, running: impl Iterator<Item = &'a Candidate>) -> Self {
        let mut free = Self {
            vcpus: settings.vcpus.into(),
            memory_mib: settings.memory_mib.into(),
            whole: true,
        };
        running.for_each(|job| free.use_up(job));
        free
    }

    /// The most jobs that may fit.
    pub fn most(&self) -> usize {
        usize::try_from(self.vcpus.min(AT_ONCE)).unwrap_or_default()
    }

    /// Takes what a job asks for; `false` when it does not fit.
    ///
    /// A job that asks for more than there is at all (there was more when it was submitted) gets everything, alone.
    pub fn take(&mut self, job: &Candidate) -> bool {
        let fits =
            u64::from(job.vcpus) <= self.vcpus && u64::from(job.memory_mib) <= self.memory_mib;
        if fits || self.whole {
            self.use_up(job);
            return true;
        }
        false
    }

    fn use_up(&mut self, job: &Candidate) {
        self.vcpus = self.vcpus.saturating_sub(job.vcpus.into());
        self.memory_mib = self.memory_mib.saturating_sub(job.memory_mib.into());
        self.whole = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: Settings = Settings {
        vcpus: 4,
        memory_mib: 1000,
        keep_days: 0,
    };

    fn job(vcpus: u32, memory_mib: u32) -> Candidate {
        Candidate {
            seq: 1,
            id: String::new(),
            vcpus,
            memory_mib,
        }
    }

    #[test]
    fn jobs_share_processors_and_memory() {
        let mut free = Capacity::beside(SETTINGS, [&job(1, 0)].into_iter());
        assert_eq!(free.most(), 3);
        assert!(free.take(&job(2, 900)));
        assert!(!free.take(&job(1, 200)), "the memory is taken");
        assert!(!free.take(&job(2, 0)), "the processors are taken");
        assert!(free.take(&job(1, 100)));
        assert_eq!(free.most(), 0);
    }

    #[test]
    fn a_job_that_is_larger_than_the_machine_runs_alone() {
        let mut free = Capacity::beside(SETTINGS, std::iter::empty());
        assert!(free.take(&job(9, 0)));
        assert!(!free.take(&job(1, 0)));
        let mut busy = Capacity::beside(SETTINGS, [&job(1, 0)].into_iter());
        assert!(!busy.take(&job(9, 0)));
    }
}
