//! Files for people, written whole or not at all: beside their final name first, renamed at the end.

use std::fs::{File, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::Builder;

/// What the user's mask leaves of it is the mode of a new file, as with every other program.
const MODE: u32 = 0o666;

/// A file could not be written.
#[derive(Debug, thiserror::Error)]
#[error("`{path}` cannot be written")]
pub struct Unwritten {
    /// The file.
    path: PathBuf,
    /// Why.
    source: io::Error,
}

/// Writes a file with what `fill` puts into it. A link stays one, and what is no file (`/dev/null`) is written to as it is.
pub fn whole(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Unwritten> {
    let write = || {
        let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if target.exists() && !target.is_file() {
            return filled(File::options().write(true).open(&target)?, fill);
        }
        let partial = Builder::new()
            .prefix(".ffbatch-")
            .permissions(Permissions::from_mode(MODE))
            .tempfile_in(directory(&target))?;
        filled(partial.as_file().try_clone()?, fill)?;
        partial.persist(&target)?;
        Ok(())
    };
    write().map_err(|source| Unwritten {
        path: path.to_owned(),
        source,
    })
}

/// Whether a file could be written there, as far as that is known before it is.
pub fn promise(path: &Path) -> Result<(), Unwritten> {
    let known = directory(path).metadata().and_then(|above| {
        if !above.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        if path.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        Ok(())
    });
    known.map_err(|source| Unwritten {
        path: path.to_owned(),
        source,
    })
}

fn filled(to: File, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut to = BufWriter::new(to);
    fill(&mut to)?;
    to.flush()
}

fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_file_is_never_there() {
        let room = tempfile::tempdir().expect("a directory");
        let path = room.path().join("a.json");
        let full = |file: &mut dyn Write| {
            file.write_all(b"half")?;
            Err(io::ErrorKind::StorageFull.into())
        };
        let error = whole(&path, full).expect_err("the disk is full");
        assert!(error.to_string().ends_with("a.json` cannot be written"));
        assert_eq!(room.path().read_dir().expect("readable").count(), 0);

        whole(&path, |file| file.write_all(b"old")).expect("written");
        assert!(whole(&path, full).is_err());
        assert_eq!(std::fs::read(&path).expect("readable"), b"old");
        assert_eq!(room.path().read_dir().expect("readable").count(), 1);
    }

    #[test]
    fn a_link_was_replaced() {
        let room = tempfile::tempdir().expect("a directory");
        let (link, file) = (room.path().join("link"), room.path().join("file"));
        std::fs::write(&file, "old").expect("written");
        std::os::unix::fs::symlink(&file, &link).expect("a link");
        whole(&link, |to| to.write_all(b"new")).expect("written");
        assert!(link.is_symlink());
        assert_eq!(std::fs::read(&file).expect("readable"), b"new");
        whole(Path::new("/dev/null"), |to| to.write_all(b"x")).expect("written");
        assert!(!Path::new("/dev/null").is_file());
    }

    #[test]
    fn what_cannot_be_is_known_before() {
        let room = tempfile::tempdir().expect("a directory");
        assert!(promise(&room.path().join("new.svg")).is_ok());
        assert!(promise(Path::new("new.svg")).is_ok());
        assert!(promise(&room.path().join("gone/new.svg")).is_err());
        assert!(promise(room.path()).is_err());
    }
}
