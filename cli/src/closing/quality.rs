//! What is printed of the quality of outputs.

use ffbatch_dispatcher::metric::Score;
use ffbatch_dispatcher::report::{Copied, OutputQuality, QualityReport};
use indicatif::HumanCount;

use super::{View, name};
use crate::table::{drawn, plain};

/// Everything that is known of the quality of a job's outputs.
pub fn said(quality: &QualityReport, view: View<'_>) -> String {
    let mut lines = Vec::new();
    for output in &quality.outputs {
        if quality.outputs.len() > 1 {
            lines.extend((!lines.is_empty()).then(String::new));
            lines.push(stream(output, view));
        }
        lines.extend(quality_of(output));
    }
    lines.extend(
        quality
            .refused
            .iter()
            .map(|why| format!("quality: not measured: {why}")),
    );
    lines.join("\n")
}

/// What is said of one stream of an output.
pub fn quality_of(output: &OutputQuality) -> Vec<String> {
    let mut lines = Vec::new();
    if !output.scores.is_empty() {
        lines.push(score_table(&output.scores));
    }
    lines.extend(
        output
            .domain
            .iter()
            .map(|domain| format!("compared at {domain}")),
    );
    lines.extend(output.copy.map(|copy| match copy {
        Copied::Copied => {
            "quality: nothing to score: the video is a copy of the source, packet for packet"
                .to_owned()
        }
        Copied::NotACopy => {
            "quality: NOT A COPY: the video was to be copied, but its packets are not a run of the source's".to_owned()
        }
    }));
    for score in &output.scores {
        let notes = score.notes.iter();
        lines.extend(notes.map(|note| format!("{}: {note}", score.metric)));
    }
    lines.extend(output.notes.iter().map(|note| format!("quality: {note}")));
    for (metric, why) in &output.refused {
        let what = if metric == "*" { "quality" } else { metric };
        lines.push(format!("{what}: not measured: {why}"));
    }
    lines
}

/// The stream's file, and its number where it is not the first.
fn stream(output: &OutputQuality, view: View<'_>) -> String {
    let name = name(&output.location, view);
    match output.stream {
        0 => name,
        stream => format!("{name} (video stream {stream})"),
    }
}

/// One line for each metric. What only some metrics have takes a column only where one of those is there.
fn score_table(scores: &[Score]) -> String {
    let harmonic = scores.iter().any(|score| score.harmonic_mean.is_some());
    let model = scores.iter().any(|score| score.model.is_some());
    let mut header = vec!["METRIC", "MEAN"];
    header.extend(harmonic.then_some("HARMONIC"));
    header.extend(["MIN", "P5", "MAX", "FRAMES"]);
    let right: Vec<usize> = (1..header.len()).collect();
    header.extend(model.then_some("MODEL"));
    let mut table = plain(&header, &right);
    for score in scores {
        let metric = if score.unit.is_empty() {
            score.metric.clone()
        } else {
            format!("{} ({})", score.metric, score.unit)
        };
        // An index of at most 1 differs in its last digits.
        let digits = if score.max.abs() <= 1.0 { 4 } else { 2 };
        let number = |value: f64| format!("{value:.digits$}");
        let known = |value: Option<f64>| value.map_or_else(String::new, number);
        let mut row = vec![metric, number(score.mean)];
        row.extend(harmonic.then(|| known(score.harmonic_mean)));
        row.extend([number(score.min), known(score.p5), number(score.max)]);
        row.push(HumanCount(score.frames as u64).to_string());
        row.extend(score.model.clone());
        table.add_row(row);
    }
    drawn(&table)
}
