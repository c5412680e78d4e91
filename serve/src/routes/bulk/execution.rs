//! A bulk run by its ARN: which jobs it has, and what is told of it.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use axum::Json;
use axum::extract::State;
use ffbatch_dispatcher::detail::JobSummary;
use ffbatch_dispatcher::state::State as JobState;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answer::{BadBody, Body, Closed, Failed, Refusal, Wrong};
use crate::app::App;

/// How the ARN of a run begins.
const ARN: &str = "arn:ffbatch:states:";

/// What stands between the compute and the rest.
const KIND: &str = "::execution:bulk:";

/// A run.
#[derive(Debug, Clone, PartialEq)]
pub struct Execution {
    /// The compute of its jobs.
    pub compute: String,
    /// Percent of its jobs that may fail.
    pub tolerated: f64,
    /// The ids of its array jobs.
    pub jobs: Vec<String>,
}

impl fmt::Display for Execution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{ARN}{}{KIND}{}", self.compute, self.name())
    }
}

impl Execution {
    /// The last part of its ARN.
    fn name(&self) -> String {
        format!("{}:{}", self.tolerated, self.jobs.join("+"))
    }
}

impl FromStr for Execution {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rest = text.strip_prefix(ARN).ok_or(())?;
        let (compute, name) = rest.split_once(KIND).ok_or(())?;
        let (tolerated, jobs) = name.split_once(':').ok_or(())?;
        let tolerated: f64 = tolerated.parse().map_err(|_| ())?;
        let jobs: Vec<String> = jobs.split('+').map(str::to_owned).collect();
        if compute.is_empty() || !tolerated.is_finite() || jobs.iter().any(String::is_empty) {
            return Err(());
        }
        Ok(Self {
            compute: compute.to_owned(),
            tolerated,
            jobs,
        })
    }
}

/// Which run.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DescribeBulk {
    /// What `/state/execute` answered
    #[serde(rename = "executionArn")]
    execution_arn: String,
}

/// How far a run is, in the names of AWS Step Functions.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Execution)]
pub struct Described {
    /// RUNNING, SUCCEEDED, FAILED
    status: &'static str,
    /// As it was asked for
    execution_arn: String,
    /// The last part of it
    name: String,
    /// When it was started, in seconds since 1970
    start_date: f64,
    /// When its last job ended
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_date: Option<f64>,
    /// What kind of failure it was
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
    /// What it was
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    /// Its array jobs, for `/jobs?parent=`
    job_ids: Vec<String>,
    /// How many jobs are in which state
    counts: BTreeMap<String, u32>,
}

/// Tell how far a bulk run is
#[utoipa::path(
    post,
    path = "/state/describe",
    request_body = DescribeBulk,
    responses(
        (status = 200, description = "How far it is", body = Described),
        Wrong,
        Closed,
        BadBody,
        Failed,
    )
)]
pub async fn describe(
    State(app): State<App>,
    Body(asked): Body<DescribeBulk>,
) -> Result<Json<Described>, Refusal> {
    let arn = asked.execution_arn;
    let execution: Execution = arn.parse().map_err(|()| {
        Refusal::wrong(format!(
            "`{arn}` names no bulk run of this server (POST /state/execute answers such an executionArn)"
        ))
    })?;
    let compute = app.compute(&execution.compute)?;
    for job in &execution.jobs {
        let found = compute.find(job).await?;
        if !found.iter().any(|one| one.id == *job) {
            return Err(Refusal::missing(format!(
                "there is no bulk run `{arn}` (its job `{job}` is not known any more)"
            )));
        }
    }
    let jobs = compute.states(&execution.jobs).await?;
    Ok(Json(Described::of(&execution, arn, &jobs)))
}

impl Described {
    fn of(execution: &Execution, arn: String, jobs: &[JobSummary]) -> Self {
        let mut counts: BTreeMap<JobState, u32> = BTreeMap::new();
        for job in jobs {
            match &job.array {
                Some(states) => {
                    for (state, count) in states {
                        *counts.entry(*state).or_default() += count;
                    }
                }
                None => *counts.entry(job.state).or_default() += 1,
            }
        }
        let all: u32 = counts.values().sum();
        let failed = counts.get(&JobState::Failed).copied().unwrap_or_default();
        let has_ended = jobs.iter().all(|job| job.state.is_ended());
        let too_many = f64::from(failed) * 100.0 > execution.tolerated * f64::from(all);
        let status = match (has_ended, too_many) {
            (false, _) => "RUNNING",
            (true, false) => "SUCCEEDED",
            (true, true) => "FAILED",
        };
        let is_failure = status == "FAILED";
        let seconds = |moment: Timestamp| moment.as_duration().as_secs_f64();
        let start = jobs.iter().map(|job| job.created).min();
        let stop = jobs.iter().filter_map(|job| job.stopped).max();
        Self {
            status,
            execution_arn: arn,
            name: execution.name(),
            start_date: start.map(seconds).unwrap_or_default(),
            stop_date: stop.filter(|_| has_ended).map(seconds),
            // As AWS Step Functions calls it ("Error names" in its Developer Guide).
            error: is_failure.then_some("States.ExceedToleratedFailureThreshold"),
            cause: is_failure.then(|| {
                format!(
                    "{failed} of {all} jobs failed, {} % are tolerated",
                    execution.tolerated
                )
            }),
            job_ids: execution.jobs.clone(),
            counts: counts
                .into_iter()
                .map(|(state, count)| (state.to_string(), count))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_say_all_there_is_to_know() {
        let execution = Execution {
            compute: "fargate-arm".to_owned(),
            tolerated: 12.5,
            jobs: vec!["a-1".to_owned(), "b-2".to_owned()],
        };
        let arn = execution.to_string();
        assert_eq!(
            arn,
            "arn:ffbatch:states:fargate-arm::execution:bulk:12.5:a-1+b-2"
        );
        assert_eq!(arn.parse(), Ok(execution));
        for wrong in [
            "",
            "arn:aws:states:eu-west-1:1:execution:batch-ffmpeg-state-machine:x",
            "arn:ffbatch:states:local::execution:bulk:10:",
            "arn:ffbatch:states:local::execution:bulk:nan:a",
            "arn:ffbatch:states:::execution:bulk:10:a",
        ] {
            assert_eq!(wrong.parse::<Execution>(), Err(()), "{wrong}");
        }
    }
}
