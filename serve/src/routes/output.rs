//! `GET /jobs/<id>/outputs/<number>`: a result, or the part of it that a player asks for.
//!
//! It is read piece by piece from wherever the job left it, so that a film of any size passes through. What a browser might run as a
//! page of this server is handed out as a file to keep.

use std::ops::RangeInclusive;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ffbatch_dispatcher::location::Location;
use ffbatch_storage::{Entry, content_type};
use http_range_header::parse_range_header;

use super::one::last_report;
use super::paths;
use super::pieces::pieces;
use crate::access::Visitor;
use crate::answer::{Closed, Error, Failed, Named, Refusal, Wrong};
use crate::app::App;

/// What a result may do in a browser: nothing ("Content Security Policy Level 3").
const POLICY: &str = "default-src 'none'; sandbox";

/// Fetch a result of a job, or a part of it
#[utoipa::path(
    get,
    path = "/jobs/{job}/outputs/{number}",
    params(
        ("job" = String, Path, description = "Its id"),
        ("number" = String, Path, description = "Which of the outputs of its report, from 0"),
        ("range" = Option<String>, Header, description = "Which part of it, such as bytes=0-1023"),
    ),
    responses(
        (status = 200, description = "The whole of it", body = Vec<u8>, content_type = "*/*"),
        (status = 206, description = "The part that was asked for", body = Vec<u8>, content_type = "*/*"),
        (status = 416, description = "It has no such part", body = Error),
        Wrong,
        Closed,
        Failed,
    )
)]
pub async fn output(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Named((job, number)): Named<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let (name, compute, id) = app.owner(&job).await?;
    let report = last_report(&app, compute, &id).await?;
    let at = place(&report, &id, &number)?;
    paths::within_reach(&app, name, &at)?;
    if let (Visitor::Elsewhere, Location::Path(path)) = (visitor, &at) {
        paths::may_name(&app, path)?;
    }
    let store = app.stores().await.of(&at)?;
    let entry = store.stat(&at).await?;
    let size = entry
        .size_bytes
        .ok_or_else(|| Refusal::failed(format!("nobody tells how large `{at}` is")))?;
    let (status, first, end) = match part(&headers, &entry, size) {
        Asked::Whole => (StatusCode::OK, 0, size),
        Asked::Part(part) => (StatusCode::PARTIAL_CONTENT, *part.start(), *part.end() + 1),
        Asked::Nothing => return Ok(beyond(&at, size)),
    };
    let pieces = Body::from_stream(pieces(store, entry.clone(), first, end));
    let mut response = (status, pieces).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(end - first));
    if status == StatusCode::PARTIAL_CONTENT {
        let range = format!("bytes {first}-{}/{size}", end - 1);
        // Digits and dashes are always a value.
        headers.extend(HeaderValue::try_from(range).map(|range| (header::CONTENT_RANGE, range)));
    }
    headers.extend(tag(&entry).map(|tag| (header::ETAG, tag)));
    headers.extend(manner(&at));
    Ok(response)
}

/// How a browser is to take a result.
fn manner(at: &Location) -> Vec<(HeaderName, HeaderValue)> {
    let kind = content_type(at);
    let mut headers = vec![
        (header::CONTENT_TYPE, kind),
        (header::ACCEPT_RANGES, "bytes"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // A job that runs again may write it anew.
        (header::CACHE_CONTROL, "no-cache"),
    ];
    let is_media = ["video/", "audio/", "image/"]
        .iter()
        .any(|media| kind.starts_with(media));
    if !is_media {
        headers.push((header::CONTENT_DISPOSITION, "attachment"));
    }
    headers
        .into_iter()
        .map(|(name, value)| (name, HeaderValue::from_static(value)))
        .collect()
}

/// Where an output lies.
fn place(report: &serde_json::Value, id: &str, number: &str) -> Result<Location, Refusal> {
    let outputs = report["outputs"].as_array();
    let found = number
        .parse::<usize>()
        .ok()
        .and_then(|number| outputs?.get(number)?["location"].as_str())
        .and_then(|location| location.parse().ok());
    found.ok_or_else(|| {
        let all = outputs.map_or(0, Vec::len);
        Refusal::missing(format!(
            "job `{id}` has no output `{number}` (outputs: {all}, counted from 0)"
        ))
    })
}

/// What of a file is asked for.
enum Asked {
    Whole,
    Part(RangeInclusive<u64>),
    Nothing,
}

/// Reads `Range` and `If-Range` (RFC 9110, sections 13.1.5 and 14.2): several parts at once, and what is no range, get the whole.
fn part(headers: &HeaderMap, entry: &Entry, size: u64) -> Asked {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(range) = text(header::RANGE).filter(|range| range.starts_with("bytes=")) else {
        return Asked::Whole;
    };
    let still = headers
        .get(header::IF_RANGE)
        .is_none_or(|known| tag(entry).is_some_and(|tag| tag == known));
    let Some(parsed) = parse_range_header(range).ok().filter(|_| still) else {
        return Asked::Whole;
    };
    match parsed.validate(size) {
        Ok(parts) => match &parts[..] {
            [part] => Asked::Part(part.clone()),
            _ => Asked::Whole,
        },
        Err(_) => Asked::Nothing,
    }
}

/// What changes when the content does.
fn tag(entry: &Entry) -> Option<HeaderValue> {
    let own = entry
        .etag
        .as_deref()
        .map(|etag| etag.trim_matches('"').to_owned());
    let own = own.or_else(|| {
        let passed = entry.modified?.duration_since(std::time::UNIX_EPOCH).ok()?;
        Some(format!("{:x}-{:x}", passed.as_nanos(), entry.size_bytes?))
    })?;
    HeaderValue::try_from(format!("\"{own}\"")).ok()
}

fn beyond(at: &Location, size: u64) -> Response {
    let refusal = Refusal {
        status: StatusCode::RANGE_NOT_SATISFIABLE,
        message: format!("`{at}` has {size} bytes, and none of those that were asked for"),
    };
    let mut response = refusal.into_response();
    let range = HeaderValue::try_from(format!("bytes */{size}"));
    let headers = response.headers_mut();
    headers.extend(range.map(|range| (header::CONTENT_RANGE, range)));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts() {
        let check = |range: &'static str, known: Option<&'static str>, expected: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RANGE, HeaderValue::from_static(range));
            headers.extend(known.map(|tag| (header::IF_RANGE, HeaderValue::from_static(tag))));
            let entry = Entry {
                location: Location::Path("/a".to_owned()),
                size_bytes: Some(100),
                etag: Some("\"x\"".to_owned()),
                modified: None,
            };
            let asked = match part(&headers, &entry, 100) {
                Asked::Whole => "whole".to_owned(),
                Asked::Part(part) => format!("{part:?}"),
                Asked::Nothing => "nothing".to_owned(),
            };
            assert_eq!(asked, expected, "{range}");
        };
        check("bytes=0-9", None, "0..=9");
        check("bytes=90-", None, "90..=99");
        check("bytes=-5", None, "95..=99");
        check("bytes=50-1000", None, "50..=99");
        check("bytes=100-", None, "nothing");
        check("bytes=0-1,5-6", None, "whole");
        check("bytes=x", None, "whole");
        check("bytes=9-1", None, "whole");
        check("seconds=1-2", None, "whole");
        check("bytes=0-9", Some("\"x\""), "0..=9");
        check("bytes=0-9", Some("\"y\""), "whole");
    }
}
