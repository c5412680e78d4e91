//! Names that stand for several files: what `frames/%05d.png` and `frames/*.png` match, in S3 and on disk.

use crate::command::Pattern;
use crate::location::Location;

/// The part of a pattern before its first placeholder, as a prefix to list.
pub fn prefix(kind: Pattern, pattern: &Location) -> Location {
    match pattern {
        Location::S3 { bucket, key } => Location::S3 {
            bucket: bucket.clone(),
            key: key[..literal(kind, key)].to_owned(),
        },
        other => other.clone(),
    }
}

/// Whether a location is one of those that the pattern stands for.
pub fn matches(kind: Pattern, pattern: &Location, found: &Location) -> bool {
    let bucket = |location: &Location| match location {
        Location::S3 { bucket, .. } => Some(bucket.clone()),
        _ => None,
    };
    bucket(pattern) == bucket(found) && stands_for(kind, path(pattern), path(found))
}

/// A location's path or key.
pub fn path(location: &Location) -> &str {
    match location {
        Location::S3 { key, .. } => key,
        Location::Path(text) | Location::Http(text) | Location::Live(text) => text,
    }
}

/// The length of the directory, with its slash, in which nothing is a placeholder.
pub fn fixed(kind: Pattern, pattern: &str) -> usize {
    pattern[..literal(kind, pattern)]
        .rfind('/')
        .map_or(0, |slash| slash + 1)
}

/// Whether a pattern of this kind stands for a text.
pub fn stands_for(kind: Pattern, pattern: &str, text: &str) -> bool {
    match kind {
        Pattern::Number => numbered(pattern, text),
        Pattern::Glob => braces(pattern).iter().any(|one| globbed(one, text)),
        Pattern::Literal | Pattern::Time => pattern == text,
    }
}

fn literal(kind: Pattern, pattern: &str) -> usize {
    let special: &[char] = match kind {
        Pattern::Number => &['%'],
        Pattern::Glob => &['*', '?', '[', '{', '\\'],
        Pattern::Literal | Pattern::Time => &[],
    };
    pattern.find(special).unwrap_or(pattern.len())
}

/// `%d` and `%05d` stand for digits, `%%` for `%` (`av_get_frame_filename` in `libavformat/utils.c`).
fn numbered(pattern: &str, text: &str) -> bool {
    let Some(first) = pattern.chars().next() else {
        return text.is_empty();
    };
    let rest = &pattern[first.len_utf8()..];
    if first != '%' {
        return text
            .strip_prefix(first)
            .is_some_and(|text| numbered(rest, text));
    }
    if let Some(rest) = rest.strip_prefix('%') {
        return text
            .strip_prefix('%')
            .is_some_and(|text| numbered(rest, text));
    }
    let width = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let Some(after) = rest[width..].strip_prefix('d') else {
        return text
            .strip_prefix('%')
            .is_some_and(|text| numbered(rest, text));
    };
    let least = rest[..width].parse::<usize>().unwrap_or(1).max(1);
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    (least..=digits).any(|count| numbered(after, &text[count..]))
}

/// `*`, `?`, `[..]` and `\` within one directory, as glob(7) has them.
fn globbed(pattern: &str, text: &str) -> bool {
    let Some(first) = pattern.chars().next() else {
        return text.is_empty();
    };
    let rest = &pattern[first.len_utf8()..];
    let one = text.chars().next();
    let after = |c: char| &text[c.len_utf8()..];
    match first {
        '*' => text
            .char_indices()
            .map(|(at, _)| at)
            .chain([text.len()])
            .take_while(|at| !text[..*at].contains('/'))
            .any(|at| globbed(rest, &text[at..])),
        '?' => one.is_some_and(|c| c != '/' && globbed(rest, after(c))),
        '[' if class(rest, '\0').is_some() => one.is_some_and(|c| {
            c != '/'
                && class(rest, c)
                    .is_some_and(|(holds, end)| holds && globbed(&rest[end..], after(c)))
        }),
        '\\' if !rest.is_empty() => {
            let escaped = rest.chars().next().unwrap_or_default();
            text.strip_prefix(escaped)
                .is_some_and(|text| globbed(&rest[escaped.len_utf8()..], text))
        }
        _ => text
            .strip_prefix(first)
            .is_some_and(|text| globbed(rest, text)),
    }
}

/// Whether a character is in the class that starts behind `[`, and where the class ends; `None` where it never ends.
fn class(text: &str, c: char) -> Option<(bool, usize)> {
    let negated = text.starts_with(['!', '^']);
    let start = usize::from(negated);
    // A bracket that comes first is a member.
    let first = text[start..].chars().next()?.len_utf8();
    let end = start + first + text[start + first..].find(']')?;
    let members: Vec<char> = text[start..end].chars().collect();
    let mut holds = false;
    let mut at = 0;
    while at < members.len() {
        if members.get(at + 1) == Some(&'-') && at + 2 < members.len() {
            holds |= (members[at]..=members[at + 2]).contains(&c);
            at += 3;
        } else {
            holds |= members[at] == c;
            at += 1;
        }
    }
    Some((holds != negated, end + 1))
}

/// The patterns that `{a,b}` stands for.
fn braces(pattern: &str) -> Vec<String> {
    let inner = pattern
        .find('{')
        .and_then(|open| Some((open, open + pattern[open..].find('}')?)));
    let Some((open, close)) = inner else {
        return vec![pattern.to_owned()];
    };
    pattern[open + 1..close]
        .split(',')
        .flat_map(|choice| {
            braces(&format!(
                "{}{choice}{}",
                &pattern[..open],
                &pattern[close + 1..]
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: Pattern, pattern: &str, text: &str, expected: bool) {
        assert_eq!(
            stands_for(kind, pattern, text),
            expected,
            "`{pattern}` on `{text}`"
        );
    }

    #[test]
    fn numbers() {
        let check = |pattern, text, expected| check(Pattern::Number, pattern, text, expected);
        check("f/%05d.png", "f/00001.png", true);
        check("f/%05d.png", "f/100000.png", true);
        check("f/%05d.png", "f/0001.png", false);
        check("f/%d.png", "f/7.png", true);
        check("f/%d.png", "f/x.png", false);
        check("50%%/f%%%d.png", "50%/f%7.png", true);
        check("50%%/f%d.png", "50%%/f7.png", false);
        check("[a]*%d.png", "[a]*7.png", true);
    }

    #[test]
    fn globs() {
        let check = |pattern, text, expected| check(Pattern::Glob, pattern, text, expected);
        check("f/*.png", "f/x.png", true);
        check("f/*.png", "f/sub/x.png", false);
        check("f/?.png", "f/ü.png", true);
        check("f/[a-c]x[!0-9].png", "f/bxy.png", true);
        check("f/[a-c]x[!0-9].png", "f/bx1.png", false);
        check("f/[x.png", "f/[x.png", true);
        check("f/*.{png,jpg}", "f/a.jpg", true);
        check("f/*.{png,jpg}", "f/a.gif", false);
        check("f/\\*%d.png", "f/*%d.png", true);
    }

    #[test]
    fn what_stands_before_the_first_placeholder() {
        let location = |text: &str| text.parse::<Location>().expect("a location");
        assert_eq!(
            prefix(Pattern::Number, &location("s3://b/f/x*%05d.png")).to_string(),
            "s3://b/f/x*"
        );
        assert_eq!(fixed(Pattern::Number, "a/b/x%d.png"), 4);
        assert_eq!(fixed(Pattern::Glob, "a/b*/x.png"), 2);
        assert_eq!(fixed(Pattern::Glob, "*.png"), 0);
    }
}
