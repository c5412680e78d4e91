//! What is commonly asked of a template: rules in the spirit of cdk-nag (`AwsSolutions-...`) and of the AWS Guard rules registry
//! (`..._...`), each a line below. What does not keep a rule has to carry a reason in the template itself, and a reason that nothing
//! needs any more has to go.

use std::collections::BTreeSet;

use ffbatch_tests::sandbox::Sandbox;
use serde_json::{Value, json};

/// One rule: its name, the types it is about, and whether a resource keeps it.
type Rule = (
    &'static str,
    &'static [&'static str],
    fn(&Stack, &Value) -> bool,
);

/// A template under examination.
struct Stack(Value);

const BUCKET: &[&str] = &["AWS::S3::Bucket"];
const GROUP: &[&str] = &["AWS::EC2::SecurityGroup"];
const ROLE: &[&str] = &["AWS::IAM::Role"];
const REPOSITORY: &[&str] = &["AWS::ECR::Repository"];
const DEFINITION: &[&str] = &["AWS::Batch::JobDefinition"];
const LAUNCH: &[&str] = &["AWS::EC2::LaunchTemplate"];
const STAGE: &[&str] = &["AWS::ApiGateway::Stage"];
const API: &[&str] = &["AWS::ApiGateway::RestApi"];
const MACHINE: &[&str] = &["AWS::StepFunctions::StateMachine"];
const TOPIC: &[&str] = &["AWS::SNS::Topic"];

const RULES: &[Rule] = &[
    ("AwsSolutions-S1", BUCKET, |_, bucket| {
        has(bucket, "LoggingConfiguration")
    }),
    ("AwsSolutions-S2", BUCKET, |_, bucket| {
        let block = &bucket["PublicAccessBlockConfiguration"];
        [
            "BlockPublicAcls",
            "BlockPublicPolicy",
            "IgnorePublicAcls",
            "RestrictPublicBuckets",
        ]
        .iter()
        .all(|what| block[what] == true)
    }),
    (
        "AwsSolutions-S10",
        &["AWS::S3::BucketPolicy"],
        |_, policy| refuses_plain_http(policy),
    ),
    (
        "S3_BUCKET_SERVER_SIDE_ENCRYPTION_ENABLED",
        BUCKET,
        |_, bucket| has(bucket, "BucketEncryption"),
    ),
    ("S3_BUCKET_VERSIONING_ENABLED", BUCKET, |_, bucket| {
        bucket["VersioningConfiguration"]["Status"] == "Enabled"
    }),
    ("AwsSolutions-EC23", GROUP, |_, group| {
        !list(&group["SecurityGroupIngress"])
            .iter()
            .any(|rule| rule["CidrIp"] == "0.0.0.0/0" || rule["CidrIpv6"] == "::/0")
    }),
    ("AwsSolutions-EC27", GROUP, |_, group| {
        has(group, "GroupDescription")
    }),
    ("AwsSolutions-VPC7", &["AWS::EC2::VPC"], |stack, _| {
        stack.any("AWS::EC2::FlowLog")
    }),
    (
        "SUBNET_AUTO_ASSIGN_PUBLIC_IP_DISABLED",
        &["AWS::EC2::Subnet"],
        |_, subnet| subnet["MapPublicIpOnLaunch"] != true,
    ),
    ("AwsSolutions-EC26", LAUNCH, |_, launch| {
        list(&launch["LaunchTemplateData"]["BlockDeviceMappings"])
            .iter()
            .all(|disk| disk["Ebs"]["Encrypted"] == true)
    }),
    ("EC2_IMDSV2_CHECK", LAUNCH, |_, launch| {
        launch["LaunchTemplateData"]["MetadataOptions"]["HttpTokens"] == "required"
    }),
    ("AwsSolutions-IAM4", ROLE, |_, role| {
        list(&role["ManagedPolicyArns"]).is_empty()
    }),
    ("AwsSolutions-IAM5", ROLE, |_, role| {
        let wide = |one: &Value| one == "*";
        !statements(role).any(|one| {
            any(&one["Resource"], wide) || any(&one["Action"], |action| text(action).ends_with('*'))
        })
    }),
    ("IAM_ROLE_TRUSTS_SERVICES_ALONE", ROLE, |_, role| {
        list(&role["AssumeRolePolicyDocument"]["Statement"])
            .iter()
            .all(|one| {
                let who = one["Principal"].as_object();
                who.is_some_and(|who| who.keys().all(|kind| kind == "Service"))
            })
    }),
    (
        "IAM_POLICY_NO_STATEMENTS_WITH_ADMIN_ACCESS",
        ROLE,
        |_, role| {
            !statements(role)
                .any(|one| any(&one["Action"], |action| action == "*" || action == "iam:*"))
        },
    ),
    (
        "CW_LOGGROUP_RETENTION_PERIOD_CHECK",
        &["AWS::Logs::LogGroup"],
        |_, group| has(group, "RetentionInDays"),
    ),
    (
        "ECR_PRIVATE_IMAGE_SCANNING_ENABLED",
        REPOSITORY,
        |_, one| one["ImageScanningConfiguration"]["ScanOnPush"] == true,
    ),
    (
        "ECR_PRIVATE_TAG_IMMUTABILITY_ENABLED",
        REPOSITORY,
        |_, one| one["ImageTagMutability"] == "IMMUTABLE",
    ),
    (
        "ECR_PRIVATE_LIFECYCLE_POLICY_CONFIGURED",
        REPOSITORY,
        |_, one| has(one, "LifecyclePolicy"),
    ),
    ("ECS_CONTAINERS_NONPRIVILEGED", DEFINITION, |_, one| {
        containers(one).iter().all(|one| one["Privileged"] != true)
    }),
    (
        "ECS_TASK_DEFINITION_LOG_CONFIGURATION",
        DEFINITION,
        |_, one| {
            containers(one)
                .iter()
                .all(|one| has(one, "LogConfiguration"))
        },
    ),
    ("JOBS_HAVE_A_ROLE_OF_THEIR_OWN", DEFINITION, |_, one| {
        containers(one).iter().all(|one| has(one, "JobRoleArn"))
    }),
    ("AwsSolutions-APIG1", STAGE, |_, stage| {
        has(stage, "AccessLogSetting")
    }),
    ("AwsSolutions-APIG2", API, |_, api| {
        operations(api).all(|one| has(one, "x-amazon-apigateway-request-validator"))
    }),
    ("AwsSolutions-APIG4", API, |_, api| {
        operations(api).all(|one| !list(&one["security"]).is_empty())
    }),
    ("AwsSolutions-APIG6", STAGE, |_, stage| {
        list(&stage["MethodSettings"])
            .iter()
            .any(|one| has(one, "LoggingLevel"))
    }),
    ("API_GW_XRAY_ENABLED", STAGE, |_, stage| {
        stage["TracingEnabled"] == true
    }),
    ("AwsSolutions-SF1", MACHINE, |_, machine| {
        machine["LoggingConfiguration"]["Level"] == "ALL"
    }),
    ("AwsSolutions-SF2", MACHINE, |_, machine| {
        machine["TracingConfiguration"]["Enabled"] == true
    }),
    (
        "AwsSolutions-ATH1",
        &["AWS::Athena::WorkGroup"],
        |_, group| {
            let settings = &group["WorkGroupConfiguration"];
            has(&settings["ResultConfiguration"], "EncryptionConfiguration")
                && settings["EnforceWorkGroupConfiguration"] == true
        },
    ),
    ("AwsSolutions-SNS2", TOPIC, |_, topic| {
        has(topic, "KmsMasterKeyId")
    }),
    (
        "AwsSolutions-SNS3",
        &["AWS::SNS::TopicPolicy"],
        |_, policy| refuses_plain_http(policy),
    ),
];

impl Stack {
    /// What `deploy synth` makes.
    #[track_caller]
    fn of(flags: &str) -> Self {
        let words = format!("deploy synth --region eu-west-1 {flags}");
        let sandbox = Sandbox::new();
        let synth = sandbox.ffbatch(words.trim().split(' '));
        Self(serde_json::from_str(&synth.ok().stdout).expect("JSON"))
    }

    fn resources(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.0["Resources"].as_object().into_iter().flatten()
    }

    fn any(&self, kind: &str) -> bool {
        self.resources().any(|(_, one)| one["Type"] == kind)
    }

    /// The rules that resources do not keep, as `RULE on ID`.
    fn broken(&self) -> BTreeSet<String> {
        let mut broken = BTreeSet::new();
        for (rule, kinds, keeps) in RULES {
            let about = self
                .resources()
                .filter(|(_, one)| kinds.contains(&text(&one["Type"])));
            let breaks = about.filter(|(_, one)| !keeps(self, &one["Properties"]));
            broken.extend(breaks.map(|(id, _)| format!("{rule} on {id}")));
        }
        broken
    }

    /// Those that the template gives a reason for.
    fn excepted(&self) -> BTreeSet<String> {
        let mut excepted = BTreeSet::new();
        for (id, resource) in self.resources() {
            for one in list(&resource["Metadata"]["cdk_nag"]["rules_to_suppress"]) {
                // cdk-nag itself asks for ten characters.
                assert!(
                    text(&one["reason"]).len() > 20,
                    "{id} without a reason: {one}"
                );
                excepted.insert(format!("{} on {id}", text(&one["id"])));
            }
        }
        excepted
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn has(value: &Value, key: &str) -> bool {
    !value[key].is_null()
}

/// Whether something holds for a value, or for one of a list.
fn any(value: &Value, holds: impl Fn(&Value) -> bool) -> bool {
    holds(value) || list(value).iter().any(holds)
}

/// What the policies of a role allow.
fn statements(role: &Value) -> impl Iterator<Item = &Value> {
    let policies = list(&role["Policies"]).iter();
    policies.flat_map(|policy| list(&policy["PolicyDocument"]["Statement"]))
}

/// The containers of a job definition, those of its nodes as well.
fn containers(definition: &Value) -> Vec<&Value> {
    let nodes = list(&definition["NodeProperties"]["NodeRangeProperties"]).iter();
    let nodes = nodes.map(|node| &node["Container"]);
    let all = nodes.chain([&definition["ContainerProperties"]]);
    all.filter(|one| !one.is_null()).collect()
}

/// Whether a policy denies everything that comes unencrypted, with the condition as JSON's `false`.
fn refuses_plain_http(policy: &Value) -> bool {
    let denies = |one: &Value| {
        one["Effect"] == "Deny"
            && one["Principal"] == "*"
            && one["Condition"]["Bool"]["aws:SecureTransport"] == json!(false)
    };
    list(&policy["PolicyDocument"]["Statement"])
        .iter()
        .any(denies)
}

/// The operations of an API.
fn operations(api: &Value) -> impl Iterator<Item = &Value> {
    let paths = api["Body"]["paths"].as_object().into_iter().flatten();
    paths.flat_map(|(_, methods)| {
        methods
            .as_object()
            .into_iter()
            .flatten()
            .map(|(_, one)| one)
    })
}

#[track_caller]
fn check(flags: &str) {
    let stack = Stack::of(flags);
    let (broken, excepted) = (stack.broken(), stack.excepted());
    let without: Vec<&String> = broken.difference(&excepted).collect();
    assert!(
        without.is_empty(),
        "rules that are not kept, without a reason: {without:#?}"
    );
    let stale: Vec<&String> = excepted.difference(&broken).collect();
    assert!(stale.is_empty(), "reasons that nothing needs: {stale:#?}");
}

#[test]
fn the_usual_stack() {
    check("");
}

#[test]
fn an_isolated_stack_with_alarms() {
    check("--network isolated --alarm-email me@example.com --shared-files");
}

#[test]
fn a_stack_in_an_existing_network() {
    check("--network existing --vpc vpc-1 --subnet subnet-1 --compute arm --on-demand");
}

#[test]
fn what_breaks_a_rule_is_found() {
    let mut stack = Stack::of("--compute arm");
    let spoil = |stack: &mut Stack, id: &str, key: &str, value: Value| {
        stack.0["Resources"][id]["Properties"][key] = value;
    };
    spoil(&mut stack, "Bucket", "VersioningConfiguration", json!(null));
    spoil(&mut stack, "BucketPolicy", "PolicyDocument", json!({}));
    let open = json!([{ "CidrIp": "0.0.0.0/0" }]);
    spoil(&mut stack, "JobSecurityGroup", "SecurityGroupIngress", open);
    let launch = json!({ "BlockDeviceMappings": [{ "Ebs": { "Encrypted": false } }] });
    spoil(
        &mut stack,
        "ArmLaunchTemplate",
        "LaunchTemplateData",
        launch,
    );
    spoil(
        &mut stack,
        "Repository",
        "ImageTagMutability",
        json!("MUTABLE"),
    );
    spoil(
        &mut stack,
        "ArmDefinition",
        "ContainerProperties",
        json!({ "Privileged": true }),
    );
    let excepted = stack.excepted();
    let broken = stack.broken();
    let new: Vec<&str> = broken.difference(&excepted).map(String::as_str).collect();
    let expected = [
        "AwsSolutions-EC23 on JobSecurityGroup",
        "AwsSolutions-EC26 on ArmLaunchTemplate",
        "AwsSolutions-S10 on BucketPolicy",
        "EC2_IMDSV2_CHECK on ArmLaunchTemplate",
        "ECR_PRIVATE_TAG_IMMUTABILITY_ENABLED on Repository",
        "ECS_CONTAINERS_NONPRIVILEGED on ArmDefinition",
        "ECS_TASK_DEFINITION_LOG_CONFIGURATION on ArmDefinition",
        "JOBS_HAVE_A_ROLE_OF_THEIR_OWN on ArmDefinition",
        "S3_BUCKET_VERSIONING_ENABLED on Bucket",
    ];
    assert_eq!(new, expected);
}

#[test]
fn every_rule_is_about_something() {
    let stack = Stack::of("--network isolated --alarm-email me@example.com");
    for (rule, kinds, _) in RULES {
        assert!(
            kinds.iter().any(|kind| stack.any(kind)),
            "nothing for {rule}"
        );
    }
}
