//! The log group of jobs, and how log groups are made.

use serde_json::{Value, json};

use super::Site;

/// The logical id.
pub const GROUP: &str = "JobLogs";

pub fn add(site: &mut Site<'_>) {
    let name = format!("/{}/jobs", site.plan.prefix);
    group(site, GROUP, &name);
}

/// Adds a log group, which keeps its logs as long as the options say.
pub fn group(site: &mut Site<'_>, id: &str, name: &str) -> Value {
    let mut properties = json!({ "LogGroupName": name, "Tags": site.tags() });
    let days = site.plan.options.log_retention_days;
    if days > 0 {
        properties["RetentionInDays"] = json!(days);
    }
    site.template.add(id, "AWS::Logs::LogGroup", properties)
}
