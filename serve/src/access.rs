//! Who may: nobody has to show anything on the loopback of this machine; everybody else shows a token, or signs with a key that is
//! known here. Where there are tokens or keys, programs of this machine need one too, and are no more than others: nobody could tell
//! them from what comes through a proxy.
//!
//! A browser on this machine shows pages of strangers, whose scripts may call 127.0.0.1, or any name that resolves to it. So a
//! request has to name this server in its `Host`, and where it says from which page it comes that has to be one of ours.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use chrono::Utc;
use jiff::Timestamp;

use crate::answer::{Refusal, whole};
use crate::pace::Pace;
use crate::settings::Settings;

pub mod session;
mod sigv4;

/// Names of the loopback.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// What a proxy tells of whom it stands for (RFC 7239, and what was usual before it).
const PROXIED: [&str; 2] = ["forwarded", "x-forwarded-for"];

/// Decides who comes in.
#[derive(Debug, Clone)]
pub struct Door {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    tokens: Vec<String>,
    keys: BTreeMap<String, String>,
    hosts: Vec<String>,
    pace: Pace,
    is_secure: bool,
}

/// Who made a request, for routes that treat them differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visitor {
    /// A program of this machine, where nobody else can ask.
    Here,
    /// Anybody who showed who they are.
    Elsewhere,
}

impl Door {
    /// The door of a server that listens there.
    pub fn new(settings: &Settings, address: SocketAddr) -> Self {
        let mut hosts: Vec<String> = LOOPBACK.iter().map(|&name| name.to_owned()).collect();
        hosts.extend(settings.hosts.iter().map(|name| name.to_ascii_lowercase()));
        if !address.ip().is_unspecified() {
            hosts.push(address.ip().to_string());
        }
        Self {
            inner: Arc::new(Inner {
                tokens: settings.tokens.clone(),
                keys: settings.keys.clone(),
                hosts,
                pace: Pace::new(settings.requests_per_second),
                is_secure: settings.tls.is_some(),
            }),
        }
    }

    fn admits(&self, peer: SocketAddr, headers: &HeaderMap) -> Result<Visitor, Refusal> {
        if self.is_open() {
            if !peer.ip().to_canonical().is_loopback() {
                return Err(Refusal::forbidden("only programs of this machine may ask"));
            }
            if PROXIED.iter().any(|name| headers.contains_key(*name)) {
                return Err(Refusal::forbidden(
                    "the request comes through a proxy, so that others may ask (give `tokens` or `keys` in the section `serve`)",
                ));
            }
            self.is_ours(headers)?;
            return Ok(Visitor::Here);
        }
        let shown = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        match shown.and_then(|shown| shown.strip_prefix("Bearer ")) {
            Some(token) if self.knows(token) => Ok(Visitor::Elsewhere),
            Some(_) => Err(Refusal::forbidden("the token is not known here")),
            None if session::is_known(&self.inner.tokens, headers, Timestamp::now()) => {
                Ok(Visitor::Elsewhere)
            }
            None => Err(Refusal {
                status: StatusCode::UNAUTHORIZED,
                message: "the request shows no token and no signature (send the header Authorization: Bearer TOKEN, or sign it with SigV4 for the service execute-api)"
                    .to_owned(),
            }),
        }
    }

    /// Whether nobody has to show anything.
    fn is_open(&self) -> bool {
        self.inner.tokens.is_empty() && self.inner.keys.is_empty()
    }

    /// Refuses what a stranger's page makes a browser ask, also where its name leads to this machine.
    fn is_ours(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let host = text(headers, &header::HOST).unwrap_or_default();
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
            _ => host,
        };
        let mut hosts = self.inner.hosts.iter();
        if !host.is_empty() && !hosts.any(|own| own.eq_ignore_ascii_case(name)) {
            return Err(Refusal::forbidden(format!(
                "this server is not `{host}` (`hosts` in the section `serve` names what else it is called)"
            )));
        }
        if is_of_another_page(headers) {
            return Err(Refusal::forbidden(
                "pages of others may not ask this server",
            ));
        }
        Ok(())
    }

    /// Whether a token is one of ours; it takes as long for one that is nearly right as for any other.
    fn knows(&self, token: &str) -> bool {
        let mut known = false;
        for own in &self.inner.tokens {
            known |= same(own.as_bytes(), token.as_bytes());
        }
        known
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Whether a browser says that a page asks which did not come from this very server: another port is another server. Following a link
/// is not asking ("Fetch Metadata Request Headers", W3C).
fn is_of_another_page(headers: &HeaderMap) -> bool {
    let host = text(headers, &header::HOST);
    let origin = text(headers, &header::ORIGIN);
    let is_strange = origin.is_some_and(|origin| {
        let authority = origin.split_once("://").map(|(_, authority)| authority);
        authority.is_none() || authority != host
    });
    let [site, mode] = ["sec-fetch-site", "sec-fetch-mode"].map(HeaderName::from_static);
    let is_cross =
        text(headers, &site).is_some_and(|site| !["same-origin", "none"].contains(&site));
    is_strange || (is_cross && text(headers, &mode) != Some("navigate"))
}

/// Whether two texts are the same, without an answer that comes sooner the earlier they differ.
fn same(one: &[u8], other: &[u8]) -> bool {
    let differences = one
        .iter()
        .zip(other)
        .fold(0_u8, |all, (a, b)| all | (a ^ b));
    one.len() == other.len() && differences == 0
}

/// Lets in who may.
pub async fn guard(
    State(door): State<Door>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    if !door.is_open()
        && let Err(fast) = door.inner.pace.admits(peer)
    {
        return fast.into_response();
    }
    match admitted(&door, peer, named(request)).await {
        Ok(request) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

/// Whom a request is for stands in its headers, also where HTTP/2 has it elsewhere (RFC 9113, section 8.3.1).
fn named(mut request: Request) -> Request {
    if !request.headers().contains_key(header::HOST)
        && let Some(authority) = request.uri().authority()
        && let Ok(host) = HeaderValue::from_str(authority.as_str())
    {
        request.headers_mut().insert(header::HOST, host);
    }
    request
}

async fn admitted(door: &Door, peer: SocketAddr, mut request: Request) -> Result<Request, Refusal> {
    if !door.is_open() && sigv4::is_signed(request.headers()) {
        let mut request = sigv4::verified(&door.inner.keys, request, Utc::now()).await?;
        request.extensions_mut().insert(Visitor::Elsewhere);
        return Ok(request);
    }
    // The page's own files hold nothing of anybody; it asks for a token by itself.
    let path = request.uri().path();
    let is_page = path == session::PATH || crate::page::has(path);
    let visitor = if is_page && !door.is_open() {
        Ok(Visitor::Elsewhere)
    } else {
        door.admits(peer, request.headers())
    };
    match visitor {
        Ok(visitor) => {
            request.extensions_mut().insert(visitor);
            Ok(request)
        }
        Err(refusal) => {
            // Who is still sending may not hear an answer: over HTTP/2 some clients take it for a broken connection.
            let _ = whole(request.into_body()).await;
            Err(refusal)
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn door(tokens: &[&str]) -> Door {
        let settings = Settings {
            listen: String::new(),
            computes: Vec::new(),
            keys: BTreeMap::new(),
            tls: None,
            roots: Vec::new(),
            benches: BTreeMap::new(),
            requests_per_second: 0,
            tokens: tokens.iter().map(|&token| token.to_owned()).collect(),
            hosts: vec!["jobs.example.com".to_owned()],
        };
        Door::new(&settings, "127.0.0.1:8080".parse().expect("an address"))
    }

    #[track_caller]
    fn check(
        tokens: &[&str],
        peer: &str,
        headers: &[(HeaderName, &'static str)],
        expected: Result<Visitor, u16>,
    ) {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)))
            .collect();
        let peer = peer.parse().expect("an address");
        let admitted = door(tokens).admits(peer, &headers);
        assert_eq!(
            admitted.map_err(|refusal| refusal.status.as_u16()),
            expected
        );
    }

    const TOKEN: &str = "0123456789abcdef";

    #[test]
    fn without_a_token_only_this_machine() {
        let (here, there) = ("127.0.0.1:5000", "192.0.2.7:5000");
        check(&[], here, &[], Ok(Visitor::Here));
        check(&[], "[::ffff:127.0.0.1]:5000", &[], Ok(Visitor::Here));
        check(&[], there, &[], Err(403));
        check(
            &[],
            here,
            &[(header::HOST, "localhost:8080")],
            Ok(Visitor::Here),
        );
        check(
            &[],
            here,
            &[(header::HOST, "jobs.example.com")],
            Ok(Visitor::Here),
        );
        check(
            &[],
            here,
            &[(header::HOST, "[::1]:8080")],
            Ok(Visitor::Here),
        );
        check(
            &[],
            here,
            &[(header::HOST, "evil.example.org:8080")],
            Err(403),
        );
        let own = (header::HOST, "localhost:8080");
        let asked = |more: &[(HeaderName, &'static str)], expected| {
            let headers: Vec<_> = std::iter::once(own.clone())
                .chain(more.iter().cloned())
                .collect();
            check(&[], here, &headers, expected);
        };
        let site = HeaderName::from_static("sec-fetch-site");
        let mode = HeaderName::from_static("sec-fetch-mode");
        asked(
            &[(header::ORIGIN, "http://localhost:8080")],
            Ok(Visitor::Here),
        );
        asked(&[(header::ORIGIN, "http://localhost:9999")], Err(403));
        asked(&[(header::ORIGIN, "https://evil.example.org")], Err(403));
        asked(&[(header::ORIGIN, "null")], Err(403));
        asked(&[(site.clone(), "same-origin")], Ok(Visitor::Here));
        asked(&[(site.clone(), "cross-site")], Err(403));
        asked(&[(site.clone(), "same-site")], Err(403));
        asked(
            &[(site, "cross-site"), (mode, "navigate")],
            Ok(Visitor::Here),
        );
    }

    #[test]
    fn a_proxy_needs_a_token() {
        for name in ["forwarded", "x-forwarded-for"] {
            let through = (HeaderName::from_static(name), "for=192.0.2.7");
            check(&[], "127.0.0.1:5000", &[through], Err(403));
        }
    }

    #[test]
    fn with_a_token_everybody_shows_it() {
        let (here, there) = ("127.0.0.1:5000", "192.0.2.7:5000");
        check(&[TOKEN], here, &[], Err(401));
        check(
            &[TOKEN],
            there,
            &[(header::AUTHORIZATION, "Bearer 0123456789abcdef")],
            Ok(Visitor::Elsewhere),
        );
        check(
            &[TOKEN],
            here,
            &[(header::AUTHORIZATION, "Bearer 0123456789abcdef")],
            Ok(Visitor::Elsewhere),
        );
        for wrong in [
            "Bearer 0123456789abcdee",
            "Bearer 0123456789abcde",
            "Bearer ",
            "bearer",
        ] {
            let status = if wrong == "bearer" { 401 } else { 403 };
            check(
                &[TOKEN],
                there,
                &[(header::AUTHORIZATION, wrong)],
                Err(status),
            );
        }
    }
}
