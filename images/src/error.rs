//! Why an image cannot be read, found or pushed.

use oci_client::errors::{OciDistributionError, OciErrorCode};

/// Why an image cannot be read, found or pushed; one sentence, with the fix where there is one.
#[derive(Debug, thiserror::Error)]
#[error("{why}")]
pub struct ImageError {
    /// The sentence.
    pub why: String,
}

impl ImageError {
    pub(crate) fn new(why: impl Into<String>) -> Self {
        Self { why: why.into() }
    }

    /// What a registry says about `what`, which lies in `registry`.
    pub(crate) fn said(what: &str, registry: &str, error: &OciDistributionError) -> Self {
        let why = match error {
            OciDistributionError::UnauthorizedError { .. }
            | OciDistributionError::AuthenticationFailure(_) => {
                format!(
                    "`{registry}` does not give `{what}` to this login (`docker login {registry}` keeps another one)"
                )
            }
            error if is_absent(error) => format!("there is no `{what}`"),
            OciDistributionError::RequestError(error) if error.is_connect() => {
                format!("`{registry}` cannot be reached: {}", root(error))
            }
            OciDistributionError::RequestError(error) => {
                format!("`{registry}` broke off over `{what}`: {}", root(error))
            }
            OciDistributionError::RegistryError { envelope, .. } => {
                let all = envelope.errors.iter();
                let said: Vec<&str> = all.map(|one| one.message.as_str()).collect();
                format!("`{registry}` refuses `{what}`: {}", said.join(", "))
            }
            OciDistributionError::ServerError { code, message, .. } => {
                format!(
                    "`{registry}` answers {code} about `{what}`: {}",
                    message.trim()
                )
            }
            other => format!("`{registry}` answers something else about `{what}`: {other}"),
        };
        Self { why }
    }
}

/// Whether a registry knows nothing of that name.
pub(crate) fn is_absent(error: &OciDistributionError) -> bool {
    let unknown = |code: &OciErrorCode| {
        matches!(
            code,
            OciErrorCode::ManifestUnknown | OciErrorCode::NameUnknown | OciErrorCode::NotFound
        )
    };
    match error {
        OciDistributionError::ImageManifestNotFoundError(_) => true,
        OciDistributionError::ServerError { code, .. } => *code == 404,
        OciDistributionError::RegistryError { envelope, .. } => {
            envelope.errors.iter().any(|one| unknown(&one.code))
        }
        OciDistributionError::RequestError(error) => {
            error.status().is_some_and(|status| status.as_u16() == 404)
        }
        _ => false,
    }
}

/// The innermost cause, which says what happened.
fn root(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
