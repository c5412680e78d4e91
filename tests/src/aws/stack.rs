//! The queues and definitions that an installation has.

use serde_json::{Value, json};

use super::{Aws, text};

/// The computes, and what their environments are made of.
pub const COMPUTES: [(&str, &str); 7] = [
    ("intel", "SPOT"),
    ("arm", "SPOT"),
    ("amd", "SPOT"),
    ("nvidia", "SPOT"),
    ("fargate", "FARGATE_SPOT"),
    ("fargate-arm", "FARGATE_SPOT"),
    ("xilinx", "EC2"),
];

/// The bucket of the installation. A test that uses it creates it.
pub const BUCKET: &str = "media";

/// The job parameters: the six of the sample, and ours.
pub const PARAMETERS: [&str; 7] = [
    "global_options",
    "input_file_options",
    "input_url",
    "output_file_options",
    "output_url",
    "name",
    "job",
];

impl Aws {
    /// Creates a compute environment of a kind (`EC2`, `SPOT`, `FARGATE`, `FARGATE_SPOT`) and the queue over it.
    #[track_caller]
    pub fn queue(&self, name: &str, kind: &str) {
        let mut resources = json!({ "type": kind, "maxvCpus": 64, "subnets": ["subnet-1"], "securityGroupIds": ["sg-1"] });
        if !kind.starts_with("FARGATE") {
            resources["instanceRole"] = json!("instances");
            resources["instanceTypes"] = json!(["c6i"]);
            resources["minvCpus"] = json!(0);
        }
        let environment = format!("{name}-environment");
        self.batch(
            "CreateComputeEnvironment",
            &json!({ "computeEnvironmentName": environment, "type": "MANAGED", "computeResources": resources }),
        );
        let arn = self.batch(
            "DescribeComputeEnvironments",
            &json!({ "computeEnvironments": [environment] }),
        );
        let arn = text(&arn["computeEnvironments"][0], "computeEnvironmentArn");
        self.batch(
            "CreateJobQueue",
            &json!({ "jobQueueName": name, "priority": 1, "computeEnvironmentOrder": [{ "order": 1, "computeEnvironment": arn }] }),
        );
    }

    /// Registers a job definition as it is.
    #[track_caller]
    pub fn register(&self, definition: &Value) {
        self.batch("RegisterJobDefinition", definition);
    }

    /// Queue and definition of a compute, by the names that clients know.
    #[track_caller]
    pub fn compute(&self, compute: &str, image: &str) {
        let known = COMPUTES.iter().find(|(name, _)| *name == compute);
        let (_, kind) = known.expect("there is such a compute");
        self.queue(&queue_name(compute), kind);
        self.register(&definition(compute, kind, image));
    }
}

/// The name of a compute's queue.
pub fn queue_name(compute: &str) -> String {
    format!("batch-ffmpeg-job-queue-{compute}")
}

/// The name of a compute's job definition.
pub fn definition_name(compute: &str) -> String {
    format!("batch-ffmpeg-job-definition-{compute}")
}

/// The job definition of a compute: the worker with every parameter as a flag.
fn definition(compute: &str, kind: &str, image: &str) -> Value {
    let fargate = kind.starts_with("FARGATE");
    let command = PARAMETERS.map(|name| [format!("--{name}"), format!("Ref::{name}")]);
    let defaults = PARAMETERS.map(|name| (name.to_owned(), json!("null")));
    let mut container = json!({
        "image": image,
        "command": command.concat(),
        "environment": [{ "name": "FFBATCH_VCPUS", "value": "2" }, { "name": "S3_BUCKET", "value": BUCKET }],
        "resourceRequirements": [{ "type": "VCPU", "value": "2" }, { "type": "MEMORY", "value": "8192" }],
    });
    if fargate {
        container["executionRoleArn"] = json!("arn:aws:iam::123456789012:role/execution");
    }
    json!({
        "jobDefinitionName": definition_name(compute),
        "type": "container",
        "platformCapabilities": [if fargate { "FARGATE" } else { "EC2" }],
        "parameters": defaults.into_iter().collect::<serde_json::Map<_, _>>(),
        "containerProperties": container,
    })
}
