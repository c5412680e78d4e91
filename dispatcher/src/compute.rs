//! The seam for computes: what a backend is and what it must do.
//!
//! A backend is one file: it submits a [`Family`] (a name and functions) and implements [`Compute`]. The dispatcher never
//! asks which backend it talks to.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::config::Config;
use crate::detail::{Filter, JobDetail, JobSummary, Listing};
use crate::event::Event;
use crate::exit::Exit;
use crate::infra::Infra;
use crate::job::Job;
use crate::location::Location;
use crate::terms::Terms;
use async_trait::async_trait;

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
    pub connect: Connect,
}

/// Makes the client of a family.
pub type Connect = fn(&Family, &Config) -> Result<Box<dyn Compute>, ComputeError>;

inventory::collect!(Family);

/// A job, or an array of jobs, on its way to a compute.
#[derive(Debug, Clone)]
pub struct Request {
    /// The submission's id: the same for every try to submit this job.
    pub id: String,
    /// What people call it; may be empty.
    pub name: String,
    /// What to do: one job, or the children of an array job in the order of their index.
    pub jobs: Vec<Job>,
    /// On which terms it is queued.
    pub terms: Terms,
    /// Where the report shall lie, besides the compute's usual place; of a single job only.
    pub report: Option<PathBuf>,
    /// Environment for the worker, beside what the compute itself sets; carries `TRACEPARENT`.
    pub environment: BTreeMap<String, String>,
}

impl Request {
    /// A request for one job on the usual terms.
    pub fn of(id: String, job: Job) -> Self {
        Self {
            id,
            name: job.name.clone(),
            jobs: vec![job],
            terms: Terms::default(),
            report: None,
            environment: BTreeMap::new(),
        }
    }

    /// How messages call it: its id says nothing to whoever has not been told it yet.
    pub fn title(&self) -> String {
        match &self.name[..] {
            "" => "the job".to_owned(),
            name => format!("job `{name}`"),
        }
    }

    /// Whether it is an array job.
    pub const fn is_array(&self) -> bool {
        self.jobs.len() > 1
    }
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

/// A result that came back to this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brought {
    /// Where the job left it.
    pub from: Location,
    /// Where it lies here.
    pub to: PathBuf,
    /// Its size.
    pub bytes: u64,
}

impl Outcome {
    /// Names in the report each result by where it lies here.
    pub fn relocate(&mut self, brought: &[Brought]) {
        let Some(report) = &mut self.report else {
            return;
        };
        for output in &mut report.outputs {
            let here = brought
                .iter()
                .find(|one| one.from.to_string() == output.location);
            if let Some(one) = here {
                output.location = one.to.to_string_lossy().into_owned();
            }
        }
    }
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

    /// An error in what was asked for.
    pub fn rejected(message: impl Into<String>) -> Self {
        Self {
            exit: Exit::Rejected,
            ..Self::machine(message)
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
/// - A job is named by the id that `submit` gave. A child of an array job is `PARENT:INDEX`, index from 0.
/// - A job that the compute does not know is an error of [`Exit::Rejected`] that names it.
/// - No method retries: [`ComputeError::retry`] tells the dispatcher whether that would help.
#[async_trait]
pub trait Compute: Send + Sync {
    /// Brings what jobs read from this machine to where they will run, and tells how far it is. A compute of this machine has
    /// nothing to bring.
    ///
    /// # Behavior
    /// - `submit` brings by itself what was not brought before. This is for whoever wants to see it, or to stop it: it accepts no
    ///   job, and may be dropped at any time.
    /// - What can never run, and what cannot be read, is an error before the first byte moves.
    /// - Twice is as good as once, and what is there already does not move again.
    async fn prepare(
        &self,
        _requests: &[Request],
        _on: &mut (dyn FnMut(Event) + Send),
    ) -> Result<(), ComputeError> {
        Ok(())
    }

    /// Accepts jobs and tells their ids, in the order of the requests.
    ///
    /// # Behavior
    /// - It answers as soon as the jobs are accepted; it waits for no job's end.
    /// - A dependency names a job that was accepted before, or an earlier request by its id.
    /// - What can never run (more processors than there are, an unknown dependency) is an error.
    /// - Where the compute can, it accepts all or none.
    async fn submit(&self, requests: &[Request]) -> Result<Vec<String>, ComputeError>;

    /// Tells the events of a job from its beginning, as they come, and in the end how it ended.
    ///
    /// # Behavior
    /// - It ends when the job ended, however it did. Any number may follow a job, at any time.
    /// - Of an attempt that is followed by another one the events come too.
    async fn follow(
        &self,
        job: &str,
        on: &mut (dyn FnMut(Event) + Send),
    ) -> Result<Outcome, ComputeError>;

    /// Tells the events of an attempt as far as they are there; of the last attempt when none is named. A job that was never
    /// started has none.
    async fn events(
        &self,
        job: &str,
        attempt: Option<u32>,
        on: &mut (dyn FnMut(Event) + Send),
    ) -> Result<(), ComputeError>;

    /// Lists jobs.
    async fn list(&self, filter: &Filter) -> Result<Listing, ComputeError>;

    /// The jobs that a text may mean: the one with this id; else those of this name; else those whose id begins so.
    async fn find(&self, text: &str) -> Result<Vec<JobSummary>, ComputeError>;

    /// Where jobs are, in the order in which they were asked for.
    async fn states(&self, jobs: &[String]) -> Result<Vec<JobSummary>, ComputeError>;

    /// Everything about one job.
    async fn describe(&self, job: &str) -> Result<JobDetail, ComputeError>;

    /// Asks jobs to stop, for a reason that they will show.
    ///
    /// # Behavior
    /// - It answers at once. The end is seen by `states` and `follow`: `FAILED`, with the reason.
    /// - A job that has not started never will. A running one has some seconds to end by itself.
    /// - A job that has ended already is no error. With an array job all its children stop.
    async fn cancel(&self, jobs: &[String], reason: &str) -> Result<(), ComputeError>;

    /// Brings the results of jobs to the paths of this machine at which their commands named them, and tells what lies where. A
    /// compute of this machine has left them there itself.
    ///
    /// # Behavior
    /// - Of a job that has not succeeded nothing comes, and of an array job what the children left that have.
    /// - A file appears whole under its name, over what stood there, as a job of this machine would have published it; playlists and
    ///   manifests come last. Missing directories are made.
    /// - Results that have come once come again only where they are missing: what somebody made of them since is left alone.
    /// - A name that leads out of the directories of the job's outputs is an error, before anything moves.
    /// - A job that was not submitted from here, or named no path of this machine, has nothing to bring; that is no error.
    async fn collect(
        &self,
        _jobs: &[String],
        _on: &mut (dyn FnMut(Event) + Send),
    ) -> Result<Vec<Brought>, ComputeError> {
        Ok(Vec::new())
    }

    /// What keeps the compute from running any job, each in one sentence with the fix. A compute of this machine has nothing
    /// between itself and its jobs.
    ///
    /// # Behavior
    /// - It looks, and changes nothing. What it cannot look at is an error.
    async fn obstacles(&self) -> Result<Vec<String>, ComputeError> {
        Ok(Vec::new())
    }

    /// Submits an ended job once more, as a new job, and tells its id. Of an array job, the children that failed.
    async fn resubmit(&self, job: &str) -> Result<String, ComputeError>;
}
