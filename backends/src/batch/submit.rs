//! Submitting jobs: `SubmitJob`, at the pace of the account, and never twice by our own doing.
//!
//! `SubmitJob` has no client token, so a request whose answer was lost may have been accepted. The SDK's own retries are off for it;
//! after an answer that was lost we look for a job that carries this submission's id before we ask again, and the worker's claim of
//! that id is the last guard where a job shows up later than we look.
//!
//! Many jobs on equal terms become array jobs: a thousand calls less, and the only way to submit 10,000 jobs in a second.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use aws_sdk_batch::config::retry::RetryConfig;
use aws_sdk_batch::operation::submit_job::builders::SubmitJobFluentBuilder;
use aws_sdk_batch::types::{
    ArrayJobDependency, ArrayProperties, ContainerDetail, ContainerOverrides, EvaluateOnExit,
    JobDependency, JobTimeout, KeyValuePair, KeyValuesPair, ResourceRequirement, ResourceType,
    RetryAction, RetryStrategy as Strategy,
};
use ffbatch_dispatcher::compute::{ComputeError, Request};
use ffbatch_dispatcher::retry::{Action, RetryStrategy};
use ffbatch_dispatcher::terms::{ARRAY_SIZES, DependencyKind, Terms};

use super::ask;
use super::client::Client;
use super::form::{self, Form};
use super::places;
use super::refusal::{Left, left};
use super::settings::Settings;

/// The variable by which a worker knows the submission that it belongs to.
pub const SUBMISSION: &str = "FFBATCH_SUBMISSION";

/// From so many jobs on equal terms on they become array jobs: with fewer each shows under its own name.
const MANY: usize = 100;

/// The shortest time that an attempt may be given (AWS Batch API Reference, `JobTimeout`).
const SHORTEST_TIMEOUT: u32 = 60;

/// How long to wait before asking again where there were too many calls.
const PAUSES: [Duration; 7] = [
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(16),
];

/// When to look for a job whose answer was lost: a new job takes a moment to be listed.
const LOOKS: [Duration; 3] = [
    Duration::from_millis(500),
    Duration::from_secs(2),
    Duration::from_secs(4),
];

/// How often a submission is sent again of which nothing was found.
const AGAIN: usize = 2;

/// Jobs that become one job of AWS Batch.
struct Lot {
    /// Which of the requests, in their order.
    members: Vec<usize>,
    request: Request,
}

/// Submits jobs and tells their ids in the order of the requests. A job that became the child of an array has the id `ARRAY:INDEX`.
pub async fn submit(
    client: &Client,
    settings: &Settings,
    requests: &[Request],
) -> Result<Vec<String>, ComputeError> {
    for request in requests {
        fits(settings, request)?;
    }
    let mut ids: Vec<String> = vec![String::new(); requests.len()];
    let mut accepted: HashMap<String, String> = HashMap::new();
    for lot in lots(requests) {
        let sent = send(client, settings, &lot.request, &accepted).await;
        let id = sent.map_err(|error| so_far(error, &ids))?;
        accepted.insert(lot.request.id.clone(), id.clone());
        match &lot.members[..] {
            [one] => ids[*one] = id,
            members => {
                for (child, member) in members.iter().enumerate() {
                    ids[*member] = format!("{id}:{child}");
                }
            }
        }
    }
    Ok(ids)
}

/// An error that tells what was accepted before it.
fn so_far(mut error: ComputeError, ids: &[String]) -> ComputeError {
    let parents = ids.iter().filter(|id| !id.is_empty());
    let mut parents: Vec<&str> = parents.filter_map(|id| id.split(':').next()).collect();
    parents.dedup();
    if let [first, ..] = parents[..] {
        let before = ids.iter().filter(|id| !id.is_empty()).count();
        error.message = format!(
            "{}; {before} of {} jobs had been accepted before, the first is `{first}` (`ffbatch list` shows them, `ffbatch cancel` stops them)",
            error.message,
            ids.len()
        );
    }
    error
}

/// Refuses what the family can never run.
fn fits(settings: &Settings, request: &Request) -> Result<(), ComputeError> {
    let compute = &settings.compute;
    let name = if request.name.is_empty() {
        &request.id
    } else {
        &request.name
    };
    let refuse = |why: String| {
        Err(ComputeError::rejected(format!(
            "job `{name}` cannot run on `{compute}`: {why}"
        )))
    };
    if let Some(path) = request.jobs.iter().find_map(places::local) {
        return refuse(format!(
            "`{path}` is a path of this machine (copy it to S3, and write its s3:// URL)"
        ));
    }
    let terms = &request.terms;
    if let Some(seconds) = terms.timeout_secs
        && seconds < SHORTEST_TIMEOUT
    {
        return refuse(format!(
            "AWS Batch gives an attempt at least {SHORTEST_TIMEOUT} s, not {seconds} s (raise `timeout_secs`)"
        ));
    }
    if terms.instance_type.is_some() {
        return refuse(
            "it names an instance type, and jobs that own an instance are not built yet (leave it out)".to_owned(),
        );
    }
    if settings.family.launch.is_fargate() {
        return fits_fargate(settings, terms).or_else(refuse);
    }
    let families: Vec<&str> = settings
        .family
        .families
        .iter()
        .map(String::as_str)
        .collect();
    let Some(largest) = super::instances::largest(&families) else {
        return Ok(());
    };
    if largest.gpus == 0 && terms.gpus.is_some_and(|gpus| gpus > 0) {
        return refuse("its instances have no GPU (choose `nvidia`)".to_owned());
    }
    let asked = [
        ("vCPUs", terms.vcpus, largest.vcpus),
        ("MiB of memory", terms.memory_mib, largest.memory_mib),
        ("GPUs", terms.gpus, largest.gpus),
    ];
    for (what, wanted, there) in asked {
        if let Some(wanted) = wanted.filter(|wanted| *wanted > there) {
            return refuse(format!(
                "it asks for {wanted} {what}, and no instance of {} has more than {there} (ask for less)",
                families.join(", ")
            ));
        }
    }
    Ok(())
}

fn fits_fargate(settings: &Settings, terms: &Terms) -> Result<(), String> {
    if terms.gpus.is_some_and(|gpus| gpus > 0) {
        return Err("Fargate has no GPU (choose `nvidia`)".to_owned());
    }
    let vcpus = terms.vcpus.unwrap_or(settings.family.vcpus);
    let memory_mib = terms.memory_mib.unwrap_or(settings.family.memory_mib);
    super::instances::fargate::fits(f64::from(vcpus), memory_mib).map_err(|nearest| {
        format!("Fargate has no {vcpus} vCPU with {memory_mib} MiB (the nearest is {nearest})")
    })
}

/// Which requests go out together, in the order of the requests.
fn lots(requests: &[Request]) -> Vec<Lot> {
    let needed: Vec<&str> = requests
        .iter()
        .flat_map(|request| &request.terms.depends_on)
        .map(|dependency| dependency.job.as_str())
        .collect();
    let joins = |request: &Request| {
        !request.is_array()
            && request.terms.depends_on.is_empty()
            && !needed.contains(&request.id.as_str())
    };
    let mut alike: Vec<(&Request, Vec<usize>)> = Vec::new();
    let mut lots: BTreeMap<usize, Lot> = BTreeMap::new();
    for (at, request) in requests.iter().enumerate() {
        let same = |(first, _): &&mut (&Request, Vec<usize>)| {
            first.terms == request.terms && first.environment == request.environment
        };
        if !joins(request) {
            lots.insert(at, single(at, request));
        } else if let Some((_, members)) = alike.iter_mut().find(same) {
            members.push(at);
        } else {
            alike.push((request, vec![at]));
        }
    }
    for (_, members) in alike {
        if members.len() < MANY {
            lots.extend(members.iter().map(|&at| (at, single(at, &requests[at]))));
            continue;
        }
        for part in parts(&members) {
            lots.insert(part[0], array(part, requests));
        }
    }
    lots.into_values().collect()
}

/// Parts of at most as many as an array job may have, none of a single one.
fn parts(members: &[usize]) -> Vec<&[usize]> {
    let most = *ARRAY_SIZES.end();
    let count = members.len().div_ceil(most);
    members.chunks(members.len().div_ceil(count)).collect()
}

fn single(at: usize, request: &Request) -> Lot {
    Lot {
        members: vec![at],
        request: request.clone(),
    }
}

fn array(members: &[usize], requests: &[Request]) -> Lot {
    let first = &requests[members[0]];
    Lot {
        members: members.to_vec(),
        request: Request {
            jobs: members
                .iter()
                .flat_map(|&at| requests[at].jobs.clone())
                .collect(),
            ..first.clone()
        },
    }
}

/// Sends one job, or one array job, and tells its id.
pub async fn send(
    client: &Client,
    settings: &Settings,
    request: &Request,
    accepted: &HashMap<String, String>,
) -> Result<String, ComputeError> {
    let variables = variables(settings, request);
    let carried = variables
        .iter()
        .map(|(name, value)| name.len() + value.len());
    let mut form = form::of(request, carried.sum());
    for (at, (key, bytes)) in std::mem::take(&mut form.documents).into_iter().enumerate() {
        let to = client.place(key).await?;
        let kind = if at == 0 {
            "application/json"
        } else {
            "application/octet-stream"
        };
        client.write(bytes, &to, kind).await?;
        if at == 0 {
            form.parameters.insert("job".to_owned(), to.to_string());
        }
    }
    let call = call(client, settings, request, form, variables, accepted);
    deliver(client, settings, request, call).await
}

/// What the container's environment gets besides what the definition has.
fn variables(settings: &Settings, request: &Request) -> BTreeMap<String, String> {
    let mut all = request.environment.clone();
    all.insert(SUBMISSION.to_owned(), request.id.clone());
    if let Some(vcpus) = request
        .terms
        .vcpus
        .filter(|vcpus| *vcpus != settings.family.vcpus)
    {
        all.insert("FFBATCH_VCPUS".to_owned(), vcpus.to_string());
    }
    all
}

fn call(
    client: &Client,
    settings: &Settings,
    request: &Request,
    form: Form,
    variables: BTreeMap<String, String>,
    accepted: &HashMap<String, String>,
) -> SubmitJobFluentBuilder {
    let terms = &request.terms;
    let variable = |(name, value)| KeyValuePair::builder().name(name).value(value).build();
    let mut overrides = ContainerOverrides::builder()
        .set_environment(Some(variables.into_iter().map(variable).collect()));
    let resources = [
        (ResourceType::Vcpu, terms.vcpus),
        (ResourceType::Memory, terms.memory_mib),
        (ResourceType::Gpu, terms.gpus),
    ];
    for (kind, amount) in resources {
        if let Some(amount) = amount {
            let one = ResourceRequirement::builder()
                .r#type(kind)
                .value(amount.to_string());
            overrides = overrides.resource_requirements(one.build());
        }
    }
    let mut call = client
        .batch
        .submit_job()
        .job_name(form::job_name(request))
        .job_queue(&settings.family.job_queue)
        .job_definition(&settings.family.job_definition)
        .set_parameters(Some(form.parameters))
        .container_overrides(overrides.build())
        .retry_strategy(strategy(&terms.retry))
        .propagate_tags(true);
    if !terms.tags.is_empty() {
        call = call.set_tags(Some(terms.tags.clone().into_iter().collect()));
    }
    if request.is_array() {
        let size = i32::try_from(request.jobs.len()).unwrap_or(i32::MAX);
        call = call.array_properties(ArrayProperties::builder().size(size).build());
    }
    if let Some(seconds) = terms.timeout_secs {
        let seconds = i32::try_from(seconds).unwrap_or(i32::MAX);
        call = call.timeout(
            JobTimeout::builder()
                .attempt_duration_seconds(seconds)
                .build(),
        );
    }
    // Only queues with a fair-share policy know shares and priorities, and others refuse them.
    if let Some(share) = &terms.share {
        call = call
            .share_identifier(share)
            .scheduling_priority_override(i32::from(terms.priority));
    }
    for dependency in &terms.depends_on {
        let kind = match dependency.kind {
            DependencyKind::Whole => None,
            DependencyKind::NToN => Some(ArrayJobDependency::NToN),
            DependencyKind::Sequential => Some(ArrayJobDependency::Sequential),
        };
        let sequential = dependency.kind == DependencyKind::Sequential;
        let id = accepted.get(&dependency.job).unwrap_or(&dependency.job);
        let one = JobDependency::builder()
            .set_job_id((!sequential).then(|| id.clone()))
            .set_type(kind);
        call = call.depends_on(one.build());
    }
    call
}

fn strategy(strategy: &RetryStrategy) -> Strategy {
    let rules = strategy.evaluate_on_exit.iter().map(|rule| {
        let action = match rule.action {
            Action::Retry => RetryAction::Retry,
            Action::Exit => RetryAction::Exit,
        };
        EvaluateOnExit::builder()
            .set_on_exit_code(rule.on_exit_code.clone())
            .set_on_reason(rule.on_reason.clone())
            .set_on_status_reason(rule.on_status_reason.clone())
            .action(action)
            .build()
    });
    let rules: Vec<_> = rules.collect();
    Strategy::builder()
        .attempts(i32::try_from(strategy.attempts).unwrap_or(i32::MAX))
        .set_evaluate_on_exit((!rules.is_empty()).then_some(rules))
        .build()
}

/// Sends it until it is accepted or refused.
async fn deliver(
    client: &Client,
    settings: &Settings,
    request: &Request,
    call: SubmitJobFluentBuilder,
) -> Result<String, ComputeError> {
    let once = aws_sdk_batch::config::Builder::new().retry_config(RetryConfig::disabled());
    let mut pauses = PAUSES.into_iter();
    let mut again = AGAIN;
    loop {
        client.pace.wait().await;
        let sent = call
            .clone()
            .customize()
            .config_override(once.clone())
            .send()
            .await;
        let error = match sent {
            Ok(answer) => return Ok(answer.job_id().unwrap_or_default().to_owned()),
            Err(error) => error,
        };
        let refused = client.refused("the job cannot be submitted", &error);
        match left(&error) {
            Left::Refused => return Err(refused),
            Left::Busy => match pauses.next() {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(refused),
            },
            Left::Unknown => {
                tracing::debug!(error = %refused, "nobody knows whether the job was accepted");
                if let Some(id) = look(client, settings, request).await {
                    return Ok(id);
                }
                if again == 0 {
                    return Err(refused);
                }
                again -= 1;
            }
        }
    }
}

/// Looks for a job of this submission. Where it cannot be looked for it counts as not there: the worker's claim decides then.
async fn look(client: &Client, settings: &Settings, request: &Request) -> Option<String> {
    let filter = KeyValuesPair::builder()
        .name("JOB_NAME")
        .values(form::job_name(request))
        .build();
    for pause in LOOKS {
        tokio::time::sleep(pause).await;
        let call = client
            .batch
            .list_jobs()
            .job_queue(&settings.family.job_queue)
            .filters(filter.clone());
        let Ok(listed) = call.send().await else {
            continue;
        };
        let ids: Vec<String> = listed
            .job_summary_list()
            .iter()
            .filter_map(|job| job.job_id().map(str::to_owned))
            .collect();
        let Ok(known) = ask::known(client, &ids).await else {
            continue;
        };
        let ours = known.into_iter().find(|(_, job)| {
            let variables = job.container().map(ContainerDetail::environment);
            variables.unwrap_or_default().iter().any(|one| {
                one.name() == Some(SUBMISSION) && one.value() == Some(request.id.as_str())
            })
        });
        if let Some((id, _)) = ours {
            return Some(id);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use ffbatch_dispatcher::command::Command;
    use ffbatch_dispatcher::job::Job;
    use ffbatch_dispatcher::terms::Dependency;

    use super::*;

    fn request(id: usize) -> Request {
        let line = format!("ffmpeg -i s3://b/{id} s3://b/{id}.mp4");
        let job = Job::of(vec![Command::from_line(&line).expect("a command")]);
        Request::of(id.to_string(), job)
    }

    fn sizes(requests: &[Request]) -> Vec<usize> {
        lots(requests).iter().map(|lot| lot.members.len()).collect()
    }

    #[test]
    fn as_few_calls_as_there_can_be() {
        let all = |count: usize| (0..count).map(request).collect::<Vec<_>>();
        assert_eq!(sizes(&all(3)), [1, 1, 1]);
        assert_eq!(sizes(&all(MANY)), [MANY]);
        assert_eq!(sizes(&all(10_000)), [10_000]);
        assert_eq!(sizes(&all(10_001)), [5001, 5000]);
        assert_eq!(sizes(&all(25_000)), [8334, 8334, 8332]);
    }

    #[test]
    fn what_others_need_stays_a_job_of_its_own() {
        let mut all: Vec<Request> = (0..MANY + 2).map(request).collect();
        all[1].terms.depends_on = vec![Dependency {
            job: "0".to_owned(),
            kind: DependencyKind::Whole,
        }];
        assert_eq!(sizes(&all), [1, 1, MANY]);
        let lots = lots(&all);
        assert_eq!(lots[2].members[0], 2);
        assert_eq!(lots[2].request.jobs.len(), MANY);
    }
}
