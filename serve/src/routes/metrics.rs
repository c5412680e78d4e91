//! `GET /metrics`: how many jobs are in which state, for Prometheus ("Exposition formats" in its documentation).

use std::fmt::Write as _;

use axum::extract::State;
use axum::response::IntoResponse;
use ffbatch_dispatcher::detail::Filter;
use ffbatch_dispatcher::state::State as JobState;

use crate::answer::Closed;
use crate::app::App;

/// The media type of the text format.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Show how many jobs there are, for Prometheus
#[utoipa::path(
    get,
    path = "/metrics",
    responses(
        (status = 200, description = "Metrics in the text format of Prometheus", body = String, content_type = "text/plain"),
        Closed,
    )
)]
pub async fn metrics(State(app): State<App>) -> impl IntoResponse {
    let mut text = String::from(
        "# HELP ffbatch_jobs Jobs that a compute knows, by their state.\n# TYPE ffbatch_jobs gauge\n",
    );
    let mut up = String::from(
        "# HELP ffbatch_compute_up Whether a compute could be asked.\n# TYPE ffbatch_compute_up gauge\n",
    );
    let filter = Filter {
        limit: Some(1),
        ..Filter::default()
    };
    // Writing to a string cannot fail.
    for (name, compute) in app.computes() {
        let listing = compute.list(&filter).await;
        let is_up = u8::from(listing.is_ok());
        let _ = writeln!(up, "ffbatch_compute_up{{compute=\"{name}\"}} {is_up}");
        let counts = match listing {
            Ok(listing) => listing.counts,
            Err(error) => {
                tracing::warn!(compute = name, %error, "its jobs cannot be counted");
                continue;
            }
        };
        for state in JobState::ALL {
            let count = counts.get(&state).copied().unwrap_or_default();
            let _ = writeln!(
                text,
                "ffbatch_jobs{{compute=\"{name}\",state=\"{state}\"}} {count}"
            );
        }
    }
    text.push_str(&up);
    let version = env!("CARGO_PKG_VERSION");
    let _ = writeln!(
        text,
        "# HELP ffbatch_build_info The version of this server.\n# TYPE ffbatch_build_info gauge\nffbatch_build_info{{version=\"{version}\"}} 1"
    );
    ([("content-type", TEXT)], text)
}
