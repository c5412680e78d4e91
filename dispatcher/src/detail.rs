//! What a compute tells of the jobs it has accepted. Versionless JSON for people and programs that ask now; nothing stores it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::command::Command;
use crate::exit::Exit;
use crate::job::Bounds;
use crate::state::State;
use crate::terms::{DependencyKind, Terms};

/// One job in a listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobSummary {
    /// The job's id; a child of an array job is `PARENT:INDEX`.
    pub id: String,
    /// What the compute's service calls it among all resources, where it has such names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// Its name; may be empty.
    pub name: String,
    /// Where it is.
    pub state: State,
    /// Why it is there; absent when there is nothing to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_reason: Option<String>,
    /// How the worker ended; absent before, and when it told nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<Exit>,
    /// Attempts that have begun.
    pub attempt: u32,
    /// When it was submitted.
    pub created: Timestamp,
    /// When its last attempt began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<Timestamp>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Timestamp>,
    /// How many of its children are in which state; of an array job only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub array: Option<BTreeMap<State, u32>>,
}

/// Everything about one job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobDetail {
    /// What a listing shows.
    pub summary: JobSummary,
    /// The queue it is in.
    pub queue: String,
    /// The terms on which it was submitted, with what the compute has chosen.
    pub terms: Terms,
    /// The jobs it depends on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<Needed>,
    /// The attempts that have begun, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Attempt>,
    /// Its commands; of an array job those of the first child.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<Command>,
    /// What bounds it on the machine that runs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bounds: Option<Bounds>,
    /// The job of which this one is another try.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_of: Option<String>,
    /// What it waits for, or why it ended as it did, in whole sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub why: Vec<String>,
}

/// A job that another one depends on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Needed {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What of it has to succeed.
    pub kind: DependencyKind,
    /// Where it is.
    pub state: State,
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// From 1.
    pub number: u32,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Timestamp>,
    /// The worker's exit code; absent when it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// What went wrong, in one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Where its report lies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report_at: Option<String>,
    /// Where its log lies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_at: Option<String>,
}

/// Which jobs to list; what is absent or empty filters nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only jobs in one of these states.
    pub states: Vec<State>,
    /// Only jobs of this name; `*` stands for anything.
    pub name: Option<String>,
    /// Only jobs submitted at this time or later.
    pub since: Option<Timestamp>,
    /// Only the children of this array job. Without it, children are not listed.
    pub parent: Option<String>,
    /// At most so many, the newest.
    pub limit: Option<usize>,
}

/// A listing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// The jobs, in the order of their submission.
    pub jobs: Vec<JobSummary>,
    /// How many jobs fit the filter, listed or not, by state.
    pub counts: BTreeMap<State, u64>,
    /// What else is worth knowing, in whole sentences: that nobody runs the queue, that old jobs were taken out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}
