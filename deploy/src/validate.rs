//! What AWS would refuse of a template, or take and then never run, and what tools that check templates do not see.
//!
//! A plan that breaks one of these rules comes from the configuration: a compute's section may set anything.

use std::collections::BTreeSet;
use std::str::FromStr;

use ffbatch_dispatcher::infra::Architecture;
use ffbatch_dispatcher::infra::instances::{self, InstanceType, fargate};
use ffbatch_dispatcher::retry::MOST_RULES;
use serde_json::Value;

use crate::template::Template;

mod api;
mod machine;

/// The most resources of a template ("Understand CloudFormation quotas" in the AWS CloudFormation User Guide).
const MOST_RESOURCES: usize = 500;

/// The longest template that is read from S3, in bytes (the same page).
const MOST_BYTES: usize = 1_000_000;

/// The largest job definition, in bytes (AWS Batch User Guide, "Service quotas").
const DEFINITION_BYTES: usize = 24 << 10;

/// The most compute environments of a queue (the same page).
const MOST_ENVIRONMENTS: usize = 3;

/// What is wrong with the properties of a resource, a sentence each.
type Room<'a> = dyn Fn(&Value) -> Vec<String> + 'a;

/// What is wrong with a template for a Region, a sentence each.
pub fn check(template: &Template, region: &str) -> Vec<String> {
    let mut found = Vec::new();
    let resources = template.resources().len();
    if resources > MOST_RESOURCES {
        found.push(format!(
            "the stack has {resources} resources, CloudFormation takes {MOST_RESOURCES} (leave computes out)"
        ));
    }
    let bytes = template.compact().len();
    if bytes > MOST_BYTES {
        found.push(format!(
            "the template has {bytes} bytes, CloudFormation takes {MOST_BYTES} (leave computes out)"
        ));
    }
    let rooms: [(&str, &Room<'_>); 5] = [
        ("AWS::Batch::JobDefinition", &definition_problems),
        ("AWS::Batch::ComputeEnvironment", &|one| {
            environment_problems(one, region)
        }),
        ("AWS::Batch::JobQueue", &|one| queue_problems(one, template)),
        ("AWS::ApiGateway::RestApi", &api::problems),
        ("AWS::StepFunctions::StateMachine", &machine::problems),
    ];
    for (kind, problems) in rooms {
        for (id, properties) in template.of_kind(kind) {
            let wrong = problems(properties).into_iter();
            found.extend(wrong.map(|why| format!("`{id}`: {why}")));
        }
    }
    found
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn definition_problems(definition: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let bytes = definition.to_string().len();
    if bytes > DEFINITION_BYTES {
        found.push(format!(
            "it has {bytes} bytes, AWS Batch takes {DEFINITION_BYTES} (shorten `environment`)"
        ));
    }
    let rules = list(&definition["RetryStrategy"]["EvaluateOnExit"]);
    if rules.len() > MOST_RULES {
        found.push(format!(
            "it has {} retry rules, AWS Batch takes {MOST_RULES}",
            rules.len()
        ));
    }
    // A failure that fits no rule is tried again.
    if rules.last().is_some_and(|last| last["Action"] != "EXIT") {
        found.push("its last retry rule does not end the job".to_owned());
    }
    let container = &definition["ContainerProperties"];
    if list(&container["Command"]).iter().any(|word| word == "") {
        found.push("its command has an empty word, which AWS Batch refuses".to_owned());
    }
    let platforms = list(&definition["PlatformCapabilities"]);
    if platforms.iter().any(|platform| platform == "FARGATE") {
        let vcpus: f64 = need(container, "VCPU").unwrap_or_default();
        let memory_mib = need(container, "MEMORY").unwrap_or_default();
        if let Err(nearest) = fargate::fits(vcpus, memory_mib) {
            found.push(format!(
                "Fargate has no {vcpus} vCPU with {memory_mib} MiB (the nearest is {nearest})"
            ));
        }
    }
    found
}

/// How much of something a container asks for.
fn need<N: FromStr>(container: &Value, kind: &str) -> Option<N> {
    let mut needs = list(&container["ResourceRequirements"]).iter();
    needs.find(|one| one["Type"] == kind)?["Value"]
        .as_str()?
        .parse()
        .ok()
}

/// The instance types that an environment names by their families, as far as the tables know them.
fn types(environment: &Value) -> Vec<&'static InstanceType> {
    let names = list(&environment["ComputeResources"]["InstanceTypes"]);
    let names = names.iter().filter_map(Value::as_str);
    names.flat_map(instances::of_family).collect()
}

fn architectures(environment: &Value) -> BTreeSet<&'static str> {
    let types = types(environment).into_iter();
    types.map(|one| one.architecture.name()).collect()
}

fn environment_problems(environment: &Value, region: &str) -> Vec<String> {
    let mut found = Vec::new();
    let resources = &environment["ComputeResources"];
    let names = list(&resources["InstanceTypes"]);
    let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
    let here = instances::families_in(region, &names);
    for family in names.iter().filter(|name| !here.contains(name)) {
        found.push(format!(
            "`{region}` has no `{family}`, which would make it invalid as a whole"
        ));
    }
    if architectures(environment).len() > 1 {
        found.push("its families have several architectures (an image has one)".to_owned());
    }
    let types = types(environment);
    for configuration in list(&resources["Ec2Configuration"]) {
        let image = configuration["ImageType"].as_str().unwrap_or_default();
        let has_driver = image.ends_with("_NVIDIA");
        if types.iter().any(|one| (one.gpus > 0) != has_driver) {
            found.push(format!(
                "`{image}` is not the image for {} (set `gpus` to 1 for graphics cards, and to 0 for none)",
                names.join(", ")
            ));
        }
    }
    found
}

fn queue_problems(queue: &Value, template: &Template) -> Vec<String> {
    let mut found = Vec::new();
    let order = list(&queue["ComputeEnvironmentOrder"]);
    if order.is_empty() || order.len() > MOST_ENVIRONMENTS {
        found.push(format!(
            "it has {} environments, AWS Batch takes 1 to {MOST_ENVIRONMENTS}",
            order.len()
        ));
    }
    let named = order.iter().filter_map(|one| {
        let id = one["ComputeEnvironment"]["Ref"].as_str()?;
        template.resources().get(id)
    });
    let named: Vec<&Value> = named.map(|one| &one["Properties"]).collect();
    if named.len() < order.len() {
        found.push("it names an environment that the stack has not".to_owned());
    }
    let is_fargate = |one: &&Value| {
        let kind = one["ComputeResources"]["Type"].as_str();
        kind.is_some_and(|kind| kind.starts_with("FARGATE"))
    };
    let on_fargate = named.iter().filter(|one| is_fargate(one)).count();
    if on_fargate > 0 && on_fargate < named.len() {
        found.push("it has environments on Fargate and others".to_owned());
    }
    let all: BTreeSet<&str> = named.iter().flat_map(|one| architectures(one)).collect();
    if all.len() > 1 {
        found.push("its environments have several architectures (an image has one)".to_owned());
    }
    found
}

/// Whether a family's instances have the architecture that it says.
pub fn contradiction(families: &[String], architecture: Architecture) -> Option<String> {
    let mut types = families.iter().flat_map(|name| instances::of_family(name));
    let other = types.find(|one| one.architecture != architecture)?;
    Some(format!(
        "`{}` is {}, and its image is for {} (change `families` or `architecture`)",
        other.family,
        other.architecture.name(),
        architecture.name()
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const DEFINITION: &str = "AWS::Batch::JobDefinition";
    const ENVIRONMENT: &str = "AWS::Batch::ComputeEnvironment";
    const QUEUE: &str = "AWS::Batch::JobQueue";

    #[track_caller]
    fn check_one(resources: &[(&str, &str, Value)], expected: &str) {
        let mut template = Template::new("", "eu-west-1");
        for (id, kind, properties) in resources {
            template.add(id, kind, properties.clone());
        }
        let found = check(&template, "eu-west-1");
        assert_eq!(found.len(), usize::from(!expected.is_empty()), "{found:#?}");
        assert!(found.concat().contains(expected), "{found:#?}");
    }

    fn fargate(vcpus: &str, memory: &str) -> Value {
        let needs =
            json!([{ "Type": "VCPU", "Value": vcpus }, { "Type": "MEMORY", "Value": memory }]);
        json!({ "PlatformCapabilities": ["FARGATE"], "ContainerProperties": { "ResourceRequirements": needs } })
    }

    fn environment(families: &[&str], image: &str) -> Value {
        json!({ "ComputeResources": { "Type": "SPOT", "InstanceTypes": families, "Ec2Configuration": [{ "ImageType": image }] } })
    }

    #[test]
    fn definitions() {
        check_one(&[("D", DEFINITION, fargate("2", "8192"))], "");
        check_one(
            &[("D", DEFINITION, fargate("2", "3072"))],
            "`D`: Fargate has no 2 vCPU with 3072 MiB",
        );
        let with = |actions: &[&str]| {
            let rules: Vec<Value> = actions
                .iter()
                .map(|action| json!({ "Action": action }))
                .collect();
            json!({ "RetryStrategy": { "EvaluateOnExit": rules } })
        };
        check_one(&[("D", DEFINITION, with(&["RETRY", "EXIT"]))], "");
        check_one(
            &[("D", DEFINITION, with(&["RETRY"]))],
            "does not end the job",
        );
        check_one(&[("D", DEFINITION, with(&["EXIT"; 6]))], "6 retry rules");
        let empty = json!({ "ContainerProperties": { "Command": ["a", ""] } });
        check_one(&[("D", DEFINITION, empty)], "empty word");
        let long =
            json!({ "ContainerProperties": { "Environment": "x".repeat(DEFINITION_BYTES) } });
        check_one(&[("D", DEFINITION, long)], "AWS Batch takes 24576");
    }

    #[test]
    fn environments() {
        check_one(
            &[("E", ENVIRONMENT, environment(&["c7g", "c8g"], "ECS_AL2023"))],
            "",
        );
        check_one(
            &[("E", ENVIRONMENT, environment(&["c7g", "c7i"], "ECS_AL2023"))],
            "several architectures",
        );
        check_one(
            &[("E", ENVIRONMENT, environment(&["g5"], "ECS_AL2023"))],
            "not the image for g5",
        );
        check_one(
            &[("E", ENVIRONMENT, environment(&["c7i"], "ECS_AL2023_NVIDIA"))],
            "not the image for c7i",
        );
        check_one(
            &[("E", ENVIRONMENT, environment(&["g5"], "ECS_AL2023_NVIDIA"))],
            "",
        );
        let mut template = Template::new("", "me-south-1");
        template.add("E", ENVIRONMENT, environment(&["c8g"], "ECS_AL2023"));
        let found = check(&template, "me-south-1");
        assert!(
            found.concat().contains("`me-south-1` has no `c8g`"),
            "{found:?}"
        );
    }

    #[test]
    fn queues() {
        let queue = |names: &[&str]| {
            let order: Vec<Value> = names
                .iter()
                .map(|name| json!({ "ComputeEnvironment": { "Ref": name } }))
                .collect();
            json!({ "ComputeEnvironmentOrder": order })
        };
        let arm = ("A", ENVIRONMENT, environment(&["c7g"], "ECS_AL2023"));
        let intel = ("I", ENVIRONMENT, environment(&["c7i"], "ECS_AL2023"));
        let fargate = (
            "F",
            ENVIRONMENT,
            json!({ "ComputeResources": { "Type": "FARGATE_SPOT" } }),
        );
        check_one(&[arm.clone(), ("Q", QUEUE, queue(&["A", "A", "A"]))], "");
        check_one(
            &[arm.clone(), ("Q", QUEUE, queue(&["A"; 4]))],
            "it has 4 environments",
        );
        check_one(&[("Q", QUEUE, queue(&["X"]))], "that the stack has not");
        check_one(
            &[arm.clone(), intel, ("Q", QUEUE, queue(&["A", "I"]))],
            "several architectures",
        );
        check_one(
            &[arm, fargate, ("Q", QUEUE, queue(&["A", "F"]))],
            "on Fargate and others",
        );
    }

    #[test]
    fn documents_of_apis() {
        let api = json!({ "Body": { "components": { "schemas": { "b-c": {} } } } });
        check_one(
            &[("A", "AWS::ApiGateway::RestApi", api)],
            "`A`: the schema `b-c` has a name",
        );
    }

    #[test]
    fn families_of_another_architecture() {
        let families =
            |names: &[&str]| -> Vec<String> { names.iter().map(|&name| name.to_owned()).collect() };
        assert_eq!(
            contradiction(&families(&["c7g", "x9z"]), Architecture::Arm),
            None
        );
        let why =
            contradiction(&families(&["c7g", "c7i"]), Architecture::Arm).expect("c7i is none");
        assert!(
            why.contains("`c7i` is X86_64, and its image is for ARM64"),
            "{why}"
        );
    }
}
