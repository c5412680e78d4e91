//! Whether an attempt that failed is followed by another one: the one place of that policy, with the semantics of AWS Batch.
//!
//! Source: AWS Batch API Reference, `RetryStrategy` and `EvaluateOnExit`. The rules are asked in their order; a rule fits when
//! all its patterns do; **a failure that fits no rule is tried again**. That is why [`RetryStrategy::default`] ends with a rule that
//! fits everything. A timeout is never tried again, and neither is a job that somebody cancelled: they don't come here.

use serde::{Deserialize, Serialize};

use crate::exit::Exit;

/// The most attempts of a job (`RetryStrategy`, `attempts`: 1 to 10).
pub const MOST_ATTEMPTS: u32 = 10;

/// The most rules (`RetryStrategy`, `evaluateOnExit`: 0 to 5).
pub const MOST_RULES: usize = 5;

/// How the status reason begins of a job whose worker could not be started.
pub const NOT_STARTED: &str = "Task failed to start";

/// How often a job is tried that does not say.
pub const USUAL_ATTEMPTS: u32 = 3;

/// How the status reason begins of a job whose machine or worker was lost; on EC2 it goes on with `EC2 (instance i-...)`.
pub const HOST_LOST: &str = "Host ";

/// How often a job is tried, and after which failures again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetryStrategy {
    /// All attempts, the first included; 1 to [`MOST_ATTEMPTS`].
    pub attempts: u32,
    /// Rules in the order in which they are asked; without any, every failure is tried again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evaluate_on_exit: Vec<Rule>,
}

/// What to do after one kind of failure. A pattern is a text that may end in `*`, which fits anything that follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// A pattern of the worker's exit code, in decimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_exit_code: Option<String>,
    /// A pattern of the container's reason, such as `OutOfMemoryError*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_reason: Option<String>,
    /// A pattern of the job's status reason, such as `Host EC2*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_status_reason: Option<String>,
    /// What follows.
    pub action: Action,
}

/// What follows a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Action {
    /// Another attempt, while there are any.
    Retry,
    /// The end.
    Exit,
}

/// How an attempt failed, as far as it is known.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ending<'a> {
    /// The worker's exit code; absent when it is not known.
    pub exit_code: Option<i32>,
    /// Why the container ended.
    pub reason: Option<&'a str>,
    /// Why the job's attempt ended.
    pub status_reason: Option<&'a str>,
}

/// A strategy that AWS Batch would refuse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RetryError {
    /// Too few or too many.
    #[error("{0} attempts are asked for (1 to {MOST_ATTEMPTS} are possible)")]
    Attempts(u32),
    /// Too many rules.
    #[error("there are {0} rules in `evaluate_on_exit` ({MOST_RULES} are the most)")]
    Rules(usize),
    /// A rule that says nothing.
    #[error(
        "rule {0} of `evaluate_on_exit` has no pattern (give `on_exit_code`, `on_reason` or `on_status_reason`)"
    )]
    Bare(usize),
    /// A star inside.
    #[error("the pattern `{0}` has a `*` before its end (only the last character may be one)")]
    Star(String),
}

impl Default for RetryStrategy {
    /// [`USUAL_ATTEMPTS`], for what may go away by itself: a lost host, an image that could not be pulled, an interruption
    /// ([`Exit::retry`]). Every other failure ends the job.
    fn default() -> Self {
        let retry = Rule {
            on_exit_code: None,
            on_reason: None,
            on_status_reason: None,
            action: Action::Retry,
        };
        let codes = Exit::ALL.into_iter().filter(|exit| exit.retry());
        let mut rules: Vec<Rule> = codes
            .map(|exit| Rule {
                on_exit_code: Some(exit.code().to_string()),
                ..retry.clone()
            })
            .collect();
        rules.push(Rule {
            on_status_reason: Some(format!("{HOST_LOST}*")),
            ..retry.clone()
        });
        rules.push(Rule {
            on_reason: Some("CannotPullContainerError*".to_owned()),
            ..retry.clone()
        });
        rules.push(Rule {
            on_status_reason: Some(format!("{NOT_STARTED}*")),
            ..retry.clone()
        });
        rules.push(Rule {
            on_reason: Some("*".to_owned()),
            action: Action::Exit,
            ..retry
        });
        Self {
            attempts: USUAL_ATTEMPTS,
            evaluate_on_exit: rules,
        }
    }
}

impl RetryStrategy {
    /// One attempt, whatever comes of it.
    pub const fn once() -> Self {
        Self {
            attempts: 1,
            evaluate_on_exit: Vec::new(),
        }
    }

    /// Refuses what AWS Batch refuses.
    pub fn check(&self) -> Result<(), RetryError> {
        if !(1..=MOST_ATTEMPTS).contains(&self.attempts) {
            return Err(RetryError::Attempts(self.attempts));
        }
        if self.evaluate_on_exit.len() > MOST_RULES {
            return Err(RetryError::Rules(self.evaluate_on_exit.len()));
        }
        for (index, rule) in self.evaluate_on_exit.iter().enumerate() {
            let patterns: Vec<&String> = rule.patterns().into_iter().flatten().collect();
            if patterns.is_empty() {
                return Err(RetryError::Bare(index + 1));
            }
            let inside =
                |pattern: &&&String| pattern.strip_suffix('*').unwrap_or(pattern).contains('*');
            if let Some(pattern) = patterns.iter().find(inside) {
                return Err(RetryError::Star((*pattern).clone()));
            }
        }
        Ok(())
    }

    /// Whether another attempt follows attempt number `attempt` (from 1), which failed so.
    pub fn again(&self, attempt: u32, ending: Ending<'_>) -> bool {
        if attempt >= self.attempts {
            return false;
        }
        let fitting = self.evaluate_on_exit.iter().find(|rule| rule.fits(ending));
        fitting.is_none_or(|rule| rule.action == Action::Retry)
    }
}

impl Rule {
    const fn patterns(&self) -> [Option<&String>; 3] {
        [
            self.on_exit_code.as_ref(),
            self.on_reason.as_ref(),
            self.on_status_reason.as_ref(),
        ]
    }

    fn fits(&self, ending: Ending<'_>) -> bool {
        let code = ending.exit_code.map(|code| code.to_string());
        let values = [code.as_deref(), ending.reason, ending.status_reason];
        self.patterns()
            .into_iter()
            .zip(values)
            .all(|(pattern, value)| pattern.is_none_or(|pattern| fits(pattern, value)))
    }
}

/// Whether a pattern fits a value. `*` alone fits also what is not known.
fn fits(pattern: &str, value: Option<&str>) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => value.unwrap_or_default().starts_with(beginning),
        None => value == Some(pattern),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(ending: Ending<'_>, again: bool) {
        let usual = RetryStrategy::default();
        assert_eq!(usual.check(), Ok(()));
        assert_eq!(usual.again(1, ending), again, "{ending:?}");
        assert!(!usual.again(USUAL_ATTEMPTS, ending), "{ending:?}");
        assert!(!RetryStrategy::once().again(1, ending), "{ending:?}");
    }

    #[test]
    fn only_what_may_go_away_is_tried_again() {
        let code = |code| Ending {
            exit_code: Some(code),
            ..Ending::default()
        };
        for exit in Exit::ALL {
            check(code(i32::from(exit.code())), exit.retry());
        }
        check(code(137), false);
        let because = |status_reason| Ending {
            status_reason: Some(status_reason),
            ..Ending::default()
        };
        check(because("Host EC2 (instance i-1) terminated."), true);
        check(because("Task failed to start"), true);
        check(because("Hostile"), false);
        check(
            Ending {
                reason: Some("CannotPullContainerError: no route"),
                ..Ending::default()
            },
            true,
        );
        check(Ending::default(), false);
    }

    #[test]
    fn a_failure_that_fits_no_rule_is_tried_again() {
        let strategy = RetryStrategy {
            attempts: 2,
            evaluate_on_exit: vec![Rule {
                on_exit_code: Some("13*".to_owned()),
                on_reason: None,
                on_status_reason: None,
                action: Action::Exit,
            }],
        };
        let code = |code| Ending {
            exit_code: Some(code),
            ..Ending::default()
        };
        assert!(!strategy.again(1, code(137)));
        assert!(strategy.again(1, code(4)));
        assert!(!strategy.again(2, code(4)));
    }

    #[test]
    fn what_aws_would_refuse_is_refused() {
        let rule = |pattern: Option<&str>| Rule {
            on_exit_code: pattern.map(str::to_owned),
            on_reason: None,
            on_status_reason: None,
            action: Action::Retry,
        };
        let of = |attempts, rules: Vec<Rule>| RetryStrategy {
            attempts,
            evaluate_on_exit: rules,
        };
        assert_eq!(of(0, vec![]).check(), Err(RetryError::Attempts(0)));
        assert_eq!(of(11, vec![]).check(), Err(RetryError::Attempts(11)));
        let six = vec![rule(Some("1")); 6];
        assert_eq!(of(1, six).check(), Err(RetryError::Rules(6)));
        assert_eq!(of(1, vec![rule(None)]).check(), Err(RetryError::Bare(1)));
        let star = of(1, vec![rule(Some("1*3"))]).check();
        assert_eq!(star, Err(RetryError::Star("1*3".to_owned())));
    }
}
