//! Nothing is lost in silence: what ffmpeg wrote arrives, or a sentence says that it does not; what stood there is not harmed.

use ffbatch_dispatcher::exit::Exit;
use ffbatch_tests::clip::SHORT;
use ffbatch_tests::sandbox::Sandbox;

fn sandbox() -> Sandbox {
    Sandbox::with(SHORT, "in.mp4")
}

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

/// Runs a job that must succeed, and tells its notes.
#[track_caller]
fn notes(sandbox: &Sandbox, line: &str) -> String {
    sandbox.job(words(line)).ok().report().notes.join("\n")
}

#[test]
fn side_files_of_an_analysis_were_thrown_away() {
    let sandbox = sandbox();
    let compare = "-i in.mp4 -i in.mp4 -lavfi psnr=stats_file=logs/psnr.log -f null -";
    assert_eq!(notes(&sandbox, compare), "");
    notes(
        &sandbox,
        "-i in.mp4 -vf signalstats,metadata=print:file=frames.txt -vstats_file stats.log -f null -",
    );
    for name in ["logs/psnr.log", "frames.txt"] {
        let size = sandbox.path(name).metadata().map_or(0, |file| file.len());
        assert!(size > 0, "`{name}` is not there or empty");
    }
}

#[test]
fn the_log_of_an_analysis_is_its_result() {
    let sandbox = sandbox();
    let line = "-i in.mp4 -af volumedetect -f null -";
    let report = sandbox.job(words(line)).ok().report();
    let tail = report.commands[0].stderr_tail.join("\n");
    assert!(tail.contains("mean_volume"), "{tail}");
    let shown = sandbox.ffbatch(["run", "--", "ffmpeg"].into_iter().chain(words(line)));
    assert!(shown.ok().stdout.contains("mean_volume"), "{shown}");
}

#[test]
fn what_does_not_arrive_is_said() {
    let sandbox = sandbox();
    assert!(notes(&sandbox, "-i in.mp4 -f md5 -").contains("to `-` is not kept"));
    assert!(notes(&sandbox, "-n -i in.mp4 -c copy copy.mp4").contains("`-n` has no effect"));
    assert!(
        notes(&sandbox, "-progress p.txt -i in.mp4 -c copy copy.mp4")
            .contains("file of `-progress`")
    );
    let first = "-i in.mp4 -c:v libx264 -b:v 200k -pass 1 -an -f null -";
    assert!(notes(&sandbox, first).contains("no second pass"));
    let second = "-i in.mp4 -c:v libx264 -b:v 200k -pass 2 -an two.mp4";
    sandbox.job(words(second)).fails(Exit::Rejected, "`--then`");
}

#[test]
fn logs_that_were_asked_for_arrive() {
    let sandbox = sandbox();
    notes(&sandbox, "-report -i in.mp4 -c copy out.mp4");
    let files = sandbox.files();
    assert!(
        files
            .iter()
            .any(|name| name.starts_with("ffmpeg-") && name.contains(".log")),
        "{files:?}"
    );
}

#[test]
fn an_input_was_replaced_through_a_link() {
    let sandbox = sandbox();
    std::os::unix::fs::symlink("in.mp4", sandbox.path("link.mp4")).expect("linked");
    std::os::unix::fs::symlink(".", sandbox.path("here")).expect("linked");
    let before = std::fs::read(sandbox.path("in.mp4")).expect("readable");
    for output in ["link.mp4", "here/in.mp4"] {
        sandbox
            .job(["-i", "in.mp4", "-vf", "scale=64:64", output])
            .fails(Exit::Rejected, "is the same file as the input");
    }
    assert_eq!(
        std::fs::read(sandbox.path("in.mp4")).expect("readable"),
        before
    );
}

#[test]
fn a_destination_that_is_no_file_was_found_after_the_encode() {
    let sandbox = sandbox();
    sandbox.write("d.mp4/keep", "x");
    sandbox
        .job(["-i", "in.mp4", "d.mp4"])
        .fails(Exit::Rejected, "`[sandbox]/files/d.mp4` is a directory");
    let long = format!("{}.mp4", "k".repeat(252));
    sandbox
        .job(["-i", "in.mp4", &long])
        .fails(Exit::Rejected, "longer than 255 bytes");
}

#[test]
fn what_was_meant_is_said() {
    let sandbox = sandbox();
    let said = |words: &[&str]| sandbox.ffbatch(words).said();
    insta::assert_snapshot!(said(&["run", "--", "sudo", "ffmpeg", "-i", "in.mp4", "o.mp4"]), @"2: a job runs ffmpeg, not `sudo` (write `-- ffmpeg -i in.mp4 out.mp4`)");
    for forgotten in [
        &["run", "ffmpeg", "-i", "in.mp4", "o.mp4"][..],
        &["ffmpeg", "-i", "in.mp4", "o.mp4"],
    ] {
        let ended = sandbox.ffbatch(forgotten);
        assert!(ended.stderr.contains("stands behind `--`"), "{ended}");
        assert_eq!(ended.code, Some(2));
    }
    sandbox
        .ffbatch(["run", "--", "ffmpeg -i in.mp4 -c copy 'in quotes.mp4'"])
        .ok();
    assert!(sandbox.path("in quotes.mp4").exists());
}

#[test]
fn a_configured_measurement_can_be_switched_off() {
    let sandbox = sandbox();
    sandbox.write("ffbatch.toml", "quality = ['psnr']");
    let flags = ["run", "--json", "--quality", "none", "--"];
    let ended = sandbox.ffbatch(flags.into_iter().chain(words("ffmpeg -i in.mp4 out.mp4")));
    assert!(ended.ok().report().quality.is_none());
}
