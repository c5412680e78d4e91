//! A file that is not whole yet: hidden beside its final name, preallocated, gone unless it is finished.

use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::FallocateFlags;
use rustix::io::Errno;
use tempfile::TempPath;

use crate::error::blocking;
use crate::{StoreError, free_bytes};

/// How many bytes a cursor holds before it writes them. One write of this size costs less than handing it to another thread.
const HELD_BYTES: usize = 256 << 10;

/// A file on its way to `target`. Dropping it removes it.
#[derive(Debug)]
pub(crate) struct Partial {
    file: Arc<File>,
    hidden: TempPath,
    target: PathBuf,
}

impl Partial {
    /// Opens a hidden file beside `target` and takes the space that it will need, so that a full disk shows before the first
    /// byte moves.
    pub(crate) fn create(target: &Path, size_bytes: u64) -> Result<Self, StoreError> {
        let directory = match target.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let refused = |error| StoreError::io("cannot be written", target, error);
        let (file, hidden) = tempfile::Builder::new()
            .prefix(".ffbatch-")
            .rand_bytes(12)
            // The process's umask applies, as to any file that a program makes.
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(directory)
            .map_err(refused)?
            .into_parts();
        // Some file systems take all the space there is before they find that it does not suffice, and everybody else on that
        // disk would meanwhile have none. So what cannot fit is not tried.
        if size_bytes > free_bytes(directory)? {
            return Err(refused(io::ErrorKind::StorageFull.into()));
        }
        if size_bytes > 0 {
            match rustix::fs::fallocate(&file, FallocateFlags::empty(), 0, size_bytes) {
                // Where the file system knows no preallocation, a full disk shows on the way.
                Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS) => {}
                Err(error) => return Err(refused(error.into())),
            }
        }
        Ok(Self {
            file: Arc::new(file),
            hidden,
            target: target.to_owned(),
        })
    }

    /// The hidden file.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Writes in order from an offset on.
    pub(crate) fn cursor<B>(&self, at: u64) -> Cursor<'_, B> {
        Cursor {
            partial: self,
            at,
            held: Vec::new(),
            held_bytes: 0,
        }
    }

    /// Makes the bytes durable. A rename that is lost in a crash leaves the old file, which is whole; a rename that survives
    /// must not show bytes that did not.
    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        self.file
            .sync_data()
            .map_err(|error| StoreError::io("cannot be written", &self.target, error))
    }

    /// Gives the file its final name, over whatever was there. It is called where the future runs that waits for the file, never
    /// on a thread of its own, so that a dropped future publishes nothing.
    pub(crate) fn finish(self) -> Result<(), StoreError> {
        self.hidden
            .persist(&self.target)
            .map_err(|error| StoreError::io("cannot be written", &self.target, error.error))
    }

    /// Gives the file its final name if nothing has that name yet, and tells whether it did.
    pub(crate) fn finish_new(self) -> Result<bool, StoreError> {
        match self.hidden.persist_noclobber(&self.target) {
            Ok(()) => Ok(true),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(StoreError::io(
                "cannot be written",
                &self.target,
                error.error,
            )),
        }
    }
}

/// A place in a partial file where bytes arrive in order. Several may write at once.
#[derive(Debug)]
pub(crate) struct Cursor<'a, B> {
    partial: &'a Partial,
    at: u64,
    held: Vec<B>,
    held_bytes: usize,
}

impl<B: AsRef<[u8]> + Send + 'static> Cursor<'_, B> {
    /// Takes bytes; they are on the disk after the next [`flush`](Self::flush).
    pub(crate) async fn push(&mut self, bytes: B) -> Result<(), StoreError> {
        self.held_bytes += bytes.as_ref().len();
        self.held.push(bytes);
        if self.held_bytes >= HELD_BYTES {
            self.flush().await?;
        }
        Ok(())
    }

    /// Writes what is held.
    pub(crate) async fn flush(&mut self) -> Result<(), StoreError> {
        let held = std::mem::take(&mut self.held);
        let mut at = self.at;
        self.at += self.held_bytes as u64;
        self.held_bytes = 0;
        let file = Arc::clone(&self.partial.file);
        let target = self.partial.target.clone();
        blocking(&self.partial.target, move || {
            for bytes in held {
                let bytes = bytes.as_ref();
                file.write_all_at(bytes, at)
                    .map_err(|error| StoreError::io("cannot be written", &target, error))?;
                at += bytes.len() as u64;
            }
            Ok(())
        })
        .await
    }
}
