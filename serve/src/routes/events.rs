//! `GET /jobs/<id>/events`: what a worker tells, as it tells it, as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event as Sent, KeepAlive, Sse};
use ffbatch_dispatcher::event::Event;
use futures_util::{Stream, stream};
use serde_json::json;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Notify, mpsc};

use crate::answer::{Closed, Failed, Named, Refusal, Wrong};
use crate::app::App;

/// How often something is sent where a job says nothing, so that whoever stands in between keeps the connection.
pub const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// So many events may wait for a slow reader; one that falls further behind is left.
const BEHIND: usize = 200_000;

/// Follow a job: one event for each line of its worker (`stage-started`, `progress`, `log`, ...), and `end` with how it ended
#[utoipa::path(
    get,
    path = "/jobs/{job}/events",
    params(("job" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "Events until the job has ended", body = String, content_type = "text/event-stream"),
        Wrong,
        Closed,
        Failed,
    )
)]
pub async fn events(
    State(app): State<App>,
    Named(job): Named<String>,
) -> Result<Sse<impl Stream<Item = Result<Sent, Infallible>>>, Refusal> {
    let (name, _, id) = app.owner(&job).await?;
    let name = name.to_owned();
    let (send, receive) = mpsc::channel(BEHIND);
    let closing = app.closing();
    tokio::spawn(follow(app, name, id, send));
    let events = stream::unfold((receive, closing), |(mut receive, mut closing)| async {
        let next = tokio::select! {
            _ = closing.wait_for(|closing| *closing) => None,
            next = receive.recv() => next,
        };
        Some((Ok(next?), (receive, closing)))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

/// Follows a job until it has ended, or nobody listens any more.
async fn follow(app: App, name: String, id: String, send: mpsc::Sender<Sent>) {
    let Ok(compute) = app.compute(&name) else {
        return;
    };
    let (told, behind) = (send.clone(), Notify::new());
    let mut on = |event: Event| {
        // Whoever listened may have gone; the task ends a little later.
        if let Err(TrySendError::Full(_)) = told.try_send(sent(&event)) {
            behind.notify_one();
        }
    };
    let end = tokio::select! {
        biased;
        () = send.closed() => return,
        // Without the end, so that whoever reads sees that something is missing.
        () = behind.notified() => return,
        ended = compute.follow(&id, &mut on) => match ended {
            Ok(outcome) => json!({ "exitCode": outcome.exit.code(), "error": outcome.error }),
            Err(error) => json!({ "error": error.to_string() }),
        },
    };
    // As above.
    let _ = send
        .send(Sent::default().event("end").data(end.to_string()))
        .await;
}

/// A worker's line as an event of its name.
fn sent(event: &Event) -> Sent {
    let value = serde_json::to_value(event).unwrap_or_default();
    let name = value["event"].as_str().unwrap_or("event").to_owned();
    Sent::default().event(name).data(value.to_string())
}
