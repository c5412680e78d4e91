//! From request to report: picks the compute, submits, follows, cancels when asked.

use std::future::Future;
use std::pin::pin;

use crate::compute::{Compute, ComputeError, Outcome, Request};
use crate::config::Config;
use crate::event::Event;
use crate::exit::Exit;
use crate::job::JobError;
use crate::registry::{Families, RegistryError};

/// A job that did not get as far as a worker's report.
#[derive(Debug, thiserror::Error)]
pub enum DispatchError {
    /// The job is wrong.
    #[error(transparent)]
    Job(#[from] JobError),
    /// There is no such compute.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The compute failed.
    #[error(transparent)]
    Compute(#[from] ComputeError),
}

impl DispatchError {
    /// The exit code that says it best.
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Job(_) | Self::Registry(RegistryError::Unknown { .. }) => Exit::Rejected,
            Self::Registry(_) => Exit::Internal,
            Self::Compute(error) => error.exit,
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

    /// Submits one job and follows it to its end.
    ///
    /// When `stop` becomes ready the job is cancelled once, and followed on to its end.
    pub async fn run(
        &self,
        compute: &str,
        request: &Request,
        on: &mut (dyn FnMut(Event) + Send),
        stop: impl Future<Output = ()> + Send,
    ) -> Result<Outcome, DispatchError> {
        // A misspelt section would be ignored otherwise.
        for name in self.config.backends.keys() {
            self.families.find(name)?;
        }
        let family = self.families.find(compute)?;
        request.job.check()?;
        let compute = (family.connect)(&self.config)?;
        let job = compute.submit(request).await?;
        tracing::debug!(compute = family.name, job, "submitted");
        follow(compute.as_ref(), &job, on, stop)
            .await
            .map_err(DispatchError::from)
    }
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
        () = &mut stop => compute.cancel(job).await?,
    }
    ended.await
}
