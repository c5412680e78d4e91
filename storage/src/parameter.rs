//! Reading one parameter of AWS Systems Manager.

use aws_config::SdkConfig;
use serde_json::{Value, json};

use crate::account::{self, variable};
use crate::call::{CallError, SYSTEMS_MANAGER, call};

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
    let named = variable(SYSTEMS_MANAGER.variable).or_else(|| variable("AWS_ENDPOINT_URL"));
    let config = account::load(None, None, None, named.as_deref()).await;
    parameter_of(&config, name).await
}

/// The same with the credentials, the Region and the endpoint of a configuration.
pub async fn parameter_of(
    config: &SdkConfig,
    name: &str,
) -> Result<Option<String>, ParameterError> {
    let asked = json!({ "Name": name });
    let answer = call(config, SYSTEMS_MANAGER, "GetParameter", &asked).await;
    value(answer).map_err(|error| {
        let fix = if error.denied {
            " (allow the job's role `ssm:GetParameter` on it)"
        } else {
            ""
        };
        ParameterError {
            name: name.to_owned(),
            why: format!("{error}{fix}"),
            busy: error.busy,
        }
    })
}

fn value(answer: Result<Value, CallError>) -> Result<Option<String>, CallError> {
    match answer {
        Ok(answer) => match answer["Parameter"]["Value"].as_str() {
            Some(value) => Ok(Some(value.to_owned())),
            None => Err(CallError::new(format!(
                "the answer is none of Systems Manager (check {})",
                SYSTEMS_MANAGER.variable
            ))),
        },
        Err(error) if error.kind == "ParameterNotFound" => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers() {
        let there = json!({ "Parameter": { "Name": "/a", "Type": "String", "Value": "TRUE" } });
        assert_eq!(value(Ok(there)), Ok(Some("TRUE".to_owned())));
        let missing = CallError {
            kind: "ParameterNotFound".to_owned(),
            ..CallError::new("")
        };
        assert_eq!(value(Err(missing)), Ok(None));
        let other = value(Ok(json!({})));
        assert!(other.is_err_and(|error| error.why.contains("none of Systems Manager")));
    }
}
