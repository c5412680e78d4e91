//! One job: everything about it, its log, its report; stopping it, and trying it again.

use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::{Extension, Json};
use ffbatch_dispatcher::compute::Compute;
use ffbatch_dispatcher::event::Event;
use ffbatch_dispatcher::location::Location;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::paths;
use super::pieces::pieces;
use super::view::Detail;
use crate::access::Visitor;
use crate::answer::{Closed, Failed, Named, Refusal, Wrong};
use crate::app::App;

/// What a job shows that was stopped by this route.
const STOPPED: &str = "somebody asked the server to stop it";

/// The largest report, in bytes.
const LARGEST: u64 = 64 << 20;

/// Show everything about a job
#[utoipa::path(
    get,
    path = "/jobs/{job}",
    params(("job" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "Everything about it", body = Detail),
        Wrong,
        Closed,
        Failed,
    )
)]
pub async fn detail(
    State(app): State<App>,
    Named(job): Named<String>,
) -> Result<Json<Detail>, Refusal> {
    let (name, compute, id) = app.owner(&job).await?;
    let detail = compute.describe(&id).await?;
    Ok(Json(Detail::of(name, &detail)))
}

/// Show ffmpeg's log of a job's last attempt
#[utoipa::path(
    get,
    path = "/jobs/{job}/log",
    params(("job" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "The lines as far as they are there", body = String, content_type = "text/plain"),
        Wrong,
        Closed,
        Failed,
    )
)]
pub async fn log(
    State(app): State<App>,
    Named(job): Named<String>,
) -> Result<impl IntoResponse, Refusal> {
    let (_, compute, id) = app.owner(&job).await?;
    let mut lines = String::new();
    let mut on = |event| {
        if let Event::Log { line } = event {
            lines.push_str(&line);
            lines.push('\n');
        }
    };
    compute.events(&id, None, &mut on).await?;
    Ok(([("content-type", "text/plain; charset=utf-8")], lines))
}

/// Show the report of a job's last attempt
#[utoipa::path(
    get,
    path = "/jobs/{job}/report",
    params(("job" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "The report as the worker wrote it", body = Value),
        Wrong,
        Closed,
        Failed,
    )
)]
pub async fn report(
    State(app): State<App>,
    Named(job): Named<String>,
) -> Result<Json<Value>, Refusal> {
    let (_, compute, id) = app.owner(&job).await?;
    let report = last_report(&app, compute, &id).await?;
    Ok(Json(report))
}

/// Show the values of every frame of a job's first output that was measured
#[utoipa::path(
    get,
    path = "/jobs/{job}/frames",
    params(("job" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "Lists of frames by metric", body = Value),
        Wrong,
        Closed,
        Failed,
    )
)]
pub async fn frames(
    State(app): State<App>,
    Named(job): Named<String>,
) -> Result<impl IntoResponse, Refusal> {
    let (name, compute, id) = app.owner(&job).await?;
    let report = last_report(&app, compute, &id).await?;
    let outputs = report["quality"]["outputs"].as_array();
    let mut places = outputs
        .into_iter()
        .flatten()
        .filter_map(|one| one["frames_at"].as_str());
    let none = || Refusal::missing(format!("nothing of job `{id}` was measured"));
    let at: Location = places
        .next()
        .ok_or_else(none)?
        .parse()
        .map_err(|_| none())?;
    paths::within_reach(&app, name, &at)?;
    let store = app.stores().await.of(&at)?;
    let entry = store.stat(&at).await?;
    let size = entry.size_bytes.unwrap_or_default();
    // The frames of a film are many; they are passed on as they are.
    let body = Body::from_stream(pieces(store, entry, 0, size));
    Ok(([(header::CONTENT_TYPE, "application/json")], body))
}

/// The report of a job's last attempt.
pub async fn last_report(app: &App, compute: &dyn Compute, id: &str) -> Result<Value, Refusal> {
    let detail = compute.describe(id).await?;
    let at = detail
        .attempts
        .iter()
        .rev()
        .find_map(|attempt| attempt.report_at.clone());
    let none = || Refusal::missing(format!("job `{id}` has no report yet"));
    let at: Location = at.ok_or_else(none)?.parse().map_err(|_| none())?;
    document(app, &at).await
}

/// A document that a job has left.
async fn document(app: &App, at: &Location) -> Result<Value, Refusal> {
    let stores = app.stores().await;
    let store = stores.of(at)?;
    let bytes = store.read(at, LARGEST).await?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Refusal::failed(format!("`{at}` is damaged: {error}")))
}

/// What was asked for happens.
#[derive(Debug, Serialize, ToSchema)]
pub struct Stopping {
    /// The job's id
    #[serde(rename = "jobId")]
    job_id: String,
}

/// Ask a job to stop
#[utoipa::path(
    post,
    path = "/jobs/{job}/cancel",
    params(("job" = String, Path, description = "Its id")),
    responses(
        (status = 202, description = "It will stop; its end is seen by its state", body = Stopping),
        Wrong,
        Closed,
        Failed,
    )
)]
pub async fn cancel(
    State(app): State<App>,
    Named(job): Named<String>,
) -> Result<impl IntoResponse, Refusal> {
    let (_, compute, id) = app.owner(&job).await?;
    compute.cancel(std::slice::from_ref(&id), STOPPED).await?;
    Ok((StatusCode::ACCEPTED, Json(Stopping { job_id: id })))
}

/// Submit a job that has ended once more
#[utoipa::path(
    post,
    path = "/jobs/{job}/retry",
    params(("job" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "The new job", body = Stopping),
        Wrong,
        Closed,
        Failed,
    )
)]
pub async fn retry(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Named(job): Named<String>,
) -> Result<Json<Stopping>, Refusal> {
    let (_, compute, id) = app.owner(&job).await?;
    paths::may_repeat(&app, &compute.describe(&id).await?, visitor)?;
    let job_id = compute.resubmit(&id).await?;
    Ok(Json(Stopping { job_id }))
}
