//! On which terms a job is queued: what it asks of the machine, when it comes before others, what it waits for.

use serde::{Deserialize, Serialize};

use crate::retry::{RetryError, RetryStrategy};

/// The most jobs that one job may depend on (AWS Batch service quotas).
pub const MOST_DEPENDENCIES: usize = 20;

/// The sizes of an array job (AWS Batch API Reference, `ArrayProperties`).
pub const ARRAY_SIZES: std::ops::RangeInclusive<usize> = 2..=10_000;

/// The highest priority (AWS Batch API Reference, `schedulingPriorityOverride`).
pub const HIGHEST_PRIORITY: u16 = 9999;

/// The terms of a job. What is absent is for the compute to choose.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// Virtual processors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vcpus: Option<u32>,
    /// Memory in MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_mib: Option<u32>,
    /// Of two jobs that can run, the one with the higher number comes first; equal ones in the order of their submission.
    #[serde(default)]
    pub priority: u16,
    /// How often the job is tried.
    #[serde(default)]
    pub retry: RetryStrategy,
    /// How long one attempt may take, in seconds; absent: as long as it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_secs: Option<u32>,
    /// The jobs that have to succeed before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<Dependency>,
}

/// A job that has to succeed before another starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dependency {
    /// The id of the other job; the array's own id is not needed where [`DependencyKind::Sequential`].
    #[serde(default)]
    pub job: String,
    /// What of it has to succeed.
    #[serde(default)]
    pub kind: DependencyKind,
}

/// What of the other job has to succeed (AWS Batch API Reference, `JobDependency`, `type`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DependencyKind {
    /// All of it.
    #[default]
    Whole,
    /// Of two array jobs of one size: child n waits for child n.
    NToN,
    /// Within an array job: child n waits for child n-1.
    Sequential,
}

/// Terms that no compute accepts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TermsError {
    /// The retry strategy is wrong.
    #[error(transparent)]
    Retry(#[from] RetryError),
    /// Something that must be at least 1.
    #[error("`{0}` is 0 (1 is the least)")]
    Zero(&'static str),
    /// Too important.
    #[error("the priority is {0} ({HIGHEST_PRIORITY} is the highest)")]
    Priority(u16),
    /// Too many dependencies.
    #[error(
        "the job depends on {0} jobs, AWS Batch allows {MOST_DEPENDENCIES} (make the jobs that it needs one array job: `array = true`)"
    )]
    Dependencies(usize),
    /// Not a size of an array job.
    #[error("an array job of {0} children is not possible (2 to 10,000 are)")]
    Array(usize),
    /// A dependency that only an array job can have.
    #[error("only an array job can depend on another one `{0}` (set `array = true`)")]
    NoArray(&'static str),
}

impl DependencyKind {
    /// The name that AWS Batch uses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Whole => "WHOLE",
            Self::NToN => "N_TO_N",
            Self::Sequential => "SEQUENTIAL",
        }
    }
}

impl Terms {
    /// Refuses what no compute accepts; `jobs` is the number of jobs that are submitted as one, more than 1 of an array job.
    pub fn check(&self, jobs: usize) -> Result<(), TermsError> {
        self.retry.check()?;
        if jobs != 1 && !ARRAY_SIZES.contains(&jobs) {
            return Err(TermsError::Array(jobs));
        }
        let least = [
            ("vcpus", self.vcpus),
            ("memory_mib", self.memory_mib),
            ("timeout_secs", self.timeout_secs),
        ];
        if let Some((name, _)) = least.into_iter().find(|(_, value)| *value == Some(0)) {
            return Err(TermsError::Zero(name));
        }
        if self.priority > HIGHEST_PRIORITY {
            return Err(TermsError::Priority(self.priority));
        }
        if self.depends_on.len() > MOST_DEPENDENCIES {
            return Err(TermsError::Dependencies(self.depends_on.len()));
        }
        let of_arrays = |one: &&Dependency| one.kind != DependencyKind::Whole;
        match self.depends_on.iter().find(of_arrays) {
            Some(one) if jobs == 1 => Err(TermsError::NoArray(one.kind.name())),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_that_no_compute_accepts() {
        let usual = Terms::default;
        assert_eq!(usual().check(1), Ok(()));
        assert_eq!(usual().check(10_000), Ok(()));
        assert_eq!(usual().check(0), Err(TermsError::Array(0)));
        assert_eq!(usual().check(10_001), Err(TermsError::Array(10_001)));
        let none = Terms {
            vcpus: Some(0),
            ..usual()
        };
        assert_eq!(none.check(1), Err(TermsError::Zero("vcpus")));
        let eager = Terms {
            priority: 10_000,
            ..usual()
        };
        assert_eq!(eager.check(1), Err(TermsError::Priority(10_000)));
        let on = |kind, count| Terms {
            depends_on: vec![
                Dependency {
                    job: "a".into(),
                    kind
                };
                count
            ],
            ..usual()
        };
        let many = on(DependencyKind::Whole, 21).check(1);
        assert_eq!(many, Err(TermsError::Dependencies(21)));
        let alone = on(DependencyKind::NToN, 1).check(1);
        assert_eq!(alone, Err(TermsError::NoArray("N_TO_N")));
        assert_eq!(on(DependencyKind::NToN, 1).check(2), Ok(()));
    }
}
