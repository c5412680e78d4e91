//! Stage *fetch*: what is not on this machine comes here; side files are put under their names.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ffbatch_dispatcher::event::{Event, Progress, Stage};
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::location::Location;
use ffbatch_dispatcher::pattern;
use ffbatch_dispatcher::report::FileReport;
use ffbatch_storage::{Meter, Stores};
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::time::Instant;

use crate::check::{Fetch, Plan, What};
use crate::emit::emit;
use crate::failure::Failure;
use crate::scratch::Scratch;
use crate::staging::file_name;

mod follow;

/// How many files move at once. One large file is moved in parallel parts by its store.
const AT_ONCE: usize = 8;

/// How many files are looked up at once.
const ASKED_AT_ONCE: usize = 32;

/// How often a moving stage says how far it is.
const REPORT_EVERY: Duration = Duration::from_millis(500);

/// Space that must stay free beside what is fetched, in bytes.
const MARGIN: u64 = 16 << 20;

/// One object on its way.
#[derive(Debug)]
struct Move {
    from: Location,
    to: PathBuf,
    bytes: Option<u64>,
}

/// Brings everything that the plan names, and tells what came.
pub async fn fetch(plan: &Plan, stores: &Stores) -> Result<Vec<FileReport>, Failure> {
    let followed = follow::follow(&plan.fetches, stores).await?;
    let moves = moves(&followed.fetches, stores).await?;
    let total: u64 = moves.iter().filter_map(|one| one.bytes).sum();
    space(&plan.scratch, total)?;
    let meter = Arc::new(Meter::default());
    let moving = stream::iter(moves.iter().map(|one| bring(one, stores, &meter)))
        .buffered(AT_ONCE)
        .try_collect::<Vec<FileReport>>();
    let fetched = watched(Stage::Fetch, moving, &meter, total).await?;
    let own = plan.texts.iter().map(|(path, text)| (path, text));
    let followed_texts = followed.texts.iter().map(|(path, text, _)| (path, text));
    for (path, text) in own.chain(followed_texts) {
        beneath(path)?;
        std::fs::write(path, text).map_err(|error| unplaced(path, &error))?;
    }
    for (name, target) in plan.links.iter().chain(&followed.links) {
        beneath(name)?;
        std::os::unix::fs::symlink(target, name).map_err(|error| unplaced(target, &error))?;
    }
    let texts = followed
        .texts
        .into_iter()
        .map(|(_, text, from)| FileReport {
            location: from.to_string(),
            bytes: Some(text.len() as u64),
            sha256: None,
            duration_secs: None,
        });
    Ok(in_place(&plan.reads).chain(texts).chain(fetched).collect())
}

/// Makes the directory of a path.
fn beneath(path: &Path) -> Result<(), Failure> {
    let directory = path.parent().unwrap_or(Path::new("/"));
    std::fs::create_dir_all(directory).map_err(|error| {
        Failure::new(
            Exit::Machine,
            format!("`{}` cannot be made: {error}", directory.display()),
        )
    })
}

fn unplaced(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(
        Exit::Machine,
        format!(
            "the side file `{}` cannot be put in place: {error}",
            path.display()
        ),
    )
}

/// The files that are read where they are. Their directories, which a pattern stands for, are not counted.
fn in_place(reads: &[PathBuf]) -> impl Iterator<Item = FileReport> + '_ {
    reads.iter().filter_map(|path| {
        let metadata = path.metadata().ok().filter(std::fs::Metadata::is_file)?;
        Some(FileReport {
            location: path.display().to_string(),
            bytes: Some(metadata.len()),
            sha256: None,
            duration_secs: None,
        })
    })
}

/// Runs a moving stage and reports its progress.
pub async fn watched<T>(
    stage: Stage,
    moving: impl Future<Output = T>,
    meter: &Meter,
    total: u64,
) -> T {
    // The first tick of a plain interval comes with the next turn of the clock, which would be a millisecond of every job.
    let mut tick = tokio::time::interval_at(Instant::now() + REPORT_EVERY, REPORT_EVERY);
    let mut moving = std::pin::pin!(moving);
    loop {
        tokio::select! {
            done = &mut moving => return done,
            _ = tick.tick() => emit(&Event::Progress(progress(stage, meter.bytes(), total))),
        }
    }
}

fn progress(stage: Stage, bytes: u64, total: u64) -> Progress {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a percentage needs no more than 52 bits"
    )]
    let percent = (total > 0).then(|| (bytes as f64 / total as f64 * 100.0).min(100.0));
    Progress {
        bytes: Some(bytes),
        total_bytes: (total > 0).then_some(total),
        percent,
        ..Progress::of(stage)
    }
}

/// What each fetch means: one object, or all that match a pattern. A playlist may have thousands, so many are asked at once.
async fn moves(fetches: &[Fetch], stores: &Stores) -> Result<Vec<Move>, Failure> {
    stream::iter(fetches.iter().map(|fetch| expand(fetch, stores)))
        .buffered(ASKED_AT_ONCE)
        .try_concat()
        .await
}

async fn expand(fetch: &Fetch, stores: &Stores) -> Result<Vec<Move>, Failure> {
    let store = stores
        .of(&fetch.from)
        .map_err(|error| Failure::store(Exit::Input, &error))?;
    let What::Pattern(kind) = fetch.what else {
        let entry = store
            .stat(&fetch.from)
            .await
            .map_err(|error| Failure::store(Exit::Input, &error))?;
        if entry.size_bytes == Some(0) {
            return Err(Failure::new(
                Exit::Input,
                format!("`{}` is empty (0 bytes)", fetch.from),
            ));
        }
        return Ok(vec![Move {
            from: fetch.from.clone(),
            to: fetch.to.clone(),
            bytes: entry.size_bytes,
        }]);
    };
    let entries = store
        .list(&pattern::prefix(kind, &fetch.from))
        .await
        .map_err(|error| Failure::store(Exit::Input, &error))?;
    let fixed = pattern::fixed(kind, pattern::path(&fetch.from));
    let moves: Vec<Move> = entries
        .into_iter()
        .filter(|entry| pattern::matches(kind, &fetch.from, &entry.location))
        .map(|entry| {
            let below = &pattern::path(&entry.location)[fixed..];
            Move {
                to: fetch
                    .to
                    .join(below.split('/').map(file_name).collect::<PathBuf>()),
                bytes: entry.size_bytes,
                from: entry.location,
            }
        })
        .collect();
    if moves.is_empty() {
        return Err(Failure::new(
            Exit::Input,
            format!(
                "nothing matches `{}` (check the pattern and the prefix)",
                fetch.from
            ),
        ));
    }
    Ok(moves)
}

async fn bring(one: &Move, stores: &Stores, meter: &Meter) -> Result<FileReport, Failure> {
    if let Some(directory) = one.to.parent() {
        tokio::fs::create_dir_all(directory)
            .await
            .map_err(|error| {
                Failure::new(
                    Exit::Machine,
                    format!("`{}` cannot be made: {error}", directory.display()),
                )
            })?;
    }
    let store = stores
        .of(&one.from)
        .map_err(|error| Failure::store(Exit::Input, &error))?;
    let bytes = store
        .get(&one.from, &one.to, meter)
        .await
        .map_err(|error| Failure::store(Exit::Input, &error))?;
    Ok(FileReport {
        location: one.from.to_string(),
        bytes: Some(bytes),
        sha256: None,
        duration_secs: None,
    })
}

/// Refuses before the first byte when the known sizes do not fit.
fn space(scratch: &Scratch, total: u64) -> Result<(), Failure> {
    if total == 0 {
        return Ok(());
    }
    let directory = scratch.path()?;
    let free = ffbatch_storage::free_bytes(directory)
        .map_err(|error| Failure::store(Exit::Machine, &error))?;
    if total.saturating_add(MARGIN) > free {
        return Err(Failure::new(
            Exit::Machine,
            format!(
                "the inputs need {} MiB, `{}` has {} MiB free (free some space, or set FFBATCH_WORK_DIR to another disk)",
                total >> 20,
                directory.display(),
                free >> 20
            ),
        ));
    }
    Ok(())
}
