//! Local files that ffmpeg is to read: are they there, are they files, may a job read them?

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use ffbatch_dispatcher::command::{Place, Role};
use ffbatch_dispatcher::exit::Exit;

use crate::failure::Failure;

/// File systems of the kernel: what stands there is no media file, and much of it is secret.
const KERNEL: [&str; 3] = ["/proc", "/sys", "/dev"];

/// Checks a place that names a local path, and tells what ffmpeg must be allowed to read for it.
pub fn check(place: &Place, path: &str) -> Result<Vec<PathBuf>, Failure> {
    if place.is_pattern() {
        let directory = Path::new(path).parent().unwrap_or(Path::new("/"));
        readable(&directory.to_string_lossy(), true)?;
        return Ok(vec![directory.to_owned()]);
    }
    readable(path, place.role == Role::ReadDirectory)?;
    Ok(vec![PathBuf::from(path)])
}

/// Checks that a path is a file (or a directory, where one is wanted) that a job may read.
pub fn readable(path: &str, directory: bool) -> Result<(), Failure> {
    let fail = |why: String| Err(Failure::new(Exit::Input, why));
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return fail(format!("there is no file `{path}` (check the path)"));
        }
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            return fail(format!(
                "`{path}` may not be read by this user (change its permissions)"
            ));
        }
        Err(error) => return fail(format!("`{path}` cannot be read: {error}")),
    };
    let real = fs::canonicalize(path).unwrap_or_else(|_| PathBuf::from(path));
    if KERNEL.iter().any(|kernel| real.starts_with(kernel)) {
        return fail(format!(
            "`{path}` belongs to the kernel and is no media file (copy what you need into a file)"
        ));
    }
    match (metadata.is_dir(), directory) {
        (true, false) => fail(format!("`{path}` is a directory (name a file in it)")),
        (false, true) => fail(format!("`{path}` is not a directory")),
        (true, true) => Ok(()),
        (false, false) if !metadata.is_file() => fail(format!(
            "`{path}` is a pipe or a socket, not a file (write it to a file first)"
        )),
        (false, false) if metadata.len() == 0 => fail(format!("`{path}` is empty (0 bytes)")),
        (false, false) => match fs::File::open(path) {
            Ok(_) => Ok(()),
            Err(error) => fail(format!(
                "`{path}` may not be read by this user: {error} (change its permissions)"
            )),
        },
    }
}
