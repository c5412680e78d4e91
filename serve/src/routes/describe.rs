//! What became of a job, as clients of the API on AWS ask: `POST /batch/describe`.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::Job;
use crate::answer::{BadBody, Body, Closed, Failed, Refusal, Wrong};
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
        Wrong,
        Closed,
        BadBody,
        Failed,
    )
)]
pub async fn describe(
    State(app): State<App>,
    Body(asked): Body<Describe>,
) -> Result<Json<Job>, Refusal> {
    let (name, compute, id) = app.owner(&asked.job_id).await?;
    // Whoever asks again and again waits for an end, which a compute of this machine sees to where it is asked so.
    if !app.is_elsewhere(name) {
        compute.states(std::slice::from_ref(&id)).await?;
    }
    let detail = compute.describe(&id).await?;
    Ok(Json(Job::described(name, &detail)))
}
