//! The page's way in: a browser shows a token once and keeps it in a cookie, which its scripts cannot read and no other page can send.
//! So players, frames and streams come in as well, which set no header.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use serde::Deserialize;

use super::Door;
use crate::answer::{Body, Refusal};

/// Where it is.
pub const PATH: &str = "/session";

/// The name of the cookie.
const NAME: &str = "ffbatch";

/// Who wants in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    token: String,
}

/// Keeps a token that is known.
pub async fn open(
    State(door): State<Door>,
    Body(shown): Body<Shown>,
) -> Result<impl IntoResponse, Refusal> {
    if !door.knows(&shown.token) {
        return Err(Refusal::forbidden("the token is not known here"));
    }
    let secure = if door.inner.is_secure { "; Secure" } else { "" };
    // In hexadecimal digits, since a cookie takes not every character.
    let value = hex::encode(&shown.token);
    let cookie = format!("{NAME}={value}; Path=/; HttpOnly; SameSite=Strict{secure}");
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]))
}

/// Forgets it.
pub async fn close() -> impl IntoResponse {
    let cookie = format!("{NAME}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
    (StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)])
}

/// The token in a request's cookie. Nothing where the request comes from a page of somebody else.
pub fn token(headers: &HeaderMap) -> Option<String> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let origin = text(header::ORIGIN).and_then(|origin| origin.split_once("://"));
    if origin.is_some_and(|(_, authority)| text(header::HOST) != Some(authority)) {
        return None;
    }
    let cookies = headers.get_all(header::COOKIE).iter();
    let mut cookies = cookies.filter_map(|one| one.to_str().ok());
    cookies.find_map(|cookies| {
        let mut pairs = cookies
            .split(';')
            .filter_map(|pair| pair.trim().split_once('='));
        let (_, value) = pairs.find(|(name, _)| *name == NAME)?;
        String::from_utf8(hex::decode(value).ok()?).ok()
    })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn cookies() {
        let check = |lines: &[(header::HeaderName, &'static str)], expected: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("jobs:8080"));
            for (name, value) in lines {
                headers.append(name, HeaderValue::from_static(value));
            }
            assert_eq!(token(&headers).as_deref(), expected, "{lines:?}");
        };
        assert_eq!(hex::encode("a;ü"), "613bc3bc");
        let own = (header::COOKIE, "other=1; ffbatch=613bc3bc");
        check(std::slice::from_ref(&own), Some("a;ü"));
        check(&[], None);
        check(&[(header::COOKIE, "ffbatch=zz")], None);
        check(&[(header::COOKIE, "ffbatch=ff")], None);
        check(&[(header::COOKIE, "xffbatch=61")], None);
        let same = (header::ORIGIN, "http://jobs:8080");
        check(&[own.clone(), same], Some("a;ü"));
        check(&[own.clone(), (header::ORIGIN, "http://jobs:9090")], None);
        check(&[own, (header::ORIGIN, "http://evil.example.org")], None);
    }
}
