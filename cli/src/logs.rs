//! `ffbatch logs`: what ffmpeg said in a job, so far or until its end.

use anyhow::bail;
use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::detail::JobSummary;
use ffbatch_dispatcher::dispatch::DispatchError;
use ffbatch_dispatcher::event::Event;
use ffbatch_dispatcher::exit::Exit;

use crate::args::Logs;
use crate::client::Client;
use crate::follower;
use crate::ids::Ids;
use crate::{outcome, speak};

/// Shows the log of one job.
pub async fn run(config: Config, args: &Logs) -> anyhow::Result<Exit> {
    let client = Client::connect(config, args.compute.as_deref())?;
    let job = client.one(&args.job).await?;
    if let Some(children) = &job.array {
        let id = Ids::of([&job]).short(&job.id);
        let count: u32 = children.values().sum();
        bail!(
            "`{}` is an array job of {count} children (say which: `ffbatch logs {id}:0` to `{id}:{}`)",
            args.job,
            count.saturating_sub(1)
        );
    }
    let mut any = false;
    let mut show = |event: Event| {
        let line = if args.json {
            serde_json::to_string(&event).ok()
        } else {
            line(&event, args.events)
        };
        if let Some(line) = line {
            any = true;
            speak::out(&line);
        }
    };
    if args.follow {
        let ended = client.compute.follow(&job.id, &mut show).await;
        let ended = ended.map_err(DispatchError::from)?;
        if ended.exit != Exit::Succeeded && !args.json {
            speak::err(&format!("error: {}", outcome::error(&ended)));
        }
        return Ok(ended.exit);
    }
    client
        .compute
        .events(&job.id, args.attempt, &mut show)
        .await
        .map_err(DispatchError::from)?;
    if !any && !args.json {
        speak::err(&nothing(&job));
    }
    Ok(Exit::Succeeded)
}

/// One line of text; `all` also of stages and progress.
fn line(event: &Event, all: bool) -> Option<String> {
    match event {
        Event::Log { line } => Some(line.clone()),
        Event::Note { message } => Some(format!("note: {message}")),
        _ if !all => None,
        Event::Hello { version, .. } => Some(format!("worker {version}")),
        Event::StageStarted { stage } => Some(format!("{}: begins", stage.name())),
        Event::StageFinished { stage, seconds, ok } => {
            let how = if *ok { "done" } else { "failed" };
            Some(format!("{}: {how} in {seconds:.2} s", stage.name()))
        }
        Event::Progress(progress) => {
            let text = follower::describe(progress);
            (!text.is_empty()).then(|| format!("{}: {text}", progress.stage.name()))
        }
        Event::Finished { code, error, .. } => {
            let meaning = Exit::from_code(i32::from(*code)).map(Exit::meaning);
            let how = error.as_deref().or(meaning).unwrap_or("ended");
            Some(format!("exit {code}: {how}"))
        }
    }
}

/// Why there is nothing to read.
fn nothing(job: &JobSummary) -> String {
    let state = job.state;
    match (job.attempt, state.is_ended()) {
        (0, false) => {
            format!("note: the job has not started, it is {state} (`-f` waits for its log)")
        }
        (0, true) => format!("note: the job never started, it is {state} (`ffbatch why` says why)"),
        _ => format!("note: the log is empty, the job is {state}"),
    }
}

#[cfg(test)]
mod tests {
    use ffbatch_dispatcher::event::{Progress, Stage};
    use insta::assert_snapshot;

    use super::*;
    use crate::jobs::tests::{ended, job};

    #[test]
    fn events_as_lines() {
        let events = [
            Event::Hello {
                protocol: 1,
                version: "0.1.0".into(),
                pid: None,
            },
            Event::StageStarted {
                stage: Stage::Transcode,
            },
            Event::Log {
                line: "Stream #0:0".into(),
            },
            Event::Progress(Progress::of(Stage::Transcode)),
            Event::Progress(Progress {
                percent: Some(41.6),
                speed: Some(2.1),
                ..Progress::of(Stage::Transcode)
            }),
            Event::Note {
                message: "`-n` is dropped".into(),
            },
            Event::StageFinished {
                stage: Stage::Transcode,
                seconds: 1.234,
                ok: false,
            },
            Event::Finished {
                code: 4,
                error: None,
                report: None,
            },
        ];
        let lines = |all| -> Vec<String> {
            let lines = events.iter().filter_map(|event| line(event, all));
            lines.collect()
        };
        assert_eq!(lines(false), ["Stream #0:0", "note: `-n` is dropped"]);
        assert_snapshot!(lines(true).join("\n"), @r"
        worker 0.1.0
        transcode: begins
        Stream #0:0
        transcode: 42 %  2.10x
        note: `-n` is dropped
        transcode: failed in 1.23 s
        exit 4: ffmpeg failed
        ");
    }

    #[test]
    fn an_empty_log_says_why() {
        assert!(nothing(&job("x")).contains("has not started, it is RUNNABLE"));
        let never = JobSummary {
            attempt: 0,
            ..ended("x", "", Exit::Interrupted, "cancelled")
        };
        assert!(nothing(&never).contains("never started"));
    }
}
