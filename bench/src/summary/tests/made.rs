//! Runs as they are made up.

use serde_json::json;

use crate::figures::{Charged, Rate};
use crate::matrix::{Cell, Input, Place, Rung};
use crate::run::Run;
use crate::summary::{Asked, Summary};

/// A run of a clip of one minute.
#[derive(Clone, Copy)]
pub struct Made<'a> {
    pub variant: &'a str,
    pub crf: Option<u32>,
    pub compute: &'a str,
    pub instance: Option<&'a str>,
    pub round: u32,
    pub secs: f64,
    pub bytes: u64,
    pub vmaf: Option<f64>,
    pub exit: &'a str,
}

pub const USUAL: Made<'_> = Made {
    variant: "x264",
    crf: None,
    compute: "local",
    instance: None,
    round: 1,
    secs: 10.0,
    bytes: 1_000_000,
    vmaf: None,
    exit: "succeeded",
};

pub fn run(made: Made<'_>) -> Run {
    let scores = made.vmaf.map(|mean| {
        json!([{ "metric": "vmaf", "frames": 1500, "mean": mean, "min": mean - 5.0, "max": mean + 2.0 }])
    });
    let quality = scores.map(
        |scores| json!({ "asked": ["vmaf"], "outputs": [{ "location": "o", "scores": scores }] }),
    );
    let failed = made.exit != "succeeded";
    let report = json!({
        "version": 1, "job_id": "j", "name": "", "attempt": 1, "exit": made.exit,
        "started": "2026-03-05T10:00:00Z", "finished": "2026-03-05T10:01:00Z", "inputs": [],
        "outputs": [{ "location": "o", "bytes": made.bytes, "sha256": "a" }], "quality": quality,
        "stages": [{ "stage": "fetch", "seconds": 1.0 }, { "stage": "transcode", "seconds": made.secs },
                   { "stage": "measure", "seconds": 100.0 }],
        "commands": [{ "command": ["-i", "a", "b"], "argv": [], "seconds": made.secs, "cpu_seconds": made.secs * 3.0,
                       "peak_memory_bytes": 1_048_576, "frames": 1500, "out_time_secs": 60.0 }],
        "machine": { "architecture": "x86_64", "cpus": 4, "vcpus": 4,
                     "availability_zone": made.instance.map(|_| "eu-west-1a"),
                     "instance_type": made.instance.map(|name| json!({ "name": name, "source": "imds" })) },
    });
    let crf = made.crf.map(|crf| crf.to_string());
    let cell = Cell {
        id: format!(
            "{}{:?}{}{:?}",
            made.variant, made.crf, made.compute, made.instance
        ),
        input: Input {
            name: "clip".into(),
            url: "/clip.mp4".into(),
            duration_secs: Some(60.0),
        },
        variant: made.variant.to_owned(),
        rung: crf.map(|value| Rung {
            key: "crf".into(),
            value,
        }),
        place: Place {
            compute: made.compute.to_owned(),
            instance_type: made.instance.map(str::to_owned),
            ..Place::default()
        },
        commands: vec![vec!["-i".into(), "/clip.mp4".into(), "{output}.mp4".into()]],
    };
    let text = json!({
        "version": 1, "cell": cell, "round": made.round, "submission": "s", "job_name": "n",
        "submitted": "2026-03-05T10:00:00Z", "region": made.instance.map(|_| "eu-west-1"),
        "ended": { "job": "j", "exit": made.exit, "attempts": 1, "queued_secs": 2.5, "given": { "vcpus": 4, "memory_mib": 8192 },
                   "error": failed.then_some("ffmpeg failed: no such preset"), "report": report },
    });
    serde_json::from_value(text).expect("a run")
}

/// Runs that differ in their times.
pub fn runs(made: Made<'_>, secs: &[f64]) -> Vec<Run> {
    let numbered = (1..).zip(secs);
    numbered
        .map(|(round, &secs)| {
            run(Made {
                round,
                secs,
                ..made
            })
        })
        .collect()
}

/// c7g.xlarge costs half of c6i.xlarge; nothing else has a price.
pub fn price(charged: Charged<'_>) -> Option<Rate> {
    let usd_per_hour = match charged.instance_type {
        "c6i.xlarge" => 0.2,
        "c7g.xlarge" => 0.1,
        _ => return None,
    };
    Some(Rate {
        usd_per_hour: usd_per_hour * charged.share,
        source: "a table".into(),
        date: None,
    })
}

pub fn summary(runs: &[Run], min_vmaf: Option<f64>) -> Summary {
    Summary::of(
        runs,
        &[],
        Asked {
            name: "test",
            min_vmaf,
            rank_by: None,
            grid_kg_per_kwh: None,
            precision_percent: 2.0,
            prices: &price,
        },
    )
}

pub const QUIET: [f64; 4] = [10.0, 10.1, 9.9, 10.0];

/// Two ladders of three steps, the second with half the bits and twice the time at each quality.
pub fn ladders() -> Vec<Run> {
    let steps = [
        (20, 98.0, 4_000_000, 12.0),
        (28, 93.0, 2_000_000, 10.0),
        (36, 80.0, 1_000_000, 8.0),
    ];
    let mut all = Vec::new();
    for (crf, vmaf, bytes, secs) in steps {
        for round in 1..=3 {
            let wobble = 1.0 + 0.004 * f64::from(round);
            let one = Made {
                crf: Some(crf),
                vmaf: (round == 1).then_some(vmaf),
                bytes,
                secs: secs * wobble,
                round,
                ..USUAL
            };
            let other = Made {
                variant: "svt",
                bytes: bytes / 2,
                secs: 2.0 * one.secs,
                ..one
            };
            all.extend([run(one), run(other)]);
        }
    }
    all
}
