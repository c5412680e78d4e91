//! Whether a job may read a file of this machine: asked where jobs run, and where their files are uploaded from.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::PathBuf;

/// File systems of the kernel: what stands there is no media file, and much of it is secret.
const KERNEL: [&str; 3] = ["/proc", "/sys", "/dev"];

/// Checks that a path is a file that is not empty (or a directory, where one is wanted), and may be read; else says why in one
/// sentence.
pub fn readable(path: &str, directory: bool) -> Result<(), String> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(format!("there is no file `{path}` (check the path)"));
        }
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            return Err(format!(
                "`{path}` may not be read by this user (change its permissions)"
            ));
        }
        Err(error) => return Err(format!("`{path}` cannot be read: {error}")),
    };
    let real = fs::canonicalize(path).unwrap_or_else(|_| PathBuf::from(path));
    if KERNEL.iter().any(|kernel| real.starts_with(kernel)) {
        return Err(format!(
            "`{path}` belongs to the kernel and is no media file (copy what you need into a file)"
        ));
    }
    match (metadata.is_dir(), directory) {
        (true, false) => Err(format!("`{path}` is a directory (name a file in it)")),
        (false, true) => Err(format!("`{path}` is not a directory")),
        (true, true) => Ok(()),
        (false, false) if !metadata.is_file() => Err(format!(
            "`{path}` is a pipe or a socket, not a file (write it to a file first)"
        )),
        (false, false) if metadata.len() == 0 => Err(format!("`{path}` is empty (0 bytes)")),
        (false, false) => File::open(path).map(|_| ()).map_err(|error| {
            format!("`{path}` may not be read by this user: {error} (change its permissions)")
        }),
    }
}
