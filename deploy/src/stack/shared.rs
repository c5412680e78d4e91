//! The data bucket as a file system that jobs read (Amazon S3 Files): what lies in it needs no copy before ffmpeg starts.
//!
//! Jobs on Fargate get it as a volume of their definition. On instances AWS Batch has no such volume ("Amazon S3 Files volumes" in the AWS
//! Batch User Guide), so an instance mounts it as it starts and its containers get the directory; an instance that cannot goes
//! on without, and its jobs copy. Nobody writes to it: outputs go to S3 at once, where a file system would bring them a minute later.

use ffbatch_dispatcher::infra::MOUNT;
use serde_json::{Value, json};

use super::network::Place;
use super::{Site, bucket, roles};
use crate::template::{attribute, id, sub};

/// The logical ids.
const ROLE: &str = "SharedFilesRole";
const GROUP: &str = "SharedFilesSecurityGroup";
pub const FILES: &str = "SharedFiles";

/// The port of NFS.
const NFS: u32 = 2049;

/// The Regions without it (the registry of CloudFormation, as cfn-lint 1.58 has it).
const LACKING: [&str; 1] = ["me-central-1"];

/// Why a stack in a Region cannot have one.
pub fn why_not(region: &str) -> Option<String> {
    LACKING.contains(&region).then(|| {
        format!(
            "`{region}` has no Amazon S3 Files (leave `shared_files` out, or choose another Region)"
        )
    })
}

/// Adds it with a way to it from every subnet. Nothing runs before these are there.
pub fn add(site: &mut Site<'_>, place: &mut Place) {
    if !site.plan.options.shared_files {
        return;
    }
    let role = role(site);
    let properties =
        json!({ "Bucket": attribute(bucket::BUCKET, "Arn"), "RoleArn": role, "Tags": site.tags() });
    site.template
        .add(FILES, "AWS::S3Files::FileSystem", properties);
    let group = group(site, place);
    for (number, subnet) in (1..).zip(place.subnets.clone()) {
        let number: u32 = number;
        let id = id(&["shared-files-target", &number.to_string()]);
        let properties = json!({
            "FileSystemId": attribute(FILES, "FileSystemId"), "SubnetId": subnet, "SecurityGroups": [group],
        });
        site.template
            .add(&id, "AWS::S3Files::MountTarget", properties);
        place.before.push(id);
    }
}

/// What an instance does as it starts, with `${Files}` for the file system. The images of Amazon ECS bring the program that mounts; old
/// ones are without it. Nothing here may keep the instance from its jobs.
pub fn script() -> String {
    format!(
        "command -v mount.s3files || dnf install -y amazon-efs-utils
mkdir -p {MOUNT}
timeout 60 mount -t s3files -o ro ${{Files}}:/ {MOUNT}
"
    )
}

/// What lets a role read it: through the file system, and what is large from the bucket itself ("Prerequisites for S3 Files" in the Amazon S3
/// User Guide).
pub fn readers() -> [Value; 3] {
    [
        roles::allow(
            "Mount",
            &["s3files:ClientMount"],
            &attribute(FILES, "FileSystemArn"),
        ),
        roles::allow(
            "ListMounted",
            &["s3:ListBucket"],
            &attribute(bucket::BUCKET, "Arn"),
        ),
        roles::allow(
            "ReadMounted",
            &["s3:GetObject", "s3:GetObjectVersion"],
            &sub("${Bucket.Arn}/*"),
        ),
    ]
}

/// How S3 Files itself keeps the two in step (the same page).
fn role(site: &mut Site<'_>) -> Value {
    let rules = |name: &str| {
        sub(&format!(
            "arn:${{AWS::Partition}}:events:${{AWS::Region}}:${{AWS::AccountId}}:rule/{name}"
        ))
    };
    let mut manage = roles::allow(
        "ManageRules",
        &[
            "events:DeleteRule",
            "events:DisableRule",
            "events:EnableRule",
            "events:PutRule",
            "events:PutTargets",
            "events:RemoveTargets",
        ],
        &rules("DO-NOT-DELETE-S3-Files*"),
    );
    manage["Condition"] =
        json!({ "StringEquals": { "events:ManagedBy": "elasticfilesystem.amazonaws.com" } });
    let statements = json!([
        roles::allow(
            "List",
            &["s3:ListBucket", "s3:ListBucketVersions"],
            &attribute(bucket::BUCKET, "Arn"),
        ),
        roles::allow(
            "Synchronize",
            &[
                "s3:AbortMultipartUpload",
                "s3:DeleteObject*",
                "s3:GetObject*",
                "s3:List*",
                "s3:PutObject*"
            ],
            &sub("${Bucket.Arn}/*"),
        ),
        manage,
        roles::allow(
            "ReadRules",
            &[
                "events:DescribeRule",
                "events:ListRuleNamesByTarget",
                "events:ListRules",
                "events:ListTargetsByRule"
            ],
            &rules("*"),
        ),
    ]);
    let description = "How Amazon S3 Files keeps its file system in step with the bucket";
    roles::role(
        site,
        ROLE,
        "elasticfilesystem",
        description,
        Some(statements),
        &[],
    );
    site.template.except(
        ROLE,
        "AwsSolutions-IAM5",
        "the service asks for these families of actions on the bucket's objects, and names its rules itself",
    );
    attribute(ROLE, "Arn")
}

/// The security group of the ways to it.
fn group(site: &mut Site<'_>, place: &Place) -> Value {
    let ingress = json!({
        "IpProtocol": "tcp", "FromPort": NFS, "ToPort": NFS, "SourceSecurityGroupId": place.security_group,
        "Description": "Jobs and their instances",
    });
    let properties = json!({
        "GroupDescription": "The shared file system: in from jobs",
        "VpcId": place.vpc,
        "SecurityGroupIngress": [ingress],
        "Tags": site.tags(),
    });
    site.template
        .add(GROUP, "AWS::EC2::SecurityGroup", properties);
    attribute(GROUP, "GroupId")
}
