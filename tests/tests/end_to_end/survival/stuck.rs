//! SIGTERM while something around the worker does not answer. AWS Batch waits 30 seconds and then kills the container, report
//! and all; so a worker gives up by itself well before.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::Stdio;
use std::time::Instant;

use ffbatch_dispatcher::event::{Event, Stage};
use ffbatch_dispatcher::exit::Exit;
use ffbatch_tests::clip::{CUT, SHORT};
use ffbatch_tests::sandbox::{Sandbox, until};
use ffbatch_tests::tools;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::running::{PATIENCE, Running, ffmpegs, words};

/// Takes ten seconds.
const SLOW: &str = "--input_file_options -re --input_url in.mp4 --output_url out.mp4";

/// A server that takes connections and says nothing.
fn silent() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    // Connections wait in the kernel's queue, established, as long as the listener lives.
    (listener, format!("http://{address}"))
}

fn use_s3(sandbox: &mut Sandbox, endpoint: &str) {
    sandbox.set("AWS_ENDPOINT_URL", endpoint);
    sandbox.set("AWS_REGION", "us-east-1");
    sandbox.set("AWS_ACCESS_KEY_ID", "test");
    sandbox.set("AWS_SECRET_ACCESS_KEY", "test");
}

fn encodes(event: &Event) -> bool {
    matches!(event, Event::Progress(progress) if progress.stage == Stage::Transcode)
}

#[test]
fn an_ffmpeg_that_does_not_listen_is_killed() {
    let sandbox = Sandbox::with(CUT, "in.mp4");
    let mut running = Running::start(&sandbox, &words(SLOW));
    assert!(running.wait_for(encodes));
    // A stopped process takes no signal but SIGKILL.
    for ffmpeg in ffmpegs(&sandbox) {
        kill_process(ffmpeg, Signal::STOP).expect("it runs");
    }
    let gone = running.end_by(Signal::TERM);
    gone.assert_interrupted();
    assert_eq!(gone.report().exit, Exit::Interrupted);
    assert_eq!(sandbox.files(), ["in.mp4".to_owned()].into());
    sandbox.assert_clean();
}

#[test]
fn a_download_from_a_silent_web_server_is_given_up() {
    let sandbox = Sandbox::new();
    let (_server, url) = silent();
    let mut running = Running::start(
        &sandbox,
        &words(&format!("--input_url {url}/in.mp4 --output_url out.mp4")),
    );
    running.wait_for_stage(Stage::Fetch);
    let gone = running.end_by(Signal::TERM);
    gone.assert_interrupted();
    assert_eq!(gone.report().exit, Exit::Interrupted);
    sandbox.assert_clean();
}

#[test]
fn silent_s3_holds_neither_the_download_nor_the_records() {
    let mut sandbox = Sandbox::new();
    let (_server, url) = silent();
    use_s3(&mut sandbox, &url);
    sandbox.set("S3_BUCKET", "media");
    let file = sandbox.path("report.json");
    let line = format!(
        "--input_url s3://media/in.mp4 --output_url out.mp4 --report {}",
        file.display()
    );
    let mut running = Running::start(&sandbox, &words(&line));
    running.wait_for_stage(Stage::Fetch);
    let gone = running.end_by(Signal::TERM);
    gone.assert_interrupted();
    let report = gone.report();
    assert_eq!(report.exit, Exit::Interrupted);
    assert!(
        report
            .notes
            .iter()
            .any(|note| note.contains("no answer within")),
        "the report does not say that its other copy is missing: {:?}",
        report.notes
    );
    sandbox.assert_clean();
}

#[test]
fn silent_s3_does_not_hold_a_claim() {
    let mut sandbox = Sandbox::with(CUT, "in.mp4");
    let (_server, url) = silent();
    use_s3(&mut sandbox, &url);
    sandbox.set("S3_BUCKET", "media");
    sandbox.set("FFBATCH_SUBMISSION", "s");
    sandbox.set("AWS_BATCH_JOB_ID", "j");
    let mut running = Running::start(&sandbox, &words(SLOW));
    running.wait_for_stage(Stage::Check);
    running.end_by(Signal::TERM).assert_interrupted();
    assert_eq!(sandbox.files(), ["in.mp4".to_owned()].into());
    sandbox.assert_clean();
}

#[test]
fn silent_s3_does_not_hold_the_records_of_an_encode() {
    let mut sandbox = Sandbox::with(CUT, "in.mp4");
    let (_server, url) = silent();
    use_s3(&mut sandbox, &url);
    sandbox.set("S3_BUCKET", "media");
    let file = sandbox.path("report.json");
    let line = format!("{SLOW} --report {}", file.display());
    let mut running = Running::start(&sandbox, &words(&line));
    assert!(running.wait_for(encodes));
    let gone = running.end_by(Signal::TERM);
    gone.assert_interrupted();
    assert_eq!(gone.report().exit, Exit::Interrupted);
    sandbox.assert_clean();
}

#[test]
fn a_job_that_was_done_was_killed_while_silent_s3_held_its_records() {
    let mut sandbox = Sandbox::with(SHORT, "in.mp4");
    let (_server, url) = silent();
    use_s3(&mut sandbox, &url);
    sandbox.set("S3_BUCKET", "media");
    let file = |name: &str| sandbox.path(name).display().to_string();
    let job = json!({
        "version": 1,
        "commands": [["-i", file("in.mp4"), "-c:v", "libx264", "-an", file("out.mp4")]],
        "quality": ["psnr"],
    });
    let flags = ["--job", &job.to_string(), "--report", &file("report.json")];
    let mut running = Running::start(&sandbox, &flags.map(str::to_owned));
    running.wait_for_stage(Stage::Record);
    let gone = running.end_by(Signal::TERM);
    assert_eq!(gone.code, Some(0), "the results are there: {gone:#?}");
    assert!(gone.took < PATIENCE, "it took {:?}", gone.took);
    let report = gone.report();
    assert_eq!(report.exit, Exit::Succeeded);
    let frames = "the values of every frame are not at";
    assert!(
        report.notes.iter().any(|note| note.contains(frames)),
        "{:?}",
        report.notes
    );
    sandbox.assert_clean();
}

#[test]
fn unreachable_s3_does_not_hold_the_records() {
    let mut sandbox = Sandbox::with(CUT, "in.mp4");
    let (server, url) = silent();
    // Nobody listens there any more: connections are refused.
    drop(server);
    use_s3(&mut sandbox, &url);
    sandbox.set("S3_BUCKET", "media");
    let mut running = Running::start(&sandbox, &words(SLOW));
    assert!(running.wait_for(encodes));
    running.end_by(Signal::TERM).assert_interrupted();
    assert_eq!(sandbox.files(), ["in.mp4".to_owned()].into());
    sandbox.assert_clean();
}

#[test]
fn a_reader_that_does_not_read_holds_nothing() {
    let sandbox = Sandbox::with(CUT, "in.mp4");
    let line = "--global_options -loglevel\u{a0}trace --input_url in.mp4 --output_url out.mp4 --input_file_options -re";
    let words = words(line)
        .into_iter()
        .map(|word| word.replace('\u{a0}', " "));
    let mut worker = sandbox
        .command(&tools::worker())
        .args(words)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the worker starts");
    until("ffmpeg runs", || !ffmpegs(&sandbox).is_empty());
    // ffmpeg says more than the pipe holds, and nobody reads: the pipe is full when no more goes in. (Pages that are not filled
    // to their end take a part of its 64 KiB.)
    let log = worker.stderr.take().expect("it was piped");
    let mut held = 0;
    until("the pipe is full", || {
        let now = rustix::io::ioctl_fionread(&log).expect("a pipe tells");
        let full = now == held && now > 50_000;
        held = now;
        full
    });
    let asked = Instant::now();
    kill_process(Pid::from_child(&worker), Signal::TERM).expect("it runs");
    let mut code = None;
    until("the worker ends", || {
        code = worker.try_wait().expect("it can be waited for");
        code.is_some()
    });
    assert!(asked.elapsed() < PATIENCE, "it took {:?}", asked.elapsed());
    assert_eq!(
        code.and_then(|status| status.code()),
        Some(i32::from(Exit::Interrupted.code()))
    );
    drop(log);
    sandbox.assert_clean();
}

#[test]
fn a_reader_that_goes_away_ends_no_job() {
    let sandbox = Sandbox::with(SHORT, "in.mp4");
    let mut worker = sandbox
        .command(&tools::worker())
        .args(words("--input_url in.mp4 --output_url out.mp4"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the worker starts");
    drop(worker.stderr.take());
    let mut first = String::new();
    BufReader::new(worker.stdout.take().expect("it was piped"))
        .read_line(&mut first)
        .expect("events are UTF-8");
    assert!(first.contains("hello"), "{first}");
    let code = worker.wait().expect("it can be waited for").code();
    assert_eq!(code, Some(0));
    assert!(File::open(sandbox.path("out.mp4")).is_ok());
    sandbox.assert_clean();
}
