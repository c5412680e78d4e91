//! The job definitions of a family, in the form of the AWS Batch API (`RegisterJobDefinition`).

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{BatchFamily, MOUNT};
use crate::retry::{RetryStrategy, Rule};
use crate::variable;

/// The job parameters, in the order of the worker's flags. A definition gives each the value `null`, which is none: AWS Batch has
/// no empty texts.
pub const PARAMETERS: [&str; 7] = [
    "global_options",
    "input_file_options",
    "input_url",
    "output_file_options",
    "output_url",
    "name",
    "job",
];

/// The volume that is the mounted bucket.
const VOLUME: &str = "bucket";

/// The nodes that a pinned definition speaks of: all, of which there is one.
pub const ALL_NODES: &str = "0:";

/// What a definition needs to know of the account that it is for: texts, or what stands for them in a template.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// The image, with its registry.
    pub image: Value,
    /// The bucket of the stack.
    pub bucket: Value,
    /// The Region.
    pub region: Value,
    /// The role of the worker.
    pub job_role: Option<Value>,
    /// The role by which the image is pulled and logs are written; only Fargate has one, and needs it.
    pub execution_role: Option<Value>,
    /// The log group; absent for that of AWS Batch.
    pub log_group: Option<Value>,
    /// The parameter that is the switch for quality, where it has not the usual name.
    pub switch: Option<Value>,
    /// The file system of the bucket (Amazon S3 Files), where jobs read it as one.
    pub shared_files: Option<Value>,
    /// Whether a job on Fargate gets no public address, since its subnet has other ways out.
    pub is_private: bool,
}

impl BatchFamily {
    /// The definition of the family's usual jobs.
    pub fn definition(&self, around: &Surroundings) -> Value {
        let defaults: Map<String, Value> = PARAMETERS
            .iter()
            .map(|&name| (name.to_owned(), json!("null")))
            .collect();
        let command = PARAMETERS
            .iter()
            .flat_map(|name| [format!("--{name}"), format!("Ref::{name}")]);
        let platform = if self.launch.is_fargate() {
            "FARGATE"
        } else {
            "EC2"
        };
        let mut container = self.container(around);
        container.insert("command".to_owned(), command.collect());
        json!({
            "jobDefinitionName": self.job_definition,
            "type": "container",
            "platformCapabilities": [platform],
            "parameters": defaults,
            "retryStrategy": retry_strategy(&RetryStrategy::default()),
            "propagateTags": true,
            "containerProperties": container,
        })
    }

    /// The definition of jobs that own an instance; `None` on Fargate, which has none. Whoever submits gives the command, the
    /// instance type and its resources: parameters do not reach into nodes.
    pub fn pinned(&self, around: &Surroundings) -> Option<Value> {
        let node = || json!({ "targetNodes": ALL_NODES, "container": self.container(around) });
        (!self.launch.is_fargate()).then(|| {
            json!({
                "jobDefinitionName": self.pinned_definition(),
                "type": "multinode",
                "propagateTags": true,
                "nodeProperties": {
                    "numNodes": 1,
                    "mainNode": 0,
                    "nodeRangeProperties": [node()],
                },
            })
        })
    }

    /// The container but for its command.
    fn container(&self, around: &Surroundings) -> Map<String, Value> {
        let mut all = Map::new();
        let mut put = |name: &str, value: Value| {
            all.insert(name.to_owned(), value);
        };
        put("image", around.image.clone());
        put("environment", self.variables(around));
        put("resourceRequirements", self.needs());
        if let Some(role) = &around.job_role {
            put("jobRoleArn", role.clone());
        }
        if let Some(group) = &around.log_group {
            let options =
                json!({ "awslogs-group": group, "awslogs-stream-prefix": self.job_definition });
            put(
                "logConfiguration",
                json!({ "logDriver": "awslogs", "options": options }),
            );
        }
        if self.launch.is_fargate() {
            if let Some(role) = &around.execution_role {
                put("executionRoleArn", role.clone());
            }
            let architecture = self.architecture.name();
            put(
                "runtimePlatform",
                json!({ "cpuArchitecture": architecture, "operatingSystemFamily": "LINUX" }),
            );
            put(
                "networkConfiguration",
                json!({ "assignPublicIp": if around.is_private { "DISABLED" } else { "ENABLED" } }),
            );
            put("ephemeralStorage", json!({ "sizeInGiB": self.scratch_gib }));
        }
        if let Some(files) = &around.shared_files {
            // AWS Batch mounts it for jobs on Fargate; on instances it is there.
            let volume = if self.launch.is_fargate() {
                json!({ "name": VOLUME, "s3filesVolumeConfiguration": { "fileSystemArn": files } })
            } else {
                json!({ "name": VOLUME, "host": { "sourcePath": MOUNT } })
            };
            put("volumes", json!([volume]));
            let point = json!({ "sourceVolume": VOLUME, "containerPath": MOUNT, "readOnly": true });
            put("mountPoints", json!([point]));
        }
        if !self.devices.is_empty() {
            let device = |path: &String| json!({ "hostPath": path, "containerPath": path, "permissions": ["READ", "WRITE"] });
            let devices: Vec<Value> = self.devices.iter().map(device).collect();
            put("linuxParameters", json!({ "devices": devices }));
        }
        if self.privileged {
            put("privileged", json!(true));
        }
        all
    }

    fn variables(&self, around: &Surroundings) -> Value {
        let own = self.environment.iter();
        let mut all: BTreeMap<&str, Value> = own
            .map(|(name, value)| (name.as_str(), json!(value)))
            .collect();
        all.insert(variable::BUCKET, around.bucket.clone());
        all.insert("AWS_REGION", around.region.clone());
        all.insert(variable::VCPUS, json!(self.vcpus.to_string()));
        if around.shared_files.is_some() {
            all.insert(variable::BUCKET_MOUNT, json!(MOUNT));
        }
        if let Some(program) = &self.preflight {
            all.insert(variable::PREFLIGHT, json!(program));
        }
        if let Some(name) = &around.switch {
            all.insert(variable::SWITCH_NAME, name.clone());
        }
        all.iter()
            .map(|(name, value)| json!({ "name": name, "value": value }))
            .collect()
    }

    fn needs(&self) -> Value {
        let needs = [
            ("VCPU", self.vcpus),
            ("MEMORY", self.memory_mib),
            ("GPU", self.gpus),
        ];
        needs
            .into_iter()
            .filter(|(_, amount)| *amount > 0)
            .map(|(kind, amount)| json!({ "type": kind, "value": amount.to_string() }))
            .collect()
    }
}

/// A retry strategy in the form of the API.
pub fn retry_strategy(strategy: &RetryStrategy) -> Value {
    let rules: Vec<Value> = strategy.evaluate_on_exit.iter().map(rule).collect();
    let mut value = json!({ "attempts": strategy.attempts });
    if !rules.is_empty() {
        value["evaluateOnExit"] = json!(rules);
    }
    value
}

fn rule(rule: &Rule) -> Value {
    let mut value = json!({ "action": rule.action });
    for (name, pattern) in [
        ("onExitCode", &rule.on_exit_code),
        ("onReason", &rule.on_reason),
        ("onStatusReason", &rule.on_status_reason),
    ] {
        if let Some(pattern) = pattern {
            value[name] = json!(pattern);
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::super::Architecture;
    use super::*;

    fn around() -> Surroundings {
        Surroundings {
            image: json!("registry/batch-ffmpeg:cpu"),
            bucket: json!("media"),
            region: json!("eu-west-1"),
            job_role: Some(json!("arn:aws:iam::1:role/job")),
            ..Surroundings::default()
        }
    }

    #[test]
    fn what_is_registered_for_a_family_on_instances() {
        let family = BatchFamily::ec2("arm", Architecture::Arm, &["c7g"]);
        insta::assert_json_snapshot!(family.definition(&around()));
    }

    #[test]
    fn what_is_registered_for_a_family_with_devices() {
        let family = BatchFamily {
            gpus: 1,
            preflight: Some("nvidia-smi".to_owned()),
            devices: vec!["/dev/x0".to_owned()],
            privileged: true,
            environment: [("A".to_owned(), "1".to_owned())].into(),
            ..BatchFamily::ec2("nvidia", Architecture::X86, &["g5"])
        };
        insta::assert_json_snapshot!(family.pinned(&around()));
    }

    #[test]
    fn what_is_registered_for_fargate() {
        let family = BatchFamily::fargate("fargate-arm", Architecture::Arm);
        insta::assert_json_snapshot!(family.definition(&around())["containerProperties"]);
        assert_eq!(family.pinned(&around()), None);
    }

    #[test]
    fn a_mounted_bucket_is_a_volume_on_fargate_and_a_directory_on_instances() {
        let around = Surroundings {
            shared_files: Some(json!("arn:aws:s3files:eu-west-1:1:file-system/fs-1")),
            ..around()
        };
        let families = [
            BatchFamily::fargate("fargate", Architecture::X86),
            BatchFamily::ec2("arm", Architecture::Arm, &["c7g"]),
        ];
        let mounted = families.map(|family| {
            let container = family.container(&around);
            ["environment", "volumes", "mountPoints"].map(|name| container[name].clone())
        });
        insta::assert_json_snapshot!(mounted);
    }
}
