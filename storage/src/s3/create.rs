//! Writing where nothing is yet, so that of many callers exactly one is told so.
//!
//! S3 compares and writes in one step (`If-None-Match: *`). One trap is left to the caller of S3: when a request was carried out
//! but its answer was lost, asking again finds the own object there. So the SDK does not repeat these requests. This file
//! does, and after an answer that was lost it looks whose bytes are there.

use std::time::Duration;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::primitives::ByteStream;

use super::refusal::{self, Doing};
use super::session::sending;
use super::{Object, S3Store};
use crate::{Kind, StoreError};

/// How often it is tried in all.
const ATTEMPTS: u32 = 4;

/// The first pause between two attempts; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(200);

impl S3Store {
    pub(super) async fn create_document(
        &self,
        bytes: Vec<u8>,
        object: Object<'_>,
        content_type: &str,
    ) -> Result<bool, StoreError> {
        let mut lost = false;
        let mut attempt = 0;
        loop {
            attempt += 1;
            match self.create_once(&bytes, object, content_type).await {
                Ok(true) => return Ok(true),
                // The own object, from an attempt of which no answer came.
                Ok(false) if lost => return self.holds(object, &bytes).await,
                Ok(false) => return Ok(false),
                Err(error) if error.retryable() && attempt < ATTEMPTS => {
                    lost = true;
                    tokio::time::sleep(PAUSE * 2u32.pow(attempt - 1)).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn create_once(
        &self,
        bytes: &[u8],
        object: Object<'_>,
        content_type: &str,
    ) -> Result<bool, StoreError> {
        self.ask(Doing::Write, object, |client| async move {
            let asked = client
                .put_object()
                .bucket(object.bucket)
                .key(object.key)
                .content_type(content_type)
                .if_none_match("*")
                .body(ByteStream::from(bytes.to_vec()))
                .customize()
                .config_override(sending(bytes.len() as u64).retry_config(RetryConfig::disabled()))
                .send()
                .await;
            match asked {
                Ok(_) => Ok(true),
                Err(error) if is_taken(&error) => Ok(false),
                Err(error) => Err(error),
            }
        })
        .await
    }

    /// Whether an object holds exactly these bytes.
    async fn holds(&self, object: Object<'_>, bytes: &[u8]) -> Result<bool, StoreError> {
        match self.read_document(object, bytes.len() as u64).await {
            Ok(there) => Ok(there == bytes),
            Err(error) if error.kind == Kind::Invalid => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn is_taken<E>(error: &SdkError<E, HttpResponse>) -> bool {
    refusal::status(error) == Some(412)
}
