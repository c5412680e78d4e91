//! The tables of a report, as texts: every form of it shows the same ones.

use std::collections::BTreeMap;

use super::format::{bytes, interval, number, or_nothing, or_unknown, percent, range, score};
use crate::file::Criterion;
use crate::summary::{CellSummary, Contender, Summary};

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// What it shows.
    pub title: &'static str,
    /// Heads of its columns.
    pub header: Vec<String>,
    /// The columns of numbers, which stand at the right.
    pub right: Vec<usize>,
    /// Its rows.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    fn new(title: &'static str, header: &[&str], right: &[usize], rows: Vec<Vec<String>>) -> Self {
        Self {
            title,
            header: header.iter().map(|&head| head.to_owned()).collect(),
            right: right.to_vec(),
            rows,
        }
    }

    /// The table without columns that say nothing in any row.
    fn without_empty(mut self) -> Self {
        let kept: Vec<usize> = (0..self.header.len())
            .filter(|at| self.rows.is_empty() || self.rows.iter().any(|row| !row[*at].is_empty()))
            .collect();
        let keep = |row: &[String]| {
            kept.iter()
                .map(|at| row[*at].clone())
                .collect::<Vec<String>>()
        };
        self.header = keep(&self.header);
        self.rows = self.rows.iter().map(|row| keep(row)).collect();
        let right = self.right.iter();
        self.right = right
            .filter_map(|at| kept.iter().position(|other| other == at))
            .collect();
        self
    }
}

/// All tables that have a row.
pub fn all(summary: &Summary) -> Vec<Table> {
    let tables = [
        ranking(summary),
        bd_rates(summary),
        cells(summary),
        stages(summary),
        machines(summary),
        charges(summary),
        failures(summary),
    ];
    tables
        .into_iter()
        .filter(|table| !table.rows.is_empty())
        .collect()
}

/// Contenders in the order of the answer's ranking, those that do not compete at the end.
pub fn ranking(summary: &Summary) -> Table {
    let ranked = summary.ranking().map_or(&[][..], |ranking| &ranking.ranked);
    let mut rows = Vec::new();
    for one in ranked {
        let Some(contender) = summary.contender(&one.contender) else {
            continue;
        };
        let rank = format!("{}{}", one.rank, if one.tied { "=" } else { "" });
        let to_first = or_nothing(one.to_first, |difference| {
            let noise = if one.differs == Some(true) {
                ""
            } else {
                " (noise?)"
            };
            format!("{}{noise}", percent(difference.percent()))
        });
        rows.push(row(contender, rank, to_first));
    }
    let known = |one: &&Contender| !ranked.iter().any(|ranked| ranked.contender == one.id);
    for one in summary.contenders.iter().filter(known) {
        let why = one.out.clone();
        let why = why.unwrap_or_else(|| format!("its {} is not known", summary.rank_by.name()));
        rows.push(row(one, "-".to_owned(), why));
    }
    let header = [
        "RANK",
        "VARIANT",
        "PLACE",
        "TO BEST",
        "TIME s/min",
        "COST $/1000 min",
        "ENERGY Wh/min",
        "kbit/s",
        "VMAF",
        "PARETO",
    ];
    Table::new("Ranking", &header, &[4, 5, 6, 7, 8], rows)
}

fn row(one: &Contender, rank: String, to_first: String) -> Vec<String> {
    let value = |criterion| one.measures.interval(criterion);
    let out = one.out.is_some();
    let unless_out = |text: String| if out { String::new() } else { text };
    vec![
        rank,
        one.variant.clone(),
        one.place.clone(),
        to_first,
        or_nothing(value(Criterion::Time), |value| interval(&value)),
        unless_out(or_unknown(value(Criterion::Cost), |value| interval(&value))),
        unless_out(or_unknown(one.measures.energy_range, range)),
        or_nothing(value(Criterion::Bitrate), |value| number(value.mean)),
        or_nothing(one.vmaf, |vmaf| format!("{vmaf:.2}")),
        if one.pareto { "yes" } else { "" }.to_owned(),
    ]
}

/// Differences of rates.
pub fn bd_rates(summary: &Summary) -> Table {
    let rows = summary.bd_rates.iter().map(|one| {
        vec![
            one.variant.clone(),
            one.anchor.clone(),
            one.place.clone(),
            one.input.clone(),
            one.metric.clone(),
            percent(one.percent),
            format!("{} to {}", number(one.range.0), number(one.range.1)),
            format!("{:.0} %", 100.0 * one.overlap),
        ]
    });
    let header = [
        "VARIANT", "AGAINST", "PLACE", "INPUT", "METRIC", "BD-RATE", "OVER", "OVERLAP",
    ];
    Table::new(
        "Rate at equal quality (BD-rate)",
        &header,
        &[5, 7],
        rows.collect(),
    )
}

/// Every cell.
pub fn cells(summary: &Summary) -> Table {
    let metrics = summary.metrics();
    let heads: Vec<String> = metrics.iter().map(|metric| metric.to_uppercase()).collect();
    let fixed = [
        "VARIANT",
        "PLACE",
        "INPUT",
        "RUNS",
        "ENCODE s",
        "FRAMES/s",
        "SPEED",
        "CPU s",
        "PEAK MEMORY",
        "kbit/s",
    ];
    let header: Vec<&str> = fixed
        .into_iter()
        .chain(heads.iter().map(String::as_str))
        .chain(["$/JOB", "Wh/JOB", "g CO2e/JOB"])
        .collect();
    let rows = summary.cells.iter().map(|one| {
        let mut row = vec![
            step(one),
            one.cell.place.label(),
            one.cell.input.name.clone(),
            if one.failure.is_some() && one.timed == 0 {
                "failed".to_owned()
            } else {
                one.timed.to_string()
            },
            or_nothing(one.encode_secs, |value| interval(&value)),
            or_nothing(one.frames_per_sec, number),
            or_nothing(one.speed, |speed| format!("{}x", number(speed))),
            or_nothing(one.cpu_secs, number),
            or_nothing(one.peak_memory_bytes, bytes),
            or_nothing(one.bits_per_sec, |bits| number(bits / 1000.0)),
        ];
        row.extend(
            metrics
                .iter()
                .map(|metric| or_nothing(one.score(metric), score)),
        );
        let unless_failed = |text: String| if one.timed == 0 { String::new() } else { text };
        row.push(unless_failed(or_unknown(one.cost.as_ref(), |cost| {
            number(cost.usd_per_job)
        })));
        row.push(unless_failed(or_unknown(one.energy.as_ref(), |energy| {
            range(energy.watt_hours)
        })));
        row.push(unless_failed(or_unknown(
            one.energy.as_ref().and_then(|energy| energy.grams_co2e),
            range,
        )));
        row
    });
    let right: Vec<usize> = (3..header.len()).collect();
    Table::new("Every cell", &header, &right, rows.collect())
}

/// The variant with its step.
pub fn step(one: &CellSummary) -> String {
    match &one.cell.rung {
        Some(rung) => format!("{} {}={}", one.cell.variant, rung.key, rung.value),
        None => one.cell.variant.clone(),
    }
}

/// Seconds of every stage.
pub fn stages(summary: &Summary) -> Table {
    let names = [
        "queued",
        "check",
        "fetch",
        "transcode",
        "publish",
        "measure",
    ];
    let timed = summary.cells.iter().filter(|one| one.timed > 0);
    let rows = timed.map(|one| {
        let mut row = vec![
            step(one),
            one.cell.place.label(),
            one.cell.input.name.clone(),
        ];
        let seconds = |name: &&str| or_nothing(one.stages.get(*name), |seconds| number(*seconds));
        row.extend(names.iter().map(seconds));
        row.push(if one.lost_attempts > 0 {
            one.lost_attempts.to_string()
        } else {
            String::new()
        });
        row
    });
    let header = [
        "VARIANT",
        "PLACE",
        "INPUT",
        "QUEUED",
        "CHECK",
        "FETCH",
        "TRANSCODE",
        "PUBLISH",
        "MEASURE",
        "LOST ATTEMPTS",
    ];
    Table::new(
        "Seconds of every stage",
        &header,
        &[3, 4, 5, 6, 7, 8, 9],
        rows.collect(),
    )
    .without_empty()
}

/// Machines, each once.
pub fn machines(summary: &Summary) -> Table {
    let mut rows: Vec<Vec<String>> = Vec::new();
    for one in &summary.cells {
        let Some(machine) = &one.machine else {
            continue;
        };
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let row = vec![
            one.cell.place.label(),
            or_nothing(machine.instance_type.as_ref(), |name| {
                format!("{name} ({})", text(&machine.instance_type_by))
            }),
            or_unknown(machine.cpu_model.clone(), |model| model),
            machine.architecture.clone(),
            machine.vcpus.to_string(),
            or_nothing(machine.threads, |threads| threads.to_string()),
            text(&machine.availability_zone),
            text(&machine.life_cycle),
            or_unknown(machine.ffmpeg.clone(), |version| version),
            machine.encoders.join("; "),
        ];
        if !rows.contains(&row) {
            rows.push(row);
        }
    }
    let header = [
        "PLACE",
        "INSTANCE TYPE",
        "PROCESSOR",
        "ARCHITECTURE",
        "vCPU",
        "THREADS FOR",
        "ZONE",
        "PAID",
        "FFMPEG",
        "ENCODERS",
    ];
    Table::new("Machines", &header, &[4, 5], rows).without_empty()
}

/// What costs and energy are computed from, each once.
pub fn charges(summary: &Summary) -> Table {
    let mut rows: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for one in summary.cells.iter().filter(|one| one.timed > 0) {
        let place = one.cell.place.label();
        let rate = one.cost.as_ref().map(|cost| &cost.rate);
        let date = rate.and_then(|rate| rate.date);
        let row = vec![
            place.clone(),
            or_unknown(rate, |rate| number(rate.usd_per_hour)),
            or_nothing(rate, |rate| rate.source.clone()),
            or_nothing(date, |date| date.to_string()),
            or_unknown(one.energy.as_ref(), |energy| energy.source.clone()),
            or_unknown(
                one.energy.as_ref().and_then(|energy| energy.grid.clone()),
                |grid| grid,
            ),
        ];
        rows.entry(place).or_insert(row);
    }
    let header = ["PLACE", "$/HOUR", "PRICE FROM", "OF", "WATTS FROM", "GRID"];
    Table::new(
        "What costs and energy are computed from",
        &header,
        &[1],
        rows.into_values().collect(),
    )
    .without_empty()
}

/// Why cells failed, and why scores are missing.
pub fn failures(summary: &Summary) -> Table {
    let mut rows = Vec::new();
    for one in &summary.cells {
        let whys = one.failure.iter().cloned();
        let unscored = one
            .unscored
            .iter()
            .map(|(metric, why)| match metric.as_str() {
                "*" => format!("no score: {why}"),
                metric => format!("no {metric}: {why}"),
            });
        rows.extend(whys.chain(unscored).map(|why| vec![one.cell.label(), why]));
    }
    Table::new("What failed", &["CELL", "WHY"], &[], rows)
}
