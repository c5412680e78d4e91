//! Every cell as a line of CSV (RFC 4180): plain numbers in one unit for spreadsheets and data frames; empty where nothing is known.

use crate::summary::{CellSummary, Summary};

/// The heads of the columns that all have.
const COLUMNS: [&str; 33] = [
    "cell",
    "input",
    "variant",
    "step",
    "compute",
    "instance_type",
    "instance_type_by",
    "cpu_model",
    "architecture",
    "vcpus",
    "threads",
    "availability_zone",
    "life_cycle",
    "ffmpeg",
    "encoders",
    "runs",
    "encode_secs",
    "encode_secs_half_width_95",
    "frames_per_sec",
    "speed",
    "cpu_secs",
    "peak_memory_bytes",
    "output_bytes",
    "bits_per_sec",
    "queued_secs",
    "fetch_secs",
    "publish_secs",
    "usd_per_job",
    "usd_per_1000_minutes",
    "watt_hours_low",
    "watt_hours_high",
    "price_from",
    "failure",
];

/// The whole document.
pub fn page(summary: &Summary) -> String {
    let metrics = summary.metrics();
    let heads = COLUMNS
        .iter()
        .map(|&head| head.to_owned())
        .chain(metrics.iter().map(|&metric| metric.to_owned()));
    let mut lines = vec![line(heads)];
    for cell in &summary.cells {
        let scores = metrics
            .iter()
            .map(|metric| text(cell.score(metric).map(|score| score.mean)));
        lines.push(line(columns(cell).into_iter().chain(scores)));
    }
    lines.concat()
}

fn columns(one: &CellSummary) -> [String; COLUMNS.len()] {
    let cell = &one.cell;
    let machine = one.machine.as_ref();
    let word = |value: Option<&String>| value.cloned().unwrap_or_default();
    let stage = |name: &str| text(one.stages.get(name));
    let rate = one.cost.as_ref().map(|cost| &cost.rate);
    let from = rate.map(|rate| match rate.date {
        Some(date) => format!("{} ({date})", rate.source),
        None => rate.source.clone(),
    });
    let hours = one.energy.as_ref().map(|energy| energy.watt_hours);
    [
        cell.id.clone(),
        cell.input.name.clone(),
        cell.variant.clone(),
        text(
            cell.rung
                .as_ref()
                .map(|rung| format!("{}={}", rung.key, rung.value)),
        ),
        cell.place.compute.clone(),
        word(machine.and_then(|machine| machine.instance_type.as_ref())),
        word(machine.and_then(|machine| machine.instance_type_by.as_ref())),
        word(machine.and_then(|machine| machine.cpu_model.as_ref())),
        text(machine.map(|machine| &machine.architecture)),
        text(machine.map(|machine| machine.vcpus)),
        text(machine.and_then(|machine| machine.threads)),
        word(machine.and_then(|machine| machine.availability_zone.as_ref())),
        word(machine.and_then(|machine| machine.life_cycle.as_ref())),
        word(machine.and_then(|machine| machine.ffmpeg.as_ref())),
        text(machine.map(|machine| machine.encoders.join("; "))),
        one.timed.to_string(),
        text(one.encode_secs.map(|value| value.mean)),
        text(one.encode_secs.and_then(|value| value.half_width)),
        text(one.frames_per_sec),
        text(one.speed),
        text(one.cpu_secs),
        text(one.peak_memory_bytes),
        text(one.output_bytes),
        text(one.bits_per_sec),
        stage("queued"),
        stage("fetch"),
        stage("publish"),
        text(one.cost.as_ref().map(|cost| cost.usd_per_job)),
        text(one.cost.as_ref().and_then(|cost| cost.usd_per_1000_minutes)),
        text(hours.map(|hours| hours.low)),
        text(hours.map(|hours| hours.high)),
        text(from),
        word(one.failure.as_ref()),
    ]
}

fn text(value: Option<impl ToString>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

fn line(cells: impl Iterator<Item = String>) -> String {
    let quoted = |cell: String| {
        if cell.contains([',', '"', '\n', '\r']) {
            format!("\"{}\"", cell.replace('"', "\"\""))
        } else {
            cell
        }
    };
    cells.map(quoted).collect::<Vec<String>>().join(",") + "\r\n"
}
