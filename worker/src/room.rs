//! A private directory that vanishes with its owner, however that ends.
//!
//! The directory holds a lock file that its owner keeps locked (`flock`); the kernel releases the lock when the process dies.
//! Whoever opens a room beside it first sweeps the rooms whose lock is free. So a worker killed with SIGKILL leaves nothing
//! that the next one does not remove, and a living worker's room is never touched.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The name of the lock file.
const LOCK: &str = "lock";

/// How long a directory without a lock file may be a room that is just being opened.
const OPENING: Duration = Duration::from_mins(1);

/// A private directory, readable by its owner alone.
#[derive(Debug)]
pub struct Room {
    path: PathBuf,
    _lock: File,
}

impl Room {
    /// Opens `PARENT/PREFIX<unique>` after sweeping what dead owners left under the same prefix.
    pub fn open(parent: &Path, prefix: &str, id: &str) -> io::Result<Self> {
        sweep(parent, prefix)?;
        for attempt in 0.. {
            let path = parent.join(format!("{prefix}{id}-{attempt}"));
            match DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => {
                    let lock = File::create_new(path.join(LOCK))?;
                    lock.lock()?;
                    return Ok(Self { path, _lock: lock });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
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
        if let Err(error) = fs::remove_dir_all(&self.path) {
            tracing::warn!(
                "the directory `{}` cannot be removed: {error}",
                self.path.display()
            );
        }
    }
}

/// Removes the rooms under `parent` whose owners are dead.
fn sweep(parent: &Path, prefix: &str) -> io::Result<()> {
    for entry in fs::read_dir(parent)? {
        let path = entry?.path();
        let named = path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with(prefix));
        if named && path.is_dir() && is_dead(&path) {
            tracing::info!(
                "removing `{}`, which a worker that was killed left behind",
                path.display()
            );
            match fs::remove_dir_all(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    tracing::warn!(
                        "the directory `{}` cannot be removed: {error}",
                        path.display()
                    );
                }
                _ => {}
            }
        }
    }
    Ok(())
}

fn is_dead(room: &Path) -> bool {
    match File::open(room.join(LOCK)) {
        Ok(lock) => match lock.try_lock() {
            Ok(()) => true,
            Err(TryLockError::WouldBlock | TryLockError::Error(_)) => false,
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => fs::metadata(room)
            .and_then(|metadata| metadata.modified())
            .is_ok_and(|made| made.elapsed().is_ok_and(|age| age > OPENING)),
        // A room of another user cannot be judged.
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_vanishes_with_its_owner() {
        let parent = tempfile::tempdir().expect("a directory");
        let room = Room::open(parent.path(), ".ffbatch-", "a").expect("opens");
        let path = room.path().to_owned();
        fs::write(path.join("x"), "x").expect("writable");
        drop(room);
        assert!(!path.exists());
    }

    #[test]
    fn the_living_are_left_alone_and_the_dead_are_swept() {
        let parent = tempfile::tempdir().expect("a directory");
        let living = Room::open(parent.path(), ".ffbatch-", "living").expect("opens");
        let dead = parent.path().join(".ffbatch-dead-0");
        fs::create_dir(&dead).expect("made");
        fs::write(dead.join(LOCK), "").expect("written");
        let stranger = parent.path().join(".ffbatch-stranger-0");
        fs::create_dir(&stranger).expect("made");
        let other = Room::open(parent.path(), ".ffbatch-", "living").expect("opens beside it");
        assert!(living.path().exists() && other.path().exists() && living.path() != other.path());
        assert!(!dead.exists());
        assert!(
            stranger.exists(),
            "a directory that may just be opening is kept for a while"
        );
    }
}
