//! What one must know of a benchmark to read its numbers rightly.

use std::collections::{BTreeMap, BTreeSet};

use super::Asked;
use super::cells::Measured;
use super::contenders::{Contender, Target};

/// Differences of VMAF below this are none.
const SAME_VMAF: f64 = 1.0;

/// What one must know of all cells together.
pub fn of(
    measured: &[Measured],
    contenders: &[Contender],
    target: Option<&Target>,
    asked: Asked<'_>,
) -> Vec<String> {
    let mut notes = Vec::new();
    let cells = || measured.iter().map(|one| &one.summary);
    notes.extend(quality(contenders, target));
    let failed = cells().filter(|cell| cell.failure.is_some()).count();
    if failed > 0 {
        notes.push(format!(
            "{} failed; the table says why",
            counted(failed, "cell")
        ));
    }
    let wide = cells().filter(|cell| {
        let half = cell
            .encode_secs
            .and_then(|interval| interval.half_width_percent());
        half.is_some_and(|half| half >= asked.precision_percent)
    });
    let wide = wide.count();
    if wide > 0 {
        notes.push(format!(
            "of {} the time is not known to {} %: the confidence interval says how well",
            counted(wide, "cell"),
            asked.precision_percent
        ));
    }
    let varied = cells()
        .filter(|cell| cell.same_bytes == Some(false))
        .count();
    if varied > 0 {
        notes.push(format!(
            "of {} not all runs wrote the same bytes: scores are those of one run",
            counted(varied, "cell")
        ));
    }
    let replaced = measured.iter().filter(|one| one.inputs.len() > 1).count();
    if replaced > 0 {
        notes.push(format!(
            "of {} the input was replaced between runs: they are not runs of one thing (remove the older ones from runs/)",
            counted(replaced, "cell")
        ));
    }
    let mixed = measured.iter().filter(|one| one.versions.len() > 1).count();
    if mixed > 0 {
        notes.push(format!(
            "of {} runs of different versions of ffmpeg are mixed",
            counted(mixed, "cell")
        ));
    }
    let mut models: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for cell in cells() {
        let model = cell
            .machine
            .as_ref()
            .and_then(|machine| machine.cpu_model.as_deref());
        models
            .entry(cell.cell.place.label())
            .or_default()
            .extend(model);
    }
    for (place, models) in models.iter().filter(|(_, models)| models.len() > 1) {
        let models: Vec<&str> = models.iter().copied().collect();
        notes.push(format!(
            "`{place}` had different processors: {}",
            models.join("; ")
        ));
    }
    notes
}

/// Where contenders are not at one quality.
fn quality(contenders: &[Contender], target: Option<&Target>) -> Option<String> {
    let competing = contenders.iter().filter(|one| one.out.is_none());
    let known: Vec<f64> = competing.filter_map(|one| one.vmaf).collect();
    let low = known.iter().copied().reduce(f64::min)?;
    let high = known.iter().copied().reduce(f64::max)?;
    if high - low < SAME_VMAF {
        return None;
    }
    Some(match target {
        None => format!(
            "there is no quality that all ladders reach, so that everything is compared as it is, from VMAF {low:.1} to {high:.1}: faster or cheaper may just be worse"
        ),
        Some(target) => format!(
            "not everything is at VMAF {}: what has no step below it is taken as it is, up to {high:.1}, and has more bits than it would need",
            target.vmaf
        ),
    })
}

/// `1 cell`, `2 cells`.
pub fn counted(count: usize, what: &str) -> String {
    let end = if count == 1 { "" } else { "s" };
    format!("{count} {what}{end}")
}
