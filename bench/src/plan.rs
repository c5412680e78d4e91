//! What a benchmark will take before anything runs: how many jobs, how long, how much money.
//!
//! A run takes as long as its cell took before, where results are there already; else as long as its input at a speed that somebody
//! has to assume. Money follows from time where the price of the place is known beforehand: of an instance type that jobs own, and of
//! Fargate. What is not known is said to be unknown, and is no zero.

use serde::Serialize;

use ffbatch_dispatcher::infra::{Architecture, instances};

use crate::figures::{Charged, Prices};
use crate::file::BenchFile;
use crate::matrix::Cell;
use crate::run::Run;
use crate::runner::is_precise;
use crate::statistics::Interval;

/// What a benchmark will take.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// What is known of every cell.
    pub cells: Vec<Planned>,
    /// Runs that are there already.
    pub done: usize,
    /// Jobs that are missing, where every cell is precise after the fewest runs.
    pub jobs_least: usize,
    /// Jobs that are missing, where no cell ever is.
    pub jobs_most: usize,
    /// Seconds of encoding, for the most jobs; absent where the length of an input is not known.
    pub seconds_most: Option<f64>,
    /// US dollars for the most jobs; absent where a price or a length is not known.
    pub usd_most: Option<f64>,
}

/// What is known of a cell.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Planned {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub label: String,
    /// Jobs that are missing at least.
    pub jobs_least: usize,
    /// Jobs that are missing at most.
    pub jobs_most: usize,
    /// Seconds of one encode.
    pub seconds: Option<f64>,
    /// Whether that was measured before, and is not assumed.
    pub measured: bool,
    /// US dollars of one job; 0 on a machine of one's own that nobody gave a price.
    pub usd: Option<f64>,
}

/// Where a compute is, as far as money goes.
#[derive(Debug, Clone, Copy)]
pub struct Whereabouts<'a> {
    /// Whether it is on AWS, and not on this machine.
    pub elsewhere: bool,
    /// Its Region; absent on this machine, and where nobody says.
    pub region: Option<&'a str>,
    /// Whether it is Fargate, and of which architecture; absent where it has instances.
    pub fargate: Option<Architecture>,
    /// What a job gets that does not say: virtual processors and memory in MiB.
    pub usual: (u32, u32),
    /// Whether it is paid as Spot.
    pub spot: bool,
}

impl Plan {
    /// Plans what is missing.
    pub fn of<'a>(
        bench: &BenchFile,
        cells: &[Cell],
        runs: &[Run],
        whereabouts: impl Fn(&str) -> Whereabouts<'a>,
        prices: Prices<'_>,
    ) -> Self {
        let planned: Vec<Planned> = cells
            .iter()
            .map(|cell| {
                let own: Vec<Run> = runs
                    .iter()
                    .filter(|run| run.cell.id == cell.id)
                    .cloned()
                    .collect();
                planned(bench, cell, &own, whereabouts(&cell.place.compute), prices)
            })
            .collect();
        let ids: Vec<&str> = cells.iter().map(|cell| cell.id.as_str()).collect();
        let done = |run: &&Run| run.succeeded().is_some() && ids.contains(&run.cell.id.as_str());
        let total = |of: fn(&Planned) -> Option<f64>| -> Option<f64> {
            let missing = planned.iter().filter(|one| one.jobs_most > 0);
            #[expect(clippy::cast_precision_loss, reason = "a few thousand jobs")]
            missing
                .map(|one| Some(of(one)? * one.jobs_most as f64))
                .sum()
        };
        Self {
            done: runs.iter().filter(done).count(),
            jobs_least: planned.iter().map(|one| one.jobs_least).sum(),
            jobs_most: planned.iter().map(|one| one.jobs_most).sum(),
            seconds_most: total(|one| one.seconds),
            usd_most: total(|one| one.usd),
            cells: planned,
        }
    }
}

fn planned(
    bench: &BenchFile,
    cell: &Cell,
    runs: &[Run],
    place: Whereabouts<'_>,
    prices: Prices<'_>,
) -> Planned {
    let rounds = |last: u32| {
        let first = u32::from(!bench.warmup);
        let there = |round: &u32| {
            runs.iter()
                .any(|run| run.round == *round && run.succeeded().is_some())
        };
        (first..=last).filter(|round| !there(round)).count()
    };
    let jobs_least = rounds(bench.repeats);
    let is_known = jobs_least == 0 && is_precise(runs, bench.precision_percent);
    let jobs_most = if is_known {
        0
    } else {
        rounds(bench.max_repeats)
    };
    let before: Vec<f64> = runs.iter().filter_map(Run::encode_secs).collect();
    let before = Interval::of(&before).map(|interval| interval.mean);
    let assumed = || {
        cell.input
            .duration_secs
            .map(|secs| secs / bench.expected_speed)
    };
    let seconds = before.or_else(assumed);
    Planned {
        id: cell.id.clone(),
        label: cell.label(),
        jobs_least,
        jobs_most,
        seconds,
        measured: before.is_some(),
        usd: usd_per_hour(cell, place, prices).and_then(|usd| {
            // What costs nothing costs nothing however long it takes.
            let hours = if usd > 0.0 { seconds? / 3600.0 } else { 0.0 };
            Some(usd * hours)
        }),
    }
}

fn usd_per_hour(cell: &Cell, place: Whereabouts<'_>, prices: Prices<'_>) -> Option<f64> {
    if let Some(usd) = cell.place.usd_per_hour {
        return Some(usd);
    }
    if !place.elsewhere {
        return Some(0.0);
    }
    let region = place.region?;
    let (vcpus, memory_mib) = place.usual;
    let memory_mib = cell.place.memory_mib.unwrap_or(memory_mib);
    let vcpus = cell.place.vcpus.unwrap_or(vcpus);
    let named = cell.place.instance_type.as_deref();
    let known = named.and_then(instances::find);
    let arm = match (known, place.fargate) {
        (Some(known), _) => known.architecture == Architecture::Arm,
        (None, architecture) => architecture == Some(Architecture::Arm),
    };
    let instance_type = named.or(place.fargate.map(|_| "fargate"))?;
    let rate = prices(Charged {
        region,
        instance_type,
        // A job that owns its instance runs on an On-Demand one.
        spot: place.spot && named.is_none(),
        arm,
        vcpus: f64::from(vcpus),
        memory_gib: Some(f64::from(memory_mib) / 1024.0),
        share: 1.0,
    });
    rate.map(|rate| rate.usd_per_hour)
}
