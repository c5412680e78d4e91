//! The stack on AWS: its template, and that template in an account.

use std::path::PathBuf;
use std::process::Command;

use ffbatch_dispatcher::exit::Exit;
use ffbatch_tests::aws::{Aws, Jobs, queue_name};
use ffbatch_tests::clip::{self, SHORT};
use ffbatch_tests::sandbox::Sandbox;
use ffbatch_tests::{image, tools};
use serde_json::{Value, json};

/// Every Region of the table of instance types.
fn regions() -> Vec<String> {
    let table = tools::repository().join("dispatcher/src/infra/instances/regions.tsv");
    let table = std::fs::read_to_string(table).expect("the checkout has the table");
    let rows = table.lines().filter(|line| !line.starts_with('#'));
    let names = rows.filter_map(|row| row.split('\t').next());
    names.map(str::to_owned).collect()
}

/// Writes a template, and tells where.
#[track_caller]
fn synth(sandbox: &Sandbox, name: &str, flags: &str) -> PathBuf {
    let words = format!("deploy synth -o {name}.json {flags}");
    sandbox.ffbatch(words.split(' ')).ok();
    sandbox.path(format!("{name}.json"))
}

/// What cfn-lint says of templates.
#[track_caller]
fn findings(templates: &[PathBuf]) -> String {
    let lint = tools::python().with_file_name("cfn-lint");
    let checked = Command::new(lint).args(templates).output();
    let checked = checked.expect("`make tools` has installed cfn-lint");
    String::from_utf8_lossy(&checked.stdout).into_owned()
}

#[test]
fn cfn_lint_finds_nothing_in_any_region() {
    let sandbox = Sandbox::new();
    let all = regions();
    assert!(all.len() > 30, "{all:?}");
    let each = all.iter();
    let templates: Vec<PathBuf> = each
        .map(|region| synth(&sandbox, region, &format!("--region {region}")))
        .collect();
    assert_eq!(findings(&templates), "");
}

#[test]
fn cfn_lint_finds_nothing_in_any_variant() {
    let sandbox = Sandbox::new();
    let variants = [
        "--network isolated --on-demand",
        "--network existing --vpc vpc-0123456789abcdef0 --subnet subnet-0123456789abcdef0",
        "--prefix media --log-retention-days 0 --ffqm",
        "--read-bucket theirs --write-bucket ours --compute arm",
    ];
    let mut templates = Vec::new();
    for (number, flags) in variants.iter().enumerate() {
        let flags = format!("--region eu-west-1 {flags}");
        templates.push(synth(&sandbox, &number.to_string(), &flags));
    }
    assert_eq!(findings(&templates), "");
    // What finds nothing must be able to.
    let broken = std::fs::read_to_string(&templates[0]).expect("it is there");
    sandbox.write("broken.json", broken.replace("\"SPOT\"", "\"SPOTTED\""));
    let found = findings(&[sandbox.path("broken.json")]);
    assert!(found.contains("E3030"), "{found}");
}

#[test]
fn a_template_is_the_same_every_time() {
    let sandbox = Sandbox::new();
    let read = |name| std::fs::read(synth(&sandbox, name, "--region eu-west-1"));
    assert_eq!(read("a").expect("written"), read("b").expect("written"));
}

/// The names of all queues.
fn queues(aws: &Aws) -> Vec<String> {
    let answer = aws.batch("DescribeJobQueues", &json!({}));
    let all = answer["jobQueues"].as_array().into_iter().flatten();
    let names = all.filter_map(|queue| queue["jobQueueName"].as_str());
    let mut names: Vec<String> = names.map(str::to_owned).collect();
    names.sort();
    names
}

#[test]
fn a_stack_comes_changes_and_goes() {
    let aws = Aws::start(Jobs::Stay("RUNNABLE"));
    let sandbox = aws.sandbox();
    let ask = |words: &str| sandbox.ffbatch(words.split(' '));
    // What others have made, whatever it is called.
    aws.s3().create("batch-ffmpeg-stack-bucket-of-others");
    aws.queue("batch-ffmpeg-job-queue-own", "SPOT");
    let refused = ask("deploy up");
    refused.fails(Exit::Rejected, "nothing was changed (give --yes");
    assert_eq!(queues(&aws), ["batch-ffmpeg-job-queue-own"]);
    ask("deploy down --yes").fails(Exit::Rejected, "there is no stack `batch-ffmpeg-stack`");

    let up = ask("deploy up --yes");
    let outputs = &up.ok().stdout;
    for name in ["DataBucketName ", "ECRRepositoryName "] {
        assert!(outputs.contains(name), "{up}");
    }
    assert!(up.stderr.contains("is new:"), "{up}");
    assert!(up.stderr.contains("60 resources: 60 to add"), "{up}");
    assert!(up.stderr.contains("cpu-0.1.0"), "{up}");
    let made = queues(&aws);
    for compute in ["amd", "arm", "fargate", "fargate-arm", "intel", "nvidia"] {
        assert!(made.contains(&queue_name(compute)), "{made:?}");
    }
    assert_eq!(aws.violations(), Vec::<String>::new());

    let again = ask("deploy up --yes");
    assert!(again.ok().stderr.contains("is as it shall be"), "{again}");
    let diff = ask("deploy diff --max-vcpus 512 --log-retention-days 30");
    for part in [
        "~  JobLogs (AWS::Logs::LogGroup)",
        "11 resources: 11 to change",
    ] {
        assert!(diff.ok().stderr.contains(part), "{diff}");
    }
    let same = ask("deploy diff");
    assert!(same.ok().stderr.contains("is as it shall be"), "{same}");

    ask("deploy down").fails(Exit::Rejected, "nothing was removed (give --yes");
    let down = ask("deploy down --yes");
    assert!(
        down.ok().stderr.contains("stays with all that is in it"),
        "{down}"
    );
    assert_eq!(queues(&aws), ["batch-ffmpeg-job-queue-own"]);
    let left = aws.s3().buckets();
    assert_eq!(left.len(), 2, "{left:?}");
    ask("deploy down --yes").fails(Exit::Rejected, "there is no stack");
}

#[test]
fn two_stacks_stand_side_by_side() {
    let aws = Aws::start(Jobs::Stay("RUNNABLE"));
    let sandbox = aws.sandbox();
    let ask = |words: &str| sandbox.ffbatch(words.split(' '));
    ask("deploy up --yes --compute arm").ok();
    ask("deploy up --yes --compute arm --prefix media").ok();
    let all = queues(&aws);
    assert_eq!(all.len(), 4, "{all:?}");
    sandbox.write("ffbatch.toml", "[aws]\nprefix = 'media'\n");
    ask("submit --compute arm -- ffmpeg -i s3://b/a.mp4 s3://b/b.mp4").ok();
    let asked = aws.parameters("SubmitJob");
    assert_eq!(asked[0]["jobQueue"], "media-job-queue-arm");
    ask("deploy down --yes --prefix media").ok();
    assert_eq!(
        queues(&aws),
        [
            "batch-ffmpeg-job-queue-arm",
            "batch-ffmpeg-job-queue-arm-pinned"
        ]
    );
}

#[test]
fn a_client_of_the_sample_and_ffbatch_run_jobs_on_what_was_deployed() {
    let Some(aws) = Aws::with_docker() else {
        return;
    };
    let sandbox = aws.sandbox();
    let own = format!(
        "[backends.intel]\nimage = '{}'\nmemory_mib = 1024\n",
        image::worker()
    );
    sandbox.write("ffbatch.toml", own);
    let up = sandbox.ffbatch("deploy up --yes --compute intel".split(' '));
    let outputs = up.ok().stdout.lines();
    let bucket = outputs.filter_map(|line| line.strip_prefix("DataBucketName"));
    let bucket = bucket.map(str::trim).next().expect("an output");
    aws.s3().put(bucket, "in.mp4", clip::bytes(SHORT));
    let client = tools::repository().join("tests/fixtures/clients/submit.py");
    let submitted = Command::new(tools::python())
        .arg(&client)
        .args([
            "intel",
            bucket,
            "in.mp4",
            "out.mp4",
            "-t 00:00:00.8 -c:v copy -an",
        ])
        .envs(aws.environment())
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .output()
        .expect("Python starts");
    let said = String::from_utf8_lossy(&submitted.stderr);
    assert!(submitted.status.success(), "{said}");
    let job = String::from_utf8_lossy(&submitted.stdout).trim().to_owned();
    aws.until(&job, "SUCCEEDED");
    let words = format!(
        "run --compute intel --quality psnr --json -- ffmpeg -i s3://{bucket}/in.mp4 -c:v libx264 -preset ultrafast -an s3://{bucket}/again.mp4"
    );
    let run = sandbox.ffbatch(words.split(' '));
    let report: Value = serde_json::from_str(&run.ok().stdout).expect("JSON");
    assert_eq!(report["exit"], "succeeded", "{report:#}");
    let keys = aws.s3().keys(bucket);
    let below = |prefix: &str| keys.iter().filter(|key| key.starts_with(prefix)).count();
    assert_eq!((below("out.mp4"), below("again.mp4")), (1, 1));
    assert_eq!(below("metrics/jobs/year="), 2, "{keys:?}");
    assert_eq!(below("metrics/xray/year="), 2, "{keys:?}");
    assert_eq!(below("metrics/ffqm/year="), 1, "{keys:?}");
    assert_eq!(aws.violations(), Vec::<String>::new());
}
