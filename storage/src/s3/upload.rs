//! From a file to an object.
//!
//! A small file goes in one `PutObject`, a larger one in parts that are read from the disk as they are sent. Each carries a CRC-32,
//! which S3 checks. The object appears when the last request succeeds. Parts of an upload that failed cost money until somebody
//! deletes them, so a failed or dropped upload is aborted.

use std::io::ErrorKind;
use std::path::Path;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::primitives::{ByteStream, Length};
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio_util::task::TaskTracker;

use super::refusal::Doing;
use super::session::sending;
use super::{Object, S3Store};
use crate::content_type::content_type;
use crate::error::blocking;
use crate::{Kind, Meter, StoreError};

/// Most parts that an upload may have (Amazon S3 User Guide, "Amazon S3 multipart upload limits").
const MOST_PARTS: u64 = 10_000;

/// How much of a file is read at a time.
const BUFFER_BYTES: usize = 64 << 10;

/// What S3 is granted to put the parts of a large object together, as if this many bytes were sent.
const ASSEMBLY_BYTES: u64 = 16 << 20;

/// Deletes the parts of an upload that is dropped before it is complete.
struct Abort {
    client: Client,
    bucket: String,
    key: String,
    id: String,
    tracker: TaskTracker,
    armed: bool,
}

impl Abort {
    async fn run(client: Client, bucket: String, key: String, id: String) {
        let asked = client
            .abort_multipart_upload()
            .bucket(&bucket)
            .key(&key)
            .upload_id(&id)
            .send()
            .await;
        if let Err(error) = asked {
            tracing::warn!(
                bucket,
                key,
                id,
                error = crate::error::root(&error),
                "the parts of a broken upload are left behind (set a lifecycle rule `AbortIncompleteMultipartUpload`)"
            );
        }
    }
}

impl Drop for Abort {
    fn drop(&mut self) {
        if self.armed
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let work = Self::run(
                self.client.clone(),
                std::mem::take(&mut self.bucket),
                std::mem::take(&mut self.key),
                std::mem::take(&mut self.id),
            );
            self.tracker.spawn_on(work, &runtime);
        }
    }
}

impl S3Store {
    pub(super) async fn upload(
        &self,
        from: &Path,
        object: Object<'_>,
        meter: &Meter,
    ) -> Result<(), StoreError> {
        let size = size(from).await?;
        if size <= self.settings.single_bytes {
            self.upload_whole(from, size, object).await?;
            meter.add(size);
            return Ok(());
        }
        let created = self
            .ask(Doing::Write, object, |client| {
                client
                    .create_multipart_upload()
                    .bucket(object.bucket)
                    .key(object.key)
                    .content_type(content_type(object.at))
                    .checksum_algorithm(ChecksumAlgorithm::Crc32)
                    .send()
            })
            .await?;
        let Some(id) = created.upload_id else {
            return Err(StoreError::new(
                Kind::Unsupported,
                object.at,
                "cannot be written: the S3 endpoint knows no multipart uploads (use one that does)",
            ));
        };
        let mut abort = Abort {
            client: self.session.client(object.at, object.bucket).await?,
            bucket: object.bucket.to_owned(),
            key: object.key.to_owned(),
            id: id.clone(),
            tracker: self.aborts.clone(),
            armed: true,
        };
        let done = self.upload_parts(from, size, object, &id, meter).await;
        if done.is_err() {
            Abort::run(
                abort.client.clone(),
                abort.bucket.clone(),
                abort.key.clone(),
                id,
            )
            .await;
        }
        abort.armed = false;
        done
    }

    async fn upload_whole(
        &self,
        from: &Path,
        size: u64,
        object: Object<'_>,
    ) -> Result<(), StoreError> {
        let _lane = self.lane().await;
        self.ask(Doing::Write, object, |client| async move {
            client
                .put_object()
                .bucket(object.bucket)
                .key(object.key)
                .content_type(content_type(object.at))
                .checksum_algorithm(ChecksumAlgorithm::Crc32)
                .body(body(from, 0, size).await?)
                .customize()
                .config_override(sending(size))
                .send()
                .await
        })
        .await?;
        Ok(())
    }

    async fn upload_parts(
        &self,
        from: &Path,
        size: u64,
        object: Object<'_>,
        id: &str,
        meter: &Meter,
    ) -> Result<(), StoreError> {
        let part = part_bytes(size, self.settings.part_bytes);
        let mut parts: Vec<CompletedPart> = stream::iter(0..size.div_ceil(part))
            .map(|index| {
                self.upload_part(
                    from,
                    index,
                    index * part,
                    part.min(size - index * part),
                    object,
                    id,
                    meter,
                )
            })
            .buffer_unordered(self.settings.parallel)
            .try_collect()
            .await?;
        parts.sort_by_key(|part| part.part_number);
        let parts = CompletedMultipartUpload::builder()
            .set_parts(Some(parts))
            .build();
        self.ask(Doing::Write, object, |client| {
            client
                .complete_multipart_upload()
                .bucket(object.bucket)
                .key(object.key)
                .upload_id(id)
                .multipart_upload(parts.clone())
                .customize()
                .config_override(sending(ASSEMBLY_BYTES))
                .send()
        })
        .await?;
        Ok(())
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "a part is a stretch of a file on its way to an upload"
    )]
    async fn upload_part(
        &self,
        from: &Path,
        index: u64,
        start: u64,
        length: u64,
        object: Object<'_>,
        id: &str,
        meter: &Meter,
    ) -> Result<CompletedPart, StoreError> {
        let _lane = self.lane().await;
        let number = i32::try_from(index + 1).expect("an upload has at most 10,000 parts");
        let sent = self
            .ask(Doing::Write, object, |client| async move {
                client
                    .upload_part()
                    .bucket(object.bucket)
                    .key(object.key)
                    .upload_id(id)
                    .part_number(number)
                    .checksum_algorithm(ChecksumAlgorithm::Crc32)
                    .body(body(from, start, length).await?)
                    .customize()
                    .config_override(sending(length))
                    .send()
                    .await
            })
            .await?;
        meter.add(length);
        Ok(CompletedPart::builder()
            .part_number(number)
            .set_e_tag(sent.e_tag)
            .set_checksum_crc32(sent.checksum_crc32)
            .build())
    }
}

/// The size of a file that is to be sent.
async fn size(from: &Path) -> Result<u64, StoreError> {
    let path = from.to_owned();
    blocking(from, move || {
        std::fs::File::open(&path)
            .and_then(|file| file.metadata())
            .and_then(|meta| {
                if meta.is_dir() {
                    Err(ErrorKind::IsADirectory.into())
                } else {
                    Ok(meta.len())
                }
            })
            .map_err(|error| StoreError::io("cannot be published", &path, error))
    })
    .await
}

/// A stretch of a file, read as it is sent, and again when it has to be sent again.
async fn body<E>(
    from: &Path,
    start: u64,
    length: u64,
) -> Result<ByteStream, SdkError<E, HttpResponse>> {
    ByteStream::read_from()
        .path(from)
        .offset(start)
        .length(Length::Exact(length))
        .buffer_size(BUFFER_BYTES)
        .build()
        .await
        .map_err(SdkError::construction_failure)
}

/// The size of the parts of a file: as set, or as much larger as 10,000 parts ask for, in whole MiB.
fn part_bytes(size: u64, wanted: u64) -> u64 {
    let least = size.div_ceil(MOST_PARTS);
    if wanted >= least {
        wanted.max(1)
    } else {
        least.next_multiple_of(1 << 20)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(size: u64, wanted: u64, expected: u64) {
        assert_eq!(part_bytes(size, wanted), expected);
        assert!(size.div_ceil(expected) <= MOST_PARTS);
    }

    #[test]
    fn ten_thousand_parts_suffice() {
        const MIB: u64 = 1 << 20;
        check(17 * MIB, 8 * MIB, 8 * MIB);
        check(80_000 * MIB, 8 * MIB, 8 * MIB);
        check(80_000 * MIB + 1, 8 * MIB, 9 * MIB);
        check(50 << 40, 8 * MIB, 5243 * MIB);
    }
}
