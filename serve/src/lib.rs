//! The REST API on any machine, over any compute: what the stack's API on AWS answers, and what that one cannot.
//!
//! Every route is a room in [`routes`]; the OpenAPI document is made of the very functions that answer. [`access`] decides who may, before
//! a body is read. The server keeps nothing: jobs are the computes' own, so that it may be stopped and started at any time.
//!
//! This crate starts no process, opens no file but the certificate's, and names no compute.

pub mod access;
pub mod answer;
pub mod app;
pub mod export;
mod keep;
pub mod pace;
pub mod page;
pub mod routes;
pub mod settings;
pub mod watch;

use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::post;
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;

use crate::access::{Door, session};
use crate::app::App;
use crate::settings::Tls;

/// The largest body, in bytes: a job with its commands, and never a video.
pub(crate) const LARGEST_BODY: usize = 1 << 20;

/// The stage of the API on AWS: clients have it in their addresses.
const STAGE: &str = "/prod";

/// All routes, at the root and below `/prod`, behind the door.
pub fn router(app: App, door: Door) -> Router {
    let (routes, _) = routes::all().split_for_parts();
    let page = page::routes().with_state(app.clone());
    let routes = routes.with_state(app);
    let session = Router::new()
        .route(session::PATH, post(session::open))
        .with_state(door.clone());
    Router::new()
        .merge(page)
        .merge(session)
        .merge(routes.clone())
        .nest(STAGE, routes)
        .fallback(answer::no_route)
        .method_not_allowed_fallback(answer::no_method)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(middleware::from_fn_with_state(door, access::guard))
}

/// The OpenAPI document.
pub fn openapi() -> serde_json::Value {
    let (_, document) = routes::all().split_for_parts();
    serde_json::to_value(document).expect("a document is plain data")
}

/// How long a client may take to send the head of a request, and its body; the first request on a connection as a whole.
pub(crate) const PATIENCE: Duration = Duration::from_secs(15);

/// How long requests that are being answered may go on after somebody has asked to stop.
const GRACE: Duration = Duration::from_secs(10);

/// A server that cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The certificate or its key cannot be used.
    #[error(
        "the certificate `{certificate}` with the key `{key}` cannot be used: {source} (both are PEM files)"
    )]
    Certificate {
        /// The file with the chain of certificates.
        certificate: PathBuf,
        /// The file with the key.
        key: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Nobody can be answered any more.
    #[error("the server has failed: {0}")]
    Failed(io::Error),
}

/// Answers until somebody asks to stop; what is being answered then is answered to its end, for 10 s at most.
pub async fn serve(
    listener: TcpListener,
    app: App,
    door: Door,
    tls: Option<&Tls>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    tokio::spawn(keep::keep(app.clone()));
    let handle = Handle::new();
    let (closing, ending) = (app.clone(), handle.clone());
    tokio::spawn(async move {
        stop.await;
        closing.close();
        ending.graceful_shutdown(Some(GRACE));
    });
    let service = router(app, door).into_make_service_with_connect_info::<SocketAddr>();
    match tls {
        None => {
            let mut server = axum_server::from_tcp(listener)
                .map_err(ServeError::Failed)?
                .first_request_timeout(PATIENCE)
                .handle(handle);
            server.http_builder().http1().header_read_timeout(PATIENCE);
            server.serve(service).await
        }
        Some(Tls { certificate, key }) => {
            // An error means that a provider is installed already, which serves as well.
            let _ = rustls::crypto::ring::default_provider().install_default();
            let config = RustlsConfig::from_pem_file(certificate, key).await;
            let config = config.map_err(|source| ServeError::Certificate {
                certificate: certificate.clone(),
                key: key.clone(),
                source,
            })?;
            let mut server = axum_server::from_tcp_rustls(listener, config)
                .map_err(ServeError::Failed)?
                .first_request_timeout(PATIENCE)
                .handle(handle);
            server.http_builder().http1().header_read_timeout(PATIENCE);
            server.serve(service).await
        }
    }
    .map_err(ServeError::Failed)
}
