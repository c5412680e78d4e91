//! What can be said against a command that ffmpeg could read, without touching a file.

use std::collections::HashSet;

use crate::location::Location;

use super::error::CommandError;
use super::parsed::Parsed;
use super::place::{Place, Role};

/// Checks a parsed command as a whole.
pub(super) fn check(parsed: &Parsed) -> Result<(), CommandError> {
    let graphs = ["filter_complex", "lavfi", "filter_complex_script"];
    let makes_its_own = parsed
        .globals
        .iter()
        .any(|option| graphs.contains(&option.name.as_str()));
    if parsed.inputs.is_empty() && !makes_its_own {
        return Err(CommandError::NoInput);
    }
    check_writable(parsed)?;
    check_beside(parsed)?;
    check_distinct(parsed)
}

fn check_writable(parsed: &Parsed) -> Result<(), CommandError> {
    for place in &parsed.places {
        if !place.role.is_write() && place.role != Role::Prefix {
            continue;
        }
        if matches!(place.location, Location::Http(_) | Location::Live(_)) {
            return Err(CommandError::NotWritable(place.text.clone()));
        }
        let ends = [".", ".."].contains(&place.location.base_name()) || place.text.ends_with('/');
        if place.role.is_write() && ends {
            return Err(CommandError::Directory(place.text.clone()));
        }
    }
    Ok(())
}

/// Names relative to an output must not leave its directory.
fn check_beside(parsed: &Parsed) -> Result<(), CommandError> {
    for output in 0..parsed.outputs.len() {
        for option in parsed.options_beside(output) {
            let value = parsed.value(option).unwrap_or_default();
            if value.starts_with('/') || value.split('/').any(|part| part == "..") {
                return Err(CommandError::Outside {
                    option: parsed.words[option.word].clone(),
                    value: value.to_owned(),
                });
            }
        }
    }
    Ok(())
}

/// Nothing is both read and written, and nothing is written twice.
fn check_distinct(parsed: &Parsed) -> Result<(), CommandError> {
    let is_read = |place: &&Place| place.role.is_read() && place.role != Role::ReadDirectory;
    let read: HashSet<Location> = parsed.places.iter().filter(is_read).map(normal).collect();
    let mut written = HashSet::new();
    for place in parsed.places.iter().filter(|place| place.role.is_write()) {
        let location = normal(place);
        if read.contains(&location) {
            return Err(CommandError::ReadAndWritten(place.text.clone()));
        }
        if !written.insert(location) {
            return Err(CommandError::WrittenTwice(place.text.clone()));
        }
    }
    Ok(())
}

/// A location in which `./a`, `.//a` and `a` are the same. `..` stays: what it means depends on links on the disk. Keys
/// of S3 stay as they are, since there `a//b` is another object than `a/b`.
fn normal(place: &Place) -> Location {
    let Location::Path(path) = &place.location else {
        return place.location.clone();
    };
    let parts: Vec<&str> = path
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect();
    let root = if path.starts_with('/') { "/" } else { "" };
    Location::Path(format!("{root}{}", parts.join("/")))
}
