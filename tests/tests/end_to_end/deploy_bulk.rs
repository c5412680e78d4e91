//! Bulk runs: the state machine of a stack that was deployed, run by moto's interpreter, with its jobs on the double's AWS Batch.

use std::collections::BTreeSet;

use ffbatch_dispatcher::job::Parameters;
use ffbatch_tests::aws::{Aws, Jobs, definition_name, queue_name, text};
use ffbatch_tests::clip::{self, SHORT};
use ffbatch_tests::image;
use ffbatch_tests::sandbox::until;
use serde_json::{Value, json};

/// What keys may hold.
const ODD: [&str; 9] = [
    "with blanks, and commas.mp4",
    "it's \"quoted\".mov",
    "日本語 ünïcödé 😀.mkv",
    "a{0}b{}c.mp4",
    "back\\slash.mp4",
    "$.x $$ #if.webm",
    "%41%2F.mp4",
    "..//../dots.TS",
    "two.points.wav",
];

/// A stack whose state machine can be run.
struct Ground {
    aws: Aws,
    bucket: String,
    machine: String,
}

impl Ground {
    #[track_caller]
    fn of(aws: Aws, flags: &str, configuration: &str) -> Self {
        let sandbox = aws.sandbox();
        sandbox.write("ffbatch.toml", configuration);
        let up = sandbox.ffbatch(format!("deploy up --yes {flags}").split(' '));
        let output = |name: &str| {
            let mut lines = up.ok().stdout.lines();
            let line = lines.find_map(|line| line.strip_prefix(name));
            line.expect("an output").trim().to_owned()
        };
        let (bucket, machine) = (output("DataBucketName"), output("StateMachineArn"));
        Self {
            aws,
            bucket,
            machine,
        }
    }

    /// Runs the machine to its end.
    #[track_caller]
    fn run(&self, input: &Value) -> Value {
        let call = |target: &str, asked: &Value| {
            let target = format!("AWSStepFunctions.{target}");
            let answer = self.aws.try_target("states", &target, asked);
            answer.expect("Step Functions takes it")
        };
        let asked = json!({ "stateMachineArn": self.machine, "input": input.to_string() });
        let execution =
            json!({ "executionArn": text(&call("StartExecution", &asked), "executionArn") });
        let mut told = Value::Null;
        until("the execution has ended", || {
            told = call("DescribeExecution", &execution);
            told["status"] != "RUNNING"
        });
        told
    }

    /// The parameters of every job that was accepted.
    #[track_caller]
    fn jobs(&self) -> Vec<Value> {
        self.aws.parameters("SubmitJob")
    }
}

/// What an execution that succeeded counts.
#[track_caller]
fn counts(told: &Value) -> Value {
    assert_eq!(told["status"], "SUCCEEDED", "{told:#}");
    let output: Value = serde_json::from_str(&text(told, "output")).expect("JSON");
    output["Counts"].clone()
}

#[test]
fn every_media_object_gets_one_job() {
    let ground = Ground::of(Aws::start(Jobs::End(0)), "--compute arm", "");
    let s3 = ground.aws.s3();
    let mut media: BTreeSet<String> = ODD.iter().map(|name| format!("raw/{name}")).collect();
    media.extend((0..171).map(|number| format!("raw/deep/er/{number}.mp4")));
    for key in &media {
        s3.put(&ground.bucket, key, b"not looked at".to_vec());
    }
    let others = (0..14).map(|number| format!("raw/{number}.txt"));
    let others = others.chain(
        [
            "raw/",
            "raw/dir.mp4/",
            "raw/deep/",
            "raw/noextension",
            "raw/mp4",
        ]
        .map(str::to_owned),
    );
    for key in others {
        s3.put(&ground.bucket, &key, b"text".to_vec());
    }
    s3.put(&ground.bucket, "raw/empty.mp4", Vec::new());
    s3.put(&ground.bucket, "elsewhere/a.mp4", b"x".to_vec());
    // Three calls too many, which are made again, and nine jobs that AWS Batch will not have: 9 of 200 is less than is tolerated.
    ground.aws.fault(&json!({ "operation": "SubmitJob", "times": 3, "status": 429, "code": "TooManyRequestsException", "message": "Too Many Requests" }));
    ground.aws.fault(&json!({ "operation": "SubmitJob", "times": 9, "status": 400, "code": "ClientException", "message": "no" }));
    let options = "-c:v libx264 -vf \"drawtext=text='it''s \\\\ {} $5'\"";
    let told = ground.run(&json!({
        "name": "a \"name\" {}", "compute": "arm",
        "input": { "s3_bucket": ground.bucket, "s3_prefix": "raw/", "file_options": "" },
        "output": { "s3_bucket": "theirs", "s3_prefix": "out/", "s3_suffix": ".mkv", "file_options": options },
        "global": { "options": null },
    }));
    assert_eq!(
        counts(&told),
        json!({ "objects": 200, "succeeded": 191, "failed": 9 })
    );

    // What came too fast was made again as well.
    let told = &ground.aws.calls()["operations"]["SubmitJob"];
    let of = |what: &str| told[what].as_u64().expect("a number");
    assert_eq!(
        of("count") - of("throttled") - of("failed_on_purpose"),
        171,
        "accepted"
    );
    assert_eq!(of("failed_on_purpose"), 12);
    let mut seen = BTreeSet::new();
    let (mut names, mut submissions) = (BTreeSet::new(), BTreeSet::new());
    let calls = ground.jobs();
    for call in &calls {
        assert_eq!(call["jobQueue"], queue_name("arm"));
        assert_eq!(call["jobDefinition"], definition_name("arm"));
        names.insert(text(call, "jobName"));
        let variable = &call["containerOverrides"]["environment"][0];
        assert_eq!(variable["name"], "FFBATCH_SUBMISSION");
        submissions.insert(text(variable, "value"));
        // As the worker reads them.
        let parameters: Parameters = serde_json::from_value(call["parameters"].clone())
            .expect("the parameters of the original");
        assert_eq!(parameters.name(), Some("a \"name\" {}"));
        let job = parameters
            .command_job()
            .expect("a command")
            .expect("a command");
        let words = job.commands[0].words();
        let [flag, input, rest @ .., output] = words else {
            panic!("{words:?}");
        };
        assert_eq!(flag, "-i");
        assert_eq!(
            rest,
            ["-c:v", "libx264", "-vf", "drawtext=text='it''s \\ {} $5'"]
        );
        let key = input
            .strip_prefix(&format!("s3://{}/", ground.bucket))
            .expect("our bucket");
        assert_eq!(output, &format!("s3://theirs/out/{key}.mkv"));
        seen.insert(key.to_owned());
    }
    assert_eq!(seen, media);
    assert_eq!(names.len(), calls.len(), "each has a name of its own");
    // A call that is made again is the same submission, so that a lost answer runs nothing twice.
    assert_eq!(submissions.len(), media.len());
    assert_eq!(ground.aws.violations(), Vec::<String>::new());
}

#[test]
fn what_may_be_left_out_may_be_left_out() {
    let ground = Ground::of(
        Aws::start(Jobs::End(0)),
        "--compute arm --compute fargate",
        "",
    );
    let s3 = ground.aws.s3();
    for key in ["a.mp4", "b.mov", "c.xyz"] {
        s3.put(&ground.bucket, key, b"x".to_vec());
    }
    let bucket = &ground.bucket;
    let least = json!({ "compute": "fargate", "input": { "s3_bucket": bucket }, "output": { "s3_suffix": ".mkv" } });
    // The template lies in the same bucket, and is no media.
    assert_eq!(
        counts(&ground.run(&least)),
        json!({ "objects": 4, "succeeded": 4, "failed": 0 })
    );
    let jobs = ground.jobs();
    let outputs: BTreeSet<String> = jobs
        .iter()
        .map(|job| text(&job["parameters"], "output_url"))
        .collect();
    assert_eq!(
        outputs,
        [
            format!("s3://{bucket}/a.mp4.mkv"),
            format!("s3://{bucket}/b.mov.mkv")
        ]
        .into()
    );
    for job in &jobs {
        assert_eq!(job["jobQueue"], queue_name("fargate"));
        for name in [
            "name",
            "global_options",
            "input_file_options",
            "output_file_options",
        ] {
            assert_eq!(job["parameters"][name], "null", "{job}");
        }
    }
    let mut others = least.clone();
    others["input"]["extensions"] = json!(["xyz"]);
    ground.run(&others);
    assert_eq!(ground.jobs().len(), 3);
    let mut nothing = least.clone();
    nothing["input"]["s3_prefix"] = json!("nothing/");
    assert_eq!(
        counts(&ground.run(&nothing)),
        json!({ "objects": 0, "succeeded": 0, "failed": 0 })
    );
    assert_eq!(ground.jobs().len(), 3);
}

#[test]
fn what_cannot_be_fails_before_the_first_job() {
    let ground = Ground::of(Aws::start(Jobs::End(0)), "--compute arm", "");
    ground.aws.s3().put(&ground.bucket, "a.mp4", b"x".to_vec());
    let bucket = &ground.bucket;
    let input = json!({ "s3_bucket": bucket });
    let output = json!({ "s3_prefix": "out/" });
    for (input, error, cause) in [
        (
            json!({ "compute": "gpu", "input": input, "output": output }),
            "UnknownCompute",
            "there is no compute gpu (choose one of arm)",
        ),
        (
            json!({ "input": input, "output": output }),
            "NoInput",
            "names no bucket or no compute",
        ),
        (
            json!({ "compute": "arm", "output": output }),
            "NoInput",
            "names no bucket or no compute",
        ),
        (
            json!({ "compute": "arm", "input": input }),
            "SameObjects",
            "would overwrite",
        ),
        (
            json!({ "compute": "arm", "input": input, "output": { "s3_bucket": bucket } }),
            "SameObjects",
            "would overwrite",
        ),
    ] {
        let told = ground.run(&input);
        assert_eq!(
            (&told["status"], &told["error"]),
            (&json!("FAILED"), &json!(error)),
            "{told:#}"
        );
        assert!(text(&told, "cause").contains(cause), "{told:#}");
    }
    assert_eq!(ground.jobs(), Vec::<Value>::new());
}

#[test]
fn too_many_failures_fail_the_run() {
    let ground = Ground::of(Aws::start(Jobs::End(4)), "--compute arm", "");
    for number in 0..4 {
        ground
            .aws
            .s3()
            .put(&ground.bucket, &format!("raw/{number}.mp4"), b"x".to_vec());
    }
    let mut input = json!({
        "compute": "arm", "input": { "s3_bucket": ground.bucket, "s3_prefix": "raw/" }, "output": { "s3_prefix": "out/" },
    });
    let told = ground.run(&input);
    assert_eq!(told["status"], "FAILED", "{told:#}");
    assert_eq!(
        told["error"], "States.ExceedToleratedFailureThreshold",
        "{told:#}"
    );
    // A job that failed is not submitted again: its own attempts are over.
    assert_eq!(ground.jobs().len(), 4);
    input["tolerated_failure_percentage"] = json!(100);
    assert_eq!(
        counts(&ground.run(&input)),
        json!({ "objects": 4, "succeeded": 0, "failed": 4 })
    );
}

#[test]
fn a_bulk_run_transcodes() {
    let Some(aws) = Aws::with_docker() else {
        return;
    };
    let own = format!(
        "[backends.intel]\nimage = '{}'\nmemory_mib = 1024\n",
        image::worker()
    );
    let ground = Ground::of(aws, "--compute intel", &own);
    let s3 = ground.aws.s3();
    s3.put(&ground.bucket, "raw/it's, ünïcödé.mp4", clip::bytes(SHORT));
    s3.put(&ground.bucket, "raw/broken.mp4", b"no film".to_vec());
    let told = ground.run(&json!({
        "compute": "intel", "tolerated_failure_percentage": 50,
        "input": { "s3_bucket": ground.bucket, "s3_prefix": "raw/" },
        "output": { "s3_prefix": "out/", "s3_suffix": ".mkv", "file_options": "-c copy" },
    }));
    assert_eq!(
        counts(&told),
        json!({ "objects": 2, "succeeded": 1, "failed": 1 })
    );
    let keys = s3.keys(&ground.bucket);
    assert!(keys.contains("out/raw/it's, ünïcödé.mp4.mkv"), "{keys:?}");
    let results = keys
        .iter()
        .filter(|key| key.starts_with("batch-ffmpeg-state-machine/results-output/"));
    assert_eq!(results.count(), 1, "{keys:?}");
    let reports = keys.iter().filter(|key| key.starts_with("metrics/jobs/"));
    assert_eq!(reports.count(), 2, "{keys:?}");
}
