//! The array jobs that the inputs of one entry become: one where AWS Batch allows it, else as few as hold them all.

use ffbatch_dispatcher::job::{Job, NAME_LIMIT};
use ffbatch_dispatcher::terms::ARRAY_SIZES;

/// The array jobs that these jobs become, of nearly equal size, with their names.
pub fn parts(name: &str, mut jobs: Vec<Job>) -> Vec<(String, Vec<Job>)> {
    let count = jobs.len().div_ceil(*ARRAY_SIZES.end());
    if count == 1 {
        return vec![(name.to_owned(), jobs)];
    }
    let mut parts = Vec::with_capacity(count);
    for number in 1..=count {
        let size = jobs.len().div_ceil(count - number + 1);
        let rest = jobs.split_off(size);
        parts.push((numbered(name, number), std::mem::replace(&mut jobs, rest)));
    }
    parts
}

/// `encode-2`, of a long name its beginning; what has no name gets none.
fn numbered(name: &str, number: usize) -> String {
    if name.is_empty() {
        return String::new();
    }
    let suffix = format!("-{number}");
    let kept = name.chars().take(NAME_LIMIT - suffix.len());
    kept.chain(suffix.chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_few_as_hold_them_all() {
        let check = |jobs: usize, expected: &[(&str, usize)]| {
            let parts = parts("encode", vec![Job::of(Vec::new()); jobs]);
            let sizes: Vec<_> = parts
                .iter()
                .map(|(name, jobs)| (name.as_str(), jobs.len()))
                .collect();
            assert_eq!(sizes, expected);
        };
        check(2, &[("encode", 2)]);
        check(10_000, &[("encode", 10_000)]);
        check(10_001, &[("encode-1", 5001), ("encode-2", 5000)]);
        let three = [("encode-1", 8334), ("encode-2", 8333), ("encode-3", 8333)];
        check(25_000, &three);
    }

    #[test]
    fn a_long_name_keeps_its_beginning() {
        let long = "\u{fc}".repeat(NAME_LIMIT - 1);
        let expected = "\u{fc}".repeat(NAME_LIMIT - 2) + "-2";
        assert_eq!(numbered(&long, 2), expected);
        assert_eq!(numbered("", 1), "");
    }
}
