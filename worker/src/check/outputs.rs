//! Local destinations: what stands there already must not be a directory, a device, or one of the job's own inputs.
//!
//! The grammar compares names. Here the files themselves are compared: a link, or a path that leads around, may give one file
//! two names, and publishing would replace the input.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::location::Location;

use super::Planned;
use crate::failure::Failure;

/// The longest name of a file on Linux's file systems, in bytes (`NAME_MAX`, pathname(7)).
const NAME_LIMIT: usize = 255;

/// Refuses destinations that could not be published or must not be replaced.
pub(super) fn check(commands: &[Planned], reads: &[PathBuf]) -> Result<(), Failure> {
    let refuse = |why: String| Err(Failure::new(Exit::Rejected, why));
    let inputs: Vec<(&PathBuf, Metadata)> = reads
        .iter()
        .filter_map(|path| Some((path, fs::metadata(path).ok()?)))
        .filter(|(_, metadata)| metadata.is_file())
        .collect();
    let places = commands.iter().flat_map(|one| &one.parsed.places);
    for place in places.filter(|place| place.role.is_write() && !place.is_pattern()) {
        let Location::Path(path) = &place.location else {
            continue;
        };
        if place.location.base_name().len() > NAME_LIMIT {
            return refuse(format!(
                "the name of `{path}` is longer than {NAME_LIMIT} bytes (shorten it)"
            ));
        }
        let Ok(there) = fs::metadata(path) else {
            continue;
        };
        if there.is_dir() {
            return refuse(format!(
                "`{path}` is a directory (name a file in it, such as {}/out.mp4)",
                path.trim_end_matches('/')
            ));
        }
        if !there.is_file() {
            return refuse(format!(
                "`{path}` is a device, a pipe or a socket, and a job only writes files (name another)"
            ));
        }
        let same = |input: &Metadata| (input.dev(), input.ino()) == (there.dev(), there.ino());
        if let Some((input, _)) = inputs.iter().find(|(_, input)| same(input)) {
            return refuse(format!(
                "`{path}` is the same file as the input `{}` (give the output another name)",
                input.display()
            ));
        }
    }
    Ok(())
}
