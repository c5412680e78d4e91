//! What a run tells while it runs, how it ends, and that nothing of it stays behind.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ffbatch_media::log::{Level, cause};
use ffbatch_media::probe::Listing;
use ffbatch_media::progress::Progress;
use ffbatch_media::run::{Exit, Happening, Stdout, run};
use ffbatch_media::version::Version;

use crate::setup::{Room, block_on, go, processes_naming, wait_for};

/// A job that would take a day.
const ENDLESS: &str = "-re -f lavfi -i testsrc2=s=64x48 -t 86400 -c:v mpeg2video JOB/endless.ts";

/// Names the room to the second process of a test.
const ROOM: &str = "FFBATCH_TEST_ROOM";

fn blocks(happenings: &[Happening]) -> Vec<Progress> {
    let block = |happening: &Happening| match happening {
        Happening::Progress(block) => Some(*block),
        _ => None,
    };
    happenings.iter().filter_map(block).collect()
}

/// Progress must come through whatever a command does with its own outputs.
#[track_caller]
fn check_progress(command: &str) {
    let room = Room::new();
    let (finished, happenings) = room.confined(command);
    assert!(finished.exit.success(), "{:?}", finished.stderr_tail);
    let blocks = blocks(&happenings);
    let last = blocks.last().expect("a block");
    assert!(last.done);
    assert_eq!(last.frame, Some(50));
    assert!(!room.job.path().join("theirs").exists());
}

#[test]
fn progress_is_private() {
    let source = "-f lavfi -i testsrc2=s=64x48:r=25:d=2";
    check_progress(&format!("{source} -f null -"));
    check_progress(&format!("-progress JOB/theirs {source} -f null -"));
    check_progress(&format!("-loglevel quiet {source} -f null -"));
    check_progress(&format!("{source} -f rawvideo pipe:1"));
    check_progress(&format!("{source} -f rawvideo -"));
    check_progress(&format!("-n -stats -stdin {source} -f null -"));
}

/// However quiet a command wants ffmpeg to be.
#[test]
fn the_log_comes_whole_in_lines_with_levels() {
    let room = Room::new();
    let (finished, happenings) =
        room.confined("-v error -hide_banner -f lavfi -i testsrc2=d=0.2 -c:v libx264 JOB/a.mp4");
    assert!(finished.exit.success());
    let mut listing = Listing::default();
    let mut banner = None;
    for happening in &happenings {
        if let Happening::Line(line) = happening {
            assert!(!line.text.contains("[info]") && !line.text.contains('\n'));
            listing.line(&line.text);
            banner = banner.or_else(|| Version::read(&line.text));
        }
    }
    assert!(banner.is_some());
    assert_eq!(listing.inputs().len(), 1);
    assert!(listing.complete());
    assert!(finished.argv[0].ends_with("ffmpeg"));
    assert!(finished.argv.contains(&"-nostdin".to_owned()));
}

#[test]
fn what_it_used_is_known() {
    let room = Room::new();
    let (finished, _) = room.confined("-f lavfi -i testsrc2=s=640x480:d=4 -c:v libx264 JOB/a.mp4");
    let usage = finished.usage.expect("the process file system tells");
    assert!(usage.user >= Duration::from_millis(10), "{usage:?}");
    assert!(usage.user + usage.system < finished.wall * 64);
    let peak = finished.max_resident_bytes.expect("a block has been read");
    assert!((10_000_000..4_000_000_000).contains(&peak), "{peak}");
}

#[track_caller]
fn check_failure(command: &str, expected: &str) {
    let room = Room::new();
    let (finished, _) = room.confined(command);
    assert!(matches!(finished.exit, Exit::Code(code) if code != 0));
    let cause = cause(&finished.stderr_tail).expect("a cause");
    assert!(cause.contains(expected), "{cause}");
}

#[test]
fn a_failure_names_its_cause() {
    check_failure("-i JOB/none.mp4 JOB/a.mp4", "No such file or directory");
    check_failure(
        "-f lavfi -i testsrc2=d=1 -c:v nope JOB/a.mp4",
        "Unknown encoder 'nope'",
    );
    check_failure(
        "-f lavfi -i testsrc2=d=1 -vf nope JOB/a.mp4",
        "No such filter: 'nope'",
    );
    check_failure(
        "-f lavfi -i testsrc2=d=1 JOB/a.nope",
        "Unable to choose an output format",
    );
    check_failure(
        "-f lavfi -i testsrc2=d=1 -crf oops -c:v libx264 JOB/a.mp4",
        "oops",
    );
    check_failure(
        "-f lavfi -i testsrc2=d=1 JOB/none/a.mp4",
        "No such file or directory",
    );
    check_failure("-nonsense 1 -i a JOB/a.mp4", "nonsense");
}

#[test]
fn a_stopped_run_ends_by_itself() {
    let room = Room::new();
    let asked = room.run(ENDLESS);
    let stop = asked.stop.clone();
    let began = Instant::now();
    let mut levels = Vec::new();
    let finished = block_on(run(&asked, &mut |happening| match happening {
        Happening::Progress(_) => stop.cancel(),
        Happening::Line(line) => levels.push(line.level),
        Happening::Output(_) => {}
    }))
    .expect("it starts");
    assert!(finished.stopped);
    assert_eq!(finished.exit, Exit::Code(255));
    assert!(began.elapsed() < asked.grace);
    assert!(levels.contains(&Level::Info));
}

#[test]
fn one_that_does_not_react_is_killed_after_the_grace() {
    let room = Room::new();
    // Nobody ever opens the other end of this pipe, and ffmpeg waits for it in the kernel.
    let made = Command::new("mkfifo").arg(room.mine("pipe")).status();
    assert!(made.expect("mkfifo").success());
    let mut asked = room.run("-f lavfi -i testsrc2 -i JOB/pipe -f null -");
    asked.grace = Duration::from_millis(300);
    let stop = asked.stop.clone();
    let finished = block_on(run(&asked, &mut |happening| {
        // By the time of its first input ffmpeg has its own handler, which only remembers the signal.
        if matches!(happening, Happening::Line(line) if line.text.starts_with("Input #0")) {
            stop.cancel();
        }
    }))
    .expect("it starts");
    assert!(finished.stopped);
    assert_eq!(finished.exit, Exit::Signal(9));
    assert!(finished.wall >= asked.grace);
}

#[test]
fn a_dropped_run_leaves_no_process() {
    let room = Room::new();
    let asked = room.run(ENDLESS);
    block_on(async {
        let mut nothing = |_| {};
        let endless = run(&asked, &mut nothing);
        assert!(
            tokio::time::timeout(Duration::from_secs(1), endless)
                .await
                .is_err()
        );
    });
    wait_for("the process ends", || {
        processes_naming(room.job.path()).is_empty()
    });
}

#[test]
fn a_killed_caller_leaves_no_process() {
    let room = Room::new();
    let output = room.job.path().join("endless.ts");
    let mut caller = Command::new(std::env::current_exe().expect("a test has a path"))
        .args(["--exact", "runs::endless_caller", "--ignored"])
        .env(ROOM, room.job.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the caller starts");
    wait_for("ffmpeg opens its output", || output.exists());
    assert_eq!(processes_naming(&output).len(), 1);
    caller.kill().expect("it runs");
    caller.wait().expect("it ended");
    wait_for("the process ends", || processes_naming(&output).is_empty());
}

/// The process that the test above kills.
#[test]
#[ignore = "the other half of `a_killed_caller_leaves_no_process`"]
fn endless_caller() {
    let Some(job) = std::env::var_os(ROOM).map(std::path::PathBuf::from) else {
        return;
    };
    let room = Room::below(&job);
    let mut asked = room.run(&ENDLESS.replace("JOB", &job.to_string_lossy()));
    asked.policy.write.push(job);
    let _ = go(&asked);
}

#[test]
fn listings_arrive_line_by_line() {
    let room = Room::new();
    let mut asked = room.run("-hide_banner -encoders");
    asked.stdout = Stdout::Lines;
    let (finished, happenings) = go(&asked);
    assert!(finished.expect("it starts").exit.success());
    let has = |name: &str| {
        happenings
            .iter()
            .any(|happening| matches!(happening, Happening::Output(line) if line.contains(name)))
    };
    assert!(has("libx264") && !has("no such encoder"));
}

#[test]
fn a_launcher_that_is_not_there() {
    let room = Room::new();
    let mut asked = room.run("-version");
    asked.launcher = "/nowhere/launcher".into();
    let error = go(&asked).0.expect_err("there is none").to_string();
    assert!(
        error.contains("`/nowhere/launcher` cannot be started"),
        "{error}"
    );
}
