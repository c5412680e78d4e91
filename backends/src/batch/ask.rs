//! Where jobs are: `DescribeJobs`, in pages.

use std::collections::HashMap;

use aws_sdk_batch::types::{ContainerDetail, JobDetail, NodeProperties};
use ffbatch_dispatcher::compute::ComputeError;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::client::Client;

/// The most ids of one call (AWS Batch API Reference, `DescribeJobs`).
const PAGE: usize = 100;

/// What follows the id of a multi-node job in that of its only node (AWS Batch User Guide, "Multi-node parallel jobs").
const NODE: &str = "#0";

/// How many calls are under way at once.
const AT_ONCE: usize = 4;

/// What AWS Batch knows of these jobs, in their order; one that it does not know is an error.
pub async fn describe(client: &Client, jobs: &[String]) -> Result<Vec<JobDetail>, ComputeError> {
    let mut known = known(client, jobs).await?;
    let in_order = jobs
        .iter()
        .map(|id| known.remove(id).ok_or_else(|| unknown(id)));
    in_order.collect()
}

/// What AWS Batch knows of one job.
pub async fn one(client: &Client, job: &str) -> Result<JobDetail, ComputeError> {
    let mut found = known(client, &[job.to_owned()]).await?;
    found.remove(job).ok_or_else(|| unknown(job))
}

/// Those of these jobs that AWS Batch knows, by their ids. It forgets jobs some days after their end.
///
/// A job that owns an instance comes with the container of its node.
pub async fn known(
    client: &Client,
    jobs: &[String],
) -> Result<HashMap<String, JobDetail>, ComputeError> {
    let mut known = described(client, jobs).await?;
    let owners = known
        .iter()
        .filter(|(_, job)| job.node_properties().is_some());
    let nodes: Vec<String> = owners.map(|(id, _)| format!("{id}{NODE}")).collect();
    let mut nodes = described(client, &nodes).await?;
    for (id, job) in &mut known {
        let Some(properties) = job.node_properties() else {
            continue;
        };
        match nodes.remove(&format!("{id}{NODE}")) {
            Some(node) => {
                job.container = node.container;
                if job.attempts().is_empty() {
                    job.attempts = node.attempts;
                }
            }
            None => job.container = planned(properties),
        }
    }
    Ok(known)
}

/// The container of a node that is not there yet.
fn planned(properties: &NodeProperties) -> Option<ContainerDetail> {
    let container = properties.node_range_properties().first()?.container()?;
    let planned = ContainerDetail::builder()
        .set_command(container.command.clone())
        .set_environment(container.environment.clone())
        .set_resource_requirements(container.resource_requirements.clone())
        .set_instance_type(container.instance_type.clone());
    Some(planned.build())
}

async fn described(
    client: &Client,
    jobs: &[String],
) -> Result<HashMap<String, JobDetail>, ComputeError> {
    let pages: Vec<Vec<String>> = jobs.chunks(PAGE).map(<[String]>::to_vec).collect();
    let ask = |page: Vec<String>| async {
        let call = client.batch.describe_jobs().set_jobs(Some(page));
        call.send()
            .await
            .map_err(|error| client.refused("the jobs cannot be asked for", &error))
    };
    let answers: Vec<_> = stream::iter(pages)
        .map(ask)
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    let found = answers
        .into_iter()
        .flat_map(|answer| answer.jobs.unwrap_or_default());
    Ok(found
        .filter_map(|job| Some((job.job_id()?.to_owned(), job)))
        .collect())
}

/// The error of a job that nobody knows.
pub fn unknown(job: &str) -> ComputeError {
    ComputeError::rejected(format!(
        "there is no job `{job}` on AWS Batch (`ffbatch list` shows the jobs; AWS Batch forgets them some days after their end)"
    ))
}
