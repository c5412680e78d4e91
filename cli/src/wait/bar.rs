//! What a person sees while they wait for many jobs: a bar with lines above it on a terminal, plain lines elsewhere, and
//! nothing where a program reads the answer. Everything goes to standard error.

use std::time::{Duration, Instant};

use ffbatch_dispatcher::detail::JobSummary;
use ffbatch_dispatcher::state::State;
use indicatif::{ProgressBar, ProgressStyle};

use super::crowd::Crowd;
use crate::speak;
use crate::when::Clock;

/// How often the bar is drawn.
pub const TICK: Duration = Duration::from_millis(200);

/// How often a plain line tells how far it is.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Of so many jobs each that succeeds has a line on a terminal; of more only with `-v`.
const EACH: usize = 20;

/// Shows how far many jobs are.
pub struct Bar {
    drawn: Option<ProgressBar>,
    quiet: bool,
    verbose: bool,
    began: Instant,
    last_line: Instant,
    said: String,
}

impl Bar {
    /// For standard error. `quiet` shows nothing.
    pub fn new(quiet: bool, verbose: bool) -> Self {
        Self {
            drawn: (!quiet).then(drawn).filter(|bar| !bar.is_hidden()),
            quiet,
            verbose,
            began: Instant::now(),
            last_line: Instant::now(),
            said: String::new(),
        }
    }

    /// How long this is here.
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Tells of a job that ended.
    pub fn ended(&self, crowd: &Crowd, job: &JobSummary) {
        let well = job.state == State::Succeeded;
        let many = crowd.ids().len() > EACH && self.drawn.is_some();
        if self.quiet || (well && many && !self.verbose) {
            return;
        }
        self.say(&crowd.line(job, &Clock::here()));
    }

    /// Shows how far the jobs are.
    pub fn tick(&mut self, crowd: &Crowd) {
        if let Some(bar) = &self.drawn {
            let tally = crowd.tally();
            bar.set_length(tally.all());
            bar.set_position(tally.ended());
            bar.set_message(crowd.progress(self.began.elapsed()));
        } else if !self.quiet && self.last_line.elapsed() >= LINE_EVERY {
            self.last_line = Instant::now();
            let now = crowd.progress(self.began.elapsed());
            // Of jobs of hours the same is not told every few seconds.
            if now != self.said {
                speak::err(&now);
                self.said = now;
            }
        }
    }

    /// Says a line without disturbing the bar.
    pub fn say(&self, line: &str) {
        match &self.drawn {
            Some(bar) => bar.suspend(|| speak::err(line)),
            None => speak::err(line),
        }
    }

    /// Takes the bar away.
    pub fn pause(&self) {
        if let Some(bar) = &self.drawn {
            bar.finish_and_clear();
        }
    }

    /// Brings the bar back.
    pub fn resume(&mut self) {
        self.drawn = self.drawn.take().map(|_| drawn());
    }
}

fn drawn() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:20.cyan/dim} {wide_msg}")
        .expect("a constant template")
        .progress_chars("━━─");
    ProgressBar::new(0).with_style(style)
}
