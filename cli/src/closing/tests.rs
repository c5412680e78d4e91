//! The closing tables as people see them.

use std::path::Path;

use ffbatch_dispatcher::event::Stage;
use ffbatch_dispatcher::report::{FileReport, Report};
use insta::assert_snapshot;
use serde_json::json;

use super::*;

/// Somebody who sits in `/home/ann`, with so many columns.
fn view(width: Option<u16>) -> View<'static> {
    View {
        directory: Path::new("/home/ann"),
        width,
    }
}

/// A report of a job that succeeded, with these files published.
fn report(outputs: &[(&str, u64)]) -> Report {
    let outputs: Vec<_> = outputs
        .iter()
        .map(|(location, bytes)| json!({ "location": location, "bytes": bytes }))
        .collect();
    let moment = "2026-11-23T10:00:00Z";
    let command = json!({
        "command": ["-i", "in.mp4", "out.mp4"], "argv": ["ffmpeg", "-i", "in.mp4", "out.mp4"],
        "exit_code": 0, "seconds": 62.5, "frames": 14_315, "speed": 9.153, "out_time_secs": 572.0,
    });
    serde_json::from_value(json!({
        "version": 1, "job_id": "id", "name": "", "attempt": 1, "exit": "succeeded", "started": moment, "finished": moment,
        "commands": [command],
        "stages": [
            { "stage": "check", "seconds": 0.001 },
            { "stage": "fetch", "seconds": 0.002, "bytes": 0 },
            { "stage": "transcode", "seconds": 62.6 },
            { "stage": "publish", "seconds": 12.34, "bytes": 31_457_280 },
        ],
        "inputs": [], "outputs": outputs,
        "machine": { "architecture": "x86_64", "cpus": 2 },
    }))
    .expect("a report")
}

#[test]
fn one_output_below_the_current_directory() {
    let report = report(&[("/home/ann/out/clip.mp4", 31_457_280)]);
    assert_snapshot!(table(&report, view(None)), @r"
    STAGE        TIME
    check      0.00 s
    fetch      0.00 s
    transcode    1:03  14,315 frames, 9.15x
    publish    12.3 s  30.00 MiB

    OUTPUT             SIZE   BITRATE
    out/clip.mp4  30.00 MiB  440 kb/s
    ");
}

#[test]
fn two_thousand_outputs_end_with_the_playlist() {
    let mut report = report(&[]);
    let part = |n: usize| FileReport {
        location: format!("s3://media/hls/part{n:04}.ts"),
        bytes: Some(200_000),
        ..FileReport::default()
    };
    report.outputs = (0..1999).map(part).collect();
    report.outputs.push(FileReport {
        location: "s3://media/hls/index.m3u8".to_owned(),
        ..part(0)
    });
    assert_snapshot!(table(&report, view(None)), @r"
    STAGE        TIME
    check      0.00 s
    fetch      0.00 s
    transcode    1:03  14,315 frames, 9.15x
    publish    12.3 s  30.00 MiB

    OUTPUT                            SIZE
    s3://media/hls/part0000.ts  195.31 KiB
    s3://media/hls/part0001.ts  195.31 KiB
    s3://media/hls/part0002.ts  195.31 KiB
    s3://media/hls/part0003.ts  195.31 KiB
    s3://media/hls/part0004.ts  195.31 KiB
    s3://media/hls/part0005.ts  195.31 KiB
    s3://media/hls/part0006.ts  195.31 KiB
    ... and 1,992 more          379.94 MiB
    s3://media/hls/index.m3u8   195.31 KiB
    ");
}

#[test]
fn nine_outputs_are_all_listed() {
    let names: Vec<String> = (1..=9).map(|n| format!("/home/ann/{n}.png")).collect();
    let outputs: Vec<(&str, u64)> = names.iter().map(|name| (name.as_str(), 512)).collect();
    let drawn = table(&report(&outputs), view(None));
    assert!(
        drawn.contains("\n9.png") && !drawn.contains("more"),
        "{drawn}"
    );
}

#[test]
fn a_long_key_is_cut_in_its_middle_for_a_terminal_only() {
    let key = format!("s3://media/{}/clip.mp4", "films/".repeat(40));
    let report = report(&[(&key, 31_457_280)]);
    assert!(table(&report, view(None)).contains(&key));
    assert_snapshot!(outputs(&report, view(Some(60))).expect("an output"), @r"
    OUTPUT                                 SIZE   BITRATE
    s3://media…films/films//clip.mp4  30.00 MiB  440 kb/s
    ");
}

#[test]
fn two_passes_stand_below_their_stage() {
    let mut report = report(&[("/home/ann/out.mp4", 1_048_576)]);
    report.commands.push(report.commands[0].clone());
    report.commands[0].frames = None;
    assert_snapshot!(stages(&report), @r"
    STAGE          TIME
    check        0.00 s
    fetch        0.00 s
    transcode      1:03
      command 1    1:03  9.15x
      command 2    1:03  14,315 frames, 9.15x
    publish      12.3 s  30.00 MiB
    ");
}

fn scores(report: &Report) -> String {
    quality::said(report.quality.as_ref().expect("asked for"), view(None))
}

#[test]
fn scores_and_why_one_is_missing() {
    let mut report = report(&[]);
    report.quality = serde_json::from_value(json!({
        "asked": ["psnr", "ssim", "vmaf"],
        "outputs": [{
            "location": "/out.mp4",
            "domain": "1280x720 yuv420p tv",
            "scores": [
                { "metric": "psnr", "unit": "dB", "frames": 1320, "mean": 41.2345, "min": 30.0, "p5": 33.333, "max": "inf" },
                { "metric": "ssim", "frames": 1320, "mean": 0.987_65, "min": 0.9, "p5": 0.95, "max": 1.0 },
            ],
            "refused": { "vmaf": "this ffmpeg has no filter `libvmaf` (use a build that has it)" },
        }],
    }))
    .expect("a quality report");
    assert_snapshot!(scores(&report), @r"
    METRIC       MEAN     MIN      P5     MAX  FRAMES
    psnr (dB)   41.23   30.00   33.33     inf   1,320
    ssim       0.9877  0.9000  0.9500  1.0000   1,320
    compared at 1280x720 yuv420p tv
    vmaf: not measured: this ffmpeg has no filter `libvmaf` (use a build that has it)
    ");
}

#[test]
fn a_model_and_what_must_be_known() {
    let mut report = report(&[]);
    report.quality = serde_json::from_value(json!({
        "asked": ["ssim", "vmaf"],
        "outputs": [{ "location": "/out.mp4", "scores": [
            { "metric": "ssim", "frames": 48, "mean": 0.987_65, "min": 0.9, "p5": 0.95, "max": 1.0 },
            {
                "metric": "vmaf", "model": "vmaf_v0.6.1", "version": "3.2.0", "frames": 48, "mean": 91.234, "harmonic_mean": 91.01,
                "min": 80.0, "p5": 83.5, "max": 100.0, "notes": ["no public HDR model"]
            },
        ]}],
    }))
    .expect("a quality report");
    assert_snapshot!(scores(&report), @r"
    METRIC    MEAN  HARMONIC     MIN      P5     MAX  FRAMES  MODEL
    ssim    0.9877            0.9000  0.9500  1.0000      48
    vmaf     91.23     91.01   80.00   83.50  100.00      48  vmaf_v0.6.1
    vmaf: no public HDR model
    ");
}

#[test]
fn several_outputs() {
    let mut report = report(&[]);
    report.quality = serde_json::from_value(json!({
        "asked": ["vmaf"],
        "outputs": [
            { "location": "/a.mp4", "scores": [
                { "metric": "vmaf", "frames": 48, "mean": 91.234, "min": 80.0, "p5": 85.0, "max": 100.0 },
            ]},
            { "location": "/b.mkv", "copy": "copied" },
            { "location": "/b.mkv", "stream": 1, "copy": "not-a-copy" },
            { "location": "/c.m4a", "refused": { "*": "there is no video to compare" } },
        ],
    }))
    .expect("a quality report");
    assert_snapshot!(scores(&report), @r"
    /a.mp4
    METRIC   MEAN    MIN     P5     MAX  FRAMES
    vmaf    91.23  80.00  85.00  100.00      48

    /b.mkv
    quality: nothing to score: the video is a copy of the source, packet for packet

    /b.mkv (video stream 1)
    quality: NOT A COPY: the video was to be copied, but its packets are not a run of the source's

    /c.m4a
    quality: not measured: there is no video to compare
    ");
}

#[test]
fn a_stage_that_failed_says_so() {
    let mut report = report(&[]);
    report.stages.truncate(3);
    report.stages[2].error = Some("ffmpeg failed".to_owned());
    let drawn = stages(&report);
    assert!(drawn.ends_with("failed"), "{drawn}");
    report.exit = Exit::Interrupted;
    let drawn = stages(&report);
    assert!(drawn.ends_with("stopped"), "{drawn}");
    assert!(report.stage(Stage::Publish).is_none());
}

#[test]
fn speeds_have_the_digits_that_matter() {
    assert_eq!([0.987, 24.13, 131.7].map(times), ["0.99x", "24.1x", "132x"]);
}
