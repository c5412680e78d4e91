//! The log group of jobs.

use serde_json::json;

use super::Site;

/// The logical id.
pub const GROUP: &str = "JobLogs";

pub fn add(site: &mut Site<'_>) {
    let mut properties = json!({
        "LogGroupName": format!("/{}/jobs", site.plan.prefix),
        "Tags": site.tags(),
    });
    let days = site.plan.options.log_retention_days;
    if days > 0 {
        properties["RetentionInDays"] = json!(days);
    }
    site.template.add(GROUP, "AWS::Logs::LogGroup", properties);
}
