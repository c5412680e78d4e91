//! From what AWS Batch says of a job to what every compute says.

use std::collections::BTreeMap;
use std::path::Path;

use aws_sdk_batch::types::{
    ArrayJobDependency, AttemptContainerDetail, AttemptDetail, ContainerDetail, ContainerSummary,
    JobDependency, JobDetail as Found, JobStatus, JobSummary as Listed, JobTimeout, ResourceType,
    RetryStrategy as Strategy,
};
use ffbatch_dispatcher::compute::ComputeError;
use ffbatch_dispatcher::detail::{Attempt, JobDetail, JobSummary, Needed};
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::job::{Job, Parameters, given};
use ffbatch_dispatcher::location::Location;
use ffbatch_dispatcher::retry::RetryStrategy;
use ffbatch_dispatcher::state::State;
use ffbatch_dispatcher::terms::{Dependency, DependencyKind, Terms};
use jiff::Timestamp;

use super::ask;
use super::client::Client;

/// The largest job document that is read back, in bytes.
const DOCUMENT_LIMIT: u64 = 4 << 20;

/// A job as listings show it.
pub fn of(job: &Found) -> Result<JobSummary, ComputeError> {
    let id = job.job_id().unwrap_or_default().to_owned();
    let state = state(&id, job.status())?;
    let ended = u32::try_from(job.attempts().len()).unwrap_or(u32::MAX);
    let sizes = job
        .array_properties()
        .and_then(|array| array.status_summary());
    let array = sizes.map(|sizes| {
        let count = |(name, count): (&String, &i32)| {
            let state: State = name.parse().ok()?;
            Some((
                state,
                u32::try_from(*count).ok().filter(|count| *count > 0)?,
            ))
        };
        sizes.iter().filter_map(count).collect::<BTreeMap<_, _>>()
    });
    Ok(JobSummary {
        name: name(job),
        state,
        status_reason: job.status_reason().map(str::to_owned),
        exit: exit(state, container(job).and_then(ContainerDetail::exit_code)),
        attempt: ended + u32::from(state.is_active()),
        created: time(job.created_at()).unwrap_or_default(),
        started: time(job.started_at()),
        stopped: time(job.stopped_at()),
        array: array.filter(|_| {
            job.array_properties()
                .is_some_and(|array| array.index().is_none())
        }),
        id,
    })
}

/// A job of a listing, which says less.
pub fn listed(job: &Listed) -> Result<JobSummary, ComputeError> {
    let id = job.job_id().unwrap_or_default().to_owned();
    let state = state(&id, job.status())?;
    let code = job.container().and_then(ContainerSummary::exit_code);
    Ok(JobSummary {
        name: job.job_name().unwrap_or_default().to_owned(),
        state,
        status_reason: job.status_reason().map(str::to_owned),
        exit: exit(state, code),
        attempt: u32::from(job.started_at().is_some()),
        created: time(job.created_at()).unwrap_or_default(),
        started: time(job.started_at()),
        stopped: time(job.stopped_at()),
        array: None,
        id,
    })
}

fn state(id: &str, status: Option<&JobStatus>) -> Result<State, ComputeError> {
    let name = status.map_or("", JobStatus::as_str);
    name.parse().map_err(|error| {
        ComputeError::machine(format!("AWS Batch says of the job `{id}`: {error}"))
    })
}

fn exit(state: State, code: Option<i32>) -> Option<Exit> {
    match (state, code) {
        (State::Succeeded, _) => Some(Exit::Succeeded),
        (State::Failed, Some(code)) => {
            Exit::from_code(code).filter(|exit| *exit != Exit::Succeeded)
        }
        _ => None,
    }
}

fn time(millis: Option<i64>) -> Option<Timestamp> {
    millis
        .filter(|millis| *millis > 0)
        .and_then(|millis| Timestamp::from_millisecond(millis).ok())
}

/// What people call it: the parameter says it in full, the name of AWS Batch allows less.
fn name(job: &Found) -> String {
    let parameters = job.parameters();
    let full = parameters.and_then(|all| given(all.get("name")));
    full.or(job.job_name()).unwrap_or_default().to_owned()
}

/// The container of a job, also of one that owns an instance.
pub fn container(job: &Found) -> Option<&ContainerDetail> {
    job.container()
}

/// Everything about one job, but for why.
pub async fn detail(client: &Client, job: &Found) -> Result<JobDetail, ComputeError> {
    let depends_on = needed(client, job.depends_on()).await?;
    let strategy = job.retry_strategy();
    let attempts = strategy.and_then(Strategy::attempts);
    let seconds = job.timeout().and_then(JobTimeout::attempt_duration_seconds);
    let positive = |number: i32| u32::try_from(number).ok();
    Ok(JobDetail {
        summary: of(job)?,
        queue: tail(job.job_queue().unwrap_or_default()).to_owned(),
        terms: Terms {
            vcpus: resource(job, &ResourceType::Vcpu),
            memory_mib: resource(job, &ResourceType::Memory),
            gpus: resource(job, &ResourceType::Gpu),
            priority: job
                .scheduling_priority()
                .and_then(|priority| u16::try_from(priority).ok())
                .unwrap_or_default(),
            share: job.share_identifier().map(str::to_owned),
            tags: job
                .tags()
                .into_iter()
                .flatten()
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
            retry: RetryStrategy {
                attempts: attempts.and_then(positive).unwrap_or(1),
                ..RetryStrategy::default()
            },
            timeout_secs: seconds.and_then(positive),
            depends_on: depends_on
                .iter()
                .map(|one| Dependency {
                    job: one.id.clone(),
                    kind: one.kind,
                })
                .collect(),
            instance_type: None,
        },
        depends_on,
        attempts: job.attempts().iter().enumerate().map(attempt).collect(),
        commands: match document(client, job).await {
            Ok(found) => found.map(|job| job.commands).unwrap_or_default(),
            Err(_) => Vec::new(),
        },
        retry_of: None,
        why: Vec::new(),
    })
}

/// What follows the last slash of an ARN.
fn tail(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

fn resource(job: &Found, kind: &ResourceType) -> Option<u32> {
    let needs = container(job)?.resource_requirements();
    let one = needs.iter().find(|one| one.r#type() == Some(kind))?;
    // Fargate has halves of a processor.
    let amount: f64 = one.value()?.parse().ok()?;
    format!("{:.0}", amount.ceil()).parse().ok()
}

async fn needed(
    client: &Client,
    dependencies: &[JobDependency],
) -> Result<Vec<Needed>, ComputeError> {
    let ids: Vec<String> = dependencies
        .iter()
        .filter_map(|one| one.job_id().map(str::to_owned))
        .collect();
    let known = ask::known(client, &ids).await?;
    let one = |dependency: &JobDependency| {
        let job = known.get(dependency.job_id()?)?;
        let summary = of(job).ok()?;
        Some(Needed {
            id: summary.id,
            name: summary.name,
            kind: match dependency.r#type() {
                Some(ArrayJobDependency::NToN) => DependencyKind::NToN,
                Some(ArrayJobDependency::Sequential) => DependencyKind::Sequential,
                _ => DependencyKind::Whole,
            },
            state: summary.state,
        })
    };
    Ok(dependencies.iter().filter_map(one).collect())
}

fn attempt((index, attempt): (usize, &AttemptDetail)) -> Attempt {
    let container = attempt.container();
    let reason = container.and_then(|container| container.reason());
    Attempt {
        number: u32::try_from(index + 1).unwrap_or(u32::MAX),
        started: time(attempt.started_at()).unwrap_or_default(),
        stopped: time(attempt.stopped_at()),
        exit_code: container.and_then(AttemptContainerDetail::exit_code),
        reason: reason.or(attempt.status_reason()).map(str::to_owned),
        report_at: None,
        log_at: container
            .and_then(|container| container.log_stream_name())
            .map(str::to_owned),
    }
}

/// The job that AWS Batch holds, read back from its parameters or its document; `None` for an array, and where it says none.
pub async fn document(client: &Client, job: &Found) -> Result<Option<Job>, ComputeError> {
    let text = |name: &str| job.parameters().and_then(|all| all.get(name)).cloned();
    let parameters = Parameters {
        global_options: text("global_options"),
        input_file_options: text("input_file_options"),
        input_url: text("input_url"),
        output_file_options: text("output_file_options"),
        output_url: text("output_url"),
        name: text("name"),
        job: text("job"),
    };
    let wrong =
        |error: ffbatch_dispatcher::job::JobError| ComputeError::rejected(error.to_string());
    let Some(text) = parameters.job() else {
        return parameters.command_job().map_err(wrong);
    };
    if text.trim_start().starts_with('{') {
        return Job::from_json(text).map(Some).map_err(wrong);
    }
    let Some(at) = text
        .parse::<Location>()
        .ok()
        .filter(|_| Path::new(text).extension() == Some("json".as_ref()))
    else {
        return Ok(None);
    };
    let store = client.stores.of(&at).map_err(super::client::stored)?;
    let bytes = store.read(&at, DOCUMENT_LIMIT).await;
    let bytes = bytes.map_err(super::client::stored)?;
    Job::from_json(&String::from_utf8_lossy(&bytes))
        .map(Some)
        .map_err(wrong)
}
