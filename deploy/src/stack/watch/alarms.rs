//! Alarms: what somebody should look at. They tell by mail where the options name an address, and in the console in any case.

use serde_json::{Value, json};

use super::events::{BLOCKED, EXPORT_FAILED, FAILED};
use crate::stack::Site;
use crate::stack::bulk::arn;
use crate::template::{id, reference, sub};

/// The logical id of the topic.
const TOPIC: &str = "AlarmTopic";

/// Seconds over which something is counted.
const PERIOD: u32 = 300;

/// Something that should not happen: more than none of it in a period is an alarm.
struct Alarm {
    /// Its name behind the prefix.
    name: &'static str,
    /// What has happened, and what to do.
    description: &'static str,
    namespace: &'static str,
    metric: &'static str,
    dimension: (&'static str, Value),
}

pub fn add(site: &mut Site<'_>) {
    let actions = topic(site).map_or_else(|| json!([]), |topic| json!([topic]));
    for alarm in alarms(site) {
        let (dimension, value) = alarm.dimension;
        let properties = json!({
            "AlarmName": site.named(alarm.name),
            "AlarmDescription": alarm.description,
            "Namespace": alarm.namespace,
            "MetricName": alarm.metric,
            "Dimensions": [{ "Name": dimension, "Value": value }],
            "Statistic": "Sum",
            "Period": PERIOD,
            "EvaluationPeriods": 1,
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": 0,
            "TreatMissingData": "notBreaching",
            "AlarmActions": actions,
            "Tags": site.tags(),
        });
        site.template.add(
            &id(&[alarm.name, "alarm"]),
            "AWS::CloudWatch::Alarm",
            properties,
        );
    }
}

fn alarms(site: &Site<'_>) -> Vec<Alarm> {
    let prefix = &site.plan.prefix;
    let events = |name, kind: &str, description| Alarm {
        name,
        description,
        namespace: "AWS/Events",
        // How often the rule fired, whatever became of its targets.
        metric: "TriggeredRules",
        dimension: ("RuleName", json!(site.named(kind))),
    };
    let mut alarms = vec![
        events(
            "jobs-failed",
            FAILED.name,
            "Jobs have failed: `ffbatch list --state failed` names them, `ffbatch why JOB` says why",
        ),
        events(
            "queue-blocked",
            BLOCKED.name,
            "The first job of a queue cannot run: `ffbatch deploy doctor` and `ffbatch why JOB` say why",
        ),
        Alarm {
            name: "api-faults",
            description: "The REST API answered with errors of its own: see the metrics of its stage",
            namespace: "AWS/ApiGateway",
            metric: "5XXError",
            dimension: ("ApiName", json!(format!("api-{prefix}"))),
        },
        Alarm {
            name: "bulk-failed",
            description: "An execution of the state machine failed: its page in the console says why",
            namespace: "AWS/States",
            metric: "ExecutionsFailed",
            dimension: ("StateMachineArn", sub(&arn(prefix))),
        },
    ];
    if site.plan.options.traces_export {
        alarms.push(events(
            "export-failed",
            EXPORT_FAILED.name,
            "The daily export of traces has failed: `ffbatch traces export` says why, and goes on from there",
        ));
    }
    alarms
}

/// Where alarms go.
fn topic(site: &mut Site<'_>) -> Option<Value> {
    let address = site.plan.options.alarm_email.clone()?;
    let properties = json!({
        "TopicName": site.named("alarms"),
        "Subscription": [{ "Protocol": "email", "Endpoint": address }],
        "Tags": site.tags(),
    });
    site.template.add(TOPIC, "AWS::SNS::Topic", properties);
    site.template.except(
        TOPIC,
        "AwsSolutions-SNS2",
        "alarms cannot be sent through the key that AWS has for topics, one of our own costs by the month, and they hold no secrets",
    );
    let statements = json!([
        {
            "Sid": "Alarms", "Effect": "Allow", "Principal": { "Service": "cloudwatch.amazonaws.com" }, "Action": "sns:Publish",
            "Resource": reference(TOPIC),
            "Condition": { "StringEquals": { "aws:SourceAccount": sub("${AWS::AccountId}") } },
        },
        {
            "Sid": "OnlyEncryptedConnections", "Effect": "Deny", "Principal": "*", "Action": "sns:Publish",
            "Resource": reference(TOPIC), "Condition": { "Bool": { "aws:SecureTransport": false } },
        },
    ]);
    let policy = json!({
        "Topics": [reference(TOPIC)],
        "PolicyDocument": { "Version": "2012-10-17", "Statement": statements },
    });
    site.template
        .add("AlarmTopicPolicy", "AWS::SNS::TopicPolicy", policy);
    Some(reference(TOPIC))
}
