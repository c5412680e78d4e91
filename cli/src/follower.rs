//! What a person sees while a job runs: a progress bar on a terminal, plain lines elsewhere, only notes with `--json`.
//!
//! The bar needs a terminal that can move its cursor: with `TERM=dumb` there are plain lines too. Everything goes to
//! standard error; standard output belongs to the outcome.

use std::time::{Duration, Instant};

use ffbatch_dispatcher::event::{Event, Progress, Stage};
use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressStyle};

use crate::closing::times;
use crate::speak;
use crate::when::colons;

/// How often a plain progress line is written.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// How often the bar moves by itself.
const TICK: Duration = Duration::from_millis(200);

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
        let bar = (!quiet).then(bar).filter(|bar| !bar.is_hidden());
        Self {
            plain: bar.is_none() && !quiet,
            bar,
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
                    bar.set_style(unknown());
                    bar.set_prefix(stage.name());
                    bar.set_message("");
                    bar.enable_steady_tick(TICK);
                }
            }
            // Of a stage that failed the error itself is said in the end.
            Event::StageFinished { stage, seconds, ok }
                if self.plain && ok && (seconds >= 0.1 || stage == Stage::Transcode) =>
            {
                self.say(&format!("{}: done in {seconds:.1} s", stage.name()));
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

    /// Says a line without disturbing the bar, from wherever it is called.
    pub fn speaker(&self) -> impl Fn(&str) + Send + use<> {
        let bar = self.bar.clone();
        move |line| say(bar.as_ref(), line)
    }

    /// Removes the bar.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    /// Brings the bar back after [`finish`](Self::finish); the next progress fills it.
    pub fn resume(&mut self) {
        self.bar = self.bar.take().map(|_| bar());
    }

    fn progress(&mut self, progress: &Progress) {
        let text = describe(progress);
        if let Some(bar) = &self.bar {
            bar.set_prefix(progress.stage.name());
            if let Some(percent) = percent(progress) {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "0 to 1000"
                )]
                bar.set_position((percent.clamp(0.0, 100.0) * 10.0) as u64);
                bar.set_style(known());
            } else {
                bar.set_style(unknown());
            }
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
        say(self.bar.as_ref(), line);
    }
}

fn say(bar: Option<&ProgressBar>, line: &str) {
    match bar {
        Some(bar) => bar.suspend(|| speak::err(line)),
        None => speak::err(line),
    }
}

fn bar() -> ProgressBar {
    ProgressBar::new(1000).with_style(unknown())
}

/// The bar of work whose end is known. The message is cut where the terminal ends.
fn known() -> ProgressStyle {
    ProgressStyle::with_template("{prefix:>9} {bar:20.cyan/dim} {wide_msg}")
        .expect("a constant template")
        .progress_chars("━━─")
}

/// The bar of work whose end is not known.
fn unknown() -> ProgressStyle {
    ProgressStyle::with_template("{prefix:>9} {spinner} {wide_msg}").expect("a constant template")
}

/// How far a stage is, 0 to 100: as it says, or by its bytes.
fn percent(progress: &Progress) -> Option<f64> {
    let bytes = match (progress.bytes, progress.total_bytes) {
        #[expect(
            clippy::cast_precision_loss,
            reason = "file sizes stay far below 2^52 bytes"
        )]
        (Some(bytes), Some(total)) if total > 0 => Some(bytes as f64 / total as f64 * 100.0),
        _ => None,
    };
    progress.percent.or(bytes)
}

/// `42 %  ETA 1:12  2.10x  120 frames`, of which only what is known, the most useful first.
pub fn describe(progress: &Progress) -> String {
    let positive = |value: &f64| *value > 0.0;
    let bytes = progress.bytes.filter(|bytes| *bytes > 0).map(|bytes| {
        let total = progress.total_bytes.map(HumanBytes);
        let of = total.map_or_else(String::new, |total| format!(" of {total}"));
        format!("{}{of}", HumanBytes(bytes))
    });
    let parts = [
        percent(progress).map(|percent| format!("{percent:.0} %")),
        progress.eta_secs.map(eta),
        progress.speed.filter(positive).map(times),
        progress
            .frame_rate
            .filter(positive)
            .map(|rate| format!("{rate:.0} frames/s")),
        progress
            .frame
            .filter(|frame| *frame > 0)
            .map(|frame| format!("{} frames", HumanCount(frame))),
        bytes,
    ];
    let known: Vec<String> = parts.into_iter().flatten().collect();
    known.join("  ")
}

/// `ETA 1:12`.
pub fn eta(seconds: f64) -> String {
    format!("ETA {}", colons(seconds))
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
        assert_eq!(describe(&known), "42 %  ETA 1:12  2.10x  120 frames");
        assert_eq!(describe(&Progress::of(Stage::Transcode)), "");
    }

    #[test]
    fn bytes_tell_how_far_a_transfer_is() {
        let fetching = Progress {
            bytes: Some(512),
            total_bytes: Some(2048),
            ..Progress::of(Stage::Fetch)
        };
        assert_eq!(describe(&fetching), "25 %  512 B of 2.00 KiB");
    }

    #[test]
    fn long_waits_are_told_in_hours() {
        assert_eq!(eta(59.6), "ETA 1:00");
        assert_eq!(eta(7384.0), "ETA 2:03:04");
    }
}
