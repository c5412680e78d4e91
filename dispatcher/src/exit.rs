//! The exit codes of the worker and of `ffbatch run`: a documented contract.
//!
//! ffmpeg's own codes overlap with everything (8, 234, 254, 255), so they never become ours: they stand in the report.
//! The retry rules of the AWS Batch job definitions are generated from [`Exit::retry`].

use serde::{Deserialize, Serialize};

/// How a job ended, as one of a few process exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exit {
    /// Everything was written and published.
    Succeeded,
    /// A defect of ffbatch itself.
    Internal,
    /// The job is wrong as it was asked for; nothing was moved.
    Rejected,
    /// An input could not be fetched.
    Input,
    /// ffmpeg failed; its own code and last lines stand in the report.
    Ffmpeg,
    /// The results could not be published.
    Output,
    /// This machine cannot do it: no usable ffmpeg, no confinement, no space, no such compute.
    Machine,
    /// Of several jobs that were waited for, or of the jobs that this one needs, not all succeeded; no worker ends so.
    Jobs,
    /// Another job does the same work: one submission became two jobs, and this is the later one. It has done nothing.
    Duplicate,
    /// The job was asked to stop (SIGTERM, Spot reclaim, Ctrl-C); nothing was published after that.
    Interrupted,
}

impl Exit {
    /// Every way a job can end, in the order of the codes.
    pub const ALL: [Self; 10] = [
        Self::Succeeded,
        Self::Internal,
        Self::Rejected,
        Self::Input,
        Self::Ffmpeg,
        Self::Output,
        Self::Machine,
        Self::Jobs,
        Self::Duplicate,
        Self::Interrupted,
    ];

    /// The process exit code. 75 is `EX_TEMPFAIL` of `sysexits.h`; none overlaps with a panic (101) or a signal (128 and up).
    pub const fn code(self) -> u8 {
        match self {
            Self::Succeeded => 0,
            Self::Internal => 1,
            Self::Rejected => 2,
            Self::Input => 3,
            Self::Ffmpeg => 4,
            Self::Output => 5,
            Self::Machine => 6,
            Self::Jobs => 7,
            Self::Duplicate => 8,
            Self::Interrupted => 75,
        }
    }

    /// What the code says, for people.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Internal => "a defect of ffbatch",
            Self::Rejected => "the job is wrong, nothing was moved",
            Self::Input => "an input could not be fetched",
            Self::Ffmpeg => "ffmpeg failed",
            Self::Output => "the results could not be published",
            Self::Machine => "this machine cannot run the job",
            Self::Jobs => "some of the jobs failed",
            Self::Duplicate => "another job does the same work",
            Self::Interrupted => "interrupted before the end",
        }
    }

    /// Whether the same job may succeed when it is simply run again.
    pub const fn retry(self) -> bool {
        matches!(self, Self::Interrupted)
    }

    /// The meaning of a process exit code; `None` for a code that is not ours.
    pub fn from_code(code: i32) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|exit| i32::from(exit.code()) == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_and_read_back() {
        for exit in Exit::ALL {
            assert_eq!(Exit::from_code(i32::from(exit.code())), Some(exit));
        }
        assert_eq!(Exit::from_code(137), None);
    }

    #[test]
    fn only_an_interruption_is_retried() {
        let retried: Vec<Exit> = Exit::ALL.into_iter().filter(|exit| exit.retry()).collect();
        assert_eq!(retried, [Exit::Interrupted]);
    }
}
