//! Every route, each in a room of its own.

mod benches;
mod bulk;
mod changes;
mod describe;
mod events;
mod export;
mod health;
mod jobs;
mod metrics;
mod one;
mod output;
mod paths;
mod pieces;
mod submit;
mod typed;
mod view;

pub use view::Job;

use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

/// What the document says of all routes together.
#[derive(OpenApi)]
#[openapi(info(
    title = "ffbatch: ffmpeg commands as managed jobs",
    description = "Routes of the stack's API on AWS (submit, describe), and what that one has not: listing, logs, events, cancelling. Every route stands below /prod as well."
))]
struct Document;

/// All routes with what the document says of them.
pub fn all() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(submit::ffmpeg))
        .routes(routes!(submit::execute))
        .routes(routes!(describe::describe))
        .routes(routes!(bulk::execute))
        .routes(routes!(bulk::describe))
        .routes(routes!(export::export))
        .routes(routes!(jobs::list, typed::typed))
        .routes(routes!(typed::computes))
        .routes(routes!(changes::changes))
        .routes(routes!(one::detail))
        .routes(routes!(one::log))
        .routes(routes!(one::report))
        .routes(routes!(one::frames))
        .routes(routes!(one::cancel))
        .routes(routes!(one::retry))
        .routes(routes!(output::output))
        .routes(routes!(benches::list))
        .routes(routes!(benches::report))
        .routes(routes!(events::events))
        .routes(routes!(health::health))
        .routes(routes!(health::document))
        .routes(routes!(metrics::metrics))
}
