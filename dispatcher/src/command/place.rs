//! A place: a stretch of a word that names a file, and what ffmpeg does with that file.

use std::ops::Range;

use crate::location::Location;

use super::escape::Layer;

/// What ffmpeg does with the file at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Reads it as an input (`-i`).
    Input,
    /// Reads it as a side file that an option or a filter names (`-attach`, `subtitles=`, `-/filter_complex`).
    Read,
    /// Reads the files of this directory (`fontsdir=` of the subtitles filter).
    ReadDirectory,
    /// Reads a list of the concat demuxer (`-f concat`), whose `file` lines name further files.
    ReadList,
    /// Reads a list of the concatf protocol, whose lines name further files.
    ReadLines,
    /// Reads `-hls_key_info_file`, whose second line names the key file.
    ReadKeyInfo,
    /// Writes it as an output.
    Output,
    /// Writes it as a side file (`-hls_segment_filename`, `-vstats_file`, `stats_file=` of a filter).
    Write,
    /// Reads or writes every file whose name starts so (`-passlogfile`): pass 1 writes, pass 2 reads, pass 3 does both.
    Prefix,
}

impl Role {
    /// Whether ffmpeg reads what stands there before the command started.
    pub fn is_read(self) -> bool {
        !self.is_write() && self != Self::Prefix
    }

    /// Whether ffmpeg creates it.
    pub fn is_write(self) -> bool {
        matches!(self, Self::Output | Self::Write)
    }
}

/// Whether the name stands for several files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pattern {
    /// It is one file's name, also where it holds `%`, `*` or `$`.
    Literal,
    /// `%d` or `%05d` becomes a number and `%%` a `%`; in HLS also `%v` becomes the variant's name.
    Number,
    /// `*`, `?` and `[..]` as in a shell.
    Glob,
    /// The conversions of `strftime(3)`.
    Time,
}

/// To which file of the command a place belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    /// To the command as a whole.
    Command,
    /// To the input of this number, from 0.
    Input(usize),
    /// To the output of this number, from 0.
    Output(usize),
}

/// A stretch of a word that names a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The number of the word, from 0.
    pub word: usize,
    /// The bytes of the word that a rewrite replaces.
    pub span: Range<usize>,
    /// What ffmpeg does with the file.
    pub role: Role,
    /// To which input or output it belongs.
    pub owner: Owner,
    /// The name without any of the escapes that its position asks for.
    pub text: String,
    /// The name as a location.
    pub location: Location,
    /// Whether the name stands for several files.
    pub pattern: Pattern,
    /// The option or filter that names it, such as `-attach` or `subtitles`; empty for inputs and outputs themselves.
    pub named_by: String,
    /// Whether ffmpeg opens it as a URL, so that `file:` in front of a path is understood.
    pub(super) url: bool,
    /// The levels of escaping around it, innermost first.
    pub(super) layers: Vec<Layer>,
}

impl Place {
    /// Whether the name stands for several files.
    pub fn is_pattern(&self) -> bool {
        self.pattern != Pattern::Literal
    }

    /// Writes a name so that ffmpeg reads it at this place.
    pub(super) fn wrap(&self, name: &str) -> String {
        let plain = if self.url && needs_file_scheme(name) {
            format!("file:{name}")
        } else {
            name.to_owned()
        };
        self.layers
            .iter()
            .fold(plain, |text, layer| layer.wrap(&text))
    }
}

/// Whether ffmpeg would take a path for a protocol's URL (`url_find_protocol` in ffmpeg's `libavformat/avio.c`) or, as
/// an output, for an option.
fn needs_file_scheme(path: &str) -> bool {
    if path.contains("://") || path.starts_with("file:") {
        return false;
    }
    let is_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    let after = path.trim_start_matches(is_scheme);
    path.starts_with('-') || after.starts_with(':') || after.starts_with(',')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_look_like_something_else_get_a_scheme() {
        for path in [
            "12:30.mp4",
            "-x.mp4",
            "-",
            "concat:a",
            "subfile,,a:b",
            "a-b.c:d",
        ] {
            assert!(needs_file_scheme(path), "{path}");
        }
        for path in [
            "/a:b", "./a:b", "a/b:c", "a.mp4", "file:a", "s3://b/k", "a b:c", "ü:c",
        ] {
            assert!(!needs_file_scheme(path), "{path}");
        }
    }
}
