//! Looking an object up.
//!
//! A GET of one byte instead of a HEAD: the answer to a HEAD has no body, and without one a missing bucket, a missing key and
//! wrong credentials all look the same. It costs the same and needs the same permission.

use std::time::SystemTime;

use aws_sdk_s3::primitives::DateTime;

use super::refusal::{self, Doing};
use super::{Object, S3Store};
use crate::{Entry, StoreError};

/// What an object is, or that it has no first byte.
enum Found {
    Entry(Option<u64>, Option<String>, Option<DateTime>),
    Empty,
}

impl S3Store {
    /// Looks an object up, on the way to doing something with it.
    pub(super) async fn stat_object(
        &self,
        doing: Doing,
        object: Object<'_>,
    ) -> Result<Entry, StoreError> {
        let found = self
            .ask(doing, object, |client| async move {
                let asked = client
                    .get_object()
                    .bucket(object.bucket)
                    .key(object.key)
                    .range("bytes=0-0")
                    .send()
                    .await;
                match asked {
                    Ok(answer) => {
                        let size = answer
                            .content_range()
                            .and_then(|range| range.rsplit('/').next())
                            .and_then(|size| size.parse().ok())
                            .or(answer
                                .content_length()
                                .and_then(|size| u64::try_from(size).ok()));
                        let etag = answer.e_tag().map(str::to_owned);
                        let modified = answer.last_modified().copied();
                        // Reading the byte lets the connection be used again; nothing depends on it. An endpoint that ignores ranges
                        // would send all of them.
                        if answer.content_length() == Some(1) {
                            drop(answer.body.collect().await);
                        }
                        Ok(Found::Entry(size, etag, modified))
                    }
                    Err(error) if refusal::status(&error) == Some(416) => Ok(Found::Empty),
                    Err(error) => Err(error),
                }
            })
            .await?;
        let (size_bytes, etag, modified) = match found {
            Found::Entry(size, etag, modified) => (size, etag, modified),
            Found::Empty => {
                let head = self
                    .ask(doing, object, |client| {
                        client
                            .head_object()
                            .bucket(object.bucket)
                            .key(object.key)
                            .send()
                    })
                    .await?;
                (Some(0), head.e_tag, head.last_modified)
            }
        };
        Ok(Entry {
            location: object.at.clone(),
            size_bytes,
            etag,
            modified: modified.and_then(time),
        })
    }
}

/// A moment that is none of this machine's calendar is not known.
pub(super) fn time(moment: DateTime) -> Option<SystemTime> {
    SystemTime::try_from(moment).ok()
}
