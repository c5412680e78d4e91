//! Bulk runs, as clients of the API on AWS start them: `POST /state/execute` makes a job of every media object under a prefix,
//! `POST /state/describe` tells how far they are.
//!
//! There is no state machine here: the objects become one array job, and what has to be known of a run stands in its ARN. So the
//! server may be stopped and started. Two things are otherwise than on AWS: what cannot start is said at once instead of by a run
//! that fails, and a run with too many failed jobs goes on to its end.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::{Extension, Json};
use ffbatch_dispatcher::bulk::{TOLERATED, extensions};
use ffbatch_dispatcher::compute::Request;
use ffbatch_dispatcher::dispatch;
use ffbatch_dispatcher::job::{Job, Parameters, given};
use ffbatch_dispatcher::location::Location;
use ffbatch_dispatcher::terms::{ARRAY_SIZES, Terms};
use ffbatch_storage::Entry;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::paths;
use crate::access::Visitor;
use crate::answer::{BadBody, Body, Closed, Failed, Refusal, Wrong};
use crate::app::App;

mod execution;

pub use execution::{__path_describe, describe};

use execution::Execution;

/// The most jobs of one run.
const MOST: usize = 100_000;

/// A command for every media object under a prefix.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Bulk {
    /// A name for reports and traces
    name: Option<String>,
    /// A compute that is served here
    compute: String,
    input: Input,
    output: Output,
    #[serde(default)]
    global: Global,
    /// Percent of the jobs that may fail before the run counts as failed; 10 by default
    #[schema(minimum = 0, maximum = 100)]
    tolerated_failure_percentage: Option<f64>,
    /// Of the API on AWS: how many jobs are open at once. Here the compute decides that
    #[schema(minimum = 1)]
    max_concurrency: Option<u32>,
}

/// What is read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// A bucket
    #[schema(min_length = 3)]
    s3_bucket: String,
    /// What the keys begin with
    #[serde(default)]
    s3_prefix: String,
    /// Options of each input
    file_options: Option<String>,
    /// What the keys of media end with, without the point; other objects are left alone
    extensions: Option<Vec<String>>,
}

/// What is written: an object `raw/a.mov` becomes prefix, whole key, suffix.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// A bucket; that of the inputs where there is none
    #[schema(min_length = 3)]
    s3_bucket: Option<String>,
    /// What the outputs' keys begin with
    #[serde(default)]
    s3_prefix: String,
    /// What they end with
    #[serde(default)]
    s3_suffix: String,
    /// Options of each output
    file_options: Option<String>,
}

/// What is said once for each command.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Global {
    /// ffmpeg's global options
    options: Option<String>,
}

/// A run that was started.
#[derive(Debug, Serialize, ToSchema)]
pub struct Started {
    /// What names it to `/state/describe`
    #[serde(rename = "executionArn")]
    execution_arn: String,
}

/// Run an ffmpeg command on every object under a prefix
#[utoipa::path(
    post,
    path = "/state/execute",
    request_body = Bulk,
    responses(
        (status = 200, description = "The jobs are taken", body = Started),
        Wrong,
        Closed,
        BadBody,
        Failed,
    )
)]
pub async fn execute(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Body(bulk): Body<Bulk>,
) -> Result<Json<Started>, Refusal> {
    let compute = app.compute(&bulk.compute)?;
    let tolerated = bulk
        .tolerated_failure_percentage
        .unwrap_or(f64::from(TOLERATED));
    if !(0.0..=100.0).contains(&tolerated) || bulk.max_concurrency == Some(0) {
        return Err(Refusal::wrong(
            "`tolerated_failure_percentage` is from 0 to 100, and `max_concurrency` is at least 1",
        ));
    }
    let keys = media(&app, &bulk.input).await?;
    let mut jobs = Vec::with_capacity(keys.len());
    for key in &keys {
        let mut job = bulk.job(key)?;
        paths::bound(&app, &bulk.compute, &mut job, visitor)?;
        jobs.push(job);
    }
    let requests: Vec<Request> = jobs
        .chunks(*ARRAY_SIZES.end())
        .map(|part| Request {
            id: Uuid::new_v4().to_string(),
            name: format!("ffbatch-{}-{}", bulk.compute, Uuid::new_v4()),
            jobs: part.to_vec(),
            terms: Terms::default(),
            report: None,
            environment: BTreeMap::new(),
        })
        .collect();
    let jobs = dispatch::submit(compute, &requests).await?;
    let execution = Execution {
        compute: bulk.compute,
        tolerated,
        jobs,
    };
    Ok(Json(Started {
        execution_arn: execution.to_string(),
    }))
}

/// The keys under the prefix that are media.
async fn media(app: &App, input: &Input) -> Result<Vec<String>, Refusal> {
    let prefix = Location::S3 {
        bucket: input.s3_bucket.clone(),
        key: input.s3_prefix.clone(),
    };
    let stores = app.stores().await;
    let store = stores.of(&prefix)?;
    let found = store.list(&prefix).await?;
    let all = found.len();
    let usual = extensions();
    let extensions = input.extensions.as_ref().unwrap_or(&usual);
    let keys: Vec<String> = found
        .into_iter()
        .filter(|entry| entry.size_bytes != Some(0))
        .filter_map(|Entry { location, .. }| match location {
            Location::S3 { key, .. } => Some(key),
            _ => None,
        })
        .filter(|key| {
            let ending = key.rsplit_once('.').map_or(&key[..], |(_, ending)| ending);
            extensions.iter().any(|one| one == ending)
        })
        .collect();
    if keys.is_empty() {
        return Err(Refusal::missing(format!(
            "there is no media under `{prefix}` (objects there: {all}; `extensions` says what the keys of media end with)"
        )));
    }
    if keys.len() > MOST {
        return Err(Refusal::wrong(format!(
            "there are {} objects under `{prefix}`, {MOST} are the most of one run (give a longer prefix)",
            keys.len()
        )));
    }
    Ok(keys)
}

impl Bulk {
    /// The job for an object.
    fn job(&self, key: &str) -> Result<Job, Refusal> {
        let from = format!("s3://{}/{key}", self.input.s3_bucket);
        let bucket = given(self.output.s3_bucket.as_ref()).unwrap_or(&self.input.s3_bucket);
        let Output {
            s3_prefix,
            s3_suffix,
            ..
        } = &self.output;
        let to = format!("s3://{bucket}/{s3_prefix}{key}{s3_suffix}");
        if from == to {
            return Err(Refusal::wrong(
                "the results would overwrite what they are made from (give output.s3_prefix, output.s3_suffix or another output.s3_bucket)",
            ));
        }
        let parameters = Parameters {
            global_options: self.global.options.clone(),
            input_file_options: self.input.file_options.clone(),
            // A list in JSON, because a key may hold what stands between the inputs of a plain one.
            input_url: Some(serde_json::json!([from]).to_string()),
            output_file_options: self.output.file_options.clone(),
            output_url: Some(to),
            name: self.name.clone(),
            job: None,
        };
        let job = parameters.command_job()?;
        job.ok_or_else(|| Refusal::wrong("there is no command"))
    }
}
