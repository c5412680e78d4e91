//! Jobs that own an instance of a type that they name.

use ffbatch_dispatcher::exit::Exit;
use ffbatch_tests::aws::{Aws, BUCKET, installed};
use ffbatch_tests::clip::{self, SHORT};
use ffbatch_tests::ended::Ended;
use ffbatch_tests::image;
use ffbatch_tests::sandbox::Sandbox;
use serde_json::{Value, json};

fn ask(sandbox: &Sandbox, words: &str) -> Ended {
    sandbox.ffbatch(words.split(' '))
}

/// Sets what the switch of the installation says.
#[track_caller]
fn switch(aws: &Aws, value: &str) {
    let asked = json!({ "Name": "/batch-ffmpeg/ffqm", "Value": value, "Type": "String", "Overwrite": true });
    aws.try_target("ssm", "AmazonSSM.PutParameter", &asked)
        .expect("it is written");
}

/// The only call of `SubmitJob`.
#[track_caller]
fn submitted(aws: &Aws) -> Value {
    let mut all = aws.parameters("SubmitJob");
    assert_eq!(all.len(), 1, "{all:#?}");
    all.remove(0)
}

/// The overrides of a submission's only node.
#[track_caller]
fn node(asked: &Value) -> &Value {
    let nodes = &asked["nodeOverrides"]["nodePropertyOverrides"];
    assert_eq!(nodes.as_array().map(Vec::len), Some(1), "{asked:#}");
    assert_eq!(nodes[0]["targetNodes"], "0:");
    &nodes[0]["containerOverrides"]
}

/// A variable of the overrides.
fn variable(node: &Value, name: &str) -> Value {
    let all = node["environment"].as_array().into_iter().flatten();
    let mut found = all.filter(|one| one["name"] == name);
    found.next().map_or(Value::Null, |one| one["value"].clone())
}

#[test]
fn it_gets_the_whole_instance() {
    let (aws, sandbox) = installed("nvidia");
    switch(&aws, "TRUE");
    let words = "submit --compute nvidia --instance-type g5.12xlarge --tag team=video -- ffmpeg -i s3://media/a.mp4 s3://media/b.mp4";
    ask(&sandbox, words).ok();
    let asked = submitted(&aws);
    assert_eq!(asked["jobQueue"], "batch-ffmpeg-job-queue-nvidia-pinned");
    assert_eq!(
        asked["jobDefinition"],
        "batch-ffmpeg-job-definition-nvidia-pinned"
    );
    assert_eq!(asked["containerOverrides"], Value::Null);
    assert_eq!(asked["parameters"], Value::Null);
    let node = node(&asked);
    assert_eq!(node["instanceType"], "g5.12xlarge");
    let resources = node["resourceRequirements"].as_array().expect("resources");
    let amount = |kind: &str| {
        let mut found = resources.iter().filter(|one| one["type"] == kind);
        let value = found.next().and_then(|one| one["value"].as_str());
        value.map_or(0, |value| value.parse().expect("a number"))
    };
    assert_eq!((amount("VCPU"), amount("GPU")), (48, 4));
    // The instance has 192 GiB, of which its system and its agent keep some.
    assert!(
        (180_000..196_608).contains(&amount("MEMORY")),
        "{resources:?}"
    );
    // A node reaches no Systems Manager.
    assert_eq!(variable(node, "FFBATCH_FFQM"), "TRUE");
    assert_eq!(variable(node, "FFBATCH_VCPUS"), "48");
    let command = json!([
        "--input_url",
        "s3://media/a.mp4",
        "--output_url",
        "s3://media/b.mp4",
    ]);
    assert_eq!(node["command"], command);
    assert_eq!(asked["tags"], json!({ "team": "video" }));
    assert_eq!(aws.violations(), Vec::<String>::new());
}

#[test]
fn it_gets_less_where_it_asks_for_less() {
    let (aws, sandbox) = installed("arm");
    let words = "submit --compute arm --instance-type c7g.4xlarge --vcpus 4 --memory-mib 2000 --quality vmaf -- ffmpeg -i s3://media/a.mp4 s3://media/b.mp4";
    ask(&sandbox, words).ok();
    let asked = submitted(&aws);
    let node = node(&asked);
    let resources =
        json!([{ "type": "VCPU", "value": "4" }, { "type": "MEMORY", "value": "2000" }]);
    assert_eq!(node["resourceRequirements"], resources);
    // Who says what to measure leaves nothing to the switch.
    assert_eq!(variable(node, "FFBATCH_FFQM"), Value::Null);
    assert_eq!(aws.count("GetParameter"), 0);
    assert_eq!(aws.violations(), Vec::<String>::new());
}

#[test]
fn what_cannot_be_is_refused_before_anything_is_sent() {
    let (aws, sandbox) = installed("arm");
    let check = |words: &str, parts: &[&str]| {
        let words = format!("submit {words} -- ffmpeg -i s3://media/a.mp4 s3://media/b.mp4");
        let refused = ask(&sandbox, &words);
        for part in parts {
            refused.fails(Exit::Rejected, part);
        }
    };
    let arm = "--compute arm --instance-type";
    check(
        &format!("{arm} c6i.large"),
        &[
            "an instance of X86_64",
            "(there are: c6g.medium large",
            "m8g.",
        ],
    );
    check(
        &format!("{arm} c7g.4xlrge"),
        &["did you mean `c7g.4xlarge`"],
    );
    check(&format!("{arm} t4g.large"), &["t4g.large"]);
    check(
        &format!("{arm} c7g.large --vcpus 4"),
        &["asks for 4 vCPUs", "`c7g.large`", "can have 2"],
    );
    check(
        "--compute fargate --instance-type c7g.large",
        &["Fargate has no instances"],
    );
    let mut elsewhere = aws.sandbox();
    elsewhere.set("AWS_REGION", "me-south-1");
    let words = "submit --compute arm --instance-type c8g.large -- ffmpeg -i s3://media/a.mp4 s3://media/b.mp4";
    ask(&elsewhere, words).fails(Exit::Rejected, "`me-south-1` has no `c8g.large`");
    assert_eq!(aws.count("SubmitJob"), 0);
}

#[test]
fn it_is_one_of_the_computes_jobs() {
    let (aws, sandbox) = installed("arm");
    let words = "submit --compute arm --name own --instance-type c7g.xlarge --attempts 2 -- ffmpeg -i s3://media/a.mp4 s3://media/b.mp4";
    let id = ask(&sandbox, words).ok().stdout.trim().to_owned();
    ask(
        &sandbox,
        "submit --compute arm --name shared -- ffmpeg -i s3://media/a.mp4 s3://media/c.mp4",
    )
    .ok();
    let listed = ask(&sandbox, "list --compute arm");
    for name in ["own", "shared"] {
        assert!(listed.ok().stdout.contains(name), "{listed}");
    }
    let shown = ask(&sandbox, "status --compute arm own");
    for part in [
        "c7g.xlarge",
        "4 vCPUs",
        "ffmpeg -i s3://media/a.mp4 s3://media/b.mp4",
        "RUNNABLE",
    ] {
        assert!(shown.ok().stdout.contains(part), "no `{part}`\n{shown}");
    }
    ask(&sandbox, "cancel --compute arm own").ok();
    aws.until(&id, "FAILED");
    let again = ask(&sandbox, "retry --compute arm own");
    let again = again.ok().stdout.trim().to_owned();
    let asked = aws.parameters("SubmitJob");
    let [first, _, second] = &asked[..] else {
        panic!("{asked:#?}");
    };
    for member in ["jobName", "jobQueue", "jobDefinition", "retryStrategy"] {
        assert_eq!(first[member], second[member], "{member}");
    }
    for member in ["instanceType", "resourceRequirements", "command"] {
        assert_eq!(node(first)[member], node(second)[member], "{member}");
    }
    assert_ne!(id, again);
    assert_eq!(variable(node(second), "FFBATCH_RETRY_OF"), id.as_str());
    assert_eq!(aws.violations(), Vec::<String>::new());
}

#[test]
fn an_answer_that_was_lost_does_not_run_it_twice() {
    let (aws, sandbox) = installed("arm");
    aws.fault(&json!({ "operation": "SubmitJob", "times": 1, "lose": true }));
    let words = "submit --compute arm --instance-type c7g.large -- ffmpeg -i s3://media/a.mp4 s3://media/b.mp4";
    let id = ask(&sandbox, words).ok().stdout.trim().to_owned();
    assert_eq!(aws.count("SubmitJob"), 1);
    assert_eq!(aws.describe(&id)["status"], "RUNNABLE");
}

#[test]
fn it_runs_and_who_followed_it_knows_its_instance() {
    let Some(aws) = Aws::with_docker() else {
        return;
    };
    aws.s3().create(BUCKET);
    aws.s3().put(BUCKET, "in.mp4", clip::bytes(SHORT));
    aws.compute("intel", &image::worker());
    switch(&aws, "FALSE");
    let sandbox = aws.sandbox();
    // This machine has less than a whole instance.
    let words = "run --compute intel --instance-type c7i.large --memory-mib 1024 --json -- ffmpeg -i s3://media/in.mp4 -c copy s3://media/out.mkv";
    let run = ask(&sandbox, words);
    let report: Value = serde_json::from_str(&run.ok().stdout).expect("JSON");
    assert_eq!(
        aws.s3()
            .keys(BUCKET)
            .iter()
            .filter(|key| *key == "out.mkv")
            .count(),
        1
    );
    let kind = &report["report"]["machine"]["instance_type"];
    assert_eq!(
        kind,
        &json!({ "name": "c7i.large", "source": "ecs" }),
        "{run}"
    );
    assert_eq!(aws.violations(), Vec::<String>::new());
}

#[test]
fn an_instance_that_nobody_may_ask_for_is_a_note() {
    let Some(aws) = Aws::with_docker() else {
        return;
    };
    aws.s3().create(BUCKET);
    aws.s3().put(BUCKET, "in.mp4", clip::bytes(SHORT));
    aws.compute("intel", &image::worker());
    aws.fault(&json!({ "operation": "DescribeContainerInstances", "times": 9, "status": 400, "code": "AccessDeniedException", "message": "no" }));
    let sandbox = aws.sandbox();
    let run = ask(
        &sandbox,
        "run --compute intel -- ffmpeg -i s3://media/in.mp4 -c copy s3://media/out.mkv",
    );
    assert!(
        run.ok()
            .stderr
            .contains("which instance ran the job is not known"),
        "{run}"
    );
    assert!(
        run.stderr
            .contains("allow `ecs:DescribeContainerInstances`"),
        "{run}"
    );
}
