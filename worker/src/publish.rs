//! Stage *publish*: what ffmpeg wrote appears under its final names. Everything it wrote, inputs never.
//!
//! Manifests (`.m3u8`, `.mpd`, lists of the segment muxer) come last, and among them those that name other playlists: whoever
//! reads one finds all that it names. Existing files are overwritten; nothing
//! is deleted, so that segments of an earlier, longer run stay and are simply not named by the new manifest.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use ffbatch_dispatcher::command::{Implicit, Role};
use ffbatch_dispatcher::event::Stage;
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::location::Location;
use ffbatch_dispatcher::report::FileReport;
use ffbatch_storage::{Meter, Stores};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::check::Plan;
use crate::failure::Failure;
use crate::fetch::watched;

/// How many files move at once.
const AT_ONCE: usize = 8;

/// Where a playlist says that it names other playlists: within its first bytes (RFC 8216, section 4.3.4).
const MASTER_WITHIN: u64 = 16 << 10;

/// The option that names the segment muxer's list.
const SEGMENT_LIST: &str = "-segment_list";

/// What the names of the logs between two passes have in common: `ffmpeg2pass-0.log`, `x264_2pass.log`, `x265_2pass.log`. Other
/// files with a name of ffmpeg's own choice (`-report`, `-vstats`) were asked for.
const PASS_LOG: &str = "2pass";

/// What is published together, after all of the earlier waves is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Wave {
    Media,
    Manifests,
    /// Playlists of playlists.
    Masters,
}

/// Publishes all that was written, and tells what. `done` holds what was published also when this fails halfway.
pub async fn publish(
    plan: &Plan,
    stores: &Stores,
    done: &mut Vec<FileReport>,
) -> Result<(), Failure> {
    let written = plan.staging.written().map_err(|error| {
        Failure::new(
            Exit::Output,
            format!("what ffmpeg wrote cannot be listed: {error}"),
        )
    })?;
    let wanted: Vec<(PathBuf, Location)> = written
        .into_iter()
        .filter(|(path, _)| !is_scratch(plan, path))
        .collect();
    missing(plan, &wanted)?;
    let mut waves: BTreeMap<Wave, Vec<(PathBuf, Location)>> = BTreeMap::new();
    let mut total = 0;
    for (path, to) in wanted {
        total += path
            .metadata()
            .map_err(|error| unreadable(&path, &error))?
            .len();
        let wave = wave(plan, &path, &to).map_err(|error| unreadable(&path, &error))?;
        waves.entry(wave).or_default().push((path, to));
    }
    let meter = Meter::default();
    for batch in waves.values() {
        let moves = batch
            .iter()
            .map(|(path, to)| place(path, to, stores, &meter));
        let moving = carry(moves, done);
        watched(Stage::Publish, moving, &meter, total).await?;
    }
    Ok(())
}

/// Carries out the moves, several at once, and adds what arrived in the order of the locations, whichever was faster.
async fn carry(
    moves: impl Iterator<Item = impl Future<Output = Result<FileReport, Failure>>>,
    done: &mut Vec<FileReport>,
) -> Result<(), Failure> {
    let before = done.len();
    let result = stream::iter(moves)
        .buffer_unordered(AT_ONCE)
        .try_for_each(|report| {
            done.push(report);
            std::future::ready(Ok(()))
        })
        .await;
    done[before..].sort_by(|one, other| one.location.cmp(&other.location));
    result
}

/// Asks every bucket that will be written to whether it is there: an encode of hours must not end with a misspelt name.
pub async fn reachable(plan: &Plan, stores: &Stores) -> Result<(), Failure> {
    let places = plan
        .commands
        .iter()
        .flat_map(|planned| &planned.parsed.places);
    let mut asked = BTreeSet::new();
    for place in places.filter(|place| place.role.is_write()) {
        let Location::S3 { bucket, .. } = &place.location else {
            continue;
        };
        if !asked.insert(bucket) {
            continue;
        }
        let store = stores
            .of(&place.location)
            .map_err(|error| Failure::store(Exit::Output, &error))?;
        store
            .ready(&place.location)
            .await
            .map_err(|error| Failure::store(Exit::Output, &error))?;
    }
    Ok(())
}

async fn place(
    path: &Path,
    to: &Location,
    stores: &Stores,
    meter: &Meter,
) -> Result<FileReport, Failure> {
    let (bytes, sha256) = {
        let path = path.to_owned();
        tokio::task::spawn_blocking(move || {
            ffbatch_storage::digest::file(&path).map_err(|error| unreadable(&path, &error))
        })
        .await
        .map_err(|error| Failure::new(Exit::Internal, error.to_string()))??
    };
    let store = stores
        .of(to)
        .map_err(|error| Failure::store(Exit::Output, &error))?;
    store
        .put(path, to, meter)
        .await
        .map_err(|error| Failure::store(Exit::Output, &error))?;
    Ok(FileReport {
        location: to.to_string(),
        bytes: Some(bytes),
        sha256: Some(sha256),
        ..FileReport::default()
    })
}

/// Every output that is one file must be there.
fn missing(plan: &Plan, wanted: &[(PathBuf, Location)]) -> Result<(), Failure> {
    for planned in &plan.commands {
        for place in planned
            .parsed
            .places
            .iter()
            .filter(|place| place.role == Role::Output && !place.is_pattern())
        {
            let Ok(path) = plan.staging.local(&place.location) else {
                continue;
            };
            if !wanted.iter().any(|(written, _)| *written == path) {
                return Err(Failure::new(
                    Exit::Output,
                    format!(
                        "ffmpeg succeeded but did not write `{}` (look at its log: ffbatch run -v)",
                        place.text
                    ),
                ));
            }
        }
    }
    Ok(())
}

/// Files that ffmpeg leaves beside the outputs for its own next pass.
fn is_scratch(plan: &Plan, path: &Path) -> bool {
    let implicit = plan
        .commands
        .iter()
        .flat_map(|planned| &planned.parsed.implicit);
    implicit
        .filter(|one| one.role == Role::Prefix && one.name.contains(PASS_LOG))
        .any(|Implicit { name, .. }| {
            path.parent() == Some(&plan.directory)
                && path
                    .file_name()
                    .is_some_and(|file| file.to_string_lossy().starts_with(name.as_str()))
        })
}

/// Which wave a file goes with.
fn wave(plan: &Plan, path: &Path, to: &Location) -> io::Result<Wave> {
    let lists = plan.commands.iter().flat_map(|one| &one.parsed.places);
    let is_list = lists
        .filter(|place| place.named_by == SEGMENT_LIST)
        .any(|place| place.location == *to);
    match to.extension().as_str() {
        "m3u8" => {
            let mut start = Vec::new();
            File::open(path)?
                .take(MASTER_WITHIN)
                .read_to_end(&mut start)?;
            let is_master = String::from_utf8_lossy(&start).contains("#EXT-X-STREAM-INF");
            Ok(if is_master {
                Wave::Masters
            } else {
                Wave::Manifests
            })
        }
        "mpd" => Ok(Wave::Manifests),
        _ if is_list => Ok(Wave::Manifests),
        _ => Ok(Wave::Media),
    }
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::new(
        Exit::Output,
        format!(
            "what ffmpeg wrote cannot be read: `{}`: {error}",
            path.display()
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A move that takes so many turns of the runtime.
    async fn moved(location: &str, turns: u32, arrives: bool) -> Result<FileReport, Failure> {
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
        if !arrives {
            return Err(Failure::new(Exit::Output, location));
        }
        Ok(FileReport {
            location: location.to_owned(),
            ..FileReport::default()
        })
    }

    async fn carried(moves: &[(&str, u32, bool)]) -> (bool, Vec<String>) {
        let mut done = Vec::new();
        let moves = moves
            .iter()
            .map(|(name, turns, ok)| moved(name, *turns, *ok));
        let ok = carry(moves, &mut done).await.is_ok();
        (ok, done.into_iter().map(|one| one.location).collect())
    }

    #[tokio::test]
    async fn what_was_published_beside_a_file_that_failed_was_not_reported() {
        let (ok, done) = carried(&[("a", 9, false), ("b", 0, true)]).await;
        assert!(!ok);
        assert_eq!(done, ["b"]);
    }

    #[tokio::test]
    async fn the_order_does_not_tell_who_was_faster() {
        let (ok, done) = carried(&[("a", 9, true), ("b", 0, true)]).await;
        assert!(ok);
        assert_eq!(done, ["a", "b"]);
    }
}
