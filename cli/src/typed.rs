//! What was typed becomes a job: the command, in either form, and the flags beside it.

use std::path::Path;

use anyhow::bail;
use ffbatch_dispatcher::command::Command;
use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::job::{Job, Parameters};
use ffbatch_dispatcher::location::Location;
use ffbatch_dispatcher::terms::Terms;

use crate::args::{Order, Parts, TermFlags};

/// The word between two commands of one job.
const THEN: &str = "--then";

/// The word that switches the measuring off that the configuration asks for.
const NO_QUALITY: &str = "none";

/// What is said where there is no command.
const NO_COMMAND: &str = "no command was given (write `-- ffmpeg -i in.mp4 out.mp4`)";

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
        [none] if none == NO_QUALITY => Vec::new(),
        asked => asked.to_vec(),
    };
    job.require_confinement = order.require_confinement || config.require_confinement;
    Ok(job.anchored(&directory.to_string_lossy())?)
}

/// The terms that were typed; what was not is as usual.
pub fn terms(flags: &TermFlags, usual: Terms) -> Terms {
    Terms {
        vcpus: flags.vcpus.or(usual.vcpus),
        memory_mib: flags.memory_mib.or(usual.memory_mib),
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
