//! `ffbatch prices refresh`: AWS is asked, and the answer is kept.

use anyhow::{Context, anyhow};
use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::exit::Exit;
use ffbatch_prices::{Document, Order, Refreshed, Source, Step};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use serde::Serialize;

use super::chosen::Chosen;
use super::{place, read};
use crate::args::Whose;
use crate::{jobs, speak, written};

/// What came of it, as JSON.
#[derive(Debug, Serialize)]
struct Summary<'a> {
    region: &'a str,
    path: String,
    on_demand: usize,
    spot: usize,
    fargate: usize,
    notes: &'a [String],
    failed: &'a [String],
}

/// Asks AWS for the prices of what was chosen, and writes them beside those that are there.
pub async fn run(config: &Config, types: &[String], which: &Whose) -> anyhow::Result<Exit> {
    let chosen = Chosen::of(config, types, which).await?;
    let region = &chosen.region;
    let path = place(config, region).ok_or_else(|| {
        anyhow!(
            "there is no place for prices on this machine (set HOME, or state_dir in ffbatch.toml)"
        )
    })?;
    // What is there must be whole before it is added to.
    let there = read(&path, region)?;
    for note in &chosen.notes {
        speak::err(&format!("note: {note}"));
    }
    let sdk = ffbatch_storage::cloud(&chosen.aws).await;
    let types: Vec<&str> = chosen.types.iter().map(String::as_str).collect();
    let order = Order {
        region,
        types: &types,
        fargate: !chosen.fargate.is_empty(),
        now: Timestamp::now(),
    };
    let progress = Progress::new(which.json);
    let asked = ffbatch_prices::refresh(&sdk, &order, &mut |step| progress.step(step)).await;
    progress.end();
    let refreshed = asked?;
    let whole = match there {
        Some(there) => there.merged(refreshed.document.clone()),
        None => refreshed.document.clone(),
    };
    if let Some(above) = path.parent() {
        std::fs::create_dir_all(above)
            .with_context(|| format!("the directory `{}` cannot be made", above.display()))?;
    }
    written::whole(&path, |file| file.write_all(whole.text().as_bytes()))?;
    tell(&refreshed, &path.display().to_string(), which.json)?;
    Ok(if refreshed.failed.is_empty() {
        Exit::Succeeded
    } else {
        Exit::Input
    })
}

/// Says what came, what AWS does not have, and what it did not answer.
fn tell(refreshed: &Refreshed, path: &str, json: bool) -> anyhow::Result<()> {
    let Refreshed {
        document,
        notes,
        failed,
    } = refreshed;
    if json {
        let summary = Summary {
            region: &document.region,
            path: path.to_owned(),
            on_demand: document.on_demand.len(),
            spot: document.spot.len(),
            fargate: document.fargate.len(),
            notes,
            failed,
        };
        speak::out(&serde_json::to_string_pretty(&summary)?);
        return Ok(());
    }
    speak::out(&format!("{} in {path}", counted(document)));
    for note in notes {
        speak::err(&format!("note: {note}"));
    }
    for why in failed {
        speak::err(&format!("error: {why}"));
    }
    Ok(())
}

fn counted(document: &Document) -> String {
    let many =
        |count: usize, what: &str| format!("{} {what}", jobs::several(count as u64, "price"));
    [
        many(document.on_demand.len(), "On-Demand"),
        many(document.spot.len(), "of Spot"),
        many(document.fargate.len(), "of Fargate"),
    ]
    .join(", ")
}

/// A spinner on a terminal, nothing elsewhere: it is a matter of seconds.
struct Progress {
    bar: ProgressBar,
}

impl Progress {
    fn new(quiet: bool) -> Self {
        let style = ProgressStyle::with_template("{spinner} {wide_msg}");
        let bar = if quiet {
            ProgressBar::hidden()
        } else {
            ProgressBar::new_spinner().with_style(style.expect("a constant template"))
        };
        Self { bar }
    }

    fn step(&self, step: Step) {
        let what = match step.source {
            Source::OnDemand => "On-Demand prices",
            Source::Fargate => "prices of Fargate",
            Source::Spot => "Spot prices",
        };
        self.bar.set_message(format!("{what}: {}", step.found));
        self.bar.tick();
    }

    fn end(&self) {
        self.bar.finish_and_clear();
    }
}
