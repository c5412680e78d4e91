//! `ffbatch quality`: two videos that exist already, compared frame by frame, or refused with a sentence.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use ffbatch_dispatcher::exit::Exit;
use ffbatch_tests::clip::{LONG, OTHER, SHORT, TONE};
use ffbatch_tests::ended::Ended;
use ffbatch_tests::sandbox::{Sandbox, until};
use ffbatch_tests::tools;
use ffbatch_tests::unshared::unshared;
use serde_json::Value;

/// Encodes that differ from their source where one looks.
const ENCODE: &str = "-an -c:v libx264 -preset veryfast -crf 34";

/// A sandbox with `in.mp4`, of 50 frames.
fn sandbox() -> Sandbox {
    Sandbox::with(SHORT, "in.mp4")
}

/// Runs ffmpeg as it is.
#[track_caller]
fn ffmpeg(sandbox: &Sandbox, line: &str) {
    let mut command = sandbox.command(&tools::ffmpeg());
    command.args(["-nostdin", "-y", "-v", "error"]);
    sandbox.end(command.args(line.split_whitespace())).ok();
}

#[track_caller]
fn quality(sandbox: &Sandbox, line: &str) -> Ended {
    let ended = sandbox.ffbatch(["quality"].into_iter().chain(line.split_whitespace()));
    sandbox.assert_clean();
    ended
}

#[track_caller]
fn json(sandbox: &Sandbox, line: &str) -> Value {
    let ended = quality(sandbox, &format!("{line} --json"));
    let object = serde_json::from_str(&ended.ok().stdout);
    object.unwrap_or_else(|error| panic!("{error}\n{ended}"))
}

fn mean(object: &Value, metric: &str) -> f64 {
    let scores = object["scores"].as_array().expect("a list");
    let score = scores.iter().find(|score| score["metric"] == metric);
    score.expect("a score")["mean"].as_f64().expect("a number")
}

#[test]
fn a_table_for_people() {
    let sandbox = sandbox();
    ffmpeg(&sandbox, &format!("-i in.mp4 {ENCODE} -threads 1 out.mp4"));
    let shown = quality(&sandbox, "in.mp4 out.mp4").ok().stdout.clone();
    let words: Vec<Vec<&str>> = shown
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(words[0][..2], ["METRIC", "MEAN"], "{shown}");
    assert_eq!(
        [words[1][0], words[2][0], words[3][0]],
        ["psnr", "ssim", "vmaf"],
        "{shown}"
    );
    assert_eq!(words[3].last(), Some(&"vmaf_v0.6.1"), "{shown}");
    assert_eq!(shown.lines().last(), Some("compared at 320x180 yuv420p tv"));
}

/// The container's clock must not matter: the frames are the same.
#[test]
fn a_container_changes_no_score() {
    let sandbox = sandbox();
    ffmpeg(&sandbox, &format!("-i in.mp4 {ENCODE} out.mp4"));
    ffmpeg(&sandbox, "-i out.mp4 -c copy out.mkv");
    ffmpeg(&sandbox, "-i out.mp4 -c copy out.ts");
    let scores = |name: &str| json(&sandbox, &format!("in.mp4 {name}"))["scores"].clone();
    let first = scores("out.mp4");
    assert_eq!(first.as_array().map(Vec::len), Some(3));
    assert_eq!(scores("out.mkv"), first);
    assert_eq!(scores("out.ts"), first);
}

#[test]
fn json_for_programs() {
    let sandbox = sandbox();
    ffmpeg(&sandbox, &format!("-i in.mp4 {ENCODE} out.mp4"));
    let object = json(
        &sandbox,
        "in.mp4 out.mp4 --metrics psnr,vmaf,psnr --vmaf-model neg --frames frames.json",
    );
    assert_eq!(object["frames"], 50);
    assert_eq!(object["domain"], "320x180 yuv420p tv");
    assert_eq!(
        (&object["exit"], &object["code"]),
        (&"succeeded".into(), &0.into())
    );
    assert_eq!(
        (&object["error"], &object["offset"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(object["scores"].as_array().map(Vec::len), Some(2));
    assert_eq!(object["scores"][1]["model"], "vmaf_v0.6.1neg");

    let frames = std::fs::read(sandbox.path("frames.json")).expect("it was asked for");
    let frames: Value = serde_json::from_slice(&frames).expect("JSON");
    assert_eq!(frames["vmaf"].as_array().map(Vec::len), Some(50));
    assert_eq!(frames["psnr"][49]["n"], 50);
    assert_eq!(frames["scores"], object["scores"]);
    assert_eq!(frames["AWS_BATCH_JOB_ID"], "local");
}

#[test]
fn a_line_of_csv_for_each_frame() {
    let sandbox = sandbox();
    ffmpeg(&sandbox, &format!("-i in.mp4 {ENCODE} out.mp4"));
    let csv = quality(&sandbox, "in.mp4 out.mp4 --metrics psnr,ssim --csv")
        .ok()
        .stdout
        .clone();
    let lines: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(lines.len(), 51);
    assert_eq!(lines[0][0], "n");
    assert_eq!(lines[0].last(), Some(&"ssim_y"));
    assert!(lines[0].contains(&"psnr_avg") && lines[0].contains(&"ssim_avg"));
    for (number, line) in lines.iter().enumerate().skip(1) {
        assert_eq!(line[0], number.to_string());
        assert!(
            line.len() == lines[0].len() && line.iter().all(|value| value.parse::<f64>().is_ok()),
            "{line:?}"
        );
    }
    // What is identical is infinite.
    let same = quality(&sandbox, "in.mp4 in.mp4 --metrics psnr --csv")
        .ok()
        .stdout
        .clone();
    assert!(
        same.lines()
            .nth(1)
            .is_some_and(|line| line.ends_with(",inf")),
        "{same}"
    );
}

/// Frames in front and behind, missing on either side: the score is that of the frames that both have.
#[test]
fn an_offset_is_found_and_said() {
    let sandbox = sandbox();
    ffmpeg(
        &sandbox,
        &format!("-i in.mp4 -vf trim=start_frame=12 {ENCODE} late.mkv"),
    );
    ffmpeg(
        &sandbox,
        &format!("-i in.mp4 -vf trim=start_frame=5:end_frame=45 {ENCODE} middle.mkv"),
    );
    ffmpeg(
        &sandbox,
        "-i in.mp4 -an -vf trim=start_frame=12 -c:v ffv1 cut.mkv",
    );
    let found = |line: &str, longer: &str, start: usize, frames: usize| {
        let object = json(&sandbox, &format!("{line} --metrics psnr,ssim"));
        let offset = serde_json::json!({ "longer": longer, "start": start, "frames": 50 });
        assert_eq!(
            (&object["offset"], &object["frames"]),
            (&offset, &frames.into()),
            "{object:#}"
        );
        object
    };
    let late = found("in.mp4 late.mkv", "reference", 12, 38);
    let (truth, got) = (json(&sandbox, "cut.mkv late.mkv"), mean(&late, "psnr"));
    assert!((got - mean(&truth, "psnr")).abs() < 1e-9, "{late:#}");
    assert!(
        late["notes"][0]
            .as_str()
            .is_some_and(|note| note.ends_with("after the reference; 38 of 50 compared"))
    );
    found("late.mkv in.mp4", "distorted", 12, 38);
    found("in.mp4 middle.mkv", "reference", 5, 40);
    // Its end alone is missing.
    ffmpeg(
        &sandbox,
        &format!("-i in.mp4 -frames:v 49 {ENCODE} short.mkv"),
    );
    found("in.mp4 short.mkv", "reference", 0, 49);
}

#[track_caller]
fn check_refusal(make: &str, said: &str) {
    let sandbox = sandbox();
    ffmpeg(&sandbox, &format!("{make} out.mkv"));
    let ended = quality(&sandbox, "in.mp4 out.mkv");
    ended.fails(Exit::Rejected, said);
    assert_eq!(
        (ended.stdout.as_str(), ended.stderr.lines().count()),
        ("", 1),
        "{ended}"
    );
}

#[test]
fn what_is_not_certain_has_no_number() {
    let missing = "not aligned: the reference has 50 frames, the distorted video 49, and around frame 31 of the shorter one frames are missing";
    check_refusal(
        &format!("-i in.mp4 -vf select='not(eq(n,30))' -fps_mode passthrough {ENCODE}"),
        missing,
    );
    check_refusal(
        &format!("-i in.mp4 -r 12 {ENCODE}"),
        "not aligned: the reference has 50 frames",
    );
    let other =
        "-f lavfi -i mandelbrot=s=320x180:r=25 -t 1 -c:v libx264 -preset veryfast -pix_fmt yuv420p";
    check_refusal(other, "shows nothing that is in the longer one");
    check_refusal(
        &format!("-i in.mp4 -s 160x90 {ENCODE}"),
        "the reference is 320x180, the output 160x90",
    );
}

#[test]
fn what_stands_still_has_no_offset() {
    let sandbox = Sandbox::new();
    for (name, seconds) in [("a.mkv", 2), ("b.mkv", 1)] {
        ffmpeg(
            &sandbox,
            &format!("-f lavfi -i smptebars=s=320x180:r=25:d={seconds} -c:v libx264 {name}"),
        );
    }
    quality(&sandbox, "a.mkv b.mkv").fails(Exit::Rejected, "change too little");
}

#[test]
fn files_that_cannot_be_compared() {
    let sandbox = sandbox();
    sandbox.place(OTHER, "other.mp4");
    sandbox.place(TONE, "tone.wav");
    sandbox.write("text.mp4", "no media");
    sandbox.write("bad.json", "{");
    let said = |line: &str| quality(&sandbox, line).said();
    insta::assert_snapshot!(said("gone.mp4 in.mp4"), @"3: `gone.mp4` cannot be read: No such file or directory (os error 2)");
    insta::assert_snapshot!(said("in.mp4 text.mp4"), @"3: `[sandbox]/files/text.mp4` cannot be read as media: Error opening input: Invalid data found when processing input (`[sandbox]/files/text.mp4`)");
    insta::assert_snapshot!(said("in.mp4 tone.wav"), @"2: not comparable: `[sandbox]/files/tone.wav` has no video");
    insta::assert_snapshot!(said("in.mp4 other.mp4"), @"2: not comparable: the reference is 320x180, the output 160x90");
    insta::assert_snapshot!(said("in.mp4 s3://bucket/out.mp4"), @"2: `s3://bucket/out.mp4` is not on this machine (copy it here first: only files are compared)");
    insta::assert_snapshot!(said("in.mp4 in.mp4 --metrics beauty"), @"2: unknown metric `beauty` (known: psnr, ssim, vmaf, xpsnr)");
    insta::assert_snapshot!(said("in.mp4 in.mp4 --vmaf-model gone.json"), @"3: `gone.json` cannot be read: No such file or directory (os error 2)");
    insta::assert_snapshot!(said("in.mp4 in.mp4 --plot in.mp4"), @"2: `in.mp4` is no picture that can be drawn (name it .svg or .png)");
    insta::assert_snapshot!(said("in.mp4 in.mp4 --frames in.mp4"), @"2: `in.mp4` is one of the two videos (name another file)");
    insta::assert_snapshot!(said("in.mp4 in.mp4 --frames gone/f.json"), @"5: `gone/f.json` cannot be written: No such file or directory (os error 2)");
    let bad = quality(
        &sandbox,
        "in.mp4 in.mp4 --metrics psnr,vmaf --vmaf-model bad.json",
    );
    assert_eq!(bad.code, Some(i32::from(Exit::Rejected.code())), "{bad}");
    assert!(
        bad.stdout.contains("psnr (dB)") && bad.stdout.contains("vmaf: not measured:"),
        "{bad}"
    );
}

/// A file that ends in the middle is compared as far as it goes, and both are said: how far, and what ffmpeg thought of it.
#[test]
fn a_truncated_file_is_compared_as_far_as_it_goes() {
    let sandbox = sandbox();
    ffmpeg(&sandbox, &format!("-i in.mp4 {ENCODE} -g 10 out.mkv"));
    let bytes = std::fs::read(sandbox.path("out.mkv")).expect("it was made");
    sandbox.write("out.mkv", &bytes[..bytes.len() * 2 / 3]);
    let shown = quality(&sandbox, "in.mp4 out.mkv --metrics psnr")
        .ok()
        .stdout
        .clone();
    assert!(
        shown.contains("begins with the reference and ends before it"),
        "{shown}"
    );
    sandbox.write(
        "half.mp4",
        &std::fs::read(sandbox.path("in.mp4")).expect("it is there")[..4000],
    );
    quality(&sandbox, "in.mp4 half.mp4").fails(Exit::Input, "cannot be read as media");
}

#[test]
fn pictures_of_every_frame() {
    let sandbox = sandbox();
    ffmpeg(&sandbox, &format!("-i in.mp4 {ENCODE} out.mp4"));
    quality(&sandbox, "in.mp4 out.mp4 --plot curves.svg").ok();
    let svg = std::fs::read_to_string(sandbox.path("curves.svg")).expect("it was drawn");
    let tree = roxmltree::Document::parse(&svg).expect("XML");
    let named = |name: &'static str| {
        tree.descendants()
            .filter(move |node| node.has_tag_name(name))
    };
    let curves: Vec<usize> = named("polyline")
        .map(|curve| {
            curve
                .attribute("points")
                .unwrap_or_default()
                .split(' ')
                .count()
        })
        .collect();
    assert_eq!(curves, [50, 50, 50]);
    let texts: Vec<&str> = named("text").filter_map(|node| node.text()).collect();
    for expected in [
        "out.mp4 against in.mp4",
        "compared at 320x180 yuv420p tv",
        "PSNR (dB)",
        "SSIM",
        "VMAF",
        "frame",
    ] {
        assert!(texts.contains(&expected), "{texts:?}");
    }

    quality(
        &sandbox,
        "in.mp4 out.mp4 --metrics psnr,ssim --plot curves.png",
    )
    .ok();
    let mut command = sandbox.command(&tools::ffmpeg());
    command.args([
        "-v",
        "error",
        "-i",
        "curves.png",
        "-f",
        "rawvideo",
        "-pix_fmt",
        "gray",
        "-",
    ]);
    let pixels = command.output().expect("ffmpeg starts").stdout;
    assert_eq!(pixels.len(), 2400 * 1216);
    let dark = pixels.iter().filter(|pixel| **pixel < 128).count();
    assert!((10_000..500_000).contains(&dark), "{dark} dark pixels");
}

/// The pair that the VMAF project publishes, with the score that libvmaf's own tests expect.
#[test]
fn a_published_score() {
    let data = tools::repository().join("../shared/data");
    let [reference, distorted] =
        ["00", "01"].map(|number| data.join(format!("src01_hrc{number}_576x324.yuv420p10le.yuv")));
    if !(reference.is_file() && distorted.is_file()) {
        eprintln!(
            "SKIPPED: {} holds no published pair, so that no published score is checked",
            data.display()
        );
        return;
    }
    let sandbox = Sandbox::new();
    let raw = "-f rawvideo -s 576x324 -pix_fmt yuv420p10le";
    let words = [Path::new("quality"), &reference, &distorted].map(Path::as_os_str);
    let measured = |options: &[&str]| {
        let words = words.into_iter().chain(options.iter().map(AsRef::as_ref));
        let ended = sandbox.ffbatch(words.chain(["--json".as_ref()]));
        let object: Value = serde_json::from_str(&ended.ok().stdout).expect("JSON");
        mean(&object, "vmaf")
    };
    let both = measured(&["--options", raw]);
    assert!((both - 82.564_22).abs() < 1e-4, "{both}");
    let each = ["--reference-options", raw, "--distorted-options", raw];
    assert_eq!(measured(&each).to_bits(), both.to_bits());
}

#[test]
fn whoever_interrupts_gets_nothing_half_done() {
    let sandbox = Sandbox::with(LONG, "in.mp4");
    let mut command = sandbox.command(&tools::ffbatch());
    command.args([
        "quality",
        "in.mp4",
        "in.mp4",
        "--frames",
        "frames.json",
        "--plot",
        "plot.svg",
    ]);
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    until("the comparison runs", || {
        sandbox
            .processes()
            .iter()
            .any(|line| line.contains("libvmaf"))
    });
    std::thread::sleep(Duration::from_millis(50));
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("it runs");
    let ended = Ended::of(
        &child.wait_with_output().expect("it ends"),
        &sandbox.directory("").to_string_lossy(),
    );
    ended.fails(Exit::Interrupted, "the comparison was stopped");
    sandbox.assert_clean();
    assert_eq!(sandbox.files().into_iter().collect::<Vec<_>>(), ["in.mp4"]);
}

#[test]
fn a_full_disk_leaves_no_half_a_file() {
    let sandbox = sandbox();
    let line = "mkdir -p small; mount -t tmpfs -o size=8k small small; code=0; \
        \"$0\" quality in.mp4 in.mp4 --frames small/f.json FLAG || code=$?; ls -A small >&2; exit $code";
    let Some(ended) = unshared(&sandbox, &["-rm"], &line.replace("FLAG", "")) else {
        return;
    };
    let said = "`small/f.json` cannot be written: No space left on device";
    ended.fails(Exit::Output, said);
    // What took long to find out is not lost.
    assert!(ended.stdout.contains("psnr (dB)"), "{ended}");
    assert!(
        !ended
            .stderr
            .lines()
            .any(|line| line.contains(".ffbatch") || line == "f.json"),
        "{ended}"
    );
    let ended = unshared(&sandbox, &["-rm"], &line.replace("FLAG", "--json"));
    let ended = ended.expect("it worked before");
    ended.fails(Exit::Output, said);
    let object: Value = serde_json::from_str(&ended.stdout).expect("one object");
    assert_eq!(
        object["scores"].as_array().map(Vec::len),
        Some(3),
        "{ended}"
    );
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let sandbox = sandbox();
    let mut command = sandbox.command("sh".as_ref());
    command.args([
        "-c",
        "\"$0\" quality in.mp4 in.mp4 --metrics psnr --csv | head -1",
    ]);
    let ended = sandbox.end(command.arg(tools::ffbatch()));
    assert_eq!(ended.ok().stdout.lines().count(), 1);
    assert_eq!(ended.stderr, "compared at 320x180 yuv420p tv\n");
}
