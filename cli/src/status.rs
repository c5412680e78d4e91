//! `ffbatch status`: where jobs are, and everything about one.

use std::fmt::Write;

use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::detail::{JobDetail, Needed};
use ffbatch_dispatcher::dispatch::DispatchError;
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::state::State;
use ffbatch_dispatcher::terms::{DependencyKind, Terms};
use serde_json::json;

use crate::args::Status;
use crate::client::Client;
use crate::ids::Ids;
use crate::when::{self, Clock};
use crate::{jobs, speak, table};

/// Tells where jobs are.
pub async fn run(config: Config, args: &Status) -> anyhow::Result<Exit> {
    let client = Client::connect(config, args.asked.compute.as_deref())?;
    let found = client.find(&args.jobs).await?;
    let clock = Clock::here();
    if args.asked.json || found.len() == 1 {
        let mut details = Vec::new();
        for job in &found {
            let detail = client.compute.describe(&job.id).await;
            details.push(detail.map_err(DispatchError::from)?);
        }
        if args.asked.json {
            speak::out(&format!("{:#}", json!(details)));
        } else {
            for detail in &details {
                speak::out(&block(&client.name, detail, &clock));
            }
        }
    } else {
        speak::out(&jobs::drawn(&found, &clock, table::width()));
    }
    Ok(Exit::Succeeded)
}

/// Everything about one job.
fn block(compute: &str, detail: &JobDetail, clock: &Clock) -> String {
    let summary = &detail.summary;
    let ids = Ids::of([summary]);
    let mut text = ids.label(summary);
    let mut line = |key: &str, value: String| {
        let _ = write!(text, "\n  {key:9}  {value}");
    };
    line("id", summary.id.clone());
    line("state", summary.state.to_string());
    if summary.state != State::Succeeded {
        for (index, sentence) in detail.why.iter().enumerate() {
            line(if index == 0 { "why" } else { "" }, sentence.clone());
        }
    }
    if let Some(exit) = summary.exit.filter(|exit| *exit != Exit::Succeeded) {
        line("exit", format!("{}, {}", exit.code(), exit.meaning()));
    }
    line("queue", format!("{compute}, {}", detail.queue));
    line("submitted", clock.moment(summary.created));
    if let Some(started) = summary.started {
        line("started", clock.moment(started));
    }
    if let Some(stopped) = summary.stopped {
        let took = jobs::taken(summary, clock);
        let took = if took.is_empty() {
            took
        } else {
            format!(", after {took}")
        };
        line("ended", format!("{}{took}", clock.moment(stopped)));
    }
    line("terms", terms(&detail.terms));
    for (index, need) in detail.depends_on.iter().enumerate() {
        line(if index == 0 { "needs" } else { "" }, needed(need));
    }
    if let Some(children) = &summary.array {
        let id = ids.short(&summary.id);
        let counts = jobs::counts(children);
        line(
            "children",
            format!("{counts} (`ffbatch list --children {id}` lists them)"),
        );
    }
    if let Some(before) = &detail.retry_of {
        line("retry of", before.clone());
    }
    for (index, command) in detail.commands.iter().enumerate() {
        let key = match (index, &summary.array) {
            (0, Some(_)) => "child 0",
            (0, None) => "command",
            _ => "then",
        };
        line(key, command.to_string());
    }
    if let Some(last) = detail.attempts.last() {
        for (key, place) in [("report", &last.report_at), ("log", &last.log_at)] {
            if let Some(place) = place {
                line(key, place.clone());
            }
        }
    }
    if !detail.attempts.is_empty() {
        let _ = write!(text, "\n\n{}", attempts(detail, clock));
    }
    text
}

/// `1 vCPU, 512 MiB, priority 10, 3 attempts, each at most 1:30:00`, of which only what was asked for or chosen.
pub fn terms(terms: &Terms) -> String {
    let parts = [
        terms.vcpus.map(|vcpus| jobs::several(vcpus, "vCPU")),
        terms.memory_mib.map(|memory| format!("{memory} MiB")),
        terms.gpus.map(|gpus| jobs::several(gpus, "GPU")),
        terms
            .instance_type
            .as_ref()
            .map(|one| format!("alone on a {one}")),
        terms.share.as_ref().map(|share| format!("share {share}")),
        (!terms.tags.is_empty()).then(|| {
            let tags = terms
                .tags
                .iter()
                .map(|(key, value)| format!("{key}={value}"));
            format!("tags {}", tags.collect::<Vec<_>>().join(" "))
        }),
        (terms.priority > 0).then(|| format!("priority {}", terms.priority)),
        Some(format!(
            "at most {}",
            jobs::several(terms.retry.attempts, "attempt")
        )),
        terms
            .timeout_secs
            .map(|limit| format!("each at most {}", when::length(f64::from(limit)))),
    ];
    let known: Vec<String> = parts.into_iter().flatten().collect();
    known.join(", ")
}

/// What is said behind the name of a job that another needs.
pub const fn how(kind: DependencyKind) -> &'static str {
    match kind {
        DependencyKind::Whole => "",
        DependencyKind::NToN => ", child for child",
        DependencyKind::Sequential => ", one child after the other",
    }
}

fn needed(need: &Needed) -> String {
    let how = how(need.kind);
    let name = if need.name.is_empty() {
        need.id.clone()
    } else {
        format!("{} ({})", need.name, need.id)
    };
    format!("{name}, {}{how}", need.state)
}

fn attempts(detail: &JobDetail, clock: &Clock) -> String {
    let mut table = table::plain(
        &["ATTEMPT", "STARTED", "TIME", "EXIT", "REASON"],
        &[0, 2, 3],
    );
    for attempt in &detail.attempts {
        table.add_row([
            attempt.number.to_string(),
            clock.stamp(attempt.started),
            clock.taken(attempt.started, attempt.stopped),
            attempt
                .exit_code
                .map_or_else(String::new, |code| code.to_string()),
            attempt
                .reason
                .as_deref()
                .map_or_else(String::new, table::one_line),
        ]);
    }
    table::drawn(&table)
}

#[cfg(test)]
pub mod tests;
