//! What became of a job, as clients of the API on AWS ask: `POST /batch/describe`.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::Job;
use crate::answer::{Body, Error, Refusal};
use crate::app::App;

/// Which job.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Describe {
    /// Its id, or its ARN
    #[serde(rename = "jobId")]
    #[schema(min_length = 1, max_length = 512)]
    job_id: String,
}

/// Tell what became of a job
#[utoipa::path(
    post,
    path = "/batch/describe",
    request_body = Describe,
    responses(
        (status = 200, description = "What is known of it", body = Job),
        (status = 400, description = "The request is wrong", body = Error),
        (status = 401, description = "The request shows no token", body = Error),
        (status = 403, description = "Whoever asks may not do this", body = Error),
        (status = 404, description = "There is no such job", body = Error),
        (status = 413, description = "The body is too large", body = Error),
        (status = 415, description = "The body is not said to be JSON", body = Error),
        (status = 429, description = "Too many requests: try again", body = Error),
        (status = 502, description = "The compute failed", body = Error),
    )
)]
pub async fn describe(
    State(app): State<App>,
    Body(asked): Body<Describe>,
) -> Result<Json<Job>, Refusal> {
    let (name, compute, id) = app.owner(&asked.job_id).await?;
    let states = compute.states(&[id]).await?;
    let job = states
        .first()
        .ok_or_else(|| Refusal::missing("there is no such job"))?;
    Ok(Json(Job::of(name, job)))
}
