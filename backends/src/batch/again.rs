//! Submitting an ended job once more.

use std::borrow::Cow;
use std::collections::HashMap;

use aws_sdk_batch::types::{ArrayPropertiesDetail, JobDetail as Found};
use ffbatch_dispatcher::compute::{ComputeError, Request};
use ffbatch_dispatcher::job::Job;
use ffbatch_dispatcher::location::Location;
use ffbatch_dispatcher::settings::Settings;
use ffbatch_dispatcher::state::State;
use ffbatch_dispatcher::variable::{RETRY_OF, SUBMISSION};

use super::client::Client;
use super::stage::record::Record;
use super::stage::{Staged, Staging};
use super::{ask, lines, list, submit, summary};

/// Submits a job as a new one, of an array job the children that failed, and tells the id.
pub async fn resubmit(
    client: &Client,
    settings: &Settings,
    staging: &Staging,
    job: &str,
) -> Result<String, ComputeError> {
    let found = ask::one(client, job).await?;
    let detail = summary::detail(client, &found).await?;
    if !detail.summary.state.is_ended() {
        return Err(ComputeError::rejected(format!(
            "job `{job}` has not ended, it is {} (cancel it first, or wait)",
            detail.summary.state
        )));
    }
    let id = uuid::Uuid::new_v4().to_string();
    let (indexes, jobs) = if detail.summary.array.is_some() {
        failed(client, job, &found).await?
    } else {
        let document = summary::document(client, &found).await?;
        let child = found
            .array_properties()
            .and_then(ArrayPropertiesDetail::index);
        let child = child.and_then(|index| u64::try_from(index).ok());
        let document = document.ok_or_else(|| silent(job))?;
        (vec![child.unwrap_or_default()], vec![document])
    };
    let Some(first) = jobs.first().cloned() else {
        return Err(ComputeError::rejected(format!(
            "no child of `{job}` has failed, so there is nothing to try again"
        )));
    };
    let mut terms = detail.terms;
    terms.depends_on.clear();
    let request = Request {
        name: detail.summary.name,
        jobs,
        terms,
        environment: [(RETRY_OF.to_owned(), job.to_owned())].into(),
        ..Request::of(id, first)
    };
    let staged = Staged {
        request: Cow::Owned(request),
        record: record(staging, &found, &indexes)?,
    };
    submit::remembered(client, settings, staging, &staged, &HashMap::new()).await
}

/// Where the results of these jobs of a submission belong, if that was written down here.
fn record(
    staging: &Staging,
    found: &Found,
    indexes: &[u64],
) -> Result<Option<Record>, ComputeError> {
    let Some(submission) = summary::variable(found, SUBMISSION) else {
        return Ok(None);
    };
    let indexes = indexes
        .iter()
        .filter_map(|index| usize::try_from(*index).ok());
    let indexes: Vec<usize> = indexes.collect();
    let before = staging.records()?.read(&submission)?;
    Ok(before.map(|record| record.again(&indexes)))
}

/// The jobs of the children that failed, with their numbers, by the manifest of their array.
async fn failed(
    client: &Client,
    job: &str,
    found: &Found,
) -> Result<(Vec<u64>, Vec<Job>), ComputeError> {
    let manifest = found.parameters().and_then(|all| all.get("job"));
    let at = manifest.and_then(|text| text.parse::<Location>().ok());
    let at = at.ok_or_else(|| silent(job))?;
    let children = list::children(client, job).await?;
    let failed = children.iter().filter(|child| child.state == State::Failed);
    let failed: Vec<u64> = failed.map(|child| list::index(&child.id)).collect();
    let jobs = lines::jobs(client, &at, failed.clone()).await?;
    Ok((failed, jobs))
}

/// The error of a job that was submitted by somebody else, in a way that cannot be read back.
fn silent(job: &str) -> ComputeError {
    ComputeError::rejected(format!(
        "job `{job}` does not say what it did (submit it anew)"
    ))
}
