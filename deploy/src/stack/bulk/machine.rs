//! The state machine itself, in the Amazon States Language.
//!
//! ```json
//! { "name": "clips", "compute": "arm",
//!   "input": { "s3_bucket": "media", "s3_prefix": "raw/", "file_options": "null", "extensions": ["mp4"] },
//!   "output": { "s3_bucket": "media", "s3_prefix": "out/", "s3_suffix": ".mp4", "file_options": "-c:v libx264" },
//!   "global": { "options": "null" }, "tolerated_failure_percentage": 10, "max_concurrency": 500 }
//! ```
//!
//! Only `compute` and `input.s3_bucket` have to be there. An object `raw/a.mov` becomes
//! `s3://media/out/raw/a.mov.mp4`: prefix, whole key, suffix, as in AWS's sample. An object that no `extensions` name, that is
//! empty or whose key ends in a slash is left alone.

use ffbatch_dispatcher::bulk::{TOLERATED, extensions};
use ffbatch_dispatcher::variable::SUBMISSION;
use serde_json::{Map, Value, json};

use crate::stack::Site;

/// Jobs that are open at once where the input does not say.
const CONCURRENCY: u32 = 500;

/// What AWS Batch says where the same call may succeed a little later. It calls most of what is wrong `AWSBatchException`, too many
/// calls among it.
const TRANSIENT: [&str; 5] = [
    "Batch.AWSBatchException",
    "Batch.BatchException",
    "Batch.SdkClientException",
    "Batch.ServerException",
    "Batch.TooManyRequestsException",
];

/// The state machine. `${bucket}` is to be put in.
pub fn definition(site: &Site<'_>) -> Value {
    let mut states = Map::new();
    let mut add = |name: &str, state: Value| {
        states.insert(name.to_owned(), state);
    };
    add("Usual", usual());
    add("Given", given());
    add("Filled", filled());
    add("Input", input());
    let bucket = json!({
        "Type": "Pass", "InputPath": "$.input.s3_bucket", "ResultPath": "$.output.s3_bucket", "Next": "Output",
    });
    add("SameBucket", bucket);
    add("Output", output());
    // AWS Batch takes no empty texts.
    for (name, path, next) in [
        ("Name", "$.given.name", "GlobalOptions"),
        ("GlobalOptions", "$.global.options", "InputOptions"),
        ("InputOptions", "$.input.file_options", "OutputOptions"),
        ("OutputOptions", "$.output.file_options", "Compute"),
    ] {
        let none = format!("No{name}");
        let empty = json!({ "Variable": path, "StringEquals": "", "Next": none });
        add(
            name,
            json!({ "Type": "Choice", "Choices": [empty], "Default": next }),
        );
        add(
            &none,
            json!({ "Type": "Pass", "Result": "null", "ResultPath": path, "Next": next }),
        );
    }
    let mut choices = Vec::new();
    for one in &site.plan.computes {
        let compute = &one.compute;
        let to = json!({
            "queue": one.family.job_queue,
            "definition": one.family.job_definition,
        });
        choices.push(
            json!({ "Variable": "$.given.compute", "StringEquals": compute, "Next": compute }),
        );
        add(
            compute,
            json!({ "Type": "Pass", "Result": to, "ResultPath": "$.to", "Next": "Objects" }),
        );
    }
    add(
        "Compute",
        json!({ "Type": "Choice", "Choices": choices, "Default": "UnknownCompute" }),
    );
    let known = site.plan.computes.iter().map(|one| one.compute.as_str());
    let known = known.collect::<Vec<&str>>().join(", ");
    add(
        "UnknownCompute",
        json!({
            "Type": "Fail", "Error": "UnknownCompute",
            "CausePath": format!("States.Format('there is no compute {{}} (choose one of {known})', $.given.compute)"),
        }),
    );
    add("Objects", objects(site));
    add("Counts", counts(site));
    for (name, cause) in [
        (
            "NoInput",
            "the input names no bucket or no compute (give input.s3_bucket and compute)",
        ),
        (
            "SameObjects",
            "the results would overwrite what they are made from (give output.s3_prefix, output.s3_suffix or another output.s3_bucket)",
        ),
    ] {
        add(
            name,
            json!({ "Type": "Fail", "Error": name, "Cause": cause }),
        );
    }
    json!({
        "Comment": format!("{}: a job for every media object under a prefix", site.plan.prefix),
        "StartAt": "Usual",
        "States": states,
    })
}

/// What is meant where the input says nothing.
fn usual() -> Value {
    let usual = json!({
        "name": "null",
        "input": { "s3_prefix": "", "file_options": "null", "extensions": extensions() },
        "output": { "s3_prefix": "", "s3_suffix": "", "file_options": "null" },
        "global": { "options": "null" },
        "tolerated_failure_percentage": TOLERATED,
        "max_concurrency": CONCURRENCY,
    });
    json!({ "Type": "Pass", "Parameters": { "usual": usual, "given.$": "$" }, "Next": "Given" })
}

/// The input over it. Only the outermost names are merged at a time.
fn given() -> Value {
    let parameters = json!({
        "usual.$": "$.usual",
        "all.$": "States.JsonMerge($.usual, $.given, false)",
    });
    json!({ "Type": "Pass", "Parameters": parameters, "Next": "Filled" })
}

fn filled() -> Value {
    let part = |name: &str| format!("States.JsonMerge($.usual.{name}, $.all.{name}, false)");
    let parameters = json!({
        "given.$": "$.all",
        "input.$": part("input"),
        "output.$": part("output"),
        "global.$": part("global"),
    });
    json!({ "Type": "Pass", "Parameters": parameters, "Next": "Input" })
}

fn input() -> Value {
    let absent = |variable: &str| json!({ "Variable": variable, "IsPresent": false });
    let missing = [absent("$.input.s3_bucket"), absent("$.given.compute")];
    json!({
        "Type": "Choice",
        "Choices": [
            { "Or": missing, "Next": "NoInput" },
            { "Variable": "$.output.s3_bucket", "IsPresent": false, "Next": "SameBucket" },
        ],
        "Default": "Output",
    })
}

/// Refuses what would write every result over its source.
fn output() -> Value {
    let same = [
        json!({ "Variable": "$.output.s3_bucket", "StringEqualsPath": "$.input.s3_bucket" }),
        json!({ "Variable": "$.output.s3_prefix", "StringEquals": "" }),
        json!({ "Variable": "$.output.s3_suffix", "StringEquals": "" }),
    ];
    json!({
        "Type": "Choice",
        "Choices": [{ "And": same, "Next": "SameObjects" }],
        "Default": "Name",
    })
}

/// A child execution for every object of the list.
fn objects(site: &Site<'_>) -> Value {
    let mut states = Map::new();
    // The key is written behind a dash, so that there is something even where it is made of points.
    let parts = "States.StringSplit(States.Format('-{}', $.key), '.')";
    let last =
        format!("States.ArrayGetItem({parts}, States.MathAdd(States.ArrayLength({parts}), -1))");
    let look = json!({
        "Type": "Pass",
        "Parameters": {
            "key.$": "$.key",
            "size.$": "$.size",
            "run.$": "$.run",
            "is_media.$": format!("States.ArrayContains($.run.input.extensions, {last})"),
        },
        "Next": "Media",
    });
    let media = [
        json!({ "Variable": "$.is_media", "BooleanEquals": true }),
        json!({ "Variable": "$.size", "NumericGreaterThan": 0 }),
        json!({ "Not": { "Variable": "$.key", "StringMatches": "*/" } }),
    ];
    let choice = json!({
        "Type": "Choice",
        "Choices": [{ "And": media, "Next": "Submit" }],
        "Default": "LeftAlone",
    });
    let alone = json!({ "Type": "Pass", "Parameters": { "left_alone.$": "$.key" }, "End": true });
    for (name, state) in [
        ("Look", look),
        ("Media", choice),
        ("LeftAlone", alone),
        ("Submit", submit(site)),
    ] {
        states.insert(name.to_owned(), state);
    }
    json!({
        "Type": "Map",
        "Label": "Objects",
        "ItemReader": {
            "Resource": integration(site, "s3:listObjectsV2"),
            "Parameters": { "Bucket.$": "$.input.s3_bucket", "Prefix.$": "$.input.s3_prefix" },
        },
        "ItemSelector": {
            "key.$": "$$.Map.Item.Value.Key",
            "size.$": "$$.Map.Item.Value.Size",
            "run.$": "$",
        },
        "ItemProcessor": {
            "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" },
            "StartAt": "Look",
            "States": states,
        },
        "MaxConcurrencyPath": "$.given.max_concurrency",
        "ToleratedFailurePercentagePath": "$.given.tolerated_failure_percentage",
        "ResultWriter": {
            "Resource": integration(site, "s3:putObject"),
            "Parameters": {
                "Bucket": "${bucket}",
                "Prefix": format!("{}/results-output", super::name(&site.plan.prefix)),
            },
        },
        "Next": "Counts",
    })
}

fn integration(site: &Site<'_>, name: &str) -> String {
    format!("arn:{}:states:::{name}", site.partition())
}

/// One job. Whatever is no text in the input becomes one here; `null` is what the worker takes for nothing.
fn submit(site: &Site<'_>) -> Value {
    let text = |path: &str| format!("States.Format('{{}}', {path})");
    let submission = "States.Hash(States.Format('{} {} {}', $$.Execution.Id, $$.State.EnteredTime, $.key), 'SHA-256')";
    json!({
        "Type": "Task",
        "Resource": integration(site, "batch:submitJob.sync"),
        "Parameters": {
            // It has to be a legal one, so the name that was given travels as a parameter.
            "JobName.$": format!("States.Format('{}-{{}}-{{}}', $.run.given.compute, States.UUID())", site.plan.prefix),
            "JobQueue.$": "$.run.to.queue",
            "JobDefinition.$": "$.run.to.definition",
            "Parameters": {
                "name.$": text("$.run.given.name"),
                "global_options.$": text("$.run.global.options"),
                "input_file_options.$": text("$.run.input.file_options"),
                "input_url.$": "States.Format('s3://{}/{}', $.run.input.s3_bucket, $.key)",
                "output_file_options.$": text("$.run.output.file_options"),
                "output_url.$": "States.Format('s3://{}/{}{}{}', $.run.output.s3_bucket, $.run.output.s3_prefix, $.key, $.run.output.s3_suffix)",
            },
            // By it the worker knows a second job of the same submission, which a lost answer leads to.
            "ContainerOverrides": {
                "Environment": [{ "Name": SUBMISSION, "Value.$": submission }],
            },
        },
        "Retry": [{
            "ErrorEquals": TRANSIENT,
            "IntervalSeconds": 5, "BackoffRate": 2, "MaxDelaySeconds": 300, "MaxAttempts": 10, "JitterStrategy": "FULL",
        }],
        "End": true,
    })
}

/// What became of the jobs.
fn counts(site: &Site<'_>) -> Value {
    json!({
        "Type": "Task",
        "Resource": integration(site, "aws-sdk:sfn:describeMapRun"),
        "Parameters": { "MapRunArn.$": "$.MapRunArn" },
        "ResultSelector": {
            "objects.$": "$.ItemCounts.Total",
            "succeeded.$": "$.ItemCounts.Succeeded",
            "failed.$": "$.ItemCounts.Failed",
        },
        "ResultPath": "$.Counts",
        "End": true,
    })
}
