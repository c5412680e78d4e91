//! On which terms a job is queued: what it asks of the machine, when it comes before others, what it waits for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::retry::{RetryError, RetryStrategy};

/// The most jobs that one job may depend on (AWS Batch service quotas).
pub const MOST_DEPENDENCIES: usize = 20;

/// The sizes of an array job (AWS Batch API Reference, `ArrayProperties`).
pub const ARRAY_SIZES: std::ops::RangeInclusive<usize> = 2..=10_000;

/// The highest priority (AWS Batch API Reference, `schedulingPriorityOverride`).
pub const HIGHEST_PRIORITY: u16 = 9999;

/// The most tags of a job, and the most characters of a tag's key and of its value (AWS Batch User Guide, "Tag your resources").
const TAG_LIMITS: (usize, usize, usize) = (50, 128, 256);

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
    /// GPUs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpus: Option<u32>,
    /// The EC2 instance type that the job shall own, such as `c7g.4xlarge`; absent where any of the compute will do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_type: Option<String>,
    /// The share of a queue with a fair-share policy that it counts against; of AWS Batch only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<String>,
    /// Tags for whoever pays; of AWS Batch only.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
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
    /// Too many tags.
    #[error("the job has {0} tags, AWS Batch allows {most} (leave some out)", most = TAG_LIMITS.0)]
    Tags(usize),
    /// A tag that AWS refuses.
    #[error(
        "the tag `{0}` is not possible (a key of 1 to {key} characters that does not begin with `aws:`, a value of up to {value})",
        key = TAG_LIMITS.1,
        value = TAG_LIMITS.2
    )]
    Tag(String),
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
        self.check_tags()?;
        if self.depends_on.len() > MOST_DEPENDENCIES {
            return Err(TermsError::Dependencies(self.depends_on.len()));
        }
        let of_arrays = |one: &&Dependency| one.kind != DependencyKind::Whole;
        match self.depends_on.iter().find(of_arrays) {
            Some(one) if jobs == 1 => Err(TermsError::NoArray(one.kind.name())),
            _ => Ok(()),
        }
    }

    fn check_tags(&self) -> Result<(), TermsError> {
        let (most, key_limit, value_limit) = TAG_LIMITS;
        if self.tags.len() > most {
            return Err(TermsError::Tags(self.tags.len()));
        }
        let fits = |key: &str, value: &str| {
            (1..=key_limit).contains(&key.chars().count())
                && !key.to_ascii_lowercase().starts_with("aws:")
                && value.chars().count() <= value_limit
        };
        match self.tags.iter().find(|(key, value)| !fits(key, value)) {
            Some((key, _)) => Err(TermsError::Tag(key.clone())),
            None => Ok(()),
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
        let tagged = |key: &str, value: &str| Terms {
            tags: [(key.to_owned(), value.to_owned())].into(),
            ..usual()
        };
        assert_eq!(tagged("team", "video").check(1), Ok(()));
        for (key, value) in [("", "x"), ("AWS:x", "x"), ("k", &"v".repeat(257))] {
            assert_eq!(
                tagged(key, value).check(1),
                Err(TermsError::Tag(key.to_owned()))
            );
        }
        let many = Terms {
            tags: (0..51).map(|at| (at.to_string(), String::new())).collect(),
            ..usual()
        };
        assert_eq!(many.check(1), Err(TermsError::Tags(51)));
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
