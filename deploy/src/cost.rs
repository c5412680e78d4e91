//! What a stack costs while nobody uses it, from its template alone.
//!
//! Storage is not counted: it is what its users put there. Prices are those of us-east-1 in US dollars, without taxes; other Regions
//! differ by some percent. Sources: the pricing pages of AWS PrivateLink and of Amazon CloudWatch.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::template::Template;

/// Hours of a month, as AWS counts them in its examples.
const HOURS: f64 = 730.0;

/// What an interface endpoint costs in each zone, in USD an hour (AWS PrivateLink pricing).
const ENDPOINT_HOUR: f64 = 0.01;

/// What an alarm on a metric costs, in USD a month, and how many of an account are free (Amazon CloudWatch pricing).
const ALARM_MONTH: f64 = 0.10;
const FREE_ALARMS: u32 = 10;

/// The same for a dashboard.
const DASHBOARD_MONTH: f64 = 3.00;
const FREE_DASHBOARDS: u32 = 3;

/// What a job of 0.25 vCPU and 0.5 GB costs that runs for two minutes every day, in USD a month: an hour of Fargate and of a public
/// address (AWS Fargate pricing, Amazon VPC pricing). Its schedule is free.
const DAILY_JOB_MONTH: f64 = 0.25 * 0.04048 + 0.5 * 0.004_445 + 0.005;

/// What costs nothing while nothing is asked of it.
const BY_USE: [&str; 35] = [
    "AWS::ApiGateway::Deployment",
    "AWS::ApiGateway::GatewayResponse",
    "AWS::ApiGateway::RestApi",
    "AWS::ApiGateway::Stage",
    "AWS::Athena::NamedQuery",
    "AWS::Athena::WorkGroup",
    "AWS::Batch::ComputeEnvironment",
    "AWS::Batch::JobDefinition",
    "AWS::Batch::JobQueue",
    "AWS::EC2::InternetGateway",
    "AWS::EC2::LaunchTemplate",
    "AWS::EC2::Route",
    "AWS::EC2::RouteTable",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::Subnet",
    "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::EC2::VPC",
    "AWS::EC2::VPCGatewayAttachment",
    "AWS::ECR::Repository",
    "AWS::Events::Rule",
    "AWS::Glue::Database",
    "AWS::Glue::Table",
    "AWS::IAM::InstanceProfile",
    "AWS::IAM::Role",
    "AWS::Logs::LogGroup",
    "AWS::Logs::ResourcePolicy",
    "AWS::S3::Bucket",
    "AWS::S3::BucketPolicy",
    "AWS::S3Files::FileSystem",
    "AWS::S3Files::MountTarget",
    "AWS::SNS::Subscription",
    "AWS::SNS::Topic",
    "AWS::SNS::TopicPolicy",
    "AWS::SSM::Parameter",
    "AWS::StepFunctions::StateMachine",
];

/// What some resources of one kind cost.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// What they are.
    pub what: String,
    /// How many there are.
    pub count: u32,
    /// What they cost, in USD a month; absent where it is not known.
    pub month_usd: Option<f64>,
    /// How that comes about.
    pub how: String,
}

/// What each kind of resource of a template costs in a month in which nothing runs.
pub fn idle(template: &Template) -> Vec<Line> {
    let mut kinds: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for resource in template.resources().values() {
        let kind = resource["Type"].as_str().unwrap_or_default();
        kinds.entry(kind).or_default().push(&resource["Properties"]);
    }
    let mut lines = Vec::new();
    let mut by_use = 0;
    for (kind, all) in kinds {
        if BY_USE.contains(&kind) {
            by_use += number(all.len());
        } else {
            lines.extend(priced(kind, &all));
        }
    }
    lines.push(Line {
        what: "everything else".to_owned(),
        count: by_use,
        month_usd: Some(0.0),
        how: "is paid for by use".to_owned(),
    });
    lines
}

/// The sum, in USD a month, as far as it is known.
pub fn total(lines: &[Line]) -> f64 {
    lines.iter().filter_map(|line| line.month_usd).sum()
}

fn priced(kind: &str, all: &[&Value]) -> Vec<Line> {
    let what = kind.to_owned();
    let count = number(all.len());
    match kind {
        "AWS::EC2::VPCEndpoint" => endpoints(all),
        "AWS::CloudWatch::Alarm" => vec![beyond(what, count, FREE_ALARMS, ALARM_MONTH)],
        "AWS::CloudWatch::Dashboard" => {
            vec![beyond(what, count, FREE_DASHBOARDS, DASHBOARD_MONTH)]
        }
        "AWS::Scheduler::Schedule" => vec![Line {
            what,
            count,
            month_usd: Some(f64::from(count) * DAILY_JOB_MONTH),
            how: "starts a small job every day, of about two minutes".to_owned(),
        }],
        _ => vec![Line {
            what,
            count,
            month_usd: None,
            how: "is not known here".to_owned(),
        }],
    }
}

/// A count; no template has so many resources that it would not fit.
fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// What costs nothing up to a number of them.
fn beyond(what: String, count: u32, free: u32, each: f64) -> Line {
    Line {
        what,
        count,
        month_usd: Some(f64::from(count.saturating_sub(free)) * each),
        how: format!("the first {free} of an account are free, then each {each:.2}"),
    }
}

fn endpoints(all: &[&Value]) -> Vec<Line> {
    let zones = |one: &&Value| one["SubnetIds"].as_array().map_or(0, Vec::len);
    let (gateways, interfaces): (Vec<&Value>, Vec<&Value>) = all
        .iter()
        .copied()
        .partition(|one| one["VpcEndpointType"] == "Gateway");
    let mut lines = Vec::new();
    if !gateways.is_empty() {
        lines.push(Line {
            what: "gateway endpoints".to_owned(),
            count: number(gateways.len()),
            month_usd: Some(0.0),
            how: "are free".to_owned(),
        });
    }
    if !interfaces.is_empty() {
        let in_zones = number(interfaces.iter().map(zones).sum());
        lines.push(Line {
            what: "interface endpoints".to_owned(),
            count: number(interfaces.len()),
            month_usd: Some(f64::from(in_zones) * ENDPOINT_HOUR * HOURS),
            how: format!("{in_zones} times {HOURS} h in a zone at {ENDPOINT_HOUR:.2}"),
        });
    }
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_stack_that_is_idle() {
        let mut template = Template::new("", "eu-west-1");
        template.add("A", "AWS::S3::Bucket", json!({}));
        let endpoint = json!({ "VpcEndpointType": "Interface", "SubnetIds": ["a", "b", "c"] });
        template.add("B", "AWS::EC2::VPCEndpoint", endpoint);
        let gateway = json!({ "VpcEndpointType": "Gateway" });
        template.add("C", "AWS::EC2::VPCEndpoint", gateway);
        for number in 0..12 {
            template.add(&format!("D{number}"), "AWS::CloudWatch::Alarm", json!({}));
        }
        let lines = idle(&template);
        let cents = (total(&lines) * 100.0).round();
        assert!((cents - (2190.0 + 20.0)).abs() < 0.1, "{lines:?}");
        template.add("E", "AWS::New::Thing", json!({}));
        let lines = idle(&template);
        let new = lines.iter().find(|line| line.what == "AWS::New::Thing");
        assert_eq!(new.expect("a line").month_usd, None);
    }
}
