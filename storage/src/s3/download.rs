//! From an object to a file.
//!
//! One GET asks for the whole object. A small one comes in that answer, checked against its checksum by the SDK. Of a large one
//! this answer gives the first part, and the others come in ranges beside it, each written at its offset into the
//! preallocated file as its bytes arrive, so that no part is ever in memory. Every range is asked for with `If-Match`, so that an
//! object that is replaced in the middle is an error and not a mixture. A stream that breaks goes on where it broke.

use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::document::{no_ranges, starts_at};
use super::refusal::Doing;
use super::{Object, S3Store};
use crate::error::{blocking, root};
use crate::partial::Partial;
use crate::{Kind, Meter, StoreError};

/// How often a stream may break in a row without having brought anything.
const STRIKES: u32 = 4;

/// The first pause after a broken stream; each further one is longer by this.
const PAUSE: Duration = Duration::from_millis(250);

/// A download under way.
struct Download<'a> {
    store: &'a S3Store,
    object: Object<'a>,
    size: u64,
    etag: Option<String>,
    file: Partial,
    meter: &'a Meter,
}

/// How a stream ended before its range did.
struct Broken(String);

impl S3Store {
    pub(super) async fn download(
        &self,
        object: Object<'_>,
        to: &Path,
        meter: &Meter,
    ) -> Result<u64, StoreError> {
        let lane = self.lane().await;
        let first = self
            .ask(Doing::Read, object, |client| {
                client
                    .get_object()
                    .bucket(object.bucket)
                    .key(object.key)
                    .send()
            })
            .await?;
        let size = size(&first, object)?;
        let target = to.to_owned();
        let download = Download {
            store: self,
            object,
            size,
            etag: first.e_tag.clone(),
            file: blocking(to, move || Partial::create(&target, size)).await?,
            meter,
        };
        if size <= self.settings.single_bytes {
            download.whole(first.body).await?;
            drop(lane);
        } else {
            let part = self.settings.part_bytes.clamp(1, size);
            let rest = stream::iter(
                (1..size.div_ceil(part)).map(|index| index * part..size.min((index + 1) * part)),
            )
            .map(|range| download.lane_and_range(range))
            .buffer_unordered(self.settings.parallel)
            .try_collect::<()>();
            let start = async {
                let done = download.range(0..part, Some(first.body)).await;
                drop(lane);
                done
            };
            futures_util::future::try_join(start, rest).await?;
        }
        download.file.finish()?;
        Ok(size)
    }
}

impl Download<'_> {
    /// The whole object in one stream, from the start again if it breaks, because its checksum is that of the whole.
    async fn whole(&self, body: ByteStream) -> Result<(), StoreError> {
        let mut body = Some(body);
        let mut strikes = 0;
        loop {
            let mut stream = match body.take() {
                Some(stream) => stream,
                None => self.open(None).await?,
            };
            let (moved, broken) = self.pour(&mut stream, 0..self.size, true).await?;
            let Some(broken) = broken else { return Ok(()) };
            self.meter.take_back(moved);
            strikes += 1;
            self.strike(strikes, broken).await?;
        }
    }

    async fn lane_and_range(&self, range: Range<u64>) -> Result<(), StoreError> {
        let _lane = self.store.lane().await;
        self.range(range, None).await
    }

    /// A range of the object, from a stream that starts there or from one of its own.
    async fn range(
        &self,
        mut range: Range<u64>,
        mut body: Option<ByteStream>,
    ) -> Result<(), StoreError> {
        let mut strikes = 0;
        while !range.is_empty() {
            let mut stream = match body.take() {
                Some(stream) => stream,
                None => self.open(Some(&range)).await?,
            };
            let (moved, broken) = self.pour(&mut stream, range.clone(), false).await?;
            range.start += moved;
            if let Some(broken) = broken {
                strikes = if moved > 0 { 1 } else { strikes + 1 };
                self.strike(strikes, broken).await?;
            }
        }
        Ok(())
    }

    /// Asks for the object, or a range of it, as it was at the first request.
    async fn open(&self, range: Option<&Range<u64>>) -> Result<ByteStream, StoreError> {
        let object = self.object;
        let header = range.map(|range| format!("bytes={}-{}", range.start, range.end - 1));
        let answer = self
            .store
            .ask(Doing::Read, object, |client| {
                client
                    .get_object()
                    .bucket(object.bucket)
                    .key(object.key)
                    .set_if_match(self.etag.clone())
                    .set_range(header.clone())
                    .send()
            })
            .await?;
        if let Some(range) = range
            && !starts_at(answer.content_range(), range.start)
        {
            return Err(no_ranges(object));
        }
        Ok(answer.body)
    }

    /// Writes a stream into its range, to the end of the range or of the stream. Returns how many bytes are in the file now.
    async fn pour(
        &self,
        stream: &mut ByteStream,
        range: Range<u64>,
        to_the_end: bool,
    ) -> Result<(u64, Option<Broken>), StoreError> {
        let mut cursor = self.file.cursor(range.start);
        let wanted = range.end - range.start;
        let mut moved = 0;
        let broken = loop {
            if moved == wanted && !to_the_end {
                break None;
            }
            match stream.try_next().await {
                Ok(Some(mut bytes)) => {
                    let room = wanted - moved;
                    if bytes.len() as u64 > room {
                        bytes.truncate(usize::try_from(room).unwrap_or(usize::MAX));
                    }
                    moved += bytes.len() as u64;
                    self.meter.add(bytes.len() as u64);
                    cursor.push(bytes).await?;
                }
                Ok(None) if moved == wanted => break None,
                Ok(None) => break Some(Broken("the stream ended early".to_owned())),
                Err(error) => break Some(Broken(root(&error))),
            }
        };
        cursor.flush().await?;
        Ok((moved, broken))
    }

    async fn strike(&self, strikes: u32, broken: Broken) -> Result<(), StoreError> {
        tracing::debug!(location = %self.object.at, strikes, said = broken.0, "a download broke");
        if strikes > STRIKES {
            let (kind, what) = if broken.0.contains("checksum") {
                (
                    Kind::Other,
                    "arrives damaged: its checksum is that of other bytes (upload it again)",
                )
            } else {
                (
                    Kind::Unreachable,
                    "breaks off again and again while it is read (check the network)",
                )
            };
            return Err(StoreError::new(kind, self.object.at, what).because(broken.0));
        }
        tokio::time::sleep(PAUSE * strikes).await;
        Ok(())
    }
}

fn size(answer: &GetObjectOutput, object: Object<'_>) -> Result<u64, StoreError> {
    answer
        .content_length()
        .and_then(|size| u64::try_from(size).ok())
        .ok_or_else(|| {
            StoreError::new(
                Kind::Unsupported,
                object.at,
                "cannot be read: the S3 endpoint tells no size (use one that does)",
            )
        })
}
