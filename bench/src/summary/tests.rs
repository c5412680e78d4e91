//! Synthetic runs with known answers.

use serde_json::json;

use super::*;
use crate::figures::{Charged, Rate};
use crate::matrix::{Cell, Input, Place, Rung};

/// A run of a clip of one minute.
#[derive(Clone, Copy)]
struct Made<'a> {
    variant: &'a str,
    crf: Option<u32>,
    compute: &'a str,
    instance: Option<&'a str>,
    round: u32,
    secs: f64,
    bytes: u64,
    vmaf: Option<f64>,
    exit: &'a str,
}

const USUAL: Made<'_> = Made {
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

fn run(made: Made<'_>) -> Run {
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
fn runs(made: Made<'_>, secs: &[f64]) -> Vec<Run> {
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
fn price(charged: Charged<'_>) -> Option<Rate> {
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

fn summary(runs: &[Run], min_vmaf: Option<f64>) -> Summary {
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

const QUIET: [f64; 4] = [10.0, 10.1, 9.9, 10.0];

#[test]
fn a_difference_of_ten_per_cent_is_found() {
    let other = Made {
        variant: "x265",
        ..USUAL
    };
    let slower = QUIET.map(|secs| secs * 1.1);
    let all = [runs(USUAL, &QUIET), runs(other, &slower)].concat();
    insta::assert_snapshot!(summary(&all, None).answer, @"`x264, local` is the fastest: 9.1 % less time than `x265, local`, the next; the difference is significant (p < 0.001).");
}

#[test]
fn noise_is_a_tie() {
    let other = Made {
        variant: "x265",
        ..USUAL
    };
    let all = [
        runs(USUAL, &[10.0, 10.6, 9.5, 10.1]),
        runs(other, &[10.3, 9.8, 10.5, 10.0]),
    ]
    .concat();
    let summary = summary(&all, None);
    insta::assert_snapshot!(summary.answer, @"`x264, local` and `x265, local` are equally fast: the 1.0 % between them are within the noise of 4 runs.");
    let ranked = &summary.ranking().expect("both are known").ranked;
    assert!(ranked.iter().all(|one| one.rank == 1 && one.tied));
}

#[test]
fn one_run_each_tells_nothing_for_certain() {
    let other = Made {
        variant: "x265",
        secs: 20.0,
        ..USUAL
    };
    insta::assert_snapshot!(summary(&[run(USUAL), run(other)], None).answer, @"`x264, local` was the fastest: 2.0 times as fast as `x265, local`; but one run each cannot tell whether that is more than noise.");
}

#[test]
fn cost_decides_where_it_is_known_of_all() {
    let intel = Made {
        compute: "intel",
        instance: Some("c6i.xlarge"),
        ..USUAL
    };
    let arm = Made {
        compute: "arm",
        instance: Some("c7g.xlarge"),
        ..USUAL
    };
    let slower = QUIET.map(|secs| secs * 1.2);
    let all = [runs(intel, &QUIET), runs(arm, &slower)].concat();
    let summary = summary(&all, None);
    insta::assert_snapshot!(summary.answer, @"`x264, arm c7g.xlarge` is the cheapest: 41 % cheaper than `x264, intel c6i.xlarge`, the next; the difference is significant (p < 0.001). The fastest is `x264, intel c6i.xlarge`: 17 % less time than the cheapest.");
    // An hour at 0.2 USD, of which 11 seconds: the encode and a second of fetching, and not the measuring.
    let cost = summary.cells[0].cost.as_ref().expect("it has a price");
    assert!((cost.usd_per_job - 0.2 * 11.0 / 3600.0).abs() < 1e-12);
    let per_1000 = cost.usd_per_1000_minutes.expect("it is a minute long");
    assert!((per_1000 - 1000.0 * cost.usd_per_job).abs() < 1e-9);
    // Ice Lake, four processors for 11 seconds, 30 seconds of them busy.
    let energy = summary.cells[0].energy.as_ref().expect("it is known");
    let expected = 1.135 * (4.0 * 11.0 * 0.77 + 30.0 * (3.76 - 0.77)) / 3600.0;
    assert!(
        (energy.watt_hours.low - expected).abs() < 1e-9,
        "{energy:?} {expected}"
    );
    let grams = energy.grams_co2e.expect("Ireland's grid is known");
    assert!((grams.low - expected * 0.316).abs() < 1e-9);
    assert!(
        summary.contenders.iter().all(|one| one.pareto),
        "one is cheaper, the other faster"
    );
}

#[test]
fn a_price_that_is_missing_is_unknown_and_no_zero() {
    let unknown = Made {
        compute: "arm",
        instance: Some("c9g.xlarge"),
        ..USUAL
    };
    let intel = Made {
        compute: "intel",
        instance: Some("c6i.xlarge"),
        ..USUAL
    };
    let summary = summary(&[runs(unknown, &QUIET), runs(intel, &QUIET)].concat(), None);
    assert_eq!(summary.rank_by, Criterion::Time);
    assert!(summary.cells[0].cost.is_none() && summary.cells[1].cost.is_some());
    let costs = summary
        .rankings
        .iter()
        .find(|one| one.criterion == Criterion::Cost);
    assert_eq!(costs.expect("one is known").ranked.len(), 1);
}

/// Two ladders of three steps, the second with half the bits and twice the time at each quality.
fn ladders() -> Vec<Run> {
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

#[test]
fn ladders_are_read_at_equal_quality() {
    let summary = summary(&ladders(), Some(93.0));
    insta::assert_snapshot!(summary.answer, @"At VMAF 93, `x264, local` is the fastest: 2.0 times as fast as `svt, local`, the next; the difference is significant (p < 0.001). The smallest is `svt, local`: 50 % fewer bits than the fastest.");
    let x264 = summary.contender("x264, local").expect("it competes");
    // At a step the curve is the step: 10 s for a minute, 2 MB of it.
    assert!((x264.measures.time[0] - 10.04).abs() < 1e-9);
    assert!((x264.measures.bitrate[0] - 2_000_000.0 * 8.0 / 60.0 / 1000.0).abs() < 1e-6);
    let bd = &summary.bd_rates[0];
    assert_eq!(
        (bd.variant.as_str(), bd.anchor.as_str(), bd.metric.as_str()),
        ("svt", "x264", "vmaf")
    );
    assert!((bd.percent + 50.0).abs() < 1e-9, "{bd:?}");
}

#[test]
fn without_a_wish_the_middle_of_all_ladders_is_taken() {
    let target = summary(&ladders(), None).target.expect("there are ladders");
    assert_eq!((target.vmaf, target.asked), (89.0, false));
}

#[test]
fn what_does_not_reach_the_quality_does_not_compete() {
    let mut all = ladders();
    all.retain(|run| {
        run.cell.variant == "x264"
            || run
                .cell
                .rung
                .as_ref()
                .is_some_and(|rung| rung.value != "20")
    });
    let summary = summary(&all, Some(95.0));
    let svt = summary.contender("svt, local").expect("it is there");
    assert_eq!(svt.out.as_deref(), Some("it reaches VMAF 93.00 at most"));
    insta::assert_snapshot!(summary.answer, @"At VMAF 95, `x264, local` stands alone: 10.7 encode seconds per minute of media.");
}

#[test]
fn a_variant_that_always_fails_leaves_the_others_their_answer() {
    let bad = Made {
        variant: "broken",
        exit: "ffmpeg",
        ..USUAL
    };
    let other = Made {
        variant: "x265",
        ..USUAL
    };
    let all = [
        runs(bad, &[0.1]),
        runs(USUAL, &QUIET),
        runs(other, &QUIET.map(|secs| secs * 2.0)),
    ]
    .concat();
    let summary = summary(&all, None);
    assert!(
        summary.answer.starts_with("`x264, local` is the fastest"),
        "{}",
        summary.answer
    );
    assert_eq!(summary.notes[0], "1 cell failed; the table says why");
    let broken = summary.contender("broken, local").expect("it is shown");
    assert_eq!(
        broken.out.as_deref(),
        Some("it failed: ffmpeg failed: no such preset")
    );
}

#[test]
fn nothing_succeeded() {
    let bad = Made {
        exit: "ffmpeg",
        ..USUAL
    };
    insta::assert_snapshot!(summary(&[run(bad)], None).answer, @"No run succeeded, so there is no answer: ffmpeg failed: no such preset");
    insta::assert_snapshot!(summary(&[], None).answer, @"Nothing was measured yet.");
}

#[test]
fn a_warm_up_is_not_timed_and_has_the_scores() {
    let warm = Made {
        round: 0,
        secs: 99.0,
        vmaf: Some(90.0),
        ..USUAL
    };
    let all = [vec![run(warm)], runs(USUAL, &QUIET)].concat();
    let cell = &summary(&all, None).cells[0];
    assert_eq!(cell.timed, 4);
    assert!((cell.encode_secs.expect("timed").mean - 10.0).abs() < 1e-9);
    assert_eq!(cell.vmaf(), Some(90.0));
    assert_eq!(cell.stages["queued"].to_bits(), 2.5_f64.to_bits());
}

#[test]
fn an_earlier_summary_still_reads() {
    let made = summary(&ladders(), Some(93.0));
    let read: Summary = serde_json::from_str(&made.to_json()).expect("it reads");
    assert_eq!(read, made);
}

#[test]
fn limits_against_an_earlier_benchmark() {
    let check = |runs: &[Run], limit: &str| {
        let limit = limit.parse().expect("a limit");
        let before = summary(&ladders(), Some(93.0));
        crate::limits::check(&before, &summary(runs, Some(93.0)), &[limit])
    };
    let crossed = |runs: &[Run], limit: &str| {
        check(runs, limit)
            .expect("comparable")
            .iter()
            .any(|one| one.crossed)
    };
    let scaled = |factor: f64, loss: f64| -> Vec<Run> {
        let mut all = ladders();
        for run in &mut all {
            let report = run
                .ended
                .as_mut()
                .and_then(|ended| ended.report.as_mut())
                .expect("a report");
            report.commands[0].seconds *= factor;
            for output in report
                .quality
                .iter_mut()
                .flat_map(|quality| &mut quality.outputs)
            {
                output.scores[0].mean -= loss;
            }
        }
        all
    };
    assert!(!crossed(&ladders(), "time>+5%"));
    assert!(crossed(&scaled(1.1, 0.0), "time>+5%"));
    assert!(!crossed(&scaled(1.03, 0.0), "time>+5%"));
    assert!(!crossed(&scaled(0.5, 0.0), "time>+5%"));
    assert!(crossed(&scaled(0.5, 0.0), "time<-40%"));
    assert!(crossed(&scaled(1.0, 0.6), "vmaf<-0.5"));
    assert!(!crossed(&scaled(1.0, 0.4), "vmaf<-0.5"));
    let unknown = check(&ladders(), "ssim<-0.1").expect_err("nobody measured it");
    assert!(unknown.contains("`ssim<-0.1`"), "{unknown}");
    let unknown = check(&ladders(), "cost>+5%").expect_err("nobody knows it");
    assert!(unknown.contains("can be compared"), "{unknown}");
}

#[test]
fn a_report_in_every_form() {
    let made = summary(&ladders(), Some(93.0));
    let documents = crate::report::documents(&made, &crate::report::Background::default());
    let text = |name: &str| {
        let found = documents
            .iter()
            .find(|one| one.name == name)
            .expect("it is written");
        String::from_utf8(found.bytes.clone()).expect("text")
    };
    let page = text("report.html");
    for part in [
        "<!DOCTYPE html>",
        "Ranking by time",
        "Rate and quality",
        "BD-rate",
        "-50 %",
        "To repeat it",
    ] {
        assert!(page.contains(part), "the page lacks `{part}`");
    }
    for foreign in [
        "http-equiv",
        "<script",
        "src=\"http",
        "href=\"http",
        "@import",
        "url(",
    ] {
        assert!(!page.contains(foreign), "the page needs `{foreign}`");
    }
    insta::assert_snapshot!(text("report.csv"));
    insta::assert_snapshot!(text("report.md"));
}

#[test]
fn names_cannot_leave_their_place_in_a_page() {
    let bad = Made {
        variant: "<script>alert(1)</script>|`x`",
        ..USUAL
    };
    let made = summary(&runs(bad, &QUIET), None);
    for document in crate::report::documents(&made, &crate::report::Background::default()) {
        let text = String::from_utf8(document.bytes).expect("text");
        if document.name != "report.json" && document.name != "report.csv" {
            assert!(!text.contains("<script>"), "{}", document.name);
        }
    }
}
