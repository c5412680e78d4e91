//! The life of a job in the queue: pure, one step at a time, with the semantics of AWS Batch.
//!
//! Every change of a job's state in the database is one step here. An event that does not fit where the job is changes nothing
//! ([`Life::step`] answers `None`): two programs may see the same end, and the second one has nothing left to do.

use ffbatch_dispatcher::retry::{Ending, RetryStrategy};
use ffbatch_dispatcher::state::State;

/// What of a job decides where it goes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    /// Where it is.
    pub state: State,
    /// Attempts that have begun.
    pub attempt: u32,
    /// Jobs that have yet to succeed before it may run; of an array job, children that have yet to end.
    pub waiting: u32,
    /// Whether no further attempt may begin: somebody cancelled it, or its time was over.
    pub doomed: bool,
}

/// What happens to a job.
#[derive(Debug, Clone, Copy)]
pub enum Happening<'a> {
    /// The queue looked at what it waits for.
    Accepted {
        /// How many jobs.
        waiting: u32,
    },
    /// A job that it needs has succeeded; of an array job, a child has ended.
    NeedMet,
    /// A job that it needs has failed.
    NeedFailed,
    /// An attempt is being started.
    Placed,
    /// The attempt's worker ended, with its runner, before it had said a word: there was no attempt.
    NeverBegan,
    /// The attempt's worker runs.
    Spawned,
    /// The attempt ended well.
    Succeeded,
    /// The attempt ended otherwise, or could not be started.
    Failed(Ending<'a>),
    /// The time of the attempt is over; its worker is asked to stop.
    TimedOut,
    /// Somebody asks it to stop.
    Cancelled,
    /// The last child of an array job has ended.
    ChildrenEnded {
        /// Whether one of them failed.
        failed: bool,
    },
}

impl Life {
    /// A job that was just submitted.
    pub const fn new() -> Self {
        Self {
            state: State::Submitted,
            attempt: 0,
            waiting: 0,
            doomed: false,
        }
    }

    /// Where the job is after this; `None` when it does not concern the job where it is.
    pub fn step(self, happening: Happening<'_>, retry: &RetryStrategy) -> Option<Self> {
        use State::{Failed, Pending, Runnable, Running, Starting, Submitted, Succeeded};

        let to = |state| Some(Self { state, ..self });
        match (self.state, happening) {
            (Submitted, Happening::Accepted { waiting: 0 }) => to(Runnable),
            (Submitted, Happening::Accepted { waiting }) => Some(Self {
                state: Pending,
                waiting,
                ..self
            }),
            (Pending, Happening::NeedMet) if self.waiting > 1 => Some(Self {
                waiting: self.waiting - 1,
                ..self
            }),
            (Pending, Happening::NeedMet) => Some(Self {
                state: Runnable,
                waiting: 0,
                ..self
            }),
            (Submitted | Pending, Happening::NeedFailed) => to(Failed),
            (Pending, Happening::ChildrenEnded { failed }) => Some(Self {
                state: if failed { Failed } else { Succeeded },
                waiting: 0,
                ..self
            }),
            (Runnable, Happening::Placed) if !self.doomed => Some(Self {
                state: Starting,
                attempt: self.attempt + 1,
                ..self
            }),
            (Starting | Running, Happening::NeverBegan) => Some(Self {
                state: if self.doomed { Failed } else { Runnable },
                attempt: self.attempt - 1,
                ..self
            }),
            (Starting, Happening::Spawned) => to(Running),
            (Running, Happening::Succeeded) => to(Succeeded),
            (Starting | Running, Happening::Failed(ending)) => {
                let again = !self.doomed && retry.again(self.attempt, ending);
                to(if again { Runnable } else { Failed })
            }
            (Submitted | Pending | Runnable, Happening::Cancelled) => Some(Self {
                state: Failed,
                doomed: true,
                ..self
            }),
            (Starting | Running, Happening::Cancelled | Happening::TimedOut) if !self.doomed => {
                Some(Self {
                    doomed: true,
                    ..self
                })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
