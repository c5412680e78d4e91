//! The figures of every cell, over all of its runs.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::metric::Score;

use super::Asked;
use crate::energy::{self, Range};
use crate::figures::{Figures, Machine, Rate};
use crate::matrix::Cell;
use crate::run::Run;
use crate::statistics::Interval;

/// A cell and what it came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CellSummary {
    /// What was run.
    pub cell: Cell,
    /// How many runs were timed.
    pub timed: usize,
    /// Why a run failed; the last one that did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// Seconds of ffmpeg from start to end, all commands together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encode_secs: Option<Interval>,
    /// Frames encoded a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames_per_sec: Option<f64>,
    /// Seconds of media a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed: Option<f64>,
    /// Seconds of media that came out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_secs: Option<f64>,
    /// Processor seconds of ffmpeg, in the mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_secs: Option<f64>,
    /// The largest resident set of any run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_memory_bytes: Option<u64>,
    /// Bytes that came out of the last run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_bytes: Option<u64>,
    /// Bits a second of all that came out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bits_per_sec: Option<f64>,
    /// Seconds of every stage in the mean of the timed runs, by name: `queued`, `fetch`, `transcode` and so on; `measure` of the run that was scored.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub stages: BTreeMap<String, f64>,
    /// Scores of the first video.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scores: Vec<Score>,
    /// Why there is no score: metric to sentence; `*` for all.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unscored: BTreeMap<String, String>,
    /// Whether all runs wrote the same bytes; absent where a single one tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_bytes: Option<bool>,
    /// The machine of the last run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<MachineSummary>,
    /// What it costs; absent where no price is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Money>,
    /// What it takes of electricity, estimated; absent where nothing is known of the machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub energy: Option<Energy>,
    /// Attempts that the runs took together beyond one each.
    #[serde(default)]
    pub lost_attempts: u32,
    /// The values of every frame, among the results.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames_at: Option<String>,
}

/// A machine that ran a cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MachineSummary {
    /// The processor's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_model: Option<String>,
    /// Such as `x86_64`.
    pub architecture: String,
    /// Virtual processors of the job, or of the machine where nobody said.
    pub vcpus: u32,
    /// For how many processors ffmpeg chose its threads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threads: Option<u32>,
    /// The instance type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_type: Option<String>,
    /// Who told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_type_by: Option<String>,
    /// The Region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub availability_zone: Option<String>,
    /// `spot` or `on-demand`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub life_cycle: Option<String>,
    /// What ffmpeg calls itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ffmpeg: Option<String>,
    /// Encoders with their versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub encoders: Vec<String>,
}

/// What a cell costs, in US dollars.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Money {
    /// A job.
    pub usd_per_job: f64,
    /// A minute of media.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usd_per_minute: Option<f64>,
    /// 1,000 minutes of media.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usd_per_1000_minutes: Option<f64>,
    /// By what.
    pub rate: Rate,
}

/// What a cell takes of electricity, estimated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Energy {
    /// Watt-hours of a job.
    pub watt_hours: Range,
    /// Watt-hours of a minute of media.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watt_hours_per_minute: Option<Range>,
    /// Grams of `CO2e` of a job; absent where the grid is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grams_co2e: Option<Range>,
    /// Where the coefficients come from.
    pub source: String,
    /// Where the grid's factor comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grid: Option<String>,
}

/// A cell with the figures of each of its timed runs, in the order of rounds.
pub struct Measured {
    pub summary: CellSummary,
    pub figures: Vec<Figures>,
    /// What was read and by what: sizes of inputs, versions of ffmpeg. One of each, or the runs are not of one thing.
    pub inputs: BTreeSet<Vec<u64>>,
    pub versions: BTreeSet<String>,
}

impl CellSummary {
    /// A score by its metric.
    pub fn score(&self, metric: &str) -> Option<&Score> {
        self.scores.iter().find(|score| score.metric == metric)
    }

    /// The mean of VMAF.
    pub fn vmaf(&self) -> Option<f64> {
        self.score("vmaf").map(|score| score.mean)
    }
}

/// Groups runs by their cells.
pub fn of(runs: &[Run], order: &[Cell], asked: Asked<'_>) -> Vec<Measured> {
    let mut groups: Vec<(&str, Vec<&Run>)> = Vec::new();
    for run in runs {
        let id = run.cell.id.as_str();
        match groups.iter_mut().find(|(other, _)| *other == id) {
            Some((_, runs)) => runs.push(run),
            None => groups.push((id, vec![run])),
        }
    }
    let place = |id: &str| {
        order
            .iter()
            .position(|cell| cell.id == id)
            .unwrap_or(usize::MAX)
    };
    groups.sort_by_key(|(id, _)| place(id));
    let of_group = |(_, mut runs): (&str, Vec<&Run>)| {
        runs.sort_by_key(|run| run.round);
        measured(&runs, asked)
    };
    groups.into_iter().filter_map(of_group).collect()
}

fn measured(runs: &[&Run], asked: Asked<'_>) -> Option<Measured> {
    let cell = runs.last()?.cell.clone();
    let failure = runs.iter().rev().find_map(|run| {
        let ended = run.ended.as_ref()?;
        let why = match (ended.exit, &ended.report) {
            (Exit::Succeeded, Some(_)) => return None,
            (Exit::Succeeded, None) => "it succeeded, and its report is missing",
            (exit, _) => exit.meaning(),
        };
        Some(ended.error.clone().unwrap_or_else(|| why.to_owned()))
    });
    let good: Vec<&Run> = runs
        .iter()
        .copied()
        .filter(|run| run.succeeded().is_some())
        .collect();
    let timed: Vec<&Run> = good.iter().copied().filter(|run| run.round > 0).collect();
    // Where there was time for a warm-up alone, its sizes and scores are worth showing.
    let last = timed.last().or(good.last()).copied();
    let machines: Vec<Machine> = timed
        .iter()
        .filter_map(|run| Machine::of(run, asked.prices))
        .collect();
    let figures: Vec<Figures> = timed
        .iter()
        .zip(&machines)
        .filter_map(|(run, machine)| Figures::of(run, machine))
        .collect();
    if last.is_none() && failure.is_none() {
        // It was begun and has not ended yet.
        return None;
    }
    let encode: Vec<f64> = figures.iter().map(|one| one.encode_secs).collect();
    let encode_secs = Interval::of(&encode);
    let mean = encode_secs.map(|interval| interval.mean);
    let media_secs = last.and_then(Run::media_secs);
    #[expect(clippy::cast_precision_loss, reason = "frames of a film")]
    let frames = last.and_then(Run::frames).map(|frames| frames as f64);
    let scored = good.iter().find(|run| {
        run.succeeded()
            .is_some_and(|report| report.quality.is_some())
    });
    let quality = scored.and_then(|run| run.succeeded()?.quality.as_ref());
    let first = quality.and_then(|quality| quality.outputs.first());
    let digests: BTreeSet<Vec<&str>> = good.iter().map(|run| run.digests()).collect();
    let attempts = good.iter().filter_map(|run| run.ended.as_ref());
    let summary = CellSummary {
        timed: figures.len(),
        failure,
        encode_secs,
        frames_per_sec: frames.zip(mean).map(|(frames, secs)| frames / secs),
        speed: media_secs.zip(mean).map(|(media, secs)| media / secs),
        media_secs,
        cpu_secs: average(timed.iter().map(|run| run.cpu_secs())),
        peak_memory_bytes: good.iter().filter_map(|run| run.peak_memory_bytes()).max(),
        output_bytes: last.and_then(Run::output_bytes),
        bits_per_sec: last.and_then(Run::bits_per_sec),
        stages: stages(&timed, scored.copied()),
        scores: first
            .map(|output| output.scores.clone())
            .unwrap_or_default(),
        unscored: unscored(
            first.map(|output| &output.refused),
            quality.and_then(|quality| quality.refused.as_ref()),
        ),
        same_bytes: (good.len() > 1 && digests.iter().all(|all| !all.is_empty()))
            .then_some(digests.len() == 1),
        machine: last.map(|run| machine(run, machines.last())),
        cost: money(&figures, machines.last()),
        energy: energy(&figures, machines.last(), asked),
        lost_attempts: attempts.map(|ended| ended.attempts.saturating_sub(1)).sum(),
        frames_at: scored.and_then(|run| run.ended.as_ref()?.frames_at.clone()),
        cell,
    };
    let read = |run: &&Run| -> Option<Vec<u64>> {
        let inputs = &run.succeeded()?.inputs;
        inputs.iter().map(|input| input.bytes).collect()
    };
    let version = |run: &&Run| run.succeeded()?.ffmpeg.as_ref()?.version.clone();
    Some(Measured {
        summary,
        figures,
        inputs: good.iter().filter_map(read).collect(),
        versions: good.iter().filter_map(version).collect(),
    })
}

/// The mean of values that are all known.
fn average(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let values: Option<Vec<f64>> = values.collect();
    Interval::of(&values?).map(|interval| interval.mean)
}

fn unscored(
    metrics: Option<&BTreeMap<String, String>>,
    all: Option<&String>,
) -> BTreeMap<String, String> {
    let mut unscored = metrics.cloned().unwrap_or_default();
    unscored.extend(all.map(|why| ("*".to_owned(), why.clone())));
    unscored
}

/// Seconds of every stage.
fn stages(timed: &[&Run], scored: Option<&Run>) -> BTreeMap<String, f64> {
    let mut stages: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for run in timed {
        let queued = run.ended.as_ref().and_then(|ended| ended.queued_secs);
        if let Some(queued) = queued {
            stages.entry("queued".to_owned()).or_default().push(queued);
        }
        for stage in run
            .succeeded()
            .into_iter()
            .flat_map(|report| &report.stages)
        {
            let name = stage.stage.name().to_owned();
            stages.entry(name).or_default().push(stage.seconds);
        }
    }
    stages.remove("measure");
    let measure = scored.and_then(|run| {
        let mut stages = run.succeeded()?.stages.iter();
        stages.find(|stage| stage.stage.name() == "measure")
    });
    stages.extend(measure.map(|stage| ("measure".to_owned(), vec![stage.seconds])));
    let mean = |(name, values): (String, Vec<f64>)| Some((name, Interval::of(&values)?.mean));
    stages.into_iter().filter_map(mean).collect()
}

fn machine(run: &Run, costs: Option<&Machine>) -> MachineSummary {
    let report = run.succeeded().expect("only runs that succeeded come here");
    let machine = &report.machine;
    let told = costs.and_then(|costs| costs.instance_type.clone());
    // The queue of this machine gives a job one processor by name, and all of them in fact.
    let given = machine.vcpus.filter(|_| run.region.is_some());
    MachineSummary {
        cpu_model: machine.cpu_model.clone(),
        architecture: machine.architecture.clone(),
        vcpus: given.unwrap_or(machine.cpus),
        threads: machine.threads.map(|threads| threads.processors),
        instance_type: told.as_ref().map(|(name, _)| name.clone()),
        instance_type_by: told.map(|(_, by)| by.to_owned()),
        region: costs.and_then(|costs| costs.region.clone()),
        availability_zone: machine.availability_zone.clone(),
        life_cycle: machine.instance_life_cycle.clone(),
        ffmpeg: report
            .ffmpeg
            .as_ref()
            .and_then(|ffmpeg| ffmpeg.version.clone()),
        encoders: run
            .ended
            .as_ref()
            .map(|ended| ended.encoders.clone())
            .unwrap_or_default(),
    }
}

fn money(figures: &[Figures], machine: Option<&Machine>) -> Option<Money> {
    let rate = machine?.rate.clone()?;
    let usd_per_job = average(figures.iter().map(|one| one.usd))?;
    let minutes = average(figures.iter().map(|one| one.media_secs)).map(|secs| secs / 60.0);
    let usd_per_minute = minutes.map(|minutes| usd_per_job / minutes);
    Some(Money {
        usd_per_job,
        usd_per_minute,
        usd_per_1000_minutes: usd_per_minute.map(|usd| usd * 1000.0),
        rate,
    })
}

fn energy(figures: &[Figures], machine: Option<&Machine>, asked: Asked<'_>) -> Option<Energy> {
    let machine = machine?;
    let (watts, _) = machine.watts.as_ref()?;
    let end = |of: fn(Range) -> f64| average(figures.iter().map(|one| one.watt_hours.map(of)));
    let watt_hours = Range {
        low: end(|range| range.low)?,
        high: end(|range| range.high)?,
    };
    let minutes = average(figures.iter().map(|one| one.media_secs)).map(|secs| secs / 60.0);
    let said = asked
        .grid_kg_per_kwh
        .map(|grid| (grid, "as the benchmark's file says"));
    let grid = said.or_else(|| energy::grid(machine.region.as_deref()?));
    Some(Energy {
        watt_hours,
        watt_hours_per_minute: minutes.map(|minutes| watt_hours.times(1.0 / minutes)),
        // Kilograms a kilowatt-hour are grams a watt-hour.
        grams_co2e: grid.map(|(grid, _)| watt_hours.times(grid)),
        source: watts.source.clone(),
        grid: grid.map(|(grid, origin)| format!("{grid} kg CO2e per kWh: {origin}")),
    })
}
