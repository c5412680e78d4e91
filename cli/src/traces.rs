//! `ffbatch traces`: what others wrote to X-Ray about a stack.

use std::sync::Arc;

use anyhow::anyhow;
use ffbatch_deploy::deployment::BUCKET_OUTPUT;
use ffbatch_deploy::options::Options;
use ffbatch_deploy::stacks::Stacks;
use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::exit::Exit;
use ffbatch_serve::export::Exporter;
use ffbatch_storage::{SdkConfig, Stores};
use ffbatch_traces::{Order, Step, Summary};
use indicatif::{ProgressBar, ProgressStyle};

use crate::args::{Export, Traces};
use crate::speak;

/// Calls a verb of traces.
pub async fn run(mut config: Config, verb: Traces) -> anyhow::Result<Exit> {
    let Traces::Export(flags) = verb;
    let aws = &mut config.aws;
    aws.prefix = flags.prefix.clone().or(aws.prefix.take());
    aws.region = flags.region.clone().or(aws.region.take());
    let progress = Progress::new(flags.json);
    let mut on = |step: &Step<'_>| progress.step(step);
    let exported = export(&config, &flags, &mut on).await;
    progress.end();
    let summary = exported?;
    if flags.json {
        speak::out(&serde_json::to_string_pretty(&summary)?);
    } else {
        speak::out(&told(&summary, flags.dry_run).join("\n"));
    }
    Ok(Exit::Succeeded)
}

/// What a server exports when somebody asks for it: what is new, of the stack that the configuration names.
pub fn exporter(config: Config) -> Exporter {
    let config = Arc::new(config);
    Arc::new(move || {
        let config = Arc::clone(&config);
        Box::pin(async move {
            let exported = export(&config, &Export::default(), &mut |_| ()).await;
            match exported {
                Ok(summary) => Ok(told(&summary, false).join("; ")),
                Err(error) => Err(format!("{error:#}")),
            }
        })
    })
}

async fn export(
    config: &Config,
    flags: &Export,
    on: &mut (dyn FnMut(&Step<'_>) + Send),
) -> anyhow::Result<Summary> {
    let sdk = ffbatch_storage::cloud(&config.aws).await;
    if sdk.region().is_none() {
        return Err(anyhow!(
            "no AWS Region is known (give --region, or set AWS_REGION)"
        ));
    }
    let order = Order {
        bucket: bucket(config, flags, &sdk).await?,
        prefix: config.aws.prefix().to_owned(),
        since: flags.since,
        until: flags.until,
        dry_run: flags.dry_run,
    };
    let stores = Stores::new(ffbatch_storage::s3_settings(&config.aws, &sdk));
    Ok(ffbatch_traces::export(&order, &sdk, &stores, on).await?)
}

/// The bucket that was named, or the one of the stack.
async fn bucket(config: &Config, flags: &Export, sdk: &SdkConfig) -> anyhow::Result<String> {
    if let Some(bucket) = &flags.bucket {
        return Ok(bucket.clone());
    }
    let options = Options::of(config).map_err(|why| anyhow!(why))?;
    let name = options.stack(config.aws.prefix());
    let found = Stacks::of(sdk, &name).find().await?;
    let bucket = found.and_then(|found| found.output(BUCKET_OUTPUT).map(str::to_owned));
    bucket.ok_or_else(|| {
        anyhow!("there is no stack `{name}` with a bucket (give --prefix or --bucket, or make it: `ffbatch deploy up`)")
    })
}

/// A bar on a terminal, a line for each window elsewhere, nothing where a program reads the answer.
struct Progress {
    bar: ProgressBar,
    quiet: bool,
}

impl Progress {
    fn new(quiet: bool) -> Self {
        let style = ProgressStyle::with_template("{bar:20.cyan/dim} {wide_msg}")
            .expect("a constant template")
            .progress_chars("━━─");
        let bar = if quiet {
            ProgressBar::hidden()
        } else {
            ProgressBar::new(0).with_style(style)
        };
        Self { bar, quiet }
    }

    fn step(&self, step: &Step<'_>) {
        let line = format!(
            "{}, traces: {}, documents: {}",
            step.window,
            step.summary.traces,
            step.summary.written + step.summary.there
        );
        if self.bar.is_hidden() {
            if !self.quiet {
                speak::err(&line);
            }
            return;
        }
        self.bar.set_length(step.all as u64);
        self.bar.set_position(step.done as u64);
        self.bar.set_message(line);
    }

    fn end(&self) {
        self.bar.finish_and_clear();
    }
}

/// The summary as people read it, in lines.
fn told(summary: &Summary, dry_run: bool) -> Vec<String> {
    let written = if dry_run {
        "documents to write"
    } else {
        "documents written"
    };
    let counts = [
        ("traces", summary.traces),
        (written, summary.written),
        ("there already", summary.there),
        ("of jobs, which write their own", summary.own),
        ("not ended yet", summary.unfinished),
    ];
    let counts = counts.map(|(what, count)| format!(", {what}: {count}"));
    let mut lines = vec![format!(
        "{:.0} to {:.0}{}",
        summary.from,
        summary.until,
        counts.concat()
    )];
    lines.extend(summary.notes.iter().map(|note| format!("note: {note}")));
    lines
}
