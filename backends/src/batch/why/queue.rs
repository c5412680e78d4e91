//! A queue and its compute environments, and what keeps them from running anything.

use aws_sdk_batch::types::{
    CeState, CeStatus, ComputeEnvironmentDetail, ComputeResource, JqState, JqStatus,
};
use ffbatch_dispatcher::compute::ComputeError;

use crate::batch::client::Client;

/// What is known of one compute environment of the queue.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    pub name: String,
    pub is_enabled: bool,
    pub is_valid: bool,
    pub reason: Option<String>,
    pub most_vcpus: Option<u32>,
}

/// What is known of the queue.
#[derive(Debug, Clone, Default)]
pub struct Queue {
    pub name: String,
    pub is_enabled: bool,
    pub is_valid: bool,
    pub reason: Option<String>,
    pub environments: Vec<Environment>,
}

/// A queue and its environments, by its name or ARN; `None` where there is no such queue.
pub async fn ask(client: &Client, name: &str) -> Result<Option<Queue>, ComputeError> {
    let answer = client
        .batch
        .describe_job_queues()
        .job_queues(name)
        .send()
        .await
        .map_err(|error| client.refused("the queue cannot be asked for", &error))?;
    let Some(queue) = answer.job_queues().first() else {
        return Ok(None);
    };
    let order = queue.compute_environment_order();
    let names: Vec<String> = order
        .iter()
        .filter_map(|one| one.compute_environment().map(str::to_owned))
        .collect();
    let answer = client
        .batch
        .describe_compute_environments()
        .set_compute_environments(Some(names))
        .send()
        .await
        .map_err(|error| client.refused("the environments cannot be asked for", &error))?;
    let environment = |one: &ComputeEnvironmentDetail| Environment {
        name: one
            .compute_environment_name()
            .unwrap_or_default()
            .to_owned(),
        is_enabled: one.state() != Some(&CeState::Disabled),
        is_valid: one.status() != Some(&CeStatus::Invalid),
        reason: one.status_reason().map(str::to_owned),
        most_vcpus: one
            .compute_resources()
            .and_then(ComputeResource::maxv_cpus)
            .and_then(|vcpus| u32::try_from(vcpus).ok()),
    };
    Ok(Some(Queue {
        name: queue.job_queue_name().unwrap_or_default().to_owned(),
        is_enabled: queue.state() != Some(&JqState::Disabled),
        is_valid: queue.status() != Some(&JqStatus::Invalid),
        reason: queue.status_reason().map(str::to_owned),
        environments: answer
            .compute_environments()
            .iter()
            .map(environment)
            .collect(),
    }))
}

/// What keeps a queue from running anything.
pub fn blocked(queue: &Queue) -> Option<String> {
    let name = &queue.name;
    let because = |reason: &Option<String>| {
        let reason = reason.as_deref().filter(|reason| !reason.is_empty());
        reason.map_or_else(String::new, |reason| format!(": {reason}"))
    };
    if !queue.is_enabled {
        return Some(format!(
            "the queue `{name}` is disabled (enable it: `aws batch update-job-queue --job-queue {name} --state ENABLED`)"
        ));
    }
    if !queue.is_valid {
        return Some(format!(
            "the queue `{name}` is invalid{} (deploy the stack again)",
            because(&queue.reason)
        ));
    }
    let works = |one: &&Environment| one.is_enabled && one.is_valid;
    if queue.environments.iter().any(|one| works(&one)) {
        return None;
    }
    let first = queue.environments.first()?;
    Some(if first.is_valid {
        format!(
            "the environment `{0}` of the queue `{name}` is disabled (enable it: `aws batch update-compute-environment --compute-environment {0} --state ENABLED`)",
            first.name
        )
    } else {
        format!(
            "the environment `{}` of the queue `{name}` is invalid{} (mend what it says, and deploy the stack again)",
            first.name,
            because(&first.reason)
        )
    })
}
