//! What a person sees while a job runs: a progress bar on a terminal, plain lines elsewhere, nothing with `--json`.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use ffbatch_dispatcher::event::{Event, Progress, Stage};
use indicatif::{ProgressBar, ProgressStyle};

use crate::speak;

/// How often a plain progress line is written.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Shows the events of one job.
pub struct Follower {
    bar: Option<ProgressBar>,
    plain: bool,
    log: bool,
    last_line: Option<Instant>,
}

impl Follower {
    /// A follower for standard error. `quiet` shows nothing but notes, `log` also ffmpeg's lines.
    pub fn new(quiet: bool, log: bool) -> Self {
        let terminal = std::io::stderr().is_terminal();
        Self {
            bar: (terminal && !quiet).then(bar),
            plain: !terminal && !quiet,
            log,
            last_line: None,
        }
    }

    /// Shows one event.
    pub fn on(&mut self, event: Event) {
        match event {
            Event::StageStarted { stage } => {
                self.last_line = None;
                if let Some(bar) = &self.bar {
                    bar.set_position(0);
                    bar.set_prefix(stage.name());
                    bar.set_message("");
                }
            }
            Event::StageFinished { stage, seconds, ok }
                if self.plain && (seconds >= 0.1 || !ok || stage == Stage::Transcode) =>
            {
                self.say(&format!(
                    "{}: {} in {seconds:.1} s",
                    stage.name(),
                    if ok { "done" } else { "failed" }
                ));
            }
            Event::Progress(progress) => self.progress(&progress),
            Event::Note { message } => self.say(&format!("note: {message}")),
            Event::Log { line } if self.log => self.say(&line),
            Event::Hello { .. }
            | Event::StageFinished { .. }
            | Event::Log { .. }
            | Event::Finished { .. } => {}
        }
    }

    /// Removes the bar.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn progress(&mut self, progress: &Progress) {
        let text = describe(progress);
        if let Some(bar) = &self.bar {
            bar.set_prefix(progress.stage.name());
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "0 to 1000"
            )]
            bar.set_position((progress.percent.unwrap_or(0.0).clamp(0.0, 100.0) * 10.0) as u64);
            bar.set_message(text);
        } else if self.plain
            && self
                .last_line
                .is_none_or(|last| last.elapsed() >= LINE_EVERY)
        {
            // The first line of a stage would come at its very beginning and say nothing.
            if self.last_line.replace(Instant::now()).is_some() {
                self.say(&format!("{}: {text}", progress.stage.name()));
            }
        }
    }

    fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| speak::err(line)),
            None => speak::err(line),
        }
    }
}

fn bar() -> ProgressBar {
    let style =
        ProgressStyle::with_template("{prefix:>9} {bar:32} {msg}").expect("a constant template");
    let bar = ProgressBar::new(1000).with_style(style);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// `42 %  120 frames  2.1x  ETA 0:12`, of which only what is known.
fn describe(progress: &Progress) -> String {
    let mut parts = Vec::new();
    if let Some(percent) = progress.percent {
        parts.push(format!("{percent:.0} %"));
    }
    if let Some(frame) = progress.frame {
        parts.push(format!("{frame} frames"));
    }
    if let Some(bytes) = progress.bytes {
        let total = progress
            .total_bytes
            .map(|total| format!(" of {}", indicatif::HumanBytes(total)));
        parts.push(format!(
            "{}{}",
            indicatif::HumanBytes(bytes),
            total.unwrap_or_default()
        ));
    }
    if let Some(rate) = progress.frame_rate.filter(|rate| *rate > 0.0) {
        parts.push(format!("{rate:.0} fps"));
    }
    if let Some(speed) = progress.speed.filter(|speed| *speed > 0.0) {
        parts.push(format!("{speed:.2}x"));
    }
    if let Some(eta) = progress.eta_secs {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "whole seconds of a positive time"
        )]
        let seconds = eta.max(0.0).round() as u64;
        parts.push(format!("ETA {}:{:02}", seconds / 60, seconds % 60));
    }
    parts.join("  ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_known_is_shown() {
        let known = Progress {
            percent: Some(41.6),
            frame: Some(120),
            speed: Some(2.1),
            eta_secs: Some(71.7),
            ..Progress::of(Stage::Transcode)
        };
        assert_eq!(describe(&known), "42 %  120 frames  2.10x  ETA 1:12");
        assert_eq!(describe(&Progress::of(Stage::Transcode)), "");
    }
}
