//! What went wrong with a web request, in one sentence.

use ffbatch_dispatcher::location::Location;
use reqwest::StatusCode;

use super::guard::{Refused, TooMany};
use crate::error::{find, root};
use crate::{Kind, StoreError};

/// An address that is never fetched.
pub(super) fn refused(at: &Location, refused: &Refused) -> StoreError {
    StoreError::new(
        Kind::Denied,
        at,
        format!("is refused: {refused} (fetch the file yourself if you must)"),
    )
}

/// An answer that is not the file.
pub(super) fn status(at: &Location, status: StatusCode) -> StoreError {
    let (kind, what) = match status.as_u16() {
        404 | 410 => (Kind::NotFound, "does not exist (check the URL)"),
        401 | 403 => (
            Kind::Denied,
            "may not be read (check the URL's signature and whether it has expired)",
        ),
        407 => (
            Kind::Denied,
            "is behind a proxy that wants a password (set it in HTTPS_PROXY)",
        ),
        408 | 429 | 500 | 502..=504 => (Kind::Busy, "cannot be served right now (try again later)"),
        _ => (Kind::Invalid, "does not answer with a file (check the URL)"),
    };
    StoreError::new(kind, at, what).because(format!("the server answered {status}"))
}

/// A request without an answer.
pub(super) fn failed(at: &Location, error: &reqwest::Error) -> StoreError {
    if let Some(found) = find::<Refused>(error) {
        return refused(at, found);
    }
    if find::<TooMany>(error).is_some() {
        return StoreError::new(
            Kind::Invalid,
            at,
            "redirects without an end (check the URL)",
        );
    }
    let said = root(error);
    if said.contains("certificate") {
        return StoreError::new(
            Kind::Invalid,
            at,
            "has a certificate that this machine does not trust (install the CA certificates, or set SSL_CERT_FILE)",
        )
        .because(said);
    }
    let what = if error.is_timeout() {
        "does not answer in time (check the address and the network)"
    } else if said.contains("lookup") {
        "has a host name that cannot be found (check the name and the network)"
    } else if error.is_builder() || error.is_redirect() {
        return StoreError::new(Kind::Invalid, at, "cannot be asked for (check the URL)")
            .because(said);
    } else {
        "cannot be reached (check the address and the network)"
    };
    StoreError::new(Kind::Unreachable, at, what).because(said)
}
