//! Stage *fetch*: what is not on this machine comes here; side files are put under their names. What a mount has of the data bucket
//! is no copy but a link to it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ffbatch_dispatcher::event::{Event, Progress, Stage};
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::pattern;
use ffbatch_dispatcher::report::FileReport;
use ffbatch_storage::{Entry, Meter, Stores};
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::time::Instant;

use crate::check::{Fetch, Plan, What};
use crate::emit::emit;
use crate::failure::Failure;
use crate::mount::Mount;
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
    from: Entry,
    to: PathBuf,
    /// The file of this machine that it is already.
    mounted: Option<PathBuf>,
}

/// What came.
#[derive(Debug)]
pub struct Fetched {
    /// The inputs, for the report.
    pub inputs: Vec<FileReport>,
    /// Files of a mounted bucket that ffmpeg has to be allowed to read.
    pub mounted: Vec<PathBuf>,
    /// What of a mounted bucket was copied nevertheless, in a sentence.
    pub remark: Option<String>,
}

/// Brings everything that the plan names, and tells what came.
pub async fn fetch(plan: &Plan, stores: &Stores) -> Result<Fetched, Failure> {
    let followed = follow::follow(&plan.fetches, stores).await?;
    let moves = moves(&followed.fetches, stores).await?;
    // A file system behind a network may take its time.
    let (moves, remark) = tokio::task::spawn_blocking(|| in_mount(moves))
        .await
        .map_err(|error| Failure::new(Exit::Internal, error.to_string()))?;
    let copied = moves.iter().filter(|one| one.mounted.is_none());
    let total: u64 = copied.filter_map(|one| one.from.size_bytes).sum();
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
            ..FileReport::default()
        });
    Ok(Fetched {
        inputs: in_place(&plan.reads).chain(texts).chain(fetched).collect(),
        mounted: moves.into_iter().filter_map(|one| one.mounted).collect(),
        remark,
    })
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
        format!("`{}` cannot be put in place: {error}", path.display()),
    )
}

/// The files that are read where they are. Their directories, which a pattern stands for, are not counted.
fn in_place(reads: &[PathBuf]) -> impl Iterator<Item = FileReport> + '_ {
    reads.iter().filter_map(|path| {
        let metadata = path.metadata().ok().filter(std::fs::Metadata::is_file)?;
        Some(FileReport {
            location: path.display().to_string(),
            bytes: Some(metadata.len()),
            ..FileReport::default()
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
            from: entry,
            to: fetch.to.clone(),
            mounted: None,
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
                from: entry,
                mounted: None,
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

/// Finds what a mount has of these, and says so where it lacks some of its bucket.
fn in_mount(mut moves: Vec<Move>) -> (Vec<Move>, Option<String>) {
    let Some(mount) = Mount::named() else {
        return (moves, None);
    };
    let mut refused = Vec::new();
    for one in &mut moves {
        match mount.find(&one.from) {
            Some(Ok(path)) => one.mounted = Some(path),
            Some(Err(why)) => refused.push((one.from.location.to_string(), why)),
            None => {}
        }
    }
    let remark = refused.first().map(|(first, why)| {
        let others = match refused.len() - 1 {
            0 => "was".to_owned(),
            others => format!("and {others} more were"),
        };
        let root = mount.root().display();
        format!("`{first}` {others} copied, not read at `{root}`: {why}")
    });
    (moves, remark)
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
    let location = &one.from.location;
    if let Some(mounted) = &one.mounted {
        tokio::fs::symlink(mounted, &one.to)
            .await
            .map_err(|error| unplaced(mounted, &error))?;
        return Ok(FileReport {
            location: location.to_string(),
            bytes: one.from.size_bytes,
            read_at: Some(mounted.display().to_string()),
            ..FileReport::default()
        });
    }
    let store = stores
        .of(location)
        .map_err(|error| Failure::store(Exit::Input, &error))?;
    let bytes = store
        .get(location, &one.to, meter)
        .await
        .map_err(|error| Failure::store(Exit::Input, &error))?;
    Ok(FileReport {
        location: location.to_string(),
        bytes: Some(bytes),
        ..FileReport::default()
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
