//! A job as it is typed: `POST /jobs`; and on which computes: `GET /computes`.

use axum::extract::State;
use axum::{Extension, Json};
use ffbatch_dispatcher::command::Command;
use ffbatch_dispatcher::compute::Request;
use ffbatch_dispatcher::job::Job;
use ffbatch_dispatcher::registry::Metrics;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::paths;
use super::submit::{Submitted, take};
use crate::access::Visitor;
use crate::answer::{BadBody, Body, Closed, Failed, Refusal, Wrong};
use crate::app::App;

/// The word between two commands of one job.
const THEN: &str = "--then";

/// A job as it is typed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Typed {
    /// The command, as in a shell; several of one job with `--then` between them
    #[schema(min_length = 1)]
    command: String,
    /// A compute that is served here; by default the first
    compute: Option<String>,
    /// A name; by default none
    name: Option<String>,
    /// Metrics to measure
    #[serde(default)]
    quality: Vec<String>,
}

/// Run an ffmpeg command as it is typed
#[utoipa::path(
    post,
    path = "/jobs",
    request_body = Typed,
    responses(
        (status = 200, description = "The job is taken", body = Submitted),
        Wrong,
        Closed,
        BadBody,
        Failed,
    )
)]
pub async fn typed(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Body(typed): Body<Typed>,
) -> Result<Json<Submitted>, Refusal> {
    let usual = app.names().first().map(|name| (*name).to_owned());
    let name = typed.compute.or(usual).unwrap_or_default();
    app.compute(&name)?;
    let wrong = |error: &dyn std::fmt::Display| Refusal::wrong(error.to_string());
    let words = Command::from_line(&typed.command).map_err(|error| wrong(&error))?;
    let commands = words.words().split(|word| word == THEN);
    let mut job = Job::of(
        commands
            .map(|words| Command::new(words.iter().cloned()))
            .collect(),
    );
    job.name = typed.name.unwrap_or_default();
    if !typed.quality.is_empty() {
        let known = Metrics::linked().and_then(|metrics| metrics.asked(Some(&typed.quality)));
        known.map_err(|error| wrong(&error))?;
        job.quality = Some(typed.quality);
    }
    paths::bound(&app, &name, &mut job, visitor)?;
    let request = Request::of(uuid::Uuid::new_v4().to_string(), job);
    take(&app, &name, request).await
}

/// A compute.
#[derive(Debug, Serialize, ToSchema)]
pub struct Served {
    /// What stands in paths
    name: String,
    /// What it is
    summary: String,
}

/// List the computes that are served
#[utoipa::path(
    get,
    path = "/computes",
    responses(
        (status = 200, description = "The computes", body = Vec<Served>),
        Closed,
    )
)]
pub async fn computes(State(app): State<App>) -> Json<Vec<Served>> {
    let served = app.summaries().map(|(name, summary)| Served {
        name: name.to_owned(),
        summary: summary.to_owned(),
    });
    Json(served.collect())
}
