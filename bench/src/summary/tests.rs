//! Synthetic runs with known answers.

mod limits;
mod made;

use self::made::{Made, QUIET, USUAL, ladders, price, run, runs, summary};
use super::*;
use crate::figures::{Charged, Rate};
use crate::matrix::Place;

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
    insta::assert_snapshot!(summary.answer, @"`x264, local` and `x265, local` cannot be told apart by time: the 1.0 % between them are within the noise of 4 runs.");
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

#[test]
fn an_output_was_shorter_than_its_input_by_the_frames_that_an_encoder_holds_back() {
    let mut one = run(USUAL);
    let media = |run: &mut Run, written: f64, read: Option<f64>| {
        let report = run
            .ended
            .as_mut()
            .and_then(|ended| ended.report.as_mut())
            .expect("a report");
        report.commands[0].out_time_secs = Some(written);
        report.inputs = vec![ffbatch_dispatcher::report::FileReport {
            duration_secs: read,
            ..Default::default()
        }];
        run.media_secs()
    };
    assert_eq!(media(&mut one, 9.92, Some(10.0)), Some(10.0));
    assert_eq!(media(&mut one, 5.0, Some(10.0)), Some(5.0));
    assert_eq!(media(&mut one, 5.0, None), Some(5.0));
}

#[test]
fn an_instance_that_a_job_owns_was_charged_by_what_the_job_asked_for() {
    let mut own = run(Made {
        compute: "intel",
        instance: Some("c6i.xlarge"),
        ..USUAL
    });
    let given = &mut own.ended.as_mut().expect("it ended").given;
    given.vcpus = Some(1);
    let summary = summary(&[own], None);
    let rate = &summary.cells[0].cost.as_ref().expect("it has a price").rate;
    assert!((rate.usd_per_hour - 0.2).abs() < 1e-12, "{rate:?}");
}

#[test]
fn a_contender_without_all_inputs_was_ranked_with_the_others() {
    let mut all = [
        runs(USUAL, &QUIET),
        runs(
            Made {
                variant: "x265",
                ..USUAL
            },
            &QUIET,
        ),
    ]
    .concat();
    let mut other = runs(USUAL, &QUIET);
    for run in &mut other {
        run.cell.id.push('2');
        run.cell.input.name = "second".into();
    }
    all.extend(other);
    let summary = summary(&all, None);
    let lacking = summary.contender("x265, local").expect("it is shown");
    assert_eq!(lacking.out.as_deref(), Some("it has no run of `second`"));
}

#[test]
fn places_that_differ_in_memory_were_one() {
    let place = |memory_mib| Place {
        compute: "fargate".into(),
        memory_mib: Some(memory_mib),
        ..Place::default()
    };
    assert_ne!(place(4096).label(), place(8192).label());
}

#[test]
fn what_is_compared_at_no_common_quality_is_said() {
    let bad = Made {
        variant: "bad",
        vmaf: Some(20.0),
        secs: 5.0,
        ..USUAL
    };
    let good = Made {
        vmaf: Some(96.0),
        ..USUAL
    };
    let made = summary(&[run(bad), run(good)], None);
    assert!(
        made.notes
            .iter()
            .any(|note| note.contains("may just be worse")),
        "{:?}",
        made.notes
    );
    assert!(
        made.contenders.iter().all(|one| one.pareto),
        "a better picture is a merit"
    );
}

#[test]
fn a_run_without_its_report_disappeared() {
    let mut lost = run(USUAL);
    lost.ended.as_mut().expect("it ended").report = None;
    let summary = summary(&[lost], None);
    let failure = summary.cells[0].failure.as_deref();
    assert_eq!(failure, Some("it succeeded, and its report is missing"));
}

#[test]
fn what_costs_nothing_was_ranked_by_its_cost() {
    let free = |charged: Charged<'_>| {
        Some(Rate {
            usd_per_hour: 0.0,
            ..price(charged)?
        })
    };
    let own = Made {
        compute: "intel",
        instance: Some("c6i.xlarge"),
        ..USUAL
    };
    let all = [
        runs(own, &QUIET),
        runs(
            Made {
                variant: "x265",
                ..own
            },
            &QUIET,
        ),
    ]
    .concat();
    let asked = Asked {
        name: "free",
        min_vmaf: None,
        rank_by: None,
        grid_kg_per_kwh: None,
        precision_percent: 2.0,
        prices: &free,
    };
    assert_eq!(Summary::of(&all, &[], asked).rank_by, Criterion::Time);
}
