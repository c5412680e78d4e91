//! A private directory that vanishes with its owner, however that ends.
//!
//! Beside the directory stands its lock file, which the owner makes and locks (`flock`) before the directory exists and removes
//! after the directory is gone. The kernel releases the lock when the process dies. So at any moment a directory whose lock is
//! free has no owner, and one that has no lock file is no room: whoever opens a room beside it takes the lock and removes both. There
//! is no moment at which a kill leaves something that cannot be judged, and no clock is asked.
//!
//! Two may want the same lock file at once. A lock counts only on the file that stands under the name *after* it was
//! taken: whoever waited behind a sweeper holds a file that is gone by then, and starts again. The lock is held until
//! everything is removed, so that two sweepers never work on one room, and an owner never opens one that is being swept.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, DirEntry, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What follows the directory's name in the name of its lock file.
const LOCK: &str = ".lock";

/// How often the removal of a directory is tried. An ffmpeg that dies with its worker may still finish one system call, and
/// so make a file in a directory that was just emptied.
const REMOVALS: u32 = 5;

/// The pause between two tries.
const PAUSE: Duration = Duration::from_millis(20);

/// A private directory, readable by its owner alone.
#[derive(Debug)]
pub struct Room {
    path: PathBuf,
    lock: Lock,
}

/// A lock file that this process holds. Dropping it leaves the file and releases it.
#[derive(Debug)]
struct Lock {
    path: PathBuf,
    _file: File,
}

impl Room {
    /// Opens `PARENT/PREFIX<unique>` after sweeping what dead owners left under the same prefix.
    pub fn open(parent: &Path, prefix: &str, id: &str) -> io::Result<Self> {
        tidy(parent, prefix);
        Self::make(parent, prefix, id)
    }

    /// Opens it without sweeping, where that was done already.
    pub fn make(parent: &Path, prefix: &str, id: &str) -> io::Result<Self> {
        for attempt in 0.. {
            let path = parent.join(format!("{prefix}{id}-{attempt}"));
            let Some(lock) = Lock::take(&lock_of(&path))? else {
                continue;
            };
            match DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => return Ok(Self { path, lock }),
                Err(error) => {
                    lock.remove();
                    // What stands there is no room, or one that could not be removed.
                    if error.kind() != ErrorKind::AlreadyExists {
                        return Err(error);
                    }
                }
            }
        }
        unreachable!("the loop only ends by returning")
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        remove(&self.path);
        self.lock.remove();
    }
}

impl Lock {
    /// Takes the lock file of this name, making it where it is missing; `None` while somebody else holds it.
    fn take(path: &Path) -> io::Result<Option<Self>> {
        loop {
            let file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(path)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error),
            }
            if is_at(&file, path)? {
                return Ok(Some(Self {
                    path: path.to_owned(),
                    _file: file,
                }));
            }
        }
    }

    /// Removes the file while the lock is held.
    fn remove(&self) {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => tracing::warn!(
                "the lock file `{}` cannot be removed: {error}",
                self.path.display()
            ),
            _ => {}
        }
    }
}

/// Whether this open file is the one that has the name.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let own = file.metadata()?;
    match fs::symlink_metadata(path) {
        Ok(named) => Ok((own.dev(), own.ino()) == (named.dev(), named.ino())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn lock_of(room: &Path) -> PathBuf {
    let mut name = room.file_name().unwrap_or_default().to_owned();
    name.push(LOCK);
    room.with_file_name(name)
}

/// Removes what dead owners left under this prefix, as opening a room does; a failure is only said.
pub fn tidy(parent: &Path, prefix: &str) {
    if let Err(error) = sweep(parent, prefix) {
        tracing::warn!(
            "what killed workers may have left in `{}` cannot be listed: {error}",
            parent.display()
        );
    }
}

/// Removes the rooms under `parent` whose owners are dead, and lock files that never got a room.
fn sweep(parent: &Path, prefix: &str) -> io::Result<()> {
    let mut rooms = BTreeSet::new();
    for entry in fs::read_dir(parent)? {
        // An entry that vanished meanwhile needs no sweeping.
        if let Ok(entry) = entry
            && let Some(room) = room_of(&entry, prefix)
        {
            rooms.insert(parent.join(room));
        }
    }
    for room in rooms {
        // Whoever makes a room makes its lock file first and removes it last. What has none is somebody's own.
        if !lock_of(&room).exists() {
            continue;
        }
        match Lock::take(&lock_of(&room)) {
            Ok(Some(lock)) => {
                if fs::symlink_metadata(&room).is_ok_and(|there| there.is_dir()) {
                    tracing::info!(
                        "removing `{}`, which a worker that was killed left behind",
                        room.display()
                    );
                    remove(&room);
                }
                lock.remove();
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(
                "whether `{}` is still in use cannot be told: {error}",
                room.display()
            ),
        }
    }
    Ok(())
}

/// The name of the room that a directory is or a lock file belongs to. Those of other users are theirs to sweep.
fn room_of(entry: &DirEntry, prefix: &str) -> Option<String> {
    let name = entry.file_name();
    let name = name.to_str().filter(|name| name.starts_with(prefix))?;
    // Links are not followed: nobody's directory is removed because a name points to it.
    let metadata = fs::symlink_metadata(entry.path()).ok()?;
    if metadata.uid() != rustix::process::getuid().as_raw() {
        return None;
    }
    if metadata.is_dir() {
        return Some(name.to_owned());
    }
    name.strip_suffix(LOCK)
        .filter(|_| metadata.is_file())
        .map(str::to_owned)
}

/// Removes a directory with everything in it.
fn remove(directory: &Path) {
    for left in (0..REMOVALS).rev() {
        match fs::remove_dir_all(directory) {
            Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty && left > 0 => {
                std::thread::sleep(PAUSE);
            }
            Err(error) if error.kind() != ErrorKind::NotFound => {
                tracing::warn!(
                    "the directory `{}` cannot be removed: {error}",
                    directory.display()
                );
                return;
            }
            _ => return,
        }
    }
}

#[cfg(test)]
mod tests;
