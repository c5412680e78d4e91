//! The dashboard: how jobs end, how many vCPUs run, what the API and the state machine do, and what the bucket holds.

use std::collections::BTreeSet;

use ffbatch_dispatcher::infra::Launch;
use serde_json::{Value, json};

use super::events::{BLOCKED, FAILED, SUCCEEDED};
use crate::stack::bucket::BUCKET;
use crate::stack::{Site, bulk};
use crate::template::sub;

/// The width of the grid (CloudWatch API Reference, "Dashboard Body Structure and Syntax").
const GRID: usize = 24;

/// The size of a widget, in units of that grid.
const WIDTH: usize = 8;
const HEIGHT: usize = 6;

/// Seconds that a point of a curve stands for; of what is measured once a day, a day.
const PERIOD: u32 = 300;
const DAY: u32 = 86_400;

pub fn add(site: &mut Site<'_>) {
    let widgets = [
        ("Jobs that ended", "Sum", PERIOD, ends(site)),
        ("Queues that are blocked", "Sum", PERIOD, blocked(site)),
        ("vCPUs of the whole account", "Maximum", PERIOD, vcpus(site)),
        ("REST API", "Sum", PERIOD, api(site)),
        ("State machine", "Sum", PERIOD, runs(site)),
        ("Bucket, bytes", "Average", DAY, bucket()),
    ];
    let per_row = GRID / WIDTH;
    let placed = widgets
        .into_iter()
        .enumerate()
        .map(|(number, (title, statistic, period, metrics))| {
            json!({
                "type": "metric",
                "x": number % per_row * WIDTH, "y": number / per_row * HEIGHT, "width": WIDTH, "height": HEIGHT,
                "properties": {
                    "title": title, "metrics": metrics, "stat": statistic, "period": period, "region": site.plan.region,
                    "view": "timeSeries", "stacked": false, "yAxis": { "left": { "min": 0 } },
                },
            })
        });
    let body = json!({ "widgets": placed.collect::<Vec<Value>>() });
    let properties = json!({
        "DashboardName": site.plan.prefix,
        "DashboardBody": sub(&body.to_string()),
    });
    site.template
        .add("Dashboard", "AWS::CloudWatch::Dashboard", properties);
}

fn ends(site: &Site<'_>) -> Vec<Value> {
    [(SUCCEEDED, "#2ca02c"), (FAILED, "#d62728")]
        .map(|(kind, color)| {
            json!(["AWS/Events", "TriggeredRules", "RuleName", site.named(kind.name), { "label": kind.title, "color": color }])
        })
        .to_vec()
}

fn blocked(site: &Site<'_>) -> Vec<Value> {
    vec![json!([
        "AWS/Events",
        "TriggeredRules",
        "RuleName",
        site.named(BLOCKED.name),
        { "label": BLOCKED.title },
    ])]
}

/// What counts against the quotas of the computes.
fn vcpus(site: &Site<'_>) -> Vec<Value> {
    let mut classes = BTreeSet::new();
    for one in &site.plan.computes {
        let launches = if one.family.launch.is_fargate() {
            [Launch::FargateSpot, Launch::Fargate]
        } else {
            [Launch::Spot, Launch::OnDemand]
        };
        classes.extend(launches.map(|launch| one.family.quota(launch).usage));
    }
    let each = classes.iter().map(|(service, class)| {
        json!([
            "AWS/Usage", "ResourceCount", "Service", service, "Type", "Resource", "Resource", "vCPU", "Class", class,
            { "label": format!("{service} {class}") },
        ])
    });
    each.collect()
}

fn api(site: &Site<'_>) -> Vec<Value> {
    let name = format!("api-{}", site.plan.prefix);
    [
        ("Count", "requests"),
        ("4XXError", "refused"),
        ("5XXError", "faults"),
    ]
    .map(|(metric, label)| json!(["AWS/ApiGateway", metric, "ApiName", name, { "label": label }]))
    .to_vec()
}

fn runs(site: &Site<'_>) -> Vec<Value> {
    let arn = bulk::arn(&site.plan.prefix);
    [
        ("ExecutionsStarted", "started"),
        ("ExecutionsSucceeded", "succeeded"),
        ("ExecutionsFailed", "failed"),
    ]
    .map(
        |(metric, label)| json!(["AWS/States", metric, "StateMachineArn", arn, { "label": label }]),
    )
    .to_vec()
}

fn bucket() -> Vec<Value> {
    let name = format!("${{{BUCKET}}}");
    vec![json!([
        "AWS/S3",
        "BucketSizeBytes",
        "BucketName",
        name,
        "StorageType",
        "StandardStorage",
        { "label": "standard storage" },
    ])]
}
