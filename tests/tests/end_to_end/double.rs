//! The double of AWS Batch itself: it refuses what AWS refuses, and takes what AWS takes.

use std::time::Instant;

use ffbatch_tests::aws::{Aws, Jobs, computes, definition_name, queue_name};
use ffbatch_tests::sandbox::until;
use serde_json::{Value, json};

/// A double with the compute `intel`.
fn intel(jobs: Jobs) -> Aws {
    let aws = Aws::start(jobs);
    aws.compute("intel", "image");
    aws
}

/// The least submission, with some members set.
fn submission(more: &Value) -> Value {
    let mut asked = json!({ "jobName": "a", "jobQueue": queue_name("intel"), "jobDefinition": definition_name("intel") });
    set(&mut asked, more);
    asked
}

/// The least definition, with some members set.
fn definition(more: &Value) -> Value {
    let mut asked = json!({ "jobDefinitionName": "d", "type": "container" });
    asked["containerProperties"] = container(&json!({}));
    set(&mut asked, more);
    asked
}

fn container(more: &Value) -> Value {
    let mut container =
        json!({ "image": "i", "command": ["a"], "resourceRequirements": resources("2", "4096") });
    set(&mut container, more);
    container
}

fn resources(vcpus: &str, memory: &str) -> Value {
    json!([{ "type": "VCPU", "value": vcpus }, { "type": "MEMORY", "value": memory }])
}

fn set(value: &mut Value, more: &Value) {
    for (name, inner) in more.as_object().expect("members") {
        value[name] = inner.clone();
    }
}

/// Asserts that a call is refused with a sentence that has this part, and that the double wrote that down.
#[track_caller]
fn refused(aws: &Aws, operation: &str, asked: &Value, part: &str) {
    let before = aws.violations().len();
    let Err(refusal) = aws.try_batch(operation, asked) else {
        panic!("{operation} was taken, but for: {part}\n{asked}");
    };
    assert_eq!((refusal.status, &*refusal.code), (400, "ClientException"));
    let violations = aws.violations();
    assert_eq!(violations.len(), before + 1, "{violations:#?}");
    let last = violations.last().expect("there is one");
    assert!(
        last.contains(part) && last.contains(&refusal.message),
        "{refusal:?}, but for: {part}"
    );
}

#[test]
fn submissions_are_refused() {
    let aws = intel(Jobs::Stay("RUNNABLE"));
    let check = |more: Value, part: &str| refused(&aws, "SubmitJob", &submission(&more), part);
    let text = |bytes: usize| "x".repeat(bytes);
    check(json!({ "jobName": "a b" }), "does not match");
    check(json!({ "jobName": text(129) }), "128 characters");
    check(json!({ "jobQueue": "nowhere" }), "does not exist");
    check(json!({ "jobDefinition": "nothing" }), "does not exist");
    check(json!({ "jobNane": "a" }), "jobNane");
    check(json!({ "parameters": { "name": 1 } }), "Invalid type");
    check(json!({ "parameters": { "name": "" } }), "empty text");
    check(json!({ "parameters": { "job": text(31_000) } }), "payload");
    let array = |size: u32| json!({ "arrayProperties": { "size": size } });
    check(array(1), "2 to 10,000");
    check(array(10_001), "2 to 10,000");
    let needs = |kind: &str| json!({ "dependsOn": [{ "jobId": "j", "type": kind }] });
    check(needs("N_TO_N"), "does not exist");
    check(needs("SEQUENTIAL"), "without jobId");
    check(needs("AFTER"), "none of N_TO_N, SEQUENTIAL");
    let other = aws.submit(&submission(&json!({})));
    let many = vec![json!({ "jobId": other }); 21];
    check(json!({ "dependsOn": many }), "at most 20");
    let overrides = |more: Value| json!({ "containerOverrides": more });
    check(overrides(json!({ "command": ["a", ""] })), "is empty");
    check(
        overrides(json!({ "instanceType": "c5.large" })),
        "multi-node",
    );
    let reserved = json!({ "environment": [{ "name": "AWS_BATCH_JOB_ID", "value": "1" }] });
    check(overrides(reserved), "reserved");
    let kinds = json!({ "resourceRequirements": [{ "type": "CORES", "value": "1" }] });
    check(overrides(kinds), "none of GPU, VCPU, MEMORY");
    let half = json!({ "resourceRequirements": [{ "type": "VCPU", "value": "0.5" }] });
    check(overrides(half), "whole number");
    let nodes = json!({ "nodePropertyOverrides": [{ "targetNodes": "0:" }] });
    check(json!({ "nodeOverrides": nodes }), "container definition");
    check(
        json!({ "timeout": { "attemptDurationSeconds": 59 } }),
        "at least 60",
    );
    check(json!({ "shareIdentifier": "a" }), "scheduling policy");
    let change = json!({ "jobQueue": queue_name("intel"), "state": "DISABLED" });
    aws.batch("UpdateJobQueue", &change);
    check(json!({}), "DISABLED");
}

#[test]
fn retry_strategies_are_refused() {
    let aws = intel(Jobs::Stay("RUNNABLE"));
    let check = |strategy: Value, part: &str| {
        let asked = submission(&json!({ "retryStrategy": strategy }));
        refused(&aws, "SubmitJob", &asked, part);
        refused(
            &aws,
            "RegisterJobDefinition",
            &definition(&json!({ "retryStrategy": strategy })),
            part,
        );
    };
    let rule = |name: &str, pattern: &str| json!({ "attempts": 2, "evaluateOnExit": [{ name: pattern, "action": "RETRY" }] });
    check(json!({ "attempts": 0 }), "1 to 10");
    check(json!({ "attempts": 11 }), "1 to 10");
    check(rule("onExitCode", "7*5"), "asterisk");
    check(rule("onStatusReason", "*EC2*"), "asterisk");
    check(rule("onReason", "Out(OfMemory*"), "few signs");
    check(rule("onExitCode", ""), "onExitCode");
    check(rule("onTuesday", "75"), "onTuesday");
    let six = vec![json!({ "onExitCode": "75", "action": "RETRY" }); 6];
    check(json!({ "attempts": 2, "evaluateOnExit": six }), "6 rules");
    check(json!({ "evaluateOnExit": six[..1] }), "needs attempts");
    let action =
        json!({ "attempts": 2, "evaluateOnExit": [{ "onExitCode": "1", "action": "AGAIN" }] });
    check(action, "none of RETRY, EXIT");
}

#[test]
fn definitions_are_refused() {
    let aws = Aws::start(Jobs::End(0));
    let check =
        |more: Value, part: &str| refused(&aws, "RegisterJobDefinition", &definition(&more), part);
    let inside = |more: Value| json!({ "containerProperties": container(&more) });
    check(json!({ "jobDefinitionName": "a.b" }), "does not match");
    check(inside(json!({ "command": [""] })), "is empty");
    check(inside(json!({ "command": ["x".repeat(25_000)] })), "24576");
    check(inside(json!({ "resourceRequirements": [] })), "lacks VCPU");
    check(
        inside(json!({ "ephemeralStorage": { "sizeInGiB": 30 } })),
        "Fargate only",
    );
    check(json!({ "type": "multinode" }), "nodeProperties");
    let fargate = |mut more: Value| {
        more["executionRoleArn"] = json!("arn");
        json!({ "platformCapabilities": ["FARGATE"], "containerProperties": container(&more) })
    };
    let pair = |vcpus: &str, memory: &str| {
        fargate(json!({ "resourceRequirements": resources(vcpus, memory) }))
    };
    check(pair("2", "2048"), "Fargate does not have 2 vCPU");
    check(pair("3", "8192"), "Fargate does not have 3 vCPU");
    check(
        fargate(json!({ "ephemeralStorage": { "sizeInGiB": 20 } })),
        "21 to 200",
    );
    check(fargate(json!({ "privileged": true })), "no privileged");
    let gpu = json!([{ "type": "VCPU", "value": "2" }, { "type": "MEMORY", "value": "4096" }, { "type": "GPU", "value": "1" }]);
    check(
        fargate(json!({ "resourceRequirements": gpu })),
        "Fargate has no GPU",
    );
    let without = json!({ "platformCapabilities": ["FARGATE"] });
    check(without, "executionRoleArn");
    for (vcpus, memory) in [("0.25", "512"), ("2", "8192"), ("16", "122880")] {
        aws.register(&definition(&pair(vcpus, memory)));
    }
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let aws = intel(Jobs::Stay("RUNNABLE"));
    aws.compute("fargate", "image");
    let node = json!({ "targetNodes": "0:", "container": container(&json!({})) });
    let nodes = json!({ "numNodes": 1, "mainNode": 0, "nodeRangeProperties": [node] });
    aws.register(
        &json!({ "jobDefinitionName": "pinned", "type": "multinode", "nodeProperties": nodes }),
    );
    let task = json!({ "taskProperties": [{ "containers": [{ "image": "i", "name": "main" }] }] });
    aws.register(
        &json!({ "jobDefinitionName": "tasks", "type": "container", "ecsProperties": task }),
    );
    aws.queue("ondemand", "EC2");
    let check = |more: Value, part: &str| refused(&aws, "SubmitJob", &submission(&more), part);
    check(
        json!({ "jobDefinition": definition_name("fargate") }),
        "not both for Fargate",
    );
    check(
        json!({ "jobQueue": queue_name("fargate") }),
        "not both for Fargate",
    );
    check(json!({ "jobDefinition": "pinned" }), "do not run on Spot");
    let overrides = json!({ "command": ["a"] });
    check(
        json!({ "jobDefinition": "tasks", "containerOverrides": overrides }),
        "ecsProperties",
    );
    check(
        json!({ "jobDefinition": "pinned", "jobQueue": "ondemand", "containerOverrides": overrides }),
        "multi-node definition",
    );
    let odd = json!({ "resourceRequirements": [{ "type": "MEMORY", "value": "1024" }] });
    check(
        json!({ "jobDefinition": definition_name("fargate"), "jobQueue": queue_name("fargate"), "containerOverrides": odd }),
        "Fargate does not have 2 vCPU with 1024 MiB",
    );
    let node = json!({ "targetNodes": "0:", "containerOverrides": { "command": ["a"], "instanceType": "c6i.large" } });
    let pinned = json!({ "jobDefinition": "pinned", "jobQueue": "ondemand", "nodeOverrides": { "nodePropertyOverrides": [node] } });
    let job = aws.submit(&submission(&pinned));
    assert_eq!(aws.describe(&job)["nodeProperties"]["numNodes"], 1);
    assert_eq!(
        aws.describe(&format!("{job}#0"))["container"]["command"][0],
        "a"
    );
}

#[test]
fn questions_are_refused() {
    let aws = intel(Jobs::Stay("RUNNING"));
    let many: Vec<String> = (0..101).map(|number| format!("job-{number}")).collect();
    refused(
        &aws,
        "DescribeJobs",
        &json!({ "jobs": many }),
        "it has to name 1 to 100",
    );
    let check = |asked: Value, part: &str| refused(&aws, "ListJobs", &asked, part);
    let queue = queue_name("intel");
    check(json!({}), "needs one of");
    check(json!({ "jobQueue": "nowhere" }), "does not exist");
    check(
        json!({ "jobQueue": queue, "jobStatus": "BUSY" }),
        "none of SUBMITTED",
    );
    check(json!({ "jobQueue": queue, "maxResults": 101 }), "1 to 100");
    let filter =
        |name: &str| json!({ "jobQueue": queue, "filters": [{ "name": name, "values": ["a"] }] });
    check(filter("NAME"), "none of JOB_NAME");
    let ending = json!({ "jobId": "nothing", "reason": "because" });
    refused(&aws, "TerminateJob", &ending, "does not exist");
    let job = aws.submit(&submission(&json!({})));
    refused(
        &aws,
        "CancelJob",
        &json!({ "jobId": job, "reason": "" }),
        "reason",
    );
    let logs = aws.try_target(
        "logs",
        "Logs_20140328.GetLogEvents",
        &json!({ "logStreamName": "s", "limit": 10_001 }),
    );
    assert_eq!(
        logs.expect_err("the limit is too high").code,
        "InvalidParameterException"
    );
    let unknown = aws.try_target(
        "ecs",
        "AmazonEC2ContainerServiceV20141113.DescribeEverything",
        &json!({}),
    );
    assert_eq!(unknown.expect_err("there is no such operation").status, 400);
}

#[test]
fn calls_fail_on_demand_and_are_counted() {
    let aws = intel(Jobs::End(0));
    aws.fault(
        &json!({ "operation": "SubmitJob", "status": 500, "code": "ServerException", "times": 2 }),
    );
    aws.fault(&json!({ "operation": "*", "status": 403, "code": "ExpiredTokenException", "message": "expired" }));
    aws.fault(&json!({ "operation": "SubmitJob", "lose": true }));
    aws.fault(&json!({ "operation": "DescribeJobs", "delay_ms": 200 }));
    let submit = |name: &str| aws.try_batch("SubmitJob", &submission(&json!({ "jobName": name })));
    let codes: Vec<(u16, String)> = (0..4)
        .map(|number| submit(&format!("job{number}")).expect_err("a fault waits for it"))
        .map(|refusal| (refusal.status, refusal.code))
        .collect();
    let expected = [
        (500, "ServerException"),
        (500, "ServerException"),
        (403, "ExpiredTokenException"),
        (0, ""),
    ];
    assert_eq!(
        codes,
        expected.map(|(status, code)| (status, code.to_owned()))
    );
    submit("last").expect("the faults are used up");
    let began = Instant::now();
    let listed = aws.batch(
        "ListJobs",
        &json!({ "jobQueue": queue_name("intel"), "jobStatus": "SUCCEEDED" }),
    );
    let jobs = listed["jobSummaryList"].as_array().expect("a list");
    // What was lost was done all the same.
    let names: Vec<&str> = jobs
        .iter()
        .filter_map(|job| job["jobName"].as_str())
        .collect();
    assert_eq!(names, ["last", "job3"]);
    aws.describe(jobs[0]["jobId"].as_str().expect("an id"));
    assert!(began.elapsed().as_millis() >= 200, "the delay was not kept");
    assert_eq!(aws.count("SubmitJob"), 5);
    assert_eq!(
        aws.calls()["operations"]["SubmitJob"]["failed_on_purpose"],
        4
    );
    let asked = aws.parameters("SubmitJob");
    assert_eq!(asked[4]["jobName"], "last");
    assert_eq!(aws.violations(), Vec::<String>::new());
}

#[test]
fn more_submissions_than_fifty_a_second_are_too_many() {
    let aws = intel(Jobs::End(0));
    aws.set(&json!({ "submit_per_second": 1 }));
    until("a submission comes too soon", || {
        let answer = aws.try_batch("SubmitJob", &submission(&json!({})));
        answer.is_err_and(|refusal| {
            (refusal.status, &*refusal.code) == (429, "TooManyRequestsException")
        })
    });
    let told = &aws.calls()["operations"]["SubmitJob"];
    assert_eq!(told["throttled"], 1);
    assert!(told["peak_per_second"].as_u64() >= Some(2), "{told}");
    assert_eq!(aws.violations(), Vec::<String>::new());
}

#[test]
fn every_compute_has_its_queue_and_definition() {
    let aws = Aws::start(Jobs::End(0));
    for compute in computes() {
        aws.compute(compute, "image");
        let asked =
            json!({ "jobQueue": queue_name(compute), "jobDefinition": definition_name(compute) });
        let job = aws.submit(&submission(&asked));
        let described = aws.describe(&job);
        assert_eq!(described["status"], "SUCCEEDED");
        assert_eq!(described["attempts"][0]["container"]["exitCode"], 0);
        assert_eq!(described["parameters"]["job"], "null");
    }
    assert_eq!(aws.violations(), Vec::<String>::new());
}

#[test]
fn the_instance_of_a_job_is_known_to_ecs() {
    let aws = intel(Jobs::End(0));
    let job = aws.describe(&aws.submit(&submission(&json!({}))));
    let environments = aws.batch("DescribeComputeEnvironments", &json!({}));
    let cluster = environments["computeEnvironments"][0]["ecsClusterArn"].clone();
    let asked = json!({ "cluster": cluster, "containerInstances": [job["container"]["containerInstanceArn"]] });
    let target = "AmazonEC2ContainerServiceV20141113.DescribeContainerInstances";
    let told = aws.try_target("ecs", target, &asked).expect("ECS knows it");
    let attributes = told["containerInstances"][0]["attributes"]
        .as_array()
        .expect("attributes");
    let kind = attributes
        .iter()
        .find(|one| one["name"] == "ecs.instance-type");
    assert_eq!(kind.expect("the type")["value"], "c6i.large");
}
