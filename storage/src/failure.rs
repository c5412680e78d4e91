//! What went wrong with a call of AWS's SDK, in one sentence with the fix, and what the call leaves behind.
//!
//! Every service of AWS refuses credentials, permissions and too many calls in the same words; what is its own the caller adds.

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

/// Codes of credentials that AWS does not take.
pub(crate) const CREDENTIALS: [&str; 8] = [
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];

/// Codes of too many calls.
const BUSY: [&str; 5] = [
    "RequestLimitExceeded",
    "ThrottledException",
    "ThrottlingException",
    "TooManyRequests",
    "TooManyRequestsException",
];

/// What a failed call leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// Nothing was done, and nothing will be by asking again.
    Refused,
    /// Nothing was done, because there were too many calls.
    Busy,
    /// Nobody knows whether it was done.
    Unknown,
}

/// A call that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The name of the error, where the service has answered one; else empty.
    pub code: String,
    /// What the service said; else empty.
    pub message: String,
    /// What happened, in one sentence, with the fix where there is one.
    pub why: String,
    /// What it leaves behind.
    pub left: Left,
}

impl Failure {
    /// Reads an error of an SDK.
    pub fn of<E>(error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let left = left(error);
        let (code, message, why) = match error {
            SdkError::ServiceError(service) => {
                let code = service.err().code().unwrap_or("an error without a name");
                let message = service.err().message().unwrap_or("no reason given");
                let message = message.trim_end_matches('.');
                let status = service.raw().status().as_u16();
                (
                    code,
                    message,
                    format!("{code}: {message}{}", fix(code, status)),
                )
            }
            SdkError::TimeoutError(_) => (
                "",
                "",
                "there was no answer in time (check the network)".to_owned(),
            ),
            SdkError::ResponseError(_) => (
                "",
                "",
                "the answer broke off (check the network, and ask again)".to_owned(),
            ),
            other if is_unsigned(other) => ("", "", unsigned(&root(other))),
            other => ("", "", unreachable(&root(other))),
        };
        Self {
            code: code.to_owned(),
            message: message.to_owned(),
            why,
            left,
        }
    }
}

fn fix(code: &str, status: u16) -> &'static str {
    if CREDENTIALS.contains(&code) {
        " (the credentials are not valid or have expired: sign in again, or check AWS_PROFILE)"
    } else if code.starts_with("AccessDenied") {
        " (your user or role lacks the permission)"
    } else if BUSY.contains(&code) {
        " (the account makes too many calls: wait, and ask again)"
    } else if status >= 500 {
        " (AWS has trouble of its own: ask again in some minutes)"
    } else {
        ""
    }
}

/// What a failed call leaves behind.
fn left<E>(error: &SdkError<E, HttpResponse>) -> Left
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let status = error.raw_response().map(|answer| answer.status().as_u16());
    match (error, status) {
        (SdkError::ConstructionFailure(_), _) => Left::Refused,
        (SdkError::DispatchFailure(_), _) if never_left(error) || is_unsigned(error) => {
            Left::Refused
        }
        (SdkError::ServiceError(service), _)
            if service
                .err()
                .code()
                .is_some_and(|code| BUSY.contains(&code)) =>
        {
            Left::Busy
        }
        (_, Some(429)) => Left::Busy,
        (SdkError::ServiceError(_), Some(400..500)) => Left::Refused,
        _ => Left::Unknown,
    }
}

fn unsigned(root: &str) -> String {
    // What follows these words are the places where the SDK has looked, a line each.
    let root = match root {
        root if root.starts_with("no credentials found") => String::new(),
        root => format!(": {root}"),
    };
    format!(
        "no AWS credentials were found{root} (run `aws configure` or `aws sso login`, or set AWS_PROFILE to a profile that has some)"
    )
}

fn unreachable(root: &str) -> String {
    format!("it cannot be reached: {root} (check the network, the Region and AWS_ENDPOINT_URL)")
}

/// Whether a request was never sent since there was nothing to sign it with. The error of the SDK is private to it, its words are not.
fn is_unsigned<E>(error: &SdkError<E, HttpResponse>) -> bool
where
    E: std::error::Error + 'static,
{
    let mut next: Option<&(dyn std::error::Error + 'static)> = match error {
        SdkError::DispatchFailure(_) | SdkError::ConstructionFailure(_) => Some(error),
        _ => None,
    };
    while let Some(error) = next {
        if error.to_string().contains("credential") {
            return true;
        }
        next = error.source();
    }
    false
}

/// Whether there was nobody to send a request to.
fn never_left<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    let SdkError::DispatchFailure(failure) = error else {
        return false;
    };
    let mut deepest: Option<&(dyn std::error::Error + 'static)> =
        failure.as_connector_error().map(|error| error as _);
    while let Some(error) = deepest {
        let kind = error
            .downcast_ref::<std::io::Error>()
            .map(std::io::Error::kind);
        if kind == Some(std::io::ErrorKind::ConnectionRefused)
            || error.to_string().contains("dns error")
        {
            return true;
        }
        deepest = error.source();
    }
    false
}

/// What lies at the bottom of an error, in one line.
fn root(error: &(dyn std::error::Error + 'static)) -> String {
    let text = crate::error::root(error);
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines.join(" ").trim_end_matches('.').to_owned()
}
