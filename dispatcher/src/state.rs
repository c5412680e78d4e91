//! The states of a job, as AWS Batch names them ("Job states", AWS Batch User Guide), on every compute.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Where a job is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// Accepted, and not looked at yet.
    Submitted,
    /// Waits for other jobs; an array job is here until its last child has ended.
    Pending,
    /// Waits for a place to run.
    Runnable,
    /// An attempt is being started.
    Starting,
    /// An attempt runs.
    Running,
    /// Ended well.
    Succeeded,
    /// Ended otherwise, or was never started.
    Failed,
}

/// A text that is no state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no state of a job (known: SUBMITTED, PENDING, RUNNABLE, STARTING, RUNNING, SUCCEEDED, FAILED)"
)]
pub struct StateError(String);

impl State {
    /// Every state, in the order of a job's way.
    pub const ALL: [Self; 7] = [
        Self::Submitted,
        Self::Pending,
        Self::Runnable,
        Self::Starting,
        Self::Running,
        Self::Succeeded,
        Self::Failed,
    ];

    /// The name that AWS Batch uses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Submitted => "SUBMITTED",
            Self::Pending => "PENDING",
            Self::Runnable => "RUNNABLE",
            Self::Starting => "STARTING",
            Self::Running => "RUNNING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
        }
    }

    /// Whether nothing comes after it.
    pub const fn is_ended(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed)
    }

    /// Whether an attempt is under way.
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Starting | Self::Running)
    }

    /// Whether AWS Batch lets a job go from this state to that one in one step.
    ///
    /// A retried attempt goes back to `RUNNABLE`. `PENDING` leads to an end directly: an array job ends when its children have,
    /// and a job fails with the job it depends on.
    pub const fn leads_to(self, next: Self) -> bool {
        match self {
            Self::Submitted => matches!(next, Self::Pending | Self::Runnable | Self::Failed),
            Self::Pending => matches!(next, Self::Runnable | Self::Succeeded | Self::Failed),
            Self::Runnable => matches!(next, Self::Starting | Self::Failed),
            Self::Starting => matches!(next, Self::Running | Self::Runnable | Self::Failed),
            Self::Running => matches!(next, Self::Succeeded | Self::Runnable | Self::Failed),
            Self::Succeeded | Self::Failed => false,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.name())
    }
}

impl FromStr for State {
    type Err = StateError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|state| state.name().eq_ignore_ascii_case(text))
            .ok_or_else(|| StateError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for state in State::ALL {
            assert_eq!(state.name().to_lowercase().parse(), Ok(state));
            let json = serde_json::to_string(&state).expect("a name");
            assert_eq!(json, format!("\"{}\"", state.name()));
        }
        assert!("DONE".parse::<State>().is_err());
    }

    #[test]
    fn an_end_is_an_end() {
        for state in State::ALL {
            let goes_on = State::ALL.into_iter().any(|next| state.leads_to(next));
            assert_eq!(goes_on, !state.is_ended(), "{state}");
        }
    }
}
