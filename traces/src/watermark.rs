//! Up to where everything is exported: a small document in the bucket, which also tells how the last export went.

use ffbatch_dispatcher::location::Location;
use ffbatch_storage::{Kind, StoreError, Stores};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Where it lies in the bucket.
pub const KEY: &str = "metrics/export/watermark.json";

/// The form of the document.
const VERSION: u32 = 1;

/// The longest document, in bytes.
const LIMIT: u64 = 64 << 10;

/// Up to where everything is exported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watermark {
    /// The form of the document.
    pub version: u32,
    /// Everything that X-Ray had of the time before is in the bucket.
    pub until: Timestamp,
    /// When that was so.
    pub written: Timestamp,
    /// How many traces the last export has seen.
    pub traces: u64,
    /// How many documents it has written.
    pub documents: u64,
}

impl Watermark {
    /// One at a point in time.
    pub fn at(until: Timestamp, traces: u64, documents: u64) -> Self {
        Self {
            version: VERSION,
            until,
            written: Timestamp::now(),
            traces,
            documents,
        }
    }

    /// Reads the one of a bucket; `None` where nothing was exported yet.
    pub async fn read(stores: &Stores, bucket: &str) -> Result<Option<Self>, WatermarkError> {
        let at = location(bucket);
        let bytes = match stores.of(&at)?.read(&at, LIMIT).await {
            Ok(bytes) => bytes,
            Err(error) if error.kind == Kind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        Self::of(&bytes).map(Some)
    }

    fn of(bytes: &[u8]) -> Result<Self, WatermarkError> {
        let wrong = |why: String| WatermarkError::Wrong(why);
        let read: Self = serde_json::from_slice(bytes).map_err(|error| wrong(error.to_string()))?;
        if read.version > VERSION {
            return Err(wrong(format!("it has version {}", read.version)));
        }
        Ok(read)
    }

    /// Writes it.
    pub async fn write(&self, stores: &Stores, bucket: &str) -> Result<(), StoreError> {
        let at = location(bucket);
        let bytes = serde_json::to_vec(self).expect("a watermark is plain data with text keys");
        stores.of(&at)?.write(bytes, &at, "application/json").await
    }
}

fn location(bucket: &str) -> Location {
    Location::S3 {
        bucket: bucket.to_owned(),
        key: KEY.to_owned(),
    }
}

/// A watermark that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum WatermarkError {
    /// The bucket refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The document is none, or one of a newer program.
    #[error(
        "`{KEY}` cannot be used: {0} (use a newer program, or delete it: then 30 days are exported again)"
    )]
    Wrong(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_the_document() {
        let text = r#"{"version":1,"until":"2026-11-30T20:30:00Z","written":"2026-11-30T20:31:00Z","traces":7,"documents":12}"#;
        let read = Watermark::of(text.as_bytes()).expect("it is one");
        assert_eq!(serde_json::to_string(&read).expect("JSON"), text);
        let newer = Watermark::of(text.replace(":1,", ":2,").as_bytes());
        assert!(
            newer
                .expect_err("a newer one")
                .to_string()
                .contains("version 2")
        );
        assert!(Watermark::of(b"{}").is_err());
    }
}
