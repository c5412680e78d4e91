//! Whoever watches a job: asked to stop, it stops the job; killed, it leaves the job to finish.

use std::process::{Child, Stdio};

use ffbatch_dispatcher::exit::Exit;
use ffbatch_tests::clip::CUT;
use ffbatch_tests::media::frames;
use ffbatch_tests::sandbox::{Sandbox, until};
use ffbatch_tests::tools;
use rustix::process::{Pid, Signal, kill_process};

use super::running::ffmpegs;

/// Starts `ffbatch run` on the clip, read at this rate, and waits until ffmpeg runs.
#[track_caller]
fn follow(sandbox: &Sandbox, rate: &str) -> Child {
    let child = sandbox
        .command(&tools::ffbatch())
        .args([
            "run",
            "--",
            "ffmpeg",
            "-readrate",
            rate,
            "-i",
            "in.mp4",
            "-c",
            "copy",
        ])
        .arg("out.mp4")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("ffbatch starts");
    until("ffmpeg runs", || !ffmpegs(sandbox).is_empty());
    child
}

#[track_caller]
fn asked_to_stop(signal: Signal) {
    let sandbox = Sandbox::with(CUT, "in.mp4");
    let child = follow(&sandbox, "1");
    kill_process(Pid::from_child(&child), signal).expect("it runs");
    let output = child.wait_with_output().expect("it can be waited for");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        output.status.code(),
        Some(i32::from(Exit::Interrupted.code())),
        "{said}"
    );
    let errors: Vec<&str> = said
        .lines()
        .filter(|line| line.starts_with("error: "))
        .collect();
    assert_eq!(
        errors,
        ["error: the job was asked to stop before it was done; nothing more is published"],
        "{said}"
    );
    assert_eq!(sandbox.files(), ["in.mp4".to_owned()].into());
    sandbox.assert_clean();
}

#[test]
fn sigint_stops_the_job() {
    asked_to_stop(Signal::INT);
}

#[test]
fn sigterm_stops_the_job() {
    asked_to_stop(Signal::TERM);
}

#[test]
fn sighup_stops_the_job() {
    asked_to_stop(Signal::HUP);
}

#[test]
fn a_job_whose_follower_is_killed_finishes_whole() {
    let sandbox = Sandbox::with(CUT, "in.mp4");
    let mut child = follow(&sandbox, "5");
    child.kill().expect("it runs");
    child.wait().expect("it can be waited for");
    // Both of its pipes are broken from here on.
    drop(child);
    assert!(!sandbox.path("out.mp4").exists(), "the job was over before");
    until("the job ends", || sandbox.processes().is_empty());
    assert_eq!(frames(&sandbox.path("out.mp4")), 250);
    sandbox.assert_clean();
}

#[test]
fn a_reader_that_goes_away_changes_no_exit_code() {
    let sandbox = Sandbox::with(CUT, "in.mp4");
    let mut child = follow(&sandbox, "10");
    drop(child.stdout.take());
    drop(child.stderr.take());
    assert_eq!(child.wait().expect("it can be waited for").code(), Some(0));
    assert_eq!(frames(&sandbox.path("out.mp4")), 250);
    sandbox.assert_clean();
}
