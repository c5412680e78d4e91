//! One call of a service of AWS for which no SDK is worth its while. Most speak AWS JSON 1.1; what else [`post`] is used for has a room
//! of its own.
//!
//! It stands here because this crate has what a call needs: the account's credentials and Region, an HTTP client, and the
//! limits of both. The call is signed by hand with `aws-sigv4`, which the S3 SDK links anyway: the SDK of a whole service would
//! be much to compile and to pull for one call.

use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use reqwest::{Client, RequestBuilder, StatusCode, Url};
use serde_json::Value;

use crate::account::variable;
use crate::error::root;
use crate::failure;
use crate::role::{self, IAM};

/// How long it may take in all: to find credentials, to connect, to be answered.
pub(crate) const LIMIT: Duration = Duration::from_secs(5);

/// The type of every request and answer (Smithy, "AWS JSON 1.1 protocol").
const CONTENT_TYPE: &str = "application/x-amz-json-1.1";

/// How much is shown of an answer that is none of the service, in characters.
const SHOWN: usize = 200;

/// Any Region does for an endpoint that is not AWS.
pub(crate) const ANY_REGION: &str = "us-east-1";

/// A service that speaks AWS JSON 1.1.
#[derive(Debug, Clone, Copy)]
pub struct Service {
    /// How it is called by people.
    pub name: &'static str,
    /// Its name in signatures.
    pub id: &'static str,
    /// What its endpoints begin with.
    pub host: &'static str,
    /// What stands before the names of its operations in a request.
    pub target: &'static str,
    /// The variable that names its endpoint and comes before `AWS_ENDPOINT_URL`.
    pub variable: &'static str,
}

/// AWS Systems Manager (its API Reference, `GetParameter`, "Examples").
pub(crate) const SYSTEMS_MANAGER: Service = Service {
    name: "Systems Manager",
    id: "ssm",
    host: "ssm",
    target: "AmazonSSM",
    variable: "AWS_ENDPOINT_URL_SSM",
};

/// Amazon ECS (its API Reference, `DescribeContainerInstances`, "Examples").
pub const ECS: Service = Service {
    name: "Amazon ECS",
    id: "ecs",
    host: "ecs",
    target: "AmazonEC2ContainerServiceV20141113",
    variable: "AWS_ENDPOINT_URL_ECS",
};

/// A call that has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct CallError {
    /// The name of the error, where the service has answered one; else empty.
    pub kind: String,
    /// What happened, in one sentence.
    pub why: String,
    /// Whether the other side was busy, so that the same call may succeed a little later.
    pub busy: bool,
    /// Whether the permission is missing.
    pub denied: bool,
}

impl CallError {
    /// Whether AWS does not take the credentials.
    pub fn is_unsigned(&self) -> bool {
        failure::CREDENTIALS.contains(&self.kind.as_str())
    }

    pub(crate) fn new(why: impl Into<String>) -> Self {
        Self {
            kind: String::new(),
            why: why.into(),
            busy: false,
            denied: false,
        }
    }
}

/// Calls an operation of a service and tells its answer, within 5 s.
///
/// Credentials and Region are those of the configuration, and the endpoint is unless the environment names one.
pub async fn call(
    config: &SdkConfig,
    service: Service,
    operation: &str,
    asked: &Value,
) -> Result<Value, CallError> {
    call_within(config, service, operation, asked, LIMIT).await
}

/// The same, of an operation that may take longer.
pub async fn call_within(
    config: &SdkConfig,
    service: Service,
    operation: &str,
    asked: &Value,
    limit: Duration,
) -> Result<Value, CallError> {
    let answer = tokio::time::timeout(limit, ask(config, service, operation, asked)).await;
    answer.unwrap_or_else(|_| Err(late(service, limit)))
}

pub(crate) fn late(service: Service, limit: Duration) -> CallError {
    CallError::new(format!(
        "there was no answer within {} s (check the network, or give the machine a way to the endpoint of {})",
        limit.as_secs(),
        service.name
    ))
}

async fn ask(
    config: &SdkConfig,
    service: Service,
    operation: &str,
    asked: &Value,
) -> Result<Value, CallError> {
    let target = format!("{}.{operation}", service.target);
    let headers = [("content-type", CONTENT_TYPE), ("x-amz-target", &target)];
    let (status, kind, body) = post(config, service, "", &headers, asked.to_string()).await?;
    answered(status, kind.as_deref(), &body)
}

/// A signed request to a path: the status of its answer, the name of an error in its header, its body.
pub(crate) async fn post(
    config: &SdkConfig,
    service: Service,
    path: &str,
    headers: &[(&str, &str)],
    body: String,
) -> Result<(StatusCode, Option<String>, Vec<u8>), CallError> {
    let credentials = credentials(config).await?;
    let endpoint = variable(service.variable).or_else(|| config.endpoint_url().map(str::to_owned));
    let region = match (config.region(), &endpoint) {
        (Some(region), _) => region.to_string(),
        (None, Some(_)) => ANY_REGION.to_owned(),
        (None, None) => {
            let why = "no AWS Region is known (set AWS_REGION)";
            return Err(CallError::new(why));
        }
    };
    let url = endpoint.unwrap_or_else(|| public(service, &region));
    let region = if service.id == IAM.id {
        role::home(&region).to_owned()
    } else {
        region
    };
    let url = match Url::parse(&url) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => {
            format!("{}/{path}", url.as_str().trim_end_matches('/'))
        }
        _ => {
            let fix = format!("write {}=https://HOST:PORT", service.variable);
            return Err(CallError::new(format!(
                "the endpoint `{url}` is no URL ({fix})"
            )));
        }
    };
    let by = Signer {
        service,
        credentials,
        region,
    };
    let request = by.signed(client()?.post(&url), &url, headers, &body)?;
    let failed = |error: reqwest::Error| {
        let said = root(&error);
        CallError::new(format!(
            "`{url}` cannot be reached: {said} (check the network, or {})",
            service.variable
        ))
    };
    let answer = request.body(body).send().await.map_err(failed)?;
    let status = answer.status();
    let kind = answer.headers().get("x-amzn-errortype");
    let kind = kind.and_then(|kind| kind.to_str().ok()).map(str::to_owned);
    let body = answer.bytes().await.map_err(failed)?;
    Ok((status, kind, body.to_vec()))
}

async fn credentials(config: &SdkConfig) -> Result<Credentials, CallError> {
    let none = "there are no AWS credentials (give the job a role)";
    let Some(provider) = config.credentials_provider() else {
        return Err(CallError::new(none));
    };
    let found = provider.provide_credentials().await;
    found.map_err(|error| CallError::new(format!("{none}: {}", root(&error))))
}

/// The endpoint of a Region (AWS General Reference, "Service endpoints and quotas").
fn public(service: Service, region: &str) -> String {
    if service.id == IAM.id {
        return role::endpoint(region);
    }
    let suffix = if region.starts_with("cn-") {
        "amazonaws.com.cn"
    } else {
        "amazonaws.com"
    };
    format!("https://{}.{region}.{suffix}/", service.host)
}

fn client() -> Result<Client, CallError> {
    // An error means that a provider is installed already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build();
    client.map_err(|error| {
        CallError::new(format!(
            "this machine has no usable TLS: {} (install the CA certificates, or set SSL_CERT_FILE)",
            root(&error)
        ))
    })
}

/// Who signs.
struct Signer {
    service: Service,
    credentials: Credentials,
    region: String,
}

impl Signer {
    fn signed(
        self,
        request: RequestBuilder,
        url: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<RequestBuilder, CallError> {
        let wrong = |error: &(dyn std::error::Error + 'static)| {
            CallError::new(format!(
                "the call to `{url}` cannot be signed: {} (check {})",
                root(error),
                self.service.variable
            ))
        };
        let identity = self.credentials.into();
        let parameters = SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(self.service.id)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| wrong(&error))?
            .into();
        let body = SignableBody::Bytes(body.as_bytes());
        let signable = SignableRequest::new("POST", url, headers.iter().copied(), body);
        let signature = signable.and_then(|signable| sign(signable, &parameters));
        let (instructions, _) = signature.map_err(|error| wrong(&error))?.into_parts();
        let all = headers.iter().copied().chain(instructions.headers());
        Ok(all.fold(request, |request, (name, value)| {
            request.header(name, value)
        }))
    }
}

/// Reads an answer. A refusal has its kind in a header or in the body (Smithy, "AWS JSON 1.1 protocol", "Operation error
/// serialization").
pub(crate) fn answered(
    status: StatusCode,
    kind: Option<&str>,
    body: &[u8],
) -> Result<Value, CallError> {
    // Whoever stands in between answers in words of its own.
    let mut values = serde_json::Deserializer::from_slice(body).into_iter::<Value>();
    let value = values.next().and_then(Result::ok).unwrap_or_default();
    if status.is_success() {
        return Ok(value);
    }
    let text = |key: &str| value[key].as_str();
    let kind = kind.or_else(|| text("__type")).unwrap_or_default();
    let kind = kind.rsplit('#').next().unwrap_or_default();
    let kind = kind.split(':').next().unwrap_or_default();
    let message = text("message").or_else(|| text("Message"));
    Err(refused(status, kind, message, body))
}

/// A refusal: its kind, where it has one, and what was said.
pub(crate) fn refused(
    status: StatusCode,
    kind: &str,
    message: Option<&str>,
    body: &[u8],
) -> CallError {
    let said = match (kind, message) {
        ("", None) => shortened(&String::from_utf8_lossy(body)),
        (only, None) | ("", Some(only)) => only.to_owned(),
        (kind, Some(message)) => format!("{kind}: {message}"),
    };
    CallError {
        kind: kind.to_owned(),
        why: format!("the answer is {}: {said}", status.as_u16()),
        busy: status.is_server_error()
            || status == StatusCode::TOO_MANY_REQUESTS
            || kind == "ThrottlingException",
        denied: kind.starts_with("AccessDenied") || status == StatusCode::FORBIDDEN,
    }
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
    fn check(status: u16, body: &str, kind: &str, why: &str, busy: bool, denied: bool) {
        let status = StatusCode::from_u16(status).expect("a status");
        let expected = CallError {
            kind: kind.to_owned(),
            why: why.to_owned(),
            busy,
            denied,
        };
        assert_eq!(answered(status, None, body.as_bytes()), Err(expected));
    }

    #[test]
    fn refusals() {
        let kind = "AccessDeniedException";
        let denied = r#"{"__type":"AccessDeniedException","Message":"no policy allows it"}"#;
        let said = "the answer is 400: AccessDeniedException: no policy allows it";
        check(400, denied, kind, said, false, true);
        let throttled = r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#;
        let said = "the answer is 400: ThrottlingException: Rate exceeded";
        check(400, throttled, "ThrottlingException", said, true, false);
        let named = r#"{"__type":"com.amazonaws.ssm#ParameterNotFound"}"#;
        let said = "the answer is 400: ParameterNotFound";
        check(400, named, "ParameterNotFound", said, false, false);
        let gateway = "<html>\n<p>no</p>";
        let said = "the answer is 502: <html> <p>no</p>";
        check(502, gateway, "", said, true, false);
        check(403, "no", "", "the answer is 403: no", false, true);
    }

    #[test]
    fn every_partition_has_its_own_name() {
        let europe = "https://ssm.eu-west-1.amazonaws.com/";
        assert_eq!(public(SYSTEMS_MANAGER, "eu-west-1"), europe);
        let china = "https://ecs.cn-north-1.amazonaws.com.cn/";
        assert_eq!(public(ECS, "cn-north-1"), china);
        assert_eq!(public(IAM, "eu-west-1"), "https://iam.amazonaws.com/");
        let government = "https://iam.us-gov.amazonaws.com/";
        assert_eq!(public(IAM, "us-gov-east-1"), government);
    }
}
