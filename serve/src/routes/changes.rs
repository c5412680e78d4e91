//! `GET /events`: what changes among all jobs, as server-sent events.

use std::convert::Infallible;

use axum::extract::State;
use axum::response::sse::{Event as Sent, KeepAlive, Sse};
use futures_util::{Stream, stream};
use tokio::sync::broadcast::error::RecvError;

use super::events::KEEP_ALIVE;
use crate::answer::Closed;
use crate::app::App;

/// Follow all jobs: `job` for each that changed, `progress` for those that run, `reload` where something was missed
#[utoipa::path(
    get,
    path = "/events",
    responses(
        (status = 200, description = "Events without an end", body = String, content_type = "text/event-stream"),
        Closed,
    )
)]
pub async fn changes(State(app): State<App>) -> Sse<impl Stream<Item = Result<Sent, Infallible>>> {
    let receiver = app.watch().subscribe(&app).await;
    let closing = app.closing();
    let changes = stream::unfold((receiver, closing), |(mut receiver, mut closing)| async {
        let sent = tokio::select! {
            _ = closing.wait_for(|closing| *closing) => return None,
            change = receiver.recv() => match change {
                Ok(change) => Sent::default().event(change.kind).data(change.value.to_string()),
                Err(RecvError::Lagged(_)) => Sent::default().event("reload").data("{}"),
                Err(RecvError::Closed) => return None,
            },
        };
        Some((Ok(sent), (receiver, closing)))
    });
    Sse::new(changes).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}
