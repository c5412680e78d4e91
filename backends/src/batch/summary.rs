//! From what AWS Batch says of a job to what every compute says.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_batch::types::{
    ArrayJobDependency, AttemptContainerDetail, AttemptDetail, ContainerDetail, ContainerSummary,
    JobDependency, JobDetail as Found, JobStatus, JobSummary as Listed, JobTimeout, ResourceType,
    RetryAction, RetryStrategy as Strategy,
};
use ffbatch_dispatcher::compute::ComputeError;
use ffbatch_dispatcher::detail::{Attempt, JobDetail, JobSummary, Needed};
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::job::{Job, Parameters, given};
use ffbatch_dispatcher::location::Location;
use ffbatch_dispatcher::retry::{Action, RetryStrategy, Rule};
use ffbatch_dispatcher::state::State;
use ffbatch_dispatcher::terms::{Dependency, DependencyKind, Terms};
use ffbatch_dispatcher::variable::RETRY_OF;
use jiff::Timestamp;

use super::client::Client;
use super::{ask, form, lines, pinned};

/// How AWS Batch calls the end of every worker that ended by itself, well or not (`DescribeJobs`, `statusReason`).
const EXITED: &str = "Essential container in task exited";

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
    let exit = exit(state, job.container().and_then(ContainerDetail::exit_code));
    let container_reason = job.container().and_then(ContainerDetail::reason);
    Ok(JobSummary {
        arn: job.job_arn().map(str::to_owned),
        name: name(job),
        state,
        status_reason: reason(exit, job.status_reason(), container_reason),
        exit,
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
    let exit = exit(state, code);
    let container_reason = job.container().and_then(ContainerSummary::reason);
    Ok(JobSummary {
        arn: job.job_arn().map(str::to_owned),
        name: form::name_of(job.job_name().unwrap_or_default()).to_owned(),
        state,
        status_reason: reason(exit, job.status_reason(), container_reason),
        exit,
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

/// Why it is there, in words that say something: an end has the meaning of its exit code, a good one needs none.
fn reason(exit: Option<Exit>, status: Option<&str>, container: Option<&str>) -> Option<String> {
    match (exit, status) {
        (Some(Exit::Succeeded), _) => None,
        (_, Some(EXITED)) => container
            .or_else(|| exit.map(Exit::meaning))
            .or(status)
            .map(str::to_owned),
        (_, status) => status.map(str::to_owned),
    }
}

fn time(millis: Option<i64>) -> Option<Timestamp> {
    millis
        .filter(|millis| *millis > 0)
        .and_then(|millis| Timestamp::from_millisecond(millis).ok())
}

/// What people call it: the parameter says it in full, the name of AWS Batch allows less.
fn name(job: &Found) -> String {
    let parameters = parameters(job);
    let short = || form::name_of(job.job_name().unwrap_or_default());
    given(parameters.get("name"))
        .unwrap_or_else(short)
        .to_owned()
}

/// The job parameters; a job that owns an instance has them in its command.
fn parameters(job: &Found) -> HashMap<String, String> {
    let given = job.parameters().cloned().unwrap_or_default();
    match job.container() {
        Some(container) if job.node_properties().is_some() => {
            pinned::parameters(container.command())
        }
        _ => given,
    }
}

/// Everything about one job, but for why.
pub async fn detail(client: &Client, job: &Found) -> Result<JobDetail, ComputeError> {
    let depends_on = needed(client, job.depends_on()).await?;
    let strategy = job.retry_strategy();
    let attempts = strategy.and_then(Strategy::attempts);
    let seconds = job.timeout().and_then(JobTimeout::attempt_duration_seconds);
    let positive = |number: i32| u32::try_from(number).ok();
    Ok(JobDetail {
        // What bounds a job stays on the machine from which it was submitted.
        bounds: None,
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
                evaluate_on_exit: strategy.map(rules).unwrap_or_default(),
            },
            timeout_secs: seconds.and_then(positive),
            depends_on: depends_on
                .iter()
                .map(|one| Dependency {
                    job: one.id.clone(),
                    kind: one.kind,
                })
                .collect(),
            instance_type: job
                .container()
                .and_then(ContainerDetail::instance_type)
                .map(str::to_owned),
        },
        depends_on,
        attempts: job.attempts().iter().enumerate().map(attempt).collect(),
        commands: match document(client, job).await {
            Ok(found) => found.map(|job| job.commands).unwrap_or_default(),
            Err(error) => {
                tracing::warn!("the commands of the job cannot be shown: {error}");
                Vec::new()
            }
        },
        retry_of: variable(job, RETRY_OF),
        why: Vec::new(),
    })
}

fn rules(strategy: &Strategy) -> Vec<Rule> {
    let rules = strategy.evaluate_on_exit().iter().map(|rule| Rule {
        on_exit_code: rule.on_exit_code().map(str::to_owned),
        on_reason: rule.on_reason().map(str::to_owned),
        on_status_reason: rule.on_status_reason().map(str::to_owned),
        action: match rule.action() {
            Some(RetryAction::Retry) => Action::Retry,
            _ => Action::Exit,
        },
    });
    rules.collect()
}

/// A variable of the container.
pub fn variable(job: &Found, name: &str) -> Option<String> {
    let mut all = job.container()?.environment().iter();
    let one = all.find(|one| one.name() == Some(name))?;
    one.value().map(str::to_owned)
}

/// What follows the last slash of an ARN.
fn tail(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

fn resource(job: &Found, kind: &ResourceType) -> Option<u32> {
    let needs = job.container()?.resource_requirements();
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
    let exit_code = container.and_then(AttemptContainerDetail::exit_code);
    let told = container.and_then(|container| container.reason());
    let exit = exit_code.and_then(Exit::from_code);
    Attempt {
        number: u32::try_from(index + 1).unwrap_or(u32::MAX),
        started: time(attempt.started_at()).unwrap_or_default(),
        stopped: time(attempt.stopped_at()),
        exit_code,
        reason: reason(exit, told.or(attempt.status_reason()), told),
        report_at: None,
        log_at: container
            .and_then(|container| container.log_stream_name())
            .map(str::to_owned),
    }
}

/// The job that AWS Batch holds, read back from its parameters, its document or its line of a manifest, of an array the first one;
/// `None` where it says none.
pub async fn document(client: &Client, job: &Found) -> Result<Option<Job>, ComputeError> {
    let mut given = parameters(job);
    let mut text = |name: &str| given.remove(name);
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
    let Ok(at) = text.parse::<Location>() else {
        return Ok(None);
    };
    if let Some(array) = job.array_properties() {
        let child = array.index().and_then(|index| u64::try_from(index).ok());
        let line = lines::job(client, &at, child.unwrap_or_default()).await;
        return line.map(Some);
    }
    let store = client.stores.of(&at).map_err(super::client::stored)?;
    let bytes = store.read(&at, DOCUMENT_LIMIT).await;
    let bytes = bytes.map_err(super::client::stored)?;
    Job::from_json(&String::from_utf8_lossy(&bytes))
        .map(Some)
        .map_err(wrong)
}
