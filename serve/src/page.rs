//! The page: jobs as they run, for people. Its files are part of the program, and it asks the same routes as everybody else.
//!
//! What is served here holds nothing of anybody's jobs, so that it needs no token; the page asks for one where the routes do.

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

use crate::app::App;

const HTML: &str = include_str!("page/index.html");
const STYLE: &str = include_str!("page/style.css");
const SCRIPT: &str = include_str!("page/app.js");

/// What the page may do in a browser: ask this server, and nobody else ("Content Security Policy Level 3").
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; media-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The paths of the page.
pub const PATHS: [&str; 3] = ["/", "/assets/style.css", "/assets/app.js"];

/// The page's files.
pub fn routes() -> Router<App> {
    let [page, style, script] = PATHS;
    Router::new()
        .route(
            page,
            get(|| async { file("text/html; charset=utf-8", HTML) }),
        )
        .route(
            style,
            get(|| async { file("text/css; charset=utf-8", STYLE) }),
        )
        .route(
            script,
            get(|| async { file("text/javascript; charset=utf-8", SCRIPT) }),
        )
}

fn file(kind: &'static str, text: &'static str) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        // A newer program has a newer page.
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, text)
}
