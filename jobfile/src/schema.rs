//! The JSON Schema of a job file, so that editors complete and check it. Descriptions are the documentation of the keys.

use schemars::JsonSchema;
use serde_json::Value;

use crate::entry::Written;
use crate::settings::Settings;

/// Jobs for ffbatch.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename = "JobFile")]
#[expect(
    dead_code,
    reason = "only its shape is used: reading goes key by key, to keep positions"
)]
struct Shape {
    /// What every job has that does not say otherwise.
    #[schemars(default)]
    defaults: Settings,
    /// The jobs.
    #[schemars(length(min = 1))]
    jobs: Vec<Written>,
}

/// What to do after one kind of failure; a rule fits when all its patterns do. A pattern may end in `*`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Rule")]
#[expect(dead_code, reason = "the shape of `ffbatch_dispatcher::retry::Rule`")]
pub struct RuleShape {
    /// A pattern of the worker's exit code, in decimal.
    on_exit_code: Option<String>,
    /// A pattern of the container's reason, such as `OutOfMemoryError*`.
    on_reason: Option<String>,
    /// A pattern of the job's status reason, such as `Host EC2*`.
    on_status_reason: Option<String>,
    /// What follows.
    action: ActionShape,
}

/// What follows a failure.
#[derive(JsonSchema)]
#[schemars(rename = "Action", rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(dead_code, reason = "the shape of `ffbatch_dispatcher::retry::Action`")]
enum ActionShape {
    /// Another attempt, while there are any.
    Retry,
    /// The end.
    Exit,
}

/// When quality is measured.
#[derive(JsonSchema)]
#[schemars(rename = "When", rename_all = "kebab-case")]
#[expect(dead_code, reason = "the shape of `ffbatch_dispatcher::job::When`")]
pub enum WhenShape {
    /// After the outputs are published.
    After,
    /// While they are encoded, where that can be.
    Inside,
}

/// What of the other job has to succeed.
#[derive(JsonSchema)]
#[schemars(rename = "DependencyKind", rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(
    dead_code,
    reason = "the shape of `ffbatch_dispatcher::terms::DependencyKind`"
)]
pub enum KindShape {
    /// All of it.
    Whole,
    /// Of two array jobs of one size: child n waits for child n.
    NToN,
    /// Within an array job: child n waits for child n-1.
    Sequential,
}

/// The JSON Schema (draft 2020-12) of a job file.
pub fn schema() -> Value {
    schemars::schema_for!(Shape).to_value()
}

#[cfg(test)]
mod tests;
