//! A bucket as a whole: what it is tagged with, and its end.

use std::collections::BTreeMap;

use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use aws_sdk_s3::types::{Delete, EncodingType, ObjectIdentifier};
use ffbatch_dispatcher::location::Location;

use super::list::decoded;
use super::refusal::Doing;
use super::{Object, S3Settings, S3Store};
use crate::{Kind, StoreError};

/// A bucket.
#[derive(Debug)]
pub struct Bucket {
    store: S3Store,
    name: String,
    at: Location,
}

impl Bucket {
    /// The bucket of this name.
    pub fn new(settings: S3Settings, name: &str) -> Self {
        Self {
            store: S3Store::new(settings),
            name: name.to_owned(),
            at: Location::S3 {
                bucket: name.to_owned(),
                key: String::new(),
            },
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its tags; `None` where there is no such bucket.
    pub async fn tags(&self) -> Result<Option<BTreeMap<String, String>>, StoreError> {
        let asked = self
            .store
            .ask(Doing::Read, self.object(), |client| {
                client.get_bucket_tagging().bucket(&self.name).send()
            })
            .await;
        match asked {
            Ok(answer) => {
                let tags = answer.tag_set().iter();
                let pairs = tags.map(|tag| (tag.key().to_owned(), tag.value().to_owned()));
                Ok(Some(pairs.collect()))
            }
            Err(error) if error.kind == Kind::NoBucket => Ok(None),
            // `NoSuchTagSet`: that there are no tags is an error (Amazon S3 API Reference, `GetBucketTagging`).
            Err(error) if error.kind == Kind::NotFound => Ok(Some(BTreeMap::new())),
            Err(error) => Err(error),
        }
    }

    /// Deletes every version of every object, and tells after each step how many are gone.
    pub async fn empty(&self, on: &mut (dyn FnMut(u64) + Send)) -> Result<u64, StoreError> {
        let mut gone = 0;
        loop {
            // What was listed is gone afterwards, so the next page is again the first.
            let page = self
                .store
                .ask(Doing::List, self.object(), |client| {
                    let call = client.list_object_versions().bucket(&self.name);
                    call.encoding_type(EncodingType::Url).send()
                })
                .await?;
            let versions = self.versions(&page)?;
            if versions.is_empty() {
                return Ok(gone);
            }
            let (plain, odd): (Vec<_>, Vec<_>) =
                versions.into_iter().partition(|one| fits_xml(one.key()));
            gone += (plain.len() + odd.len()) as u64;
            if !plain.is_empty() {
                self.delete(plain).await?;
            }
            for one in odd {
                self.delete_one(&one).await?;
            }
            on(gone);
        }
    }

    /// Deletes the bucket, which has to be empty.
    pub async fn remove(&self) -> Result<(), StoreError> {
        let asked = self.store.ask(Doing::Remove, self.object(), |client| {
            client.delete_bucket().bucket(&self.name).send()
        });
        asked.await.map(|_| ())
    }

    fn object(&self) -> Object<'_> {
        Object {
            at: &self.at,
            bucket: &self.name,
            key: "",
        }
    }

    fn versions(
        &self,
        page: &ListObjectVersionsOutput,
    ) -> Result<Vec<ObjectIdentifier>, StoreError> {
        let encoded = page.encoding_type() == Some(&EncodingType::Url);
        let objects = page.versions().iter();
        let objects = objects.map(|one| (one.key(), one.version_id()));
        let markers = page.delete_markers().iter();
        let markers = markers.map(|one| (one.key(), one.version_id()));
        let mut all = Vec::new();
        for (key, version) in objects.chain(markers) {
            let key = decoded(key.unwrap_or_default(), encoded, self.object())?;
            let one = ObjectIdentifier::builder().key(key);
            let one = one.set_version_id(version.map(str::to_owned)).build();
            all.push(one.expect("it has a key"));
        }
        Ok(all)
    }

    /// Deletes what one page has listed: 1,000 at most, which is what a call takes.
    async fn delete(&self, versions: Vec<ObjectIdentifier>) -> Result<(), StoreError> {
        let delete = Delete::builder().set_objects(Some(versions)).quiet(true);
        let delete = delete.build().expect("it has objects");
        let answer = self
            .store
            .ask(Doing::Remove, self.object(), |client| {
                let call = client.delete_objects().bucket(&self.name);
                call.delete(delete.clone()).send()
            })
            .await?;
        let Some(first) = answer.errors().first() else {
            return Ok(());
        };
        let at = Location::S3 {
            bucket: self.name.clone(),
            key: first.key().unwrap_or_default().to_owned(),
        };
        let said = format!(
            "S3 answered {}: {}",
            first.code().unwrap_or("an error without a name"),
            first.message().unwrap_or("no reason given")
        );
        let what = "cannot be removed (look at what S3 says of it, and ask again)";
        Err(StoreError::new(Kind::Other, &at, what).because(said))
    }

    async fn delete_one(&self, one: &ObjectIdentifier) -> Result<(), StoreError> {
        let asked = self.store.ask(Doing::Remove, self.object(), |client| {
            let call = client.delete_object().bucket(&self.name).key(one.key());
            call.set_version_id(one.version_id().map(str::to_owned))
                .send()
        });
        asked.await.map(|_| ())
    }
}

/// Whether XML 1.0 can carry a key, as a list of keys to delete has to (its section 2.2).
fn fits_xml(key: &str) -> bool {
    key.chars().all(|c| {
        matches!(c, '\t' | '\n' | '\r') || (c >= ' ' && c != '\u{fffe}' && c != '\u{ffff}')
    })
}

#[cfg(test)]
mod tests {
    use super::fits_xml;

    #[test]
    fn keys_that_a_list_can_name() {
        assert!(fits_xml("a b/ä\n"));
        assert!(!fits_xml("a\u{1}"));
        assert!(!fits_xml("\u{ffff}"));
    }
}
