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
pub fn left<E>(error: &SdkError<E, HttpResponse>) -> Left
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

/// The error of a call to Batch, or to another service, at this place.
pub fn refused<E>(doing: &str, at: &str, error: &SdkError<E, HttpResponse>) -> ComputeError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let left = left(error);
    let retry = left != Left::Refused;
    let (exit, why) = match error {
        SdkError::ServiceError(service) => said(
            service.err().code(),
            service.err().message(),
            service.raw().status().as_u16(),
        ),
        SdkError::TimeoutError(_) => (
            Exit::Machine,
            "there was no answer in time (check the network)".to_owned(),
        ),
        SdkError::ResponseError(_) => (
            Exit::Machine,
            "the answer broke off (check the network, and ask again)".to_owned(),
        ),
        other if is_unsigned(other) => (Exit::Machine, unsigned(&root(other))),
        other => (Exit::Machine, unreachable(&root(other))),
    };
    ComputeError {
        message: format!("{doing}: {at}: {why}"),
        exit,
        retry,
        source: None,
    }
}

fn said(code: Option<&str>, message: Option<&str>, status: u16) -> (Exit, String) {
    let code = code.unwrap_or("an error without a name");
    let message = message.unwrap_or("no reason given").trim_end_matches('.');
    if code == "ClientException" {
        return (
            Exit::Rejected,
            format!("{code}: {message}{}", mended(message)),
        );
    }
    let fix = if CREDENTIALS.contains(&code) {
        " (the credentials are not valid or have expired: sign in again, or check AWS_PROFILE)"
    } else if code.starts_with("AccessDenied") {
        " (your user or role lacks the permission)"
    } else if BUSY.contains(&code) {
        " (the account makes too many calls: wait, and ask again)"
    } else if status >= 500 {
        " (AWS has trouble of its own: ask again in some minutes)"
    } else {
        ""
    };
    (Exit::Machine, format!("{code}: {message}{fix}"))
}

/// How to mend what AWS Batch calls the client's fault. Its words are no contract: what is not recognised gets no advice.
fn mended(message: &str) -> &'static str {
    let message = message.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    let missing = says(&["not exist", "not found", "not be found"]);
    let off = says(&["disabled", "not enabled"]);
    if says(&["definition"]) && (missing || says(&["not active", "inactive", "deregistered"])) {
        " (deploy the stack there, or name the definition in the configuration: `job_definition` in the section of the compute)"
    } else if says(&["queue"]) && off {
        " (enable the queue: `aws batch update-job-queue --state ENABLED --job-queue NAME`)"
    } else if says(&["queue"]) && missing {
        " (deploy the stack there, or name the queue in the configuration: `job_queue` in the section of the compute)"
    } else {
        ""
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

/// What lies at the bottom of an error.
pub fn root(error: &(dyn std::error::Error + 'static)) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    let text = deepest.to_string();
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines.join(" ").trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_to_do_about_a_queue_and_a_definition() {
        for (message, expected) in [
            ("Job queue q does not exist", "name the queue"),
            ("JobQueue q can not be found", "name the queue"),
            ("Job queue q is DISABLED", "enable the queue"),
            ("Job definition d is not ACTIVE", "name the definition"),
            ("JobDefinition d not found", "name the definition"),
            ("Share identifier is needed by the queue q", ""),
            ("Job j does not exist", ""),
        ] {
            let advice = mended(message);
            assert_eq!(
                advice.is_empty(),
                expected.is_empty(),
                "{message}: {advice}"
            );
            assert!(advice.contains(expected), "{message}: {advice}");
        }
    }
}
