//! What one must know of a benchmark to read its numbers rightly.

use std::collections::{BTreeMap, BTreeSet};

use super::Asked;
use super::cells::Measured;

/// What one must know of all cells together.
pub fn of(measured: &[Measured], asked: Asked<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    let cells = || measured.iter().map(|one| &one.summary);
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

/// `1 cell`, `2 cells`.
pub fn counted(count: usize, what: &str) -> String {
    let end = if count == 1 { "" } else { "s" };
    format!("{count} {what}{end}")
}
