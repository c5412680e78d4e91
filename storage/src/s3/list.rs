//! Listing a prefix, page by page.
//!
//! Keys are asked for in URL encoding, because XML 1.0 cannot carry every character that a key may hold.

use std::borrow::Cow;

use aws_sdk_s3::types::EncodingType;
use ffbatch_dispatcher::location::Location;
use percent_encoding::percent_decode_str;

use super::refusal::Doing;
use super::stat::time;
use super::{Object, S3Store};
use crate::{Entry, Kind, StoreError};

impl S3Store {
    pub(super) async fn list_objects(&self, prefix: Object<'_>) -> Result<Vec<Entry>, StoreError> {
        let mut found = Vec::new();
        let mut next: Option<String> = None;
        loop {
            let token = &next;
            let page = self
                .ask(Doing::List, prefix, |client| {
                    client
                        .list_objects_v2()
                        .bucket(prefix.bucket)
                        .prefix(prefix.key)
                        .encoding_type(EncodingType::Url)
                        .set_continuation_token(token.clone())
                        .send()
                })
                .await?;
            let encoded = page.encoding_type() == Some(&EncodingType::Url);
            for item in page.contents() {
                let key = decoded(item.key().unwrap_or_default(), encoded, prefix)?;
                let size_bytes = item.size().and_then(|size| u64::try_from(size).ok());
                if key.ends_with('/') && size_bytes == Some(0) {
                    continue;
                }
                found.push(Entry {
                    location: Location::S3 {
                        bucket: prefix.bucket.to_owned(),
                        key,
                    },
                    size_bytes,
                    etag: item.e_tag().map(str::to_owned),
                    modified: item.last_modified().copied().and_then(time),
                });
            }
            next = page.next_continuation_token().map(str::to_owned);
            if next.is_none() {
                break;
            }
        }
        // S3 sorts by UTF-8 bytes as well; directory buckets do not sort at all.
        found.sort_by(|one, other| one.location.cmp(&other.location));
        Ok(found)
    }
}

/// A key as it is. S3 writes a space as `+`, as forms do.
pub(super) fn decoded(key: &str, encoded: bool, prefix: Object<'_>) -> Result<String, StoreError> {
    if !encoded {
        return Ok(key.to_owned());
    }
    percent_decode_str(&key.replace('+', " "))
        .decode_utf8()
        .map(Cow::into_owned)
        .map_err(|error| {
            StoreError::new(
                Kind::Other,
                prefix.at,
                format!("holds a key that is not UTF-8, `{key}` (rename it)"),
            )
            .because(error.to_string())
        })
}
