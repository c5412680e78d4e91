//! How much smaller the files of one ladder are than those of another, at equal quality.

use serde::{Deserialize, Serialize};

use super::cells::Measured;
use super::ladders::{Ladder, ladders};
use crate::curve;

/// A Bjøntegaard difference of rates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BdRate {
    /// What is judged.
    pub variant: String,
    /// What it is compared with.
    pub anchor: String,
    /// Where both ran.
    pub place: String,
    /// On which input.
    pub input: String,
    /// By which metric.
    pub metric: String,
    /// By how much the rate differs at equal quality, in per cent; negative where it is lower.
    pub percent: f64,
    /// Over which range of the metric.
    pub range: (f64, f64),
    /// How much of what any of the two reaches both reach, 0 to 1.
    pub overlap: f64,
}

/// Differences of rates against the first variant that has a ladder, on the same place and input.
pub fn of(measured: &[Measured]) -> Vec<BdRate> {
    let groups = ladders(measured, false);
    let mut rates = Vec::new();
    for (variant, place, inputs) in &groups {
        let anchor = groups.iter().find(|(_, other, inputs)| {
            other == place && inputs.iter().any(|ladder| ladder.len() > 1)
        });
        let Some((name, _, anchors)) = anchor.filter(|(name, ..)| name != variant) else {
            continue;
        };
        for ladder in inputs {
            let input = &ladder[0].summary.cell.input.name;
            let Some(base) = anchors
                .iter()
                .find(|one| one[0].summary.cell.input.name == *input)
            else {
                continue;
            };
            let metrics = ladder[0]
                .summary
                .scores
                .iter()
                .map(|score| score.metric.clone());
            for metric in metrics {
                let points = |ladder: &Ladder<'_>| -> Vec<(f64, f64)> {
                    ladder
                        .iter()
                        .filter_map(|one| {
                            Some((one.summary.bits_per_sec?, one.summary.score(&metric)?.mean))
                        })
                        .collect()
                };
                if let Some(delta) = curve::bd_rate(&points(base), &points(ladder)) {
                    rates.push(BdRate {
                        variant: variant.clone(),
                        anchor: name.clone(),
                        place: place.clone(),
                        input: input.clone(),
                        metric: metric.clone(),
                        percent: delta.mean,
                        range: delta.range,
                        overlap: delta.overlap,
                    });
                }
            }
        }
    }
    rates
}
