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
        "--prefix media --log-retention-days 0 --ffqm --alarm-email me@example.com --no-traces-export",
        "--read-bucket theirs --write-bucket ours --compute arm",
        "--shared-files",
        "--shared-files --network existing --vpc vpc-0123456789abcdef0 --subnet subnet-0123456789abcdef0",
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

#[test]
fn a_stack_costs_nothing_while_nothing_runs() {
    let sandbox = Sandbox::new();
    let cost = |flags: &str| {
        let words = format!("deploy synth --region eu-west-1 --cost {flags}");
        let printed = sandbox.ffbatch(words.trim().split(' '));
        printed.ok().stdout.clone()
    };
    let usual = cost("");
    assert!(!usual.contains('?'), "a kind without a price: {usual}");
    let words = |text: &str| {
        let last = text.lines().last().unwrap_or_default();
        last.split_whitespace().nth(3).map(str::to_owned)
    };
    assert_eq!(words(&usual).as_deref(), Some("0.02"), "{usual}");
    let without = cost("--no-traces-export");
    assert_eq!(words(&without).as_deref(), Some("0.00"), "{without}");
    let isolated = cost("--network isolated");
    assert!(!isolated.contains('?'), "{isolated}");
    assert_eq!(words(&isolated).as_deref(), Some("175.22"), "{isolated}");
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
    // moto tells of alarms, dashboards, Glue and Athena that they are made, and makes none of them.
    let synth: Value = serde_json::from_str(&ask("deploy synth").ok().stdout).expect("JSON");
    let count = synth["Resources"].as_object().expect("resources").len();
    let all = format!("{count} resources: {count} to add");
    assert!(up.stderr.contains(&all), "{all}: {up}");
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
        "~  EventLogs (AWS::Logs::LogGroup)",
        " to change",
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
fn data_go_where_their_bucket_is_named() {
    let aws = Aws::start(Jobs::Stay("RUNNABLE"));
    let sandbox = aws.sandbox();
    let ask = |words: &str| sandbox.ffbatch(words.split(' '));
    let made = || {
        ask("deploy up --yes --compute arm").ok();
        let mut all = aws.s3().buckets();
        all.retain(|name| name != "of-others");
        all.remove(0)
    };
    aws.s3().create("of-others");
    aws.s3().put("of-others", "theirs.mp4", b"theirs".to_vec());
    let own = made();
    // More than one page, several versions, and the template.
    for number in 0..1100 {
        aws.s3().put(&own, &format!("a/{number}"), b"1".to_vec());
    }
    aws.s3().put(&own, "a/1", b"2".to_vec());
    let refused = ask("deploy down --yes --delete-data of-others");
    refused.fails(Exit::Rejected, "`of-others` is not the bucket of");
    let down = ask(&format!("deploy down --yes --delete-data {own}"));
    let said = "is deleted, with 1102 versions of objects";
    assert!(down.ok().stderr.contains(said), "{down}");
    assert_eq!(aws.s3().buckets(), ["of-others"]);

    // Later, when the stack is gone.
    let own = made();
    aws.s3().put(&own, "c", b"1".to_vec());
    ask("deploy down --yes").ok();
    let refused = ask("deploy down --yes --delete-data of-others");
    refused.fails(Exit::Rejected, "`of-others` is left as it is");
    let refused = ask(&format!("deploy down --delete-data {own}"));
    refused.fails(Exit::Rejected, "nothing was removed");
    let down = ask(&format!("deploy down --yes --delete-data {own}"));
    assert!(down.ok().stderr.contains("with 2 versions"), "{down}");
    assert_eq!(aws.s3().buckets(), ["of-others"]);
    let gone = ask(&format!("deploy down --yes --delete-data {own}"));
    gone.fails(Exit::Rejected, "there is no bucket");
}

#[test]
fn a_stack_of_somebody_else_was_changed_and_removed() {
    let aws = Aws::start(Jobs::Stay("RUNNABLE"));
    let sandbox = aws.sandbox();
    // AWS's sample: a stack of the same name, with the same output and the same tag.
    let sample = json!({
        "Resources": {
            "Data": { "Type": "AWS::S3::Bucket", "Properties": { "Tags": [{ "Key": "application", "Value": "batch-ffmpeg" }] } },
        },
        "Outputs": { "DataBucketName": { "Value": { "Ref": "Data" } } },
    });
    aws.stack("batch-ffmpeg-stack", &sample);
    let theirs = aws.s3().buckets().remove(0);
    let ask = |words: &str| sandbox.ffbatch(words.split(' '));
    let said = "the stack `batch-ffmpeg-stack` was not made by ffbatch and is left as it is";
    for words in ["deploy up --yes", "deploy diff", "deploy down --yes"] {
        ask(words).fails(Exit::Machine, said);
    }
    let delete = format!("deploy down --yes --delete-data {theirs}");
    ask(&delete).fails(Exit::Machine, said);
    let by_tag = format!("{delete} --stack gone");
    ask(&by_tag).fails(Exit::Rejected, "is left as it is: its tags");
    assert_eq!(aws.s3().buckets(), [theirs]);

    let named = json!({ "repositoryName": "batch-ffmpeg" });
    let target = "AmazonEC2ContainerRegistry_V20150921.CreateRepository";
    assert!(aws.try_target("ecr", target, &named).is_ok());
    let taken = ask("deploy up --yes --stack mine");
    taken.fails(
        Exit::Machine,
        "there is a repository `batch-ffmpeg` already",
    );
    assert_eq!(queues(&aws), Vec::<String>::new());
}

#[test]
fn two_stacks_stand_side_by_side() {
    let aws = Aws::start(Jobs::Stay("RUNNABLE"));
    let sandbox = aws.sandbox();
    let ask = |words: &str| sandbox.ffbatch(words.split(' '));
    ask("deploy up --yes --compute arm").ok();
    ask("deploy up --yes --compute arm --prefix media").ok();
    let all = queues(&aws);
    assert_eq!(all.len(), 6, "{all:?}");
    sandbox.write("ffbatch.toml", "[aws]\nprefix = 'media'\n");
    ask("submit --compute arm -- ffmpeg -i s3://b/a.mp4 s3://b/b.mp4").ok();
    let asked = aws.parameters("SubmitJob");
    assert_eq!(asked[0]["jobQueue"], "media-job-queue-arm");
    ask("deploy down --yes --prefix media").ok();
    assert_eq!(
        queues(&aws),
        [
            "batch-ffmpeg-job-queue-arm",
            "batch-ffmpeg-job-queue-arm-pinned",
            "batch-ffmpeg-job-queue-export"
        ]
    );
}

/// What stands in the checkout.
#[track_caller]
fn checkout(path: &str) -> String {
    std::fs::read_to_string(tools::repository().join(path)).expect("the checkout has it")
}

/// The page on moving has the call of the client that wants an instance type.
#[track_caller]
fn the_page_shows_the_client() {
    let call = |text: &str| {
        let from = text.find("batch.submit_job(").expect("it submits a job");
        let to = text[from..].find("\n)").expect("the call ends");
        text[from..from + to].to_owned()
    };
    let client = checkout("tests/fixtures/clients/pinned.py");
    assert_eq!(call(&checkout("docs/migration.md")), call(&client));
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
    let clip = "-t 00:00:00.8 -c:v copy -an";
    let job = aws.client("submit", &["intel", bucket, "in.mp4", "out.mp4", clip]);
    aws.until(&job, "SUCCEEDED");
    the_page_shows_the_client();
    let whole = [
        "intel",
        "c6i.large",
        "2",
        "1024",
        bucket,
        "in.mp4",
        "pinned.mp4",
        "-c copy",
    ];
    let pinned = aws.client("pinned", &whole);
    aws.until(&pinned, "SUCCEEDED");
    let words = format!(
        "run --compute intel --quality psnr --json -- ffmpeg -i s3://{bucket}/in.mp4 -c:v libx264 -preset ultrafast -an s3://{bucket}/again.mp4"
    );
    let run = sandbox.ffbatch(words.split(' '));
    let report: Value = serde_json::from_str(&run.ok().stdout).expect("JSON");
    assert_eq!(report["exit"], "succeeded", "{report:#}");
    let keys = aws.s3().keys(bucket);
    let below = |prefix: &str| keys.iter().filter(|key| key.starts_with(prefix)).count();
    for made in ["out.mp4", "again.mp4", "pinned.mp4"] {
        assert_eq!(below(made), 1, "{keys:?}");
    }
    assert_eq!(below("metrics/jobs/year="), 3, "{keys:?}");
    assert_eq!(below("metrics/xray/year="), 3, "{keys:?}");
    assert_eq!(below("metrics/ffqm/year="), 1, "{keys:?}");
    assert_eq!(aws.violations(), Vec::<String>::new());
}
