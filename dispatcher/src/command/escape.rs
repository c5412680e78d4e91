//! The one escape syntax of ffmpeg's texts, level upon level, with a way back to the bytes as typed.
//!
//! Filter graphs, filter arguments, tee slaves and dictionaries all use `av_get_token` ("Quoting and escaping" in the
//! ffmpeg-utils manual): a token ends at one of its terminators, `'...'` holds literal text, `\` makes the next character
//! literal, and bare white space at both ends is dropped. They are nested ("Notes on filtergraph escaping" in the
//! ffmpeg-filters manual): the decoded text of one level is the source of the next. A [`Token`] remembers for each of its
//! bytes where it came from, so that a stretch found three levels down still has its stretch in the word. The levels
//! themselves are never written anew: only what is replaced is escaped again.

use std::ops::Range;

/// What `av_get_token` takes for white space.
const BLANKS: [char; 4] = [' ', '\n', '\t', '\r'];

/// The schemes whose `://` is taken as typed although `:` ends a filter argument: `subtitles=s3://bucket/a.srt` can have
/// no other meaning, and to ask for `s3\://` would only annoy.
const BARE_SCHEMES: [&str; 4] = ["s3", "http", "https", "file"];

/// One level of escaping around a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layer {
    /// The characters that mean something at this level, besides quotes and backslashes.
    special: &'static str,
    /// Whether the place begins inside quotes that began before it.
    from_quote: bool,
    /// Whether the place ends inside quotes that end after it.
    into_quote: bool,
}

impl Layer {
    /// Writes a text so that this level reads it back.
    pub(super) fn wrap(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len() + 8);
        if self.from_quote {
            out.push('\'');
        }
        let inner = text.trim_matches(BLANKS);
        let lead = text.len() - text.trim_start_matches(BLANKS).len();
        for (at, c) in text.char_indices() {
            let edge = at < lead || at >= lead + inner.len();
            if matches!(c, '\\' | '\'') || self.special.contains(c) || edge {
                out.push('\\');
            }
            out.push(c);
        }
        if self.into_quote {
            out.push('\'');
        }
        out
    }
}

/// Where one byte of a decoded text came from.
#[derive(Debug, Clone, Copy)]
struct Origin {
    start: usize,
    end: usize,
    quote: Quote,
}

/// How a character stands in quotes.
#[derive(Debug, Clone, Copy)]
struct Quote {
    quoted: bool,
    first: bool,
    last: bool,
}

const BARE: Quote = Quote {
    quoted: false,
    first: false,
    last: false,
};

/// A word, or a token of an outer text.
#[derive(Debug)]
pub(super) struct Token<'outer> {
    /// The text without this level's escapes.
    pub(super) text: String,
    /// Where the token ends in the outer text: at a terminator or at its end.
    pub(super) end: usize,
    level: Option<Level<'outer>>,
}

#[derive(Debug)]
struct Level<'outer> {
    outer: &'outer Token<'outer>,
    special: &'static str,
    origins: Vec<Origin>,
}

impl Token<'_> {
    /// A word as typed, without any escapes.
    pub(super) fn word(word: &str) -> Self {
        Self {
            text: word.to_owned(),
            end: word.len(),
            level: None,
        }
    }

    /// The bytes of the word behind a stretch of this text, and the levels between, innermost first.
    pub(super) fn locate(&self, span: Range<usize>) -> (Range<usize>, Vec<Layer>) {
        let Some(level) = &self.level else {
            return (span, Vec::new());
        };
        let (first, last) = (level.origins[span.start], level.origins[span.end - 1]);
        // Quotes that hold nothing but the place are replaced with it.
        let from_quote = first.quote.quoted && !first.quote.first;
        let into_quote = last.quote.quoted && !last.quote.last;
        let start = first.start - usize::from(first.quote.quoted && first.quote.first);
        let end = last.end + usize::from(last.quote.quoted && last.quote.last);
        let (span, mut layers) = level.outer.locate(start..end);
        layers.insert(
            0,
            Layer {
                special: level.special,
                from_quote,
                into_quote,
            },
        );
        (span, layers)
    }
}

impl<'outer> Token<'outer> {
    /// Reads one token of `outer` from the byte `from` on, as `av_get_token` does.
    pub(super) fn read(
        outer: &'outer Token<'outer>,
        from: usize,
        terminators: &'static str,
    ) -> Self {
        let mut reader = Reader {
            source: &outer.text,
            at: from,
            text: String::new(),
            origins: Vec::new(),
            kept: 0,
        };
        reader.read(terminators);
        reader.text.truncate(reader.kept);
        reader.origins.truncate(reader.kept);
        Self {
            text: reader.text,
            end: reader.at,
            level: Some(Level {
                outer,
                special: terminators,
                origins: reader.origins,
            }),
        }
    }
}

impl Token<'_> {
    /// Makes what is put into this token escape other characters than its terminators.
    pub(super) fn escaping(mut self, special: &'static str) -> Self {
        if let Some(level) = &mut self.level {
            level.special = special;
        }
        self
    }
}

/// The state of `av_get_token`.
struct Reader<'a> {
    source: &'a str,
    at: usize,
    text: String,
    origins: Vec<Origin>,
    /// How much of `text` stays however much bare white space follows it.
    kept: usize,
}

impl Reader<'_> {
    fn read(&mut self, terminators: &str) {
        self.skip_blanks();
        while let Some(c) = self.peek() {
            let start = self.at;
            if terminators.contains(c) && !self.scheme_ends_here() {
                return;
            }
            self.at += c.len_utf8();
            match (c, self.peek()) {
                ('\\', Some(escaped)) => {
                    self.at += escaped.len_utf8();
                    self.push(escaped, start, BARE);
                    self.kept = self.text.len();
                }
                ('\'', _) => self.read_quoted(),
                _ => {
                    self.push(c, start, BARE);
                    if !BLANKS.contains(&c) {
                        self.kept = self.text.len();
                    }
                }
            }
        }
    }

    /// Reads up to the closing quote; without one the rest is quoted, as in ffmpeg.
    fn read_quoted(&mut self) {
        let rest = &self.source[self.at..];
        let closed = rest.find('\'');
        let inside = &rest[..closed.unwrap_or(rest.len())];
        let begin = self.at;
        for (offset, c) in inside.char_indices() {
            self.at = begin + offset + c.len_utf8();
            let quote = Quote {
                quoted: true,
                first: offset == 0,
                last: closed.is_some() && offset + c.len_utf8() == inside.len(),
            };
            self.push(c, begin + offset, quote);
        }
        self.at = begin + inside.len() + usize::from(closed.is_some());
        self.kept = self.text.len();
    }

    fn push(&mut self, c: char, start: usize, quote: Quote) {
        self.text.push(c);
        let origin = Origin {
            start,
            end: self.at,
            quote,
        };
        self.origins.resize(self.text.len(), origin);
    }

    /// Whether the `:` here belongs to a `scheme://` that began with the token.
    fn scheme_ends_here(&self) -> bool {
        self.source[self.at..].starts_with("://") && BARE_SCHEMES.contains(&self.text.as_str())
    }

    fn skip_blanks(&mut self) {
        let rest = &self.source[self.at..];
        self.at += rest.len() - rest.trim_start_matches(BLANKS).len();
    }

    fn peek(&self) -> Option<char> {
        self.source[self.at..].chars().next()
    }
}

/// The first byte at or after `from` that is no white space.
pub(super) fn skip_blanks(text: &str, from: usize) -> usize {
    text.len() - text[from..].trim_start_matches(BLANKS).len()
}

/// Reads `key=`: the key and where its value begins, or nothing where no `=` follows the characters of a key
/// (`av_opt_get_key_value` in ffmpeg's `libavutil/opt.c`).
pub(super) fn key(text: &str, from: usize) -> Option<(&str, usize)> {
    let start = skip_blanks(text, from);
    let is_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/' | '.');
    let end = text[start..]
        .find(|c| !is_key(c))
        .map_or(text.len(), |length| start + length);
    let equals = skip_blanks(text, end);
    (end > start && text[equals..].starts_with('=')).then(|| (&text[start..end], equals + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(source: &str, terminators: &'static str, expected: &str, end: usize) {
        let word = Token::word(source);
        let token = Token::read(&word, 0, terminators);
        assert_eq!((token.text.as_str(), token.end), (expected, end));
    }

    #[test]
    fn tokens_as_av_get_token_reads_them() {
        check("a:b", ":", "a", 1);
        check(r"a\:b:c", ":", "a:b", 4);
        check("'a:b':c", ":", "a:b", 5);
        check("  a b  :c", ":", "a b", 7);
        check(r"a\ :c", ":", "a ", 3);
        check("' a ':c", ":", " a ", 5);
        check("a'b", ":", "ab", 3);
        check("''", ":", "", 2);
        check(r"a\", ":", r"a\", 2);
        check(r"'a\'b", ":", r"a\b", 5);
        check("s3://b/k:x", ":", "s3://b/k", 8);
        check("s4://b/k", ":", "s4", 2);
        check("ü'ß':", ":", "üß", 6);
    }

    /// Replaces the stretch `inner` in a text of two levels and reads the result back.
    #[track_caller]
    fn check_replaced(word: &str, inner: &str, replacement: &str, expected: &str) {
        let root = Token::word(word);
        let graph = Token::read(&root, 0, "[],;");
        let argument = Token::read(&graph, 0, ":");
        let start = argument.text.find(inner).expect("the stretch is there");
        let (span, layers) = argument.locate(start..start + inner.len());
        let text = layers
            .iter()
            .fold(replacement.to_owned(), |text, layer| layer.wrap(&text));
        let mut replaced = word.to_owned();
        replaced.replace_range(span, &text);
        assert_eq!(replaced, expected);
        let root = Token::word(&replaced);
        let graph = Token::read(&root, 0, "[],;");
        let got = Token::read(&graph, 0, ":").text;
        assert_eq!(got, argument.text.replacen(inner, replacement, 1));
    }

    #[test]
    fn a_stretch_is_replaced_where_it_stands() {
        check_replaced("a.srt:x", "a.srt", "b.srt", "b.srt:x");
        check_replaced("'a.srt:x'", "a.srt", "b.srt", "b.srt':x'");
        check_replaced("'a.srt':x", "a.srt", "b.srt", "b.srt:x");
        check_replaced("a.srt:x", "a.srt", "b:c", r"b\\:c:x");
        check_replaced("a.srt", "a.srt", "a'b,c", r"a\\\'b\,c");
        check_replaced("'pre/a.srt/post'", "a.srt", "b", "'pre/'b'/post'");
    }

    proptest! {
        #[test]
        fn what_is_escaped_reads_back(text in r"[ -~\t\nü日]{1,40}") {
            for terminators in ["[],;", ":", "|", ":]"] {
                let layer = Layer { special: terminators, from_quote: false, into_quote: false };
                let wrapped = layer.wrap(&text);
                let word = Token::word(&wrapped);
                let token = Token::read(&word, 0, terminators);
                prop_assert_eq!(&token.text, &text);
                prop_assert_eq!(token.end, wrapped.len());
            }
        }

        #[test]
        fn any_source_can_be_read_and_any_stretch_replaced(
            word in r"[ab:,'\\ ü]{1,30}", text in r"[ab:,'\\ ]{1,10}", at in 0usize..30, length in 1usize..10,
        ) {
            let root = Token::word(&word);
            let graph = Token::read(&root, 0, "[],;");
            let argument = Token::read(&graph, 0, ":");
            let bounds: Vec<usize> = argument.text.char_indices().map(|(at, _)| at).chain([argument.text.len()]).collect();
            if bounds.len() < 2 {
                return Ok(());
            }
            let at = at % (bounds.len() - 1);
            let (start, end) = (bounds[at], bounds[(at + length).min(bounds.len() - 1)]);
            let (span, layers) = argument.locate(start..end);
            let wrapped = layers.iter().fold(text.clone(), |text, layer| layer.wrap(&text));
            let mut replaced = word.clone();
            replaced.replace_range(span, &wrapped);
            let mut expected = argument.text.clone();
            expected.replace_range(start..end, &text);
            let root = Token::word(&replaced);
            let graph = Token::read(&root, 0, "[],;");
            prop_assert_eq!(Token::read(&graph, 0, ":").text, expected);
        }
    }
}
