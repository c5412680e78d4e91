//! What somebody meant who wrote a name that nobody knows.

/// The beginning of a known name counts as meant from this many characters on.
const BEGINNING: usize = 3;

/// The known name that is nearest to `word`; `None` when none is near.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    let near = |name: &&str| {
        let length = name.chars().count().max(word.chars().count());
        let distance = strsim::damerau_levenshtein(&lower, &name.to_lowercase());
        let begins = name.starts_with(&lower) && lower.chars().count() >= BEGINNING;
        (begins || distance * 3 <= length).then_some(distance)
    };
    known
        .into_iter()
        .filter_map(|name| Some((near(&name)?, name)))
        .min()
        .map(|(_, name)| name)
}

/// The fix for an unknown name: the nearest one, else all of them.
pub fn hint<'a>(word: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    match nearest(word, known.clone()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!(
            "known: {}",
            known.into_iter().collect::<Vec<_>>().join(", ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(word: &str, expected: Option<&str>) {
        let known = [
            "command",
            "inputs",
            "input_url",
            "output",
            "timeout_secs",
            "vcpus",
        ];
        assert_eq!(nearest(word, known), expected);
    }

    #[test]
    fn what_was_meant() {
        check("comand", Some("command"));
        check("Command", Some("command"));
        check("input", Some("inputs"));
        check("outputs", Some("output"));
        check("timeout", Some("timeout_secs"));
        check("vcpu", Some("vcpus"));
        check("codec", None);
        check("x", None);
    }
}
