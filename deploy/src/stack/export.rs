//! The export of traces: what Amazon API Gateway and AWS Step Functions write to X-Ray about the stack comes into its bucket every day.
//!
//! A schedule submits a job on Fargate, so that there is no function with code of its own: the program lies in the worker's image. Its
//! queue is no compute.

use ffbatch_dispatcher::infra::{Architecture, EXPORT_TRACES, retry_strategy};
use ffbatch_dispatcher::retry::RetryStrategy;
use serde_json::{Value, json};

use super::network::Place;
use super::{Plan, Site, bucket, computes, images, logs, roles};
use crate::template::{attribute, reference, region, sub};

/// The flavour of the image that has the program.
pub const FLAVOUR: &str = "cpu";

/// The architecture of a job on Fargate that names none.
pub const ARCHITECTURE: Architecture = Architecture::X86;

/// The logical ids.
pub const QUEUE: &str = "ExportQueue";
const DEFINITION: &str = "ExportDefinition";
const ENVIRONMENT: &str = "ExportEnvironment";
const SCHEDULE: &str = "ExportSchedule";
const ROLE: &str = "ExportRole";
const SCHEDULE_ROLE: &str = "ExportScheduleRole";

/// What the job gets: the least that Fargate has.
const VCPUS: &str = "0.25";
const MEMORY_MIB: &str = "512";

/// The most that the environment may start: one job, and one that somebody starts by hand.
const MAX_VCPUS: u32 = 1;

/// How long the job may take. The first one brings 30 days, and one that is broken off is gone on with the next day.
const LIMIT_SECS: u32 = 4 * 3600;

/// When it runs, in UTC, and within how many minutes from then on.
const DAILY: &str = "cron(20 3 * * ? *)";
const WITHIN_MINUTES: u32 = 60;

/// How often and how long it is tried to submit the job.
const ATTEMPTS: u32 = 3;
const TRIED_SECS: u32 = 3600;

/// The queue and the definition of the job, by their names; `None` where the stack has none.
pub fn pair(plan: &Plan) -> Option<(String, String)> {
    let named = |what: &str| format!("{}-job-{what}-export", plan.prefix);
    plan.options
        .traces_export
        .then(|| (named("queue"), named("definition")))
}

pub fn add(site: &mut Site<'_>, place: &Place) {
    let Some((queue, name)) = pair(site.plan) else {
        return;
    };
    let resources = json!({
        "Type": "FARGATE",
        "MaxvCpus": MAX_VCPUS,
        "Subnets": place.subnets,
        "SecurityGroupIds": [place.security_group],
    });
    let properties = json!({
        "Type": "MANAGED",
        "State": "ENABLED",
        "ReplaceComputeEnvironment": false,
        "ComputeResources": resources,
        "Tags": { "application": site.plan.prefix },
    });
    let kind = "AWS::Batch::ComputeEnvironment";
    let environment = site
        .template
        .add_with(ENVIRONMENT, kind, properties, place.dependency());
    computes::queue(site, "export", "queue", &queue, &[environment]);
    role(site);
    let definition = definition(site, &name);
    computes::define(site, DEFINITION, &definition);
    schedule(site);
}

/// What the job may do.
fn role(site: &mut Site<'_>) {
    let object = |path: &str| sub(&format!("${{Bucket.Arn}}/metrics/{path}/*"));
    let statements = json!([
        allow_xray(),
        // Without it S3 does not tell that an object is not there.
        roles::allow(
            "List",
            &["s3:ListBucket"],
            &attribute(bucket::BUCKET, "Arn")
        ),
        roles::allow(
            "Documents",
            &["s3:GetObject", "s3:PutObject"],
            &json!([object("xray"), object("export")]),
        ),
    ]);
    let description = "What the export of traces may do";
    roles::role(site, ROLE, "ecs-tasks", description, Some(statements), &[]);
    let reason = "traces of X-Ray are no resources that a policy could name";
    site.template.except(ROLE, "AwsSolutions-IAM5", reason);
}

fn allow_xray() -> Value {
    let actions = [
        "xray:GetTraceSummaries",
        "xray:BatchGetTraces",
        "xray:GetTraceSegmentDestination",
        "xray:StartTraceRetrieval",
        "xray:ListRetrievedTraces",
    ];
    roles::allow("Traces", &actions, &json!("*"))
}

/// The job, in the form of the AWS Batch API.
fn definition(site: &Site<'_>, name: &str) -> Value {
    let address = if site.plan.is_private() {
        "DISABLED"
    } else {
        "ENABLED"
    };
    json!({
        "jobDefinitionName": name,
        "type": "container",
        "platformCapabilities": ["FARGATE"],
        "retryStrategy": retry_strategy(&RetryStrategy::default()),
        "timeout": { "attemptDurationSeconds": LIMIT_SECS },
        "propagateTags": true,
        "containerProperties": {
            "image": images::image(FLAVOUR),
            "command": [EXPORT_TRACES, "--bucket", reference(bucket::BUCKET), "--prefix", site.plan.prefix],
            "environment": [{ "name": "AWS_REGION", "value": region() }],
            "resourceRequirements": [
                { "type": "VCPU", "value": VCPUS },
                { "type": "MEMORY", "value": MEMORY_MIB },
            ],
            "jobRoleArn": attribute(ROLE, "Arn"),
            "executionRoleArn": attribute(roles::EXECUTION, "Arn"),
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": { "awslogs-group": reference(logs::GROUP), "awslogs-stream-prefix": name },
            },
            "networkConfiguration": { "assignPublicIp": address },
        },
    })
}

fn schedule(site: &mut Site<'_>) {
    let submit = roles::allow(
        "Submit",
        &["batch:SubmitJob"],
        &json!([reference(QUEUE), reference(DEFINITION)]),
    );
    let description = "What the schedule may do: submit the export of traces";
    let statements = Some(json!([submit]));
    let id = SCHEDULE_ROLE;
    roles::role(site, id, "scheduler", description, statements, &[]);
    let input = json!({
        "JobName": site.named("export"),
        "JobQueue": format!("${{{QUEUE}}}"),
        "JobDefinition": format!("${{{DEFINITION}}}"),
    });
    let properties = json!({
        "Name": site.named("export"),
        "Description": "Brings traces of X-Ray into the bucket",
        "ScheduleExpression": DAILY,
        "FlexibleTimeWindow": { "Mode": "FLEXIBLE", "MaximumWindowInMinutes": WITHIN_MINUTES },
        "Target": {
            "Arn": sub("arn:${AWS::Partition}:scheduler:::aws-sdk:batch:submitJob"),
            "RoleArn": attribute(SCHEDULE_ROLE, "Arn"),
            "Input": sub(&input.to_string()),
            "RetryPolicy": { "MaximumRetryAttempts": ATTEMPTS, "MaximumEventAgeInSeconds": TRIED_SECS },
        },
    });
    let kind = "AWS::Scheduler::Schedule";
    site.template.add(SCHEDULE, kind, properties);
}
