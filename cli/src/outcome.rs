//! How a followed job ended, for a person: tables, what ffmpeg said last, the error.

use std::path::Path;

use ffbatch_dispatcher::compute::Outcome;
use ffbatch_dispatcher::exit::Exit;

use crate::closing::{self, View};
use crate::{speak, table};

/// The lines of ffmpeg that are shown with an error; the report has more.
const SHOWN: usize = 6;

/// Prints how a job ended, for somebody in this directory; `log` with ffmpeg's last lines.
pub fn print(outcome: &Outcome, directory: &Path, log: bool) {
    let view = View {
        directory,
        width: table::width(),
    };
    if let Some(report) = &outcome.report {
        speak::out(&closing::table(report, view));
    }
    if let Some(at) = &outcome.report_at {
        speak::out(&format!("report  {at}"));
    }
    if outcome.exit == Exit::Succeeded {
        // A command that writes no file is run for what it says.
        let commands = outcome.report.iter().flat_map(|report| &report.commands);
        for line in commands.flat_map(|one| &one.stderr_tail).filter(|_| log) {
            speak::out(&format!("  {line}"));
        }
        return;
    }
    let tail = outcome
        .report
        .as_ref()
        .and_then(|report| report.commands.iter().rfind(|one| !one.argv.is_empty()))
        .map(|command| &command.stderr_tail[..])
        .filter(|_| log && outcome.exit == Exit::Ffmpeg)
        .unwrap_or_default();
    for line in &tail[tail.len().saturating_sub(SHOWN)..] {
        speak::err(&format!("  {line}"));
    }
    speak::err(&format!("error: {}", error(outcome)));
}

/// What went wrong, in one sentence: a failure always has one.
pub fn error(outcome: &Outcome) -> &str {
    outcome.error.as_deref().unwrap_or(outcome.exit.meaning())
}
