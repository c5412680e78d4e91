//! Why a job waits or ended as it did, or why none can run: what AWS Batch says of the job, its attempts, its queue and its
//! environments, each as one sentence with its fix.

use aws_sdk_batch::types::JobDetail as Found;
use ffbatch_dispatcher::compute::ComputeError;
use ffbatch_dispatcher::detail::JobDetail;
use ffbatch_dispatcher::infra::BatchFamily;
use ffbatch_dispatcher::settings::Settings;
use ffbatch_dispatcher::state::State;

use super::client::Client;

mod failed;
mod queue;
mod waits;

/// Explains a job, whose worker told an error or nothing.
pub async fn explain(
    client: &Client,
    settings: &Settings,
    found: &Found,
    detail: &JobDetail,
    told: Option<&str>,
) -> Result<Vec<String>, ComputeError> {
    Ok(match detail.summary.state {
        State::Pending => depends(detail),
        State::Runnable | State::Starting => {
            let queue = queue::ask(client, found.job_queue().unwrap_or_default()).await?;
            vec![waits::waits(detail, &queue.unwrap_or_default(), settings)]
        }
        State::Failed => failed::failed(found, detail, told, settings),
        State::Submitted | State::Running | State::Succeeded => Vec::new(),
    })
}

/// What keeps the queues of a family from running anything.
pub async fn obstacles(client: &Client, family: &BatchFamily) -> Result<Vec<String>, ComputeError> {
    let mut names = vec![family.job_queue.clone()];
    if !family.launch.is_fargate() {
        names.push(family.pinned_queue());
    }
    let mut found = Vec::new();
    for name in names {
        match queue::ask(client, &name).await? {
            Some(queue) => found.extend(queue::blocked(&queue)),
            None => found.push(format!(
                "there is no queue `{name}` (deploy the stack: `ffbatch deploy up`)"
            )),
        }
    }
    Ok(found)
}

/// The jobs that it waits for; an array waits for its children as well.
fn depends(detail: &JobDetail) -> Vec<String> {
    let open = detail.depends_on.iter().filter(|one| !one.state.is_ended());
    let waits = open.map(|one| {
        format!(
            "it waits for `{}` ({}), which is {}",
            one.name, one.id, one.state
        )
    });
    let mut waits: Vec<String> = waits.collect();
    if waits.is_empty() && detail.summary.array.is_some() {
        waits.push(format!(
            "it ends when the last of its children has (`ffbatch why {}:0` tells what the first one does)",
            detail.summary.id
        ));
    }
    waits
}

#[cfg(test)]
mod tests;
