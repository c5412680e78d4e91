//! The REST API of the stack: its document, and the API as it was deployed, called over HTTP.
//!
//! Behind it are the double's AWS Batch and Step Functions, which check every request that comes out of a mapping template against the
//! models of these services, and its own check of what the API's role may do.

use std::process::Command;

use ffbatch_dispatcher::infra::Surroundings;
use ffbatch_tests::aws::{Api, Aws, Jobs, infra, text};
use ffbatch_tests::clip::{self, SHORT};
use ffbatch_tests::sandbox::Sandbox;
use ffbatch_tests::{image, tools};
use serde_json::{Map, Value, json};

/// The parameters that a job may do without.
const OPTIONAL: [&str; 4] = [
    "global_options",
    "input_file_options",
    "output_file_options",
    "name",
];

/// What has broken one client of a template or another.
const NASTY: [&str; 18] = [
    "it's",
    r#"say "hi""#,
    r"C:\new\table",
    "two\nlines\r\tand a tab",
    "$input.json('$.name') ${name} $!x $$",
    "#if(true) #end ## #* *# #set($x = 1)",
    "drawtext=text='%{pts\\:hms}':x=(w-tw)/2",
    "ünïcödé 日本語 😀",
    "\u{1}\u{1f}\u{7f}\u{2028}\u{feff}",
    "\\\"\\'\\\\",
    "\\u0041 \\n \\/ </script>",
    "null",
    "{\"json\":[1,\"two\"]}",
    "[]",
    "''",
    "\"\"",
    " ",
    "Ref::input_url",
];

/// An API that has computes of every kind, over jobs that stay in line.
fn deployed(aws: &Aws) -> Api<'_> {
    let computes = "--compute arm --compute nvidia --compute fargate";
    aws.api(&aws.sandbox(), computes)
}

/// The least that a job needs.
fn least() -> Value {
    json!({ "input_url": "s3://b/a.mp4", "output_url": "s3://b/b.mp4" })
}

/// What the last submission gave as parameters: by name, or in the words of its command.
#[track_caller]
fn parameters(submitted: &Value) -> Map<String, Value> {
    if let Some(named) = submitted["parameters"].as_object() {
        return named.clone();
    }
    let node = &submitted["nodeOverrides"]["nodePropertyOverrides"][0]["containerOverrides"];
    let words = node["command"].as_array().expect("words");
    let pair = |pair: &[Value]| {
        let name = pair[0].as_str().and_then(|word| word.strip_prefix("--"));
        (name.expect("a flag").to_owned(), pair[1].clone())
    };
    words.chunks(2).map(pair).collect()
}

/// Submits on a compute, and checks that what arrived is what was given, whichever way was taken.
#[track_caller]
fn check_arrives(aws: &Aws, api: &Api<'_>, given: &Value, body: &str) {
    for path in ["/arm/ffmpeg", "/batch/execute/fargate"] {
        let (status, answer) = api.ask(path, body);
        assert_eq!(status, 200, "{given:#}: {answer:#}");
    }
    let pinned = body.replacen('{', r#"{"instance_type":"c7g.xlarge","#, 1);
    let (status, answer) = api.ask("/batch/execute/arm", &pinned);
    assert_eq!(status, 200, "{given:#}: {answer:#}");
    let mut expected = given.as_object().expect("an object").clone();
    expected.retain(|_, value| value != "");
    let all = aws.parameters("SubmitJob");
    for submitted in &all[all.len() - 3..] {
        assert_eq!(parameters(submitted), expected);
    }
}

#[test]
fn the_document_that_people_read_is_what_the_code_says() {
    let sandbox = Sandbox::new();
    let words = "deploy openapi --region us-east-1";
    let now = sandbox.ffbatch(words.split(' ')).ok().stdout.clone();
    let kept = std::fs::read_to_string(tools::repository().join("docs/openapi.json"));
    let kept = kept.expect("the checkout has it");
    assert!(kept == now, "run `ffbatch {words} -o docs/openapi.json`");
}

#[test]
fn both_documents_are_openapi() {
    let sandbox = Sandbox::new();
    let words = "deploy synth --region eu-west-1";
    let template: Value = serde_json::from_str(&sandbox.ffbatch(words.split(' ')).ok().stdout)
        .expect("a template is JSON");
    let deployed = &template["Resources"]["Api"]["Properties"]["Body"];
    let broken = deployed.to_string().replace("\"200\"", "\"OK, or so\"");
    sandbox.write("deployed.json", deployed.to_string());
    sandbox.write("broken.json", broken);
    let check = |files: &[&str]| {
        let script = tools::repository().join("tests/fixtures/api/documents.py");
        let mut command = Command::new(tools::python());
        command
            .arg(script)
            .args(files)
            .current_dir(sandbox.path(""));
        command.output().expect("Python starts")
    };
    let kept = tools::repository().join("docs/openapi.json");
    let fine = check(&["deployed.json", kept.to_str().expect("a path in UTF-8")]);
    let said = String::from_utf8_lossy(&fine.stderr);
    assert!(fine.status.success(), "{said}");
    // What finds nothing must be able to.
    assert!(!check(&["broken.json"]).status.success());
}

#[test]
fn values_arrive_as_they_were_sent() {
    let aws = Aws::start(Jobs::Stay("RUNNABLE"));
    aws.set(&json!({ "submit_per_second": 0 }));
    let api = deployed(&aws);
    check_arrives(&aws, &api, &least(), &least().to_string());
    for nasty in NASTY {
        let mut given = json!({ "input_url": format!("s3://b/{nasty}"), "output_url": nasty });
        for name in OPTIONAL {
            given[name] = json!(nasty);
        }
        check_arrives(&aws, &api, &given, &given.to_string());
        // The same in other letters.
        let escaped: String = given.to_string().chars().map(escaped).collect();
        check_arrives(&aws, &api, &given, &escaped);
    }
    // Each alone, and nothing of the others.
    for name in OPTIONAL {
        let mut given = least();
        for empty in OPTIONAL {
            given[empty] = json!("");
        }
        given[name] = json!("-hide_banner");
        check_arrives(&aws, &api, &given, &given.to_string());
    }
    // Long, and many of them.
    let mut given = least();
    given["output_file_options"] = json!("😀'\"\\\n".repeat(1400));
    check_arrives(&aws, &api, &given, &given.to_string());
    let mut dice = 1_u64;
    for _ in 0..40 {
        let mut given = least();
        for name in OPTIONAL {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let pick = |shift: u32| NASTY[(dice >> shift) as usize % NASTY.len()];
            given[name] = json!([pick(16), pick(24), pick(32), pick(40)].concat());
        }
        check_arrives(&aws, &api, &given, &given.to_string());
    }
    assert_eq!(aws.violations(), Vec::<String>::new());
    let all = aws.parameters("SubmitJob");
    let mut names: Vec<String> = all.iter().map(|one| text(one, "jobName")).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), all.len(), "every job has a name of its own");
}

/// A letter as JSON may also write it.
fn escaped(letter: char) -> String {
    if letter.is_ascii() {
        return letter.to_string();
    }
    let units = letter.encode_utf16(&mut [0; 2]).to_vec();
    units.iter().map(|unit| format!("\\u{unit:04x}")).collect()
}

/// A body with one member changed.
fn with(name: &str, value: Value) -> Value {
    let mut body = least();
    body[name] = value;
    body
}

#[test]
fn bodies_that_are_wrong_are_refused() {
    let aws = Aws::start(Jobs::Stay("RUNNABLE"));
    let api = deployed(&aws);
    let refused = |path: &str, body: &str, part: &str| {
        let (status, answer) = api.ask(path, body);
        assert_eq!(status, 400, "{path} {body}: {answer:#}");
        let message = text(&answer, "message");
        assert!(message.contains(part), "{path} {body}: {message}");
    };
    let mut wrong = vec![
        (json!({}), "input_url"),
        (json!({ "input_url": "s3://b/a" }), "output_url"),
        (json!([least()]), "object"),
        (json!("ffmpeg"), "object"),
        (Value::Null, "object"),
        (with("input_url", json!("")), "non-empty"),
        (with("preset", json!("fast")), "preset"),
        (with("job", json!("null")), "job"),
        (with("Name", json!("x")), "Name"),
        (with("compute", json!("intel")), "intel"),
        (with("instance_type", json!("c7i.large")), "c7i.large"),
        (with("instance_type", json!("")), "one of"),
        (with("output_file_options", json!("x".repeat(7169))), "long"),
    ];
    for name in OPTIONAL.into_iter().chain(["input_url", "instance_type"]) {
        for other in [
            json!(1),
            json!(0.5),
            json!(true),
            Value::Null,
            json!([]),
            json!({}),
        ] {
            wrong.push((with(name, other), "string"));
        }
    }
    for (body, part) in &wrong {
        refused("/arm/ffmpeg", &body.to_string(), part);
        refused("/batch/execute/nvidia", &body.to_string(), "");
    }
    for text in ["", "{", "input_url=s3://b/a", "{\"input_url\":}"] {
        refused("/arm/ffmpeg", &format!(" {text}"), "parse");
    }
    let fargate = with("instance_type", json!("c7g.large")).to_string();
    refused("/fargate/ffmpeg", &fargate, "instance_type");
    refused("/batch/describe", "{}", "jobId");
    refused("/batch/describe", r#"{"jobId":["a"]}"#, "string");
    refused("/batch/describe", r#"{"jobId":""}"#, "match");
    let elsewhere = "arn:aws:states:us-east-1:123456789012:execution:other-state-machine:a";
    let other = json!({ "executionArn": elsewhere }).to_string();
    refused("/state/describe", &other, "match");
    let bulk = |change: fn(&mut Value)| {
        let mut body = json!({ "compute": "arm", "input": { "s3_bucket": "abc" }, "output": { "s3_bucket": "abc" } });
        change(&mut body);
        body.to_string()
    };
    refused(
        "/state/execute",
        &bulk(|body| body["compute"] = json!("intel")),
        "intel",
    );
    refused(
        "/state/execute",
        &bulk(|body| body["input"] = json!({})),
        "s3_bucket",
    );
    refused(
        "/state/execute",
        &bulk(|body| body["output"]["crf"] = json!("1")),
        "crf",
    );
    // None of it went any further, and what is right does.
    assert_eq!(aws.count("SubmitJob"), 0);
    let right = with("compute", json!("arm"));
    assert_eq!(api.post("/arm/ffmpeg", &right).0, 200);
}

#[test]
fn requests_that_are_not_for_this_api_are_refused() {
    let aws = Aws::start(Jobs::Stay("RUNNABLE"));
    let api = deployed(&aws);
    let body = least().to_string();
    let json = "application/json";
    for (service, kind, path, expected) in [
        ("", json, "/arm/ffmpeg", 403),
        ("batch", json, "/arm/ffmpeg", 403),
        ("execute-api", json, "/intel/ffmpeg", 403),
        ("execute-api", json, "/arm", 403),
        ("execute-api", json, "/metrics/export", 403),
        ("execute-api", "text/plain", "/arm/ffmpeg", 415),
        (
            "execute-api",
            "application/x-www-form-urlencoded",
            "/arm/ffmpeg",
            415,
        ),
        (
            "execute-api",
            "application/json; charset=utf-8",
            "/arm/ffmpeg",
            200,
        ),
    ] {
        let (status, answer) = api.ask_as(service, kind, path, &body);
        assert_eq!(status, expected, "{service} {kind} {path}: {answer:#}");
        assert!(status == 200 || !text(&answer, "message").is_empty());
    }
    assert_eq!(aws.count("SubmitJob"), 1);
}

#[test]
fn errors_of_the_services_behind_arrive_as_errors() {
    let aws = Aws::start(Jobs::Stay("RUNNABLE"));
    let api = deployed(&aws);
    let submit = || api.post("/arm/ffmpeg", &least());
    for (status, expected) in [
        (400, 400),
        (403, 400),
        (404, 400),
        (429, 429),
        (500, 502),
        (503, 502),
    ] {
        aws.fault(&json!({ "operation": "SubmitJob", "status": status, "code": "X", "message": "a \"sentence\"" }));
        let answer = json!({ "message": "a \"sentence\"" });
        assert_eq!(submit(), (expected, answer), "{status}");
    }
    aws.fault(&json!({ "operation": "SubmitJob", "status": 500, "message": "" }));
    let (status, answer) = submit();
    assert_eq!(status, 502);
    assert!(
        text(&answer, "message").contains("did not say why"),
        "{answer:#}"
    );
    aws.batch(
        "UpdateJobQueue",
        &json!({ "jobQueue": "batch-ffmpeg-job-queue-arm", "state": "DISABLED" }),
    );
    let (status, answer) = submit();
    assert_eq!(status, 400);
    assert!(
        text(&answer, "message").contains("is DISABLED"),
        "{answer:#}"
    );
    // What the role may not do.
    let gone = aws.s3().call(
        "iam",
        "/",
        "Content-Type: application/x-www-form-urlencoded\r\n",
        &format!(
            "Action=DeleteRolePolicy&RoleName={}&PolicyName=ApiRole&Version=2010-05-08",
            role(&aws)
        ),
    );
    gone.ok();
    let (status, answer) = api.post("/batch/execute/fargate", &least());
    assert_eq!(status, 400);
    assert!(
        text(&answer, "message").contains("may not call batch:SubmitJob"),
        "{answer:#}"
    );
}

/// The name of the API's role.
#[track_caller]
fn role(aws: &Aws) -> String {
    let headers = "Content-Type: application/x-www-form-urlencoded\r\n";
    let asked = "Action=ListRoles&Version=2010-05-08";
    let answer = aws.s3().call("iam", "/", headers, asked).ok();
    let names = answer.split("<RoleName>").skip(1);
    let mut names = names.filter_map(|rest| rest.split('<').next());
    names
        .find(|name| name.contains("ApiRole"))
        .expect("a role")
        .to_owned()
}

#[test]
fn a_job_is_described_from_its_beginning_to_its_end() {
    let aws = Aws::start(Jobs::Stay("RUNNABLE"));
    let api = deployed(&aws);
    let describe = |job: &str| api.post("/batch/describe", &json!({ "jobId": job }));
    let (status, answer) = describe("00000000-0000-0000-0000-000000000000");
    assert_eq!(status, 404, "{answer:#}");
    assert!(text(&answer, "message").contains("no such job"));
    for body in [least(), with("instance_type", json!("c7g.large"))] {
        let (_, submitted) = api.post("/arm/ffmpeg", &body);
        let job = text(&submitted, "jobId");
        let (status, waiting) = describe(&job);
        assert_eq!(status, 200);
        for (name, expected) in [
            ("status", "RUNNABLE"),
            ("jobId", &job),
            ("jobName", &text(&submitted, "jobName")),
        ] {
            assert_eq!(waiting[name], expected, "{waiting:#}");
        }
        for unknown in [
            "startedAt",
            "stoppedAt",
            "statusReason",
            "exitCode",
            "logStreamName",
        ] {
            assert_eq!(waiting.get(unknown), None, "{waiting:#}");
        }
        aws.place(&json!({ "jobs": [job], "status": "RUNNING" }));
        let ended = json!({ "jobs": [job], "status": "FAILED", "exitCode": 0, "reason": "it \"broke\"", "containerReason": "OutOfMemoryError: \\" });
        aws.place(&ended);
        let (_, told) = describe(&job);
        let known = aws.describe(&job);
        for name in [
            "createdAt",
            "startedAt",
            "stoppedAt",
            "statusReason",
            "attempts",
        ] {
            assert_eq!(told[name], known[name], "{told:#}");
            assert!(!told[name].is_null(), "{name}");
        }
        let container = &known["attempts"][0]["container"];
        for name in ["exitCode", "reason", "logStreamName"] {
            assert_eq!(told[name], container[name], "{told:#}");
            assert!(!told[name].is_null(), "{name}");
        }
    }
}

#[test]
fn bulk_runs_start_and_are_followed() {
    let aws = Aws::start(Jobs::Stay("RUNNABLE"));
    let api = deployed(&aws);
    let least = json!({ "compute": "arm", "input": { "s3_bucket": "abc" }, "output": { "s3_bucket": "abc" } });
    let (status, answer) = api.post("/state/execute", &least);
    assert_eq!(status, 400, "{answer:#}");
    let states = |target: &str, asked: &Value| {
        let answer = aws.try_target("states", &format!("AWSStepFunctions.{target}"), asked);
        answer.expect("Step Functions takes it")
    };
    let definition = json!({ "StartAt": "A", "States": { "A": { "Type": "Pass", "End": true } } });
    let machine = json!({ "name": "batch-ffmpeg-state-machine", "definition": definition.to_string(), "roleArn": "arn:aws:iam::123456789012:role/x" });
    states("CreateStateMachine", &machine);
    let mut bodies = vec![least.to_string(), format!("{least:#}")];
    for nasty in NASTY {
        let mut whole = least.clone();
        whole["name"] = json!(nasty);
        whole["input"] = json!({ "s3_bucket": "abc", "s3_prefix": nasty, "file_options": nasty });
        whole["output"] = json!({ "s3_bucket": "abc", "s3_prefix": nasty, "s3_suffix": nasty, "file_options": nasty });
        whole["global"] = json!({ "options": nasty });
        bodies.push(whole.to_string());
    }
    for body in bodies {
        let (status, started) = api.ask("/state/execute", &body);
        assert_eq!(status, 200, "{body}: {started:#}");
        let execution = json!({ "executionArn": text(&started, "executionArn") });
        let known = states("DescribeExecution", &execution);
        assert_eq!(known["input"], body, "to the byte");
        let (status, told) = api.post("/state/describe", &execution);
        assert_eq!(status, 200);
        for name in ["status", "executionArn", "name"] {
            assert_eq!(told[name], known[name], "{told:#}");
            assert!(!told[name].is_null());
        }
    }
    let unknown = "arn:aws:states:us-east-1:123456789012:execution:batch-ffmpeg-state-machine:none";
    let (status, answer) = api.post("/state/describe", &json!({ "executionArn": unknown }));
    assert_eq!(status, 404, "{answer:#}");
    assert_eq!(aws.violations(), Vec::<String>::new());
}

#[test]
fn an_export_of_traces_is_a_job() {
    let aws = Aws::start(Jobs::Stay("RUNNABLE"));
    let api = deployed(&aws);
    aws.queue("batch-ffmpeg-job-queue-export", "FARGATE");
    let definition = infra("fargate").definition(&Surroundings {
        image: json!("image"),
        bucket: json!("media"),
        region: json!("us-east-1"),
        execution_role: Some(json!("arn:aws:iam::123456789012:role/execution")),
        ..Surroundings::default()
    });
    let mut named = definition;
    named["jobDefinitionName"] = json!("batch-ffmpeg-job-definition-export");
    aws.register(&named);
    let (status, answer) = api.ask("/metrics/export", "");
    assert_eq!(status, 200, "{answer:#}");
    assert!(text(&answer, "message").contains("an export was started"));
    let asked = &aws.parameters("SubmitJob")[0];
    assert_eq!(asked["jobQueue"], "batch-ffmpeg-job-queue-export");
    assert_eq!(asked["jobDefinition"], "batch-ffmpeg-job-definition-export");
}

#[test]
fn an_api_changes_with_its_stack() {
    let aws = Aws::start(Jobs::Stay("RUNNABLE"));
    let sandbox = aws.sandbox();
    let api = aws.api(&sandbox, "--compute arm");
    assert_eq!(api.post("/fargate/ffmpeg", &least()).0, 403);
    let changed = aws.api(&sandbox, "--compute fargate --ffqm");
    assert_eq!(changed.url(), api.url());
    let (status, answer) = changed.post("/fargate/ffmpeg", &least());
    assert_eq!(status, 200, "{answer:#}");
    assert_eq!(changed.post("/arm/ffmpeg", &least()).0, 403);
    sandbox.ffbatch(["deploy", "down", "--yes"]).ok();
    assert_eq!(api.post("/fargate/ffmpeg", &least()).0, 403);
}

#[test]
fn whether_a_job_that_owns_an_instance_is_measured_is_said_where_it_cannot_ask() {
    for (flags, expected) in [
        ("", json!(["FALSE"])),
        ("--ffqm", json!(["TRUE"])),
        ("--ffqm --network isolated", json!([])),
    ] {
        let aws = Aws::start(Jobs::Stay("RUNNABLE"));
        let api = aws.api(&aws.sandbox(), &format!("--compute arm {flags}"));
        let body = with("instance_type", json!("c7g.large"));
        assert_eq!(api.post("/arm/ffmpeg", &body).0, 200);
        let asked = &aws.parameters("SubmitJob")[0]["nodeOverrides"]["nodePropertyOverrides"][0];
        let variables = asked["containerOverrides"]["environment"].as_array();
        let switch = variables
            .into_iter()
            .flatten()
            .filter(|one| one["name"] == "FFBATCH_FFQM");
        let switch: Vec<&Value> = switch.map(|one| &one["value"]).collect();
        assert_eq!(json!(switch), expected, "{flags}");
    }
}

#[test]
fn a_client_of_the_samples_api_runs_a_job() {
    let Some(aws) = Aws::with_docker() else {
        return;
    };
    let sandbox = aws.sandbox();
    let own = format!(
        "[backends.intel]\nimage = '{}'\nmemory_mib = 1024\n",
        image::worker()
    );
    sandbox.write("ffbatch.toml", own);
    let api = aws.api(&sandbox, "--compute intel");
    let buckets = aws.s3().buckets();
    let [bucket] = &buckets[..] else {
        panic!("one bucket, not {buckets:?}");
    };
    aws.s3().put(bucket, "in.mp4", clip::bytes(SHORT));
    let client = tools::repository().join("tests/fixtures/clients/rest.py");
    let submitted = Command::new(tools::python())
        .arg(&client)
        .args([
            &format!("{}/", api.url()),
            "intel",
            bucket,
            "in.mp4",
            "it's out.mp4",
        ])
        .arg("-t 00:00:00.8 -c:v copy -an -metadata title='\"$5\" # 日本'")
        .envs(aws.environment())
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .output()
        .expect("Python starts");
    let said = String::from_utf8_lossy(&submitted.stderr);
    assert!(submitted.status.success(), "{said}");
    let job = String::from_utf8_lossy(&submitted.stdout).trim().to_owned();
    let asked = json!({ "jobId": job });
    aws.until(&job, "SUCCEEDED");
    let (_, told) = api.post("/batch/describe", &asked);
    assert_eq!(
        (&told["status"], &told["exitCode"]),
        (&json!("SUCCEEDED"), &json!(0))
    );
    let written = aws.s3().get(bucket, "it's out.mp4");
    let title = "\"$5\" # 日本".as_bytes();
    assert!(written.windows(title.len()).any(|part| part == title));
    // One that cannot work says so.
    let wrong = json!({ "input_url": format!("s3://{bucket}/none.mp4"), "output_url": format!("s3://{bucket}/x.mp4") });
    let (_, submitted) = api.post("/batch/execute/intel", &wrong);
    let job = text(&submitted, "jobId");
    aws.until(&job, "FAILED");
    let (_, told) = api.post("/batch/describe", &json!({ "jobId": job }));
    assert_eq!(told["status"], "FAILED");
    assert!(
        told["exitCode"].as_i64().is_some_and(|code| code > 0),
        "{told:#}"
    );
    assert_eq!(aws.violations(), Vec::<String>::new());
}
