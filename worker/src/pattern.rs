//! Image sequences in S3: which keys `frames/%05d.png` or `frames/*.png` stands for.

use ffbatch_dispatcher::location::Location;

/// The part of a pattern before its first placeholder, as a prefix to list.
pub fn prefix(pattern: &Location) -> Location {
    match pattern {
        Location::S3 { bucket, key } => {
            let literal = key
                .find(['%', '*', '?', '['])
                .map_or(key.as_str(), |at| &key[..at]);
            Location::S3 {
                bucket: bucket.clone(),
                key: literal.to_owned(),
            }
        }
        other => other.clone(),
    }
}

/// Whether a location is one of those that the pattern stands for.
pub fn matches(pattern: &Location, found: &Location) -> bool {
    match (pattern, found) {
        (
            Location::S3 { bucket, key },
            Location::S3 {
                bucket: other,
                key: name,
            },
        ) => bucket == other && fits(key, name),
        _ => false,
    }
}

/// `%d` and `%05d` stand for digits, `%%` for `%`, `*` and `?` for what a shell takes them for (within one directory).
fn fits(pattern: &str, text: &str) -> bool {
    let Some(first) = pattern.chars().next() else {
        return text.is_empty();
    };
    let rest = &pattern[first.len_utf8()..];
    match first {
        '%' => {
            if let Some(rest) = rest.strip_prefix('%') {
                return text.strip_prefix('%').is_some_and(|text| fits(rest, text));
            }
            let width = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let Some(after) = rest[width..].strip_prefix('d') else {
                return text.strip_prefix('%').is_some_and(|text| fits(rest, text));
            };
            let least = rest[..width].parse::<usize>().unwrap_or(1).max(1);
            let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            (least..=digits).any(|count| fits(after, &text[count..]))
        }
        '*' => text
            .char_indices()
            .map(|(at, _)| at)
            .chain([text.len()])
            .take_while(|at| !text[..*at].contains('/'))
            .any(|at| fits(rest, &text[at..])),
        '?' => text
            .chars()
            .next()
            .is_some_and(|c| c != '/' && fits(rest, &text[c.len_utf8()..])),
        _ => text
            .strip_prefix(first)
            .is_some_and(|text| fits(rest, text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, text: &str, expected: bool) {
        assert_eq!(fits(pattern, text), expected, "`{pattern}` on `{text}`");
    }

    #[test]
    fn numbers_and_globs() {
        check("f/%05d.png", "f/00001.png", true);
        check("f/%05d.png", "f/100000.png", true);
        check("f/%05d.png", "f/0001.png", false);
        check("f/%d.png", "f/7.png", true);
        check("f/%d.png", "f/x.png", false);
        check("f/%%d.png", "f/%d.png", true);
        check("f/a%41.png", "f/a%41.png", true);
        check("f/*.png", "f/x.png", true);
        check("f/*.png", "f/sub/x.png", false);
        check("f/?.png", "f/ü.png", true);
    }

    #[test]
    fn the_prefix_ends_at_the_first_placeholder() {
        let location = |text: &str| text.parse::<Location>().expect("a location");
        assert_eq!(
            prefix(&location("s3://b/f/x%05d.png")).to_string(),
            "s3://b/f/x"
        );
    }
}
