//! S3 objects, on AWS and on anything that speaks its protocol.
//!
//! Keys go over the wire verbatim, percent-encoded once by the SDK: `..`, `//`, `%41`, spaces and `?` are letters of a key here.
//! A bucket in another Region is followed there once, and remembered. All transfers of a store share [`S3Settings::parallel`]
//! lanes, so that many files at once need no more memory and connections than one large file.

use std::ops::Range;
use std::path::Path;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::SdkError;
use ffbatch_dispatcher::location::Location;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_util::task::TaskTracker;

use crate::{Entry, Kind, Meter, Store, StoreError};

mod bucket;
mod create;
mod document;
mod download;
mod list;
mod reach;
mod refusal;
mod session;
mod settings;
mod stat;
mod upload;

pub use bucket::Bucket;
use refusal::Doing;
use session::Session;
pub use settings::{Keys, S3Settings};

/// The store of S3 objects.
#[derive(Debug)]
pub(crate) struct S3Store {
    settings: S3Settings,
    session: Session,
    lanes: Semaphore,
    /// Aborts of uploads that were dropped.
    aborts: TaskTracker,
}

/// An object's bucket and key.
#[derive(Debug, Clone, Copy)]
struct Object<'a> {
    at: &'a Location,
    bucket: &'a str,
    key: &'a str,
}

impl S3Store {
    pub(crate) fn new(settings: S3Settings) -> Self {
        Self {
            lanes: Semaphore::new(settings.parallel.clamp(1, 64)),
            session: Session::new(settings.clone()),
            settings,
            aborts: TaskTracker::new(),
        }
    }

    /// Asks, and asks again in the bucket's own Region when S3 points there.
    async fn ask<T, E, F>(
        &self,
        doing: Doing,
        object: Object<'_>,
        request: impl Fn(Client) -> F + Send + Sync,
    ) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send,
        T: Send,
        E: std::error::Error + aws_sdk_s3::error::ProvideErrorMetadata + Send + Sync + 'static,
    {
        let client = self.session.client(object.at, object.bucket).await?;
        let mut answer = request(client).await;
        if let Err(error) = &answer
            && let Some(region) = refusal::other_region(error)
            && let Some(client) = self.session.follow(object.bucket, region)
        {
            answer = request(client).await;
        }
        answer.map_err(|error| refusal::failed(doing, object, &self.session.endpoint(), &error))
    }

    /// Waits for a lane.
    async fn lane(&self) -> SemaphorePermit<'_> {
        self.lanes
            .acquire()
            .await
            .expect("the semaphore is never closed")
    }
}

#[async_trait]
impl Store for S3Store {
    async fn stat(&self, at: &Location) -> Result<Entry, StoreError> {
        self.stat_object(Doing::Read, object(at)?).await
    }

    async fn ready(&self, to: &Location) -> Result<(), StoreError> {
        match self.stat_object(Doing::Write, object(to)?).await {
            Err(error)
                if matches!(
                    error.kind,
                    Kind::NoBucket | Kind::Credentials | Kind::Unreachable
                ) =>
            {
                Err(error)
            }
            // What stands there will be overwritten; what may not be read may still be written.
            Ok(_) | Err(_) => Ok(()),
        }
    }

    async fn get(&self, from: &Location, to: &Path, meter: &Meter) -> Result<u64, StoreError> {
        self.download(object(from)?, to, meter).await
    }

    async fn put(&self, from: &Path, to: &Location, meter: &Meter) -> Result<(), StoreError> {
        self.upload(from, object(to)?, meter).await
    }

    async fn read(&self, at: &Location, limit_bytes: u64) -> Result<Vec<u8>, StoreError> {
        self.read_document(object(at)?, limit_bytes).await
    }

    async fn read_range(&self, at: &Location, range: Range<u64>) -> Result<Vec<u8>, StoreError> {
        self.read_part(object(at)?, range).await
    }

    async fn write(
        &self,
        bytes: Vec<u8>,
        to: &Location,
        content_type: &str,
    ) -> Result<(), StoreError> {
        self.write_document(bytes, object(to)?, content_type).await
    }

    async fn create(
        &self,
        bytes: Vec<u8>,
        to: &Location,
        content_type: &str,
    ) -> Result<bool, StoreError> {
        self.create_document(bytes, object(to)?, content_type).await
    }

    async fn list(&self, prefix: &Location) -> Result<Vec<Entry>, StoreError> {
        self.list_objects(place(prefix)?).await
    }

    async fn settle(&self) {
        self.aborts.close();
        self.aborts.wait().await;
        self.aborts.reopen();
    }
}

/// A location in S3, whose key may be empty.
fn place(at: &Location) -> Result<Object<'_>, StoreError> {
    match at {
        Location::S3 { bucket, key } => Ok(Object { at, bucket, key }),
        _ => Err(StoreError::new(
            Kind::Unsupported,
            at,
            "is not in S3 (give an s3:// URL)",
        )),
    }
}

/// An object, whose key is not empty and not too long (Amazon S3 User Guide, "Naming Amazon S3 objects": 1,024 bytes).
fn object(at: &Location) -> Result<Object<'_>, StoreError> {
    let object = place(at)?;
    match object.key.len() {
        0 => Err(StoreError::new(
            Kind::Invalid,
            at,
            "names no object (write s3://BUCKET/KEY)",
        )),
        1..=1024 => Ok(object),
        length => Err(StoreError::new(
            Kind::Invalid,
            at,
            format!("has a key of {length} bytes (S3 allows 1,024; shorten it)"),
        )),
    }
}
