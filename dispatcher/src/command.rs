//! ffmpeg's command grammar: which words of a command name files, and how to put other names in their place.
//!
//! A command is its words as typed, with the URLs in place. Parsing changes nothing in it. It finds every [`Place`]: a
//! stretch of a word that names a file, be it a whole word (`-i in.mp4`), an element of a list (`concat:a|b`), a slave of
//! the tee muxer, or an argument of a filter inside a graph (`subtitles=a.srt`). A rewrite puts other names, escaped for
//! where they stand, into exactly these places, and every other byte stays as it was typed. The alternative, rebuilding
//! the command from a tree, would need to know all of ffmpeg's options and would lose the rest.
//!
//! The rules are those of `split_commandline` in ffmpeg's `fftools/cmdutils.c` and of the ffmpeg, ffmpeg-formats,
//! ffmpeg-filters and ffmpeg-utils manuals. The code is pure: it reads no file and needs no ffmpeg, so that a mistake is
//! found where the command is typed.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

pub use error::CommandError;
pub use legacy::Legacy;
pub use parsed::{File, Implicit, OptionUse, Parsed, Target};
pub use place::{Owner, Pattern, Place, Role};

mod check;
mod dictionary;
mod error;
mod escape;
mod files;
mod filter;
mod finder;
mod format;
mod legacy;
mod options;
mod parse;
mod parsed;
mod place;
mod source;
mod target;
#[cfg(test)]
mod tests;
pub mod words;

/// The words of one ffmpeg command, without the leading `ffmpeg`.
///
/// In JSON it is the plain list of its words.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Command {
    words: Vec<String>,
}

impl Command {
    /// Takes words as a shell would have passed them; a leading `ffmpeg`, also with a directory, is dropped.
    pub fn new<W: Into<String>>(words: impl IntoIterator<Item = W>) -> Self {
        let mut words: Vec<String> = words.into_iter().map(Into::into).collect();
        let is_program = |word: &String| Path::new(word).file_name() == Some("ffmpeg".as_ref());
        if words.first().is_some_and(is_program) {
            words.remove(0);
        }
        Self { words }
    }

    /// Splits a line as a POSIX shell does, without any expansion.
    pub fn from_line(line: &str) -> Result<Self, CommandError> {
        Ok(Self::new(words::split(line)?))
    }

    /// Builds the command that the six parameters of the original describe.
    pub fn from_legacy(legacy: &Legacy) -> Result<Self, CommandError> {
        legacy.command()
    }

    /// The words after `ffmpeg`.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// One line for people, quoted so that a shell reads the same words; without the leading `ffmpeg`.
    pub fn to_line(&self) -> String {
        words::join(&self.words)
    }

    /// Finds inputs, outputs, options and places, and checks all that can be checked without touching a file.
    pub fn parse(&self) -> Result<Parsed, CommandError> {
        let parsed = parse::parse(&self.words)?;
        check::check(&parsed)?;
        Ok(parsed)
    }
}

impl fmt::Display for Command {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "ffmpeg {}", self.to_line())
    }
}
