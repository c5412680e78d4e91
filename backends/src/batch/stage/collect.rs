//! Results come back: of each job that succeeded what lies under its prefixes, into the directories that these stand for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use aws_sdk_batch::types::{ArrayPropertiesDetail, JobDetail as Found};
use ffbatch_dispatcher::compute::{Brought, ComputeError};
use ffbatch_dispatcher::event::{Event, Stage};
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::location::Location;
use ffbatch_dispatcher::state::State;
use ffbatch_dispatcher::variable::SUBMISSION;
use ffbatch_storage::{Entry, Meter, StoreError, Stores};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::Staging;
use super::progress::watched;
use super::record::Record;
use super::results::Root;
use crate::batch::client::Client;
use crate::batch::{ask, list, summary};

/// How many files move at once.
const AT_ONCE: usize = 8;

/// Which jobs of a submission are meant.
type Indexes = BTreeSet<usize>;

/// Brings the results of these jobs, as far as they have succeeded, and tells what lies where.
pub async fn collect(
    client: &Client,
    staging: &Staging,
    jobs: &[String],
    on: &mut (dyn FnMut(Event) + Send),
) -> Result<Vec<Brought>, ComputeError> {
    let records = staging.records()?;
    let mut wanted: BTreeMap<String, (Record, Indexes)> = BTreeMap::new();
    for found in ask::describe(client, jobs).await? {
        let Some(submission) = summary::variable(&found, SUBMISSION) else {
            continue;
        };
        if !wanted.contains_key(&submission) {
            let Some(record) = records.read(&submission)? else {
                continue;
            };
            wanted.insert(submission.clone(), (record, Indexes::new()));
        }
        let succeeded = succeeded(client, &found).await?;
        if let Some((_, indexes)) = wanted.get_mut(&submission) {
            indexes.extend(succeeded);
        }
    }
    let mut brought = Vec::new();
    for (submission, (mut record, indexes)) in wanted {
        brought.extend(bring(client, &record, &indexes, on).await?);
        let before = record.collected.len();
        record.collected.extend(indexes);
        if record.collected.len() > before {
            records.write(&submission, &record)?;
        }
    }
    Ok(brought)
}

/// The numbers of what has succeeded: of a single job or of a child its own, of an array those of its children.
async fn succeeded(client: &Client, found: &Found) -> Result<Indexes, ComputeError> {
    let summary = summary::of(found)?;
    let own = found
        .array_properties()
        .and_then(ArrayPropertiesDetail::index);
    let well = summary.state == State::Succeeded;
    if summary.array.is_none() {
        let index = own.and_then(|index| usize::try_from(index).ok());
        return Ok(well
            .then(|| index.unwrap_or_default())
            .into_iter()
            .collect());
    }
    let size = found
        .array_properties()
        .and_then(ArrayPropertiesDetail::size);
    let size = size.and_then(|size| usize::try_from(size).ok());
    if let Some(size) = size.filter(|_| well) {
        return Ok((0..size).collect());
    }
    let children = list::children(client, &summary.id).await?;
    let well = children
        .iter()
        .filter(|child| child.state == State::Succeeded);
    let indexes = well.filter_map(|child| usize::try_from(list::index(&child.id)).ok());
    Ok(indexes.collect())
}

/// One object, and where it belongs.
#[derive(Debug, Clone)]
struct Move {
    from: Location,
    to: PathBuf,
    bytes: u64,
    /// Whether it came before.
    collected: bool,
}

async fn bring(
    client: &Client,
    record: &Record,
    indexes: &Indexes,
    on: &mut (dyn FnMut(Event) + Send),
) -> Result<Vec<Brought>, ComputeError> {
    let roots: BTreeMap<&str, (&Root, bool)> = indexes
        .iter()
        .flat_map(|index| {
            let roots = record.jobs.get(*index).into_iter().flatten();
            roots.map(|root| (root.from.as_str(), (root, record.collected.contains(index))))
        })
        .collect();
    let at = |key: &str| Location::S3 {
        bucket: record.bucket.clone(),
        key: key.to_owned(),
    };
    let Some(prefix) = common(&roots) else {
        return Ok(Vec::new());
    };
    let store = client.stores.of(&at(prefix)).map_err(unbrought)?;
    let listed = store.list(&at(prefix)).await.map_err(unbrought)?;
    let mut all: Vec<Move> = Vec::new();
    for entry in listed {
        all.extend(destined(entry, &roots)?);
    }
    let absent = all.iter().filter(|one| !one.collected || !one.to.exists());
    let absent: Vec<Move> = absent.cloned().collect();
    if !absent.is_empty() {
        let meter = Meter::default();
        let total = absent.iter().map(|one| one.bytes).sum();
        let moving = async {
            // Whoever reads a playlist finds all that it names.
            let (last, first): (Vec<Move>, Vec<Move>) = absent
                .into_iter()
                .partition(|one| matches!(one.from.extension().as_str(), "m3u8" | "mpd"));
            for wave in [first, last] {
                let fetched = wave
                    .into_iter()
                    .map(|one| fetch(&client.stores, one, &meter));
                let mut fetched = stream::iter(fetched).buffer_unordered(AT_ONCE);
                while fetched.try_next().await?.is_some() {}
            }
            Ok(())
        };
        watched(Stage::Download, moving, &meter, total, on).await?;
    }
    let brought = all.into_iter().map(|one| Brought {
        from: one.from,
        to: one.to,
        bytes: one.bytes,
    });
    Ok(brought.collect())
}

/// What all prefixes begin with, up to a slash; nothing where there are none.
fn common<'a>(roots: &BTreeMap<&'a str, (&Root, bool)>) -> Option<&'a str> {
    // They are sorted, so the first and the last differ the most.
    let (first, last) = (*roots.keys().next()?, *roots.keys().next_back()?);
    let same = first
        .bytes()
        .zip(last.bytes())
        .take_while(|(own, other)| own == other)
        .count();
    let slash = first.as_bytes()[..same]
        .iter()
        .rposition(|byte| *byte == b'/')?;
    Some(&first[..=slash])
}

/// Where an object belongs; nothing where it is that of a job that is not meant. One that would lie outside is refused: what a
/// container wrote must not choose a place here.
fn destined(
    entry: Entry,
    roots: &BTreeMap<&str, (&Root, bool)>,
) -> Result<Option<Move>, ComputeError> {
    let Location::S3 { key, .. } = &entry.location else {
        return Ok(None);
    };
    let before = roots.range(..=key.as_str()).next_back();
    let Some((below, root, collected)) = before
        .and_then(|(from, (root, collected))| Some((key.strip_prefix(from)?, root, *collected)))
    else {
        return Ok(None);
    };
    if !is_beneath(below) {
        return Err(ComputeError {
            exit: Exit::Output,
            ..ComputeError::machine(format!(
                "`{}` would lie outside of `{}`, so nothing was brought (look at what the job wrote there, and remove it)",
                entry.location, root.to
            ))
        });
    }
    Ok(Some(Move {
        to: Path::new(&root.to).join(below),
        bytes: entry.size_bytes.unwrap_or_default(),
        collected,
        from: entry.location,
    }))
}

/// Whether a name leads to a file beneath the directory to which it is joined.
fn is_beneath(name: &str) -> bool {
    !name.contains('\0') && name.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

async fn fetch(stores: &Stores, one: Move, meter: &Meter) -> Result<(), ComputeError> {
    let directory = one.to.parent().unwrap_or(Path::new("/"));
    tokio::fs::create_dir_all(directory)
        .await
        .map_err(|error| {
            let message = format!("the directory `{}` cannot be made", directory.display());
            ComputeError {
                exit: Exit::Output,
                ..ComputeError::machine(message).because(error)
            }
        })?;
    // Whoever linked `out.mp4` to a bigger disk means that disk.
    let to = tokio::fs::canonicalize(&one.to)
        .await
        .unwrap_or_else(|_| one.to.clone());
    let store = stores.of(&one.from).map_err(unbrought)?;
    store.get(&one.from, &to, meter).await.map_err(unbrought)?;
    Ok(())
}

fn unbrought(error: StoreError) -> ComputeError {
    ComputeError {
        exit: Exit::Output,
        ..ComputeError::machine("a result cannot be brought to this machine").because(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(number: usize) -> Root {
        Root {
            from: format!("results/id/{number}/"),
            to: format!("/out/{number}"),
        }
    }

    /// Where a key belongs, of the jobs 1 and 10.
    fn place(key: &str) -> Result<Option<PathBuf>, String> {
        let all = [root(1), root(10)];
        let roots = all.iter().map(|root| (root.from.as_str(), (root, false)));
        let location = format!("s3://b/{key}").parse().expect("a location");
        let entry = Entry {
            location,
            size_bytes: Some(1),
            etag: None,
            modified: None,
        };
        let found = destined(entry, &roots.collect());
        found
            .map(|found| found.map(|one| one.to))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn each_result_goes_to_its_own_directory() {
        assert_eq!(
            place("results/id/1/a/b.ts"),
            Ok(Some("/out/1/a/b.ts".into()))
        );
        assert_eq!(place("results/id/10/c"), Ok(Some("/out/10/c".into())));
        assert_eq!(place("results/id/2/c"), Ok(None));
        assert_eq!(place("results/id/100/c"), Ok(None));
    }

    #[test]
    fn a_key_chose_a_place_outside() {
        for name in [
            "../x",
            "a/../../x",
            "/etc/passwd",
            "a//b",
            ".",
            "a/./b",
            "..",
        ] {
            let refused = place(&format!("results/id/1/{name}"));
            let why = refused.expect_err(name);
            assert!(why.contains("would lie outside of `/out/1`"), "{why}");
        }
        assert!(!is_beneath("a\0b"));
    }

    #[test]
    fn one_listing_holds_all() {
        let all = [root(1), root(10)];
        let of = |roots: &[Root]| {
            let roots = roots.iter().map(|root| (root.from.as_str(), (root, false)));
            common(&roots.collect()).map(str::to_owned)
        };
        assert_eq!(of(&all[..1]).as_deref(), Some("results/id/1/"));
        assert_eq!(of(&all).as_deref(), Some("results/id/"));
        assert_eq!(of(&[]), None);
    }
}
