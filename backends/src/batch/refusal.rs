//! What AWS refuses, in one sentence with the fix, and whether asking again may help.

use aws_sdk_batch::config::http::HttpResponse;
use aws_sdk_batch::error::{ProvideErrorMetadata, SdkError};
use ffbatch_dispatcher::compute::ComputeError;
use ffbatch_dispatcher::exit::Exit;

/// Codes of credentials that AWS does not take.
const CREDENTIALS: [&str; 6] = [
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];

/// Codes of too many calls.
const BUSY: [&str; 4] = [
    "RequestLimitExceeded",
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

/// What a failed call leaves behind.
pub fn left<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Left {
    let status = error.raw_response().map(|answer| answer.status().as_u16());
    match (error, status) {
        (SdkError::ConstructionFailure(_), _) => Left::Refused,
        (SdkError::DispatchFailure(_), _) if never_left(error) => Left::Refused,
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

/// The error of a call to Batch, or to another service, at this place.
pub fn refused<E>(doing: &str, at: &str, error: &SdkError<E, HttpResponse>) -> ComputeError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let left = left(error);
    let retry = left != Left::Refused;
    let (exit, why) = match error {
        SdkError::ServiceError(service) => said(service.err().code(), service.err().message()),
        SdkError::TimeoutError(_) => (
            Exit::Machine,
            "there was no answer in time (check the network)".to_owned(),
        ),
        SdkError::ResponseError(_) => (
            Exit::Machine,
            "the answer broke off (check the network, and ask again)".to_owned(),
        ),
        other => (Exit::Machine, unreachable(&root(other))),
    };
    ComputeError {
        message: format!("{doing}: {at}: {why}"),
        exit,
        retry,
        source: None,
    }
}

fn said(code: Option<&str>, message: Option<&str>) -> (Exit, String) {
    let code = code.unwrap_or("an error without a name");
    let message = message.unwrap_or("no reason given").trim_end_matches('.');
    let fix = if CREDENTIALS.contains(&code) {
        " (the credentials are not valid or have expired: sign in again, or check AWS_PROFILE)"
    } else if code.starts_with("AccessDenied") {
        " (your user or role lacks the permission)"
    } else if BUSY.contains(&code) {
        " (the account makes too many calls: wait, and ask again)"
    } else {
        ""
    };
    let exit = if fix.is_empty() && code == "ClientException" {
        Exit::Rejected
    } else {
        Exit::Machine
    };
    (exit, format!("{code}: {message}{fix}"))
}

fn unreachable(root: &str) -> String {
    if root.contains("credentials") || root.contains("identity") {
        format!(
            "there are no AWS credentials: {root} (run `aws configure` or `aws sso login`, or set AWS_PROFILE)"
        )
    } else {
        format!("it cannot be reached: {root} (check the network, the Region and AWS_ENDPOINT_URL)")
    }
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

/// What lies at the bottom of an error.
pub fn root(error: &(dyn std::error::Error + 'static)) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string().trim_end_matches('.').to_owned()
}
