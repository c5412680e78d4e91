//! What is compared: variants on places, at one quality, over all inputs.
//!
//! A ladder is read at the asked quality: between its steps, time, money, energy and bits follow the curve through them, on a
//! logarithmic scale. That is done for each round by itself, so that what an answer is made of are samples of whole ladders, and their
//! spread is that of the answer. Beyond its last step a ladder says nothing: a variant that does not reach the quality on every input
//! does not compete, and one whose lowest step is already better is taken at that step.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::cells::Measured;
use super::ladders::{Ladder, ladders, quality_curve};
use crate::curve::Curve;
use crate::energy::Range;
use crate::figures::Figures;
use crate::file::Criterion;
use crate::statistics::Interval;

/// The quality at which variants are compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// The mean of VMAF.
    pub vmaf: f64,
    /// Whether somebody asked for it; else it is the middle of what all ladders reach.
    pub asked: bool,
}

/// A variant on a place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Contender {
    /// The variant and the place, which together are its name for a later comparison.
    pub id: String,
    /// The variant; with its step where ladders are not read at a quality.
    pub variant: String,
    /// The place.
    pub place: String,
    /// The ids of its cells.
    pub cells: Vec<String>,
    /// The mean of VMAF over the inputs: at the target, or above where its lowest step is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vmaf: Option<f64>,
    /// Why it does not compete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out: Option<String>,
    /// What is compared.
    pub measures: Measures,
    /// Whether nothing else is as good in everything that is known and better in something: cost, time, energy, bitrate, and VMAF where
    /// there is no target.
    pub pareto: bool,
}

/// One sample for each round of everything that is compared; empty where it is not known.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Measures {
    /// Seconds of the encode for a minute of media.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub time: Vec<f64>,
    /// US dollars for 1,000 minutes of media.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cost: Vec<f64>,
    /// Watt-hours for a minute of media, the middle of their range.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub energy: Vec<f64>,
    /// The range of energy, in the mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub energy_range: Option<Range>,
    /// Kilobits a second.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bitrate: Vec<f64>,
}

impl Measures {
    /// The samples of a criterion.
    pub fn of(&self, criterion: Criterion) -> &[f64] {
        match criterion {
            Criterion::Time => &self.time,
            Criterion::Cost => &self.cost,
            Criterion::Energy => &self.energy,
            Criterion::Bitrate => &self.bitrate,
        }
    }

    /// Their mean with its interval; `None` where nothing is known.
    pub fn interval(&self, criterion: Criterion) -> Option<Interval> {
        Interval::of(self.of(criterion))
    }
}

/// The quality at which to compare.
pub fn target(measured: &[Measured], asked: Option<f64>) -> Option<Target> {
    if let Some(vmaf) = asked {
        return Some(Target { vmaf, asked: true });
    }
    let mut range: Option<(f64, f64)> = None;
    for (.., inputs) in ladders(measured, false) {
        for ladder in inputs {
            // What failed, or stands alone, has no range, and does not keep the others from one.
            let Some(curve) = quality_curve(&ladder, "vmaf", |one| one.summary.bits_per_sec) else {
                continue;
            };
            let (low, high) = curve.range();
            range = Some(range.map_or((low, high), |(a, b)| (low.max(a), high.min(b))));
        }
    }
    let (low, high) = range.filter(|(low, high)| low < high)?;
    let middle = f64::midpoint(low, high);
    let round = (10.0 * middle).round() / 10.0;
    Some(Target {
        // A narrow range may hold no round number.
        vmaf: if (low..=high).contains(&round) {
            round
        } else {
            middle
        },
        asked: false,
    })
}

/// What is compared.
pub fn of(measured: &[Measured], target: Option<&Target>) -> Vec<Contender> {
    let all: BTreeSet<&str> = measured
        .iter()
        .map(|one| one.summary.cell.input.name.as_str())
        .collect();
    let mut contenders: Vec<Contender> = ladders(measured, target.is_none())
        .into_iter()
        .map(|(variant, place, inputs)| {
            let mut contender = contender(variant, place, &inputs, target);
            let own = inputs
                .iter()
                .map(|ladder| ladder[0].summary.cell.input.name.as_str());
            let own: BTreeSet<&str> = own.collect();
            if let Some(input) = all.difference(&own).next() {
                contender.out = Some(format!("it has no run of `{input}`"));
            }
            contender
        })
        .collect();
    let all: Vec<Vec<Option<f64>>> = contenders
        .iter()
        .map(|one| {
            let mean = |criterion| {
                one.measures
                    .interval(criterion)
                    .map(|interval| interval.mean)
            };
            // Without a target better pictures are a merit too; less is better, so their sign is turned.
            let quality = one.vmaf.filter(|_| target.is_none()).map(|vmaf| -vmaf);
            Criterion::ALL
                .map(mean)
                .into_iter()
                .chain([quality])
                .collect()
        })
        .collect();
    for at in 0..contenders.len() {
        let competes = |one: &Contender| one.out.is_none();
        let beaten = (0..contenders.len()).any(|other| {
            other != at && competes(&contenders[other]) && dominates(&all[other], &all[at])
        });
        contenders[at].pareto = competes(&contenders[at]) && !beaten;
    }
    contenders
}

/// Whether one is as good in everything that is known of both, and better in something.
fn dominates(one: &[Option<f64>], other: &[Option<f64>]) -> bool {
    let both: Vec<(f64, f64)> = one
        .iter()
        .zip(other)
        .filter_map(|(a, b)| Some(((*a)?, (*b)?)))
        .collect();
    !both.is_empty() && both.iter().all(|(a, b)| a <= b) && both.iter().any(|(a, b)| a < b)
}

fn contender(
    variant: String,
    place: String,
    inputs: &[Ladder<'_>],
    target: Option<&Target>,
) -> Contender {
    let cells = inputs
        .iter()
        .flatten()
        .map(|one| one.summary.cell.id.clone());
    let mut contender = Contender {
        id: format!("{variant}, {place}"),
        cells: cells.collect(),
        variant,
        place,
        vmaf: None,
        out: None,
        measures: Measures::default(),
        pareto: false,
    };
    let mut read = Vec::new();
    for ladder in inputs {
        match at_quality(ladder, target) {
            Ok(one) => read.push(one),
            Err(why) => {
                let input = &ladder[0].summary.cell.input.name;
                contender.out = Some(if inputs.len() > 1 {
                    format!("{input}: {why}")
                } else {
                    why
                });
                return contender;
            }
        }
    }
    let qualities: Option<Vec<f64>> = read.iter().map(|one| one.vmaf).collect();
    contender.vmaf = qualities
        .and_then(|all| Interval::of(&all))
        .map(|all| all.mean);
    let rounds = read
        .iter()
        .map(|one| one.rounds.len())
        .min()
        .unwrap_or_default();
    let mut measures = Measures::default();
    let mut ranges = Vec::new();
    for round in 0..rounds {
        let inputs: Vec<&Figures> = read.iter().map(|one| &one.rounds[round]).collect();
        let sums = Sums::of(&inputs);
        measures.time.extend(sums.time());
        measures.cost.extend(sums.cost());
        measures.energy.extend(sums.energy().map(Range::middle));
        ranges.extend(sums.energy());
        measures.bitrate.extend(sums.bitrate());
    }
    let mean = |of: fn(&Range) -> f64| {
        Interval::of(&ranges.iter().map(of).collect::<Vec<f64>>()).map(|one| one.mean)
    };
    measures.energy_range = mean(|range| range.low)
        .zip(mean(|range| range.high))
        .map(|(low, high)| Range { low, high });
    contender.measures = measures;
    contender
}

/// One input of a contender, read at a quality.
struct Read {
    vmaf: Option<f64>,
    rounds: Vec<Figures>,
}

/// Reads a ladder at a quality, each round by itself.
fn at_quality(ladder: &Ladder<'_>, target: Option<&Target>) -> Result<Read, String> {
    if let Some(failure) = ladder.iter().find_map(|one| {
        one.summary
            .failure
            .as_ref()
            .filter(|_| one.figures.is_empty())
    }) {
        return Err(format!("it failed: {failure}"));
    }
    let Some(target) = target else {
        return Ok(whole(ladder[0]));
    };
    let mut steps: Vec<(f64, &Measured)> = ladder
        .iter()
        .filter_map(|one| Some((one.summary.vmaf()?, *one)))
        .collect();
    steps.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let (Some((lowest, first)), Some((highest, _))) = (steps.first(), steps.last()) else {
        return Err("it has no VMAF".to_owned());
    };
    if *highest < target.vmaf {
        return Err(format!("it reaches VMAF {highest:.2} at most"));
    }
    if *lowest >= target.vmaf {
        return Ok(whole(first));
    }
    let rounds = steps
        .iter()
        .map(|(_, one)| one.figures.len())
        .min()
        .unwrap_or_default();
    let read = |round: usize| {
        let value = |of: fn(&Figures) -> Option<f64>| {
            let points = steps.iter().map(|(vmaf, one)| {
                Some((
                    *vmaf,
                    of(&one.figures[round]).filter(|value| *value > 0.0)?.ln(),
                ))
            });
            let points: Option<Vec<(f64, f64)>> = points.collect();
            Some(Curve::through(points?)?.at(target.vmaf)?.exp())
        };
        let end = |of: fn(&Figures) -> Option<f64>| value(of);
        Some(Figures {
            encode_secs: value(|one| Some(one.encode_secs))?,
            busy_secs: value(|one| Some(one.busy_secs))?,
            media_secs: steps[0].1.figures[round].media_secs,
            usd: value(|one| one.usd),
            watt_hours: end(|one| one.watt_hours.map(|range| range.low))
                .zip(end(|one| one.watt_hours.map(|range| range.high)))
                .map(|(low, high)| Range { low, high }),
            bits: value(|one| one.bits),
        })
    };
    let rounds: Option<Vec<Figures>> = (0..rounds).map(read).collect();
    match rounds {
        Some(rounds) if !rounds.is_empty() => Ok(Read {
            vmaf: Some(target.vmaf),
            rounds,
        }),
        _ => Err("its ladder has too few steps that succeeded".to_owned()),
    }
}

/// A cell as it is.
fn whole(one: &Measured) -> Read {
    Read {
        vmaf: one.summary.vmaf(),
        rounds: one.figures.clone(),
    }
}

/// One round over all inputs.
#[derive(Default)]
struct Sums {
    encode_secs: f64,
    media_secs: Option<f64>,
    usd: Option<f64>,
    watt_hours: Option<Range>,
    bits: Option<f64>,
}

impl Sums {
    fn of(inputs: &[&Figures]) -> Self {
        let sum =
            |of: fn(&Figures) -> Option<f64>| inputs.iter().copied().map(of).sum::<Option<f64>>();
        Self {
            encode_secs: inputs.iter().map(|one| one.encode_secs).sum(),
            media_secs: sum(|one| one.media_secs).filter(|secs| *secs > 0.0),
            usd: sum(|one| one.usd),
            watt_hours: sum(|one| one.watt_hours.map(|range| range.low))
                .zip(sum(|one| one.watt_hours.map(|range| range.high)))
                .map(|(low, high)| Range { low, high }),
            bits: sum(|one| one.bits),
        }
    }

    fn minutes(&self) -> Option<f64> {
        self.media_secs.map(|secs| secs / 60.0)
    }

    fn time(&self) -> Option<f64> {
        Some(self.encode_secs / self.minutes()?)
    }

    fn cost(&self) -> Option<f64> {
        Some(1000.0 * self.usd? / self.minutes()?)
    }

    fn energy(&self) -> Option<Range> {
        Some(self.watt_hours?.times(1.0 / self.minutes()?))
    }

    fn bitrate(&self) -> Option<f64> {
        Some(self.bits? / self.media_secs? / 1000.0)
    }
}
