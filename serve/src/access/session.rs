//! The page's way in: a browser shows a token once, and from then on a cookie, which its scripts cannot read and no other page can send.
//! So players, frames and streams come in as well, which set no header.
//!
//! The cookie is not the token, since a browser sends it to every port of a host. It says until when it holds, with a signature by the
//! token (RFC 2104), so that nothing has to be kept here.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use sha2::Sha256;

use super::{Door, is_of_another_page};
use crate::answer::{Body, Refusal};

/// Where it is.
pub const PATH: &str = "/session";

/// The name of the cookie.
const NAME: &str = "ffbatch";

/// How long a cookie holds.
const HOLDS: SignedDuration = SignedDuration::from_hours(12);

/// The bytes of a cookie that say until when it holds: seconds since 1970, the highest first.
const MOMENT: usize = 8;

/// Who wants in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    token: String,
}

/// Keeps somebody in who shows a token that is known.
pub async fn open(
    State(door): State<Door>,
    Body(shown): Body<Shown>,
) -> Result<impl IntoResponse, Refusal> {
    if !door.knows(&shown.token) {
        return Err(Refusal::forbidden("the token is not known here"));
    }
    let secure = if door.inner.is_secure { "; Secure" } else { "" };
    let value = made(&shown.token, Timestamp::now() + HOLDS);
    let cookie = format!("{NAME}={value}; Path=/; HttpOnly; SameSite=Strict{secure}");
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]))
}

/// Whether a request has a cookie that one of these tokens made. Not where it comes from a page of somebody else.
pub fn is_known(tokens: &[String], headers: &HeaderMap, now: Timestamp) -> bool {
    if is_of_another_page(headers) {
        return false;
    }
    let cookies = headers.get_all(header::COOKIE).iter();
    let mut pairs = cookies
        .filter_map(|one| one.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    pairs.any(|(name, value)| name == NAME && tokens.iter().any(|token| holds(token, value, now)))
}

/// What a cookie says.
fn made(token: &str, until: Timestamp) -> String {
    let moment = until.as_second().to_be_bytes();
    let signature = signing(token, &moment).finalize().into_bytes();
    hex::encode([&moment[..], &signature].concat())
}

fn holds(token: &str, value: &str, now: Timestamp) -> bool {
    let bytes = hex::decode(value).unwrap_or_default();
    let Some((moment, signature)) = bytes.split_first_chunk::<MOMENT>() else {
        return false;
    };
    let is_ours = signing(token, moment).verify_slice(signature).is_ok();
    is_ours && i64::from_be_bytes(*moment) > now.as_second()
}

fn signing(token: &str, moment: &[u8]) -> Hmac<Sha256> {
    let key = Hmac::new_from_slice(token.as_bytes()).expect("a key may have any length");
    key.chain_update(b"session").chain_update(moment)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn cookies() {
        let tokens = ["0123456789abcdef".to_owned(), "ü;=".to_owned()];
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24);
        let value = made(&tokens[1], now + HOLDS);
        let check = |cookie: &str, origin: Option<&'static str>, later_hours, expected| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("jobs:8080"));
            let cookie = HeaderValue::from_str(cookie).expect("a cookie");
            headers.insert(header::COOKIE, cookie);
            headers.extend(origin.map(|one| (header::ORIGIN, HeaderValue::from_static(one))));
            let then = now + SignedDuration::from_hours(later_hours);
            let known = is_known(&tokens, &headers, then);
            assert_eq!(known, expected, "{origin:?} {later_hours}");
        };
        let own = format!("other=1; ffbatch={value}");
        check(&own, None, 0, true);
        check(&own, Some("http://jobs:8080"), 11, true);
        check(&own, None, 13, false);
        check(&own, Some("http://jobs:9090"), 0, false);
        check(&own, Some("null"), 0, false);
        check(&format!("xffbatch={value}"), None, 0, false);
        for forged in [
            made("another token", now + HOLDS),
            format!("00000000ffffffff{}", &value[16..]),
            value[..40].to_owned(),
            String::new(),
            "zz".to_owned(),
        ] {
            check(&format!("ffbatch={forged}"), None, 0, false);
        }
    }
}
