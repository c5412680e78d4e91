//! Whether the server is there, and what it answers.

use axum::Json;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::answer::Closed;

/// A server that is there.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `ok`
    status: &'static str,
    /// The version of ffbatch
    version: &'static str,
}

/// Say whether the server is there
#[utoipa::path(
    get,
    path = "/health",
    responses(
        (status = 200, description = "It is", body = Health),
        Closed,
    )
)]
pub async fn health() -> Json<Health> {
    Json(Health {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
    })
}

/// Show the OpenAPI document
#[utoipa::path(
    get,
    path = "/openapi.json",
    responses(
        (status = 200, description = "This document", body = Value),
        Closed,
    )
)]
pub async fn document() -> Json<Value> {
    Json(crate::openapi())
}
