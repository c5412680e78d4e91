//! The directory in which jobs have their private directories.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use ffbatch_dispatcher::exit::Exit;

use crate::environment::variable;
use crate::failure::Failure;

/// `$FFBATCH_WORK_DIR`, else a directory of this user's in the temporary directory; made where it is missing.
pub fn open() -> Result<PathBuf, Failure> {
    match variable("FFBATCH_WORK_DIR") {
        Some(named) => made(Path::new(&named)),
        None => own(&std::env::temp_dir()),
    }
}

/// A directory of this user's in one that others write to.
fn own(shared: &Path) -> Result<PathBuf, Failure> {
    let directory = shared.join(format!("ffbatch-{}", rustix::process::getuid().as_raw()));
    // Whoever is first puts what they like under this name: also a link to a directory of this user's.
    if fs::symlink_metadata(&directory).is_ok_and(|there| there.is_symlink()) {
        return Err(failed(
            &directory,
            "is a link, which somebody else may have made",
        ));
    }
    made(&directory)
}

fn made(directory: &Path) -> Result<PathBuf, Failure> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(|error| failed(directory, &format!("cannot be made: {error}")))?;
    let unusable = |error| failed(directory, &format!("cannot be used: {error}"));
    let owner = fs::metadata(directory).map_err(unusable)?.uid();
    if owner != rustix::process::getuid().as_raw() {
        return Err(failed(directory, "belongs to another user"));
    }
    directory.canonicalize().map_err(unusable)
}

fn failed(directory: &Path, why: &str) -> Failure {
    Failure::new(
        Exit::Machine,
        format!("`{}` {why} (set FFBATCH_WORK_DIR)", directory.display()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_made_for_this_user_alone() {
        let shared = tempfile::tempdir().expect("a directory");
        let own = own(shared.path()).expect("made");
        let mode = fs::metadata(&own).expect("there").mode();
        assert_eq!(mode & 0o777, 0o700);
    }

    #[test]
    fn a_link_that_somebody_else_put_there_is_not_followed() {
        let (shared, precious) = (tempfile::tempdir(), tempfile::tempdir());
        let (shared, precious) = (shared.expect("one"), precious.expect("another"));
        let name = format!("ffbatch-{}", rustix::process::getuid().as_raw());
        std::os::unix::fs::symlink(precious.path(), shared.path().join(name)).expect("linked");
        let error = own(shared.path()).expect_err("it must be refused");
        assert!(error.message.contains("is a link"), "{error}");
    }

    #[test]
    fn a_directory_that_is_named_may_be_a_link() {
        let (home, disk) = (tempfile::tempdir(), tempfile::tempdir());
        let (home, disk) = (home.expect("one"), disk.expect("another"));
        let link = home.path().join("scratch");
        std::os::unix::fs::symlink(disk.path(), &link).expect("linked");
        let real = disk.path().canonicalize().expect("there");
        assert_eq!(made(&link), Ok(real));
    }
}
