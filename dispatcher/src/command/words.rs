//! POSIX shell words, without a shell: quotes and backslashes are read, nothing is expanded.
//!
//! `$HOME`, `*`, `~`, `;` and `|` are ordinary characters here, so that no text of a job can run anything. The crate
//! `shlex` reads the same language but answers an unbalanced quote with nothing at all; the person who typed it needs to
//! know which quote and where.

/// A line that is no list of words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WordsError {
    /// A quote without its partner.
    #[error(
        "the quote {quote} at character {position} is never closed, in `{excerpt}` (close it, or write \\{quote} for the character itself)"
    )]
    Quote {
        /// `'` or `"`.
        quote: char,
        /// Where it stands, in characters from 1.
        position: usize,
        /// The text from there on, at most 40 characters.
        excerpt: String,
    },
    /// A backslash with nothing after it.
    #[error(
        "the backslash at character {position} has nothing to escape (remove it, or write \\\\ for the character itself)"
    )]
    Backslash {
        /// Where it stands, in characters from 1.
        position: usize,
    },
}

/// Splits a line into words ("Quoting" and "Token Recognition" in POSIX.1-2017, Shell Command Language, 2.2 and 2.3).
pub fn split(line: &str) -> Result<Vec<String>, WordsError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = line.chars().enumerate();
    while let Some((at, c)) = rest.next() {
        match c {
            ' ' | '\t' | '\n' | '\r' => words.extend(word.take()),
            '\'' | '"' => {
                let word = word.get_or_insert_default();
                quoted(c, &mut rest, word).ok_or_else(|| unclosed(line, c, at))?;
            }
            '\\' => match rest.next() {
                Some((_, '\n')) => {}
                Some((_, escaped)) => word.get_or_insert_default().push(escaped),
                None => return Err(WordsError::Backslash { position: at + 1 }),
            },
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

/// Reads up to the closing quote; `None` where it is missing.
fn quoted(
    quote: char,
    rest: &mut impl Iterator<Item = (usize, char)>,
    word: &mut String,
) -> Option<()> {
    loop {
        match rest.next()?.1 {
            c if c == quote => return Some(()),
            '\\' if quote == '"' => match rest.next()?.1 {
                '\n' => {}
                c @ ('"' | '\\' | '$' | '`') => word.push(c),
                c => word.extend(['\\', c]),
            },
            c => word.push(c),
        }
    }
}

fn unclosed(line: &str, quote: char, at: usize) -> WordsError {
    WordsError::Quote {
        quote,
        position: at + 1,
        excerpt: line.chars().skip(at).take(40).collect(),
    }
}

/// Joins words into a line that [`split`] and a shell read back as the same words.
pub fn join<W: AsRef<str>>(words: &[W]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| quote(word.as_ref())).collect();
    quoted.join(" ")
}

fn quote(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_-./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(line: &str, expected: &[&str]) {
        assert_eq!(split(line).expect("words"), expected);
    }

    #[track_caller]
    fn check_error(line: &str, expected: &str) {
        assert_eq!(split(line).expect_err("no words").to_string(), expected);
    }

    #[test]
    fn words_as_a_shell_reads_them() {
        check("", &[]);
        check("  a  b\tc\nd ", &["a", "b", "c", "d"]);
        check("'a b' \"c d\"", &["a b", "c d"]);
        check("a'b'\"c\"d", &["abcd"]);
        check("'' \"\"", &["", ""]);
        check(r"a\ b", &["a b"]);
        check(r"'a\b'", &[r"a\b"]);
        check(r#""a\"b\\c\d""#, &[r#"a"b\c\d"#]);
        check("a\\\nb", &["ab"]);
        check("\"a\\\nb\"", &["ab"]);
        check("-metadata title=\"it's\"", &["-metadata", "title=it's"]);
        check(
            "$HOME *.mp4 ~ a;b|c #d",
            &["$HOME", "*.mp4", "~", "a;b|c", "#d"],
        );
        check("größe 日本", &["größe", "日本"]);
    }

    #[test]
    fn an_unbalanced_quote_is_named_with_its_place() {
        check_error(
            "-vf 'scale",
            "the quote ' at character 5 is never closed, in `'scale` (close it, or write \\' for the character itself)",
        );
        check_error(
            "a \"b\\\"",
            "the quote \" at character 3 is never closed, in `\"b\\\"` (close it, or write \\\" for the character itself)",
        );
        check_error(
            "ab\\",
            "the backslash at character 3 has nothing to escape (remove it, or write \\\\ for the character itself)",
        );
    }

    proptest! {
        #[test]
        fn joined_words_split_again(words in proptest::collection::vec(r"[ -~\t\nü]{0,12}", 0..6)) {
            prop_assert_eq!(split(&join(&words)).expect("words"), words);
        }
    }
}
