//! Why a job waits or ended as it did: what AWS Batch says of the job, its attempts, its queue and its environments, each as one
//! sentence with its fix.
//!
//! The codes of jobs that are stuck are those of the AWS Batch User Guide, "Jobs stuck in a RUNNABLE status" and "Job queue blocked".

use aws_sdk_batch::types::{
    CeState, CeStatus, ComputeResource, JobDetail as Found, JqState, JqStatus,
};
use ffbatch_dispatcher::compute::ComputeError;
use ffbatch_dispatcher::detail::JobDetail;
use ffbatch_dispatcher::event::Event;
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::settings::Settings;
use ffbatch_dispatcher::state::State;

use super::client::Client;
use super::{follow, summary};

/// The exit code of a container that was killed, mostly for want of memory (128 and the number of SIGKILL).
const KILLED: i32 = 137;

/// What is known of one compute environment of the queue.
#[derive(Debug, Clone, Default)]
struct Environment {
    name: String,
    is_enabled: bool,
    is_valid: bool,
    reason: Option<String>,
    most_vcpus: Option<u32>,
}

/// What is known of the queue.
#[derive(Debug, Clone, Default)]
struct Queue {
    name: String,
    is_enabled: bool,
    is_valid: bool,
    reason: Option<String>,
    environments: Vec<Environment>,
}

/// Explains a job.
pub async fn explain(
    client: &Client,
    settings: &Settings,
    found: &Found,
    detail: &JobDetail,
) -> Result<Vec<String>, ComputeError> {
    Ok(match detail.summary.state {
        State::Submitted | State::Pending => depends(detail),
        State::Runnable | State::Starting => {
            let queue = ask(client, found).await?;
            vec![waits(detail, &queue, settings)]
        }
        State::Failed => {
            let told = told(client, &detail.summary.id).await;
            failed(found, detail, told.as_deref(), settings)
        }
        State::Running | State::Succeeded => Vec::new(),
    })
}

/// The jobs that it waits for.
fn depends(detail: &JobDetail) -> Vec<String> {
    let open = detail.depends_on.iter().filter(|one| !one.state.is_ended());
    let waits = open.map(|one| {
        format!(
            "it waits for `{}` ({}), which is {}",
            one.name, one.id, one.state
        )
    });
    waits.collect()
}

/// Why a job that could run does not.
fn waits(detail: &JobDetail, queue: &Queue, settings: &Settings) -> String {
    if let Some(why) = blocked(queue) {
        return why;
    }
    let most = queue
        .environments
        .iter()
        .filter_map(|one| one.most_vcpus)
        .max();
    if let (Some(wanted), Some(most)) = (detail.terms.vcpus, most)
        && wanted > most
    {
        return format!(
            "it asks for {wanted} vCPUs, and the environments of `{}` may start {most} (ask for less, or raise `maxvCpus` of one)",
            queue.name
        );
    }
    let reason = detail.summary.status_reason.as_deref().unwrap_or_default();
    stuck(reason, settings).unwrap_or_else(|| {
        "it waits for an instance: AWS Batch starts one within some minutes, or sooner where one has room (ask again later; Spot capacity may be short)".to_owned()
    })
}

/// What keeps a queue from running anything.
fn blocked(queue: &Queue) -> Option<String> {
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

/// What AWS Batch itself says of a job that is stuck.
fn stuck(reason: &str, settings: &Settings) -> Option<String> {
    let quota = if settings.family.gpus > 0 || settings.compute == "xilinx" {
        "; a new account may start no such instance on Spot: ask for the quota \"All G and VT Spot Instance Requests\""
    } else {
        ""
    };
    let known = [
        (
            "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY",
            format!(
                "AWS has no instance of {} to give at the moment (wait, add families, or choose another Region{quota})",
                settings.family.families.join(", ")
            ),
        ),
        (
            "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE",
            "it asks for more than its environment may start (ask for fewer vCPUs, or raise `maxvCpus`)".to_owned(),
        ),
        (
            "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
            format!(
                "no instance of {} has what it asks for (ask for less)",
                settings.family.families.join(", ")
            ),
        ),
        (
            "MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS",
            "the service role of its environment lacks a permission (deploy the stack again)".to_owned(),
        ),
    ];
    let found = known.into_iter().find(|(code, _)| reason.contains(code));
    found
        .map(|(_, sentence)| sentence)
        .or_else(|| (!reason.is_empty()).then(|| reason.to_owned()))
}

/// What the last worker said of its end. A log that is gone says nothing.
async fn told(client: &Client, job: &str) -> Option<String> {
    let mut told = None;
    let mut listen = |event: Event| {
        if let Event::Finished { error, .. } = event {
            told = error;
        }
    };
    if let Err(error) = follow::events(client, job, None, &mut listen).await {
        tracing::debug!(%error, "the log cannot be read");
    }
    told
}

/// Why a job failed.
fn failed(
    found: &Found,
    detail: &JobDetail,
    told: Option<&str>,
    settings: &Settings,
) -> Vec<String> {
    let last = detail.attempts.last();
    let container = summary::container(found);
    let reason = last
        .and_then(|last| last.reason.as_deref())
        .or(container.and_then(|container| container.reason()))
        .unwrap_or_default();
    let status = found.status_reason().unwrap_or_default();
    let code = last.and_then(|last| last.exit_code);
    let sentence = match (told, code.and_then(Exit::from_code)) {
        (Some(told), Some(exit)) if exit != Exit::Interrupted => Some(told.to_owned()),
        _ => ended(reason, status, code, detail, settings),
    };
    sentence.into_iter().collect()
}

fn ended(
    reason: &str,
    status: &str,
    code: Option<i32>,
    detail: &JobDetail,
    settings: &Settings,
) -> Option<String> {
    let id = &detail.summary.id;
    let attempts = detail.attempts.len();
    let both = format!("{reason} {status}");
    if both.contains("CannotPullContainer") {
        return Some(format!(
            "its image could not be pulled: {reason} (push the image that the definition `{}` names)",
            settings.family.job_definition
        ));
    }
    if both.contains("OutOfMemory") || code == Some(KILLED) {
        let memory = detail.terms.memory_mib;
        let memory = memory.map_or_else(String::new, |mib| format!(" of {mib} MiB"));
        return Some(format!(
            "it ran out of its memory{memory} and was killed (ask for more: `--memory-mib`)"
        ));
    }
    if both.contains("Host EC2") {
        return Some(format!(
            "its Spot instance was taken back {attempts} times: {status} (try it again: `ffbatch retry {id}`; `--attempts` allows up to 10)"
        ));
    }
    if both.contains("exceeded timeout") {
        let limit = detail.terms.timeout_secs;
        let limit = limit.map_or_else(String::new, |seconds| format!(" of {seconds} s"));
        return Some(format!(
            "an attempt took longer than its limit{limit} (raise `timeout_secs`, or ask for more vCPUs)"
        ));
    }
    if let Some(exit) = code
        .and_then(Exit::from_code)
        .filter(|exit| *exit != Exit::Succeeded)
    {
        return Some(format!(
            "{} (`ffbatch logs {id}` has its last words)",
            exit.meaning()
        ));
    }
    (!status.is_empty()).then(|| status.to_owned())
}

/// The queue of a job and its environments.
async fn ask(client: &Client, found: &Found) -> Result<Queue, ComputeError> {
    let arn = found.job_queue().unwrap_or_default();
    let answer = client
        .batch
        .describe_job_queues()
        .job_queues(arn)
        .send()
        .await
        .map_err(|error| client.refused("the queue cannot be asked for", &error))?;
    let Some(queue) = answer.job_queues().first() else {
        return Ok(Queue::default());
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
    let environment = |one: &aws_sdk_batch::types::ComputeEnvironmentDetail| Environment {
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
    Ok(Queue {
        name: queue.job_queue_name().unwrap_or_default().to_owned(),
        is_enabled: queue.state() != Some(&JqState::Disabled),
        is_valid: queue.status() != Some(&JqStatus::Invalid),
        reason: queue.status_reason().map(str::to_owned),
        environments: answer
            .compute_environments()
            .iter()
            .map(environment)
            .collect(),
    })
}

#[cfg(test)]
mod tests;
