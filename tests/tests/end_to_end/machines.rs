//! What a machine may lack: programs, rights, space.

use ffbatch_dispatcher::event::Stage;
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::report::Report;
use ffbatch_tests::clip::SHORT;
use ffbatch_tests::sandbox::{Sandbox, until};
use ffbatch_tests::tools;
use ffbatch_tests::unshared::unshared;
use rustix::process::{Pid, Signal, kill_process};

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

/// A machine on which `nvidia-smi` is this script: a double, since a machine with a card is rare.
fn with_card(script: &str) -> Sandbox {
    let mut sandbox = sandbox();
    sandbox.write("bin/nvidia-smi", format!("#!/bin/sh\n{script}\n"));
    sandbox.mode("bin/nvidia-smi", 0o755);
    let bin = sandbox.path("bin");
    sandbox.set("PATH", format!("{}:/usr/bin:/bin", bin.display()));
    sandbox.set("FFBATCH_PREFLIGHT", "nvidia-smi");
    sandbox
}

/// The report of a worker that copies `in.mp4`, after it has ended so.
#[track_caller]
fn copied(sandbox: &Sandbox, exit: Exit) -> Report {
    let flags = ["--input_url", "in.mp4", "--output_file_options", "-c copy"];
    let to = ["--output_url", "out.mp4", "--report", "report.json"];
    let ended = sandbox.worker(flags.into_iter().chain(to));
    assert_eq!(ended.code, Some(i32::from(exit.code())), "{ended}");
    let text = std::fs::read_to_string(sandbox.path("report.json")).expect("it was written");
    serde_json::from_str(&text).expect("a report")
}

#[test]
fn a_card_that_is_there_stands_in_the_report() {
    let sandbox = with_card(
        "test \"$*\" = -L && echo 'GPU 0: Tesla T4 (UUID: GPU-1f22a253-c329-dfb7-0db4-e005efb6a4c7)'",
    );
    let gpus = copied(&sandbox, Exit::Succeeded).machine.gpus;
    let [gpu] = &gpus[..] else {
        panic!("one was listed: {gpus:?}")
    };
    assert_eq!(gpu.name, "Tesla T4");
    assert_eq!(gpu.uuid, "GPU-1f22a253-c329-dfb7-0db4-e005efb6a4c7");
}

/// The sentence of a job that ends before a byte moves, because the card it needs is not there.
#[track_caller]
fn without_card(sandbox: &Sandbox) -> String {
    let report = copied(sandbox, Exit::Machine);
    let stages: Vec<Stage> = report.stages.iter().map(|stage| stage.stage).collect();
    assert_eq!(stages, [Stage::Check, Stage::Record]);
    assert_eq!(report.machine.gpus, Vec::new());
    sandbox.assert_clean();
    report.failure.expect("a sentence").message
}

#[test]
fn a_card_that_is_missing_or_broken_is_told_before_a_byte_moves() {
    // What the real program says where the kernel's driver is another one, with its exit code.
    let broken =
        with_card("echo 'Failed to initialize NVML: Driver/library version mismatch'; exit 18");
    insta::assert_snapshot!(without_card(&broken), @"`nvidia-smi -L` failed: Failed to initialize NVML: Driver/library version mismatch (give the container the device, and use a machine whose driver fits; one that worked before may be broken: end the instance)");
    insta::assert_snapshot!(without_card(&with_card("echo 'No devices were found'; exit 6")), @"`nvidia-smi -L` failed: No devices were found (give the container the device, and use a machine whose driver fits; one that worked before may be broken: end the instance)");
    insta::assert_snapshot!(without_card(&with_card("exit 0")), @"`nvidia-smi -L` lists no device (give the container the device, and use a machine whose driver fits; one that worked before may be broken: end the instance)");
    let mut none = sandbox();
    none.set("FFBATCH_PREFLIGHT", "nvidia-smi");
    insta::assert_snapshot!(without_card(&none), @"`nvidia-smi` cannot be started, so that there is no device that the job could use (run it on a machine with the vendor's driver, and give the container the device): No such file or directory (os error 2)");
    none.set("FFBATCH_PREFLIGHT", "rm");
    insta::assert_snapshot!(without_card(&none), @"the device check `rm` is not known (known: `nvidia-smi`)");
}

#[test]
fn a_check_that_hangs_does_not_keep_the_job_from_stopping() {
    let sandbox = with_card("exec sleep 1000");
    let flags = ["--input_url", "in.mp4", "--output_url", "out.mp4"];
    let mut worker = sandbox.start_worker(flags);
    until("the check runs", || {
        sandbox
            .processes()
            .iter()
            .any(|line| line.contains("sleep"))
    });
    kill_process(Pid::from_child(&worker), Signal::TERM).expect("it runs");
    let code = worker.wait().expect("it ends").code();
    assert_eq!(code, Some(i32::from(Exit::Interrupted.code())));
    sandbox.assert_clean();
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
