//! What was typed becomes a job: the command, in either form, and the flags beside it.

use std::path::Path;

use anyhow::bail;
use ffbatch_dispatcher::command::Command;
use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::job::{Job, Parameters, metrics_of};
use ffbatch_dispatcher::location::Location;
use ffbatch_dispatcher::metric::Model;
use ffbatch_dispatcher::registry::Metrics;
use ffbatch_dispatcher::terms::Terms;

use crate::args::{Order, Parts, TermFlags};

/// The word between two commands of one job.
const THEN: &str = "--then";

/// What is said where there is no command.
const NO_COMMAND: &str = "no command was given (write `-- ffmpeg -i in.mp4 out.mp4`)";

/// What is said where a model was typed that nothing is judged by.
pub const NO_VMAF: &str =
    "--vmaf-model is for jobs that measure vmaf (add `--quality vmaf`, or leave it out)";

/// The job that was typed in this directory, in either form.
pub fn job(order: &Order, config: &Config, directory: &Path) -> anyhow::Result<Job> {
    let mut job = match (order.command.is_empty(), parameters(&order.parts)) {
        (false, None) => Job::of(
            order
                .command
                .split(|word| word == THEN)
                .map(typed)
                .collect::<Result<_, _>>()?,
        ),
        (true, Some(parameters)) => match parameters.command_job()? {
            Some(job) => job,
            None => bail!(NO_COMMAND),
        },
        (false, Some(_)) => {
            bail!("the command was given twice (either `-- ffmpeg ...` or its parts, not both)")
        }
        (true, None) => bail!(NO_COMMAND),
    };
    job.name = order.name.clone().unwrap_or_default();
    job.files = order
        .files
        .iter()
        .map(|file| file.parse::<Location>())
        .collect::<Result<_, _>>()?;
    job.quality = match &order.quality[..] {
        [] => config.quality.clone(),
        asked => Some(metrics_of(asked.to_vec())),
    };
    job.vmaf_model = model(order, config, job.quality.as_deref())?;
    job.measure = order.measure.unwrap_or_default();
    job.at_source_size = order.at_source_size;
    job.require_confinement = order.require_confinement || config.require_confinement;
    Ok(job.anchored(&directory.to_string_lossy())?)
}

/// The model for a job that measures this: the one that was typed, else that of the configuration where something is measured by it.
fn model(
    order: &Order,
    config: &Config,
    quality: Option<&[String]>,
) -> anyhow::Result<Option<String>> {
    let Some(model) = order.vmaf_model.as_ref().or(config.vmaf_model.as_ref()) else {
        return Ok(None);
    };
    let metrics = Metrics::linked()?.asked(quality)?;
    let suits = Model::suits(model, &metrics)?;
    if order.vmaf_model.is_some() && (quality.is_none() || !suits) {
        bail!(NO_VMAF);
    }
    Ok(suits.then(|| model.clone()))
}

/// The terms that were typed; what was not is as usual.
pub fn terms(flags: &TermFlags, usual: Terms) -> Terms {
    Terms {
        vcpus: flags.vcpus.or(usual.vcpus),
        memory_mib: flags.memory_mib.or(usual.memory_mib),
        gpus: flags.gpus.or(usual.gpus),
        instance_type: flags.instance_type.clone().or(usual.instance_type),
        share: flags.share.clone().or(usual.share),
        tags: flags.tags().unwrap_or(usual.tags),
        priority: flags.priority.unwrap_or(usual.priority),
        timeout_secs: flags.timeout.or(usual.timeout_secs),
        ..usual
    }
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

/// The parts of a command; `None` where none was given.
pub fn parameters(parts: &Parts) -> Option<Parameters> {
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
