//! Killed in the middle.

use std::collections::BTreeSet;
use std::process::Stdio;

use ffbatch_dispatcher::exit::Exit;
use ffbatch_tests::queue::list;
use ffbatch_tests::sandbox::until;
use ffbatch_tests::tools;
use rustix::process::{Pid, Signal, kill_process};

use super::place::{ONE, place, runs, summary};

/// Encodes that last long enough to be met.
fn slow() -> String {
    ONE.replace("-i {input}", "-readrate 1.5 -i {input}")
        .replace("repeats = 2", "repeats = 3")
}

/// How many files of runs there are, ended or not.
fn files(sandbox: &ffbatch_tests::sandbox::Sandbox) -> usize {
    std::fs::read_dir(sandbox.path("out/runs")).map_or(0, Iterator::count)
}

#[test]
fn no_run_is_lost_and_none_is_counted_twice() {
    let sandbox = place(&slow());
    for wanted in [1, 2] {
        let mut child = sandbox
            .command(&tools::ffbatch())
            .args(["bench", "bench.toml", "--results", "out"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        until("a run is under way", || files(&sandbox) >= wanted);
        kill_process(Pid::from_child(&child), Signal::KILL).expect("it runs");
        child.wait().expect("it can be waited for");
    }
    super::place::bench(&sandbox, "").ok();
    let all = runs(&sandbox);
    let rounds: Vec<u32> = all.iter().map(|run| run.round).collect();
    assert_eq!(rounds, [1, 2, 3]);
    assert!(all.iter().all(|run| run.succeeded().is_some()));
    // The job of each run is one job of the queue, and there is no other.
    let jobs: BTreeSet<String> = all
        .iter()
        .map(|run| run.ended.as_ref().expect("it ended").job.clone())
        .collect();
    let listed: BTreeSet<String> = list(&sandbox).jobs.into_iter().map(|job| job.id).collect();
    assert_eq!(jobs.len(), 3);
    assert_eq!(jobs, listed, "a job was made twice, or lost");
    assert_eq!(summary(&sandbox).cells[0].timed, 3);
    sandbox.assert_clean();
}

#[test]
fn somebody_stops_it_and_goes_on_later() {
    let sandbox = place(&slow());
    let child = sandbox
        .command(&tools::ffbatch())
        .args(["bench", "bench.toml", "--results", "out"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    until("the second run is under way", || files(&sandbox) >= 2);
    kill_process(Pid::from_child(&child), Signal::INT).expect("it runs");
    let output = child.wait_with_output().expect("it can be waited for");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        output.status.code(),
        Some(i32::from(Exit::Interrupted.code())),
        "{said}"
    );
    assert!(
        said.contains("the same command goes on from there"),
        "{said}"
    );
    let open = list(&sandbox)
        .jobs
        .into_iter()
        .filter(|job| !job.state.is_ended());
    assert_eq!(
        open.count(),
        0,
        "a job of this machine is stopped with its benchmark"
    );
    super::place::bench(&sandbox, "").ok();
    let all = runs(&sandbox);
    assert!(all.len() == 3 && all.iter().all(|run| run.succeeded().is_some()));
}
