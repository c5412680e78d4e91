//! `ffbatch why`: what a job waits for, or why it failed.

use std::collections::VecDeque;

use ffbatch_dispatcher::compute::ComputeError;
use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::detail::{Filter, JobDetail, JobSummary};
use ffbatch_dispatcher::dispatch::DispatchError;
use ffbatch_dispatcher::event::Event;
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::state::State;
use serde_json::json;

use crate::args::Why;
use crate::client::Client;
use crate::ids::Ids;
use crate::{jobs, speak};

/// The last lines of ffmpeg's log that are shown.
const SHOWN: usize = 10;

/// The children that are named of an array job that failed.
const CHILDREN: usize = 5;

/// What is known of a job.
struct Known {
    detail: JobDetail,
    /// The last lines of the log.
    log: VecDeque<String>,
    /// Some of the children that failed.
    failed: Vec<JobSummary>,
}

/// Says why a job is where it is.
pub async fn run(config: Config, args: &Why) -> anyhow::Result<Exit> {
    let client = Client::connect(config, args.asked.compute.as_deref())?;
    let job = client.one(&args.job).await?.id;
    let known = ask(&client, &job).await.map_err(DispatchError::from)?;
    if args.asked.json {
        let summary = &known.detail.summary;
        let last = known.detail.attempts.last();
        let whole = json!({
            "id": summary.id,
            "name": summary.name,
            "state": summary.state,
            "why": known.detail.why,
            "log_tail": known.log,
            "log_at": last.and_then(|last| last.log_at.as_ref()),
            "report_at": last.and_then(|last| last.report_at.as_ref()),
        });
        speak::out(&format!("{whole:#}"));
    } else {
        speak::out(&drawn(&known));
    }
    Ok(Exit::Succeeded)
}

async fn ask(client: &Client, job: &str) -> Result<Known, ComputeError> {
    let detail = client.compute.describe(job).await?;
    let mut log = VecDeque::new();
    let mut failed = Vec::new();
    match (&detail.summary.array, detail.summary.state) {
        (Some(_), _) => {
            let filter = Filter {
                states: vec![State::Failed],
                parent: Some(job.to_owned()),
                limit: Some(CHILDREN),
                ..Filter::default()
            };
            failed = client.compute.list(&filter).await?.jobs;
        }
        (None, State::Failed) if detail.summary.attempt > 0 => {
            let mut keep = |event| {
                if let Event::Log { line } = event {
                    log.push_back(line);
                    if log.len() > SHOWN {
                        log.pop_front();
                    }
                }
            };
            client.compute.events(job, None, &mut keep).await?;
        }
        _ => {}
    }
    Ok(Known {
        detail,
        log,
        failed,
    })
}

fn drawn(known: &Known) -> String {
    let (detail, summary) = (&known.detail, &known.detail.summary);
    let ids = Ids::of([summary]);
    let mut lines = vec![format!("{} is {}", ids.label(summary), summary.state)];
    lines.extend(detail.why.iter().map(|sentence| format!("  {sentence}")));
    if !known.failed.is_empty() {
        lines.push(String::new());
        lines.push("children that failed:".to_owned());
        for child in &known.failed {
            lines.push(format!("  {}  {}", ids.short(&child.id), jobs::why(child)));
        }
        lines.push(format!(
            "(`ffbatch list --children {} --status FAILED` shows all)",
            ids.short(&summary.id)
        ));
    }
    if !known.log.is_empty() {
        lines.push(String::new());
        lines.push("ffmpeg's last lines:".to_owned());
        lines.extend(known.log.iter().map(|line| format!("  {line}")));
    }
    let places = detail.attempts.last().map(|last| {
        let at = |what: &str, place: &Option<String>| {
            place.as_ref().map(|place| format!("{what}  {place}"))
        };
        [at("report", &last.report_at), at("log   ", &last.log_at)]
    });
    let mut places = places.into_iter().flatten().flatten().peekable();
    if places.peek().is_some() && summary.state == State::Failed {
        lines.push(String::new());
        lines.extend(places);
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::jobs::tests::{array, ended, job};
    use crate::status::tests::detail;

    fn known(summary: JobSummary, why: &[&str]) -> Known {
        let mut detail = detail(summary);
        detail.why = why.iter().map(|line| (*line).to_owned()).collect();
        Known {
            detail,
            log: VecDeque::new(),
            failed: Vec::new(),
        }
    }

    #[test]
    fn a_job_that_waits() {
        let mut known = known(job("3f2a91c0-0000"), &["3 jobs come before it; 2 run now"]);
        known.detail.attempts.clear();
        assert_snapshot!(drawn(&known), @r"
        3f2a91c0 is RUNNABLE
          3 jobs come before it; 2 run now
        ");
    }

    #[test]
    fn a_job_that_failed_with_the_end_of_its_log() {
        let failed = ended("77b1d2aa-0000", "encode-2", Exit::Ffmpeg, "ffmpeg failed");
        let mut known = known(failed, &["ffmpeg failed: Unknown encoder 'none'"]);
        known.log = ["Stream mapping:", "Unknown encoder 'none'"]
            .map(str::to_owned)
            .into();
        assert_snapshot!(drawn(&known), @r"
        encode-2 is FAILED
          ffmpeg failed: Unknown encoder 'none'

        ffmpeg's last lines:
          Stream mapping:
          Unknown encoder 'none'

        report  /state/metrics/jobs/x_1.json
        log     /state/queue/x/1.log
        ");
    }

    #[test]
    fn children_that_failed_are_named() {
        let mut known = known(
            array("a0000000-0000", "night"),
            &["it ends when the last of its children has"],
        );
        known.failed = vec![ended(
            "a0000000-0000:7",
            "night",
            Exit::Input,
            "there is no `x.mp4`",
        )];
        assert_snapshot!(drawn(&known), @r"
        night is PENDING
          it ends when the last of its children has

        children that failed:
          a0000000:7  there is no `x.mp4`
        (`ffbatch list --children a0000000 --status FAILED` shows all)
        ");
    }
}
