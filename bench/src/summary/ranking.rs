//! Who is better than whom, as far as the runs can tell.
//!
//! Contenders stand in the order of their means. One that does not differ significantly from the leader of its group ties with it; the
//! first that does leads the next group. All comparisons of a ranking are made at once, and are corrected for that.

use serde::{Deserialize, Serialize};

use super::contenders::Contender;
use crate::file::Criterion;
use crate::statistics::{Difference, Interval};

/// A ranking by one criterion; lower is better.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ranking {
    /// By what.
    pub criterion: Criterion,
    /// The contenders of which it is known, the best first.
    pub ranked: Vec<Ranked>,
}

/// A contender in a ranking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ranked {
    /// [`Contender::id`].
    pub contender: String,
    /// From 1; those that tie have the same, and the next counts them.
    pub rank: usize,
    /// Whether another one has the same rank.
    pub tied: bool,
    /// The mean with its interval, in the unit of the criterion.
    pub value: Interval,
    /// How it compares with the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_first: Option<Difference>,
    /// Whether it differs from the first; absent of the first, and where a single run cannot tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub differs: Option<bool>,
}

/// Cost where it is known of everybody who competes, else time.
pub fn usual(contenders: &[Contender]) -> Criterion {
    let mut competing = contenders.iter().filter(|one| one.out.is_none()).peekable();
    // What costs nothing cannot be ranked by it.
    let costs = |one: &Contender| {
        one.measures
            .interval(Criterion::Cost)
            .is_some_and(|cost| cost.mean > 0.0)
    };
    let is_known = competing.peek().is_some() && competing.all(costs);
    if is_known {
        Criterion::Cost
    } else {
        Criterion::Time
    }
}

/// All rankings that there are, that of the answer first.
pub fn of(contenders: &[Contender], first: Criterion) -> Vec<Ranking> {
    let others = Criterion::ALL.into_iter().filter(|one| *one != first);
    std::iter::once(first)
        .chain(others)
        .map(|criterion| ranking(contenders, criterion))
        .filter(|ranking| !ranking.ranked.is_empty())
        .collect()
}

fn ranking(contenders: &[Contender], criterion: Criterion) -> Ranking {
    let mut known: Vec<(&Contender, Interval)> = contenders
        .iter()
        .filter(|one| one.out.is_none())
        .filter_map(|one| Some((one, one.measures.interval(criterion)?)))
        .collect();
    known.sort_by(|(_, a), (_, b)| a.mean.total_cmp(&b.mean));
    let comparisons = known.len().saturating_sub(1);
    let samples = |at: usize| known[at].0.measures.of(criterion);
    let mut ranked: Vec<Ranked> = Vec::new();
    let mut leader = 0;
    for (at, (contender, value)) in known.iter().enumerate() {
        let to =
            |other: usize| Difference::between(samples(at), samples(other)).filter(|_| at != other);
        let differs = |difference: Option<Difference>| match criterion {
            // Nothing of it is left to chance but whether an encoder writes the same twice.
            Criterion::Bitrate => difference.map(|one| (one.ratio - 1.0).abs() > 1e-9),
            _ => difference?.is_significant(comparisons),
        };
        // Where nobody can tell, nobody is called better.
        if at != leader && differs(to(leader)) == Some(true) {
            leader = at;
        }
        let to_first = to(0);
        ranked.push(Ranked {
            contender: contender.id.clone(),
            rank: leader + 1,
            tied: false,
            value: *value,
            differs: differs(to_first),
            to_first,
        });
    }
    let ranks: Vec<usize> = ranked.iter().map(|one| one.rank).collect();
    for one in &mut ranked {
        one.tied = ranks.iter().filter(|rank| **rank == one.rank).count() > 1;
    }
    Ranking { criterion, ranked }
}
