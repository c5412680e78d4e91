//! Reading one parameter of AWS Systems Manager.
//!
//! It stands here because this crate has what the one call needs: the account's credentials and Region, an HTTP client, and the
//! limits of both. The call is signed by hand with `aws-sigv4`, which the S3 SDK links anyway: the SDK of a whole service would
//! be much to compile and to pull for one call.

use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use reqwest::{Client, RequestBuilder, StatusCode, Url};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::account::{self, variable};
use crate::error::root;

/// How long it may take in all: to find credentials, to connect, to be answered.
const LIMIT: Duration = Duration::from_secs(5);

/// The headers of the call (Systems Manager API Reference, `GetParameter`, "Examples").
const HEADERS: [(&str, &str); 2] = [
    ("content-type", "application/x-amz-json-1.1"),
    ("x-amz-target", "AmazonSSM.GetParameter"),
];

/// How much is shown of an answer that is none of Systems Manager, in characters.
const SHOWN: usize = 200;

/// Any Region does for an endpoint that is not AWS.
const ANY_REGION: &str = "us-east-1";

/// A parameter that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the parameter `{name}` cannot be read: {why}")]
pub struct ParameterError {
    name: String,
    why: String,
    busy: bool,
}

impl ParameterError {
    /// Whether the other side was busy, so that the same call may succeed a little later.
    pub const fn retryable(&self) -> bool {
        self.busy
    }
}

/// The value of a parameter; `None` where there is none of this name.
///
/// Credentials, Region and endpoint are those of the environment and of the AWS profile, as the SDKs find them:
/// `AWS_ENDPOINT_URL_SSM` comes before `AWS_ENDPOINT_URL`, `AWS_REGION` before `AWS_DEFAULT_REGION`.
pub async fn parameter(name: &str) -> Result<Option<String>, ParameterError> {
    let read = tokio::time::timeout(LIMIT, read(name)).await;
    let read = read.unwrap_or_else(|_| {
        Err(Refusal::new(format!(
            "there was no answer within {} s (check the network, or give the machine a way to the endpoint of Systems Manager)",
            LIMIT.as_secs()
        )))
    });
    read.map_err(|Refusal { why, busy }| ParameterError {
        name: name.to_owned(),
        why,
        busy,
    })
}

/// Why there is no value.
struct Refusal {
    why: String,
    busy: bool,
}

impl Refusal {
    fn new(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            busy: false,
        }
    }
}

async fn read(name: &str) -> Result<Option<String>, Refusal> {
    let named = variable("AWS_ENDPOINT_URL_SSM").or_else(|| variable("AWS_ENDPOINT_URL"));
    let config = account::load(None, None, None, named.as_deref()).await;
    let credentials = credentials(&config).await?;
    let endpoint = named.or_else(|| config.endpoint_url().map(str::to_owned));
    let region = match (config.region(), &endpoint) {
        (Some(region), _) => region.to_string(),
        (None, Some(_)) => ANY_REGION.to_owned(),
        (None, None) => {
            let why = "no AWS Region is known (set AWS_REGION)";
            return Err(Refusal::new(why));
        }
    };
    let url = endpoint.unwrap_or_else(|| public(&region));
    let url = match Url::parse(&url) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => String::from(url),
        _ => {
            let fix = "write AWS_ENDPOINT_URL_SSM=https://HOST:PORT";
            return Err(Refusal::new(format!(
                "the endpoint `{url}` is no URL ({fix})"
            )));
        }
    };
    let body = json!({ "Name": name }).to_string();
    let request = signed(client()?.post(&url), &url, &body, credentials, &region)?;
    let failed = |error: reqwest::Error| {
        let said = root(&error);
        Refusal::new(format!(
            "`{url}` cannot be reached: {said} (check the network, or AWS_ENDPOINT_URL_SSM)"
        ))
    };
    let answer = request.body(body).send().await.map_err(failed)?;
    let status = answer.status();
    let kind = answer.headers().get("x-amzn-errortype").cloned();
    let kind = kind.as_ref().and_then(|kind| kind.to_str().ok());
    answered(status, kind, &answer.bytes().await.map_err(failed)?)
}

async fn credentials(config: &SdkConfig) -> Result<Credentials, Refusal> {
    let none = "there are no AWS credentials (give the job a role)";
    let Some(provider) = config.credentials_provider() else {
        return Err(Refusal::new(none));
    };
    let found = provider.provide_credentials().await;
    found.map_err(|error| Refusal::new(format!("{none}: {}", root(&error))))
}

/// The endpoint of a Region (AWS General Reference, "AWS Systems Manager endpoints and quotas").
fn public(region: &str) -> String {
    let suffix = if region.starts_with("cn-") {
        "amazonaws.com.cn"
    } else {
        "amazonaws.com"
    };
    format!("https://ssm.{region}.{suffix}/")
}

fn client() -> Result<Client, Refusal> {
    // An error means that a provider is installed already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build();
    client.map_err(|error| {
        Refusal::new(format!(
            "this machine has no usable TLS: {} (install the CA certificates, or set SSL_CERT_FILE)",
            root(&error)
        ))
    })
}

fn signed(
    request: RequestBuilder,
    url: &str,
    body: &str,
    credentials: Credentials,
    region: &str,
) -> Result<RequestBuilder, Refusal> {
    let wrong = |error: &(dyn std::error::Error + 'static)| {
        Refusal::new(format!(
            "the call to `{url}` cannot be signed: {} (check AWS_ENDPOINT_URL_SSM)",
            root(error)
        ))
    };
    let identity = credentials.into();
    let parameters = SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("ssm")
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| wrong(&error))?
        .into();
    let body = SignableBody::Bytes(body.as_bytes());
    let signable = SignableRequest::new("POST", url, HEADERS.into_iter(), body);
    let signature = signable.and_then(|signable| sign(signable, &parameters));
    let (instructions, _) = signature.map_err(|error| wrong(&error))?.into_parts();
    let headers = HEADERS.into_iter().chain(instructions.headers());
    Ok(headers.fold(request, |request, (name, value)| {
        request.header(name, value)
    }))
}

/// What is read of an answer.
#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "Parameter")]
    parameter: Parameter,
}

#[derive(Deserialize)]
struct Parameter {
    #[serde(rename = "Value")]
    value: String,
}

/// Reads an answer. A refusal has its kind in a header or in the body (Smithy, "AWS JSON 1.1 protocol", "Operation error
/// serialization").
fn answered(
    status: StatusCode,
    kind: Option<&str>,
    body: &[u8],
) -> Result<Option<String>, Refusal> {
    if status.is_success() {
        let answer: Answer = serde_json::from_slice(body).map_err(|error| {
            Refusal::new(format!(
                "the answer is none of Systems Manager: {error} (check AWS_ENDPOINT_URL_SSM)"
            ))
        })?;
        return Ok(Some(answer.parameter.value));
    }
    // Whoever stands in between answers in words of its own.
    let mut values = serde_json::Deserializer::from_slice(body).into_iter::<Value>();
    let value = values.next().and_then(Result::ok).unwrap_or_default();
    let text = |key: &str| value[key].as_str();
    let kind = kind.or_else(|| text("__type")).unwrap_or_default();
    let kind = kind.rsplit('#').next().unwrap_or_default();
    let kind = kind.split(':').next().unwrap_or_default();
    if kind == "ParameterNotFound" {
        return Ok(None);
    }
    let message = text("message").or_else(|| text("Message"));
    let said = match (kind, message) {
        ("", None) => shortened(&String::from_utf8_lossy(body)),
        (only, None) | ("", Some(only)) => only.to_owned(),
        (kind, Some(message)) => format!("{kind}: {message}"),
    };
    let denied = kind.starts_with("AccessDenied") || status == StatusCode::FORBIDDEN;
    let fix = if denied {
        " (allow the job's role `ssm:GetParameter` on it)"
    } else {
        ""
    };
    Err(Refusal {
        why: format!("the answer is {}: {said}{fix}", status.as_u16()),
        busy: status.is_server_error()
            || status == StatusCode::TOO_MANY_REQUESTS
            || kind == "ThrottlingException",
    })
}

/// The beginning of a text, in one line.
fn shortened(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(status: u16, body: &str, expected: Result<Option<&str>, (&str, bool)>) {
        let status = StatusCode::from_u16(status).expect("a status");
        let read = answered(status, None, body.as_bytes());
        let read = read.map_err(|refusal| (refusal.why, refusal.busy));
        let read = read.as_ref();
        assert_eq!(
            read.map(Option::as_deref)
                .map_err(|(why, busy)| (why.as_str(), *busy)),
            expected
        );
    }

    #[test]
    fn answers() {
        let value = r#"{"Parameter":{"ARN":"arn:aws:ssm:eu-west-1:1:parameter/a","DataType":"text","Name":"/a","Type":"String","Value":"TRUE","Version":1}}"#;
        check(200, value, Ok(Some("TRUE")));
        check(400, r#"{"__type":"ParameterNotFound"}"#, Ok(None));
        check(
            400,
            r#"{"__type":"com.amazonaws.ssm#ParameterNotFound","message":"x"}"#,
            Ok(None),
        );
        let denied =
            r#"{"__type":"AccessDeniedException","Message":"no identity-based policy allows it"}"#;
        check(
            400,
            denied,
            Err((
                "the answer is 400: AccessDeniedException: no identity-based policy allows it (allow the job's role `ssm:GetParameter` on it)",
                false,
            )),
        );
        let throttled = r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#;
        let rate = "the answer is 400: ThrottlingException: Rate exceeded";
        check(400, throttled, Err((rate, true)));
        let gateway = "<html>\n<p>no</p>";
        let said = "the answer is 502: <html> <p>no</p>";
        check(502, gateway, Err((said, true)));
        let said = "the answer is 403: no (allow the job's role `ssm:GetParameter` on it)";
        check(403, "no", Err((said, false)));
        let other = answered(StatusCode::OK, None, b"{}");
        assert!(other.is_err_and(|refusal| refusal.why.contains("none of Systems Manager")));
    }

    #[test]
    fn every_partition_has_its_own_name() {
        assert_eq!(public("eu-west-1"), "https://ssm.eu-west-1.amazonaws.com/");
        assert_eq!(
            public("cn-north-1"),
            "https://ssm.cn-north-1.amazonaws.com.cn/"
        );
    }
}
