//! Submitting a job: `POST /<compute>/ffmpeg` and, the same by another name, `POST /batch/execute/<compute>`.
//!
//! The parameters of the body become those of the job. AWS Batch has no empty texts, so what is absent or empty is left out, and the
//! definition's `null` stands for it. Job names allow few characters, so the job's is made of the request's id, and the user's `name`
//! travels as the parameter that it is.
//!
//! With `instance_type` the job owns an instance of that type: it goes to the queue and definition for that, with the words of its
//! command and the whole instance, as `ffbatch run --instance-type` sends it. Which types there are stands in the schema, so the
//! validator refuses any other; what each has stands in the template.

use ffbatch_dispatcher::infra::instances::{self, InstanceType};
use ffbatch_dispatcher::infra::{self, ALL_NODES, BatchFamily, PARAMETERS};
use ffbatch_dispatcher::retry::RetryStrategy;
use ffbatch_dispatcher::settings::Settings;
use ffbatch_dispatcher::variable;
use serde_json::{Map, Value, json};

use super::route::{Body, JOB_ID, REQUEST_ID, Route, Service};
use super::vtl;
use crate::options::Network;
use crate::stack::{Plan, export};
use crate::template::id;

/// The parameters that a job cannot do without.
const REQUIRED: [&str; 2] = ["input_url", "output_url"];

/// What nobody gives by this API: a whole job as JSON, which says what the others say.
const NOT_HERE: &str = "job";

/// The longest value of a parameter. AWS Batch takes longer ones and then fails the job, because Amazon ECS takes 8,192 characters of
/// overrides ("Service quotas" in the AWS Batch User Guide, `RunTask` in the Amazon ECS API Reference); the rest is for what
/// surrounds the values.
const LONGEST: u32 = 7168;

/// The queue and the definition of every kind of job.
pub fn pairs(plan: &Plan) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for family in plan.computes.iter().map(|one| &one.family) {
        pairs.push((family.job_queue.clone(), family.job_definition.clone()));
        if !family.launch.is_fargate() {
            pairs.push((family.pinned_queue(), family.pinned_definition()));
        }
    }
    pairs.extend(export::pair(plan));
    pairs
}

/// The routes of a compute.
pub fn routes(plan: &Plan, settings: &Settings) -> [Route; 2] {
    let (compute, family) = (&settings.compute, &settings.family);
    let types = types(family, &plan.region);
    let paths = [
        format!("/{compute}/ffmpeg"),
        format!("/batch/execute/{compute}"),
    ];
    paths.map(|path| Route {
        method: "post",
        path,
        summary: format!("Run an ffmpeg command on the compute `{compute}`"),
        asked: Some(Body {
            name: id(&["submit", compute]),
            schema: schema(compute, &types),
            example: json!({
                "name": "clip-video",
                "input_url": "s3://bucket/in.mp4",
                "output_url": "s3://bucket/out.mp4",
                "output_file_options": "-ss 00:00:10 -t 00:00:15 -c:v copy -c:a copy",
            }),
        }),
        answered: submitted(&format!("{}-{compute}", plan.prefix)),
        service: Service::Batch("v1/submitjob"),
        request: template(plan, compute, family, &types).into(),
        response: format!(
            "{{{}}}",
            vtl::fields("", &["jobArn", "jobId", "jobName"], &[])
        ),
        may_miss: false,
    })
}

/// The instance types that a job can own.
fn types(family: &BatchFamily, region: &str) -> Vec<&'static InstanceType> {
    instances::offers(&family.families(), region, Some(family.architecture))
}

fn schema(compute: &str, types: &[&InstanceType]) -> Value {
    let mut properties = Map::new();
    for name in PARAMETERS.into_iter().filter(|&name| name != NOT_HERE) {
        let mut text =
            json!({ "type": "string", "maxLength": LONGEST, "description": description(name) });
        if REQUIRED.contains(&name) {
            text["minLength"] = json!(1);
        }
        properties.insert(name.to_owned(), text);
    }
    let one_of = |names: Vec<&str>, description: &str| json!({ "type": "string", "enum": names, "description": description });
    properties.insert(
        "compute".to_owned(),
        one_of(vec![compute], "The compute, as in the path"),
    );
    if !types.is_empty() {
        let names = types.iter().map(|one| one.name).collect();
        let what = "The job gets a whole On-Demand instance of this type";
        properties.insert("instance_type".to_owned(), one_of(names, what));
    }
    json!({
        "type": "object",
        "required": REQUIRED,
        "additionalProperties": false,
        "properties": properties,
    })
}

fn description(parameter: &str) -> &'static str {
    match parameter {
        "global_options" => "ffmpeg's global options",
        "input_file_options" => "Options of the input",
        "input_url" => "Inputs: one, several with commas between them, or a JSON list",
        "output_file_options" => "Options of the output",
        "output_url" => "Where the output goes",
        _ => "A name for reports and traces",
    }
}

fn submitted(name: &str) -> Body {
    let text = json!({ "type": "string" });
    Body {
        name: "Submitted".to_owned(),
        schema: json!({ "type": "object", "properties": { "jobArn": text, "jobId": text, "jobName": text } }),
        example: json!({
            "jobArn": format!("arn:aws:batch:eu-west-1:123456789012:job/{JOB_ID}"),
            "jobId": JOB_ID,
            "jobName": format!("{name}-{REQUEST_ID}"),
        }),
    }
}

/// The body of `SubmitJob`.
fn template(
    plan: &Plan,
    compute: &str,
    family: &BatchFamily,
    types: &[&'static InstanceType],
) -> String {
    let shared = shared(family);
    let kind = if types.is_empty() {
        shared
    } else {
        vtl::either("instance_type", &pinned(plan, family, types), &shared)
    };
    let prefix = &plan.prefix;
    format!(r#"{{"jobName":"{prefix}-{compute}-$context.requestId",{kind}}}"#)
}

/// The parameters, each with its value after what `before` makes of its name.
fn parameters(before: fn(&str) -> String) -> String {
    let required: Vec<String> = REQUIRED
        .iter()
        .map(|name| before(name) + &vtl::json(name))
        .collect();
    let others = PARAMETERS
        .into_iter()
        .filter(|&name| name != NOT_HERE && !REQUIRED.contains(&name));
    let others = others.map(|name| vtl::given(name, &format!(",{}", before(name))));
    required.join(",") + &others.collect::<String>()
}

/// A job that shares its instance.
fn shared(family: &BatchFamily) -> String {
    let parameters = parameters(|name| format!(r#""{name}":"#));
    let place = place(&family.job_queue, &family.job_definition);
    format!(r#"{place},"parameters":{{{parameters}}}"#)
}

/// A job that owns one.
fn pinned(plan: &Plan, family: &BatchFamily, types: &[&'static InstanceType]) -> String {
    let place = place(&family.pinned_queue(), &family.pinned_definition());
    let retry = infra::retry_strategy(&RetryStrategy::default());
    let find = format!(
        "#set($sizes = {})#set($size = $sizes.get($input.path('$.instance_type')))",
        sizes(types)
    );
    let container = [
        format!(r#""instanceType":{}"#, vtl::json("instance_type")),
        format!(
            r#""command":[{}]"#,
            parameters(|name| format!(r#""--{name}","#))
        ),
        format!(r#""environment":{}"#, variables(plan)),
        format!(r#""resourceRequirements":{}"#, needs(types)),
    ];
    let container = container.join(",");
    let node = format!(r#"{{"targetNodes":"{ALL_NODES}","containerOverrides":{{{container}}}}}"#);
    format!(
        r#"{find}{place},"retryStrategy":{retry},"nodeOverrides":{{"nodePropertyOverrides":[{node}]}}"#
    )
}

fn place(queue: &str, definition: &str) -> String {
    format!(r#""jobQueue":"{queue}","jobDefinition":"{definition}""#)
}

/// What each type has for its job, as a map of the language: vCPUs, memory in MiB, GPUs.
fn sizes(types: &[&InstanceType]) -> Value {
    let size = |one: &&InstanceType| {
        let has = json!([one.vcpus, one.memory_for_container(), one.gpus]);
        (one.name.to_owned(), has)
    };
    types.iter().map(size).collect::<Map<_, _>>().into()
}

fn variables(plan: &Plan) -> Value {
    let mut all = vec![json!({ "name": variable::VCPUS, "value": "$size.get(0)" })];
    if plan.options.network == Network::Public {
        let value = if plan.options.ffqm { "TRUE" } else { "FALSE" };
        all.push(json!({ "name": variable::SWITCH, "value": value }));
    }
    all.into()
}

fn needs(types: &[&InstanceType]) -> Value {
    let has_gpus = types.iter().any(|one| one.gpus > 0);
    let kinds = ["VCPU", "MEMORY", "GPU"].into_iter().enumerate();
    kinds
        .filter(|(_, kind)| *kind != "GPU" || has_gpus)
        .map(|(at, kind)| json!({ "type": kind, "value": format!("$size.get({at})") }))
        .collect()
}
