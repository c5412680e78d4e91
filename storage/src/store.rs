//! What every store can do.

use std::fmt::Debug;
use std::ops::Range;
use std::path::Path;
use std::time::SystemTime;

use async_trait::async_trait;
use ffbatch_dispatcher::location::Location;

use crate::{Meter, StoreError};

/// A file as its store describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where it is.
    pub location: Location,
    /// Its size; `None` where the other side does not tell.
    pub size_bytes: Option<u64>,
    /// What changes when the content does, verbatim as the store tells it; `None` where it tells nothing.
    pub etag: Option<String>,
    /// When its content was last written, to the precision of the other side (whole seconds in S3); `None` where the
    /// store does not tell.
    pub modified: Option<SystemTime>,
}

/// Files of one kind of location.
///
/// # Behavior
/// - Locations are taken verbatim. A store refuses a location of another kind with [`Kind::Unsupported`](crate::Kind).
/// - Dropping a future stops the transfer and leaves nothing under the final name. A store cleans up behind itself; what needs
///   a request for that is waited for by [`Stores::settle`](crate::Stores::settle).
/// - A request that failed for a passing reason is asked again a few times. The error that comes out is final for this call,
///   and [`StoreError::retryable`] says whether a later run may fare better.
/// - Nothing is cached between calls but connections and credentials.
#[async_trait]
pub trait Store: Debug + Send + Sync {
    /// Looks a file up. A missing file is [`Kind::NotFound`](crate::Kind::NotFound), a directory
    /// [`Kind::IsDirectory`](crate::Kind::IsDirectory).
    async fn stat(&self, at: &Location) -> Result<Entry, StoreError>;

    /// Copies a whole file to a path of this machine and returns its size in bytes.
    ///
    /// # Behavior
    /// - The file appears at `to` when it is whole; before that there is a hidden file beside it.
    /// - An existing file is replaced. The directory of `to` must exist.
    /// - A source that changes during the copy is [`Kind::Changed`](crate::Kind::Changed), never a mixture.
    async fn get(&self, from: &Location, to: &Path, meter: &Meter) -> Result<u64, StoreError>;

    /// Whether a file could be published at a location, as far as that can be told without writing: a bucket that is not there
    /// or credentials that are wrong are an error now, a missing permission is one when the file is put.
    async fn ready(&self, _to: &Location) -> Result<(), StoreError> {
        Ok(())
    }

    /// Publishes a file of this machine.
    ///
    /// # Behavior
    /// - Whatever is at `to` is replaced at once. Readers see the old file or the new one. Missing directories are made.
    /// - The source is given away: it may be gone afterwards. It must not change meanwhile.
    async fn put(&self, from: &Path, to: &Location, meter: &Meter) -> Result<(), StoreError>;

    /// Reads a small document. One of more than `limit_bytes` is [`Kind::Invalid`](crate::Kind::Invalid).
    async fn read(&self, at: &Location, limit_bytes: u64) -> Result<Vec<u8>, StoreError>;

    /// Reads a part of a file, in bytes from its start: as many as the file has of them, none where it ends before the range begins.
    ///
    /// # Behavior
    /// - All of the range is held in memory; the caller bounds it.
    /// - A file that is replaced between two calls is not noticed here.
    async fn read_range(&self, at: &Location, range: Range<u64>) -> Result<Vec<u8>, StoreError>;

    /// Writes a small document at once, over whatever was there. The content type is a media type such as `application/json`;
    /// stores that keep none ignore it.
    async fn write(
        &self,
        bytes: Vec<u8>,
        to: &Location,
        content_type: &str,
    ) -> Result<(), StoreError>;

    /// Writes a small document only where nothing is yet, and tells whether it did. Of many concurrent callers exactly one
    /// is told `true`.
    async fn create(
        &self,
        bytes: Vec<u8>,
        to: &Location,
        content_type: &str,
    ) -> Result<bool, StoreError>;

    /// Lists every file whose location starts with the prefix, as text and through all levels, sorted by location.
    ///
    /// # Behavior
    /// - Nothing that fits is an empty list. A missing bucket or directory is an error.
    /// - Directories are not listed, nor are the empty objects ending in `/` that consoles draw as folders.
    async fn list(&self, prefix: &Location) -> Result<Vec<Entry>, StoreError>;

    /// Waits until requests that clean up after dropped transfers are through.
    async fn settle(&self) {}
}
