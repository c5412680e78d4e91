//! Why a file could not be read or written: one sentence, its kind, and whether a later run may fare better.

use std::error::Error;
use std::fmt::Display;
use std::io;
use std::path::Path;

use ffbatch_dispatcher::location::Location;

/// What kind of obstacle it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// There is no such file, object or page.
    NotFound,
    /// There is no such bucket.
    NoBucket,
    /// Access is denied.
    Denied,
    /// There are no credentials, or they are wrong or expired.
    Credentials,
    /// The other side cannot be reached, or went silent.
    Unreachable,
    /// The other side is there, but asks to slow down or failed in itself.
    Busy,
    /// The file was replaced while it was read.
    Changed,
    /// A disk or a quota is full.
    NoSpace,
    /// A directory stands where a file should.
    IsDirectory,
    /// The store cannot do this at all.
    Unsupported,
    /// What was asked for is wrong in itself.
    Invalid,
    /// Anything else.
    Other,
}

/// A file that could not be moved.
///
/// Its text is one sentence with the fix in parentheses. Its source says what the system or the other side said, in one line.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct StoreError {
    /// The sentence.
    pub what: String,
    /// The place, as it may be shown: without the query and the password of a URL.
    pub location: String,
    /// The kind.
    pub kind: Kind,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// What the other side said, when its own error type says it too long.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Said(String);

impl StoreError {
    /// An error about a location: `what` continues the sentence that the location starts.
    pub(crate) fn new(kind: Kind, location: &Location, what: impl Display) -> Self {
        let location = shown(location);
        Self {
            what: format!("`{location}` {what}"),
            location,
            kind,
            source: None,
        }
    }

    /// An error that no single location caused.
    pub(crate) fn general(kind: Kind, location: &Location, sentence: impl Into<String>) -> Self {
        Self {
            what: sentence.into(),
            location: shown(location),
            kind,
            source: None,
        }
    }

    /// An error of this machine's files: `what` continues the sentence that the path starts.
    pub(crate) fn io(what: &str, path: &Path, source: io::Error) -> Self {
        let location = path.display().to_string();
        let (kind, reason) = match source.kind() {
            io::ErrorKind::NotFound => (Kind::NotFound, "it is not there (check the path)"),
            io::ErrorKind::PermissionDenied => (
                Kind::Denied,
                "permission is denied (check its owner and mode)",
            ),
            io::ErrorKind::ReadOnlyFilesystem => (
                Kind::Denied,
                "the file system is read-only (choose another directory)",
            ),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                (Kind::NoSpace, "the disk is full (free some space)")
            }
            io::ErrorKind::FileTooLarge => (
                Kind::NoSpace,
                "the file is larger than this file system or the limit of this process allows (ulimit -f)",
            ),
            io::ErrorKind::IsADirectory => {
                (Kind::IsDirectory, "it is a directory (name a file in it)")
            }
            io::ErrorKind::NotADirectory => (
                Kind::Invalid,
                "a part of the path is a file, not a directory (check the path)",
            ),
            io::ErrorKind::InvalidFilename => (
                Kind::Invalid,
                "the name is too long (a component of a path has at most 255 bytes)",
            ),
            _ => (Kind::Other, "the system refused"),
        };
        Self {
            what: format!("`{location}` {what}: {reason}"),
            location,
            kind,
            source: Some(Box::new(source)),
        }
    }

    /// Adds what the system or the other side said, in one line.
    pub(crate) fn because(mut self, said: impl AsRef<str>) -> Self {
        let words: Vec<&str> = said.as_ref().split_whitespace().collect();
        self.source = Some(Box::new(Said(words.join(" "))));
        self
    }

    /// Whether the same call may succeed later without anybody changing anything.
    pub const fn retryable(&self) -> bool {
        matches!(self.kind, Kind::Unreachable | Kind::Busy | Kind::Changed)
    }
}

/// A location as it may stand in a log: the query of a URL may be a signature, and its user part a password.
pub(crate) fn shown(location: &Location) -> String {
    let Location::Http(url) = location else {
        return location.to_string();
    };
    let bare = url.split(['?', '#']).next().unwrap_or(url);
    match bare.split_once("://") {
        Some((scheme, rest)) => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let host = authority.rsplit('@').next().unwrap_or(authority);
            format!("{scheme}://{host}{path}")
        }
        None => bare.to_owned(),
    }
}

/// The last cause of a chain of errors, which is the one that says something.
pub(crate) fn root(error: &(dyn Error + 'static)) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

/// The first error of this type in a chain of errors.
pub(crate) fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// Runs work that may wait for a disk where waiting hurts nobody.
pub(crate) async fn blocking<T: Send + 'static>(
    location: &Path,
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(StoreError::io(
            "could not be worked on",
            location,
            error.into(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, expected: &str) {
        assert_eq!(shown(&Location::Http(url.to_owned())), expected);
    }

    #[test]
    fn secrets_of_a_url_are_not_shown() {
        check(
            "https://host/a/b.mp4?X-Amz-Signature=1234",
            "https://host/a/b.mp4",
        );
        check("https://me:secret@host/a@b.mp4", "https://host/a@b.mp4");
        check("https://me:secret@host", "https://host");
        check("http://host/x#y", "http://host/x");
    }

    #[test]
    fn a_system_error_has_a_kind_and_keeps_its_source() {
        let error = StoreError::io(
            "cannot be written",
            Path::new("/x"),
            io::Error::from_raw_os_error(28),
        );
        assert_eq!(error.kind, Kind::NoSpace);
        assert_eq!(
            error.to_string(),
            "`/x` cannot be written: the disk is full (free some space)"
        );
        assert!(
            error
                .source()
                .is_some_and(|source| source.to_string().contains("os error 28"))
        );
        assert!(!error.retryable());
    }
}
