//! A thousand jobs, many programs on one queue, and what is noted of each.

use std::collections::BTreeSet;
use std::thread;

use ffbatch_dispatcher::state::State;
use ffbatch_tests::clip::SHORT;
use ffbatch_tests::queue;
use ffbatch_tests::sandbox::{Sandbox, files_below};

#[test]
fn a_thousand_jobs_run_once_each() {
    let sandbox = Sandbox::with(SHORT, "in.mp4");
    let lines: Vec<String> = (0..1000)
        .map(|number| {
            queue::line(
                &format!("job-{number}"),
                &format!("-i in.mp4 -frames:v 1 -c copy out/{number}.mp4"),
            )
        })
        .collect();
    let ids: BTreeSet<String> = queue::submit(&sandbox, &lines).into_iter().collect();
    assert_eq!(ids.len(), 1000);
    sandbox.ffbatch(["wait", "--all", "--json"]).ok();
    let jobs = queue::list(&sandbox).jobs;
    let known: BTreeSet<String> = jobs.iter().map(|job| job.id.clone()).collect();
    assert_eq!(known, ids);
    for job in &jobs {
        assert_eq!((job.state, job.attempt), (State::Succeeded, 1), "{job:?}");
    }
    let made = files_below(&sandbox.path("out"));
    assert_eq!(made.len(), 1000);
    // One report for each job: none ran twice.
    let reports = files_below(&sandbox.directory("state").join("metrics/jobs"));
    assert_eq!(reports.len(), 1000);
    sandbox.assert_clean();
}

#[test]
fn many_programs_share_one_queue() {
    let sandbox = Sandbox::with(SHORT, "in.mp4");
    thread::scope(|scope| {
        for program in 0..8 {
            let sandbox = &sandbox;
            scope.spawn(move || {
                for number in 0..5 {
                    let output = format!("{program}-{number}.mp4");
                    let submitted = sandbox.ffbatch([
                        "submit", "--name", &output, "--", "ffmpeg", "-i", "in.mp4", "-c", "copy",
                        &output,
                    ]);
                    let id = submitted.ok().stdout.trim().to_owned();
                    sandbox.ffbatch(["list"]).ok();
                    if number % 2 == 0 {
                        sandbox.ffbatch(["wait", &id]).ok();
                    }
                }
            });
        }
    });
    sandbox.ffbatch(["wait", "--all"]);
    let states = queue::states(&sandbox);
    assert_eq!(states.len(), 40);
    assert!(
        states.values().all(|state| *state == State::Succeeded),
        "{states:?}"
    );
    sandbox.assert_clean();
}

#[test]
fn the_order_is_that_of_the_submission_and_priority_comes_first() {
    let mut sandbox = Sandbox::with(SHORT, "in.mp4");
    sandbox.set("FFBATCH_BACKENDS__LOCAL__VCPUS", "1");
    let line = |name: &str, priority: u32| {
        let mut line: serde_json::Value =
            serde_json::from_str(&queue::line(name, &format!("-i in.mp4 -c copy {name}.mp4")))
                .expect("an object");
        line["priority"] = priority.into();
        line.to_string()
    };
    queue::submit(
        &sandbox,
        &[
            line("one", 0),
            line("two", 0),
            line("urgent", 7),
            line("three", 0),
        ],
    );
    sandbox.ffbatch(["wait", "--all"]);
    let mut jobs = queue::list(&sandbox).jobs;
    jobs.sort_by_key(|job| job.started);
    let order: Vec<&str> = jobs.iter().map(|job| job.name.as_str()).collect();
    assert_eq!(order, ["urgent", "one", "two", "three"]);
    let overlap = jobs
        .windows(2)
        .any(|pair| pair[1].started < pair[0].stopped);
    assert!(!overlap, "one processor runs one job at a time: {jobs:?}");
}
