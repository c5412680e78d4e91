//! Which store a location belongs to.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ffbatch_dispatcher::location::Location;

use crate::file::FileStore;
use crate::http::HttpStore;
use crate::s3::{S3Settings, S3Store};
use crate::{Kind, Store, StoreError};

/// All stores of a process. Cheap to make; each store is made when the first location asks for it.
#[derive(Debug, Default)]
pub struct Stores {
    settings: S3Settings,
    file: OnceLock<Arc<FileStore>>,
    http: OnceLock<Arc<HttpStore>>,
    s3: OnceLock<Arc<S3Store>>,
}

impl Stores {
    /// Stores with explicit settings for S3. [`Stores::default`] takes everything from the environment and the AWS profile.
    pub fn new(settings: S3Settings) -> Self {
        Self {
            settings,
            ..Self::default()
        }
    }

    /// The store that a location belongs to. A live source has none: [`Kind::Unsupported`].
    pub fn of(&self, location: &Location) -> Result<Arc<dyn Store>, StoreError> {
        match location {
            Location::Path(_) => Ok(self.file.get_or_init(Arc::default).clone()),
            Location::Http(_) => Ok(self.http.get_or_init(Arc::default).clone()),
            Location::S3 { .. } => Ok(self
                .s3
                .get_or_init(|| Arc::new(S3Store::new(self.settings.clone())))
                .clone()),
            Location::Live(_) => Err(StoreError::new(
                Kind::Unsupported,
                location,
                "is a live source, which only ffmpeg can open (use it as an input, not as a file to move)",
            )),
        }
    }

    /// From now on no web address leads to this machine itself.
    pub fn stay_outside(&self) {
        self.http.get_or_init(Arc::default).stay_outside();
    }

    /// Waits until what dropped transfers left behind is cleaned up, at most for `limit`; `false` when that was too short.
    pub async fn settle(&self, limit: Duration) -> bool {
        match self.s3.get() {
            Some(store) => tokio::time::timeout(limit, store.settle()).await.is_ok(),
            None => true,
        }
    }
}
