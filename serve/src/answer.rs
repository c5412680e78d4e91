//! Answers that say what is wrong: a status and one sentence, the same that the command line would say.

use std::future::Future;

use axum::Json;
use axum::body::{Bytes, to_bytes};
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use ffbatch_dispatcher::chain::chain;
use ffbatch_dispatcher::compute::ComputeError;
use ffbatch_dispatcher::dispatch::DispatchError;
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::job::JobError;
use ffbatch_dispatcher::registry::RegistryError;
use ffbatch_storage::{Kind, StoreError};
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

use crate::{LARGEST_BODY, PATIENCE};

/// A request that is not answered as it was meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// Why, as a status.
    pub status: StatusCode,
    /// Why, as a sentence.
    pub message: String,
}

/// The body of a refusal.
#[derive(Debug, Serialize, ToSchema)]
pub struct Error {
    /// What is wrong, where, and how to mend it.
    message: String,
}

/// What a route may answer instead where what is asked for may be wrong, or not there.
#[derive(IntoResponses)]
pub enum Wrong {
    /// The request is wrong, or the compute refused it
    #[response(status = 400)]
    Request(Error),
    /// There is none
    #[response(status = 404)]
    Missing(Error),
}

/// What every route may answer instead.
#[derive(IntoResponses)]
pub enum Closed {
    /// The body did not come in time
    #[response(status = 408)]
    Slow(Error),
    /// The body is too large
    #[response(status = 413)]
    Large(Error),
    /// The client asks too fast, or the compute is asked too much: try again
    #[response(status = 429)]
    Busy(Error),
    /// The request shows neither a token nor a signature
    #[response(status = 401)]
    Unknown(Error),
    /// Whoever asks may not do this
    #[response(status = 403)]
    Forbidden(Error),
}

/// What a route that asks a compute may answer instead.
#[derive(IntoResponses)]
pub enum Failed {
    /// The compute failed
    #[response(status = 502)]
    Compute(Error),
}

/// What a route that takes a body may answer instead.
#[derive(IntoResponses)]
pub enum BadBody {
    /// The body is not said to be JSON
    #[response(status = 415)]
    Kind(Error),
}

impl Refusal {
    /// A request that is wrong as it was made.
    pub fn wrong(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            message: message.into(),
        }
    }

    /// Something that is not there.
    pub fn missing(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            message: message.into(),
        }
    }

    /// What lies behind this server failed.
    pub fn failed(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_GATEWAY,
            message: message.into(),
        }
    }

    /// Somebody who may not.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::FORBIDDEN,
            message: message.into(),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let message = self.message;
        (self.status, Json(Error { message })).into_response()
    }
}

impl From<JobError> for Refusal {
    fn from(error: JobError) -> Self {
        Self::wrong(error.to_string())
    }
}

impl From<RegistryError> for Refusal {
    fn from(error: RegistryError) -> Self {
        Self::missing(error.to_string())
    }
}

impl From<ComputeError> for Refusal {
    fn from(error: ComputeError) -> Self {
        let status = match error.exit {
            Exit::Rejected => StatusCode::BAD_REQUEST,
            _ if error.retry => StatusCode::TOO_MANY_REQUESTS,
            // The compute behind failed, and not this server.
            _ => StatusCode::BAD_GATEWAY,
        };
        Self {
            status,
            message: chain(&error),
        }
    }
}

impl From<DispatchError> for Refusal {
    fn from(error: DispatchError) -> Self {
        match error {
            DispatchError::Compute(error) => error.into(),
            DispatchError::Registry(error) => error.into(),
            DispatchError::NoJob(_) => Self::missing(error.to_string()),
            error => Self::wrong(chain(&error)),
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        let message = chain(&error);
        match error.kind {
            Kind::NotFound | Kind::NoBucket | Kind::IsDirectory => Self::missing(message),
            Kind::Invalid | Kind::Unsupported => Self::wrong(message),
            Kind::Denied => Self::forbidden(message),
            _ => Self::failed(message),
        }
    }
}

/// What is said of an address that nobody answers.
pub async fn no_route(uri: Uri) -> Refusal {
    let path = uri.path();
    Refusal::missing(format!(
        "there is no route `{path}` (GET /openapi.json lists them)"
    ))
}

/// What is said of a method that a route has not.
pub async fn no_method(method: Method, uri: Uri) -> Refusal {
    let path = uri.path();
    Refusal {
        status: StatusCode::METHOD_NOT_ALLOWED,
        message: format!("`{path}` is not asked by {method} (GET /openapi.json lists the routes)"),
    }
}

/// What stands in a path, refused with a sentence where it is no text.
pub struct Named<T>(pub T);

impl<S: Send + Sync, T: serde::de::DeserializeOwned + Send> FromRequestParts<S> for Named<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let Path(found) = Path::<T>::from_request_parts(parts, state)
            .await
            .map_err(|error| Refusal::wrong(error.body_text()))?;
        Ok(Self(found))
    }
}

/// A body in JSON, refused with a sentence where it is none.
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: serde::de::DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        // Read whole before anything is said of it: who is still sending may not hear an answer.
        let (parts, body) = request.into_parts();
        let request = Request::from_parts(parts, whole(body).await?.into());
        match Json::<T>::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(rejection) => Err(refused(&rejection)),
        }
    }
}

/// The whole of a body, where it is not too large and comes in time.
pub async fn whole(body: axum::body::Body) -> Result<Bytes, Refusal> {
    in_time(to_bytes(body, LARGEST_BODY))
        .await?
        .map_err(|_| Refusal {
            status: StatusCode::PAYLOAD_TOO_LARGE,
            message: format!("the body has more than {LARGEST_BODY} bytes"),
        })
}

/// Waits for what a client sends, and not for ever.
async fn in_time<T>(sent: impl Future<Output = T>) -> Result<T, Refusal> {
    tokio::time::timeout(PATIENCE, sent)
        .await
        .map_err(|_| Refusal {
            status: StatusCode::REQUEST_TIMEOUT,
            message: format!("the body has not come within {} s", PATIENCE.as_secs()),
        })
}

fn refused(rejection: &JsonRejection) -> Refusal {
    let message = match rejection {
        JsonRejection::MissingJsonContentType(_) => {
            "the body has to be JSON (send the header Content-Type: application/json)".to_owned()
        }
        // Both texts of axum begin with what it did; what is wrong comes behind.
        JsonRejection::JsonDataError(error) => behind(&error.body_text()),
        JsonRejection::JsonSyntaxError(error) => {
            format!("the body is no JSON: {}", behind(&error.body_text()))
        }
        other => other.body_text(),
    };
    Refusal {
        // What is no value of the asked form is a wrong request to clients of API Gateway.
        status: match rejection.status() {
            StatusCode::UNPROCESSABLE_ENTITY => StatusCode::BAD_REQUEST,
            status => status,
        },
        message,
    }
}

/// What stands behind the first colon.
fn behind(text: &str) -> String {
    text.split_once(": ")
        .map_or(text, |(_, rest)| rest)
        .to_owned()
}
