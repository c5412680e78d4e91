//! Inputs go up: each that is not there yet with its size, a few at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ffbatch_dispatcher::compute::ComputeError;
use ffbatch_dispatcher::event::{Event, Stage};
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::location::Location;
use ffbatch_storage::{Kind, Meter, Store, StoreError};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::hashes::Print;
use super::progress::watched;
use super::shelf::Content;
use crate::batch::client::Client;

/// How many files move at once. A large one moves in parallel parts by its store.
const AT_ONCE: usize = 4;

/// How many keys are asked for at once.
const ASKED_AT_ONCE: usize = 16;

/// From so many files under one prefix on they are listed, and not asked for one by one.
const LISTED: usize = 4;

/// How long clean-up may take that a broken transfer needs.
const SETTLE: Duration = Duration::from_secs(2);

/// The keys that are known to be there.
#[derive(Debug, Default)]
pub struct There(Mutex<BTreeSet<String>>);

impl There {
    fn holds(&self, key: &str) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.contains(key)
    }

    fn add(&self, keys: impl IntoIterator<Item = String>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.extend(keys);
    }
}

/// Sees to it that all of this lies in the bucket.
pub async fn upload(
    client: &Client,
    bucket: &str,
    contents: BTreeMap<String, Content>,
    there: &There,
    on: &mut (dyn FnMut(Event) + Send),
) -> Result<(), ComputeError> {
    let at = |key: &str| Location::S3 {
        bucket: bucket.to_owned(),
        key: key.to_owned(),
    };
    let store = client.stores.of(&at("")).map_err(unsent)?;
    let mut groups: BTreeMap<String, Vec<(String, Content)>> = BTreeMap::new();
    for (key, content) in contents {
        if !there.holds(&key) {
            let group = key.splitn(3, '/').take(2).collect::<Vec<_>>().join("/");
            groups.entry(group).or_default().push((key, content));
        }
    }
    let missing = groups.into_iter().map(|(group, files)| {
        let store = &store;
        async move { missing(store.as_ref(), &at(&format!("{group}/")), files, there, at).await }
    });
    let missing: Vec<(String, Content)> = stream::iter(missing)
        .buffer_unordered(ASKED_AT_ONCE)
        .try_concat()
        .await?;
    if missing.is_empty() {
        return Ok(());
    }
    let meter = Meter::default();
    let total = missing.iter().map(|(_, content)| content.bytes()).sum();
    let moving = missing.into_iter().map(|(key, content)| {
        let (store, meter) = (&store, &meter);
        async move {
            send(store.as_ref(), &at(&key), &content, meter).await?;
            there.add([key]);
            Ok(())
        }
    });
    let moving = stream::iter(moving)
        .buffer_unordered(AT_ONCE)
        .try_for_each(|()| std::future::ready(Ok(())));
    let sent = watched(Stage::Upload, moving, &meter, total, on).await;
    if sent.is_err() {
        client.stores.settle(SETTLE).await;
    }
    sent
}

/// Those files of one prefix that are not there.
async fn missing(
    store: &dyn Store,
    prefix: &Location,
    files: Vec<(String, Content)>,
    there: &There,
    at: impl Fn(&str) -> Location,
) -> Result<Vec<(String, Content)>, ComputeError> {
    let mut sizes: BTreeMap<Location, Option<u64>> = BTreeMap::new();
    if files.len() >= LISTED {
        let listed = store.list(prefix).await.map_err(unsent)?;
        sizes.extend(listed.into_iter().map(|one| (one.location, one.size_bytes)));
    } else {
        for (key, _) in &files {
            match store.stat(&at(key)).await {
                Ok(entry) => {
                    sizes.insert(entry.location, entry.size_bytes);
                }
                Err(error) if error.kind == Kind::NotFound => {}
                Err(error) => return Err(unsent(error)),
            }
        }
    }
    let (present, absent): (Vec<_>, Vec<_>) = files
        .into_iter()
        .partition(|(key, content)| sizes.get(&at(key)) == Some(&Some(content.bytes())));
    there.add(present.into_iter().map(|(key, _)| key));
    Ok(absent)
}

/// Sends one file or text.
async fn send(
    store: &dyn Store,
    to: &Location,
    content: &Content,
    meter: &Meter,
) -> Result<(), ComputeError> {
    let (path, hashed) = match content {
        Content::Text(text) => {
            let written = store
                .write(text.clone().into_bytes(), to, "text/plain")
                .await;
            meter.add(content.bytes());
            return written.map_err(unsent);
        }
        Content::File(path, hashed) => (path, hashed),
    };
    let unchanged = || Print::of(path).is_ok_and(|now| now == hashed.print);
    if unchanged() {
        // A store of another place than this machine copies, and leaves the source where it is.
        store.put(path, to, meter).await.map_err(unsent)?;
        if unchanged() {
            return Ok(());
        }
        // Other bytes than the key says must not be taken for these later: nothing that is empty is.
        store
            .write(Vec::new(), to, "application/octet-stream")
            .await
            .map_err(unsent)?;
    }
    Err(ComputeError {
        exit: Exit::Input,
        ..ComputeError::machine(format!(
            "`{}` changed while it was uploaded (wait until it is written, then run again)",
            path.display()
        ))
    })
}

fn unsent(error: StoreError) -> ComputeError {
    ComputeError::machine("an input of this machine cannot be brought into the bucket")
        .because(error)
}
