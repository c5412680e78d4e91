//! What goes wrong, and the one sentence and exit code that say it. The sentences are written out here: this is what people read.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use ffbatch_dispatcher::exit::Exit;
use ffbatch_tests::clip::SHORT;
use ffbatch_tests::ended::Ended;
use ffbatch_tests::moto::Moto;
use ffbatch_tests::sandbox::Sandbox;
use ffbatch_tests::site::Site;

/// No failure may take longer before it is said, network time-outs included.
const LIMIT: Duration = Duration::from_secs(20);

/// The code and the sentence of a job that fails.
#[track_caller]
fn said(ended: &Ended) -> String {
    assert_ne!(ended.code, Some(0), "it should have failed\n{ended}");
    let code = ended.code.expect("no signal ended it");
    assert!(
        Exit::from_code(code).is_some(),
        "{code} is none of the documented codes\n{ended}"
    );
    format!("{code}: {}", ended.error())
}

/// A sandbox with `in.mp4`.
fn sandbox() -> Sandbox {
    Sandbox::with(SHORT, "in.mp4")
}

#[track_caller]
fn local(words: &str) -> String {
    let sandbox = sandbox();
    let ended = sandbox.ffbatch(words.split_ascii_whitespace());
    sandbox.assert_clean();
    assert_eq!(
        sandbox.files().len(),
        1,
        "a failed job left something\n{ended}"
    );
    said(&ended)
}

#[test]
fn wrong_commands() {
    insta::assert_snapshot!(local("run"), @"");
    insta::assert_snapshot!(local("run -- ffmpeg -i in.mp4"), @"");
    insta::assert_snapshot!(local("run -- ffmpeg -c copy out.mp4"), @"");
    insta::assert_snapshot!(local("run -- ffmpeg -i in.mp4 -c copy in.mp4"), @"");
    insta::assert_snapshot!(local("run -- ffmpeg -i in.mp4 -c copy ./in.mp4"), @"");
    insta::assert_snapshot!(local("run -- ffmpeg -i in.mp4 -c copy gopher://x/out.mp4"), @"");
    insta::assert_snapshot!(local("run -- ffmpeg -i in.mp4 -c copy https://example.com/out.mp4"), @"");
    insta::assert_snapshot!(local("run -- ffmpeg -i in.mp4 out.mp4 -c copy"), @"");
    insta::assert_snapshot!(local("run -- ffmpeg -i in.mp4 -c:v"), @"");
    insta::assert_snapshot!(local("run --input_url in.mp4 --output_file_options -vf\u{a0}'scale --output_url out.mp4"), @"");
    insta::assert_snapshot!(local("run --compute mainframe -- ffmpeg -i in.mp4 out.mp4"), @"");
    insta::assert_snapshot!(local("run --quality beauty -- ffmpeg -i in.mp4 out.mp4"), @"");
    insta::assert_snapshot!(local(&format!("run --name {} -- ffmpeg -i in.mp4 out.mp4", "n".repeat(129))), @"");
    insta::assert_snapshot!(local("run --config no.toml -- ffmpeg -i in.mp4 out.mp4"), @"");
}

#[test]
fn wrong_inputs() {
    insta::assert_snapshot!(local("run -- ffmpeg -i no.mp4 out.mp4"), @"");
    insta::assert_snapshot!(local("run -- ffmpeg -i . out.mp4"), @"");
    insta::assert_snapshot!(local("run -- ffmpeg -i /dev/zero out.mp4"), @"");
    insta::assert_snapshot!(local("run -- ffmpeg -i in.mp4 -c:v nosuchencoder out.mp4"), @"");
    insta::assert_snapshot!(local("run -- ffmpeg -i in.mp4 out.nosuchformat"), @"");
    let sandbox = sandbox();
    sandbox.write("empty.mp4", "");
    insta::assert_snapshot!(said(&sandbox.job(["-i", "empty.mp4", "out.mp4"])), @"");
    sandbox.write("garbage.mp4", vec![7; 4096]);
    insta::assert_snapshot!(said(&sandbox.job(["-i", "garbage.mp4", "out.mp4"])), @"");
    sandbox.assert_clean();
}

#[test]
fn what_may_not_be_read_or_written() {
    // Root may do both.
    if rustix::process::getuid().is_root() {
        eprintln!(
            "SKIPPED: root may read and write everything; run the tests as another user to see this one"
        );
        return;
    }
    let sandbox = sandbox();
    let forbid = |name: &str, mode: u32| {
        fs::set_permissions(sandbox.path(name), fs::Permissions::from_mode(mode))
            .expect("our own file");
    };
    sandbox.write("secret.mp4", "x");
    forbid("secret.mp4", 0o000);
    insta::assert_snapshot!(said(&sandbox.job(["-i", "secret.mp4", "out.mp4"])), @"");
    sandbox.write("closed/.keep", "");
    forbid("closed", 0o500);
    insta::assert_snapshot!(said(&sandbox.job(["-i", "in.mp4", "-c", "copy", "closed/out.mp4"])), @"");
    forbid("closed", 0o700);
}

#[test]
fn a_machine_without_the_programs() {
    let mut sandbox = sandbox();
    sandbox.set("FFBATCH_FFMPEG", "/nowhere/ffmpeg");
    insta::assert_snapshot!(said(&sandbox.job(["-i", "in.mp4", "out.mp4"])), @"");
    sandbox.set("FFBATCH_FFMPEG", "");
    sandbox.set("PATH", "/nowhere");
    insta::assert_snapshot!(said(&sandbox.job(["-i", "in.mp4", "out.mp4"])), @"");
    sandbox.set("FFBATCH_WORKER", "/nowhere/ffbatch-worker");
    insta::assert_snapshot!(said(&sandbox.job(["-i", "in.mp4", "out.mp4"])), @"");
}

#[test]
fn a_program_that_is_no_worker() {
    let mut sandbox = sandbox();
    sandbox.set("FFBATCH_WORKER", "/bin/echo");
    let sentence = said(&sandbox.job(["-i", "in.mp4", "out.mp4"]));
    assert!(
        sentence.starts_with("6: `/bin/echo` is not a worker of this version"),
        "{sentence}"
    );
}

#[test]
fn a_worker_of_another_version() {
    let mut sandbox = sandbox();
    sandbox.set("FFBATCH_PROTOCOL", "999");
    let flags = ["--input_url", "in.mp4", "--output_url", "out.mp4"];
    let ended = sandbox.worker(flags);
    assert_eq!(
        ended.code,
        Some(i32::from(Exit::Rejected.code())),
        "{ended}"
    );
    assert!(ended.stdout.contains("999"), "{ended}");
}

#[test]
fn a_disk_that_is_full() {
    let sandbox = sandbox();
    // The kernel's own full disk: every write to it fails with ENOSPC.
    let ended = sandbox.job(["-i", "in.mp4", "-c", "copy", "-f", "mpegts", "/dev/full"]);
    assert_ne!(ended.code, Some(0), "{ended}");
    sandbox.assert_clean();
}

/// Runs a job against a server that is there, and asserts that its failure is said in time.
#[track_caller]
fn s3(site: &Site, words: &[&str]) -> String {
    let start = Instant::now();
    let ended = site.sandbox.job(words);
    assert!(
        start.elapsed() < LIMIT,
        "it took {:?} to fail\n{ended}",
        start.elapsed()
    );
    site.sandbox.assert_clean();
    said(&ended)
}

#[test]
fn wrong_places_in_s3() {
    let site = Site::s3();
    site.place(SHORT, "in.mp4");
    site.put("empty.mp4", b"");
    insta::assert_snapshot!(s3(&site, &["-i", "s3://media/no.mp4", "s3://media/out.mp4"]), @"");
    insta::assert_snapshot!(s3(&site, &["-i", "s3://nobucket/no.mp4", "s3://media/out.mp4"]), @"");
    insta::assert_snapshot!(s3(&site, &["-i", "s3://media/in.mp4", "-c", "copy", "s3://nobucket/out.mp4"]), @"");
    insta::assert_snapshot!(s3(&site, &["-i", "s3://media/empty.mp4", "s3://media/out.mp4"]), @"");
    insta::assert_snapshot!(s3(&site, &["-i", "s3://media/in.mp4", "-c", "copy", "s3://media/"]), @"");
    insta::assert_snapshot!(s3(&site, &["-i", "s3://media/in.mp4", "-c", "copy", "s3://media"]), @"");
    site.assert_names(["empty.mp4", "in.mp4"]);
}

#[test]
fn a_server_that_does_not_answer() {
    let moto = Moto::with("media");
    let mut sandbox = Sandbox::new();
    sandbox.set_all(moto.environment());
    drop(moto);
    let start = Instant::now();
    let sentence = said(&sandbox.job(["-i", "s3://media/in.mp4", "out.mp4"]));
    assert!(start.elapsed() < LIMIT, "it took {:?}", start.elapsed());
    assert!(sentence.starts_with("3: "), "{sentence}");
    // A port number of its own every time.
    let sentence = sentence.replace(|character: char| character.is_ascii_digit(), "9");
    insta::assert_snapshot!(sentence, @"");
}

#[test]
fn an_address_that_swallows_everything() {
    let mut sandbox = Sandbox::new();
    sandbox.set_all([
        // TEST-NET-1 (RFC 5737): nothing answers there, not even with a refusal.
        ("AWS_ENDPOINT_URL", "http://192.0.2.1"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
    ]);
    let start = Instant::now();
    let ended = sandbox.job(["-i", "s3://media/in.mp4", "out.mp4"]);
    assert!(
        start.elapsed() < LIMIT,
        "it took {:?} to fail\n{ended}",
        start.elapsed()
    );
    assert_eq!(ended.code, Some(i32::from(Exit::Input.code())), "{ended}");
}

#[test]
fn nobody_said_who_asks() {
    let moto = Moto::with("media");
    let mut sandbox = Sandbox::new();
    let [endpoint, region, ..] = moto.environment();
    sandbox.set_all([endpoint.clone()]);
    sandbox.set("AWS_EC2_METADATA_DISABLED", "true");
    insta::assert_snapshot!(said(&sandbox.job(["-i", "s3://media/in.mp4", "out.mp4"])), @"");
    sandbox.set_all([region]);
    insta::assert_snapshot!(said(&sandbox.job(["-i", "s3://media/in.mp4", "out.mp4"])), @"");
}

#[test]
fn a_failed_job_leaves_a_report_that_says_why() {
    let sandbox = sandbox();
    let ended = sandbox.job(["-i", "in.mp4", "-c:v", "nosuchencoder", "out.mp4"]);
    let report = ended.fails(Exit::Ffmpeg, "nosuchencoder").report();
    assert_eq!(report.exit, Exit::Ffmpeg);
    let command = &report.commands[0];
    assert!(
        command.exit_code.is_some_and(|code| code != 0),
        "ffmpeg's own code is there: {command:?}"
    );
    assert!(
        command
            .stderr_tail
            .iter()
            .any(|line| line.contains("nosuchencoder")),
        "{command:?}"
    );
    assert!(
        report
            .failure
            .is_some_and(|failure| failure.message.contains("nosuchencoder"))
    );
}
