//! Cells put together as ladders: one variant on one place and input, step by step.

use super::cells::Measured;
use crate::curve::Curve;

/// Cells of one variant on one place, by input: the steps of its ladder.
pub type Ladder<'a> = Vec<&'a Measured>;

/// Groups what is there: variant, place, and for each input its ladder.
pub fn ladders(measured: &[Measured], steps: bool) -> Vec<(String, String, Vec<Ladder<'_>>)> {
    let mut groups: Vec<(String, String, Vec<Ladder<'_>>)> = Vec::new();
    for one in measured {
        let cell = &one.summary.cell;
        let (variant, place) = (variant(one, steps), cell.place.label());
        let known = groups
            .iter()
            .position(|(v, p, _)| *v == variant && *p == place);
        let at = known.unwrap_or_else(|| {
            groups.push((variant, place, Vec::new()));
            groups.len() - 1
        });
        let inputs = &mut groups[at].2;
        let same = |ladder: &&mut Ladder<'_>| ladder[0].summary.cell.input.name == cell.input.name;
        match inputs.iter_mut().find(same) {
            Some(ladder) => ladder.push(one),
            None => inputs.push(vec![one]),
        }
    }
    groups
}

fn variant(one: &Measured, steps: bool) -> String {
    let cell = &one.summary.cell;
    match &cell.rung {
        Some(rung) if steps => format!("{} {}={}", cell.variant, rung.key, rung.value),
        _ => cell.variant.clone(),
    }
}

/// The curve of the logarithm of something over quality.
pub fn quality_curve(
    ladder: &Ladder<'_>,
    metric: &str,
    value: impl Fn(&Measured) -> Option<f64>,
) -> Option<Curve> {
    Curve::through(ladder.iter().filter_map(|one| {
        let quality = one.summary.score(metric)?.mean;
        let value = value(one).filter(|value| *value > 0.0)?;
        quality.is_finite().then(|| (quality, value.ln()))
    }))
}
