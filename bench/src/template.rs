//! Words with placeholders in braces; `{{` and `}}` are the braces themselves.
//!
//! A command is split into words before its placeholders are filled: a value is a part of one word, whatever characters it has.

/// Fills the placeholders of a word, and tells which it had.
pub fn fill(
    word: &str,
    keys: &[&str],
    value: impl Fn(&str) -> String,
) -> Result<(String, Vec<String>), String> {
    let mut out = String::new();
    let mut used = Vec::new();
    let mut rest = word;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let brace = &from[..1];
        if let Some(after) = from.strip_prefix(&brace.repeat(2)) {
            out.push_str(brace);
            rest = after;
            continue;
        }
        let inside = from.strip_prefix('{').and_then(|from| from.split_once('}'));
        let Some((key, after)) = inside else {
            return Err(format!(
                "has a `{brace}` without a partner in `{word}` (write `{brace}{brace}` for the brace itself)"
            ));
        };
        if !keys.contains(&key) {
            return Err(unknown(key, keys));
        }
        out.push_str(&value(key));
        used.push(key.to_owned());
        rest = after;
    }
    out.push_str(rest);
    Ok((out, used))
}

/// What is said of a placeholder that nobody knows.
fn unknown(key: &str, keys: &[&str]) -> String {
    let near = keys
        .iter()
        .filter(|known| strsim::damerau_levenshtein(known, key) <= 2)
        .min_by_key(|known| strsim::damerau_levenshtein(known, key));
    let hint = match near {
        Some(known) => format!("did you mean `{{{known}}}`?"),
        None => format!("give it a list in `values`; known: {}", keys.join(", ")),
    };
    format!(
        "has an unknown placeholder `{{{key}}}` ({hint}; braces themselves are written `{{{{` and `}}}}`)"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(word: &str, expected: Result<&str, &str>) {
        let got = fill(word, &["crf", "output"], |key| format!("<{key}>"));
        match (got, expected) {
            (Ok((text, _)), Ok(expected)) => assert_eq!(text, expected),
            (Err(said), Err(part)) => assert!(said.contains(part), "`{said}` lacks `{part}`"),
            (got, _) => panic!("{got:?}"),
        }
    }

    #[test]
    fn words() {
        check("23", Ok("23"));
        check("{output}.mp4", Ok("<output>.mp4"));
        check("a{crf}b{crf}", Ok("a<crf>b<crf>"));
        check("%{{eif}}", Ok("%{eif}"));
        check("{crt}", Err("did you mean `{crf}`?"));
        check("{preset}", Err("known: crf, output"));
        check("{crf", Err("`{` without a partner"));
        check("crf}", Err("`}` without a partner"));
    }
}
