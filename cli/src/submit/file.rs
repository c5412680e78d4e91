//! The jobs of a job file, or of lines on standard input: read, listed, expanded.

use std::collections::BTreeMap;
use std::io::Read;

use anyhow::{Context as _, anyhow, bail};
use ffbatch_dispatcher::compute::Request;
use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::job::{Job, model_from};
use ffbatch_dispatcher::location::Location;
use ffbatch_dispatcher::registry::{Families, Metrics};
use ffbatch_jobfile::{Context, Format, JobFile, Overrides, Pattern};
use ffbatch_storage::{Kind, Stores};

use super::Lot;
use crate::args::Submit;
use crate::typed;

/// The name of standard input, where a file's is expected.
const STDIN: &str = "-";

/// What lines on standard input are called in messages.
const LINES: &str = "stdin";

/// The jobs of a file, by compute in the order in which the file names them.
pub async fn lots(config: &Config, args: &Submit, name: &str) -> anyhow::Result<Vec<Lot>> {
    refuse_typed(args)?;
    let current = std::env::current_dir().context("the current directory is gone")?;
    let (file, directory) = if name == STDIN {
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .map_err(|error| anyhow!("the jobs on standard input cannot be read: {error}"))?;
        (ffbatch_jobfile::ndjson(&text, LINES)?, current.clone())
    } else {
        let path = current.join(name);
        let format = Format::of(name)?;
        let text = std::fs::read_to_string(&path)
            .map_err(|error| anyhow!("the job file `{name}` cannot be read: {error}"))?;
        let directory = path.parent().unwrap_or(&current).to_owned();
        (ffbatch_jobfile::read(&text, format, name)?, directory)
    };
    let current = current.to_string_lossy().into_owned();
    let file = file
        .with_variables(std::env::vars())?
        .with(overrides(args, &current));
    // Every path in a job file counts from the file's directory, but neither the configuration's nor a flag's.
    let config = &Config {
        vmaf_model: anchored(config.vmaf_model.as_ref(), &current),
        ..config.clone()
    };
    let directory = directory.to_string_lossy().into_owned();
    let families = Families::linked()?;
    let metrics = Metrics::linked()?;
    let plan = file.expand(&Context {
        config,
        computes: &families
            .iter()
            .map(|family| family.name.to_owned())
            .collect(),
        metrics: &metrics,
        listed: &listed(&file, &directory).await?,
        directory: &directory,
    })?;
    let mut jobs = plan.jobs.iter().flat_map(|planned| &planned.jobs);
    let judged = |job: &Job| job.quality.is_some() && job.vmaf_model.is_some();
    if args.order.vmaf_model.is_some() && !jobs.any(judged) {
        bail!(typed::NO_VMAF);
    }
    let requests = plan.requests(|| uuid::Uuid::new_v4().to_string());
    Ok(by_compute(requests))
}

fn by_compute(requests: Vec<(String, Request)>) -> Vec<Lot> {
    let mut lots: Vec<Lot> = Vec::new();
    for (compute, request) in requests {
        match lots.iter_mut().find(|lot| lot.compute == compute) {
            Some(lot) => lot.requests.push(request),
            None => lots.push(Lot {
                compute,
                requests: vec![request],
            }),
        }
    }
    lots
}

/// What is said of one job on the command line would be lost where a file says it.
fn refuse_typed(args: &Submit) -> anyhow::Result<()> {
    let order = &args.order;
    let given = [
        ("--name", order.name.is_some()),
        ("--file", !order.files.is_empty()),
        ("--report", order.report.is_some()),
        ("--require-confinement", order.require_confinement),
        (
            "a command in parts",
            typed::parameters(&order.parts).is_some(),
        ),
    ];
    match given.iter().find(|(_, given)| *given) {
        Some((what, _)) => bail!("{what} is for a job that is typed (say it in the job file)"),
        None => Ok(()),
    }
}

/// A model with the path of its file made absolute.
fn anchored(model: Option<&String>, directory: &str) -> Option<String> {
    model.map(|typed| model_from(directory, typed.clone()))
}

/// The flags that win over the file.
fn overrides(args: &Submit, current: &str) -> Overrides {
    let order = &args.order;
    Overrides {
        compute: order.compute.clone().map(|compute| vec![compute]),
        quality: (!order.quality.is_empty()).then(|| order.quality.clone()),
        vmaf_model: anchored(order.vmaf_model.as_ref(), current),
        measure: order.measure,
        at_source_size: order.at_source_size.then_some(true),
        priority: order.terms.priority,
        vcpus: order.terms.vcpus,
        memory_mib: order.terms.memory_mib,
        gpus: order.terms.gpus,
        instance_type: order.terms.instance_type.clone(),
        share: order.terms.share.clone(),
        tags: order.terms.tags(),
        timeout_secs: order.terms.timeout,
        attempts: args.attempts,
    }
}

/// What lies where the file's patterns look.
async fn listed(file: &JobFile, directory: &str) -> anyhow::Result<BTreeMap<Pattern, Vec<String>>> {
    let stores = Stores::default();
    let mut listed = BTreeMap::new();
    for pattern in file.patterns() {
        let below = below(&stores, pattern.base(), directory).await;
        let below = below.with_context(|| format!("`{}` cannot be listed", pattern.text()))?;
        listed.insert(pattern, below);
    }
    Ok(listed)
}

/// Every file below a place, spelled as the place is.
async fn below(stores: &Stores, base: &Location, directory: &str) -> anyhow::Result<Vec<String>> {
    let root = format!("{}/", directory.trim_end_matches('/'));
    let place = match base {
        Location::Path(path) if path == "." => Location::Path(root.clone()),
        Location::Path(path) if path.starts_with('/') => Location::Path(closed(path)),
        Location::Path(path) => Location::Path(format!("{root}{}", closed(path))),
        other => other.clone(),
    };
    let is_relative = matches!(base, Location::Path(path) if !path.starts_with('/'));
    let entries = match stores.of(&place)?.list(&place).await {
        // What is not there holds nothing, and the file's reader says so with the pattern's name.
        Err(error) if error.kind == Kind::NotFound && matches!(place, Location::Path(_)) => {
            Vec::new()
        }
        listed => listed?,
    };
    let spelled = |location: String| match location.strip_prefix(&root) {
        Some(relative) if is_relative => relative.to_owned(),
        _ => location,
    };
    Ok(entries
        .into_iter()
        .map(|entry| spelled(entry.location.to_string()))
        .collect())
}

/// A directory's path with a slash at its end.
fn closed(path: &str) -> String {
    format!("{}/", path.trim_end_matches('/'))
}
