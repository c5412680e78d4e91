//! What a text under `inputs` means: one file, or every file and object that a pattern matches.
//!
//! A local path with `*`, `?` or `[` is a glob, and one with a final slash is a directory: every file below it. An S3 URL with a
//! final slash is a prefix, and one with a `*` is a glob; without a `*` a key is taken verbatim, because keys may hold any
//! character. In a glob `*` stays within a directory, `**` as a whole component does not, and `[*]` or `\*` is the character
//! itself. As a shell has it, no wildcard stands for the dot of a hidden file on the local disk. `file:NAME` is always one file,
//! and a file that is called exactly like the pattern is meant alone.

use ffbatch_dispatcher::location::{Location, LocationError};
use glob::MatchOptions;

/// What makes a local path a glob.
const WILD: [char; 3] = ['*', '?', '['];

/// A glob, a directory or a prefix: the files or objects that it matches become inputs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern {
    text: String,
    base: Location,
    /// The length of the text before the first component that is a pattern.
    directory: usize,
    matcher: Matcher,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Matcher {
    /// Everything that begins so.
    Beneath(String),
    /// Everything that fits.
    Glob(glob::Pattern),
}

/// A text that is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// A glob that cannot be read.
    #[error("{message} at character {position}")]
    Glob {
        /// What is wrong.
        message: &'static str,
        /// Where, from 1.
        position: usize,
    },
    /// No bucket.
    #[error("the bucket's name holds a wildcard, or there is none")]
    Bucket,
}

/// What a text under `inputs` means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// One file.
    One(Location),
    /// Every file that matches.
    Many(Pattern),
}

/// A text that means nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceError {
    /// It is no pattern.
    Pattern(PatternError),
    /// It is no location.
    Location(LocationError),
}

impl Source {
    /// Tells what a text means.
    pub fn of(text: &str) -> Result<Self, SourceError> {
        if text
            .get(..5)
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case("s3://"))
        {
            if text.ends_with('/') || text.contains('*') {
                return s3(text).map(Self::Many).map_err(SourceError::Pattern);
            }
        } else if !text.contains("://") && !text.starts_with("file:") {
            let path = text.strip_prefix("./").unwrap_or(text);
            if path.ends_with('/') || path.contains(WILD) {
                return local(path).map(Self::Many).map_err(SourceError::Pattern);
            }
        }
        text.parse().map(Self::One).map_err(SourceError::Location)
    }
}

fn s3(text: &str) -> Result<Pattern, PatternError> {
    let (bucket, key) = text[5..].split_once('/').ok_or(PatternError::Bucket)?;
    if bucket.is_empty() || bucket.contains('*') {
        return Err(PatternError::Bucket);
    }
    let text = format!("s3://{bucket}/{key}");
    // Listing is cheapest below the longest prefix, be it within a name.
    let wild = key
        .contains('*')
        .then(|| key.find(['*', '?', '[', '\\']))
        .flatten();
    let prefix = &key[..wild.unwrap_or(key.len())];
    let matcher = match wild {
        None => Matcher::Beneath(text.clone()),
        Some(_) if key.ends_with('/') => glob(&format!("{text}**/*"))?,
        Some(_) => glob(&text)?,
    };
    Ok(Pattern {
        base: Location::S3 {
            bucket: bucket.to_owned(),
            key: prefix.to_owned(),
        },
        directory: text.len() - key.len() + prefix.rfind('/').map_or(0, |slash| slash + 1),
        text,
        matcher,
    })
}

fn local(text: &str) -> Result<Pattern, PatternError> {
    let is_wild = text.contains(WILD);
    let wild = text.find(['*', '?', '[', '\\']).filter(|_| is_wild);
    let literal = &text[..wild.unwrap_or(text.len())];
    let directory = literal.rfind('/').map_or(0, |slash| slash + 1);
    let base = match &text[..directory] {
        "" => ".",
        "/" => "/",
        base => base.trim_end_matches('/'),
    };
    let matcher = match (is_wild, text.ends_with('/')) {
        (true, true) => glob(&format!("{text}**/*"))?,
        (true, false) => glob(text)?,
        (false, _) => glob(&format!("{}**/*", glob::Pattern::escape(text)))?,
    };
    Ok(Pattern {
        base: Location::Path(base.to_owned()),
        directory,
        text: text.to_owned(),
        matcher,
    })
}

fn glob(text: &str) -> Result<Matcher, PatternError> {
    let wrong = |error: glob::PatternError| PatternError::Glob {
        message: match error.msg {
            "invalid range pattern" => "a `[` without its `]`",
            "recursive wildcards must form a single path component" => {
                "`**` shares its component with something else (write `**/*.mov`)"
            }
            other => other,
        },
        position: error.pos + 1,
    };
    glob::Pattern::new(&unescape(text))
        .map(Matcher::Glob)
        .map_err(wrong)
}

/// Writes `\x` as `[x]`, the only escape of the crate.
fn unescape(text: &str) -> String {
    let mut plain = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some(escaped @ ('*' | '?' | '[' | ']')) => plain.extend(['[', escaped, ']']),
                Some(escaped) => plain.push(escaped),
                None => plain.push('\\'),
            },
            _ => plain.push(letter),
        }
    }
    plain
}

impl Pattern {
    /// The pattern as it was written, without a leading `./`.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What to list: a directory, `.` being the one that relative paths count from, or the beginning of S3 keys, which may be
    /// empty.
    pub const fn base(&self) -> &Location {
        &self.base
    }

    /// Whether a file or object is meant. It is spelled as the pattern is: relative where that is, or `s3://bucket/key`.
    pub fn matches(&self, path: &str) -> bool {
        let path = path.strip_prefix("./").unwrap_or(path);
        if path.ends_with('/') {
            // S3 consoles make such objects in the place of directories.
            return false;
        }
        let options = MatchOptions {
            case_sensitive: true,
            require_literal_separator: true,
            require_literal_leading_dot: matches!(self.base, Location::Path(_)),
        };
        path == self.text
            || match &self.matcher {
                Matcher::Beneath(beginning) => path.starts_with(beginning),
                Matcher::Glob(glob) => glob.matches_with(path, options),
            }
    }

    /// The files that are meant of those that were listed, each once, in the order of their bytes.
    pub(crate) fn select<'a>(&self, listed: &'a [String]) -> Vec<&'a str> {
        let matching = listed.iter().filter(|path| self.matches(path));
        let mut paths: Vec<&str> = matching
            .map(|path| path.strip_prefix("./").unwrap_or(path))
            .collect();
        if let Some(exact) = paths.iter().find(|path| **path == self.text) {
            return vec![exact];
        }
        paths.sort_unstable();
        paths.dedup();
        paths
    }

    /// The directories between the beginning of the pattern and a file that it matches, with a final slash.
    pub(crate) fn below<'a>(&self, path: &'a str) -> &'a str {
        let rest = path.get(self.directory..).unwrap_or_default();
        &rest[..rest.rfind('/').map_or(0, |slash| slash + 1)]
    }
}

#[cfg(test)]
mod tests;
