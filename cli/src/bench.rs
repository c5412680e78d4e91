//! `ffbatch bench` and `ffbatch report`: what is compared is read here, run by the library, and said.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use ffbatch_bench::figures::Charged;
use ffbatch_bench::file::{BenchFile, Criterion};
use ffbatch_bench::limits;
use ffbatch_bench::matrix::{Cell, cells, of_cells};
use ffbatch_bench::plan::Plan;
use ffbatch_bench::report::{Background, documents, plots};
use ffbatch_bench::results::{Results, ResultsError};
use ffbatch_bench::run::Run;
use ffbatch_bench::runner::{Runner, RunnerError, Told};
use ffbatch_bench::summary::{Asked, Summary};
use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::exit::Exit;
use ffbatch_storage::Stores;
use figment::value::{Dict, Value};
use tokio::sync::watch;

use crate::args::{Bench, View};
use crate::interrupt::interrupt;
use crate::{speak, terminal};

use self::computes::Computes;
use self::pace::Pace;

pub use self::left::report;

mod computes;
mod left;
mod lengths;
mod pace;
mod said;

/// The name under which the benchmark's file lies among its results.
const FILE: &str = "bench.toml";

/// Runs what is missing of a benchmark, and says what it says.
pub async fn run(config: Config, args: &Bench) -> anyhow::Result<Exit> {
    let mut bench = BenchFile::read(&args.file, flags(args)?)?;
    ffbatch_dispatcher::registry::Metrics::linked()?.asked(Some(&bench.quality))?;
    let text = std::fs::read_to_string(&args.file)
        .with_context(|| format!("`{}` cannot be read", args.file.display()))?;
    let baseline = args.view.baseline.as_deref().map(baseline).transpose()?;
    let usual = config.compute.clone();
    let stores = stores(&config).await;
    let results = Results::at(&place(&bench, args), Arc::new(stores))?;
    lengths::find(&config, &args.file, &mut bench).await?;
    let matrix = cells(&bench, &args.file, &usual)?;
    let computes = Computes::connect(&config, &matrix).await?;
    let runs = results.runs().await?;
    let prices = |charged: Charged<'_>| computes.price(charged);
    let plan = Plan::of(
        &bench,
        &matrix,
        &runs,
        |name| computes.whereabouts(name),
        &prices,
    );
    if args.plan {
        said::plan(&plan, &bench, args.view.json);
        return Ok(Exit::Succeeded);
    }
    if !args.view.json {
        said::outlook(&plan, &bench, &results.place());
    }
    agreed(&plan, &bench, args).await?;
    let _lock = results.lock()?;
    let file = text.clone().into_bytes();
    results.write(FILE, file, "application/toml").await?;
    results.keep_cells(&matrix).await?;
    let (runs, stopped) = measured(&bench, &matrix, &results, &computes, runs, &plan, args).await?;
    let summary = Summary::of(
        &of_cells(runs, &matrix),
        &matrix,
        Asked {
            name: &bench.name,
            min_vmaf: bench.min_vmaf,
            rank_by: bench.rank_by,
            grid_kg_per_kwh: bench.grid_kg_per_kwh,
            precision_percent: bench.precision_percent,
            prices: &prices,
        },
    );
    let exit = finish(
        &summary,
        &results,
        &results,
        Some(text),
        baseline.as_ref(),
        &args.view,
    )
    .await?;
    match stopped {
        Some(stopped) => Err(stopped.into()),
        None => Ok(exit),
    }
}

/// The flags as a layer over the file.
fn flags(args: &Bench) -> anyhow::Result<Dict> {
    let mut flags = Dict::new();
    let mut set = |key: &str, value: Option<Value>| {
        flags.extend(value.map(|value| (key.to_owned(), value)));
    };
    set("max_usd", args.max_usd.map(Value::from));
    set("repeats", args.repeats.map(Value::from));
    set("max_repeats", args.max_repeats.map(Value::from));
    set("min_vmaf", args.view.min_vmaf.map(Value::from));
    let rank_by = criterion(&args.view)?;
    set("rank_by", rank_by.map(|one| Value::from(one.name())));
    Ok(flags)
}

/// What the answer shall be about.
fn criterion(view: &View) -> anyhow::Result<Option<Criterion>> {
    let Some(name) = &view.rank_by else {
        return Ok(None);
    };
    let known = Criterion::ALL.into_iter().find(|one| one.name() == name);
    match known {
        Some(known) => Ok(Some(known)),
        None => bail!("nothing is ranked by `{name}` (give cost, time, energy or bitrate)"),
    }
}

async fn stores(config: &Config) -> Stores {
    let sdk = ffbatch_storage::cloud(&config.aws).await;
    Stores::new(ffbatch_storage::s3_settings(&config.aws, &sdk))
}

/// Where the results lie.
fn place(bench: &BenchFile, args: &Bench) -> String {
    if let Some(place) = &args.results {
        return place.clone();
    }
    let directory = args.file.parent().unwrap_or(Path::new(""));
    match &bench.results {
        Some(place) if place.contains("://") => place.clone(),
        Some(place) => directory.join(place).to_string_lossy().into_owned(),
        None => {
            let stem = args.file.file_stem().unwrap_or_default();
            let name = format!("{}-results", stem.to_string_lossy());
            directory.join(name).to_string_lossy().into_owned()
        }
    }
}

/// Asks where it is predicted to cost more than allowed, or nobody knows how much.
async fn agreed(plan: &Plan, bench: &BenchFile, args: &Bench) -> anyhow::Result<()> {
    let within = plan.usd_most.is_some_and(|usd| usd <= bench.max_usd);
    if within || args.yes || plan.jobs_most == 0 {
        return Ok(());
    }
    let what = match plan.usd_most {
        Some(usd) => format!(
            "it may cost {usd:.2} USD, more than {} (max_usd)",
            bench.max_usd
        ),
        None => "nobody knows what it will cost, since prices or lengths of inputs are missing"
            .to_owned(),
    };
    if !terminal::can_ask() {
        bail!("{what} (give --yes to run it all the same, --plan to see it in full)");
    }
    if terminal::agrees(&format!("{what}; run it?")).await {
        return Ok(());
    }
    bail!("nothing was run")
}

/// Runs what is missing; tells all runs, and whether somebody stopped it.
async fn measured(
    bench: &BenchFile,
    matrix: &[Cell],
    results: &Results,
    computes: &Computes,
    runs: Vec<Run>,
    plan: &Plan,
    args: &Bench,
) -> anyhow::Result<(Vec<Run>, Option<RunnerError>)> {
    let pace = Pace::new(plan, args.view.json);
    let (send, stop) = watch::channel(false);
    let say = pace.speaker();
    let stopping = interrupt(move || say("stopping the benchmark ..."))?;
    tokio::spawn(async move {
        stopping.await;
        // Whoever listens may be through already.
        let _ = send.send(true);
    });
    let tell = |told: Told<'_>| pace.on(&told);
    let runner = Runner::new(bench, results, computes.clients(), runs, &tell, stop);
    let ended = runner.run(matrix).await;
    pace.finish();
    match ended {
        Ok(()) => Ok((runner.runs(), None)),
        Err(stopped @ RunnerError::Stopped) => Ok((runner.runs(), Some(stopped))),
        Err(error) => Err(error.into()),
    }
}

/// Writes the report, says the answer, and compares with an earlier one.
async fn finish(
    summary: &Summary,
    from: &Results,
    to: &Results,
    file: Option<String>,
    baseline: Option<&Summary>,
    view: &View,
) -> anyhow::Result<Exit> {
    let mut frames = BTreeMap::new();
    for cell in plots::of_frames(summary) {
        let document = match &cell.frames_at {
            Some(name) => from.read(name).await?,
            None => None,
        };
        let values = document.and_then(|document| ffbatch_bench::frames::vmaf(&document));
        frames.extend(values.map(|values| (cell.cell.id.clone(), values)));
    }
    for document in documents(summary, &Background { file, frames }) {
        to.write(document.name, document.bytes, document.kind)
            .await?;
    }
    let checked = match baseline {
        None => Vec::new(),
        Some(before) => {
            limits::check(before, summary, &view.fail_if).map_err(|why| anyhow::anyhow!("{why}"))?
        }
    };
    if view.json {
        speak::out(&said::json(summary, &checked));
    } else {
        said::summary(summary, &to.inside("report.html").to_string());
        said::checked(&checked);
    }
    let failed = summary.cells.iter().any(|cell| cell.failure.is_some());
    Ok(if failed || checked.iter().any(|one| one.crossed) {
        Exit::Jobs
    } else {
        Exit::Succeeded
    })
}

/// The summary of an earlier benchmark.
fn baseline(path: &Path) -> anyhow::Result<Summary> {
    let name = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| anyhow::anyhow!("the baseline `{name}` cannot be read: {error}"))?;
    let value: serde_json::Value = serde_json::from_str(&text)
        .with_context(|| format!("the baseline `{name}` is no JSON (give a report.json)"))?;
    let version = value["version"].as_u64();
    if version.is_some_and(|version| version > u64::from(ffbatch_bench::summary::VERSION)) {
        bail!("the baseline `{name}` is of a newer ffbatch (update this one)");
    }
    serde_json::from_value(value).with_context(|| {
        format!("the baseline `{name}` is no summary of a benchmark (give a report.json)")
    })
}

/// The exit code of a benchmark that came to no end.
pub const fn exit_of(error: &RunnerError) -> Exit {
    match error {
        RunnerError::Compute(error) => error.exit,
        RunnerError::Results(error) => exit_of_results(error),
        RunnerError::Stopped => Exit::Interrupted,
    }
}

/// The exit code of results that cannot be used.
pub const fn exit_of_results(error: &ResultsError) -> Exit {
    match error {
        ResultsError::Store(_) | ResultsError::File(..) => Exit::Output,
        ResultsError::Busy(_) => Exit::Machine,
        ResultsError::Damaged { .. } | ResultsError::Version { .. } | ResultsError::Place(_) => {
            Exit::Rejected
        }
    }
}
