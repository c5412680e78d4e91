//! A worker that is killed, or asked to stop, at twenty points from its start to its end.
//!
//! Whenever it happens: nothing half-written stands under a final name, no ffmpeg runs on, and no private directory outlives
//! the next job.

use std::io::Read;
use std::process::Child;
use std::thread::sleep;
use std::time::{Duration, Instant};

use ffbatch_dispatcher::exit::Exit;
use ffbatch_tests::clip::{LONG, SHORT};
use ffbatch_tests::media::frames;
use ffbatch_tests::sandbox::until;
use ffbatch_tests::site::{BUCKET, Site};
use rustix::process::{Pid, Signal, kill_process};

/// How many points in time, spread evenly over the whole job.
const POINTS: u32 = 20;

/// How long a worker may take to end after SIGTERM. AWS Batch kills it after 30 s.
const GRACE: Duration = Duration::from_secs(10);

const JOB: [&str; 6] = [
    "--input_url",
    "@in.mp4",
    "--output_file_options",
    "-c:v libx264 -preset ultrafast",
    "--output_url",
    "@out.mp4",
];

fn words(site: &Site) -> Vec<String> {
    JOB.iter()
        .map(|word| word.replace('@', &site.name("")))
        .collect()
}

/// Runs the job once undisturbed, and tells how long it takes.
#[track_caller]
fn whole(site: &Site) -> Duration {
    site.place(LONG, "in.mp4");
    let start = Instant::now();
    site.sandbox.worker(words(site)).ok();
    let took = start.elapsed();
    assert_eq!(frames(&site.view("out.mp4")), 750);
    took
}

/// Waits for a child's end, reading what it says meanwhile.
#[track_caller]
fn end(mut child: Child) -> (Option<i32>, String) {
    let mut said = String::new();
    child
        .stdout
        .take()
        .expect("it was piped")
        .read_to_string(&mut said)
        .expect("events are UTF-8");
    (child.wait().expect("it can be waited for").code(), said)
}

fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal)
        .expect("a child that was not waited for can be signalled");
}

/// Asserts that what stands under the final name, if anything, is whole.
#[track_caller]
fn check_whole_or_absent(site: &Site, point: u32) -> bool {
    let there = site.names().contains("out.mp4");
    if there {
        assert_eq!(
            frames(&site.view("out.mp4")),
            750,
            "half an output after a signal at point {point}"
        );
    }
    there
}

#[track_caller]
fn remove_output(site: &Site) {
    match &site.moto {
        Some(moto) => moto.delete(BUCKET, "out.mp4"),
        None if site.sandbox.path("out.mp4").exists() => {
            std::fs::remove_file(site.sandbox.path("out.mp4")).expect("our own file");
        }
        None => {}
    }
}

#[track_caller]
fn terminated(site: &Site) {
    let took = whole(site);
    let mut codes = Vec::new();
    for point in 0..POINTS {
        remove_output(site);
        let child = site.sandbox.start_worker(words(site));
        // At the very first point no handler stands yet, and the signal simply ends the process.
        sleep(took * point / POINTS);
        let asked = Instant::now();
        send(&child, Signal::TERM);
        let (code, said) = end(child);
        assert!(
            asked.elapsed() < GRACE,
            "it took {:?} to stop at point {point}",
            asked.elapsed()
        );
        let there = check_whole_or_absent(site, point);
        let interrupted = code == Some(i32::from(Exit::Interrupted.code()));
        assert!(
            interrupted || code == Some(0) || (point == 0 && code.is_none()),
            "point {point}: {code:?}\n{said}"
        );
        assert!(
            !(interrupted && there && !said.contains(r#""stage":"publish","seconds"#)),
            "published after the signal\n{said}"
        );
        if interrupted {
            assert!(
                said.contains(r#""event":"finished","code":75"#) && said.contains(r#""report":"#),
                "no report\n{said}"
            );
        }
        site.sandbox.assert_clean();
        codes.push(code);
    }
    let interrupted = codes
        .iter()
        .filter(|code| **code == Some(i32::from(Exit::Interrupted.code())))
        .count();
    assert!(interrupted >= 10, "hardly any point hit the job: {codes:?}");
}

#[track_caller]
fn killed(site: &Site) {
    let took = whole(site);
    site.place(SHORT, "small.mp4");
    for point in 0..POINTS {
        remove_output(site);
        let child = site.sandbox.start_worker(words(site));
        sleep(took * point / POINTS);
        send(&child, Signal::KILL);
        end(child);
        until("ffmpeg dies with its worker", || {
            site.sandbox.processes().is_empty()
        });
        check_whole_or_absent(site, point);
        site.job("-i @small.mp4 -c copy @next.mp4").ok();
        site.sandbox.assert_clean();
    }
}

#[test]
fn sigterm_with_files_on_disk() {
    terminated(&Site::local());
}

#[test]
fn sigterm_with_files_in_s3() {
    terminated(&Site::s3());
}

#[test]
fn sigkill_with_files_on_disk() {
    killed(&Site::local());
}

#[test]
fn sigkill_with_files_in_s3() {
    killed(&Site::s3());
}

#[test]
fn ctrl_c_stops_the_job_and_not_ffmpeg_alone() {
    let site = Site::local();
    site.place(LONG, "in.mp4");
    let mut command = site.sandbox.command(&ffbatch_tests::tools::ffbatch());
    command.args([
        "run", "--", "ffmpeg", "-i", "in.mp4", "-c:v", "libx264", "-preset", "veryslow", "out.mp4",
    ]);
    let mut child = command
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("ffbatch starts");
    let encodes = |line: &String| line.contains("veryslow") && !line.contains("ffbatch");
    until("ffmpeg encodes", || {
        site.sandbox.processes().iter().any(encodes)
    });
    send(&child, Signal::INT);
    let code = child.wait().expect("it can be waited for").code();
    assert_eq!(code, Some(i32::from(Exit::Interrupted.code())));
    site.assert_names(["in.mp4"]);
    site.sandbox.assert_clean();
}
