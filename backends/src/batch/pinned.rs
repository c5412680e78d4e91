//! Jobs that own an instance of a type that they name.
//!
//! AWS Batch lets nothing but multi-node jobs choose an instance type, so such a job is a multi-node job of one node, with a
//! definition and a queue of its own (`-pinned`) over On-Demand instances: multi-node jobs run neither on Spot nor on Fargate.
//! Parameters do not reach into nodes, so it carries them as the words of its command.
//!
//! Its container has a network of its own, which in a public subnet reaches S3 and nothing else. So whoever submits it asks what a
//! worker would ask elsewhere: the quality switch.

use std::borrow::Cow;
use std::collections::HashMap;

use aws_sdk_batch::types::{ContainerOverrides, NodeOverrides, NodePropertyOverride};
use ffbatch_dispatcher::compute::{ComputeError, Request};
use ffbatch_dispatcher::infra::instances::{self, InstanceType, Offered};
use ffbatch_dispatcher::infra::{ALL_NODES, BatchFamily, PARAMETERS, switch as switch_of};
use ffbatch_dispatcher::settings::Settings;
use ffbatch_dispatcher::terms::Terms;
use ffbatch_dispatcher::variable;

use super::client::Client;

/// The instance type that a job names, looked up; a sentence where the family cannot run it there.
pub fn instance(
    family: &BatchFamily,
    region: &str,
    request: &Request,
) -> Result<Option<&'static InstanceType>, String> {
    let Some(name) = &request.terms.instance_type else {
        return Ok(None);
    };
    if family.launch.is_fargate() {
        return Err(format!(
            "Fargate has no instances, so none can be a `{name}` (leave the instance type out, or choose a compute with instances)"
        ));
    }
    if request.is_array() {
        return Err(
            "AWS Batch has no array jobs that own instances (leave `array` or the instance type out)".to_owned(),
        );
    }
    let Some(instance) = instances::find(&name.to_ascii_lowercase()) else {
        return Err(unknown(name));
    };
    let here = choices(family, region);
    if !here.is_empty() && !here.contains(&instance) {
        let why = why_not(family, region, instance);
        return Err(format!("{why} (there are: {})", listed(&here)));
    }
    fits(instance, &request.terms)?;
    Ok(Some(instance))
}

/// What a family can start in a Region.
fn choices(family: &BatchFamily, region: &str) -> Vec<&'static InstanceType> {
    instances::offers(&family.families(), region, Some(family.architecture))
}

fn unknown(name: &str) -> String {
    let near = instances::nearest(name);
    let fix = if near.is_empty() {
        "write it like `c7g.4xlarge`".to_owned()
    } else {
        format!("did you mean `{}`?", near.join("`, `"))
    };
    format!("`{name}` is no instance type that this program knows ({fix})")
}

fn why_not(family: &BatchFamily, region: &str, instance: &InstanceType) -> String {
    let name = instance.name;
    if instance.architecture != family.architecture {
        format!(
            "`{name}` is an instance of {}, and its image is for {}",
            instance.architecture.name(),
            family.architecture.name()
        )
    } else if instances::offered(region, instance) == Offered::No {
        format!("`{region}` has no `{name}`")
    } else {
        format!("`{name}` is none of its instances")
    }
}

/// `c7g.medium large xlarge, c8g.medium large`: each family once.
fn listed(all: &[&InstanceType]) -> String {
    let mut text = String::new();
    let mut family = "";
    for one in all {
        if one.family == family {
            text = format!("{text} {}", one.size);
        } else {
            let comma = if text.is_empty() { "" } else { ", " };
            text = format!("{text}{comma}{}", one.name);
            family = one.family;
        }
    }
    text
}

fn fits(instance: &InstanceType, terms: &Terms) -> Result<(), String> {
    let asked = [
        ("vCPUs", terms.vcpus, instance.vcpus),
        (
            "MiB of memory",
            terms.memory_mib,
            instance.memory_for_container(),
        ),
        ("GPUs", terms.gpus, instance.gpus),
    ];
    for (what, wanted, there) in asked {
        if let Some(wanted) = wanted.filter(|wanted| *wanted > there) {
            return Err(format!(
                "it asks for {wanted} {what}, and a job on a `{}` can have {there} (ask for less, or leave it out and get all)",
                instance.name
            ));
        }
    }
    Ok(())
}

/// The request with what it gets, where it names an instance type: the whole instance unless it asks for less, and the answer of
/// the switch.
pub async fn filled<'a>(
    client: &Client,
    settings: &Settings,
    request: &'a Request,
) -> Result<Cow<'a, Request>, ComputeError> {
    let found =
        instance(&settings.family, &client.region, request).map_err(ComputeError::rejected)?;
    let Some(instance) = found else {
        return Ok(Cow::Borrowed(request));
    };
    let mut request = request.clone();
    let terms = &mut request.terms;
    terms.instance_type = Some(instance.name.to_owned());
    terms.vcpus.get_or_insert(instance.vcpus);
    terms
        .memory_mib
        .get_or_insert(instance.memory_for_container());
    if instance.gpus > 0 {
        terms.gpus.get_or_insert(instance.gpus);
    }
    let asks = request.jobs.iter().any(|job| job.quality.is_none());
    if asks && !request.environment.contains_key(variable::SWITCH) {
        let value = switch(client, settings.aws.prefix()).await;
        request
            .environment
            .insert(variable::SWITCH.to_owned(), value);
    }
    Ok(Cow::Owned(request))
}

/// What the switch says; where it cannot be read, it is off.
async fn switch(client: &Client, prefix: &str) -> String {
    let off = || "FALSE".to_owned();
    match ffbatch_storage::parameter_of(&client.config, &switch_of(prefix)).await {
        Ok(value) => value.unwrap_or_else(off),
        Err(error) => {
            tracing::warn!("the quality of the job is not measured: {error}");
            off()
        }
    }
}

/// The queue of a job on these terms.
pub fn queue(family: &BatchFamily, terms: &Terms) -> String {
    match terms.instance_type {
        Some(_) => family.pinned_queue(),
        None => family.job_queue.clone(),
    }
}

/// The overrides of a job's only node.
pub fn overrides(container: ContainerOverrides) -> NodeOverrides {
    let node = NodePropertyOverride::builder()
        .target_nodes(ALL_NODES)
        .container_overrides(container);
    NodeOverrides::builder()
        .node_property_overrides(node.build())
        .build()
}

/// The words of a command that say what these parameters say.
pub fn command(parameters: &HashMap<String, String>) -> Vec<String> {
    let given = PARAMETERS
        .iter()
        .filter_map(|&name| Some((name, parameters.get(name)?)));
    given
        .flat_map(|(name, value)| [format!("--{name}"), value.clone()])
        .collect()
}

/// The parameters that such a command holds.
pub fn parameters(command: &[String]) -> HashMap<String, String> {
    let pair = |words: &[String]| {
        let [flag, value] = words else { return None };
        Some((flag.strip_prefix("--")?.to_owned(), value.clone()))
    };
    command.chunks(2).filter_map(pair).collect()
}

#[cfg(test)]
mod tests {
    use ffbatch_dispatcher::command::Command;
    use ffbatch_dispatcher::infra::Architecture;
    use ffbatch_dispatcher::job::Job;

    use super::*;

    fn arm() -> BatchFamily {
        BatchFamily::ec2("arm", Architecture::Arm, &["c7g", "c8g"])
    }

    fn request(name: &str) -> Request {
        let job = Command::from_line("ffmpeg -i s3://b/a s3://b/b.mp4").expect("a command");
        let mut request = Request::of("id".to_owned(), Job::of(vec![job]));
        request.terms.instance_type = Some(name.to_owned());
        request
    }

    #[track_caller]
    fn check_refused(family: &BatchFamily, region: &str, request: &Request, expected: &str) {
        let why = instance(family, region, request).expect_err("it must be refused");
        assert!(why.contains(expected), "{why}");
    }

    #[test]
    fn a_type_is_looked_up() {
        let found = instance(&arm(), "eu-west-1", &request("C7g.4xlarge"));
        assert_eq!(found.expect("there is one").map(|one| one.vcpus), Some(16));
        let elsewhere = instance(&arm(), "mars-1", &request("c7g.large"));
        assert!(elsewhere.is_ok(), "who does not know the Region may try");
    }

    #[test]
    fn what_can_never_run_is_refused_with_what_can() {
        let all = "(there are: c7g.medium large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge, c8g.medium ";
        let wrong = "`c6i.large` is an instance of X86_64, and its image is for ARM64";
        check_refused(&arm(), "eu-west-1", &request("c6i.large"), wrong);
        check_refused(&arm(), "eu-west-1", &request("c6i.large"), all);
        let other = "`m7g.large` is none of its instances";
        check_refused(&arm(), "eu-west-1", &request("m7g.large"), other);
        let typo = "did you mean `c7g.4xlarge`";
        check_refused(&arm(), "eu-west-1", &request("c7g.4xlrge"), typo);
        check_refused(&arm(), "eu-west-1", &request("huge"), "write it like");
        let fargate = BatchFamily::fargate("fargate", Architecture::X86);
        check_refused(
            &fargate,
            "eu-west-1",
            &request("c7g.large"),
            "Fargate has no instances",
        );
        let mut array = request("c7g.large");
        array.jobs.push(array.jobs[0].clone());
        check_refused(&arm(), "eu-west-1", &array, "no array jobs");
        let mut big = request("c7g.large");
        big.terms.memory_mib = Some(4096);
        check_refused(&arm(), "eu-west-1", &big, "asks for 4096 MiB of memory");
    }

    #[test]
    fn a_command_holds_its_parameters() {
        let given: HashMap<String, String> = [
            ("input_url".to_owned(), "s3://b/a".to_owned()),
            ("name".to_owned(), "--x".to_owned()),
        ]
        .into();
        let words = command(&given);
        assert_eq!(words, ["--input_url", "s3://b/a", "--name", "--x"]);
        assert_eq!(parameters(&words), given);
    }
}
