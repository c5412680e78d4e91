//! `ffbatch run`: one job, followed to its end.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, bail};
use ffbatch_dispatcher::command::Command;
use ffbatch_dispatcher::compute::{Outcome, Request};
use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::dispatch::Dispatcher;
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::job::{Job, Parameters};
use ffbatch_dispatcher::location::Location;
use ffbatch_dispatcher::registry::Families;
use ffbatch_dispatcher::telemetry::{self, TRACEPARENT, Telemetry};
use opentelemetry::trace::Status;
use tracing::Instrument;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::args::{Parts, Run};
use crate::run::closing::View;
use crate::run::follower::Follower;
use crate::speak;

pub mod json;

mod closing;
mod follower;

/// The word between two commands of one job.
const THEN: &str = "--then";

/// The word that switches the measuring off that the configuration asks for.
const NO_QUALITY: &str = "none";

/// The variable by which the worker's own log is asked for.
const LOG_LEVEL: &str = "LOGLEVEL";

/// The lines of ffmpeg that are shown with an error; the report has more.
const SHOWN: usize = 6;

/// Runs one job and tells how it ended.
pub async fn run(config: Config, args: Box<Run>, verbose: u8) -> anyhow::Result<Exit> {
    let telemetry = Telemetry::start("ffbatch", if verbose > 1 { "debug" } else { "warn" });
    let compute = args
        .compute
        .clone()
        .unwrap_or_else(|| config.compute.clone());
    let directory = std::env::current_dir().context("the current directory is gone")?;
    let job = job(&args, &config)?.anchored(&directory.to_string_lossy())?;
    let span = tracing::info_span!("ffbatch run", otel.kind = "client", compute, job = job.name);
    // A caller that traces itself hands its context down the same way as we do.
    if let Some(parent) = std::env::var(TRACEPARENT)
        .ok()
        .as_deref()
        .and_then(telemetry::parse_traceparent)
    {
        // Without a recorder there is no trace to join, and that is all an error says.
        let _ = span.set_parent(parent);
    }
    let mut environment: BTreeMap<_, _> = telemetry::traceparent(&span)
        .map(|value| (TRACEPARENT.to_owned(), value))
        .into_iter()
        .collect();
    if verbose > 1 && std::env::var_os(LOG_LEVEL).is_none() {
        environment.insert(LOG_LEVEL.to_owned(), "debug".to_owned());
    }
    let request = Request {
        id: uuid::Uuid::new_v4().to_string(),
        job,
        report: args.report.as_ref().map(|report| directory.join(report)),
        environment,
    };
    let mut follower = Follower::new(args.json, verbose > 0);
    let dispatcher = Dispatcher::new(Families::linked()?, config);
    let stop = interrupt(follower.speaker())?;
    let outcome = dispatcher
        .run(&compute, &request, &mut |event| follower.on(event), stop)
        .instrument(span.clone())
        .await;
    follower.finish();
    let failed = match &outcome {
        Ok(outcome) => outcome.error.clone(),
        Err(error) => Some(error.to_string()),
    };
    if let Some(error) = failed {
        span.set_status(Status::error(error));
    }
    drop(span);
    if let Err(error) = telemetry.export().await {
        speak::err(&format!("note: {error}"));
    }
    let outcome = outcome?;
    let exit = outcome.exit;
    if args.json {
        json::print(Some(&request.id), &outcome);
    } else {
        let view = View {
            directory: &directory,
            width: closing::width(),
        };
        // With `-v` ffmpeg's lines have been seen already.
        print(&outcome, view, verbose == 0);
    }
    Ok(exit)
}

/// The job that was typed, in either form.
fn job(args: &Run, config: &Config) -> anyhow::Result<Job> {
    let mut job = match (args.command.is_empty(), parameters(&args.parts)) {
        (false, None) => Job::of(
            args.command
                .split(|word| word == THEN)
                .map(typed)
                .collect::<Result<_, _>>()?,
        ),
        (true, Some(parameters)) => match parameters.command_job()? {
            Some(job) => job,
            None => bail!("no command was given (write `-- ffmpeg -i in.mp4 out.mp4`)"),
        },
        (false, Some(_)) => {
            bail!("the command was given twice (either `-- ffmpeg ...` or its parts, not both)")
        }
        (true, None) => bail!("no command was given (write `-- ffmpeg -i in.mp4 out.mp4`)"),
    };
    job.name = args.name.clone().unwrap_or_default();
    job.files = args
        .files
        .iter()
        .map(|file| file.parse::<Location>())
        .collect::<Result<_, _>>()?;
    job.quality = match &args.quality[..] {
        [] => config.quality.clone(),
        [none] if none == NO_QUALITY => Vec::new(),
        asked => asked.to_vec(),
    };
    job.require_confinement = args.require_confinement || config.require_confinement;
    Ok(job)
}

/// One command as typed. A whole command in quotes is one word, and is taken apart as a shell would.
fn typed(words: &[String]) -> anyhow::Result<Command> {
    match words {
        [line] if line.contains(' ') => Ok(Command::from_line(line)?),
        [first, ..]
            if !first.starts_with('-')
                && Path::new(first).file_name() != Some("ffmpeg".as_ref()) =>
        {
            bail!("a job runs ffmpeg, not `{first}` (write `-- ffmpeg -i in.mp4 out.mp4`)")
        }
        words => Ok(Command::new(words.iter().cloned())),
    }
}

fn parameters(parts: &Parts) -> Option<Parameters> {
    let fields = [
        &parts.global_options,
        &parts.input_file_options,
        &parts.input_url,
        &parts.output_file_options,
        &parts.output_url,
    ];
    fields
        .iter()
        .any(|field| field.is_some())
        .then(|| Parameters {
            global_options: parts.global_options.clone(),
            input_file_options: parts.input_file_options.clone(),
            input_url: parts.input_url.clone(),
            output_file_options: parts.output_file_options.clone(),
            output_url: parts.output_url.clone(),
            name: None,
            job: None,
        })
}

/// Ready when somebody asks this program to stop. It hears from now on, not only once it is awaited: a signal between the
/// worker's start and the first look would end this program and leave the worker alone.
fn interrupt(say: impl Fn(&str) + Send) -> anyhow::Result<impl Future<Output = ()> + Send> {
    use tokio::signal::unix::{SignalKind, signal};

    let listen = |kind| signal(kind).context("signals cannot be received");
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut quit = listen(SignalKind::quit())?;
    let mut terminate = listen(SignalKind::terminate())?;
    let mut hangup = listen(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => (),
            _ = quit.recv() => (),
            _ = terminate.recv() => (),
            _ = hangup.recv() => (),
        }
        say("stopping the job ...");
    })
}

fn print(outcome: &Outcome, view: View<'_>, log: bool) {
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
    let error = outcome.error.as_deref().unwrap_or(outcome.exit.meaning());
    speak::err(&format!("error: {error}"));
}
