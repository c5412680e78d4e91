//! What a machine may lack: programs, rights, space.

use ffbatch_dispatcher::exit::Exit;
use ffbatch_tests::clip::SHORT;
use ffbatch_tests::sandbox::Sandbox;
use ffbatch_tests::tools;
use ffbatch_tests::unshared::unshared;

/// A sandbox with `in.mp4`.
fn sandbox() -> Sandbox {
    Sandbox::with(SHORT, "in.mp4")
}

#[test]
fn a_machine_without_the_programs() {
    let mut sandbox = sandbox();
    sandbox.set("FFBATCH_FFMPEG", "/nowhere/ffmpeg");
    insta::assert_snapshot!(sandbox.job(["-i", "in.mp4", "out.mp4"]).said(), @"6: `FFBATCH_FFMPEG` names `/nowhere/ffmpeg`, which is not an executable file (point it at an ffmpeg, or unset it)");
    sandbox.set("FFBATCH_FFMPEG", "");
    sandbox.set("PATH", "/nowhere");
    insta::assert_snapshot!(sandbox.job(["-i", "in.mp4", "out.mp4"]).said(), @"6: no ffmpeg was found beside this program or on PATH (install ffmpeg, or set FFBATCH_FFMPEG=/path/to/ffmpeg)");
    sandbox.set("FFBATCH_WORKER", "/nowhere/ffbatch-worker");
    insta::assert_snapshot!(sandbox.job(["-i", "in.mp4", "out.mp4"]).said(), @"6: `/nowhere/ffbatch-worker`, which FFBATCH_WORKER or the configuration names, is no program (name the ffbatch-worker program)");
}

#[test]
fn a_program_that_is_no_worker() {
    let mut sandbox = sandbox();
    sandbox.set("FFBATCH_WORKER", "/bin/echo");
    let sentence = sandbox.job(["-i", "in.mp4", "out.mp4"]).said();
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

/// A file system of 100 kB under `small`, filled by nobody else.
const SMALL: &str = "mkdir small; mount -t tmpfs -o size=100k small small";

#[test]
fn a_disk_that_fills_up_at_the_destination() {
    let sandbox = sandbox();
    let line = format!(
        "{SMALL}; \"$0\" run --json -- ffmpeg -i in.mp4 -c:v ffv1 small/out.mkv || code=$?; ls -A small >&2; exit $code"
    );
    let Some(ended) = unshared(&sandbox, &["-rm"], &line) else {
        return;
    };
    assert!(ended.error().to_lowercase().contains("space"), "{ended}");
    assert!(matches!(ended.code, Some(4..=6)), "{ended}");
    assert_eq!(
        ended.stderr.lines().last(),
        None,
        "something was left behind\n{ended}"
    );
}

#[test]
fn what_may_not_be_read_or_written() {
    let sandbox = sandbox();
    sandbox.write("secret.mp4", "x");
    sandbox.write("closed/.keep", "");
    // Root may read and write everything, so that root becomes somebody else.
    let run = |line: &str| {
        let mut command = if rustix::process::getuid().is_root() {
            let mut command = sandbox.command("setpriv".as_ref());
            command.args([
                "--reuid",
                "65534",
                "--regid",
                "65534",
                "--clear-groups",
                "sh",
                "-euc",
                line,
            ]);
            command
        } else {
            let mut command = sandbox.command("sh".as_ref());
            command.args(["-euc", line]);
            command
        };
        sandbox.end(command.arg(tools::ffbatch()))
    };
    sandbox.open_to_all();
    sandbox.mode("secret.mp4", 0o000);
    sandbox.mode("closed", 0o500);
    if run("exec \"$0\" --version").code != Some(0) {
        eprintln!("SKIPPED: another user cannot start the programs where they were built");
        return;
    }
    let ended =
        run("unset FFBATCH_WORK_DIR; exec \"$0\" run --json -- ffmpeg -i secret.mp4 out.mp4");
    insta::assert_snapshot!(ended.said(), @"3: `[sandbox]/files/secret.mp4` may not be read by this user: Permission denied (os error 13) (change its permissions)");
    let ended = run(
        "unset FFBATCH_WORK_DIR; exec \"$0\" run --json -- ffmpeg -i in.mp4 -c copy closed/out.mp4",
    );
    insta::assert_snapshot!(ended.said(), @"5: there is no place to stage `[sandbox]/files/closed/out.mp4`: `[sandbox]/files/closed` cannot be written to (Permission denied (os error 13))");
    sandbox.mode("closed", 0o700);
}
