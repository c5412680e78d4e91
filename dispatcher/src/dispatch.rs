//! From request to report: picks the compute, submits one job or thousands, follows, cancels when asked.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::pin;

use crate::compute::{Compute, ComputeError, Outcome, Request};
use crate::config::Config;
use crate::detail::JobSummary;
use crate::event::Event;
use crate::exit::Exit;
use crate::job::JobError;
use crate::registry::{Families, RegistryError};
use crate::terms::TermsError;

use places::Places;

pub use collect::collect;
pub use places::PlacesError;
pub use watch::watch;

mod collect;
mod places;
mod watch;

/// What a job shows that somebody stopped who had started it.
const STOPPED: &str = "the job was asked to stop before it was done; nothing more is published";

/// How many jobs are named where a text means several.
const NAMED: usize = 5;

/// A job that did not get as far as a worker's report.
#[derive(Debug, thiserror::Error)]
pub enum DispatchError {
    /// The job is wrong.
    #[error(transparent)]
    Job(#[from] JobError),
    /// One of several jobs is wrong.
    #[error("job `{name}`: {error}")]
    OneJob {
        /// What the job is called.
        name: String,
        /// What is wrong with it.
        error: JobError,
    },
    /// The terms are wrong.
    #[error("{}{error}", of(name))]
    Terms {
        /// What the job is called.
        name: String,
        /// What is wrong with them.
        error: TermsError,
    },
    /// Jobs get into each other's way.
    #[error(transparent)]
    Places(#[from] PlacesError),
    /// There is no such compute.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// No job is meant.
    #[error("there is no job `{0}` (`ffbatch list` shows the jobs)")]
    NoJob(String),
    /// Several jobs may be meant.
    #[error(
        "`{text}` means {} (say which by its id): {}",
        meant(found),
        named(found)
    )]
    Ambiguous {
        /// What was asked for.
        text: String,
        /// The jobs that it may mean.
        found: Vec<JobSummary>,
    },
    /// Whoever waited for a job left, and the job goes on.
    #[error(
        "the job goes on without you (`ffbatch wait {job} --compute {compute}` comes back to it, `ffbatch cancel {job} --compute {compute}` stops it)"
    )]
    Left {
        /// Where it runs.
        compute: String,
        /// Its id.
        job: String,
    },
    /// Whoever waited left before the job was submitted.
    #[error("stopped before the job was submitted (what was uploaded is there for the next time)")]
    Unsent,
    /// Results of jobs that succeeded are not here.
    #[error("{}", uncollected(compute, jobs))]
    Uncollected {
        /// Where the jobs ran.
        compute: String,
        /// Their ids.
        jobs: Vec<String>,
        /// Why; absent where whoever waited left.
        #[source]
        because: Option<Box<ComputeError>>,
    },
    /// The compute failed.
    #[error(transparent)]
    Compute(#[from] ComputeError),
}

fn of(name: &str) -> String {
    if name.is_empty() {
        String::new()
    } else {
        format!("job `{name}`: ")
    }
}

fn uncollected(compute: &str, jobs: &[String]) -> String {
    let succeeded = match jobs {
        [_] => "the job has succeeded, and its results are not all here",
        _ => "results of jobs that have succeeded are not all here",
    };
    let named = jobs.get(..NAMED).unwrap_or(jobs).join(" ");
    let more = if jobs.len() > NAMED { " ..." } else { "" };
    format!("{succeeded} (`ffbatch wait {named}{more} --compute {compute}` brings them)")
}

fn meant(found: &[JobSummary]) -> String {
    format!("{} jobs", found.len())
}

fn named(found: &[JobSummary]) -> String {
    let mut names: Vec<String> = found
        .iter()
        .take(NAMED)
        .map(|job| format!("{} ({})", job.id, job.state))
        .collect();
    if found.len() > NAMED {
        names.push("...".to_owned());
    }
    names.join(", ")
}

impl DispatchError {
    /// The exit code that says it best.
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Registry(RegistryError::Duplicate { .. } | RegistryError::Empty { .. }) => {
                Exit::Internal
            }
            Self::Left { .. } | Self::Unsent | Self::Uncollected { because: None, .. } => {
                Exit::Interrupted
            }
            Self::Uncollected {
                because: Some(error),
                ..
            } => error.exit,
            Self::Compute(error) => error.exit,
            _ => Exit::Rejected,
        }
    }
}

/// Runs jobs on the computes of this program.
#[derive(Debug)]
pub struct Dispatcher {
    families: Families,
    config: Config,
}

impl Dispatcher {
    /// A dispatcher over these computes.
    pub const fn new(families: Families, config: Config) -> Self {
        Self { families, config }
    }

    /// The computes of this program.
    pub const fn families(&self) -> &Families {
        &self.families
    }

    /// The client of a compute.
    pub fn connect(&self, compute: &str) -> Result<Box<dyn Compute>, DispatchError> {
        // A misspelt section would be ignored otherwise.
        for name in self.config.backends.keys() {
            self.families.find(name)?;
        }
        let family = self.families.find(compute)?;
        Ok((family.connect)(family, &self.config)?)
    }

    /// Whether jobs of a compute go on elsewhere when whoever waits for them leaves.
    pub fn is_elsewhere(&self, compute: &str) -> Result<bool, DispatchError> {
        let family = self.families.find(compute)?;
        Ok((family.infra)().batch.is_some())
    }

    /// Submits one job and follows it to its end; tells its id on the compute and how it ended.
    ///
    /// When `stop` becomes ready a job of this machine is cancelled once, and followed on to its end. One that is elsewhere is left
    /// alone, with [`DispatchError::Left`]; what it reads has come there before, and its results come back here after.
    pub async fn run(
        &self,
        compute: &str,
        request: Request,
        on: &mut (dyn FnMut(Event) + Send),
        stop: impl Future<Output = ()> + Send,
    ) -> Result<(String, Outcome), DispatchError> {
        let client = self.connect(compute)?;
        for job in &request.jobs {
            job.check()?;
        }
        if self.is_elsewhere(compute)? {
            return elsewhere(client.as_ref(), compute, request, on, stop).await;
        }
        let job = submit_one(client.as_ref(), compute, request).await?;
        let ended = follow(client.as_ref(), &job, on, stop).await?;
        Ok((job, ended))
    }
}

/// Runs a job that goes on without whoever waits for it. What it reads goes there before, and what it wrote comes back.
async fn elsewhere(
    client: &dyn Compute,
    compute: &str,
    request: Request,
    on: &mut (dyn FnMut(Event) + Send),
    stop: impl Future<Output = ()> + Send,
) -> Result<(String, Outcome), DispatchError> {
    let mut stop = pin!(stop);
    tokio::select! {
        prepared = client.prepare(std::slice::from_ref(&request), on) => prepared?,
        () = &mut stop => return Err(DispatchError::Unsent),
    }
    let job = submit_one(client, compute, request).await?;
    let ended = tokio::select! {
        ended = client.follow(&job, on) => ended?,
        () = &mut stop => {
            let compute = compute.to_owned();
            return Err(DispatchError::Left { compute, job });
        }
    };
    let mut ended = ended;
    if ended.exit == Exit::Succeeded {
        let jobs = std::slice::from_ref(&job);
        ended.relocate(&collect(client, compute, jobs, on, stop).await?);
    }
    Ok((job, ended))
}

async fn submit_one(
    client: &dyn Compute,
    compute: &str,
    request: Request,
) -> Result<String, DispatchError> {
    let ids = submit(client, &[request]).await?;
    let job = ids.into_iter().next().unwrap_or_default();
    tracing::debug!(compute, job, "submitted");
    Ok(job)
}

/// Submits jobs to one compute and tells their ids; everything that is wrong with one is found before the first goes out.
pub async fn submit(
    compute: &dyn Compute,
    requests: &[Request],
) -> Result<Vec<String>, DispatchError> {
    check(requests)?;
    Ok(compute.submit(requests).await?)
}

/// Finds everything that is wrong with jobs that are submitted together.
pub fn check(requests: &[Request]) -> Result<(), DispatchError> {
    let mut places = Places::default();
    for (number, request) in requests.iter().enumerate() {
        request
            .terms
            .check(request.jobs.len())
            .map_err(|error| DispatchError::Terms {
                name: request.name.clone(),
                error,
            })?;
        for (index, job) in request.jobs.iter().enumerate() {
            let parsed = job.check().map_err(|error| match &request.name[..] {
                "" => DispatchError::Job(error),
                name => DispatchError::OneJob {
                    name: name.to_owned(),
                    error,
                },
            })?;
            places.add(number, index, &parsed);
        }
    }
    Ok(places.check(requests)?)
}

/// The jobs that people mean by these texts, each once, in their order: ids, beginnings of ids, names.
pub async fn find(
    compute: &dyn Compute,
    texts: &[String],
) -> Result<Vec<JobSummary>, DispatchError> {
    let mut jobs = Vec::new();
    let mut seen = BTreeSet::new();
    for text in texts {
        let mut found = compute.find(text).await?;
        match found.len() {
            0 => return Err(DispatchError::NoJob(text.clone())),
            1 => jobs.extend(found.pop().filter(|job| seen.insert(job.id.clone()))),
            _ => {
                return Err(DispatchError::Ambiguous {
                    text: text.clone(),
                    found,
                });
            }
        }
    }
    Ok(jobs)
}

async fn follow(
    compute: &dyn Compute,
    job: &str,
    on: &mut (dyn FnMut(Event) + Send),
    stop: impl Future<Output = ()> + Send,
) -> Result<Outcome, ComputeError> {
    let mut stop = pin!(stop);
    let mut ended = pin!(compute.follow(job, on));
    tokio::select! {
        outcome = &mut ended => return outcome,
        () = &mut stop => compute.cancel(&[job.to_owned()], STOPPED).await?,
    }
    ended.await
}
