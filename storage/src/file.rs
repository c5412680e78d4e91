//! Paths of this machine.
//!
//! Publishing renames where source and target share a file system, and otherwise copies to a hidden file beside the target and
//! renames that. A link at the target is followed: whoever linked `out.mp4` to a bigger disk means that disk.
//!
//! The rename that publishes happens inside the future and not on another thread, which would go on after the future was dropped:
//! a job that was asked to stop publishes nothing more.

use std::fs::{self, File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use ffbatch_dispatcher::location::Location;

use crate::error::blocking;
use crate::partial::Partial;
use crate::{Entry, Kind, Meter, Store, StoreError};

mod list;
mod readable;

pub use readable::readable;

/// How many bytes are copied at a time. Between two steps the meter advances, and a dropped future stops the copy.
const STEP_BYTES: u64 = 8 << 20;

/// The store of local paths.
#[derive(Debug, Default)]
pub(crate) struct FileStore;

#[async_trait]
impl Store for FileStore {
    async fn stat(&self, at: &Location) -> Result<Entry, StoreError> {
        let path = path(at)?.to_owned();
        let meta = blocking(&path.clone(), move || regular(&path)).await?;
        Ok(entry(at.clone(), &meta))
    }

    async fn get(&self, from: &Location, to: &Path, meter: &Meter) -> Result<u64, StoreError> {
        let source = path(from)?.to_owned();
        let (partial, size) = copy(&source, to, meter).await?;
        partial.finish()?;
        Ok(size)
    }

    async fn put(&self, from: &Path, to: &Location, meter: &Meter) -> Result<(), StoreError> {
        let (source, named) = (from.to_owned(), path(to)?.to_owned());
        let (size, target) = blocking(from, move || {
            let size = regular(&source)?.len();
            let target = target(&named)?;
            // A file that was only renamed could be empty after a crash.
            File::open(&source)
                .and_then(|file| file.sync_data())
                .map_err(|error| StoreError::io("cannot be published", &source, error))?;
            Ok((size, target))
        })
        .await?;
        // The last step runs where the future does, not on another thread, so that a dropped future publishes nothing. Renaming a
        // link would publish the link.
        let renamed = if from.is_symlink() {
            Err(io::ErrorKind::CrossesDevices.into())
        } else {
            fs::rename(from, &target)
        };
        match renamed {
            Ok(()) => meter.add(size),
            Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
                let (partial, _) = copy(from, &target, meter).await?;
                let partial = blocking(&target, move || {
                    partial.sync()?;
                    Ok(partial)
                })
                .await?;
                partial.finish()?;
            }
            Err(error) => return Err(StoreError::io("cannot be written", &target, error)),
        }
        Ok(())
    }

    async fn read(&self, at: &Location, limit_bytes: u64) -> Result<Vec<u8>, StoreError> {
        let (at, path) = (at.clone(), path(at)?.to_owned());
        blocking(&path.clone(), move || {
            regular(&path)?;
            let mut bytes = Vec::new();
            File::open(&path)
                .and_then(|file| {
                    file.take(limit_bytes.saturating_add(1))
                        .read_to_end(&mut bytes)
                })
                .map_err(|error| StoreError::io("cannot be read", &path, error))?;
            if bytes.len() as u64 > limit_bytes {
                return Err(too_large(&at, limit_bytes));
            }
            Ok(bytes)
        })
        .await
    }

    async fn read_range(&self, at: &Location, range: Range<u64>) -> Result<Vec<u8>, StoreError> {
        let path = path(at)?.to_owned();
        blocking(&path.clone(), move || {
            regular(&path)?;
            let mut bytes = Vec::new();
            File::open(&path)
                .and_then(|mut file| {
                    file.seek(SeekFrom::Start(range.start))?;
                    let length = range.end.saturating_sub(range.start);
                    file.take(length).read_to_end(&mut bytes)
                })
                .map_err(|error| StoreError::io("cannot be read", &path, error))?;
            Ok(bytes)
        })
        .await
    }

    async fn write(&self, bytes: Vec<u8>, to: &Location, _: &str) -> Result<(), StoreError> {
        let named = path(to)?.to_owned();
        blocking(&named.clone(), move || fill(&target(&named)?, &bytes))
            .await?
            .finish()
    }

    async fn create(&self, bytes: Vec<u8>, to: &Location, _: &str) -> Result<bool, StoreError> {
        let named = path(to)?.to_owned();
        blocking(&named.clone(), move || fill(&target(&named)?, &bytes))
            .await?
            .finish_new()
    }

    async fn list(&self, prefix: &Location) -> Result<Vec<Entry>, StoreError> {
        let prefix = path(prefix)?.to_owned();
        blocking(&prefix.clone(), move || list::below(&prefix)).await
    }
}

/// A document that is larger than its reader wants.
pub(crate) fn too_large(at: &Location, limit_bytes: u64) -> StoreError {
    StoreError::new(
        Kind::Invalid,
        at,
        format!(
            "is larger than the {limit_bytes} bytes that such a document may have (check that it is the right file)"
        ),
    )
}

fn path(at: &Location) -> Result<&Path, StoreError> {
    match at {
        Location::Path(path) => Ok(Path::new(path)),
        _ => Err(StoreError::new(
            Kind::Unsupported,
            at,
            "is not a path of this machine (give a path)",
        )),
    }
}

fn entry(location: Location, meta: &Metadata) -> Entry {
    Entry {
        location,
        size_bytes: Some(meta.len()),
        etag: None,
        modified: meta.modified().ok(),
    }
}

/// The metadata of what must be a regular file, through links.
fn regular(path: &Path) -> Result<Metadata, StoreError> {
    let meta = fs::metadata(path).map_err(|error| StoreError::io("cannot be read", path, error))?;
    if meta.is_dir() {
        return Err(StoreError::io(
            "cannot be read",
            path,
            io::ErrorKind::IsADirectory.into(),
        ));
    }
    if !meta.is_file() {
        return Err(special(path));
    }
    Ok(meta)
}

fn special(path: &Path) -> StoreError {
    StoreError::new(
        Kind::Invalid,
        &Location::Path(path.display().to_string()),
        "is a device, pipe or socket, not a file (name a file)",
    )
}

/// Where a file that is published under this name goes: through links, into a directory that exists.
fn target(named: &Path) -> Result<PathBuf, StoreError> {
    let refused = |error| StoreError::io("cannot be written", named, error);
    if named.as_os_str().to_string_lossy().ends_with('/') {
        return Err(refused(io::ErrorKind::IsADirectory.into()));
    }
    let mut target = named.to_owned();
    // As many links as the kernel follows itself (path_resolution(7)).
    for _ in 0..40 {
        match fs::symlink_metadata(&target) {
            Ok(meta) if meta.is_symlink() => {
                let link = fs::read_link(&target).map_err(refused)?;
                target = target.parent().unwrap_or(Path::new("")).join(link);
            }
            Ok(meta) if meta.is_dir() => return Err(refused(io::ErrorKind::IsADirectory.into())),
            Ok(meta) if !meta.is_file() => return Err(special(named)),
            Ok(_) => return Ok(target),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if let Some(directory) = target.parent().filter(|it| *it != Path::new("")) {
                    fs::create_dir_all(directory).map_err(refused)?;
                }
                return Ok(target);
            }
            Err(error) => return Err(refused(error)),
        }
    }
    Err(refused(io::ErrorKind::Other.into()))
}

fn fill(target: &Path, bytes: &[u8]) -> Result<Partial, StoreError> {
    let partial = Partial::create(target, bytes.len() as u64)?;
    io::Write::write_all(&mut partial.file(), bytes)
        .map_err(|error| StoreError::io("cannot be written", target, error))?;
    partial.sync()?;
    Ok(partial)
}

/// Copies a file to a hidden one beside `to`. The kernel copies; on a file system that shares blocks nothing is copied at all.
async fn copy(from: &Path, to: &Path, meter: &Meter) -> Result<(Partial, u64), StoreError> {
    let (source, target) = (from.to_owned(), to.to_owned());
    let (mut file, partial, before) = blocking(from, move || {
        let before = regular(&source)?;
        let file = File::open(&source)
            .map_err(|error| StoreError::io("cannot be read", &source, error))?;
        let partial = Partial::create(&target, before.len())?;
        Ok((file, partial, before))
    })
    .await?;
    let mut partial = partial;
    let mut copied = 0;
    loop {
        let (source, target) = (from.to_owned(), to.to_owned());
        let (step, back, forth) = blocking(from, move || {
            let step = io::copy(
                &mut Read::by_ref(&mut file).take(STEP_BYTES),
                &mut partial.file(),
            )
            .map_err(|error| {
                // The kernel does not say which side failed; a full disk is the target's, the rest is mostly the source's.
                match error.kind() {
                    io::ErrorKind::StorageFull
                    | io::ErrorKind::QuotaExceeded
                    | io::ErrorKind::FileTooLarge => {
                        StoreError::io("cannot be written", &target, error)
                    }
                    _ => StoreError::io("cannot be copied", &source, error),
                }
            })?;
            Ok((step, file, partial))
        })
        .await?;
        (file, partial) = (back, forth);
        meter.add(step);
        copied += step;
        if step == 0 {
            break;
        }
    }
    let after = file
        .metadata()
        .map_err(|error| StoreError::io("cannot be read", from, error))?;
    if copied != before.len()
        || after.len() != copied
        || after.modified().ok() != before.modified().ok()
    {
        return Err(StoreError::new(
            Kind::Changed,
            &Location::Path(from.display().to_string()),
            "changed while it was copied (wait until it is written, then run again)",
        ));
    }
    Ok((partial, copied))
}
