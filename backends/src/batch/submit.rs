//! Submitting jobs: what can never run is refused ([`fits`]), what is on this machine is staged ([`stage`](super::stage)), and they go out in as few calls as there can be ([`lots`]), each in the form that
//! suits it ([`form`]), and each once ([`deliver`](mod@super::deliver)).

use std::collections::{BTreeMap, HashMap};

use aws_sdk_batch::operation::submit_job::builders::SubmitJobFluentBuilder;
use aws_sdk_batch::types::{
    ArrayJobDependency, ArrayProperties, ContainerOverrides, EvaluateOnExit, JobDependency,
    JobTimeout, KeyValuePair, ResourceRequirement, ResourceType, RetryAction,
    RetryStrategy as Strategy,
};
use ffbatch_dispatcher::compute::{ComputeError, Request};
use ffbatch_dispatcher::event::Event;
use ffbatch_dispatcher::retry::{Action, RetryStrategy};
use ffbatch_dispatcher::settings::Settings;
use ffbatch_dispatcher::terms::DependencyKind;
use ffbatch_dispatcher::variable::{SUBMISSION, VCPUS};

use super::client::Client;
use super::deliver::{Undelivered, deliver};
use super::form::{self, Form};
use super::lots::lots;
use super::stage::{Staged, Staging};
use super::{fits, pinned};

/// Brings what jobs read from this machine into the bucket.
pub async fn prepare(
    client: &Client,
    settings: &Settings,
    staging: &Staging,
    requests: &[Request],
    on: &mut (dyn FnMut(Event) + Send),
) -> Result<(), ComputeError> {
    for request in requests {
        fits::check(&client.region, settings, request)?;
    }
    staging.stage(client, requests.iter().collect(), on).await?;
    Ok(())
}

/// Submits jobs and tells their ids in the order of the requests. A job that became the child of an array has the id `ARRAY:INDEX`.
pub async fn submit(
    client: &Client,
    settings: &Settings,
    staging: &Staging,
    requests: &[Request],
) -> Result<Vec<String>, ComputeError> {
    for request in requests {
        fits::check(&client.region, settings, request)?;
    }
    let lots = lots(requests);
    let together = lots.iter().map(|lot| &lot.request).collect();
    let staged = staging.stage(client, together, &mut |_| ()).await?;
    let mut ids: Vec<String> = vec![String::new(); requests.len()];
    let mut accepted: HashMap<String, String> = HashMap::new();
    for (lot, staged) in lots.iter().zip(staged) {
        let sent = remembered(client, settings, staging, &staged, &accepted).await;
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

/// Sends one job, or one array job, after it was written down where its results belong.
pub async fn remembered(
    client: &Client,
    settings: &Settings,
    staging: &Staging,
    staged: &Staged<'_>,
    accepted: &HashMap<String, String>,
) -> Result<String, ComputeError> {
    let request = &*staged.request;
    let Some(record) = &staged.record else {
        let sent = send(client, settings, request, accepted).await;
        return sent.map_err(|undelivered| undelivered.error);
    };
    let records = staging.records()?;
    records.write(&request.id, record)?;
    let sent = send(client, settings, request, accepted).await;
    sent.map_err(|undelivered| {
        if undelivered.refused {
            records.remove(&request.id);
        }
        undelivered.error
    })
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

/// Sends one job, or one array job, and tells its id.
async fn send(
    client: &Client,
    settings: &Settings,
    request: &Request,
    accepted: &HashMap<String, String>,
) -> Result<String, Undelivered> {
    let filled = pinned::filled(client, settings, request).await;
    let request = &*filled.map_err(Undelivered::refused)?;
    let variables = variables(settings, request);
    let carried = variables
        .iter()
        .map(|(name, value)| name.len() + value.len());
    let mut form = form::of(request, carried.sum());
    for (at, (key, bytes)) in std::mem::take(&mut form.documents).into_iter().enumerate() {
        let to = client.place(key).await.map_err(Undelivered::refused)?;
        let kind = if at == 0 {
            "application/json"
        } else {
            "application/octet-stream"
        };
        let written = client.write(bytes, &to, kind).await;
        written.map_err(Undelivered::refused)?;
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
        all.insert(VCPUS.to_owned(), vcpus.to_string());
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
    let call = client.batch.submit_job();
    let call = if let Some(instance) = &terms.instance_type {
        let overrides = overrides
            .instance_type(instance)
            .set_command(Some(pinned::command(&form.parameters)));
        call.job_definition(settings.family.pinned_definition())
            .node_overrides(pinned::overrides(overrides.build()))
    } else {
        call.job_definition(&settings.family.job_definition)
            .set_parameters(Some(form.parameters))
            .container_overrides(overrides.build())
    };
    let mut call = call
        .job_name(form::job_name(request))
        .job_queue(pinned::queue(&settings.family, terms))
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
