//! The page: jobs as they run, for people. Its files are part of the program, and it asks the same routes as everybody else.
//!
//! What is served here holds nothing of anybody's jobs, so that it needs no token; the page asks for one where the routes do.

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

use crate::app::App;

/// What the page may do in a browser: ask this server, and nobody else ("Content Security Policy Level 3").
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; media-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HTML: &str = "text/html; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Where each file stands, what it is, and its text.
const FILES: [(&str, &str, &str); 9] = [
    ("/", HTML, include_str!("page/index.html")),
    ("/assets/style.css", STYLE, include_str!("page/style.css")),
    ("/assets/app.js", SCRIPT, include_str!("page/app.js")),
    ("/assets/api.js", SCRIPT, include_str!("page/api.js")),
    (
        "/assets/benches.js",
        SCRIPT,
        include_str!("page/benches.js"),
    ),
    (
        "/assets/compare.js",
        SCRIPT,
        include_str!("page/compare.js"),
    ),
    ("/assets/curves.js", SCRIPT, include_str!("page/curves.js")),
    ("/assets/dom.js", SCRIPT, include_str!("page/dom.js")),
    ("/assets/job.js", SCRIPT, include_str!("page/job.js")),
];

/// Whether a path is one of the page's files.
pub fn has(path: &str) -> bool {
    FILES.iter().any(|(own, _, _)| *own == path)
}

/// The page's files.
pub fn routes() -> Router<App> {
    FILES
        .into_iter()
        .fold(Router::new(), |router, (path, kind, text)| {
            router.route(path, get(move || async move { file(kind, text) }))
        })
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
