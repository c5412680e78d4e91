//! Lists of files inside files: where their names stand, what ffmpeg takes them for, and how to put others in their place.
//!
//! Three of ffmpeg's inputs are texts that name further files: the concat demuxer's script (`concat_parse_script` in
//! `libavformat/concatdec.c`), the concatf protocol's lines (`libavformat/concat.c`) and the HLS muxer's key information
//! (`hls_encryption_start` in `libavformat/hlsenc.c`). Reading is pure text: what the names stand for is decided elsewhere.

use std::ops::Range;

use crate::command::{Owner, Parsed, Place, Role};

/// The largest list or playlist, in bytes. A day of two-second segments has a tenth of it.
pub const TEXT_LIMIT: u64 = 32 << 20;

/// How many files lists and playlists may name in one job.
pub const FILES_LIMIT: usize = 20_000;

/// What separates words (`SPACE_CHARS` of the concat demuxer, `WHITESPACES` of `av_get_token`).
const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

/// How a text names files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// The concat demuxer: `file 'NAME'` on lines of their own, relative to the list.
    Concat,
    /// The concatf protocol: a name on each line, relative to the current directory.
    Lines,
    /// `-hls_key_info_file`: the second line, relative to the current directory.
    KeyInfo,
}

/// A name in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The number of its line, from 1.
    pub line: usize,
    /// The name, without quotes and escapes.
    pub name: String,
    /// Where it stands in the text, with its quotes.
    pub span: Range<usize>,
}

impl Form {
    /// The form of the list that stands at a place of this role.
    pub const fn of(role: Role) -> Option<Self> {
        match role {
            Role::ReadList => Some(Self::Concat),
            Role::ReadLines => Some(Self::Lines),
            Role::ReadKeyInfo => Some(Self::KeyInfo),
            _ => None,
        }
    }

    /// The names in a text, in order.
    pub fn entries(self, text: &str) -> Vec<Entry> {
        match self {
            Self::Concat => lines(text).filter_map(script_line).collect(),
            Self::Lines => all_lines(text),
            Self::KeyInfo => lines(text)
                .nth(1)
                .map(|(line, start, content)| Entry {
                    line,
                    name: content.to_owned(),
                    span: start..start + content.len(),
                })
                .filter(|entry| !entry.name.is_empty())
                .into_iter()
                .collect(),
        }
    }

    /// Writes a name so that it reads back from a list of this form.
    pub fn quote(self, name: &str) -> String {
        match self {
            Self::Concat | Self::Lines => format!("'{}'", name.replace('\'', r"'\''")),
            Self::KeyInfo => name.to_owned(),
        }
    }
}

/// The text with other names in the places of these entries.
pub fn rewrite(form: Form, text: &str, names: &[(Entry, String)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (entry, name) in names {
        out += &text[at..entry.span.start];
        out += &form.quote(name);
        at = entry.span.end;
    }
    out + &text[at..]
}

/// Whether the concat demuxer accepts a name with `-safe 1`, its default (`safe_filename`): a relative path of letters,
/// digits, `_`, `-`, and dots that do not begin a component.
pub fn is_safe(name: &str) -> bool {
    let portable = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    !name.starts_with('/')
        && !name.contains("//")
        && name.split('/').all(|component| {
            !component.starts_with('.') && component.chars().all(|c| portable(c) || c == '.')
        })
}

/// Whether ffmpeg refuses names at this place that are not plain (`-safe 1`, the concat demuxer's default).
pub fn is_strict(parsed: &Parsed, place: &Place) -> bool {
    let Owner::Input(input) = place.owner else {
        return false;
    };
    let safe = parsed
        .inputs
        .get(input)
        .and_then(|file| parsed.last(file, &["safe"]));
    !safe.is_some_and(|value| {
        ["0", "false", "n", "no", "disable", "disabled", "off"].contains(&value)
    })
}

/// Lines with their numbers and starts, without their ends.
fn lines(text: &str) -> impl Iterator<Item = (usize, usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n')
        .enumerate()
        .map(move |(index, line)| {
            let start = at;
            at += line.len();
            (index + 1, start, line.trim_end_matches(['\r', '\n']))
        })
}

fn script_line((line, start, content): (usize, usize, &str)) -> Option<Entry> {
    let rest = content.trim_start_matches(BLANKS);
    let value = rest.strip_prefix("file")?;
    if !value.starts_with(BLANKS) {
        return None;
    }
    let at = start + (content.len() - value.len());
    let (name, span) = token(value, &BLANKS);
    (!name.is_empty()).then_some(Entry {
        line,
        name,
        span: at + span.start..at + span.end,
    })
}

fn all_lines(text: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let (name, span) = token(&text[at..], &['\r', '\n']);
        let span = at + span.start..at + span.end;
        at = span.end + 1;
        if !name.is_empty() {
            entries.push(Entry {
                line: 1 + text[..span.start].matches('\n').count(),
                name,
                span,
            });
        }
    }
    entries
}

/// `av_get_token` of `libavutil/avstring.c`: a word up to one of these ends, with `\` and `'..'`, without blanks around it.
fn token(text: &str, ends: &[char]) -> (String, Range<usize>) {
    let start = text.len() - text.trim_start_matches(BLANKS).len();
    let mut name = String::new();
    // Blanks that were quoted or escaped stay.
    let mut kept = 0;
    let mut end = start;
    let mut rest = text[start..].char_indices();
    while let Some((at, c)) = rest.next() {
        if ends.contains(&c) {
            break;
        }
        end = start + at + c.len_utf8();
        match c {
            '\\' => {
                if let Some((at, escaped)) = rest.next() {
                    name.push(escaped);
                    kept = name.len();
                    end = start + at + escaped.len_utf8();
                }
            }
            '\'' => {
                for (at, quoted) in rest.by_ref() {
                    end = start + at + quoted.len_utf8();
                    if quoted == '\'' {
                        kept = name.len();
                        break;
                    }
                    name.push(quoted);
                }
            }
            _ => name.push(c),
        }
    }
    let trimmed = name.trim_end_matches(BLANKS).len().max(kept);
    name.truncate(trimmed);
    (name, start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(form: Form, text: &str, expected: &[(usize, &str)]) {
        let entries = form.entries(text);
        let got: Vec<(usize, &str)> = entries
            .iter()
            .map(|entry| (entry.line, entry.name.as_str()))
            .collect();
        assert_eq!(got, expected, "{text}");
        // Whatever is put in comes out again, and nothing else changes.
        let names: Vec<(Entry, String)> = entries
            .iter()
            .map(|entry| (entry.clone(), format!("{}'x y", entry.name)))
            .collect();
        let again = form.entries(&rewrite(form, text, &names));
        let again: Vec<&str> = again.iter().map(|entry| entry.name.as_str()).collect();
        let expected: Vec<&str> = names.iter().map(|(_, name)| name.as_str()).collect();
        assert_eq!(again, expected);
    }

    #[test]
    fn scripts_of_the_concat_demuxer() {
        check(
            Form::Concat,
            "ffconcat version 1.0\n# file no\nfile 'a b.mp4'\nduration 2\n  file c\\ d.mp4 \r\nfile e'f g'.mp4",
            &[(3, "a b.mp4"), (5, "c d.mp4"), (6, "ef g.mp4")],
        );
        check(
            Form::Concat,
            "filex a\nfile\nstream\nfile 'it'\\''s'",
            &[(4, "it's")],
        );
        check(Form::Concat, "file 'unclosed", &[(1, "unclosed")]);
        check(Form::Concat, "file s3://b/ü.mp4", &[(1, "s3://b/ü.mp4")]);
    }

    #[test]
    fn lines_of_concatf() {
        check(
            Form::Lines,
            "a b.ts\n\n 'c .ts'\r\nd.ts",
            &[(1, "a b.ts"), (3, "c .ts"), (4, "d.ts")],
        );
    }

    #[test]
    fn key_information() {
        let entries = Form::KeyInfo.entries("https://h/key\nsecret key.bin\n0123\n");
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0].name, "secret key.bin");
        assert!(Form::KeyInfo.entries("only\n").is_empty());
        let named = [(entries[0].clone(), "/k".to_owned())];
        assert_eq!(
            rewrite(Form::KeyInfo, "u\nsecret key.bin\n0\n", &[]),
            "u\nsecret key.bin\n0\n"
        );
        assert_eq!(
            rewrite(
                Form::KeyInfo,
                "https://h/key\nsecret key.bin\n0123\n",
                &named
            ),
            "https://h/key\n/k\n0123\n"
        );
    }

    #[test]
    fn what_is_safe() {
        for safe in ["a.mp4", "a/b.mp4", "0/media.mp4", "a..b", "-x_y"] {
            assert!(is_safe(safe), "{safe}");
        }
        for unsafe_name in [
            "/a", "../a", ".a", "a/../b", "a b", "s3://b/k", "file:a", "ü.mp4", "a//b",
        ] {
            assert!(!is_safe(unsafe_name), "{unsafe_name}");
        }
    }
}
