//! The REST API on any machine, over any compute: what the stack's API on AWS answers, and what that one cannot.
//!
//! Every route is a room in [`routes`]; the OpenAPI document is made of the very functions that answer. [`access`] decides who may, before
//! a body is read. The server keeps nothing: jobs are the computes' own, so that it may be stopped and started at any time.
//!
//! This crate starts no process, opens no file, and names no compute.

pub mod access;
pub mod answer;
pub mod app;
pub mod page;
pub mod routes;
pub mod settings;
pub mod watch;

use std::future::Future;
use std::io;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use tokio::net::TcpListener;

use crate::access::Door;
use crate::app::App;

/// The largest body, in bytes: a job with its commands, and never a video.
pub(crate) const LARGEST_BODY: usize = 1 << 20;

/// The stage of the API on AWS: clients have it in their addresses.
const STAGE: &str = "/prod";

/// All routes, at the root and below `/prod`, behind the door.
pub fn router(app: App, door: Door) -> Router {
    let (routes, _) = routes::all().split_for_parts();
    let page = page::routes().with_state(app.clone());
    let routes = routes.with_state(app);
    Router::new()
        .merge(page)
        .merge(routes.clone())
        .nest(STAGE, routes)
        .fallback(answer::no_route)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(middleware::from_fn_with_state(door, access::guard))
}

/// The OpenAPI document.
pub fn openapi() -> serde_json::Value {
    let (_, document) = routes::all().split_for_parts();
    serde_json::to_value(document).expect("a document is plain data")
}

/// Answers until somebody asks to stop; what is being answered then is answered to its end.
pub async fn serve(
    listener: TcpListener,
    app: App,
    door: Door,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let closing = app.clone();
    let stop = async move {
        stop.await;
        closing.close();
    };
    let service = router(app, door).into_make_service_with_connect_info::<std::net::SocketAddr>();
    axum::serve(listener, service)
        .with_graceful_shutdown(stop)
        .await
}
