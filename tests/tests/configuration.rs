//! Where settings come from: built-in defaults, `ffbatch.toml`, the environment, flags; the later wins, and nothing that
//! nobody reads is accepted.

use ffbatch_dispatcher::exit::Exit;
use ffbatch_tests::clip::SHORT;
use ffbatch_tests::sandbox::Sandbox;

/// A sandbox with `in.mp4` and this configuration file.
fn sandbox(toml: &str) -> Sandbox {
    let sandbox = Sandbox::with(SHORT, "in.mp4");
    sandbox.write("ffbatch.toml", toml);
    sandbox
}

#[track_caller]
fn check_refused(toml: &str, part: &str) {
    let sandbox = sandbox(toml);
    sandbox
        .job(["-i", "in.mp4", "out.mp4"])
        .fails(Exit::Rejected, part);
    assert!(!sandbox.path("out.mp4").exists());
}

#[test]
fn what_nobody_reads_is_refused() {
    check_refused("computee = 'local'", "computee");
    check_refused("compute = 3", "invalid type");
    check_refused("compute = 'mars'", "unknown compute `mars` (known: local");
    check_refused("[backends.locale]\nx = 1", "unknown compute `locale`");
    check_refused("[backends.local]\nvcpu = 1", "unknown key `vcpu`");
    check_refused("[backends.local]\nvcpus = 0", "at least 1");
    check_refused("compute = ", "ffbatch.toml");
}

#[test]
fn the_environment_wins_over_the_file_and_a_flag_over_both() {
    let mut sandbox = sandbox("quality = ['ssim']");
    let measured = |sandbox: &Sandbox, flags: &[&str]| {
        let command = ["--", "ffmpeg", "-i", "in.mp4", "out.mp4"];
        let ended = sandbox.ffbatch(["run", "--json"].iter().chain(flags).chain(&command));
        let quality = ended.ok().report().quality.expect("quality was asked for");
        quality.asked.join(" ")
    };
    assert_eq!(measured(&sandbox, &[]), "ssim");
    sandbox.set("FFBATCH_QUALITY", "[psnr]");
    assert_eq!(measured(&sandbox, &[]), "psnr");
    assert_eq!(measured(&sandbox, &["--quality", "ssim,psnr"]), "ssim psnr");
}

#[test]
fn the_file_is_found_in_a_directory_above() {
    let sandbox = sandbox("compute = 'mars'");
    sandbox.write("a/b/x.mp4", "");
    let mut command = sandbox.command(&ffbatch_tests::tools::ffbatch());
    command
        .current_dir(sandbox.path("a/b"))
        .args(["run", "--", "ffmpeg", "-i", "x.mp4", "y.mp4"]);
    sandbox.end(&mut command).fails(Exit::Rejected, "`mars`");
}

#[test]
fn a_file_that_is_named_must_be_there() {
    let sandbox = Sandbox::with(SHORT, "in.mp4");
    sandbox
        .ffbatch([
            "--config",
            "none.toml",
            "run",
            "--",
            "ffmpeg",
            "-i",
            "in.mp4",
            "out.mp4",
        ])
        .fails(Exit::Rejected, "no configuration file `none.toml`");
}
