//! On this machine.

use std::fs;

use ffbatch_bench::run::Run;
use ffbatch_bench::summary::Summary;
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::report::ThreadsPolicy;

use super::place::{LADDERS, ONE, bench, place, runs, summary};

#[test]
fn from_an_empty_directory_to_a_page() {
    let sandbox = place(LADDERS);
    let ended = bench(&sandbox, "");
    ended.ok();
    let all = runs(&sandbox);
    // Four cells with a warm-up and two timed runs each.
    assert_eq!(all.len(), 12);
    for run in &all {
        let scored = !run.scores().is_empty();
        assert_eq!(scored, run.round == 0, "the warm-up alone is scored");
        assert_eq!(run.region, None);
        let encoders = &run.ended.as_ref().expect("it ended").encoders;
        assert!(
            encoders.iter().any(|one| one.contains("libx264")),
            "{encoders:?}"
        );
    }
    let page = fs::read_to_string(sandbox.path("out/report.html")).expect("it was written");
    for part in [
        "Ranking by time",
        "Rate and quality",
        "VMAF of every frame",
        "BD-rate",
        "[[variants]]",
    ] {
        assert!(page.contains(part), "the page lacks `{part}`");
    }
    traced_back(&summary(&sandbox), &all);
    for name in ["report.md", "report.csv", "report.json", "bench.toml"] {
        assert!(sandbox.path("out").join(name).is_file(), "{name}");
    }
    sandbox.assert_clean();
}

/// Every figure of a cell is made of its runs.
#[track_caller]
fn traced_back(summary: &Summary, all: &[Run]) {
    assert_eq!(summary.cells.len(), 4);
    for cell in &summary.cells {
        let own: Vec<&Run> = all
            .iter()
            .filter(|run| run.cell.id == cell.cell.id)
            .collect();
        let timed: Vec<f64> = own
            .iter()
            .filter(|run| run.round > 0)
            .filter_map(|run| run.encode_secs())
            .collect();
        let mean = f64::midpoint(timed[0], timed[1]);
        let interval = cell.encode_secs.expect("it was timed");
        assert!((interval.mean - mean).abs() < 1e-12);
        // Student's t of one degree of freedom is 12.7062 at 97.5 %.
        let half = 12.706_204_736 * (timed[0] - timed[1]).abs() / 2.0;
        assert!((interval.half_width.expect("two runs") - half).abs() < 1e-6 * half.max(1e-3));
        let report = own[1].succeeded().expect("it succeeded");
        assert_eq!(cell.output_bytes, report.outputs[0].bytes);
        assert_eq!(
            cell.score("vmaf").map(|score| score.mean),
            own[0]
                .scores()
                .iter()
                .find(|score| score.metric == "vmaf")
                .map(|score| score.mean)
        );
        assert_eq!(cell.same_bytes, Some(true));
        assert!(
            cell.cost.is_none() && cell.energy.is_none(),
            "nobody knows what this machine costs"
        );
    }
}

#[test]
fn only_what_is_missing_runs_again() {
    let sandbox = place(ONE);
    bench(&sandbox, "").ok();
    let before = runs(&sandbox);
    assert_eq!(before.len(), 2);
    let again = bench(&sandbox, "");
    again.ok();
    assert!(
        again.stderr.contains("1 cell: nothing is missing (2 done)"),
        "{again}"
    );
    assert_eq!(runs(&sandbox), before);
    // Another step, and one run more of each.
    sandbox.write(
        "bench.toml",
        ONE.replace("ultrafast", "{preset}") + "values = { preset = ['ultrafast', 'superfast'] }\n",
    );
    bench(&sandbox, "--repeats 3 --max-repeats 3").ok();
    let after = runs(&sandbox);
    assert_eq!(after.len(), 6);
    assert!(
        before
            .iter()
            .all(|run| after.iter().any(|other| other.submission == run.submission)),
        "what was there is there"
    );
}

#[test]
fn runs_take_turns() {
    let sandbox = place(LADDERS);
    bench(&sandbox, "").ok();
    let mut all = runs(&sandbox);
    all.sort_by_key(|run| run.submitted);
    let rounds: Vec<u32> = all.iter().map(|run| run.round).collect();
    assert_eq!(rounds, [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]);
    let first: Vec<&str> = all[..4].iter().map(|run| run.cell.id.as_str()).collect();
    let third: Vec<&str> = all[8..].iter().map(|run| run.cell.id.as_str()).collect();
    assert_eq!(first, third);
}

#[test]
fn threads_are_counted_as_asked() {
    let sandbox = place(&format!(
        "{ONE}\n[[computes]]\ncompute = 'local'\nthreads = [1]\nusd_per_hour = 0.36\nwatts_idle = 10\nwatts_max = 10\n"
    ));
    bench(&sandbox, "").ok();
    let all = runs(&sandbox);
    let report = all[0].succeeded().expect("it succeeded");
    let threads = report.machine.threads.expect("it is told");
    if report.machine.cpus > 1 {
        assert_eq!(
            (threads.processors, threads.policy),
            (1, ThreadsPolicy::Asked)
        );
    }
    let cell = &summary(&sandbox).cells[0];
    let busy = |at: usize| all[at].busy_secs().expect("it succeeded");
    let busy = f64::midpoint(busy(0), busy(1));
    let cost = cell.cost.as_ref().expect("the file says it");
    assert!((cost.usd_per_job - busy * 0.36 / 3600.0).abs() < 1e-12);
    assert_eq!(cost.rate.source, "as the benchmark's file says");
    let energy = cell.energy.as_ref().expect("the file says it");
    assert!((energy.watt_hours.low - busy * 10.0 / 3600.0).abs() < 1e-9);
    assert_eq!(
        energy.grams_co2e, None,
        "nobody knows the grid of this machine"
    );
}

#[test]
fn a_plan_runs_nothing() {
    let sandbox = place(LADDERS);
    let ended = bench(&sandbox, "--plan");
    ended.ok();
    assert!(ended.stdout.contains("4 cells, 12 jobs, up to"), "{ended}");
    assert!(!sandbox.path("out").exists());
    let json = bench(&sandbox, "--plan --json");
    let plan: serde_json::Value = serde_json::from_str(&json.ok().stdout).expect("JSON");
    assert_eq!(plan["jobs_most"], 12);
    assert!(
        plan["cells"][0]["seconds"]
            .as_f64()
            .expect("its length is known")
            > 0.5
    );
}

#[test]
fn a_later_benchmark_is_held_against_an_earlier_one() {
    let sandbox = place(LADDERS);
    bench(&sandbox, "").ok();
    fs::copy(sandbox.path("out/report.json"), sandbox.path("old.json")).expect("it is there");
    let same = bench(
        &sandbox,
        "--baseline old.json --fail-if vmaf<-0.5 bitrate>+1%",
    );
    assert!(
        same.ok()
            .stdout
            .contains("nothing is worse than the limits allow"),
        "{same}"
    );
    // The same command, with a worse picture.
    sandbox.write(
        "bench.toml",
        LADDERS.replace("ultrafast -crf", "ultrafast -qmin 40 -crf"),
    );
    let worse = bench(&sandbox, "--baseline old.json --fail-if vmaf<-0.5");
    assert_eq!(worse.code, Some(i32::from(Exit::Jobs.code())), "{worse}");
    assert!(
        worse
            .stdout
            .contains("worse: vmaf<-0.5: x264 crf=20, local, in"),
        "{worse}"
    );
    // The report that is about to be replaced is one to compare with.
    sandbox.write("bench.toml", LADDERS);
    bench(&sandbox, "").ok();
    sandbox.write(
        "bench.toml",
        LADDERS.replace("ultrafast -crf", "ultrafast -qmin 40 -crf"),
    );
    let own = bench(&sandbox, "--baseline out/report.json --fail-if vmaf<-0.5");
    assert_eq!(own.code, Some(i32::from(Exit::Jobs.code())), "{own}");
    // The report alone says the same.
    let words = [
        "report",
        "out",
        "--baseline",
        "old.json",
        "--fail-if",
        "vmaf<-0.5",
        "--json",
    ];
    let report = sandbox.ffbatch(words);
    assert_eq!(report.code, Some(i32::from(Exit::Jobs.code())), "{report}");
    let json: serde_json::Value = serde_json::from_str(&report.stdout).expect("JSON");
    let limits = json["limits"].as_array().expect("they were checked");
    assert!(
        limits.iter().any(|one| one["crossed"] == true),
        "{limits:?}"
    );
    assert_eq!(
        limits.len(),
        4,
        "cells of the earlier form of the file are not among them"
    );
}

#[test]
fn a_file_beside_the_benchmark_was_looked_for_elsewhere() {
    let text = ONE.replace(
        "-preset ultrafast",
        "-vf subtitles=words.srt -preset ultrafast",
    );
    let sandbox = place("");
    sandbox.write("deep/bench.toml", text.replace("in.mp4", "../in.mp4"));
    sandbox.write(
        "deep/words.srt",
        "1\n00:00:00,000 --> 00:00:01,000\nwords\n",
    );
    let words = [
        "bench",
        "deep/bench.toml",
        "--repeats",
        "1",
        "--max-repeats",
        "1",
    ];
    sandbox.ffbatch(words).ok();
    assert!(sandbox.path("deep/bench-results/report.html").is_file());
}

#[test]
fn what_the_file_says_now_holds_for_runs_that_are_there() {
    let sandbox = place(ONE);
    bench(&sandbox, "").ok();
    let text = format!("{ONE}[[computes]]\ncompute = 'local'\nusd_per_hour = 0.5\n");
    sandbox.write(
        "bench.toml",
        text.replace("name = 'x264'", "name = 'renamed'"),
    );
    let again = bench(&sandbox, "");
    assert!(again.ok().stderr.contains("nothing is missing"), "{again}");
    let cell = &summary(&sandbox).cells[0];
    assert_eq!(cell.cell.variant, "renamed");
    assert!(cell.cost.is_some());
    sandbox.ffbatch(["report", "out"]).ok();
    assert_eq!(summary(&sandbox).cells[0].cell.variant, "renamed");
}
