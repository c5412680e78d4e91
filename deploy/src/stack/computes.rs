//! The computes: of each family its launch template, environments, queues and job definitions, from the family's own data.

use ffbatch_dispatcher::infra::{self, BatchFamily, Launch, Surroundings, instances};
use ffbatch_dispatcher::settings::Settings;
use serde_json::{Value, json};

use super::network::Place;
use super::{Site, bucket, images, logs, roles, shared, switch};
use crate::template::{attribute, capitals, id, reference, region};
use crate::validate;

/// The members of a job definition whose keys are the user's own.
const FREE: [&str; 2] = ["parameters", "options"];

/// The root device of the images that AWS Batch starts (Amazon ECS-optimized Amazon Linux 2023).
const ROOT_DEVICE: &str = "/dev/xvda";

/// Why a job that is stuck in `RUNNABLE` is given up, and after how many seconds (AWS Batch User Guide, "Job queue blocked"): one that
/// can never run soon, one for which there is no capacity after a day.
const STUCK: [(&str, u32); 3] = [
    ("CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY", 86_400),
    ("MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE", 3600),
    ("MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT", 3600),
];

/// What an instance sets up as it starts: containers are asked to end when its Spot instance is taken back, and get most of the two
/// minutes that there are ("Amazon ECS container agent configuration" in the Amazon ECS Developer Guide). AWS Batch adds its own part, so
/// it has to be a MIME archive.
const AGENT: &str = "echo ECS_ENABLE_SPOT_INSTANCE_DRAINING=true >>/etc/ecs/ecs.config
echo ECS_CONTAINER_STOP_TIMEOUT=110s >>/etc/ecs/ecs.config
";

/// How many networks may lie between an instance's metadata service and a container: a container with a network of its own is one
/// further away.
const METADATA_HOPS: u32 = 2;

/// Why a compute cannot be deployed.
pub fn why_not(settings: &Settings, region: &str) -> Option<String> {
    let (compute, family) = (&settings.compute, &settings.family);
    if family.image.is_none() {
        return Some(format!(
            "it needs an image of your own (name it: `image` in the section `backends.{compute}`)"
        ));
    }
    if let Some(why) = validate::contradiction(&family.families, family.architecture) {
        return Some(why);
    }
    if !family.launch.is_fargate() && here(family, region).is_empty() {
        return Some(format!(
            "`{region}` offers none of {} (choose another Region, or other `families` in the section `backends.{compute}`)",
            family.families.join(", ")
        ));
    }
    None
}

/// The families of instance types that the Region offers: one that it lacks would make the whole environment invalid.
fn here<'a>(family: &'a BatchFamily, region: &str) -> Vec<&'a str> {
    instances::families_in(region, &family.families())
}

pub fn add(site: &mut Site<'_>, place: &Place) {
    for settings in &site.plan.computes {
        let (compute, family) = (&settings.compute, &settings.family);
        let environment = |kind: Launch, site: &mut Site<'_>| {
            let name = match kind {
                Launch::Spot | Launch::FargateSpot => "spot",
                Launch::OnDemand | Launch::Fargate => "on-demand",
            };
            let properties = environment(site, compute, family, kind, place);
            let id = id(&[compute, name, "environment"]);
            let kind = "AWS::Batch::ComputeEnvironment";
            site.template
                .add_with(&id, kind, properties, place.dependency())
        };
        if !family.launch.is_fargate() {
            launch_template(site, compute, family);
        }
        let mut order = vec![environment(family.launch, site)];
        if !family.launch.is_fargate() {
            let own = match family.launch {
                Launch::OnDemand => order[0].clone(),
                _ => environment(Launch::OnDemand, site),
            };
            if site.plan.options.on_demand && family.launch == Launch::Spot {
                order.push(own.clone());
            }
            queue(
                site,
                compute,
                "pinned-queue",
                &family.pinned_queue(),
                &[own],
            );
        } else if site.plan.options.on_demand && family.launch == Launch::FargateSpot {
            order.push(environment(Launch::Fargate, site));
        }
        queue(site, compute, "queue", &family.job_queue, &order);
        definitions(site, compute, family);
    }
}

fn launch_template(site: &mut Site<'_>, compute: &str, family: &BatchFamily) {
    let tags = json!([
        { "Key": "Name", "Value": site.named(compute) },
        { "Key": "application", "Value": site.plan.prefix },
    ]);
    let tagged = |kind: &str| json!({ "ResourceType": kind, "Tags": tags });
    let data = json!({
        "MetadataOptions": { "HttpTokens": "required", "HttpPutResponseHopLimit": METADATA_HOPS },
        "BlockDeviceMappings": [{
            "DeviceName": ROOT_DEVICE,
            "Ebs": { "VolumeType": "gp3", "VolumeSize": family.scratch_gib, "Encrypted": true, "DeleteOnTermination": true },
        }],
        "TagSpecifications": [tagged("instance"), tagged("volume")],
        "UserData": { "Fn::Base64": user_data(site.plan.options.shared_files) },
    });
    let properties = json!({
        "LaunchTemplateData": data,
        "TagSpecifications": [tagged("launch-template")],
    });
    site.template.add(
        &id(&[compute, "launch-template"]),
        "AWS::EC2::LaunchTemplate",
        properties,
    );
}

/// The script that an instance runs as it starts, as a MIME archive.
fn user_data(has_shared_files: bool) -> Value {
    let archive = |script: &str| {
        format!(
            "MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=\"==ffbatch==\"

--==ffbatch==
Content-Type: text/x-shellscript; charset=\"us-ascii\"

#!/bin/bash
{script}
--==ffbatch==--
"
        )
    };
    if !has_shared_files {
        return json!(archive(AGENT));
    }
    json!({ "Fn::Sub": [archive(&format!("{AGENT}{}", shared::script())), { "Files": attribute(shared::FILES, "FileSystemId") }] })
}

fn environment(
    site: &Site<'_>,
    compute: &str,
    family: &BatchFamily,
    launch: Launch,
    place: &Place,
) -> Value {
    let kind = match launch {
        Launch::Spot => "SPOT",
        Launch::OnDemand => "EC2",
        Launch::FargateSpot => "FARGATE_SPOT",
        Launch::Fargate => "FARGATE",
    };
    let mut resources = json!({
        "Type": kind,
        "MaxvCpus": site.plan.options.max_vcpus,
        "Subnets": place.subnets,
        "SecurityGroupIds": [place.security_group],
    });
    let mut properties = json!({
        "Type": "MANAGED",
        "State": "ENABLED",
        "ReplaceComputeEnvironment": false,
        "Tags": { "application": site.plan.prefix },
    });
    if !launch.is_fargate() {
        let strategy = match launch {
            Launch::Spot => "SPOT_PRICE_CAPACITY_OPTIMIZED",
            _ => "BEST_FIT_PROGRESSIVE",
        };
        let image = if family.gpus > 0 {
            "ECS_AL2023_NVIDIA"
        } else {
            "ECS_AL2023"
        };
        let template = id(&[compute, "launch-template"]);
        let more = json!({
            "MinvCpus": 0,
            "AllocationStrategy": strategy,
            "InstanceTypes": here(family, &site.plan.region),
            "InstanceRole": attribute(roles::PROFILE, "Arn"),
            "LaunchTemplate": {
                "LaunchTemplateId": reference(&template),
                "Version": attribute(&template, "LatestVersionNumber"),
            },
            "Ec2Configuration": [{ "ImageType": image }],
            "UpdateToLatestImageVersion": true,
        });
        for (name, value) in more.as_object().into_iter().flatten() {
            resources[name] = value.clone();
        }
        properties["UpdatePolicy"] =
            json!({ "TerminateJobsOnUpdate": false, "JobExecutionTimeoutMinutes": 60 });
    }
    properties["ComputeResources"] = resources;
    properties
}

/// Adds a queue over environments in their order.
pub fn queue(site: &mut Site<'_>, compute: &str, what: &str, name: &str, order: &[Value]) {
    let order: Vec<Value> = (1..)
        .zip(order)
        .map(|(number, environment)| json!({ "Order": number, "ComputeEnvironment": environment }))
        .collect();
    let stuck = STUCK.map(|(reason, seconds)| {
        json!({ "State": "RUNNABLE", "Reason": reason, "MaxTimeSeconds": seconds, "Action": "CANCEL" })
    });
    let properties = json!({
        "JobQueueName": name,
        "State": "ENABLED",
        "Priority": 1,
        "ComputeEnvironmentOrder": order,
        "JobStateTimeLimitActions": stuck,
        "Tags": { "application": site.plan.prefix },
    });
    site.template
        .add(&id(&[compute, what]), "AWS::Batch::JobQueue", properties);
}

fn definitions(site: &mut Site<'_>, compute: &str, family: &BatchFamily) {
    let prefix = &site.plan.prefix;
    let is_usual = prefix == infra::PREFIX;
    let around = Surroundings {
        image: images::image(family.image.as_deref().unwrap_or_default()),
        bucket: reference(bucket::BUCKET),
        region: region(),
        job_role: Some(attribute(roles::JOB, "Arn")),
        execution_role: Some(attribute(roles::EXECUTION, "Arn")),
        log_group: Some(reference(logs::GROUP)),
        switch: (!is_usual).then(|| reference(switch::SWITCH)),
        shared_files: (site.plan.options.shared_files)
            .then(|| attribute(shared::FILES, "FileSystemArn")),
        is_private: site.plan.is_private(),
    };
    let all = [
        ("definition", Some(family.definition(&around))),
        ("pinned-definition", family.pinned(&around)),
    ];
    for (what, definition) in all {
        let Some(definition) = definition else {
            continue;
        };
        define(site, &id(&[compute, what]), &definition);
    }
}

/// Adds a job definition, which is given in the form of the AWS Batch API.
pub fn define(site: &mut Site<'_>, id: &str, definition: &Value) {
    let mut properties = capitals(definition, &FREE);
    properties["Tags"] = json!({ "application": site.plan.prefix });
    site.template
        .add(id, "AWS::Batch::JobDefinition", properties);
}
