//! What must not get worse: limits such as `cost>+5%` or `vmaf<-0.5` against an earlier benchmark.
//!
//! Whatever varies from run to run (time, cost, energy) crosses a limit only where it is beyond it and the
//! difference is significant: a check that fails by chance is soon ignored. What does not vary (quality, bitrate) crosses it by its number.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::file::Criterion;
use crate::statistics::Difference;
use crate::summary::{CellSummary, Contender, Summary};

/// A limit.
#[derive(Debug, Clone, PartialEq)]
pub struct Limit {
    quantity: Quantity,
    /// Whether it is about growth, and not about loss.
    above: bool,
    /// By how much.
    by: f64,
    /// Whether that is in per cent, and not in the unit of the quantity.
    percent: bool,
}

/// What a limit is about.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Quantity {
    Criterion(Criterion),
    Metric(String),
}

/// A text that is no limit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no limit (write what, `>` or `<`, and by how much: cost>+5%, time>+10%, bitrate>+2%, vmaf<-0.5)"
)]
pub struct LimitError(String);

impl FromStr for Limit {
    type Err = LimitError;

    fn from_str(text: &str) -> Result<Self, LimitError> {
        let wrong = || LimitError(text.to_owned());
        let at = text.find(['<', '>']).ok_or_else(wrong)?;
        let (name, rest) = (text[..at].trim().to_ascii_lowercase(), &text[at..]);
        let above = rest.starts_with('>');
        let amount = rest[1..].trim();
        let (amount, percent) = match amount.strip_suffix('%') {
            Some(amount) => (amount.trim(), true),
            None => (amount, false),
        };
        let by: f64 = amount.parse().map_err(|_| wrong())?;
        let criterion = Criterion::ALL.into_iter().find(|one| one.name() == name);
        let is_name = !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let right = by.is_finite() && is_name && (by >= 0.0) == above;
        // Of time or money nobody knows beforehand how much a second or a dollar more is.
        if !right || (criterion.is_some() && !percent) {
            return Err(wrong());
        }
        Ok(Self {
            quantity: criterion.map_or(Quantity::Metric(name), Quantity::Criterion),
            above,
            by,
            percent,
        })
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match &self.quantity {
            Quantity::Criterion(criterion) => criterion.name(),
            Quantity::Metric(name) => name,
        };
        let (sign, unit) = (
            if self.above { '>' } else { '<' },
            if self.percent { "%" } else { "" },
        );
        write!(out, "{name}{sign}{:+}{unit}", self.by)
    }
}

/// What became of one limit for one contender or one cell.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Checked {
    /// The limit.
    pub limit: String,
    /// Of what.
    pub of: String,
    /// By how much it changed: in per cent, or in the unit of the metric where the limit is; absent of what is not there any more.
    #[serde(
        with = "ffbatch_dispatcher::number::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub change: Option<f64>,
    /// Whether it is beyond the limit, and significantly so where it varies from run to run; or not there any more.
    pub crossed: bool,
    /// What else is worth saying.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Checks limits of what both benchmarks have; an error where they share nothing that a limit is about.
pub fn check(before: &Summary, now: &Summary, limits: &[Limit]) -> Result<Vec<Checked>, String> {
    let quality = |summary: &Summary| summary.target.as_ref().map(|target| target.vmaf);
    let by_contender = |limit: &Limit| matches!(limit.quantity, Quantity::Criterion(_));
    if quality(before) != quality(now) && limits.iter().any(by_contender) {
        let said = |vmaf: Option<f64>| {
            vmaf.map_or_else(
                || "no quality in common".to_owned(),
                |vmaf| format!("VMAF {vmaf}"),
            )
        };
        return Err(format!(
            "the earlier benchmark was compared at {}, this one at {} (give both the same --min-vmaf)",
            said(quality(before)),
            said(quality(now))
        ));
    }
    let mut all = Vec::new();
    for limit in limits {
        let checked = match &limit.quantity {
            Quantity::Criterion(criterion) => limit.contenders(before, now, *criterion),
            Quantity::Metric(metric) => limit.cells(before, now, metric),
        };
        if checked.is_empty() {
            return Err(format!(
                "nothing of the earlier benchmark can be compared by `{limit}` (both must have the same variants, inputs and computes, and know it)"
            ));
        }
        all.extend(checked);
    }
    Ok(all)
}

impl Limit {
    fn contenders(&self, before: &Summary, now: &Summary, criterion: Criterion) -> Vec<Checked> {
        let comparisons = before.contenders.len();
        let of = |old: &Contender| {
            let was = old.measures.of(criterion);
            if was.is_empty() {
                return None;
            }
            let new = now.contender(&old.id);
            let measured = new.map_or(&[][..], |new| new.measures.of(criterion));
            let Some(difference) = Difference::between(measured, was) else {
                let unknown = || format!("its {} is not known", criterion.name());
                let why = match new {
                    None => "it is not in this benchmark".to_owned(),
                    Some(new) => new.out.clone().unwrap_or_else(unknown),
                };
                return Some(self.lost(&old.id, why));
            };
            let beyond = self.is_beyond(difference.percent());
            let certain = match criterion {
                // It does not vary from run to run.
                Criterion::Bitrate => Some(true),
                _ => difference.is_significant(comparisons),
            };
            let note = match certain {
                Some(false) if beyond => Some("within the noise"),
                None if beyond => Some("one run cannot tell whether that is noise"),
                _ => None,
            };
            Some(Checked {
                limit: self.to_string(),
                of: old.id.clone(),
                change: Some(difference.percent()),
                crossed: beyond && certain == Some(true),
                note: note.map(str::to_owned),
            })
        };
        before.contenders.iter().filter_map(of).collect()
    }

    fn cells(&self, before: &Summary, now: &Summary, metric: &str) -> Vec<Checked> {
        let of = |old: &CellSummary| {
            let was = old.score(metric)?.mean;
            let label = old.cell.label();
            let new = now.cells.iter().find(|new| new.cell.label() == label);
            let Some(score) = new.and_then(|new| new.score(metric)) else {
                let why = match new {
                    None => "it is not in this benchmark".to_owned(),
                    Some(new) => new
                        .failure
                        .clone()
                        .unwrap_or_else(|| format!("it has no {metric}")),
                };
                return Some(self.lost(&label, why));
            };
            let difference = score.mean - was;
            let change = match (was.is_finite(), score.mean.is_finite()) {
                // Identical pictures are as far from others as can be.
                (false, false) => 0.0,
                (false, true) => f64::NEG_INFINITY,
                _ if self.percent => 100.0 * difference / was.abs(),
                _ => difference,
            };
            Some(Checked {
                limit: self.to_string(),
                of: label,
                change: Some(change),
                crossed: self.is_beyond(change),
                note: None,
            })
        };
        before.cells.iter().filter_map(of).collect()
    }

    /// What the earlier benchmark had and this one has not: that is worse than any limit.
    fn lost(&self, of: &str, why: String) -> Checked {
        Checked {
            limit: self.to_string(),
            of: of.to_owned(),
            change: None,
            crossed: true,
            note: Some(why),
        }
    }

    fn is_beyond(&self, change: f64) -> bool {
        if self.above {
            change > self.by
        } else {
            change < self.by
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let read = text.parse::<Limit>().ok().map(|limit| limit.to_string());
        assert_eq!(read.as_deref(), expected, "{text}");
    }

    #[test]
    fn limits() {
        check("cost>+5%", Some("cost>+5%"));
        check(" time > 10 % ", Some("time>+10%"));
        check("vmaf<-0.5", Some("vmaf<-0.5"));
        check("psnr < -1%", Some("psnr<-1%"));
        for wrong in [
            "",
            "cost",
            "cost>",
            "cost>5",
            ">5%",
            "vmaf<0.5",
            "cost>-5%",
            "co st>5%",
            "vmaf<-inf",
        ] {
            check(wrong, None);
        }
    }
}
