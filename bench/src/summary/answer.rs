//! The answer in a sentence.

use super::notes::counted;
use super::{Ranked, Summary};
use crate::file::Criterion;
use crate::report::format::{capital, number};
use crate::statistics::Difference;

/// What a summary says.
pub fn of(summary: &Summary) -> String {
    let Some(ranking) = summary.ranking() else {
        return nothing(summary);
    };
    let at = summary
        .target
        .as_ref()
        .map_or_else(String::new, |target| format!("At VMAF {}, ", target.vmaf));
    let best = superlative(summary.rank_by);
    let first = &ranking.ranked[0];
    let sentence = match &ranking.ranked[1..] {
        [] => format!(
            "{at}`{}` stands alone: {}",
            first.contender,
            value(first, summary.rank_by)
        ),
        others => {
            let ties: Vec<&Ranked> = others.iter().filter(|one| one.rank == first.rank).collect();
            if ties.is_empty() {
                let next = &others[0];
                format!(
                    "{at}`{}` is the {best}: {} `{}`, the next; {}",
                    first.contender,
                    by(next, summary.rank_by),
                    next.contender,
                    sure(next)
                )
            } else {
                tie(summary, first, &ties, &at)
            }
        }
    };
    let mut sentence = capital(&sentence);
    sentence.push('.');
    if let Some(cheapest) = also(summary) {
        sentence.push(' ');
        sentence.push_str(&cheapest);
    }
    sentence
}

/// What is said where nothing can be ranked.
fn nothing(summary: &Summary) -> String {
    let failure = summary.cells.iter().find_map(|cell| cell.failure.as_ref());
    let timed = summary.cells.iter().any(|cell| cell.timed > 0);
    match (failure, timed, &summary.target) {
        (Some(failure), false, _) => format!("No run succeeded, so there is no answer: {failure}"),
        (None, false, _) => "Nothing was measured yet.".to_owned(),
        (_, true, Some(target)) => {
            let whys = summary
                .contenders
                .iter()
                .filter_map(|one| Some(format!("`{}`: {}", one.id, one.out.as_ref()?)));
            let whys: Vec<String> = whys.collect();
            format!(
                "Nothing can be compared at VMAF {} ({})",
                target.vmaf,
                whys.join("; ")
            )
        }
        (_, true, None) => format!("Of no contender the {} is known.", summary.rank_by.name()),
    }
}

fn tie(summary: &Summary, first: &Ranked, ties: &[&Ranked], at: &str) -> String {
    let names: Vec<String> = std::iter::once(first)
        .chain(ties.iter().copied())
        .map(|one| format!("`{}`", one.contender))
        .collect();
    let (last, front) = names.split_last().expect("at least two tie");
    let widest = ties.last().and_then(|one| one.to_first);
    let percent = widest.map_or(0.0, |one| one.percent().abs());
    if ties.iter().any(|one| one.differs.is_none()) {
        return format!(
            "{at}{} was the {}: {} {last}; but one run each cannot tell whether that is more than noise",
            names[0],
            superlative(summary.rank_by),
            change(summary.rank_by, 1.0 / (1.0 + percent / 100.0))
        );
    }
    let runs = std::iter::once(first).chain(ties.iter().copied());
    let runs = runs.map(|one| one.value.count).min().unwrap_or_default();
    format!(
        "{at}{} and {last} cannot be told apart by {}: the {percent:.1} % between them are within the noise of {}",
        front.join(", "),
        summary.rank_by.name(),
        counted(runs, "run")
    )
}

/// Who is the best in time, where the answer is about money.
fn also(summary: &Summary) -> Option<String> {
    let other = match summary.rank_by {
        Criterion::Cost => Criterion::Time,
        Criterion::Time => Criterion::Bitrate,
        Criterion::Energy | Criterion::Bitrate => return None,
    };
    // Sizes say something only where qualities are equal.
    if other == Criterion::Bitrate && summary.target.is_none() {
        return None;
    }
    let first = &summary.ranking()?.ranked[0];
    let ranking = summary.rankings.iter().find(|one| one.criterion == other)?;
    let best = &ranking.ranked[0];
    if best.contender == first.contender || best.tied {
        return None;
    }
    let own = ranking
        .ranked
        .iter()
        .find(|one| one.contender == first.contender)?;
    Some(format!(
        "The {} is `{}`: {} the {}.",
        superlative(other),
        best.contender,
        by(own, other),
        superlative(summary.rank_by)
    ))
}

/// How much better the first is than this one: `29 % cheaper than`.
fn by(other: &Ranked, criterion: Criterion) -> String {
    let ratio = other.to_first.map_or(1.0, |difference| difference.ratio);
    change(criterion, 1.0 / ratio)
}

/// A ratio in words: `29 % cheaper than`, `2.1 times as fast as`.
fn change(criterion: Criterion, ratio: f64) -> String {
    let less = 100.0 * (1.0 - ratio);
    match criterion {
        Criterion::Time if ratio <= 0.67 => format!("{:.1} times as fast as", 1.0 / ratio),
        Criterion::Time => format!("{less:.*} % less time than", digits(less)),
        Criterion::Cost => format!("{less:.*} % cheaper than", digits(less)),
        Criterion::Energy => format!("{less:.*} % less energy than", digits(less)),
        Criterion::Bitrate => format!("{less:.*} % fewer bits than", digits(less)),
    }
}

/// Digits after the point that a percentage deserves.
fn digits(percent: f64) -> usize {
    usize::from(percent.abs() < 10.0)
}

fn sure(next: &Ranked) -> String {
    let p = next
        .to_first
        .and_then(|difference: Difference| difference.p);
    match (next.differs, p) {
        (Some(true), Some(p)) if p >= 0.0005 => {
            format!("the difference is significant (p = {p:.3})")
        }
        (Some(true), Some(_)) => "the difference is significant (p < 0.001)".to_owned(),
        (Some(true), None) => "nothing of that is left to chance".to_owned(),
        _ => "one run each cannot tell whether that is more than noise".to_owned(),
    }
}

fn value(one: &Ranked, criterion: Criterion) -> String {
    format!("{} {}", number(one.value.mean), criterion.measure())
}

const fn superlative(criterion: Criterion) -> &'static str {
    match criterion {
        Criterion::Time => "fastest",
        Criterion::Cost => "cheapest",
        Criterion::Energy => "most frugal",
        Criterion::Bitrate => "smallest",
    }
}
