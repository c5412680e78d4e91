//! Rules for the events of AWS Batch (AWS Batch User Guide, "AWS Batch events"), and the log group that they write to.

use serde_json::{Value, json};

use crate::stack::export::QUEUE;
use crate::stack::{Site, logs};
use crate::template::{id, reference, sub};

/// The logical id of the log group.
const GROUP: &str = "EventLogs";

/// A kind of event.
pub struct Kind {
    /// What its rule is called, behind the prefix.
    pub name: &'static str,
    /// What it tells.
    pub title: &'static str,
    /// The type that AWS Batch gives it.
    detail_type: &'static str,
    /// The state that a job has come into, where that is what it tells.
    status: Option<&'static str>,
}

/// Jobs that are done.
pub const SUCCEEDED: Kind = Kind {
    name: "jobs-succeeded",
    title: "succeeded",
    detail_type: "Batch Job State Change",
    status: Some("SUCCEEDED"),
};

/// Jobs that failed for good, whatever their attempts.
pub const FAILED: Kind = Kind {
    name: "jobs-failed",
    title: "failed",
    detail_type: "Batch Job State Change",
    status: Some("FAILED"),
};

/// An export of traces that failed.
pub const EXPORT_FAILED: Kind = Kind {
    name: "export-failed",
    title: "failed exports of traces",
    detail_type: "Batch Job State Change",
    status: Some("FAILED"),
};

/// Queues whose first job cannot run.
pub const BLOCKED: Kind = Kind {
    name: "queue-blocked",
    title: "blocked queues",
    detail_type: "Batch Job Queue Blocked",
    status: None,
};

pub fn add(site: &mut Site<'_>) {
    let prefix = &site.plan.prefix;
    let name = format!("/aws/events/{prefix}");
    let who = json!({ "Service": ["delivery.logs.amazonaws.com", "events.amazonaws.com"] });
    let allow = json!({
        "Version": "2012-10-17",
        // As the Amazon EventBridge User Guide has it ("Permissions for CloudWatch Logs"): a stream is made in nobody's name.
        "Statement": [
            {
                "Effect": "Allow", "Principal": who, "Action": "logs:CreateLogStream",
                "Resource": format!("${{{GROUP}.Arn}}"),
            },
            {
                "Effect": "Allow", "Principal": who, "Action": "logs:PutLogEvents",
                "Resource": format!("${{{GROUP}.Arn}}:*"),
                "Condition": { "ArnLike": {
                    "aws:SourceArn": format!("arn:${{AWS::Partition}}:events:${{AWS::Region}}:${{AWS::AccountId}}:rule/{prefix}-*"),
                } },
            },
        ],
    });
    let policy = json!({
        "PolicyName": format!("{prefix}-events"),
        "PolicyDocument": sub(&allow.to_string()),
    });
    logs::group(site, GROUP, &name);
    site.template
        .add("EventLogsPolicy", "AWS::Logs::ResourcePolicy", policy);
    let queues = site.template.of_kind("AWS::Batch::JobQueue");
    let (exports, queues): (Vec<&str>, Vec<&str>) =
        queues.map(|(id, _)| id).partition(|id| *id == QUEUE);
    let all = |ids: &[&str]| -> Vec<Value> { ids.iter().map(|id| reference(id)).collect() };
    let (exports, queues) = (all(&exports), all(&queues));
    let mut kinds = vec![(SUCCEEDED, &queues), (FAILED, &queues), (BLOCKED, &queues)];
    if !exports.is_empty() {
        kinds.push((EXPORT_FAILED, &exports));
    }
    for (kind, queues) in kinds {
        let properties = rule(site, &kind, queues);
        site.template
            .add(&id(&[kind.name, "rule"]), "AWS::Events::Rule", properties);
    }
}

fn rule(site: &Site<'_>, kind: &Kind, queues: &[Value]) -> Value {
    let mut detail = json!({ "jobQueue": queues });
    if let Some(status) = kind.status {
        detail["status"] = json!([status]);
    }
    let group = format!(
        "arn:${{AWS::Partition}}:logs:${{AWS::Region}}:${{AWS::AccountId}}:log-group:${{{GROUP}}}"
    );
    json!({
        "Name": site.named(kind.name),
        "Description": format!("{}: {}", site.plan.prefix, kind.title),
        "EventPattern": { "source": ["aws.batch"], "detail-type": [kind.detail_type], "detail": detail },
        "Targets": [{ "Id": "logs", "Arn": sub(&group) }],
    })
}
