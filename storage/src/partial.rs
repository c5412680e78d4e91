//! A file that is not whole yet: hidden where its final name will be, preallocated, gone unless it is finished.
//!
//! Where the file system can do it the file has no name at all before it is whole (`O_TMPFILE`, open(2)), so that a process that is
//! killed leaves nothing. Elsewhere (NFS, old overlay file systems) it is a file whose name begins with `.ffbatch-`.

use std::fs::{File, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{AtFlags, CWD, FallocateFlags, Mode, OFlags, linkat, open};
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
    /// Its name so far; `None` for a file without one.
    hidden: Option<TempPath>,
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
        let (file, hidden) = if let Some(file) = nameless(directory) {
            (file, None)
        } else {
            let named = hidden()
                // The process's umask applies, as to any file that a program makes.
                .permissions(Permissions::from_mode(0o666))
                .tempfile_in(directory)
                .map_err(refused)?;
            let (file, path) = named.into_parts();
            (file, Some(path))
        };
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
        let named = match self.hidden {
            Some(path) => path.persist(&self.target).map_err(|error| error.error),
            None => match link(&self.file, &self.target) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    replace(&self.file, &self.target)
                }
                linked => linked,
            },
        };
        named.map_err(|error| StoreError::io("cannot be written", &self.target, error))
    }

    /// Gives the file its final name if nothing has that name yet, and tells whether it did.
    pub(crate) fn finish_new(self) -> Result<bool, StoreError> {
        let named = match self.hidden {
            Some(path) => path
                .persist_noclobber(&self.target)
                .map_err(|error| error.error),
            None => link(&self.file, &self.target),
        };
        match named {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(StoreError::io("cannot be written", &self.target, error)),
        }
    }
}

/// How hidden names look.
fn hidden() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".ffbatch-").rand_bytes(12);
    builder
}

/// A file without a name; `None` where that cannot be, or where it could not be named later for want of `/proc`.
fn nameless(directory: &Path) -> Option<File> {
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    let file = File::from(open(directory, flags, Mode::from_raw_mode(0o666)).ok()?);
    handle(&file).exists().then_some(file)
}

/// The name under which this process can link an open file (open(2), `O_TMPFILE`).
fn handle(file: &File) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

/// Names a file that had no name.
fn link(file: &File, name: &Path) -> io::Result<()> {
    linkat(CWD, handle(file), CWD, name, AtFlags::SYMLINK_FOLLOW).map_err(io::Error::from)
}

/// The same over what is there: through a hidden name, because a link replaces nothing.
fn replace(file: &File, target: &Path) -> io::Result<()> {
    let directory = target.parent().filter(|parent| *parent != Path::new(""));
    let linked = hidden().make_in(directory.unwrap_or(Path::new(".")), |path| link(file, path))?;
    linked.into_temp_path().persist(target)?;
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(directory: &Path) -> usize {
        std::fs::read_dir(directory).expect("readable").count()
    }

    /// A process that was killed while it wrote left a hidden file beside the target for ever.
    #[test]
    fn a_file_that_is_not_whole_has_no_name() {
        let place = tempfile::tempdir().expect("a directory");
        if nameless(place.path()).is_none() {
            eprintln!("SKIPPED: the temporary directory's file system knows no O_TMPFILE");
            return;
        }
        let target = place.path().join("out.mp4");
        for content in ["first", "second"] {
            let before = entries(place.path());
            let partial = Partial::create(&target, 0).expect("made");
            partial
                .file()
                .write_all_at(content.as_bytes(), 0)
                .expect("written");
            assert_eq!(entries(place.path()), before, "it has a name already");
            partial.finish().expect("named");
            assert_eq!(entries(place.path()), 1);
            assert_eq!(std::fs::read_to_string(&target).expect("read"), content);
        }
        let third = Partial::create(&target, 0).expect("made");
        assert!(!third.finish_new().expect("looked"), "it replaced a file");
        assert_eq!(std::fs::read_to_string(&target).expect("read"), "second");
    }
}
