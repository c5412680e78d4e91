//! Small documents: whole in memory, in one request.

use aws_sdk_s3::primitives::ByteStream;

use super::refusal::Doing;
use super::session::sending;
use super::{Object, S3Store};
use crate::error::root;
use crate::file::too_large;
use crate::{Kind, StoreError};

impl S3Store {
    pub(super) async fn read_document(
        &self,
        object: Object<'_>,
        limit_bytes: u64,
    ) -> Result<Vec<u8>, StoreError> {
        let answer = self
            .ask(Doing::Read, object, |client| {
                client
                    .get_object()
                    .bucket(object.bucket)
                    .key(object.key)
                    .send()
            })
            .await?;
        let mut body = answer.body;
        let mut bytes = Vec::new();
        loop {
            let chunk = body.try_next().await.map_err(|error| {
                StoreError::new(
                    Kind::Unreachable,
                    object.at,
                    "broke off while it was read (run again)",
                )
                .because(root(&error))
            })?;
            let Some(chunk) = chunk else { return Ok(bytes) };
            bytes.extend_from_slice(&chunk);
            if bytes.len() as u64 > limit_bytes {
                return Err(too_large(object.at, limit_bytes));
            }
        }
    }

    pub(super) async fn write_document(
        &self,
        bytes: Vec<u8>,
        object: Object<'_>,
        content_type: &str,
    ) -> Result<(), StoreError> {
        let size = bytes.len() as u64;
        // Cloned for each attempt; a document is small.
        let bytes = &bytes;
        self.ask(Doing::Write, object, |client| {
            client
                .put_object()
                .bucket(object.bucket)
                .key(object.key)
                .content_type(content_type)
                .body(ByteStream::from(bytes.clone()))
                .customize()
                .config_override(sending(size))
                .send()
        })
        .await?;
        Ok(())
    }
}
