//! The queues and definitions that an installation has: those that the registered families name.

use ffbatch_backends as _;
use ffbatch_dispatcher::infra::{BatchFamily, Launch, Surroundings};
use ffbatch_dispatcher::registry::Families;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::{Aws, Jobs, text};
use crate::moto::REGION;
use crate::sandbox::Sandbox;

/// The bucket of the installation. A test that uses it creates it.
pub const BUCKET: &str = "media";

/// The role by which Fargate pulls images and writes logs.
const EXECUTION_ROLE: &str = "arn:aws:iam::123456789012:role/execution";

/// The computes on AWS Batch, by name.
#[track_caller]
pub fn computes() -> Vec<&'static str> {
    let families = Families::linked().expect("the families are linked");
    let on_batch = families
        .iter()
        .filter(|family| (family.infra)().batch.is_some());
    on_batch.map(|family| family.name).collect()
}

/// What a compute has on AWS Batch.
#[track_caller]
pub fn infra(compute: &str) -> BatchFamily {
    let families = Families::linked().expect("the families are linked");
    let family = families.find(compute).expect("there is such a compute");
    (family.infra)().batch.expect("it is on AWS Batch")
}

impl Aws {
    /// Makes a stack of CloudFormation, as anybody may.
    #[track_caller]
    pub fn stack(&self, name: &str, template: &Value) {
        let template = utf8_percent_encode(&template.to_string(), NON_ALPHANUMERIC).to_string();
        let body = format!(
            "Action=CreateStack&Version=2010-05-15&StackName={name}&TemplateBody={template}"
        );
        let headers = "Content-Type: application/x-www-form-urlencoded\r\n";
        self.moto.call("cloudformation", "/", headers, &body).ok();
    }

    /// Creates a compute environment of a kind (`EC2`, `SPOT`, `FARGATE`, `FARGATE_SPOT`) and the queue over it.
    #[track_caller]
    pub fn queue(&self, name: &str, kind: &str) {
        self.queue_of(name, kind, &["c6i".to_owned()]);
    }

    /// The same, of these families of instance types.
    #[track_caller]
    fn queue_of(&self, name: &str, kind: &str, families: &[String]) {
        let mut resources = json!({ "type": kind, "maxvCpus": 64, "subnets": ["subnet-1"], "securityGroupIds": ["sg-1"] });
        if !kind.starts_with("FARGATE") {
            resources["instanceRole"] = json!("instances");
            resources["instanceTypes"] = json!(families);
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

    /// Queues and definitions of a compute, as its family has them.
    #[track_caller]
    pub fn compute(&self, compute: &str, image: &str) {
        let family = infra(compute);
        let kind = match family.launch {
            Launch::Spot => "SPOT",
            Launch::OnDemand => "EC2",
            Launch::FargateSpot => "FARGATE_SPOT",
            Launch::Fargate => "FARGATE",
        };
        self.queue_of(&family.job_queue, kind, &family.families);
        if !family.launch.is_fargate() {
            self.queue_of(&family.pinned_queue(), "EC2", &family.families);
        }
        self.define(compute, image);
    }

    /// Registers the definitions of a compute, or a newer revision of them.
    #[track_caller]
    pub fn define(&self, compute: &str, image: &str) {
        self.define_with(compute, image, []);
    }

    /// The same, with further variables in the environment of its containers.
    #[track_caller]
    pub fn define_with<const COUNT: usize>(
        &self,
        compute: &str,
        image: &str,
        variables: [(&str, &str); COUNT],
    ) {
        let mut family = BatchFamily {
            // The machine of a test has no card whose driver could be asked.
            preflight: None,
            ..infra(compute)
        };
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        family.environment.extend(variables);
        let around = Surroundings {
            image: json!(image),
            bucket: json!(BUCKET),
            region: json!(REGION),
            execution_role: Some(json!(EXECUTION_ROLE)),
            ..Surroundings::default()
        };
        self.register(&family.definition(&around));
        if let Some(pinned) = family.pinned(&around) {
            self.register(&pinned);
        }
    }
}

/// A double with the bucket and with a compute whose jobs stay in line, and a sandbox that reaches it.
#[track_caller]
pub fn installed(compute: &str) -> (Aws, Sandbox) {
    let aws = Aws::start(Jobs::Stay("RUNNABLE"));
    aws.s3().create(BUCKET);
    aws.compute(compute, "image");
    let sandbox = aws.sandbox();
    (aws, sandbox)
}

/// The name of a compute's queue.
pub fn queue_name(compute: &str) -> String {
    format!("batch-ffmpeg-job-queue-{compute}")
}

/// The name of a compute's job definition.
pub fn definition_name(compute: &str) -> String {
    format!("batch-ffmpeg-job-definition-{compute}")
}
