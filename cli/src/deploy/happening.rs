//! What a person sees while a stack changes: a bar on a terminal, plain lines elsewhere. Everything goes to standard error.

use std::time::Duration;

use ffbatch_deploy::stacks::Happened;
use indicatif::{ProgressBar, ProgressStyle};

use crate::speak;

/// How often the bar moves by itself.
const TICK: Duration = Duration::from_millis(200);

/// Shows what happens to so many resources.
pub struct Happening {
    bar: ProgressBar,
}

impl Happening {
    /// Of so many resources.
    pub fn of(resources: usize) -> Self {
        let bar = ProgressBar::new(resources as u64);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} {wide_msg}")
        {
            bar.set_style(style);
        }
        bar.enable_steady_tick(TICK);
        Self { bar }
    }

    /// Shows one thing that happened.
    pub fn on(&mut self, event: &Happened) {
        let reason = event.reason.as_deref().unwrap_or_default();
        if event.is_stack() {
            return;
        }
        if event.is_failure() {
            self.say(&format!("{}: {}: {reason}", event.resource, event.status));
        } else if event.is_done() {
            self.bar.inc(1);
            if self.bar.is_hidden() {
                self.say(&format!("{}: {}", event.resource, event.status));
            }
        } else {
            self.bar
                .set_message(format!("{} {}", event.resource, event.status));
        }
    }

    /// Takes the bar away.
    pub fn end(self) {
        self.bar.finish_and_clear();
    }

    fn say(&self, line: &str) {
        self.bar.suspend(|| speak::err(line));
    }
}
