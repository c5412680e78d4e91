//! The inputs of an entry, one for each expanded job.

use std::collections::{BTreeMap, HashSet};

use ffbatch_dispatcher::location::Location;

use crate::error::Problem;
use crate::pattern::{Pattern, Source, SourceError};

/// One input, and what placeholders say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// As ffmpeg is given it.
    pub text: String,
    /// The base name without its last extension.
    pub stem: String,
    /// The last extension, without the dot and as it is written; empty where there is none.
    pub extension: String,
    /// The directories below the beginning of the pattern, with a final slash; empty where there are none.
    pub directory: String,
}

impl Input {
    fn of(location: &Location, text: String, directory: &str) -> Self {
        let base = location.base_name();
        let (stem, extension) = match base.rsplit_once('.') {
            Some((stem, extension)) if !stem.is_empty() => (stem, extension),
            _ => (base, ""),
        };
        Self {
            text,
            stem: stem.to_owned(),
            extension: extension.to_owned(),
            directory: directory.to_owned(),
        }
    }
}

/// Keeps a path from being read as an option or a protocol.
pub fn as_path(path: &str) -> String {
    let first = path.split('/').next().unwrap_or(path);
    if path.starts_with('-') || first.contains(':') {
        format!("./{path}")
    } else {
        path.to_owned()
    }
}

/// The inputs that texts mean, each once, in the order of the texts.
pub fn inputs(
    texts: &[String],
    listed: &BTreeMap<Pattern, Vec<String>>,
    directory: &str,
) -> Result<Vec<Input>, Problem> {
    let mut inputs = Vec::new();
    let mut seen = HashSet::new();
    for text in texts {
        let source = Source::of(text).map_err(|error| match error {
            SourceError::Pattern(error) => Problem::Pattern {
                text: text.clone(),
                error,
            },
            SourceError::Location(error) => Problem::Location {
                key: "inputs",
                error,
            },
        })?;
        match source {
            Source::One(location) => {
                let spelled = match &location {
                    Location::Path(path) if text.starts_with("file:") || path.starts_with('-') => {
                        as_path(path)
                    }
                    other => other.to_string(),
                };
                if seen.insert(spelled.clone()) {
                    inputs.push(Input::of(&location, spelled, ""));
                }
            }
            Source::Many(pattern) => {
                let paths = listed.get(&pattern).map_or(&[][..], Vec::as_slice);
                let selected = pattern.select(paths);
                if selected.is_empty() {
                    return Err(no_match(&pattern, directory));
                }
                for path in selected {
                    let input = found(&pattern, path);
                    if seen.insert(input.text.clone()) {
                        inputs.push(input);
                    }
                }
            }
        }
    }
    Ok(inputs)
}

fn found(pattern: &Pattern, path: &str) -> Input {
    let below = pattern.below(path);
    // What was found on the disk is a path, whatever it looks like.
    let location = match pattern.base() {
        Location::S3 { bucket, .. } => Location::S3 {
            bucket: bucket.clone(),
            key: path.get(bucket.len() + 6..).unwrap_or_default().to_owned(),
        },
        _ => Location::Path(path.to_owned()),
    };
    let text = match &location {
        Location::Path(path) => as_path(path),
        other => other.to_string(),
    };
    Input::of(&location, text, below)
}

fn no_match(pattern: &Pattern, directory: &str) -> Problem {
    let what = match pattern.base() {
        Location::S3 { bucket, .. } => format!("object in the bucket `{bucket}`"),
        Location::Path(path) if path.starts_with('/') => format!("file in `{path}`"),
        _ => format!("file in `{directory}`"),
    };
    let fix = if pattern.text().contains('*') {
        "check the name; `*` stays within a directory, `**` does not"
    } else {
        "check the name"
    };
    Problem::NoMatch {
        pattern: pattern.text().to_owned(),
        what,
        fix,
    }
}
