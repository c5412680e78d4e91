//! The closing tables of a job: stages, outputs, scores. Calm on purpose: what says nothing is left out.

use std::path::Path;

use ffbatch_dispatcher::event::Stage;
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::report::{CommandReport, FileReport, Report, StageReport};
use indicatif::{HumanBytes, HumanCount};

use crate::table::{self, drawn, plain};
use crate::when::length;

pub mod quality;
#[cfg(test)]
mod tests;

/// How many outputs are listed one by one. Beyond, the first ones and the last are: playlists are published last.
const LISTED: usize = 9;

/// What is left for a name on the narrowest terminal, in characters.
const NARROWEST: usize = 16;

/// Characters that size and bitrate take beside a name.
const BESIDE: usize = 28;

/// What the tables are drawn for.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The current directory: paths below it are shown relative to it.
    pub directory: &'a Path,
    /// Columns of the terminal; `None` where there is none, and nothing is cut.
    pub width: Option<u16>,
}

/// Draws the tables.
pub fn table(report: &Report, view: View<'_>) -> String {
    let mut parts = vec![stages(report)];
    parts.extend(outputs(report, view));
    parts.extend(
        report
            .quality
            .as_ref()
            .map(|asked| quality::said(asked, view)),
    );
    parts.join("\n\n") + "\n"
}

fn stages(report: &Report) -> String {
    let mut table = plain(&["STAGE", "TIME", ""], &[1]);
    for stage in &report.stages {
        table.add_row([
            stage.stage.name().to_owned(),
            length(stage.seconds),
            detail(report, stage),
        ]);
        if stage.stage == Stage::Transcode && report.commands.len() > 1 {
            let ran = report.commands.iter().filter(|one| !one.argv.is_empty());
            for (index, command) in ran.enumerate() {
                let label = format!("  command {}", index + 1);
                table.add_row([label, length(command.seconds), work(command)]);
            }
        }
    }
    drawn(&table)
}

fn detail(report: &Report, stage: &StageReport) -> String {
    match (stage.stage, &stage.error, &report.commands[..]) {
        (Stage::Measure, Some(_), _) if report.failure.is_none() => "not measured".to_owned(),
        (_, Some(_), _) if report.exit == Exit::Interrupted => "stopped".to_owned(),
        (_, Some(_), _) => "failed".to_owned(),
        (Stage::Transcode, None, [command]) => work(command),
        _ => stage
            .bytes
            .filter(|bytes| *bytes > 0)
            .map_or_else(String::new, |bytes| HumanBytes(bytes).to_string()),
    }
}

/// `120 frames, 24.1x`, of which only what is known.
fn work(command: &CommandReport) -> String {
    let frames = command
        .frames
        .filter(|frames| *frames > 0)
        .map(|frames| format!("{} frames", HumanCount(frames)));
    let speed = command.speed.filter(|speed| *speed > 0.0).map(times);
    let known: Vec<String> = [frames, speed].into_iter().flatten().collect();
    known.join(", ")
}

fn outputs(report: &Report, view: View<'_>) -> Option<String> {
    let all = &report.outputs;
    // What a command wrote has one length, and only a single file has it for sure.
    let duration = match (&all[..], report.commands.last()) {
        ([], _) => return None,
        ([_], Some(command)) => command.out_time_secs,
        _ => None,
    };
    let header = ["OUTPUT", "SIZE", "BITRATE"];
    let columns = if duration.is_some() { 3 } else { 2 };
    let mut table = plain(&header[..columns], &[1, 2][..columns - 1]);
    let row = |output: &FileReport| {
        [
            name(&output.location, view),
            output
                .bytes
                .map_or_else(String::new, |bytes| HumanBytes(bytes).to_string()),
            bitrate(output, duration),
        ]
    };
    let whole = if all.len() > LISTED {
        LISTED - 2
    } else {
        all.len()
    };
    for output in &all[..whole] {
        table.add_row(row(output).into_iter().take(columns));
    }
    if let [hidden @ .., last] = &all[whole..] {
        let bytes: u64 = hidden.iter().filter_map(|output| output.bytes).sum();
        let count = HumanCount(hidden.len() as u64);
        table.add_row([
            format!("... and {count} more"),
            HumanBytes(bytes).to_string(),
        ]);
        table.add_row(row(last).into_iter().take(columns));
    }
    Some(drawn(&table))
}

/// A location as a person knows it: relative to where they are, and short enough for their terminal.
fn name(location: &str, view: View<'_>) -> String {
    let near = Path::new(location)
        .strip_prefix(view.directory)
        .ok()
        .and_then(Path::to_str)
        .unwrap_or(location);
    let Some(width) = view.width else {
        return near.to_owned();
    };
    let room = usize::from(width).saturating_sub(BESIDE).max(NARROWEST);
    table::shortened(near, room)
}

fn bitrate(output: &FileReport, duration: Option<f64>) -> String {
    match (output.bytes, duration) {
        #[expect(
            clippy::cast_precision_loss,
            reason = "file sizes stay far below 2^52 bytes"
        )]
        (Some(bytes), Some(seconds)) if seconds > 0.0 => {
            let kilobits = bytes as f64 * 8.0 / seconds / 1000.0;
            if kilobits < 10_000.0 {
                format!("{kilobits:.0} kb/s")
            } else {
                format!("{:.1} Mb/s", kilobits / 1000.0)
            }
        }
        _ => String::new(),
    }
}

/// A speed with three digits that mean something.
pub fn times(speed: f64) -> String {
    let digits = match speed {
        ..9.995 => 2,
        ..99.95 => 1,
        _ => 0,
    };
    format!("{speed:.digits$}x")
}
