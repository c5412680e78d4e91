//! Outputs in places that are not theirs, and what ffmpeg can learn of the process that started it.

use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use ffbatch_dispatcher::exit::Exit;
use ffbatch_tests::attack::{SECRET, silent, words};
use ffbatch_tests::clip::SHORT;
use ffbatch_tests::sandbox::{Sandbox, files_below};
use ffbatch_tests::tools;

/// A command that writes `home/planted*` with bare ffmpeg. As a job it may do so only by publishing what the command
/// names, after success; here every command fails at its end.
#[track_caller]
fn check_planted(options: &str) {
    let sandbox = Sandbox::with(SHORT, "in.mp4");
    let home = sandbox.directory("home");
    // The last output has no frame to write: ffmpeg ends with an error after the first has been written.
    let attack = words(&format!(
        "-xerror -i in.mp4 {options} -map 0:v -c:v libx264 -abort_on empty_output -ss 99 last.mp4"
    ));
    sandbox
        .command(&tools::ffmpeg())
        .args(["-nostdin", "-y"])
        .args(&attack)
        .stderr(Stdio::null())
        .status()
        .expect("ffmpeg starts");
    let planted = |sandbox: &Sandbox| {
        files_below(&sandbox.directory("home"))
            .into_iter()
            .filter(|name| name.starts_with("planted"))
            .collect::<Vec<_>>()
    };
    let found = planted(&sandbox);
    assert!(!found.is_empty(), "bare ffmpeg plants nothing: {options}");
    for name in found {
        std::fs::remove_file(home.join(name)).expect("it was just written");
    }
    let ended = sandbox.job(&attack);
    assert_ne!(ended.code, Some(0), "{ended}");
    assert_eq!(planted(&sandbox), Vec::<String>::new(), "{ended}");
    sandbox.assert_clean();
}

#[test]
fn nothing_is_planted_by_a_job_that_fails() {
    check_planted("-c copy -f hls -hls_segment_filename ../home/planted%d.ts a.m3u8");
    check_planted("-c copy -map 0:v -f tee ../home/planted.ts|b.ts");
    check_planted("-map 0:v -c:v libx264 -pass 1 -passlogfile ../home/planted -f null -");
    check_planted("-c copy -f segment -segment_list ../home/planted.csv c%d.ts");
    check_planted("-map 0:v -c:v libx264 -stats_enc_post ../home/planted.txt d.mp4");
    check_planted("-map 0:v -c:v libx264 -vf metadata=mode=print:file=../home/planted.txt e.mp4");
    check_planted("-map 0:v -c:v libx265 -x265-params csv=../home/planted.csv f.mp4");
    check_planted("-progress ../home/planted.txt -c copy g.mp4");
}

#[test]
fn names_beside_an_output_do_not_leave_it() {
    let sandbox = Sandbox::with(SHORT, "in.mp4");
    for options in [
        "-f hls -hls_segment_type fmp4 -hls_fmp4_init_filename ../../home/planted.mp4 out.m3u8",
        "-f hls -master_pl_name ../home/planted.m3u8 out.m3u8",
        "-f dash -init_seg_name ../home/planted.m4s out.mpd",
        "-f dash -media_seg_name /tmp/planted-$Number$.m4s out.mpd",
    ] {
        sandbox
            .job(words(&format!("-i in.mp4 -c copy {options}")))
            .fails(Exit::Rejected, "beneath the output's directory");
    }
    assert!(files_below(&sandbox.directory("home")).is_empty());
}

#[test]
fn ffmpeg_does_not_see_the_environment() {
    let mut sandbox = Sandbox::with(SHORT, "in.mp4");
    let names = [
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    ];
    for name in
        names
            .into_iter()
            .chain(["ECS_CONTAINER_METADATA_URI_V4", "GITHUB_TOKEN", "FFREPORT"])
    {
        sandbox.set(name, SECRET);
    }
    // A stand-in that writes its environment, and what it can see of its parent's, where ffmpeg would write the output.
    let program = sandbox.directory("home").join("ffmpeg");
    std::fs::write(
        &program,
        "#!/bin/sh\nfor out; do :; done\n{ env; cat /proc/self/environ /proc/$PPID/environ 2>/dev/null; true; } >\"$out\"\n",
    )
    .expect("a sandbox is writable");
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).expect("it is ours");
    let bare = sandbox.path("bare.txt");
    let status = sandbox
        .command(&program)
        .arg(&bare)
        .status()
        .expect("the stand-in starts");
    assert!(status.success());
    let seen = std::fs::read_to_string(&bare).expect("the stand-in wrote");
    assert!(seen.contains(SECRET) && seen.contains("AWS_SESSION_TOKEN"));
    std::fs::remove_file(&bare).expect("it was just written");

    sandbox.set("FFBATCH_FFMPEG", &program);
    let ended = sandbox.job(["-i", "in.mp4", "out.txt"]);
    let seen = std::fs::read_to_string(sandbox.path("out.txt")).unwrap_or_default();
    assert!(seen.contains("PATH="), "the stand-in ran\n{ended}");
    assert!(
        !seen.contains("AWS_") && !seen.contains("FFREPORT"),
        "{seen}"
    );
    silent(&sandbox, &ended);
}
