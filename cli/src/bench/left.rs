//! `ffbatch report`: the report of a benchmark once more, or of what jobs have left behind.

use std::path::Path;
use std::sync::Arc;

use anyhow::bail;
use ffbatch_bench::figures::Charged;
use ffbatch_bench::file::BenchFile;
use ffbatch_bench::left;
use ffbatch_bench::matrix::of_cells;
use ffbatch_bench::results::Results;
use ffbatch_bench::run::Run;
use ffbatch_bench::summary::{Asked, Summary};
use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::exit::Exit;

use super::computes::Computes;
use super::{FILE, baseline, criterion, finish};
use crate::args::Report;
use crate::speak;

/// Where reports of jobs lie below what people name.
const BELOW: [&str; 3] = ["metrics/jobs/", "jobs/", ""];

/// Where the report of jobs is written that does not say it.
const OUTPUT: &str = "report";

/// Half the width of an interval at which nothing is said of it, in per cent: that of benchmarks.
const PRECISION_PERCENT: f64 = 2.0;

/// Reads what is there and writes its report.
pub async fn report(config: &Config, args: &Report) -> anyhow::Result<Exit> {
    let stores = Arc::new(super::stores(config).await);
    let from = Results::at(&args.place, Arc::clone(&stores))?;
    let runs = from.runs().await?;
    let rank_by = criterion(&args.view)?;
    if let Some(wanted) = args
        .view
        .min_vmaf
        .filter(|wanted| !(0.0..=100.0).contains(wanted))
    {
        bail!("--min-vmaf is {wanted} (VMAF goes from 0 to 100)");
    }
    let baseline = args.view.baseline.as_deref().map(baseline).transpose()?;
    let baseline = baseline.as_ref();
    if runs.is_empty() {
        let runs = of_jobs(config, &from).await?;
        let output = args.output.as_deref().unwrap_or(OUTPUT);
        let to = Results::at(output, stores)?;
        let computes = Computes::connect(config, &[]).await?;
        let prices = |charged: Charged<'_>| computes.price(charged);
        let summary = Summary::of(
            &runs,
            &[],
            Asked {
                name: &format!("Jobs in {}", from.place()),
                min_vmaf: args.view.min_vmaf,
                rank_by,
                grid_kg_per_kwh: None,
                precision_percent: PRECISION_PERCENT,
                prices: &prices,
            },
        );
        return finish(&summary, &from, &to, None, baseline, &args.view).await;
    }
    // What the benchmark was asked for holds, unless a flag says otherwise.
    let text = from
        .read(FILE)
        .await?
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let bench = text.as_deref().map(BenchFile::kept).transpose();
    let bench = bench.unwrap_or_else(|why| {
        let file = from.inside(FILE);
        speak::err(&format!(
            "note: `{file}` cannot be read, so that nothing of it holds here: {why}"
        ));
        None
    });
    let to = match &args.output {
        Some(output) => Results::at(output, stores)?,
        None => from.clone(),
    };
    let computes = Computes::connect(config, &[]).await?;
    let prices = |charged: Charged<'_>| computes.price(charged);
    let name = bench
        .as_ref()
        .map(|bench| bench.name.clone())
        .filter(|name| !name.is_empty());
    let place = from.place();
    let base = Path::new(&place)
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    let cells = from.cells().await?.unwrap_or_default();
    let runs = if cells.is_empty() {
        runs
    } else {
        of_cells(runs, &cells)
    };
    let summary = Summary::of(
        &runs,
        &cells,
        Asked {
            name: &name.unwrap_or_else(|| base.into_owned()),
            min_vmaf: args.view.min_vmaf.or_else(|| bench.as_ref()?.min_vmaf),
            rank_by: rank_by.or_else(|| bench.as_ref()?.rank_by),
            grid_kg_per_kwh: bench.as_ref().and_then(|bench| bench.grid_kg_per_kwh),
            precision_percent: bench
                .as_ref()
                .map_or(PRECISION_PERCENT, |bench| bench.precision_percent),
            prices: &prices,
        },
    );
    finish(&summary, &from, &to, text, baseline, &args.view).await
}

/// Runs from reports of jobs.
async fn of_jobs(config: &Config, from: &Results) -> anyhow::Result<Vec<Run>> {
    for below in BELOW {
        let found = from.reports(below).await?;
        for (file, why) in &found.damaged {
            speak::err(&format!(
                "note: `{file}` is no report of a job, and is left out: {why}"
            ));
        }
        if !found.reports.is_empty() {
            let region = ffbatch_storage::region(&config.aws).await;
            return Ok(left::runs(found.reports, region.as_deref()));
        }
    }
    bail!(
        "there are no results and no reports of jobs in `{}` (name the directory of a benchmark, or one that has metrics/jobs/ below it)",
        from.place()
    )
}
