//! Measuring inside the process that encodes: the same numbers, the same bytes, and never a harm.

use ffbatch_dispatcher::report::{OutputQuality, Report};
use ffbatch_tests::clip::SHORT;
use ffbatch_tests::sandbox::Sandbox;
use serde_json::json;

const X264: &str = "-an -c:v libx264 -preset veryfast -crf 30 -threads 1";

/// Runs a line that writes `out.EXTENSION`; the report, and the bytes that came out.
#[track_caller]
fn job(when: &str, line: &str) -> (Report, Vec<u8>) {
    let sandbox = Sandbox::with(SHORT, "in.mp4");
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let job = json!({
        "version": 1,
        "commands": [words],
        "quality": ["psnr", "ssim", "vmaf", "xpsnr"],
        "measure": when,
    });
    sandbox
        .worker(["--report", "r.json", "--job", &job.to_string()])
        .ok();
    let read = |name: &str| std::fs::read(sandbox.path(name)).expect("it was written");
    let output = words.last().expect("an output");
    let report = serde_json::from_slice(&read("r.json")).expect("a report");
    let bytes = read(output);
    sandbox.assert_clean();
    (report, bytes)
}

fn outputs(report: &Report) -> Vec<OutputQuality> {
    let quality = report.quality.clone().expect("asked for");
    let mut outputs = quality.outputs;
    for output in &mut outputs {
        // These name the sandbox.
        output.location.clear();
        output.frames_at = None;
    }
    outputs
}

fn afterwards(report: &Report) -> Vec<&String> {
    let notes = report.notes.iter();
    notes.filter(|note| note.contains("afterwards")).collect()
}

/// Inside and after give the same, to the last digit and to the last byte.
#[track_caller]
fn check(line: &str) {
    let ((inside, bytes), (after, expected)) = (job("inside", line), job("after", line));
    assert_eq!(afterwards(&inside), Vec::<&String>::new(), "{line}");
    assert!(bytes == expected, "{line}: the output differs");
    let (inside, after) = (outputs(&inside), outputs(&after));
    assert_eq!(inside, after, "{line}");
    assert_eq!(inside[0].scores.len(), 4, "{line}: {inside:?}");
}

#[test]
fn the_same_numbers_and_the_same_bytes() {
    check(&format!("-i in.mp4 {X264} out.mp4"));
    check(&format!(
        "-i in.mp4 -vf scale=160:-2 -r 12 {X264} -bitexact out.mkv"
    ));
    check(&format!(
        "-ss 0.5 -i in.mp4 -t 1 {X264} -bf 8 -rc-lookahead 60 out.ts"
    ));
    check(
        "-hide_banner -v error -i in.mp4 -c:a copy -c:v libsvtav1 -preset 12 -svtav1-params lp=1 out.mp4",
    );
    check("-i in.mp4 -an -c:v mpeg4 out.avi");
}

/// Where it cannot be tried beforehand the command runs alone, measuring follows, and a note says why.
#[track_caller]
fn check_alone(line: &str, why: &str) {
    let ((inside, bytes), (after, expected)) = (job("inside", line), job("after", line));
    let notes = afterwards(&inside);
    assert!(
        notes.len() == 1 && notes[0].contains(why),
        "{line}: {:?}",
        inside.notes
    );
    assert!(bytes == expected, "{line}: the output differs");
    assert_eq!(outputs(&inside), outputs(&after), "{line}");
}

#[test]
fn what_is_in_doubt_runs_alone() {
    check_alone(
        &format!("-i in.mp4 -filter_complex [0:v]hflip[v] -map [v] {X264} out.mp4"),
        "a filter graph with labels",
    );
    check_alone(
        &format!("-i in.mp4 {X264} first.mp4 {X264} out.mp4"),
        "several outputs",
    );
    check_alone("-i in.mp4 -c copy out.mp4", "not one video stream");
}

/// The encoder leaves frames out. That need not be the fault of what measures, but it could be.
#[test]
fn an_encode_that_measuring_would_break_is_made_again() {
    let starved = "-c:v libvpx -b:v 5k -minrate 5k -maxrate 5k -bufsize 5k -drop-threshold 90 -deadline realtime";
    check_alone(
        &format!("-i in.mp4 -an {starved} -threads 1 -bitexact out.webm"),
        "misaligned: reference has 50 frames, output",
    );
}
