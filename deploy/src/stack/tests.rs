use std::collections::BTreeMap;

use ffbatch_dispatcher::compute::{ComputeError, Family};
use ffbatch_dispatcher::infra::{Architecture, BatchFamily, Infra};

use super::*;

const ARM: Family = Family {
    name: "arm",
    summary: "",
    infra: || Infra {
        image: None,
        batch: Some(BatchFamily::ec2("arm", Architecture::Arm, &["c7g", "c8g"])),
    },
    connect: |_, _| Err(ComputeError::machine("none")),
};

const FARGATE: Family = Family {
    name: "fargate",
    infra: || Infra {
        image: None,
        batch: Some(BatchFamily::fargate("fargate", Architecture::X86)),
    },
    ..ARM
};

const XILINX: Family = Family {
    name: "xilinx",
    infra: || Infra {
        image: None,
        batch: Some(BatchFamily {
            image: None,
            ..BatchFamily::ec2("xilinx", Architecture::X86, &["vt1"])
        }),
    },
    ..ARM
};

const ELSEWHERE: Family = Family {
    name: "here",
    infra: Infra::default,
    ..ARM
};

fn plan(config: &Config, options: Options, region: &str) -> Result<Plan, String> {
    let families =
        Families::of(vec![&ARM, &FARGATE, &XILINX, &ELSEWHERE]).expect("their names differ");
    Plan::of(&families, config, options, region)
}

fn template(change: impl FnOnce(&mut Config, &mut Options)) -> Template {
    let (mut config, mut options) = (Config::default(), Options::default());
    change(&mut config, &mut options);
    plan(&config, options, "eu-west-1")
        .expect("a plan")
        .template()
}

/// How many resources there are of each kind.
fn kinds(template: &Template) -> BTreeMap<&str, usize> {
    let mut kinds = BTreeMap::new();
    for resource in template.resources().values() {
        let kind = resource["Type"].as_str().unwrap_or_default();
        *kinds.entry(kind).or_default() += 1;
    }
    kinds
}

#[test]
fn the_export_of_traces_can_be_left_out() {
    let usual = plan(&Config::default(), Options::default(), "eu-west-1").expect("a plan");
    assert!(usual.openapi()["paths"]["/metrics/export"].is_object());
    let options = Options {
        traces_export: false,
        ..Options::default()
    };
    let without = plan(&Config::default(), options, "eu-west-1").expect("a plan");
    assert!(without.openapi()["paths"]["/metrics/export"].is_null());
    let text = without.template().compact();
    assert!(
        !text.contains("job-queue-export") && !text.contains("Export"),
        "{text}"
    );
}

#[test]
fn the_whole_template() {
    insta::assert_json_snapshot!(template(|_, _| ()).to_json());
}

#[test]
fn an_isolated_network_has_endpoints_and_no_way_out() {
    let template = template(|_, options| options.network = Network::Isolated);
    insta::assert_json_snapshot!(kinds(&template));
    for (id, subnet) in template.of_kind("AWS::EC2::Subnet") {
        assert_eq!(subnet["MapPublicIpOnLaunch"], false, "{id}");
    }
    let definition = &template.resources()["FargateDefinition"]["Properties"];
    let network = &definition["ContainerProperties"]["NetworkConfiguration"];
    assert_eq!(network["AssignPublicIp"], "DISABLED");
}

#[test]
fn an_existing_network_is_used_as_it_is() {
    let template = template(|_, options| {
        options.network = Network::Existing;
        options.vpc = Some("vpc-1".to_owned());
        options.subnets = vec!["subnet-1".to_owned()];
    });
    assert_eq!(template.of_kind("AWS::EC2::Subnet").count(), 0);
    for (id, environment) in template.of_kind("AWS::Batch::ComputeEnvironment") {
        let subnets = &environment["ComputeResources"]["Subnets"];
        assert_eq!(subnets, &json!(["subnet-1"]), "{id}");
    }
}

#[test]
fn jobs_read_the_bucket_as_a_file_system_where_that_is_asked_for() {
    let without = template(|_, _| ());
    let with = template(|_, options| options.shared_files = true);
    let resources = with.resources().iter();
    let added: BTreeMap<&String, &Value> = resources
        .filter(|(id, _)| without.resources().get(*id).is_none())
        .collect();
    let start = &with.resources()["ArmLaunchTemplate"]["Properties"]["LaunchTemplateData"];
    insta::assert_json_snapshot!([json!(added), start["UserData"].clone()]);
    // Nothing runs before there is a way to it, and it goes after the last job.
    for (id, _) in with.of_kind("AWS::Batch::ComputeEnvironment") {
        let before = &with.resources()[id]["DependsOn"];
        let before = before.as_array().expect("a list");
        assert!(before.contains(&json!("SharedFilesTarget3")), "{id}");
    }
    let options = Options {
        shared_files: true,
        ..Options::default()
    };
    let why = plan(&Config::default(), options, "me-central-1").expect_err("it lacks the service");
    assert!(why.contains("has no Amazon S3 Files"), "{why}");
}

#[test]
fn spot_may_fall_back_to_the_full_price() {
    let template = template(|_, options| options.on_demand = true);
    for (id, kinds) in [
        ("ArmQueue", ["ArmSpotEnvironment", "ArmOnDemandEnvironment"]),
        (
            "FargateQueue",
            ["FargateSpotEnvironment", "FargateOnDemandEnvironment"],
        ),
    ] {
        let order = &template.resources()[id]["Properties"]["ComputeEnvironmentOrder"];
        let expected = json!([
            { "Order": 1, "ComputeEnvironment": { "Ref": kinds[0] } },
            { "Order": 2, "ComputeEnvironment": { "Ref": kinds[1] } },
        ]);
        assert_eq!(order, &expected);
    }
}

#[test]
fn another_prefix_names_everything_else() {
    let mut config = Config::default();
    config.aws.prefix = Some("media".to_owned());
    let plan = plan(&config, Options::default(), "eu-west-1").expect("a plan");
    let text = plan.template().to_json().to_string();
    for all in [&text, &plan.openapi().to_string()] {
        assert!(!all.contains("batch-ffmpeg"), "{all}");
    }
    for name in [
        "media-job-queue-arm-pinned",
        "/media/ffqm",
        "/media/jobs",
        "FFBATCH_FFQM_PARAMETER",
    ] {
        assert!(text.contains(&format!("\"{name}\"")), "{name}");
    }
}

#[test]
fn what_cannot_be_deployed_is_left_out_or_refused() {
    let config = Config::default();
    let usual = plan(&config, Options::default(), "eu-west-1").expect("a plan");
    let names: Vec<&str> = usual
        .computes
        .iter()
        .map(|one| one.compute.as_str())
        .collect();
    assert_eq!(names, ["arm", "fargate"]);
    let (name, why) = &usual.left_out[0];
    assert_eq!(name, "xilinx");
    assert!(why.contains("an image of your own"), "{why}");
    let asked = |name: &str| Options {
        computes: vec![name.to_owned()],
        ..Options::default()
    };
    let refused = plan(&config, asked("xilinx"), "eu-west-1").expect_err("it has no image");
    assert!(
        refused.starts_with("`xilinx` cannot be deployed: it needs"),
        "{refused}"
    );
    let unknown = plan(&config, asked("gpu"), "eu-west-1").expect_err("there is none");
    assert!(unknown.contains("known: arm, fargate"), "{unknown}");
    let mut mixed = Config::default();
    let families = ("families".to_owned(), vec!["c7g", "c7i"].into());
    mixed.backends.insert("arm".to_owned(), [families].into());
    let refused = plan(&mixed, asked("arm"), "eu-west-1").expect_err("c7i is another");
    assert!(refused.contains("`c7i` is X86_64"), "{refused}");
    let mut odd = Config::default();
    let memory = ("memory_mib".to_owned(), 3072.into());
    odd.backends.insert("fargate".to_owned(), [memory].into());
    let refused = plan(&odd, asked("fargate"), "eu-west-1").expect_err("there is no such pair");
    assert!(
        refused.contains("Fargate has no 2 vCPU with 3072 MiB"),
        "{refused}"
    );
    let mut own = Config::default();
    let image = ("image".to_owned(), "registry/xilinx:1".into());
    own.backends.insert("xilinx".to_owned(), [image].into());
    let vt1 = plan(&own, asked("xilinx"), "eu-west-1").expect("it has an image");
    let template = vt1.template();
    let definition = &template.resources()["XilinxDefinition"]["Properties"];
    assert_eq!(
        definition["ContainerProperties"]["Image"],
        "registry/xilinx:1"
    );
    let refused = plan(&own, asked("xilinx"), "eu-south-1").expect_err("it has no VT1");
    assert!(
        refused.contains("`eu-south-1` offers none of vt1"),
        "{refused}"
    );
}

#[test]
fn nothing_runs_before_its_ways_are_there_nor_after_they_are_gone() {
    let check = |network: Network, ways: &[&str]| {
        let template = template(|_, options| options.network = network);
        let mut count = 0;
        for (id, resource) in template.resources() {
            if resource["Type"] == "AWS::Batch::ComputeEnvironment" {
                let needs = resource["DependsOn"]
                    .as_array()
                    .cloned()
                    .unwrap_or_default();
                for way in ways {
                    assert!(needs.contains(&json!(way)), "{id} needs {way}: {needs:?}");
                }
                count += 1;
            }
        }
        assert!(count > 2);
    };
    let public = ["DefaultRoute", "GatewayAttachment", "Routes1", "S3Endpoint"];
    check(Network::Public, &public);
    check(
        Network::Isolated,
        &["EcsEndpoint", "LogsEndpoint", "Routes1", "S3Endpoint"],
    );
}
