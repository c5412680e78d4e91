//! What a person sees while a benchmark runs: one bar for all of it and a line for each run that ended; plain lines where there is no
//! terminal, nothing where a program reads the answer.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use ffbatch_bench::plan::Plan;
use ffbatch_bench::run::Run;
use ffbatch_bench::runner::Told;
use ffbatch_dispatcher::exit::Exit;
use indicatif::{ProgressBar, ProgressStyle};

use crate::follower::describe;
use crate::speak;
use crate::when::length;

/// Shows how far a benchmark is.
pub struct Pace {
    bar: Option<ProgressBar>,
    quiet: bool,
    /// What runs now, by lane: the label of its cell.
    running: Mutex<BTreeMap<String, String>>,
}

impl Pace {
    /// For standard error. `quiet` shows notes alone.
    pub fn new(plan: &Plan, quiet: bool) -> Self {
        let length = u64::try_from(plan.jobs_least.max(1)).unwrap_or(u64::MAX);
        let bar = (!quiet).then(|| ProgressBar::new(length).with_style(style()));
        Self {
            bar: bar.filter(|bar| !bar.is_hidden()),
            quiet,
            running: Mutex::default(),
        }
    }

    /// Says a line without disturbing the bar.
    pub fn speaker(&self) -> impl Fn(&str) + Send + use<> {
        let bar = self.bar.clone();
        move |line| say(bar.as_ref(), line)
    }

    /// Shows one thing.
    pub fn on(&self, told: &Told<'_>) {
        match told {
            Told::Began(cell, round) => {
                let what = if *round == 0 {
                    "warm-up".to_owned()
                } else {
                    format!("run {round}")
                };
                self.running(&cell.id, Some(format!("{}, {what}", cell.label())));
            }
            Told::Progress(cell, progress) => {
                if let Some(bar) = &self.bar {
                    let described = describe(progress);
                    bar.set_message(format!(
                        "{}  {} {described}",
                        cell.label(),
                        progress.stage.name()
                    ));
                }
            }
            Told::Ended(run) => {
                self.running(&run.cell.id, None);
                if let Some(bar) = &self.bar {
                    // More runs than the fewest are needed where times vary.
                    if bar.length().is_some_and(|length| bar.position() >= length) {
                        bar.inc_length(1);
                    }
                    bar.inc(1);
                }
                if !self.quiet || run.succeeded().is_none() {
                    say(self.bar.as_ref(), &ended(run));
                }
            }
            Told::Note(note) => say(self.bar.as_ref(), &format!("note: {note}")),
        }
    }

    /// Removes the bar.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn running(&self, cell: &str, what: Option<String>) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        match what {
            Some(what) => running.insert(cell.to_owned(), what),
            None => running.remove(cell),
        };
        if let Some(bar) = &self.bar {
            let all: Vec<&str> = running.values().map(String::as_str).collect();
            bar.set_message(all.join("; "));
        }
    }
}

/// One line for a run that ended.
fn ended(run: &Run) -> String {
    let what = match run.round {
        0 => "warm-up".to_owned(),
        round => format!("run {round}"),
    };
    let label = run.cell.label();
    match (run.encode_secs(), &run.ended) {
        (Some(secs), _) => format!("{label}: {what} {}", length(secs)),
        (None, Some(ended)) => {
            let exit = if ended.exit == Exit::Succeeded {
                "its report is missing"
            } else {
                ended.exit.meaning()
            };
            let why = ended.error.as_deref().unwrap_or(exit);
            format!("{label}: {what} failed: {why}")
        }
        (None, None) => format!("{label}: {what}"),
    }
}

fn say(bar: Option<&ProgressBar>, line: &str) {
    match bar {
        Some(bar) => bar.suspend(|| speak::err(line)),
        None => speak::err(line),
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{pos:>5}/{len} {bar:20.cyan/dim} {eta:>4}  {wide_msg}")
        .expect("a constant template")
        .progress_chars("━━─")
}
