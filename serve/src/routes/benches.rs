//! Reports of benchmarks that the configuration names: `GET /benches`, `GET /benches/<name>`.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use ffbatch_dispatcher::location::Location;
use ffbatch_storage::{Kind, StoreError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answer::{Closed, Failed, Named, Refusal, Wrong};
use crate::app::App;

/// The largest report, in bytes: it has the values of every frame.
const LARGEST: u64 = 64 << 20;

/// What a report may do in a browser: show itself. It has no script.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox";

/// A benchmark.
#[derive(Debug, Serialize, ToSchema)]
pub struct Bench {
    /// What the configuration calls it
    name: String,
    /// What it says, in a sentence or a few; or why there is nothing to read
    answer: String,
    /// When its last run ended
    #[serde(skip_serializing_if = "Option::is_none")]
    measured: Option<String>,
    /// Whether there is a report to look at
    has_report: bool,
}

/// What is read of `report.json`.
#[derive(Debug, Deserialize)]
struct Summary {
    answer: String,
    measured: Option<String>,
}

/// List the benchmarks whose reports can be looked at
#[utoipa::path(
    get,
    path = "/benches",
    responses(
        (status = 200, description = "The benchmarks", body = Vec<Bench>),
        Closed,
    )
)]
pub async fn list(State(app): State<App>) -> Json<Vec<Bench>> {
    let mut benches = Vec::new();
    for (name, directory) in app.benches() {
        let summary = summary(&app, directory).await;
        benches.push(match summary {
            Ok(summary) => Bench {
                name: name.clone(),
                answer: summary.answer,
                measured: summary.measured,
                has_report: true,
            },
            Err(refusal) => Bench {
                name: name.clone(),
                answer: refusal.message,
                measured: None,
                has_report: false,
            },
        });
    }
    Json(benches)
}

/// Show the report of a benchmark
#[utoipa::path(
    get,
    path = "/benches/{name}",
    params(("name" = String, Path, description = "What the configuration calls it")),
    responses(
        (status = 200, description = "The report, a page", body = String, content_type = "text/html"),
        Wrong,
        Closed,
        Failed,
    )
)]
pub async fn report(
    State(app): State<App>,
    Named(name): Named<String>,
) -> Result<impl IntoResponse, Refusal> {
    let directory = app.benches().get(&name).ok_or_else(|| {
        Refusal::missing(format!(
            "there is no benchmark `{name}` (`benches` in the section `serve` of the configuration names them)"
        ))
    })?;
    let page = read(&app, directory, "report.html").await?;
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, page))
}

async fn summary(app: &App, directory: &str) -> Result<Summary, Refusal> {
    let text = read(app, directory, "report.json").await?;
    serde_json::from_slice(&text).map_err(|error| {
        Refusal::failed(format!(
            "the report.json in `{directory}` is damaged: {error}"
        ))
    })
}

/// A file of a benchmark.
async fn read(app: &App, directory: &str, file: &str) -> Result<Vec<u8>, Refusal> {
    let at = format!("{}/{file}", directory.trim_end_matches('/'));
    let wrong = |error: StoreError| match error.kind {
        Kind::NotFound | Kind::NoBucket => Refusal::missing(format!(
            "there is no {file} in `{directory}` yet (`ffbatch bench --results {directory}` writes it)"
        )),
        _ => Refusal::failed(error.to_string()),
    };
    let at: Location = at
        .parse()
        .map_err(|error| Refusal::failed(format!("`{directory}` is no place: {error}")))?;
    let store = app.stores().await.of(&at).map_err(wrong)?;
    store.read(&at, LARGEST).await.map_err(wrong)
}
