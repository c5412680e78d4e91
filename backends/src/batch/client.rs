//! The connection to one account and Region, and what the installation there says of itself.

use std::time::Duration;

use aws_sdk_batch::config::http::HttpResponse;
use aws_sdk_batch::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_batch::types::{ContainerProperties, LogDriver};
use ffbatch_dispatcher::compute::ComputeError;
use ffbatch_dispatcher::location::Location;
use ffbatch_dispatcher::settings::Settings;
use ffbatch_dispatcher::variable::{self, BUCKET};
use ffbatch_storage::{SdkConfig, Stores};
use tokio::sync::OnceCell;

use super::pace::Pace;
use super::refusal::refused;

/// The log group of jobs whose definition names none (AWS Batch User Guide, "Use the awslogs log driver").
const LOG_GROUP: &str = "/aws/batch/job";

/// How long clean-up may take that a broken transfer needs.
const SETTLE: Duration = Duration::from_secs(2);

/// A connection.
#[derive(Debug)]
pub struct Client {
    /// AWS Batch.
    pub batch: aws_sdk_batch::Client,
    /// CloudWatch Logs.
    pub logs: aws_sdk_cloudwatchlogs::Client,
    /// S3.
    pub stores: Stores,
    /// Credentials, Region and endpoint, for calls of further services.
    pub config: SdkConfig,
    /// The Region.
    pub region: String,
    /// How fast jobs may be submitted.
    pub pace: Pace,
    /// How often somebody may look where jobs are who looks again and again.
    pub looks: Pace,
    /// What is asked, for messages.
    at: String,
    /// The family's job definition.
    definition: String,
    bucket: Option<String>,
    installed: OnceCell<Installed>,
}

/// What a job definition says of its installation.
#[derive(Debug, Clone)]
pub struct Installed {
    /// The bucket of the stack; absent where the definition names none.
    pub bucket: Option<String>,
    /// Where its logs go.
    pub log_group: String,
}

impl Client {
    /// Finds Region and credentials.
    pub async fn open(settings: &Settings) -> Result<Self, ComputeError> {
        let config = ffbatch_storage::cloud(&settings.aws).await;
        let region = config.region().map(ToString::to_string);
        let Some(region) = region.filter(|region| !region.is_empty()) else {
            return Err(ComputeError::machine(
                "no AWS Region is known (set AWS_REGION, or `region` in ~/.aws/config or in the section `aws` of ffbatch.toml)",
            ));
        };
        let stores = Stores::new(ffbatch_storage::s3_settings(&settings.aws, &config));
        Ok(Self {
            batch: aws_sdk_batch::Client::new(&config),
            logs: aws_sdk_cloudwatchlogs::Client::new(&config),
            stores,
            pace: Pace::of_submitting(),
            looks: Pace::of_looking(),
            at: match config.endpoint_url() {
                Some(endpoint) => format!("AWS Batch at `{endpoint}`"),
                None => format!("AWS Batch in `{region}`"),
            },
            config,
            region,
            definition: settings.family.job_definition.clone(),
            bucket: settings.aws.bucket.clone(),
            installed: OnceCell::new(),
        })
    }

    /// The error of a failed call.
    pub fn refused<E>(&self, doing: &str, error: &SdkError<E, HttpResponse>) -> ComputeError
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        refused(doing, &self.at, error)
    }

    /// What the family's job definition says, asked for once.
    pub async fn installed(&self) -> Result<&Installed, ComputeError> {
        self.installed.get_or_try_init(|| self.ask()).await
    }

    async fn ask(&self) -> Result<Installed, ComputeError> {
        let name = &self.definition;
        let found = self
            .batch
            .describe_job_definitions()
            .job_definition_name(name)
            .status("ACTIVE")
            .send()
            .await
            .map_err(|error| self.refused("the job definition cannot be read", &error))?;
        let newest = found
            .job_definitions()
            .iter()
            .max_by_key(|one| one.revision());
        let Some(newest) = newest else {
            return Err(ComputeError::machine(format!(
                "there is no active job definition `{name}`: {} (deploy the stack there, or name the definition in the configuration)",
                self.at
            )));
        };
        let container = newest.container_properties();
        Ok(Installed {
            bucket: container.and_then(bucket),
            log_group: container
                .and_then(log_group)
                .unwrap_or_else(|| LOG_GROUP.to_owned()),
        })
    }

    /// A place in the bucket of the installation.
    pub async fn place(&self, key: String) -> Result<Location, ComputeError> {
        let bucket = self.bucket().await?;
        Ok(Location::S3 { bucket, key })
    }

    /// The bucket of the installation.
    pub async fn bucket(&self) -> Result<String, ComputeError> {
        match &self.bucket {
            Some(bucket) => Ok(bucket.clone()),
            None => self.installed().await?.bucket.clone().ok_or_else(|| {
                ComputeError::machine(format!(
                    "the job definition `{}` names no bucket in {BUCKET}, and this job needs one (set `bucket` in the section `aws` of ffbatch.toml)",
                    self.definition
                ))
            }),
        }
    }

    /// Writes a document into the bucket.
    pub async fn write(
        &self,
        bytes: Vec<u8>,
        to: &Location,
        kind: &str,
    ) -> Result<(), ComputeError> {
        let store = self.stores.of(to).map_err(stored)?;
        let written = store.write(bytes, to, kind).await.map_err(stored);
        if written.is_err() {
            self.stores.settle(SETTLE).await;
        }
        written
    }
}

/// An error of the bucket.
pub fn stored(error: ffbatch_storage::StoreError) -> ComputeError {
    ComputeError::machine("the job's document cannot be stored").because(error)
}

fn bucket(container: &ContainerProperties) -> Option<String> {
    let variables = container.environment().iter();
    let mut named = variables.filter(|one| one.name() == Some(BUCKET));
    let named = named.next()?.value().filter(|name| !name.is_empty())?;
    Some(variable::bucket(named).to_owned())
}

fn log_group(container: &ContainerProperties) -> Option<String> {
    let log = container.log_configuration()?;
    if log.log_driver() != Some(&LogDriver::Awslogs) {
        return None;
    }
    log.options()?.get("awslogs-group").cloned()
}
