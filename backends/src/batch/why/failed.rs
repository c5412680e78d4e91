//! Why a job failed: what its worker has told, else what AWS Batch says of its attempts.

use aws_sdk_batch::types::{ContainerDetail, JobDetail as Found};
use ffbatch_dispatcher::detail::{JobDetail, Needed};
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::settings::Settings;
use ffbatch_dispatcher::state::State;

use crate::batch::follow::DEPENDENCY;

/// The exit code of a container that was killed, mostly for want of memory (128 and the number of SIGKILL).
const KILLED: i32 = 137;

/// Why a job failed.
pub fn failed(
    found: &Found,
    detail: &JobDetail,
    told: Option<&str>,
    settings: &Settings,
) -> Vec<String> {
    let last = detail.attempts.last();
    let container = found.container();
    let reason = last
        .and_then(|last| last.reason.as_deref())
        .or(container.and_then(ContainerDetail::reason))
        .unwrap_or_default();
    let status = found.status_reason().unwrap_or_default();
    if status.starts_with(DEPENDENCY) {
        return needed(&detail.depends_on);
    }
    let code = last.and_then(|last| last.exit_code);
    let sentence = match (told, code.and_then(Exit::from_code)) {
        (Some(told), Some(exit)) if exit != Exit::Interrupted => Some(told.to_owned()),
        _ => ended(reason, status, code, detail, settings),
    };
    sentence.into_iter().collect()
}

/// What became of the jobs that it needed.
fn needed(depends_on: &[Needed]) -> Vec<String> {
    let mut failed = depends_on.iter().filter(|one| one.state == State::Failed);
    let sentence = failed.next().map_or_else(
        || "a job that it needs has failed, so it never ran (submit both again)".to_owned(),
        |one| {
            format!(
                "it needs `{}` ({}), which failed, so it never ran (`ffbatch why {}` tells why; then submit both again)",
                one.name, one.id, one.id
            )
        },
    );
    vec![sentence]
}

/// What the ends of its attempts mean.
pub fn ended(
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
