//! The compute that a verb talks to.

use ffbatch_dispatcher::compute::Compute;
use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::detail::{Filter, JobSummary};
use ffbatch_dispatcher::dispatch::{self, DispatchError, Dispatcher};
use ffbatch_dispatcher::registry::Families;
use ffbatch_dispatcher::state::State;

/// A connected compute.
pub struct Client {
    /// Its name.
    pub name: String,
    /// Whom to ask.
    pub compute: Box<dyn Compute>,
}

/// What stands behind a verb so that it asks this compute; nothing for the one that is asked without it.
pub fn flag(compute: &str) -> String {
    if compute == Config::default().compute {
        String::new()
    } else {
        format!(" --compute {compute}")
    }
}

impl Client {
    /// Connects to the compute of this name, else to the configured one.
    pub fn connect(config: Config, compute: Option<&str>) -> Result<Self, DispatchError> {
        let name = compute.unwrap_or(&config.compute).to_owned();
        let compute = Dispatcher::new(Families::linked()?, config).connect(&name)?;
        Ok(Self { name, compute })
    }

    /// The jobs that these texts mean.
    pub async fn find(&self, texts: &[String]) -> Result<Vec<JobSummary>, DispatchError> {
        dispatch::find(self.compute.as_ref(), texts).await
    }

    /// The one job that this text means.
    pub async fn one(&self, text: &str) -> Result<JobSummary, DispatchError> {
        let mut found = self.find(&[text.to_owned()]).await?;
        found
            .pop()
            .ok_or_else(|| DispatchError::NoJob(text.to_owned()))
    }

    /// Every job that has not ended, of array jobs the whole.
    pub async fn open(&self) -> Result<Vec<JobSummary>, DispatchError> {
        let open = State::ALL.into_iter().filter(|state| !state.is_ended());
        let filter = Filter {
            states: open.collect(),
            ..Filter::default()
        };
        Ok(self.compute.list(&filter).await?.jobs)
    }
}
