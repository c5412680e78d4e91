//! The closing table of a job: stages, outputs, scores.

use comfy_table::{CellAlignment, Table, TableStyle};
use ffbatch_dispatcher::report::{FileReport, Report};
use indicatif::HumanBytes;

/// How many outputs are listed one by one.
const LISTED: usize = 8;

/// Draws the table.
pub fn table(report: &Report) -> String {
    let mut parts = vec![stages(report)];
    parts.extend(outputs(report));
    parts.extend(scores(report));
    parts.join("\n\n") + "\n"
}

fn plain(header: &[&str], right: &[usize]) -> Table {
    let mut table = Table::new();
    table
        .load_style(TableStyle::new())
        .set_header(header.to_vec());
    for column in right {
        if let Some(column) = table.column_mut(*column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

fn stages(report: &Report) -> String {
    let mut table = plain(&["STAGE", "SECONDS", ""], &[1]);
    for stage in &report.stages {
        let detail = match (&stage.error, stage.bytes) {
            (Some(_), _) => "failed".to_owned(),
            (None, Some(bytes)) => HumanBytes(bytes).to_string(),
            (None, None) => String::new(),
        };
        table.add_row([
            stage.stage.name().to_owned(),
            format!("{:.2}", stage.seconds),
            detail,
        ]);
    }
    for (index, command) in report
        .commands
        .iter()
        .enumerate()
        .filter(|(_, command)| command.frames.is_some())
    {
        let label = if report.commands.len() > 1 {
            format!("  command {}", index + 1)
        } else {
            "  ffmpeg".to_owned()
        };
        let frames = command.frames.unwrap_or_default();
        let speed = command
            .speed
            .map(|speed| format!(", {speed:.2}x"))
            .unwrap_or_default();
        let detail = format!("{frames} frames{speed}");
        table.add_row([label, format!("{:.2}", command.seconds), detail]);
    }
    trimmed(&table)
}

fn outputs(report: &Report) -> Option<String> {
    if report.outputs.is_empty() {
        return None;
    }
    // What a command wrote has one length, and only a single file has it for sure.
    let only = report.outputs.len() == 1;
    let duration = report
        .commands
        .last()
        .and_then(|command| command.out_time_secs)
        .filter(|_| only);
    let mut table = plain(&["OUTPUT", "SIZE", "BITRATE"], &[1, 2]);
    for output in report.outputs.iter().take(LISTED) {
        table.add_row([
            output.location.clone(),
            size(output),
            bitrate(output, duration),
        ]);
    }
    let rest = &report.outputs[report.outputs.len().min(LISTED)..];
    if !rest.is_empty() {
        let bytes: u64 = rest.iter().filter_map(|output| output.bytes).sum();
        table.add_row([
            format!("... and {} more", rest.len()),
            HumanBytes(bytes).to_string(),
            String::new(),
        ]);
    }
    Some(trimmed(&table))
}

fn size(output: &FileReport) -> String {
    output
        .bytes
        .map(|bytes| HumanBytes(bytes).to_string())
        .unwrap_or_default()
}

fn bitrate(output: &FileReport, duration: Option<f64>) -> String {
    match (output.bytes, duration) {
        #[expect(
            clippy::cast_precision_loss,
            reason = "file sizes stay far below 2^52 bytes"
        )]
        (Some(bytes), Some(seconds)) if seconds > 0.0 => {
            format!("{:.0} kb/s", bytes as f64 * 8.0 / seconds / 1000.0)
        }
        _ => String::new(),
    }
}

fn scores(report: &Report) -> Option<String> {
    let quality = report.quality.as_ref()?;
    let mut table = plain(&["METRIC", "MEAN", "MIN", "MAX", "FRAMES"], &[1, 2, 3, 4]);
    for score in &quality.scores {
        let unit = if score.unit.is_empty() {
            String::new()
        } else {
            format!(" {}", score.unit)
        };
        let digits = if score.max.abs() <= 1.0 { 4 } else { 2 };
        let number = |value: f64| format!("{value:.digits$}{unit}");
        table.add_row([
            score.metric.clone(),
            number(score.mean),
            number(score.min),
            number(score.max),
            score.frames.to_string(),
        ]);
    }
    let mut lines = if quality.scores.is_empty() {
        Vec::new()
    } else {
        vec![trimmed(&table)]
    };
    for (metric, why) in &quality.refused {
        let what = if metric == "*" { "quality" } else { metric };
        lines.push(format!("{what}: not measured: {why}"));
    }
    Some(lines.join("\n"))
}

fn trimmed(table: &Table) -> String {
    table
        .lines()
        .map(|line| line.trim().to_owned())
        .collect::<Vec<_>>()
        .join("\n")
}
