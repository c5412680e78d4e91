//! Why a job that could run does not yet.
//!
//! The codes of jobs that are stuck are those of the AWS Batch User Guide, "Jobs stuck in a RUNNABLE status" and "Job queue blocked".

use ffbatch_dispatcher::detail::JobDetail;
use ffbatch_dispatcher::infra::{BatchFamily, Launch};
use ffbatch_dispatcher::settings::Settings;
use ffbatch_dispatcher::state::State;

use super::queue::{Queue, blocked};

/// What it waits for.
pub fn waits(detail: &JobDetail, queue: &Queue, settings: &Settings) -> String {
    if detail.summary.state == State::Starting {
        return "its container starts: mostly the image is pulled (ask again in a minute)"
            .to_owned();
    }
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
    stuck(reason, detail, settings).unwrap_or_else(|| waits_for_room(detail, settings))
}

fn waits_for_room(detail: &JobDetail, settings: &Settings) -> String {
    let quota = quota(detail, &settings.family);
    if settings.family.launch.is_fargate() {
        return format!(
            "it waits for room on Fargate, mostly for less than a minute (if it stays so, capacity is short, or the account's quota \"{quota}\" is used up)"
        );
    }
    format!(
        "it waits for an instance: AWS Batch starts one within some minutes, or sooner where one has room (if it stays so, capacity is short, or the account's quota \"{quota}\" is used up)"
    )
}

/// What AWS Batch itself says of a job that is stuck.
fn stuck(reason: &str, detail: &JobDetail, settings: &Settings) -> Option<String> {
    let families = settings.family.families.join(", ");
    let wanted = detail.terms.instance_type.as_ref();
    let wanted = wanted.map_or_else(
        || format!("instance of {families}"),
        |name| format!("`{name}`"),
    );
    let known = [
        (
            "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY",
            format!(
                "AWS has no {wanted} to give at the moment, or the account may start no more (wait; see its quota \"{}\"; or choose another compute or Region)",
                quota(detail, &settings.family)
            ),
        ),
        (
            "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE",
            "it asks for more than its environment may start (ask for fewer vCPUs, or raise `maxvCpus`)".to_owned(),
        ),
        (
            "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
            format!("no {wanted} has what it asks for (ask for less)"),
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

/// The name of the quota that its job counts against.
fn quota(detail: &JobDetail, family: &BatchFamily) -> &'static str {
    let launch = match family.launch {
        Launch::Spot if detail.terms.instance_type.is_some() => Launch::OnDemand,
        launch => launch,
    };
    family.quota(launch).name
}
