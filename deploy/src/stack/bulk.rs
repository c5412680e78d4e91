//! Bulk: a state machine that runs a job for every media object under a prefix.
//!
//! It takes the input of AWS's sample. Each object becomes one job, submitted and followed by a child execution of its own
//! (Distributed Map): the list is read page by page, however long it is, at most so many jobs are open at once, a job that fails is
//! seen as such, and an execution can be redriven for those that failed. Array jobs would be fewer calls, and are what `ffbatch
//! submit` makes of a job file; here they would need somebody who writes a manifest before, and all children would share one retry.

use serde_json::{Value, json};

use super::bucket::BUCKET;
use super::roles::{allow, role, submit};
use super::{Site, logs};
use crate::template::{attribute, reference, sub};

mod machine;

/// The logical ids.
const MACHINE: &str = "StateMachine";
const ROLE: &str = "StateMachineRole";
const GROUP: &str = "StateMachineLogs";

pub fn add(site: &mut Site<'_>) {
    let prefix = site.plan.prefix.clone();
    // What begins so needs no permission of its own for each log ("Logging using CloudWatch Logs", AWS Step Functions Developer Guide).
    let group = format!("/aws/vendedlogs/states/{}", name(&prefix));
    logs::group(site, GROUP, &group);
    let statements = statements(site);
    let description = "What bulk runs may do: list objects, run jobs, write results";
    role(site, ROLE, "states", description, Some(statements), &[]);
    site.template.except(
        ROLE,
        "AwsSolutions-IAM5",
        "descriptions of jobs, deliveries of logs and segments of X-Ray are no resources that a policy could name",
    );
    let properties = json!({
        "StateMachineName": name(&prefix),
        "StateMachineType": "STANDARD",
        "RoleArn": attribute(ROLE, "Arn"),
        "Definition": machine::definition(site),
        "DefinitionSubstitutions": { "bucket": reference(BUCKET) },
        "LoggingConfiguration": {
            // Inputs and outputs of the jobs are in their reports.
            "Level": "ALL", "IncludeExecutionData": false,
            "Destinations": [{ "CloudWatchLogsLogGroup": { "LogGroupArn": attribute(GROUP, "Arn") } }],
        },
        "TracingConfiguration": { "Enabled": true },
        "Tags": site.tags(),
    });
    let mut more = json!({});
    if site.partition() != "aws" {
        // cfn-lint knows integrations of one partition only.
        more = json!({ "Metadata": { "cfn-lint": { "config": { "ignore_checks": ["E3601"] } } } });
    }
    let kind = "AWS::StepFunctions::StateMachine";
    let machine = site.template.add_with(MACHINE, kind, properties, more);
    let description = "The state machine that runs a job for every object under a prefix";
    site.template
        .output("StateMachineArn", description, machine);
}

/// The name of the state machine.
pub fn name(prefix: &str) -> String {
    format!("{prefix}-state-machine")
}

/// Its ARN, for `Fn::Sub`.
pub fn arn(prefix: &str) -> String {
    format!(
        "arn:${{AWS::Partition}}:states:${{AWS::Region}}:${{AWS::AccountId}}:stateMachine:{}",
        name(prefix)
    )
}

fn statements(site: &Site<'_>) -> Value {
    let plan = site.plan;
    let here = "arn:${AWS::Partition}";
    let own = |service: &str, rest: &str| {
        sub(&format!(
            "{here}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{rest}"
        ))
    };
    let jobs = plan.computes.iter().map(|one| {
        let family = &one.family;
        (family.job_queue.clone(), family.job_definition.clone())
    });
    let mut listed = vec![attribute(BUCKET, "Arn")];
    let others = plan.options.read_buckets.iter();
    for bucket in others.chain(&plan.options.write_buckets) {
        listed.push(sub(&format!("{here}:s3:::{bucket}")));
    }
    let name = name(&plan.prefix);
    let results = format!("${{{BUCKET}.Arn}}/{name}/results-output/*");
    json!([
        submit(jobs),
        allow(
            "EndsOfJobs",
            &["batch:DescribeJobs", "batch:TerminateJob"],
            &json!("*")
        ),
        // By this rule Step Functions hears of the ends of jobs ("Call AWS Batch with Step Functions").
        allow(
            "Events",
            &["events:PutTargets", "events:PutRule", "events:DescribeRule"],
            &own("events", "rule/StepFunctionsGetEventsForBatchJobsRule"),
        ),
        allow(
            "Children",
            &["states:StartExecution", "states:RedriveExecution"],
            &json!([
                sub(&arn(&plan.prefix)),
                own("states", &format!("execution:{name}/*")),
            ]),
        ),
        allow(
            "FollowChildren",
            &["states:DescribeExecution", "states:StopExecution"],
            &json!([
                own("states", &format!("execution:{name}:*")),
                own("states", &format!("execution:{name}/*")),
            ]),
        ),
        allow(
            "Counts",
            &["states:DescribeMapRun"],
            &own("states", &format!("mapRun:{name}/*"))
        ),
        allow("Lists", &["s3:ListBucket"], &json!(listed)),
        allow(
            "Results",
            &[
                "s3:PutObject",
                "s3:GetObject",
                "s3:AbortMultipartUpload",
                "s3:ListMultipartUploadParts"
            ],
            &sub(&results),
        ),
        allow(
            "Logs",
            &[
                "logs:CreateLogDelivery",
                "logs:GetLogDelivery",
                "logs:UpdateLogDelivery",
                "logs:DeleteLogDelivery",
                "logs:ListLogDeliveries",
                "logs:PutResourcePolicy",
                "logs:DescribeResourcePolicies",
                "logs:DescribeLogGroups",
            ],
            &json!("*"),
        ),
        allow(
            "Traces",
            &[
                "xray:PutTraceSegments",
                "xray:PutTelemetryRecords",
                "xray:GetSamplingRules",
                "xray:GetSamplingTargets"
            ],
            &json!("*"),
        ),
    ])
}
