//! Every file whose path starts with a text, as an object store lists it.

use std::fs;
use std::path::{Path, PathBuf};

use ffbatch_dispatcher::location::Location;

use super::entry;
use crate::{Entry, Kind, StoreError};

/// Lists the regular files below a prefix. Links to files are files; links to directories are not entered, since they may form
/// a circle.
pub(super) fn below(prefix: &Path) -> Result<Vec<Entry>, StoreError> {
    let text = prefix.to_string_lossy().into_owned();
    let (directory, start) = text.split_at(text.rfind('/').map_or(0, |slash| slash + 1));
    let mut found = Vec::new();
    let mut pending = vec![(PathBuf::from(directory), start.to_owned())];
    while let Some((directory, start)) = pending.pop() {
        let read = if directory == Path::new("") {
            Path::new(".")
        } else {
            &directory
        };
        let refused = |error| StoreError::io("cannot be listed", read, error);
        for item in fs::read_dir(read).map_err(refused)? {
            let item = item.map_err(refused)?;
            let name = item.file_name();
            if !name.to_string_lossy().starts_with(&start) {
                continue;
            }
            let path = directory.join(&name);
            if item.file_type().map_err(refused)?.is_dir() {
                pending.push((path, String::new()));
                continue;
            }
            // A link that leads nowhere is no file.
            let Some(meta) = fs::metadata(&path).ok().filter(fs::Metadata::is_file) else {
                continue;
            };
            let path = path.into_os_string().into_string().map_err(|path| {
                StoreError::new(
                    Kind::Invalid,
                    &Location::Path(path.to_string_lossy().into_owned()),
                    "has a name that is not UTF-8 (rename it)",
                )
            })?;
            found.push(entry(Location::Path(path), &meta));
        }
    }
    found.sort_by(|one, other| one.location.cmp(&other.location));
    Ok(found)
}
