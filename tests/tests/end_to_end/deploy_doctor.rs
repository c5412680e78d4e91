//! `ffbatch deploy doctor`: what is amiss is said before a job finds out.

use ffbatch_dispatcher::exit::Exit;
use ffbatch_tests::aws::{Aws, Jobs, queue_name};
use ffbatch_tests::sandbox::Sandbox;
use serde_json::{Value, json};

/// The verdicts on a thing, each with what is said of it.
#[track_caller]
fn found(sandbox: &Sandbox, flags: &str, about: &str) -> Vec<(String, String)> {
    let words = format!("deploy doctor --json {flags}");
    let examined = sandbox.ffbatch(words.trim().split(' '));
    let all: Value = serde_json::from_str(&examined.stdout).expect("JSON");
    let is_bad = |one: &&Value| one["verdict"] == "bad";
    let all = all.as_array().expect("a list");
    let code = if all.iter().any(|one| is_bad(&one)) {
        Exit::Machine
    } else {
        Exit::Succeeded
    };
    assert_eq!(examined.code, Some(i32::from(code.code())), "{examined}");
    let of = all.iter().filter(|one| one["about"] == about);
    let text = |one: &Value, key: &str| one[key].as_str().unwrap_or_default().to_owned();
    of.map(|one| (text(one, "verdict"), text(one, "said")))
        .collect()
}

#[track_caller]
fn check(sandbox: &Sandbox, flags: &str, about: &str, verdict: &str, said: &str) {
    let all = found(sandbox, flags, about);
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!(all[0].0, verdict, "{all:?}");
    assert!(all[0].1.contains(said), "{all:?}");
}

#[test]
fn an_account_that_cannot_be_reached_is_all_that_is_said() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "ffbatch.toml",
        "[aws]\nendpoint_url = 'http://127.0.0.1:9'\nregion = 'eu-west-1'\n",
    );
    let all = found(&sandbox, "", "account");
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!(all[0].0, "bad");
    assert!(found(&sandbox, "", "stack").is_empty());
}

#[test]
fn what_is_amiss_with_a_stack() {
    let aws = Aws::start(Jobs::Stay("RUNNABLE"));
    let sandbox = aws.sandbox();
    let missing = "there is no stack `batch-ffmpeg-stack` (make it";
    check(&sandbox, "--compute arm", "stack", "bad", missing);
    assert!(found(&sandbox, "--compute arm", "arm").is_empty());

    let up = sandbox.ffbatch("deploy up --yes --compute arm".split(' '));
    let push = "ffbatch image push --region us-east-1";
    assert!(up.ok().stderr.contains(push), "{up}");
    let whole = "_COMPLETE";
    check(&sandbox, "--compute arm", "stack", "good", whole);
    let image = "`cpu-0.1.0` is missing, so jobs";
    check(&sandbox, "--compute arm", "images", "bad", image);
    let asked = json!({
        "repositoryName": "batch-ffmpeg", "imageTag": "cpu-0.1.0",
        "imageManifestMediaType": "application/vnd.oci.image.manifest.v1+json",
        "imageManifest": json!({ "schemaVersion": 2, "config": {}, "layers": [] }).to_string(),
    });
    let target = "AmazonEC2ContainerRegistry_V20150921.PutImage";
    let put = aws.try_target("ecr", target, &asked);
    assert!(put.is_ok(), "{put:?}");
    check(&sandbox, "--compute arm", "images", "good", "none of");
    let again = sandbox.ffbatch("deploy up --yes --compute arm".split(' '));
    assert!(!again.ok().stderr.contains("image push"), "{again}");

    check(&sandbox, "--compute arm", "arm", "good", "its queues");
    aws.batch(
        "UpdateJobQueue",
        &json!({ "jobQueue": queue_name("arm"), "state": "DISABLED" }),
    );
    let disabled = "is disabled (enable it: `aws batch update-job-queue";
    check(&sandbox, "--compute arm", "arm", "bad", disabled);
}

#[test]
fn a_role_that_spot_needs() {
    let aws = Aws::start(Jobs::Stay("RUNNABLE"));
    let sandbox = aws.sandbox();
    let lacks = "lacks the role `AWSServiceRoleForEC2Spot`";
    check(&sandbox, "--compute arm", "spot", "doubtful", lacks);
    assert!(found(&sandbox, "--compute fargate", "spot").is_empty());
    // moto gives linked roles other names.
    let asked = "Action=CreateRole&Version=2010-05-08&RoleName=AWSServiceRoleForEC2Spot&AssumeRolePolicyDocument=%7B%7D";
    let headers = "Content-Type: application/x-www-form-urlencoded\r\n";
    aws.s3().call("iam", "/", headers, asked).ok();
    check(&sandbox, "--compute arm", "spot", "good", "has the role");
}

#[test]
fn quotas_that_let_no_job_run() {
    let aws = Aws::start(Jobs::Stay("RUNNABLE"));
    let sandbox = aws.sandbox();
    let verdicts = |flags: &str| -> Vec<String> {
        let all = found(&sandbox, flags, "quota").into_iter();
        all.map(|(verdict, said)| {
            let name = said.split('"').nth(1).unwrap_or_default();
            format!("{verdict}: {name}")
        })
        .collect()
    };
    assert_eq!(
        verdicts("--compute nvidia"),
        [
            "bad: All G and VT Spot Instance Requests",
            "doubtful: Running On-Demand G and VT instances"
        ]
    );
    assert_eq!(
        verdicts("--compute nvidia --on-demand"),
        [
            "bad: All G and VT Spot Instance Requests",
            "bad: Running On-Demand G and VT instances"
        ]
    );
    assert_eq!(
        verdicts("--compute fargate"),
        ["good: Fargate Spot vCPU resource count"]
    );
    let all = found(&sandbox, "--compute nvidia", "quota");
    let fix = "--quota-code L-3819A6DF --desired-value 64`)";
    assert!(all[0].1.ends_with(fix), "{all:?}");
}
