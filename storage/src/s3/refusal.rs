//! What went wrong with a request to S3, in one sentence.
//!
//! The codes are those of the Amazon S3 API Reference, "Error responses". The SDK's own error texts name its layers; a person
//! wants to know which of the bucket, the key, the permission, the credentials or the network it was.

use std::error::Error;

use aws_config::imds::client::error::ImdsError;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::RequestId;

use super::Object;
use crate::error::{find, root};
use crate::{Kind, StoreError};

/// What was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doing {
    Read,
    Write,
    List,
    Remove,
}

impl Doing {
    fn verb(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "written",
            Self::List => "listed",
            Self::Remove => "removed",
        }
    }

    /// The permission that it takes, and on what.
    fn permission(self, object: Object<'_>) -> String {
        let Object { bucket, key, .. } = object;
        match self {
            Self::Read => format!(
                "allow `s3:GetObject` on `arn:aws:s3:::{bucket}/{key}`; without `s3:ListBucket` S3 also says so of a key that does not exist"
            ),
            Self::Write => format!("allow `s3:PutObject` on `arn:aws:s3:::{bucket}/{key}`"),
            Self::List => format!("allow `s3:ListBucket` on `arn:aws:s3:::{bucket}`"),
            Self::Remove => format!(
                "allow `s3:DeleteObject` and `s3:DeleteObjectVersion` on `arn:aws:s3:::{bucket}/*`, and `s3:DeleteBucket` on the bucket"
            ),
        }
    }
}

/// The Region that S3 names when a bucket is not where it was asked for.
pub(super) fn other_region<E>(error: &SdkError<E, HttpResponse>) -> Option<&str> {
    let response = error.raw_response()?;
    // 301 says where to go, 400 that the signature is for another Region, 403 and 307 come for new buckets.
    matches!(response.status().as_u16(), 301 | 307 | 400 | 403)
        .then(|| response.headers().get("x-amz-bucket-region"))
        .flatten()
}

/// The status of an answer that is an error.
pub(super) fn status<E>(error: &SdkError<E, HttpResponse>) -> Option<u16> {
    error
        .raw_response()
        .map(|response| response.status().as_u16())
}

/// The error that a person reads.
pub(super) fn failed<E>(
    doing: Doing,
    object: Object<'_>,
    endpoint: &str,
    error: &SdkError<E, HttpResponse>,
) -> StoreError
where
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    tracing::debug!(location = %object.at, error = %DisplayErrorContext(error), "a request to S3 failed");
    let verb = doing.verb();
    if let Some(missing) = find::<CredentialsError>(error) {
        return credentials(object, verb, missing);
    }
    match error {
        SdkError::ServiceError(answer) => {
            let status = answer.raw().status().as_u16();
            let meta = answer.err().meta();
            let said = format!(
                "S3 answered {status}{}{}{}",
                meta.code()
                    .map(|code| format!(" {code}"))
                    .unwrap_or_default(),
                meta.message()
                    .map(|text| format!(": {}", text.trim_end_matches('.')))
                    .unwrap_or_default(),
                meta.request_id()
                    .map(|id| format!(" (request {id})"))
                    .unwrap_or_default(),
            );
            answered(doing, object, meta.code().unwrap_or_default(), status).because(said)
        }
        SdkError::ConstructionFailure(_) => StoreError::new(
            Kind::Invalid,
            object.at,
            "is not something that S3 can be asked for (check the bucket's name and the endpoint)",
        )
        .because(root(error)),
        SdkError::TimeoutError(_) => unreachable(object, verb, endpoint, "does not answer in time"),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => {
            unreachable(object, verb, endpoint, "does not answer in time")
        }
        _ => {
            let said = root(error);
            if said.contains("certificate") {
                return StoreError::new(Kind::Invalid, object.at, format!("cannot be {verb}: the certificate of {endpoint} is not trusted here (install the CA certificates, or set SSL_CERT_FILE)")).because(said);
            }
            if said.contains("lookup") && !possible(object.bucket) {
                return answered(doing, object, "InvalidBucketName", 400).because(said);
            }
            let what = if said.contains("lookup") {
                "has a host name that cannot be found"
            } else {
                "cannot be reached"
            };
            unreachable(object, verb, endpoint, what).because(said)
        }
    }
}

/// Whether a bucket may have this name (Amazon S3 User Guide, "General purpose bucket naming rules"). Other stores allow more, so
/// this only explains a failure.
fn possible(bucket: &str) -> bool {
    let letter = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.');
    (3..=63).contains(&bucket.len()) && bucket.bytes().all(letter)
}

fn unreachable(object: Object<'_>, verb: &str, endpoint: &str, what: &str) -> StoreError {
    StoreError::new(
        Kind::Unreachable,
        object.at,
        format!(
            "cannot be {verb}: {endpoint} {what} (check the network, AWS_REGION and AWS_ENDPOINT_URL)"
        ),
    )
}

fn credentials(object: Object<'_>, verb: &str, missing: &CredentialsError) -> StoreError {
    let nowhere = "there are no AWS credentials (run `aws configure`, set AWS_PROFILE, or give the job a role)";
    let what = match missing {
        // The instance's metadata service is asked last. Without it nobody had any.
        _ if find::<ImdsError>(missing).is_some() => nowhere,
        CredentialsError::CredentialsNotLoaded(_) => nowhere,
        CredentialsError::InvalidConfiguration(_) => {
            "the AWS profile gives no credentials (check ~/.aws/config; of an SSO profile, export them first: `eval \"$(aws configure export-credentials --format env)\"`)"
        }
        _ => "the AWS credentials cannot be had (check the profile and the role)",
    };
    StoreError::new(
        Kind::Credentials,
        object.at,
        format!("cannot be {verb}: {what}"),
    )
    .because(root(missing))
}

/// An error that S3 itself answered with.
pub(super) fn answered(doing: Doing, object: Object<'_>, code: &str, status: u16) -> StoreError {
    let verb = doing.verb();
    let bucket = object.bucket;
    let new = |kind, what: &str| StoreError::new(kind, object.at, what);
    match (code, status) {
        ("NoSuchBucket", _) => new(
            Kind::NoBucket,
            &format!(
                "cannot be {verb}: there is no bucket `{bucket}` (check the name, or make it: `aws s3 mb s3://{bucket}`)"
            ),
        ),
        ("NoSuchKey" | "NotFound", _) => new(
            Kind::NotFound,
            "does not exist (check the key, case and slashes count)",
        ),
        (
            "InvalidAccessKeyId"
            | "SignatureDoesNotMatch"
            | "InvalidToken"
            | "AuthorizationHeaderMalformed",
            _,
        ) => new(
            Kind::Credentials,
            &format!(
                "cannot be {verb}: the AWS credentials are wrong (check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, or AWS_PROFILE)"
            ),
        ),
        ("ExpiredToken" | "TokenRefreshRequired", _) => new(
            Kind::Credentials,
            &format!("cannot be {verb}: the AWS credentials have expired (log in again)"),
        ),
        ("RequestTimeTooSkewed", _) => new(
            Kind::Credentials,
            &format!("cannot be {verb}: the clock of this machine is wrong (set it)"),
        ),
        ("InvalidObjectState", _) => new(
            Kind::Invalid,
            "is archived (restore it first: `aws s3api restore-object`)",
        ),
        ("InvalidBucketName", _) => new(
            Kind::Invalid,
            &format!(
                "cannot be {verb}: `{bucket}` is no possible name of a bucket (3 to 63 of a-z, 0-9, `-` and `.`)"
            ),
        ),
        ("PreconditionFailed", _) | (_, 412) => {
            new(Kind::Changed, "was replaced while it was read (run again)")
        }
        ("QuotaExceeded" | "XMinioStorageFull" | "InsufficientStorage", _) | (_, 507) => new(
            Kind::NoSpace,
            &format!("cannot be {verb}: the store is full (free some space there)"),
        ),
        ("KeyTooLongError" | "EntityTooLarge" | "InvalidArgument", _) => new(
            Kind::Invalid,
            &format!("cannot be {verb}: S3 does not accept it (check key and size)"),
        ),
        ("AccessDenied" | "AllAccessDisabled" | "AccountProblem", _) | (_, 401 | 403) => {
            let permission = doing.permission(object);
            new(
                Kind::Denied,
                &format!("cannot be {verb}: access is denied ({permission})"),
            )
        }
        ("SlowDown" | "RequestTimeout" | "ConditionalRequestConflict" | "OperationAborted", _)
        | (_, 429 | 500..) => new(
            Kind::Busy,
            &format!("cannot be {verb} right now: S3 is busy (try again later)"),
        ),
        (_, 404) => new(Kind::NotFound, "does not exist (check bucket and key)"),
        _ => new(
            Kind::Other,
            &format!("cannot be {verb}: S3 refused (read its answer)"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_name(bucket: &str, expected: bool) {
        assert_eq!(possible(bucket), expected, "{bucket}");
    }

    #[test]
    fn names_of_buckets() {
        check_name("films", true);
        check_name("films.2026-11", true);
        check_name("Films", false);
        check_name("my_films", false);
        check_name("ab", false);
    }

    #[track_caller]
    fn check(doing: Doing, code: &str, status: u16, kind: Kind, fragment: &str) {
        let at = "s3://films/a b.mp4".parse().expect("a location");
        let object = super::super::object(&at).expect("an object");
        let error = answered(doing, object, code, status);
        assert_eq!(error.kind, kind, "{code} {status}");
        assert!(error.what.contains(fragment), "{}", error.what);
        assert!(
            error.what.ends_with(')'),
            "the fix is missing: {}",
            error.what
        );
    }

    #[test]
    fn each_answer_has_its_own_sentence() {
        check(
            Doing::Read,
            "NoSuchKey",
            404,
            Kind::NotFound,
            "`s3://films/a b.mp4` does not exist",
        );
        check(
            Doing::Read,
            "NoSuchBucket",
            404,
            Kind::NoBucket,
            "no bucket `films`",
        );
        check(
            Doing::Read,
            "AccessDenied",
            403,
            Kind::Denied,
            "`s3:GetObject` on `arn:aws:s3:::films/a b.mp4`",
        );
        check(
            Doing::Write,
            "AccessDenied",
            403,
            Kind::Denied,
            "`s3:PutObject`",
        );
        check(
            Doing::List,
            "",
            403,
            Kind::Denied,
            "`s3:ListBucket` on `arn:aws:s3:::films`",
        );
        check(
            Doing::Read,
            "InvalidAccessKeyId",
            403,
            Kind::Credentials,
            "credentials are wrong",
        );
        check(
            Doing::Read,
            "SignatureDoesNotMatch",
            403,
            Kind::Credentials,
            "credentials are wrong",
        );
        check(
            Doing::Write,
            "ExpiredToken",
            400,
            Kind::Credentials,
            "have expired",
        );
        check(
            Doing::Read,
            "PreconditionFailed",
            412,
            Kind::Changed,
            "replaced",
        );
        check(Doing::Write, "SlowDown", 503, Kind::Busy, "busy");
        check(Doing::Write, "InternalError", 500, Kind::Busy, "busy");
        check(
            Doing::Read,
            "InvalidObjectState",
            403,
            Kind::Invalid,
            "archived",
        );
    }
}
