//! Reports and segment documents as a whole: what stands in them however a job ended, and where they go.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::report::Report;
use ffbatch_tests::clip::{LONG, SHORT};
use ffbatch_tests::redact::redacted;
use ffbatch_tests::sandbox::{Sandbox, files_below, until};
use ffbatch_tests::tools;
use insta::assert_snapshot;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

const JOB_ID: &str = "0b1e6b1c-3c52-4a5c-9d0e-5f6c2f6b8a11:7";

/// The largest segment document that X-Ray takes (AWS X-Ray Developer Guide, "X-Ray segment documents").
const SEGMENT_LIMIT: usize = 64_000;

/// A room whose jobs look like a child of an array job of AWS Batch.
fn sandbox() -> Sandbox {
    let mut sandbox = Sandbox::with(SHORT, "in.mp4");
    sandbox.set("AWS_BATCH_JOB_ID", JOB_ID);
    sandbox.set("AWS_BATCH_JQ_NAME", "batch-ffmpeg-job-queue-arm");
    sandbox.set("AWS_BATCH_CE_NAME", "arm-1");
    sandbox.set("AWS_EC2_METADATA_DISABLED", "true");
    sandbox
}

/// The text of the only document of a kind that jobs left in the state directory.
#[track_caller]
fn text(sandbox: &Sandbox, kind: &str) -> String {
    let state = sandbox.directory("state");
    let all = files_below(&state);
    let mut of_kind = all
        .iter()
        .filter(|name| name.starts_with(&format!("metrics/{kind}/")));
    let (Some(name), None) = (of_kind.next(), of_kind.next()) else {
        panic!("there should be one document of {kind}: {all:?}")
    };
    fs::read_to_string(state.join(name)).expect("it was just listed")
}

#[track_caller]
fn document(sandbox: &Sandbox, kind: &str) -> Value {
    serde_json::from_str(&text(sandbox, kind)).expect("a document is JSON")
}

#[track_caller]
fn shown(sandbox: &Sandbox, kind: &str) -> String {
    let root = sandbox.directory("");
    let root = root.to_string_lossy();
    redacted(document(sandbox, kind), root.trim_end_matches('/'))
}

fn job(sandbox: &Sandbox, words: &str, quality: &[&str]) -> String {
    let files = sandbox.directory("files");
    let words: Vec<String> = words
        .split(' ')
        .map(|word| word.replace('@', &format!("{}/", files.display())))
        .collect();
    json!({ "version": 1, "name": "clip", "commands": [words], "quality": quality }).to_string()
}

#[test]
fn a_success() {
    let sandbox = sandbox();
    let job = job(&sandbox, "-i @in.mp4 -an -c:v libx264 @out.mp4", &["psnr"]);
    sandbox.worker(["--job", &job]).ok();
    assert_snapshot!("success-report", shown_without_scores(&sandbox, "jobs"));
    assert_snapshot!("success-segment", shown_without_scores(&sandbox, "xray"));
}

/// The scores differ between builds of ffmpeg; that they are there is what matters here.
fn shown_without_scores(sandbox: &Sandbox, kind: &str) -> String {
    let lines = shown(sandbox, kind);
    let hidden = [
        "mean",
        "mean_of_frames",
        "min",
        "p1",
        "p5",
        "p10",
        "median",
        "max",
        "std_dev",
        "n",
        "value",
    ];
    let lines = lines.lines().map(|line| {
        let name = line.trim_start().strip_prefix('"');
        let name = name.and_then(|rest| Some(rest.split_once('"')?.0));
        let score = name.filter(|name| hidden.contains(name));
        score.map_or_else(|| line.to_owned(), |name| format!("[\"{name}\"]"))
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn an_ffmpeg_that_failed() {
    let sandbox = sandbox();
    let ended = sandbox.worker([
        "--input_url",
        "in.mp4",
        "--output_file_options",
        "-c:v nosuchencoder",
        "--output_url",
        "out.mp4",
        "--name",
        "null",
    ]);
    assert_eq!(ended.code, Some(i32::from(Exit::Ffmpeg.code())), "{ended}");
    assert_snapshot!("failed-report", shown(&sandbox, "jobs"));
    assert_snapshot!("failed-segment", shown(&sandbox, "xray"));
}

#[test]
fn a_job_that_was_rejected() {
    let sandbox = sandbox();
    let ended = sandbox.worker([
        "--input_url",
        "in.mp4",
        "--output_file_options",
        "'unbalanced",
        "--output_url",
        "out.mp4",
    ]);
    assert_eq!(
        ended.code,
        Some(i32::from(Exit::Rejected.code())),
        "{ended}"
    );
    assert_snapshot!("rejected-report", shown(&sandbox, "jobs"));
    assert_snapshot!("rejected-segment", shown(&sandbox, "xray"));
}

#[test]
fn a_job_that_was_interrupted() {
    let sandbox = sandbox();
    sandbox.place(LONG, "long.mp4");
    let job = job(&sandbox, "-re -i @long.mp4 -c:v libx264 @out.mp4", &[]);
    let worker = sandbox.start_worker(["--job", &job]);
    until("ffmpeg runs", || {
        sandbox
            .processes()
            .iter()
            .any(|line| line.contains("-nostdin"))
    });
    let pid = i32::try_from(worker.id()).ok().and_then(Pid::from_raw);
    kill_process(pid.expect("a process has an id"), Signal::TERM).expect("it runs");
    let output = worker.wait_with_output().expect("the worker ends");
    assert_eq!(
        output.status.code(),
        Some(i32::from(Exit::Interrupted.code()))
    );
    let (report, segment) = (document(&sandbox, "jobs"), document(&sandbox, "xray"));
    assert_eq!(report["exit"], "interrupted");
    assert_eq!(report["failure"]["stage"], "transcode");
    let stages = segment["subsegments"]
        .as_array()
        .expect("stages were reached");
    let stage = stages
        .iter()
        .find(|stage| stage["name"] == "cmd-execution")
        .expect("it was reached");
    for part in [&segment, stage] {
        assert_eq!(part["fault"], true, "{part:#}");
        assert_eq!(part["cause"]["exceptions"][0]["type"], "Interrupted");
        let message = part["cause"]["exceptions"][0]["message"].as_str();
        assert!(
            message.is_some_and(|text| text.contains("asked to stop")),
            "{part:#}"
        );
    }
    sandbox.assert_clean();
}

#[test]
fn a_segment_of_a_job_with_endless_words_is_cut_to_what_x_ray_takes() {
    let sandbox = sandbox();
    let comment = "ä\u{1}".repeat(12_000);
    let name = "n".repeat(128);
    let job = json!({
        "version": 1, "name": name,
        "commands": [["-i", sandbox.path("in.mp4"), "-c", "copy", "-metadata", format!("comment={comment}"), "-bsf:v", "nosuch", sandbox.path("out.mp4")]],
    });
    let ended = sandbox.worker(["--job", &job.to_string()]);
    assert_eq!(ended.code, Some(i32::from(Exit::Ffmpeg.code())), "{ended}");
    let text = text(&sandbox, "xray");
    assert!(text.len() <= SEGMENT_LIMIT, "{} bytes", text.len());
    let segment: Value = serde_json::from_str(&text).expect("a cut document is JSON");
    assert_eq!(segment["annotations"]["name"].as_str(), Some(&*name));
    let options = segment["annotations"]["output_file_options"]
        .as_str()
        .expect("it was said");
    assert!(
        options.starts_with("-c copy") && options.ends_with('…'),
        "{options}"
    );
    assert!(options.chars().count() <= 1000);
    assert_eq!(segment["fault"], true);
}

#[test]
fn a_report_of_the_first_version_still_reads() {
    let path = tools::repository().join("tests/fixtures/report.v1.json");
    let text = fs::read_to_string(path).expect("the fixture is committed");
    let report: Report = serde_json::from_str(&text).expect("version 1 is read");
    assert_eq!(
        report.key(),
        format!(
            "metrics/jobs/year=2026/month=11/day=23/{}_1.json",
            JOB_ID.replace(':', "-")
        )
    );
    assert_eq!(
        (report.exit, report.stages.len(), report.outputs.len()),
        (Exit::Succeeded, 6, 1)
    );
    let scores = report
        .quality
        .as_ref()
        .map_or(0, |quality| quality.outputs[0].scores.len());
    assert_eq!(scores, 3);
    // Nothing that it said is forgotten, and a field of a later version does not disturb.
    let written: Value = serde_json::from_str(&report.to_json()).expect("a report is JSON");
    let mut read: Value = serde_json::from_str(&text).expect("the fixture is JSON");
    assert_eq!(written, read);
    read["of_the_future"] = json!({ "unknown": true });
    assert_eq!(
        serde_json::from_value::<Report>(read).expect("it is ignored"),
        report
    );
}

#[test]
fn a_report_goes_into_a_directory_that_is_not_there_yet() {
    let sandbox = Sandbox::with(SHORT, "in.mp4");
    sandbox
        .ffbatch("run --report a/b/report.json -- ffmpeg -i in.mp4 -c copy out.mp4".split(' '))
        .ok();
    let text = fs::read_to_string(sandbox.path("a/b/report.json")).expect("it was asked for");
    let report: Report = serde_json::from_str(&text).expect("it is a report");
    assert_eq!(report.exit, Exit::Succeeded);
}

/// A job with a report that cannot be written succeeds and says so.
#[track_caller]
fn check_unwritable(sandbox: &Sandbox, report: &str) {
    let words = [
        "run", "--json", "--report", report, "--", "ffmpeg", "-i", "in.mp4", "-c", "copy",
        "out.mp4",
    ];
    let ended = sandbox.ffbatch(words);
    ended.ok();
    assert!(
        ended.stderr.contains("note: the report is not at"),
        "nobody said it\n{ended}"
    );
    assert_eq!(
        ended.report().exit,
        Exit::Succeeded,
        "the usual place still has it"
    );
}

#[test]
fn a_report_that_cannot_be_written_is_a_note() {
    let sandbox = Sandbox::with(SHORT, "in.mp4");
    sandbox.write("file", "not a directory");
    check_unwritable(&sandbox, "file/report.json");
    check_unwritable(&sandbox, "/proc/report.json");
    fs::create_dir(sandbox.path("closed")).expect("a sandbox is writable");
    fs::set_permissions(sandbox.path("closed"), fs::Permissions::from_mode(0o555))
        .expect("it is ours");
    // Root writes where it may not.
    if !rustix::process::geteuid().is_root() {
        check_unwritable(&sandbox, "closed/report.json");
    }
}

#[test]
fn without_home_and_state_directory_a_worker_says_that_its_report_has_no_place() {
    let sandbox = Sandbox::with(SHORT, "in.mp4");
    let mut command = sandbox.command(&tools::worker());
    command.env_remove("HOME").env_remove("FFBATCH_STATE_DIR");
    let flags = ["--input_url", "in.mp4", "--output_url", "out.mp4"];
    let ended = sandbox.end(command.args(flags));
    ended.ok();
    assert!(ended.stdout.contains("set FFBATCH_STATE_DIR"), "{ended}");
}

#[test]
fn without_a_state_directory_reports_stand_below_home() {
    let sandbox = Sandbox::with(SHORT, "in.mp4");
    let mut command = sandbox.command(&tools::ffbatch());
    command.env_remove("FFBATCH_STATE_DIR");
    sandbox
        .end(command.args("run -- ffmpeg -i in.mp4 -c copy out.mp4".split(' ')))
        .ok();
    let kept = files_below(&sandbox.directory("home"));
    let below = ".local/state/ffbatch/";
    assert!(kept.iter().all(|name| name.starts_with(below)), "{kept:?}");
    let records = kept.iter().filter(|name| name.contains("/metrics/"));
    assert_eq!(records.count(), 2, "{kept:?}");
}
