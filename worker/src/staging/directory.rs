//! A destination directory, taken apart so that it can be compared and mirrored: a volume and the components of the path.

use std::path::{Component, Path, PathBuf};

use ffbatch_dispatcher::location::Location;

use super::StagingError;

/// The longest component that is mirrored as it is, in bytes. Linux allows 255; muxers append suffixes such as `.tmp`.
const COMPONENT_LIMIT: usize = 240;

/// A destination directory: a volume, and the components of the path in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory {
    /// The bucket; `None` for this machine's disks.
    pub bucket: Option<String>,
    /// The components of the path, without the file's own name; may be empty texts in S3.
    pub components: Vec<String>,
}

impl Directory {
    /// Whether the other is this directory or lies below it.
    pub fn holds(&self, other: &Self) -> bool {
        self.bucket == other.bucket && other.components.starts_with(&self.components)
    }

    /// Whether one of the two lies below the other, or they are the same.
    pub fn nests(&self, other: &Self) -> bool {
        self.holds(other) || other.holds(self)
    }

    /// What two directories of one volume have in common.
    pub fn common(&self, other: &Self) -> Self {
        let shared = self
            .components
            .iter()
            .zip(&other.components)
            .take_while(|(own, other)| own == other)
            .count();
        Self {
            bucket: self.bucket.clone(),
            components: self.components[..shared].to_vec(),
        }
    }

    /// The location of what stands below this directory.
    pub fn location(&self, rest: &[String]) -> Location {
        let whole: Vec<&str> = self
            .components
            .iter()
            .chain(rest)
            .map(String::as_str)
            .collect();
        match &self.bucket {
            Some(bucket) => Location::S3 {
                bucket: bucket.clone(),
                key: whole.join("/"),
            },
            None => Location::Path(format!("/{}", whole.join("/"))),
        }
    }
}

/// Splits a destination into its directory and its name.
pub fn split(location: &Location) -> Result<(Directory, String), StagingError> {
    let (bucket, path) = match location {
        Location::S3 { bucket, key } => (Some(bucket.clone()), key.clone()),
        Location::Path(path) => (None, settle(path)?),
        Location::Http(_) | Location::Live(_) => return Err(StagingError::Kind(location.clone())),
    };
    let mut components: Vec<String> = path.split('/').map(str::to_owned).collect();
    let name = components.pop().unwrap_or_default();
    Ok((Directory { bucket, components }, name))
}

/// The nearest directory above, or the path itself, that exists.
pub fn existing(path: &Path) -> PathBuf {
    path.ancestors()
        .find(|ancestor| ancestor.is_dir())
        .unwrap_or(Path::new("/"))
        .to_owned()
}

/// The name under which a component of any key can stand in a file system: its own where that is possible.
pub fn file_name(component: &str) -> String {
    let fits = !component.is_empty()
        && component != "."
        && component != ".."
        && component.len() <= COMPONENT_LIMIT;
    if fits {
        return component.to_owned();
    }
    let hash = &ffbatch_storage::digest::text(component)[..16];
    let extension = component
        .rsplit_once('.')
        .map(|(_, extension)| extension)
        .unwrap_or_default();
    if (1..=16).contains(&extension.len()) {
        format!("_{hash}.{extension}")
    } else {
        format!("_{hash}")
    }
}

/// A local path without its leading slash, with links and `..` resolved as far as it exists.
fn settle(path: &str) -> Result<String, StagingError> {
    let absolute = std::path::absolute(path).map_err(|_| StagingError::Climbs(path.to_owned()))?;
    let directory = absolute.parent().unwrap_or(Path::new("/"));
    let there = existing(directory);
    let rest = directory.strip_prefix(&there).unwrap_or(Path::new(""));
    if rest
        .components()
        .any(|component| component == Component::ParentDir)
    {
        return Err(StagingError::Climbs(path.to_owned()));
    }
    let whole = there
        .canonicalize()
        .unwrap_or(there)
        .join(rest)
        .join(absolute.file_name().unwrap_or_default());
    Ok(whole.to_string_lossy().trim_start_matches('/').to_owned())
}
