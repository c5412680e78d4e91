//! Local files that ffmpeg is to read: are they there, are they files, may a job read them?

use std::fs;
use std::path::{Path, PathBuf};

use ffbatch_dispatcher::command::{Pattern, Place, Role};
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::pattern;

use crate::failure::Failure;

/// Checks a place that names a local path, and tells what ffmpeg must be allowed to read for it.
pub fn check(place: &Place, path: &str) -> Result<Vec<PathBuf>, Failure> {
    if place.is_pattern() {
        return sequence(place.pattern, path).map(|directory| vec![directory]);
    }
    readable(path, place.role == Role::ReadDirectory).map_err(|failure| {
        // An input is named by the message itself; whoever wrote a filter graph wants to know which filter it was.
        match place.named_by.as_str() {
            "" => failure,
            named_by => Failure::new(failure.exit, format!("{named_by}: {failure}")),
        }
    })?;
    Ok(vec![PathBuf::from(path)])
}

/// The directory in which the files of a pattern are, of which there must be one at least.
fn sequence(kind: Pattern, path: &str) -> Result<PathBuf, Failure> {
    let parent = Path::new(path).parent().unwrap_or(Path::new("/"));
    let parent = parent.to_string_lossy();
    // Numbers in a directory's name are rare, but `%%` in one is how a percent sign is written.
    let plain = parent.replace("%%", "");
    let directory = match kind {
        Pattern::Number if !plain.contains('%') => parent.replace("%%", "%"),
        Pattern::Glob if pattern::fixed(kind, path) > parent.len() => parent.into_owned(),
        _ => {
            let fixed = &path[..pattern::fixed(kind, path)];
            readable(fixed, true)?;
            return Ok(PathBuf::from(fixed));
        }
    };
    readable(&directory, true)?;
    let mut entries = fs::read_dir(&directory).map_err(|error| {
        Failure::new(
            Exit::Input,
            format!("`{directory}` cannot be read: {error}"),
        )
    })?;
    let name = path.rsplit('/').next().unwrap_or(path);
    let any = entries.any(|entry| {
        entry.is_ok_and(|entry| {
            pattern::stands_for(kind, name, &entry.file_name().to_string_lossy())
        })
    });
    if any {
        return Ok(PathBuf::from(directory));
    }
    Err(Failure::new(
        Exit::Input,
        format!("nothing matches `{path}` (check the pattern and the directory)"),
    ))
}

/// Checks that a path is a file (or a directory, where one is wanted) that a job may read.
pub fn readable(path: &str, directory: bool) -> Result<(), Failure> {
    ffbatch_storage::readable(path, directory).map_err(|why| Failure::new(Exit::Input, why))
}
