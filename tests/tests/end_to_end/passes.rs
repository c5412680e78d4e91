//! Jobs of several commands in one working directory: what the first leaves, the second finds, and nobody else does.

use ffbatch_dispatcher::exit::Exit;
use ffbatch_tests::clip::SHORT;
use ffbatch_tests::media::frames;
use ffbatch_tests::site::{Site, everywhere};

#[track_caller]
fn check(site: &Site, first: &str, second: &str) {
    site.place(SHORT, "in.mp4");
    let line =
        format!("-i @in.mp4 {first} -an -f null - --then ffmpeg -i @in.mp4 {second} @out.mp4");
    let report = site.job(&line).ok().report();
    assert_eq!(report.commands.len(), 2);
    assert!(
        report
            .commands
            .iter()
            .all(|command| command.exit_code == Some(0)),
        "{report:?}"
    );
    site.assert_names(["in.mp4", "out.mp4"]);
    assert_eq!(frames(&site.view("out.mp4")), 50);
}

#[test]
fn x264_in_two_passes() {
    everywhere(|site| {
        let encode = "-c:v libx264 -preset ultrafast -b:v 200k";
        check(
            site,
            &format!("{encode} -pass 1"),
            &format!("{encode} -pass 2"),
        );
    });
}

#[test]
fn x265_in_two_passes() {
    everywhere(|site| {
        let encode = "-c:v libx265 -preset ultrafast -b:v 200k -x265-params log-level=error";
        check(
            site,
            &format!("{encode}:pass=1"),
            &format!("{encode}:pass=2"),
        );
    });
}

#[test]
fn x265_in_two_passes_with_a_named_log() {
    everywhere(|site| {
        let encode =
            "-c:v libx265 -preset ultrafast -b:v 200k -x265-params log-level=error:stats=mine.log";
        site.place(SHORT, "in.mp4");
        let line = format!(
            "-i @in.mp4 {encode}:pass=1 -an -f null - --then ffmpeg -i @in.mp4 {encode}:pass=2 @out.mp4"
        );
        site.job(&line).ok();
        assert_eq!(frames(&site.view("out.mp4")), 50);
    });
}

#[test]
fn a_later_command_reads_what_an_earlier_one_wrote() {
    everywhere(|site| {
        site.place(SHORT, "in.mp4");
        site.job("-i @in.mp4 -t 1 -c:v libx264 -preset ultrafast @cut.mp4 --then ffmpeg -i @cut.mp4 -c copy @copy.mkv").ok();
        site.assert_names(["copy.mkv", "cut.mp4", "in.mp4"]);
        assert_eq!(frames(&site.view("copy.mkv")), 25);
    });
}

#[test]
fn a_failure_of_the_first_command_ends_the_job() {
    everywhere(|site| {
        site.place(SHORT, "in.mp4");
        let ended = site
            .job("-i @in.mp4 -c:v nosuchencoder @a.mp4 --then ffmpeg -i @in.mp4 -c copy @b.mp4");
        ended.fails(Exit::Ffmpeg, "");
        site.assert_names(["in.mp4"]);
    });
}

#[test]
fn a_second_pass_in_a_job_of_its_own_finds_the_log_that_the_first_was_told_to_keep() {
    let site = Site::local();
    site.place(SHORT, "in.mp4");
    let encode = "-c:v libx264 -preset veryfast -b:v 200k -an -passlogfile @logs/mine";
    let second = format!("-i @in.mp4 {encode} -pass 2 @out.mp4");
    site.job(&second)
        .fails(Exit::Input, "no log of a first pass");
    site.job(&format!("-i @in.mp4 {encode} -pass 1 -f null -"))
        .ok();
    let logs = ["logs/mine-0.log", "logs/mine-0.log.mbtree"];
    site.assert_names(["in.mp4"].into_iter().chain(logs));
    site.job(&second).ok();
    site.assert_names(["in.mp4", "out.mp4"].into_iter().chain(logs));
    assert_eq!(frames(&site.view("out.mp4")), 50);
}
