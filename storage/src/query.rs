//! One call of a service that speaks the query protocols: a form goes out, XML comes back (Smithy, "AWS query protocol" and "AWS EC2
//! query protocol").

use std::time::Duration;

use aws_config::SdkConfig;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::call::{CallError, Service, late, post, refused};

/// The type of every request.
const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// What is encoded in a form: all but the unreserved characters (RFC 3986, section 2.3).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Calls an operation of a service with the fields of a form and tells the XML of its answer, within a limit.
///
/// Credentials and Region are those of the configuration, and the endpoint is unless the environment names one. `version` is the
/// API's. A refusal has the `Code` and the `Message` of the answer; EC2 has them in `Errors`, other services in `Error`.
pub async fn query(
    config: &SdkConfig,
    service: Service,
    version: &str,
    operation: &str,
    fields: &[(String, String)],
    limit: Duration,
) -> Result<String, CallError> {
    let fields = fields
        .iter()
        .map(|(name, value)| format!("&{}={}", encoded(name), encoded(value)));
    let fields = fields.collect::<String>();
    let body = format!("Action={operation}&Version={version}{fields}");
    let asked = post(config, service, "", &[("content-type", FORM)], body);
    let Ok(answer) = tokio::time::timeout(limit, asked).await else {
        return Err(late(service, limit));
    };
    let (status, _, body) = answer?;
    let text = String::from_utf8_lossy(&body);
    if status.is_success() {
        return Ok(text.into_owned());
    }
    let kind = element(&text, "Code").unwrap_or_default();
    let message = element(&text, "Message");
    Err(refused(status, kind, message, &body))
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

/// The text of the first element of this name. What a refusal says is plain, and its elements have no attributes.
fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(text.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_have_a_code_and_a_message() {
        let ec2 = "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>You are not authorized.</Message></Error></Errors></Response>";
        assert_eq!(element(ec2, "Code"), Some("UnauthorizedOperation"));
        assert_eq!(element(ec2, "Message"), Some("You are not authorized."));
        assert_eq!(element("<html>", "Code"), None);
    }

    #[test]
    fn fields_are_encoded() {
        assert_eq!(encoded("Linux/UNIX (a+b)~"), "Linux%2FUNIX%20%28a%2Bb%29~");
    }
}
