//! `GET /metrics/export`: brings traces of a stack into its bucket, as on AWS.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::Closed;
use crate::app::App;

/// An export that was started.
#[derive(Debug, Serialize, ToSchema)]
pub struct Exporting {
    /// What happens, and what the last export did
    message: String,
    /// The id of the export in this server's log; no job
    #[serde(rename = "jobId")]
    id: String,
}

/// Export the traces of AWS X-Ray into the bucket of the stack
#[utoipa::path(
    get,
    path = "/metrics/export",
    responses(
        (status = 200, description = "It was started", body = Exporting),
        Closed,
    )
)]
pub async fn export(State(app): State<App>) -> Json<Exporting> {
    let (message, id) = app.exports().start();
    Json(Exporting { message, id })
}
