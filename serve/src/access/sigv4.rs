//! Signatures of version 4, as clients of the API on AWS make them: the same client signs for this server, with a key that it knows.
//!
//! The Region of a signature is whatever the client says, since this server is in none; the service has to be that of API Gateway.
//! A signature holds for 15 minutes on either side of its time.

use std::collections::BTreeMap;
use std::future::ready;
use std::str::FromStr;

use axum::BoxError;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, header};
use chrono::{DateTime, Utc};
use scratchstack_aws_signature::{
    GetSigningKeyRequest, GetSigningKeyResponse, KSecretKey, NO_ADDITIONAL_SIGNED_HEADERS,
    SignatureOptions, service_for_signing_key_fn, sigv4_validate_request,
};

use crate::answer::{Refusal, whole};

/// What such an `Authorization` begins with.
const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// The service that clients of API Gateway sign for.
const SERVICE: &str = "execute-api";

/// Whether a request is signed.
pub fn is_signed(headers: &HeaderMap) -> bool {
    shown(headers).is_some_and(|shown| shown.starts_with(ALGORITHM))
}

fn shown(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()
}

/// Who signed, for which Region and service.
struct Scope<'a> {
    key: &'a str,
    region: &'a str,
    service: &'a str,
}

impl<'a> Scope<'a> {
    /// Reads `Credential=KEY/DATE/REGION/SERVICE/aws4_request`.
    fn of(shown: &'a str) -> Option<Self> {
        let (_, credential) = shown.split_once("Credential=")?;
        let credential = credential.split([',', ' ']).next()?;
        let mut parts = credential.split('/');
        let key = parts.next()?;
        let (_date, region, service) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self {
            key,
            region,
            service,
        })
    }
}

/// Checks the signature of a request, and hands it on with its body read.
pub async fn verified(
    keys: &BTreeMap<String, String>,
    request: Request,
    now: DateTime<Utc>,
) -> Result<Request, Refusal> {
    let (parts, body) = request.into_parts();
    let body = whole(body).await?;
    let text = shown(&parts.headers).unwrap_or_default().to_owned();
    let scope = Scope::of(&text).ok_or_else(|| {
        Refusal::forbidden(
            "the signature names no key (Credential=KEY/DATE/REGION/execute-api/aws4_request)",
        )
    })?;
    let secret = keys.get(scope.key).ok_or_else(|| {
        Refusal::forbidden(format!("the access key `{}` is not known here", scope.key))
    })?;
    if scope.service != SERVICE {
        return Err(Refusal::forbidden(format!(
            "the request is signed for the service `{}` (sign it for `{SERVICE}`)",
            scope.service
        )));
    }
    let wrong = |error: &dyn std::fmt::Display| {
        Refusal::forbidden(format!("the signature is wrong: {error}"))
    };
    let secret = KSecretKey::from_str(secret).map_err(|error| wrong(&error))?;
    let (region, service) = (scope.region.to_owned(), scope.service.to_owned());
    let key = move |asked: GetSigningKeyRequest| {
        let key = secret.to_ksigning(asked.request_date(), asked.region(), asked.service());
        let answer = GetSigningKeyResponse::builder().signing_key(key).build();
        ready(answer.map_err(BoxError::from))
    };
    let request = axum::http::Request::from_parts(parts, body);
    let (parts, body, _) = sigv4_validate_request::<Bytes, _, _, _>(
        request,
        &region,
        &service,
        &mut service_for_signing_key_fn(key),
        now,
        &NO_ADDITIONAL_SIGNED_HEADERS,
        SignatureOptions::default(),
    )
    .await
    .map_err(|error| wrong(&error))?;
    Ok(Request::from_parts(parts, Body::from(body)))
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use axum::http::StatusCode;

    use super::*;
    use crate::LARGEST_BODY;

    /// botocore 1.44 signed `POST http://127.0.0.1:8080/prod/local/ffmpeg?a=1&b=%20x` so, at noon.
    const SIGNED: &str = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261127/eu-west-1/execute-api/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=2d8bd26f0a40d722363173fcac59dd1147edf70adcd518145dc1cbb78e6f156f";
    const PATH: &str = "/prod/local/ffmpeg?a=1&b=%20x";
    const BODY: &str = r#"{"input_url":"/a"}"#;
    const NOON: i64 = 1_795_780_800;

    async fn check(path: &str, body: &str, signed: &str, later_secs: i64) -> Result<(), String> {
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        let keys = BTreeMap::from([("AKIDEXAMPLE".to_owned(), secret.to_owned())]);
        let request = Request::post(path)
            .header("content-type", "application/json")
            .header("host", "127.0.0.1:8080")
            .header("x-amz-date", "20261127T120000Z")
            .header("authorization", signed)
            .body(Body::from(body.to_owned()))
            .expect("a request");
        let now = DateTime::from_timestamp(NOON + later_secs, 0).expect("a moment");
        let verified = verified(&keys, request, now).await;
        let request = verified.map_err(|refusal| {
            assert_eq!(refusal.status, StatusCode::FORBIDDEN);
            refusal.message
        })?;
        let body = to_bytes(request.into_body(), LARGEST_BODY)
            .await
            .expect("it is there");
        assert_eq!(body, BODY, "the body is handed on");
        Ok(())
    }

    #[tokio::test]
    async fn signatures() {
        assert_eq!(check(PATH, BODY, SIGNED, 0).await, Ok(()));
        assert_eq!(check(PATH, BODY, SIGNED, 14 * 60).await, Ok(()));
        let refused = async |path: &str, body: &str, signed: &str, later_secs, part: &str| {
            let said = check(path, body, signed, later_secs)
                .await
                .expect_err("it must be refused");
            assert!(said.contains(part), "`{said}` lacks `{part}`");
        };
        refused(PATH, BODY, SIGNED, 16 * 60, "expired").await;
        refused(PATH, BODY, SIGNED, -16 * 60, "not yet current").await;
        refused(PATH, r#"{"input_url":"/b"}"#, SIGNED, 0, "does not match").await;
        refused(
            "/prod/local/ffmpeg?a=2&b=%20x",
            BODY,
            SIGNED,
            0,
            "does not match",
        )
        .await;
        refused(
            PATH,
            BODY,
            &SIGNED.replace("2d8b", "2d8c"),
            0,
            "does not match",
        )
        .await;
        refused(
            PATH,
            BODY,
            &SIGNED.replace("AKID", "AKIX"),
            0,
            "is not known here",
        )
        .await;
        refused(
            PATH,
            BODY,
            &SIGNED.replace("execute-api", "s3"),
            0,
            "for the service `s3`",
        )
        .await;
        refused(PATH, BODY, "AWS4-HMAC-SHA256 nonsense", 0, "names no key").await;
        refused(
            PATH,
            BODY,
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/1/2/execute-api",
            0,
            "",
        )
        .await;
    }
}
