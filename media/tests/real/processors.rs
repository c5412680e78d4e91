//! An ffmpeg that is to count fewer processors than there are: what it counts, and what it may use afterwards.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use ffbatch_media::processors::{Narrow, usable};

use crate::setup::{Room, go};

/// The longest that a condition is waited for.
const LIMIT: Duration = Duration::from_secs(20);

/// The number of threads that x264 wrote into a file: `threads=3` among its settings, which stand in the bitstream.
#[track_caller]
fn x264_threads(room: &Room, processors: Option<usize>) -> usize {
    let mut run = room
        .run("-f lavfi -i testsrc2=s=640x360:r=25:d=0.4 -c:v libx264 -preset ultrafast JOB/o.mkv");
    run.policy.processors = processors;
    let (finished, _) = go(&run);
    let finished = finished.expect("ffmpeg starts");
    assert!(finished.exit.success(), "{finished:?}");
    let narrow = processors.map(|_| Narrow::Ended);
    assert_eq!(finished.narrow, narrow, "it ends before it is released");
    let bytes = fs::read(room.mine("o.mkv")).expect("it was written");
    let text = String::from_utf8_lossy(&bytes);
    let (_, rest) = text
        .split_once(" threads=")
        .expect("x264 says its settings");
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().expect("a number")
}

/// Skipped where there is nothing to narrow.
fn several() -> bool {
    let several = usable() > Some(1);
    if !several {
        eprintln!("SKIPPED: there is one processor, which no ffmpeg can count wrongly");
    }
    several
}

#[test]
fn an_encoder_starts_the_threads_of_the_processors_that_were_given() {
    if !several() {
        return;
    }
    let room = Room::new();
    assert_eq!(x264_threads(&room, Some(1)), 1);
    // x264 takes three threads for two processors (`x264_encoder_open`: 3/2 of the count).
    let all = usable().expect("Linux tells") * 3 / 2;
    assert_eq!(x264_threads(&room, None), all.min(128));
}

/// The processors that each thread of an ffmpeg may use, as the kernel lists them; empty where it does not run.
fn allowed(room: &Room) -> BTreeSet<String> {
    let entries = fs::read_dir("/proc").expect("Linux has /proc");
    let ours = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .find(|process| {
            let words = fs::read(process.join("cmdline")).unwrap_or_default();
            let words = String::from_utf8_lossy(&words).into_owned();
            words.contains(&room.mine("")) && words.contains("\0-progress\0")
        });
    let tasks = ours.and_then(|process| fs::read_dir(process.join("task")).ok());
    let tasks = tasks.into_iter().flatten().filter_map(Result::ok);
    tasks
        .filter_map(|task| {
            let status = fs::read_to_string(task.path().join("status")).ok()?;
            let line = status
                .lines()
                .find(|line| line.starts_with("Cpus_allowed_list:"))?;
            Some(line.split_whitespace().nth(1)?.to_owned())
        })
        .collect()
}

#[test]
fn it_may_use_all_of_them_once_its_encoder_is_open() {
    if !several() {
        return;
    }
    let room = Room::new();
    let own = fs::read_to_string("/proc/self/status").expect("Linux has it");
    let line = own
        .lines()
        .find(|line| line.starts_with("Cpus_allowed_list:"));
    let own = line
        .and_then(|line| line.split_whitespace().nth(1))
        .expect("it is there");
    let mut run = room.run(
        "-re -f lavfi -i testsrc2=s=320x180:r=25:d=60 -c:v libx264 -preset ultrafast JOB/long.mkv",
    );
    run.policy.processors = Some(1);
    let stop = run.stop.clone();
    std::thread::scope(|scope| {
        let running = scope.spawn(|| go(&run).0.expect("ffmpeg starts").narrow);
        let begin = Instant::now();
        let mut seen = Vec::new();
        while seen.last() != Some(&BTreeSet::from([own.to_owned()])) {
            assert!(begin.elapsed() < LIMIT, "never released: {seen:?}");
            let now = allowed(&room);
            if !now.is_empty() && seen.last() != Some(&now) {
                seen.push(now);
            }
        }
        let first = seen.first().expect("it ran");
        assert!(first.len() == 1 && !first.contains(own), "{seen:?}");
        stop.cancel();
        assert_eq!(running.join().expect("no panic"), Some(Narrow::Released));
    });
}
