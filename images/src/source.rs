//! Where images come from.

use std::io;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use tokio_util::io::ReaderStream;

use crate::image::{Blob, Image};
use crate::{Archives, ImageError, Registry};

/// Bytes that are read from a file at once.
const CHUNK: usize = 256 << 10;

/// Where images come from.
#[derive(Debug)]
pub enum Source {
    /// Files.
    Archives(Archives),
    /// A registry.
    Registry(Registry),
}

impl Source {
    /// An image by its tag.
    pub async fn image(&self, tag: &str) -> Result<Image, ImageError> {
        match self {
            Self::Registry(registry) => registry.image(tag).await,
            Self::Archives(archives) => archives.image(tag).cloned(),
        }
    }

    /// The bytes of a blob of one of its images.
    pub(crate) async fn blob(
        &self,
        blob: &Blob,
    ) -> Result<BoxStream<'static, io::Result<Bytes>>, ImageError> {
        match self {
            Self::Registry(registry) => registry.pull(blob).await,
            Self::Archives(archives) => {
                let path = archives.blob(blob);
                let file = tokio::fs::File::open(&path).await.map_err(|error| {
                    ImageError::new(format!("`{}` cannot be read: {error}", path.display()))
                })?;
                Ok(ReaderStream::with_capacity(file, CHUNK).boxed())
            }
        }
    }
}
