//! Submitting an ended job once more.

use std::collections::HashMap;

use ffbatch_dispatcher::compute::{ComputeError, Request};
use ffbatch_dispatcher::job::{Job, manifest};
use ffbatch_dispatcher::location::Location;
use ffbatch_dispatcher::state::State;

use super::client::{Client, stored};
use super::settings::Settings;
use super::{ask, list, submit, summary};

/// The largest manifest that is read back, in bytes.
const MANIFEST_LIMIT: u64 = 1 << 30;

/// Submits a job as a new one, of an array job the children that failed, and tells the id.
pub async fn resubmit(
    client: &Client,
    settings: &Settings,
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
    let jobs = match summary::document(client, &found).await? {
        Some(document) => vec![document],
        None => {
            failed(
                client,
                job,
                found.parameters().and_then(|all| all.get("job")),
            )
            .await?
        }
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
        ..Request::of(id, first)
    };
    submit::send(client, settings, &request, &HashMap::new()).await
}

/// The jobs of the children that failed, by the manifest of their array; of a child, its own.
async fn failed(
    client: &Client,
    job: &str,
    manifest: Option<&String>,
) -> Result<Vec<Job>, ComputeError> {
    let text = manifest.map(String::as_str).unwrap_or_default();
    let at: Location = text.parse().map_err(|_| {
        ComputeError::rejected(format!(
            "job `{job}` does not say what it did (submit it anew)"
        ))
    })?;
    let parent = job.split(':').next().unwrap_or(job);
    let indexes: Vec<u64> = if parent == job {
        let children = list::children(client, job).await?;
        let failed = children.iter().filter(|child| child.state == State::Failed);
        failed.map(|child| list::index(&child.id)).collect()
    } else {
        vec![list::index(job)]
    };
    let store = client.stores.of(&at).map_err(stored)?;
    let bytes = store.read(&at, MANIFEST_LIMIT).await.map_err(stored)?;
    let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    let line = |index: u64| {
        let past = || manifest::ManifestError::Past(index + 1);
        let line = usize::try_from(index)
            .ok()
            .and_then(|index| lines.get(index));
        let text = line
            .and_then(|line| std::str::from_utf8(line).ok())
            .ok_or_else(past);
        let job = text.and_then(|text| {
            Job::from_json(text).map_err(|error| manifest::ManifestError::Job(index + 1, error))
        });
        job.map_err(|error| ComputeError::rejected(format!("the manifest `{at}` {error}")))
    };
    indexes.into_iter().map(line).collect()
}
