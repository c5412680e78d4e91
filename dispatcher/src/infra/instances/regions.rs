//! Which families and sizes a Region offers, read from the committed table.
//!
//! A Region is one line, and a family one word of it: `c5` has all sizes of the table of types, `c5:large,xlarge` only these,
//! `c5!24xlarge` all but these.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

/// Region, families with their sizes.
const REGIONS: &str = include_str!("regions.tsv");

static OFFERS: LazyLock<HashMap<&str, Families>> = LazyLock::new(|| {
    let rows = REGIONS.lines().filter(|line| !line.starts_with('#'));
    rows.map(row).collect()
});

/// The families of a Region by name.
type Families = BTreeMap<&'static str, Sizes>;

/// Which sizes of a family a Region offers.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sizes {
    /// All that there are.
    All,
    /// These alone.
    Only(Vec<&'static str>),
    /// All but these.
    AllBut(Vec<&'static str>),
}

impl Sizes {
    /// Whether a size is among them.
    pub(super) fn has(&self, size: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(these) => these.contains(&size),
            Self::AllBut(these) => !these.contains(&size),
        }
    }
}

/// What a Region offers; `None` where the table does not know it.
pub(super) fn families(region: &str) -> Option<&'static Families> {
    OFFERS.get(region)
}

fn row(line: &'static str) -> (&'static str, Families) {
    let (region, families) = line
        .split_once('\t')
        .expect("a row of the committed table has two cells");
    (region, families.split(' ').map(family).collect())
}

fn family(word: &'static str) -> (&'static str, Sizes) {
    let list = |sizes: &'static str| sizes.split(',').collect();
    if let Some((name, sizes)) = word.split_once(':') {
        (name, Sizes::Only(list(sizes)))
    } else if let Some((name, sizes)) = word.split_once('!') {
        (name, Sizes::AllBut(list(sizes)))
    } else {
        (word, Sizes::All)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infra::instances::of_family;

    #[test]
    fn the_three_forms_of_a_word() {
        assert_eq!(family("c5"), ("c5", Sizes::All));
        let (name, only) = family("c5:large,xlarge");
        assert_eq!(
            (name, only.has("large"), only.has("2xlarge")),
            ("c5", true, false)
        );
        let (name, but) = family("c5!large,xlarge");
        assert_eq!(
            (name, but.has("large"), but.has("2xlarge")),
            ("c5", false, true)
        );
    }

    #[test]
    fn every_word_is_of_the_table_of_types() {
        for (region, families) in OFFERS.iter() {
            for (family, sizes) in families {
                let known = of_family(family);
                assert!(!known.is_empty(), "{region}: {family}");
                let (Sizes::Only(these) | Sizes::AllBut(these)) = sizes else {
                    continue;
                };
                for size in these {
                    assert!(
                        known.iter().any(|instance| instance.size == *size),
                        "{region}: {family}.{size}"
                    );
                }
            }
        }
    }
}
