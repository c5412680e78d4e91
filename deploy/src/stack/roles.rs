//! Who may do what: the instances run containers and cannot touch the bucket, a job reaches its bucket and no other, and Fargate pulls
//! images and writes logs.

use ffbatch_dispatcher::infra;
use serde_json::{Value, json};

use super::bucket::BUCKET;
use super::logs::GROUP;
use super::{Site, images, shared};
use crate::template::{attribute, sub};

/// The logical ids.
pub const JOB: &str = "JobRole";
pub const EXECUTION: &str = "ExecutionRole";
pub const PROFILE: &str = "InstanceProfile";

const INSTANCE: &str = "InstanceRole";

/// What the agent on an instance needs; AWS changes it with its agent.
const AGENT: &str =
    "arn:${AWS::Partition}:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role";

pub fn add(site: &mut Site<'_>) {
    let computes = &site.plan.computes;
    let is_fargate = |fargate: bool| {
        let mut all = computes.iter();
        all.any(|one| one.family.launch.is_fargate() == fargate)
    };
    let has_fargate = is_fargate(true) || site.plan.options.traces_export;
    let has_instances = is_fargate(false);
    job(site);
    if has_fargate {
        execution(site);
        site.template.except(
            EXECUTION,
            "AwsSolutions-IAM5",
            "a token of Amazon ECR is for the whole account, and no resource that a policy could name",
        );
    }
    if has_instances {
        instance(site);
    }
}

fn job(site: &mut Site<'_>) {
    let options = &site.plan.options;
    let mut readable = vec![attribute(BUCKET, "Arn")];
    let mut objects = vec![sub("${Bucket.Arn}/*")];
    let arn =
        |bucket: &String, rest: &str| sub(&format!("arn:${{AWS::Partition}}:s3:::{bucket}{rest}"));
    let mut written = objects.clone();
    for bucket in options.read_buckets.iter().chain(&options.write_buckets) {
        readable.push(arn(bucket, ""));
        objects.push(arn(bucket, "/*"));
    }
    written.extend(options.write_buckets.iter().map(|bucket| arn(bucket, "/*")));
    let switch = infra::switch(&site.plan.prefix);
    let mut statements = vec![
        allow("List", &["s3:ListBucket"], &json!(readable)),
        allow("Read", &["s3:GetObject"], &json!(objects)),
        allow(
            "Write",
            &[
                "s3:PutObject",
                "s3:AbortMultipartUpload",
                "s3:ListMultipartUploadParts",
            ],
            &json!(written),
        ),
        allow(
            "QualitySwitch",
            &["ssm:GetParameter"],
            &sub(&format!(
                "arn:${{AWS::Partition}}:ssm:${{AWS::Region}}:${{AWS::AccountId}}:parameter{switch}"
            )),
        ),
        // It knows no resources.
        allow("Traces", &["xray:PutTraceSegments"], &json!("*")),
    ];
    if options.shared_files {
        statements.extend(shared::readers());
    }
    role(
        site,
        JOB,
        "ecs-tasks",
        "What a job may do",
        Some(json!(statements)),
        &[],
    );
    site.template.except(
        JOB,
        "AwsSolutions-IAM5",
        "segments of X-Ray are no resources that a policy could name",
    );
}

fn execution(site: &mut Site<'_>) {
    let statements = json!([
        // It knows no resources.
        allow("Registry", &["ecr:GetAuthorizationToken"], &json!("*")),
        allow(
            "Images",
            &[
                "ecr:BatchCheckLayerAvailability",
                "ecr:BatchGetImage",
                "ecr:GetDownloadUrlForLayer"
            ],
            &attribute(images::REPOSITORY, "Arn"),
        ),
        allow(
            "Logs",
            &["logs:CreateLogStream", "logs:PutLogEvents"],
            &attribute(GROUP, "Arn"),
        ),
    ]);
    let description = "How Fargate pulls images and writes logs";
    role(
        site,
        EXECUTION,
        "ecs-tasks",
        description,
        Some(statements),
        &[],
    );
}

fn instance(site: &mut Site<'_>) {
    let description = "What instances may do: run containers";
    let shared = site.plan.options.shared_files;
    let statements = shared.then(|| json!(shared::readers()));
    let role = role(site, INSTANCE, "ec2", description, statements, &[AGENT]);
    site.template.add(
        PROFILE,
        "AWS::IAM::InstanceProfile",
        json!({ "Roles": [role] }),
    );
    site.template.except(
        INSTANCE,
        "AwsSolutions-IAM4",
        "AWS changes what the agent of Amazon ECS needs, and this policy with it",
    );
}

/// Adds a role that a service takes on.
pub fn role(
    site: &mut Site<'_>,
    id: &str,
    service: &str,
    description: &str,
    statements: Option<Value>,
    managed: &[&str],
) -> Value {
    let mut trust = json!({
        "Effect": "Allow",
        "Principal": { "Service": format!("{service}.amazonaws.com") },
        "Action": "sts:AssumeRole",
    });
    if ["ecs-tasks", "elasticfilesystem", "scheduler"].contains(&service) {
        // No service of another account may be talked into using it ("The confused deputy problem" in the IAM User Guide).
        trust["Condition"] =
            json!({ "StringEquals": { "aws:SourceAccount": sub("${AWS::AccountId}") } });
    }
    let mut properties = json!({
        "Description": description,
        "AssumeRolePolicyDocument": { "Version": "2012-10-17", "Statement": [trust] },
        "Tags": site.tags(),
    });
    if let Some(statements) = statements {
        let document = json!({ "Version": "2012-10-17", "Statement": statements });
        properties["Policies"] = json!([{ "PolicyName": id, "PolicyDocument": document }]);
    }
    if !managed.is_empty() {
        properties["ManagedPolicyArns"] = managed.iter().map(|arn| sub(arn)).collect();
    }
    site.template.add(id, "AWS::IAM::Role", properties)
}

/// A statement that allows to submit jobs to queues by their definitions, whichever revision.
pub fn submit(jobs: impl IntoIterator<Item = (String, String)>) -> Value {
    let batch = |kind: &str, name: &str| {
        sub(&format!(
            "arn:${{AWS::Partition}}:batch:${{AWS::Region}}:${{AWS::AccountId}}:{kind}/{name}"
        ))
    };
    let named = jobs.into_iter().flat_map(|(queue, definition)| {
        [
            batch("job-queue", &queue),
            batch("job-definition", &definition),
            batch("job-definition", &format!("{definition}:*")),
        ]
    });
    let named: Vec<Value> = named.collect();
    allow("Submit", &["batch:SubmitJob"], &json!(named))
}

/// A statement that allows something.
pub fn allow(name: &str, actions: &[&str], resources: &Value) -> Value {
    json!({ "Sid": name, "Effect": "Allow", "Action": actions, "Resource": resources })
}
