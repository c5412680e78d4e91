//! What is told of a job, in the names of AWS Batch.

use std::collections::BTreeMap;

use ffbatch_dispatcher::detail::{Attempt, JobDetail, JobSummary};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// A job.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    /// SUBMITTED, PENDING, RUNNABLE, STARTING, RUNNING, SUCCEEDED, FAILED
    status: String,
    /// Its id
    #[serde(rename = "jobId")]
    id: String,
    /// Its name
    #[serde(rename = "jobName")]
    name: String,
    /// Where it runs
    compute: String,
    /// Why it is in this state
    #[serde(skip_serializing_if = "Option::is_none")]
    status_reason: Option<String>,
    /// When it was submitted, in milliseconds since 1970
    created_at: i64,
    /// When its last attempt began
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<i64>,
    /// When it ended
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped_at: Option<i64>,
    /// The exit code of the worker
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<i32>,
    /// Of an array: how many of its jobs are in which state
    #[serde(skip_serializing_if = "Option::is_none")]
    array_properties: Option<Array>,
    /// What went wrong in its last attempt; where a job is described
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Where the log of its last attempt lies; where a job is described
    #[serde(skip_serializing_if = "Option::is_none")]
    log_stream_name: Option<String>,
    /// The attempts that have ended, as AWS Batch has them; where a job is described
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts: Option<Vec<Ended>>,
}

/// An attempt that has ended, as AWS Batch has it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ended {
    /// When it began, in milliseconds since 1970
    started_at: i64,
    /// When it ended
    stopped_at: i64,
    /// How its container ended
    container: Container,
}

/// The container of an attempt, or the process in its place.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Container {
    /// The exit code of the worker
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<i32>,
    /// What went wrong
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Where its log lies
    #[serde(skip_serializing_if = "Option::is_none")]
    log_stream_name: Option<String>,
}

/// Of an array.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Array {
    /// How many jobs it has
    size: u32,
    /// How many are in which state
    status_summary: BTreeMap<String, u32>,
}

/// Everything about a job.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Detail {
    /// What a listing has of it
    job: Job,
    /// Its commands, as they were typed
    commands: Vec<String>,
    /// Its attempts
    attempts: Vec<Tried>,
    /// What it waits for, or why it ended as it did
    why: Vec<String>,
    /// The job of which it is another try
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_of: Option<String>,
}

/// An attempt.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tried {
    /// From 1
    number: u32,
    /// When it began, in milliseconds since 1970
    started_at: i64,
    /// When it ended
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped_at: Option<i64>,
    /// The exit code of the worker
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<i32>,
    /// What went wrong
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Job {
    /// What is told of a job.
    pub fn of(compute: &str, job: &JobSummary) -> Self {
        let array = job.array.as_ref().map(|states| Array {
            size: states.values().sum(),
            status_summary: states
                .iter()
                .map(|(state, count)| (state.to_string(), *count))
                .collect(),
        });
        Self {
            status: job.state.to_string(),
            id: job.id.clone(),
            name: job.name.clone(),
            compute: compute.to_owned(),
            status_reason: job.status_reason.clone(),
            created_at: job.created.as_millisecond(),
            started_at: job.started.map(Timestamp::as_millisecond),
            stopped_at: job.stopped.map(Timestamp::as_millisecond),
            exit_code: job.exit.map(|exit| i32::from(exit.code())),
            array_properties: array,
            reason: None,
            log_stream_name: None,
            attempts: None,
        }
    }

    /// The same with what is told where one job is asked for.
    pub fn described(compute: &str, detail: &JobDetail) -> Self {
        let last = detail.attempts.last();
        let ended = detail.attempts.iter().filter_map(|attempt| {
            Some(Ended {
                started_at: attempt.started.as_millisecond(),
                stopped_at: attempt.stopped?.as_millisecond(),
                container: Container {
                    exit_code: attempt.exit_code,
                    reason: attempt.reason.clone(),
                    log_stream_name: attempt.log_at.clone(),
                },
            })
        });
        Self {
            reason: last.and_then(|attempt| attempt.reason.clone()),
            log_stream_name: last.and_then(|attempt| attempt.log_at.clone()),
            attempts: Some(ended.collect()),
            ..Self::of(compute, &detail.summary)
        }
    }
}

impl Detail {
    /// Everything about a job.
    pub fn of(compute: &str, detail: &JobDetail) -> Self {
        Self {
            job: Job::of(compute, &detail.summary),
            commands: detail.commands.iter().map(ToString::to_string).collect(),
            attempts: detail.attempts.iter().map(Tried::of).collect(),
            why: detail.why.clone(),
            retry_of: detail.retry_of.clone(),
        }
    }
}

impl Tried {
    fn of(attempt: &Attempt) -> Self {
        Self {
            number: attempt.number,
            started_at: attempt.started.as_millisecond(),
            stopped_at: attempt.stopped.map(Timestamp::as_millisecond),
            exit_code: attempt.exit_code,
            reason: attempt.reason.clone(),
        }
    }
}
