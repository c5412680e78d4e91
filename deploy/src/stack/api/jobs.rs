//! What became of a job: `POST /batch/describe`.

use serde_json::json;

use super::route::{Body, JOB_ID, REQUEST_ID, Route, Service};
use super::vtl;

/// The job in the answer of `DescribeJobs`.
const JOB: &str = "jobs[0].";

/// What is always told, and what is told where it is known.
const ALWAYS: [&str; 3] = ["status", "jobId", "jobName"];
const SOMETIMES: [&str; 6] = [
    "statusReason",
    "createdAt",
    "startedAt",
    "stoppedAt",
    "arrayProperties",
    "attempts",
];

/// What is told of the container. A job that owns an instance has one in its attempts alone.
const CONTAINER: [&str; 3] = ["exitCode", "reason", "logStreamName"];

/// The answer for a job that is not there.
const UNKNOWN: &str =
    r#"{"message":"there is no such job (AWS Batch forgets a job a week after its end)"}"#;

/// A job's id, a child's (`:0`) or a node's (`#0`), or an ARN.
const PATTERN: &str = "^[A-Za-z0-9:/_#-]{1,512}$";

pub fn route(prefix: &str) -> Route {
    let text = json!({ "type": "string" });
    let moment = json!({ "type": "integer", "description": "Milliseconds since 1970" });
    let answered = Body {
        name: "Job".to_owned(),
        schema: json!({ "type": "object", "properties": {
            "status": { "type": "string", "enum": ["SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED", "FAILED"] },
            "jobId": text, "jobName": text,
            "statusReason": { "type": "string", "description": "Why the job is in this state" },
            "createdAt": moment, "startedAt": moment, "stoppedAt": moment,
            "arrayProperties": { "type": "object", "description": "Of an array: how many of its jobs are in which state" },
            "attempts": { "type": "array", "items": { "type": "object" }, "description": "The attempts that have ended, as AWS Batch has them" },
            "exitCode": { "type": "integer", "description": "The exit code of the worker" },
            "reason": { "type": "string", "description": "What Amazon ECS says of the container" },
            "logStreamName": { "type": "string", "description": "The stream in the log group of jobs" },
        } }),
        example: json!({
            "status": "SUCCEEDED", "jobId": JOB_ID, "jobName": format!("{prefix}-arm-{REQUEST_ID}"),
            "statusReason": "Essential container in task exited", "createdAt": 1_790_000_000_000_u64, "exitCode": 0,
        }),
    };
    Route {
        method: "post",
        path: "/batch/describe".to_owned(),
        summary: "Tell what became of a job".to_owned(),
        asked: Some(Body {
            name: "Describe".to_owned(),
            schema: json!({
                "type": "object", "required": ["jobId"], "additionalProperties": false,
                "properties": { "jobId": { "type": "string", "pattern": PATTERN } },
            }),
            example: json!({ "jobId": JOB_ID }),
        }),
        answered,
        service: Service::Batch("v1/describejobs"),
        request: format!(r#"{{"jobs":[{}]}}"#, vtl::json("jobId")).into(),
        response: response(),
        may_miss: true,
    }
}

fn response() -> String {
    let fields = vtl::fields(JOB, &ALWAYS, &SOMETIMES);
    let container = CONTAINER.map(of_container).concat();
    format!(
        "#if({} == '[]') {}{UNKNOWN} #else {}{{{fields}{container}}} #end",
        vtl::json("jobs"),
        vtl::status(404),
        last_attempt(),
    )
}

/// Remembers which attempt is the last that ended; -1 where none has.
fn last_attempt() -> String {
    let attempts = format!("{JOB}attempts");
    let count = format!("#set($last = $input.path('$.{attempts}').size() - 1)");
    format!("#set($last = -1){}", vtl::either(&attempts, &count, ""))
}

fn of_container(name: &str) -> String {
    format!(
        "{}#if($last >= 0){}#end{}",
        vtl::find(&[&format!("{JOB}container.{name}")]),
        vtl::or(&format!(
            r#"$input.json("$.{JOB}attempts[$last].container.{name}")"#
        )),
        vtl::if_found(&format!(r#","{name}":"#)),
    )
}
