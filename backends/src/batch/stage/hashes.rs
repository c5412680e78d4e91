//! What files are called in the bucket: by the SHA-256 of what is in them, so that the same file is there once.

use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ffbatch_dispatcher::compute::ComputeError;
use ffbatch_dispatcher::exit::Exit;
use ffbatch_storage::{Meter, digest};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

/// How many files are read at once.
const AT_ONCE: usize = 2;

/// What changes when a file does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Print {
    /// Its size.
    pub bytes: u64,
    modified: (i64, i64),
    inode: u64,
}

/// A file whose content is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hashed {
    /// The file as it was read.
    pub print: Print,
    /// The SHA-256 as 64 hexadecimal digits.
    pub sha256: String,
}

/// The files that were read already.
#[derive(Debug, Default)]
pub struct Hashes(Mutex<HashMap<PathBuf, Hashed>>);

impl Print {
    /// The file as it is now.
    pub fn of(path: &Path) -> io::Result<Self> {
        path.metadata().map(|metadata| Self::from(&metadata))
    }
}

impl From<&Metadata> for Print {
    fn from(metadata: &Metadata) -> Self {
        Self {
            bytes: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            inode: metadata.ino(),
        }
    }
}

impl Hashes {
    /// Those of these files that have to be read, with their sizes.
    pub fn unknown<'a>(&self, files: impl Iterator<Item = &'a Path>) -> Vec<(PathBuf, u64)> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let unread = files.filter_map(|path| {
            let now = Print::of(path).ok();
            let same = known.get(path).map(|hashed| hashed.print) == now;
            (!same || now.is_none()).then(|| (path.to_owned(), now.map_or(0, |now| now.bytes)))
        });
        unread.collect()
    }

    /// Reads files.
    pub async fn learn(
        &self,
        files: Vec<(PathBuf, u64)>,
        meter: &Arc<Meter>,
    ) -> Result<(), ComputeError> {
        let read = files.into_iter().map(|(path, _)| {
            let meter = Arc::clone(meter);
            async move {
                let reading = tokio::task::spawn_blocking(move || {
                    let hashed = hash(&path, &meter);
                    hashed
                        .map(|hashed| (path.clone(), hashed))
                        .map_err(|error| {
                            let message = format!("`{}` cannot be read", path.display());
                            ComputeError {
                                exit: Exit::Input,
                                ..ComputeError::machine(message).because(error)
                            }
                        })
                });
                let lost = |error: tokio::task::JoinError| {
                    ComputeError::machine("an input could not be read").because(error)
                };
                reading.await.map_err(lost)?
            }
        });
        let mut read = stream::iter(read).buffer_unordered(AT_ONCE);
        while let Some((path, hashed)) = read.try_next().await? {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            known.insert(path, hashed);
        }
        Ok(())
    }

    /// What is known of a file.
    pub fn of(&self, path: &Path) -> Option<Hashed> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(path).cloned()
    }
}

fn hash(path: &Path, meter: &Meter) -> io::Result<Hashed> {
    let mut file = File::open(path)?;
    let print = Print::from(&file.metadata()?);
    let sha256 = digest::read(&mut file, meter)?;
    Ok(Hashed { print, sha256 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_is_read_once_and_again_when_it_changed() {
        let room = tempfile::tempdir().expect("a directory");
        let path = room.path().join("a");
        std::fs::write(&path, "abc").expect("written");
        let (hashes, meter) = (Hashes::default(), Arc::new(Meter::default()));
        let unknown = || hashes.unknown([path.as_path()].into_iter());
        hashes.learn(unknown(), &meter).await.expect("it is there");
        let known = hashes.of(&path).expect("it was read");
        // FIPS 180-4, the one-block example.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!((known.sha256.as_str(), known.print.bytes), (expected, 3));
        assert_eq!(unknown(), []);
        std::fs::write(&path, "abcd").expect("written");
        assert_eq!(unknown(), [(path.clone(), 4)]);
    }
}
