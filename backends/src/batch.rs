//! AWS Batch: the one client that all its families share. A family is a file of data; nothing here names one.
//!
//! - [`submit`] sends jobs: as the parameters of the original where these can say it, else as one document; thousands as array
//!   jobs whose children read their line of a manifest.
//! - [`stage`] brings what they read from this machine into the bucket, and what they wrote back.
//! - [`ask`] asks where they are, a hundred ids a call.
//! - [`follow`] reads a job's log while it is written, and turns the worker's lines back into events.
//!
//! The bucket for documents, and everything else that is particular to an installation, is read from the family's own job
//! definition: whoever can submit a job needs to configure nothing else.

use async_trait::async_trait;
use ffbatch_dispatcher::compute::{Brought, Compute, ComputeError, Family, Outcome, Request};
use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::detail::{Filter, JobDetail, JobSummary, Listing};
use ffbatch_dispatcher::event::Event;
use ffbatch_dispatcher::settings::Settings;
use tokio::sync::OnceCell;

use self::client::Client;
use self::stage::Staging;

mod again;
mod ask;
mod client;
mod deliver;
mod fits;
mod follow;
mod form;
mod lines;
mod list;
mod logs;
mod lots;
mod machine;
mod pace;
mod pinned;
mod refusal;
pub mod stage;
mod submit;
mod summary;
mod why;

/// Makes the client of a family; `Family::connect` of every family on AWS Batch. Nothing is asked before it is needed.
pub fn connect(family: &Family, config: &Config) -> Result<Box<dyn Compute>, ComputeError> {
    Ok(Box::new(Batch {
        settings: Settings::of(family, config)?,
        client: OnceCell::new(),
        staging: Staging::of(config),
    }))
}

/// One family.
struct Batch {
    settings: Settings,
    client: OnceCell<Client>,
    staging: Staging,
}

impl Batch {
    /// The connection, made when the first question needs it.
    async fn client(&self) -> Result<&Client, ComputeError> {
        self.client
            .get_or_try_init(|| Client::open(&self.settings))
            .await
    }
}

#[async_trait]
impl Compute for Batch {
    async fn prepare(
        &self,
        requests: &[Request],
        on: &mut (dyn FnMut(Event) + Send),
    ) -> Result<(), ComputeError> {
        let client = self.client().await?;
        submit::prepare(client, &self.settings, &self.staging, requests, on).await
    }

    async fn submit(&self, requests: &[Request]) -> Result<Vec<String>, ComputeError> {
        let client = self.client().await?;
        submit::submit(client, &self.settings, &self.staging, requests).await
    }

    async fn follow(
        &self,
        job: &str,
        on: &mut (dyn FnMut(Event) + Send),
    ) -> Result<Outcome, ComputeError> {
        follow::follow(self.client().await?, job, on).await
    }

    async fn events(
        &self,
        job: &str,
        attempt: Option<u32>,
        on: &mut (dyn FnMut(Event) + Send),
    ) -> Result<(), ComputeError> {
        follow::events(self.client().await?, job, attempt, on).await
    }

    async fn list(&self, filter: &Filter) -> Result<Listing, ComputeError> {
        list::list(self.client().await?, &self.settings, filter).await
    }

    async fn find(&self, text: &str) -> Result<Vec<JobSummary>, ComputeError> {
        list::find(self.client().await?, &self.settings, text).await
    }

    async fn states(&self, jobs: &[String]) -> Result<Vec<JobSummary>, ComputeError> {
        let client = self.client().await?;
        client.looks.wait().await;
        let found = ask::describe(client, jobs).await?;
        found.iter().map(summary::of).collect()
    }

    async fn describe(&self, job: &str) -> Result<JobDetail, ComputeError> {
        let client = self.client().await?;
        let found = ask::one(client, job).await?;
        let mut detail = summary::detail(client, &found).await?;
        let mut told = None;
        if detail.summary.state.is_ended()
            && let Some(last) = follow::last(client, &found).await
            && let Some(attempt) = detail.attempts.last_mut()
        {
            // One that stayed in the container is gone.
            attempt.report_at = last.report.filter(|at| at.starts_with("s3://"));
            told = last.error;
        }
        let told = told.as_deref();
        detail.why = why::explain(client, &self.settings, &found, &detail, told).await?;
        Ok(detail)
    }

    async fn obstacles(&self) -> Result<Vec<String>, ComputeError> {
        let client = self.client().await?;
        client.installed().await?;
        why::obstacles(client, &self.settings.family).await
    }

    async fn cancel(&self, jobs: &[String], reason: &str) -> Result<(), ComputeError> {
        let client = self.client().await?;
        ask::describe(client, jobs).await?;
        for job in jobs {
            let call = client.batch.terminate_job().job_id(job).reason(reason);
            call.send()
                .await
                .map_err(|error| client.refused("the job cannot be cancelled", &error))?;
        }
        Ok(())
    }

    async fn resubmit(&self, job: &str) -> Result<String, ComputeError> {
        let client = self.client().await?;
        again::resubmit(client, &self.settings, &self.staging, job).await
    }

    async fn collect(
        &self,
        jobs: &[String],
        on: &mut (dyn FnMut(Event) + Send),
    ) -> Result<Vec<Brought>, ComputeError> {
        stage::collect::collect(self.client().await?, &self.staging, jobs, on).await
    }
}
