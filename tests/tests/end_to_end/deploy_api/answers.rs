//! What comes back of AWS Batch: jobs, and errors.

use ffbatch_tests::aws::{Aws, Jobs, text};
use serde_json::json;

use super::ground::{deployed, least, with};

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
fn an_export_of_traces_is_a_job() {
    let aws = Aws::start(Jobs::Stay("RUNNABLE"));
    let api = deployed(&aws);
    let (status, answer) = api.ask("/metrics/export", "");
    assert_eq!(status, 200, "{answer:#}");
    assert!(text(&answer, "message").contains("an export was started"));
    let asked = &aws.parameters("SubmitJob")[0];
    assert_eq!(asked["jobQueue"], "batch-ffmpeg-job-queue-export");
    assert_eq!(asked["jobDefinition"], "batch-ffmpeg-job-definition-export");
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
