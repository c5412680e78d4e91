//! The report of jobs that ran without a benchmark.

use std::fs;

use ffbatch_bench::summary::Summary;

use super::place::{ONE, place};

#[test]
fn jobs_of_this_machine() {
    let sandbox = place(ONE);
    for (crf, name) in [(20, "a"), (35, "b"), (20, "c"), (35, "d")] {
        let words = format!(
            "run --quality vmaf -- ffmpeg -i in.mp4 -an -c:v libx264 -preset ultrafast -crf {crf} {name}.mp4"
        );
        sandbox.ffbatch(words.split(' ')).ok();
    }
    let state = sandbox.directory("state").display().to_string();
    let ended = sandbox.ffbatch(["report", &state, "--output", "page"]);
    ended.ok();
    assert!(
        ended.stdout.contains("-an -c:v libx264 -preset ultrafast"),
        "{ended}"
    );
    let text = fs::read_to_string(sandbox.path("page/report.json")).expect("it was written");
    let summary: Summary = serde_json::from_str(&text).expect("a summary");
    assert_eq!(summary.cells.len(), 2);
    assert!(
        summary
            .cells
            .iter()
            .all(|cell| cell.timed == 2 && cell.vmaf().is_some())
    );
    assert!(summary.target.is_some(), "the two are a ladder");
    let page = fs::read_to_string(sandbox.path("page/report.html")).expect("it was written");
    assert!(
        page.contains("VMAF of every frame"),
        "frames were not found"
    );
}
