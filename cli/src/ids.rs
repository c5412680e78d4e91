//! Ids as people read them: the first characters, where these tell the jobs apart.

use std::collections::BTreeSet;

use ffbatch_dispatcher::detail::JobSummary;

/// The fewest characters that are shown of an id.
const SHORTEST: usize = 8;

/// How much of their ids tells some jobs apart.
#[derive(Debug, Clone, Copy)]
pub struct Ids {
    length: usize,
}

impl Ids {
    /// Of these jobs.
    pub fn of<'a>(jobs: impl IntoIterator<Item = &'a JobSummary>) -> Self {
        // In their order, the two that are most alike stand side by side.
        let parents: BTreeSet<&str> = jobs.into_iter().map(|job| parts(&job.id).0).collect();
        let alike = |(one, other): (&&str, &&str)| {
            let same = one.chars().zip(other.chars()).take_while(|(a, b)| a == b);
            same.count() + 1
        };
        let most = parents.iter().zip(parents.iter().skip(1)).map(alike).max();
        Self {
            length: most.unwrap_or_default().max(SHORTEST),
        }
    }

    /// The beginning of an id; the index of a child stays.
    pub fn short(self, id: &str) -> String {
        let (parent, index) = parts(id);
        let beginning: String = parent.chars().take(self.length).collect();
        format!("{beginning}{index}")
    }

    /// What people call a job: its name, else its id.
    pub fn label(self, job: &JobSummary) -> String {
        if job.name.is_empty() {
            self.short(&job.id)
        } else {
            job.name.clone()
        }
    }
}

/// The parent, and `:INDEX` of a child.
fn parts(id: &str) -> (&str, &str) {
    id.split_at(id.find(':').unwrap_or(id.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::tests::job;

    #[test]
    fn ids_that_begin_alike_are_shown_as_far_as_they_differ() {
        let jobs = ["3f2a91c0-1", "3f2a91c0-1:17", "77"].map(job);
        let ids = Ids::of(&jobs);
        assert_eq!(ids.short("3f2a91c0-1"), "3f2a91c0");
        assert_eq!(ids.short("3f2a91c0-1:17"), "3f2a91c0:17");
        assert_eq!(ids.short("77"), "77");
        let jobs = ["3f2a91c0-12", "3f2a91c0-13"].map(job);
        assert_eq!(Ids::of(&jobs).short("3f2a91c0-12x"), "3f2a91c0-12");
    }
}
