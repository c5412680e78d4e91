//! Small documents and parts of objects: whole in memory, in one request.

use std::ops::Range;

use aws_sdk_s3::primitives::ByteStream;

use super::refusal::{self, Doing};
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
        collect(object, answer.body, limit_bytes)
            .await?
            .ok_or_else(|| too_large(object.at, limit_bytes))
    }

    pub(super) async fn read_part(
        &self,
        object: Object<'_>,
        range: Range<u64>,
    ) -> Result<Vec<u8>, StoreError> {
        let Some(last) = range.end.checked_sub(1).filter(|last| *last >= range.start) else {
            return Ok(Vec::new());
        };
        let header = &format!("bytes={}-{last}", range.start);
        let answer = self
            .ask(Doing::Read, object, |client| async move {
                let asked = client
                    .get_object()
                    .bucket(object.bucket)
                    .key(object.key)
                    .range(header)
                    .send()
                    .await;
                match asked {
                    Ok(answer) => Ok(Some(answer)),
                    // Not one byte of the range is there.
                    Err(error) if refusal::status(&error) == Some(416) => Ok(None),
                    Err(error) => Err(error),
                }
            })
            .await?;
        let Some(answer) = answer else {
            return Ok(Vec::new());
        };
        if !starts_at(answer.content_range(), range.start) {
            return Err(no_ranges(object));
        }
        collect(object, answer.body, range.end - range.start)
            .await?
            .ok_or_else(|| no_ranges(object))
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

/// Everything that a stream brings; `None` if it is more than `limit_bytes`.
async fn collect(
    object: Object<'_>,
    mut body: ByteStream,
    limit_bytes: u64,
) -> Result<Option<Vec<u8>>, StoreError> {
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
        let Some(chunk) = chunk else {
            return Ok(Some(bytes));
        };
        bytes.extend_from_slice(&chunk);
        if bytes.len() as u64 > limit_bytes {
            return Ok(None);
        }
    }
}

/// Whether an answer is of the range that was asked for (`Content-Range: bytes FIRST-LAST/SIZE`, RFC 9110, section 14.4).
pub(super) fn starts_at(content_range: Option<&str>, first: u64) -> bool {
    content_range.is_some_and(|got| got.starts_with(&format!("bytes {first}-")))
}

pub(super) fn no_ranges(object: Object<'_>) -> StoreError {
    StoreError::new(
        Kind::Unsupported,
        object.at,
        "cannot be read: the S3 endpoint ignores ranges (use one that knows them)",
    )
}
