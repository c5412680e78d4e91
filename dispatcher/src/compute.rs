//! The seam for computes: what a backend is and what it must do.
//!
//! A backend is one file: it submits a [`Family`] (a name and functions) and implements [`Compute`]. The dispatcher never
//! asks which backend it talks to.

use std::collections::BTreeMap;
use std::path::PathBuf;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::event::Event;
use crate::exit::Exit;
use crate::job::Job;

/// What registers a compute: names and functions, nothing else.
#[derive(Debug, Clone, Copy)]
pub struct Family {
    /// The name that people type after `--compute`.
    pub name: &'static str,
    /// One line for listings.
    pub summary: &'static str,
    /// What the compute needs to exist; plain data, no call.
    pub infra: fn() -> Infra,
    /// Makes the client. Touches nothing: what is missing is said when a job is submitted.
    pub connect: fn(&Config) -> Result<Box<dyn Compute>, ComputeError>,
}

inventory::collect!(Family);

/// What a family needs to exist, as data: deployment turns it into resources, the backend uses the same names at run time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Infra {
    /// The job queue; absent where the compute has none of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_queue: Option<String>,
    /// The job definition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_definition: Option<String>,
    /// The container image's flavour, such as `cpu`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Processor architecture of the image, such as `x86_64`; absent where it is the machine's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub architecture: Option<String>,
    /// Virtual processors a job gets unless it asks otherwise.
    pub vcpus: u32,
}

/// A job on its way to a compute.
#[derive(Debug, Clone)]
pub struct Request {
    /// The submission's id: the same for every try to submit this job.
    pub id: String,
    /// What to do.
    pub job: Job,
    /// Where the report shall lie, besides the compute's usual place.
    pub report: Option<PathBuf>,
    /// Environment for the worker, beside what the compute itself sets; carries `TRACEPARENT`.
    pub environment: BTreeMap<String, String>,
}

/// How a followed job ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The worker's exit.
    pub exit: Exit,
    /// The error in one sentence; absent on success.
    pub error: Option<String>,
    /// The report as the worker wrote it; absent when it could not be written or read.
    pub report: Option<Box<crate::report::Report>>,
    /// Where the report lies.
    pub report_at: Option<String>,
}

/// A compute that failed to do what it was asked for.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct ComputeError {
    /// One sentence with the fix.
    pub message: String,
    /// Which exit code says it best.
    pub exit: Exit,
    /// Whether asking again may help. An implementation never retries on its own.
    pub retry: bool,
    /// What lies behind it.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl ComputeError {
    /// An error of this machine or this compute that will not go away by itself.
    pub fn machine(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            exit: Exit::Machine,
            retry: false,
            source: None,
        }
    }

    /// The same, because of something else.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

/// A place where jobs run.
///
/// # Behavior
/// - `submit` answers as soon as the job is accepted; it does not wait for the job's end.
/// - `follow` ends when the job ended, however it did, and may be called once for each job.
/// - `cancel` asks the job to stop and answers at once; a job that has ended already is no error. The end is seen by `follow`.
/// - No method retries: [`ComputeError::retry`] tells the dispatcher whether that would help.
#[async_trait]
pub trait Compute: Send + Sync {
    /// Accepts a job and tells its id.
    async fn submit(&self, request: &Request) -> Result<String, ComputeError>;

    /// Tells the events of a job as they come and, in the end, how it ended.
    async fn follow(
        &self,
        job: &str,
        on: &mut (dyn FnMut(Event) + Send),
    ) -> Result<Outcome, ComputeError>;

    /// Asks a job to stop.
    async fn cancel(&self, job: &str) -> Result<(), ComputeError>;
}
