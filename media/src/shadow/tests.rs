use ffbatch_dispatcher::command::Command;

use super::*;

/// What ffmpeg says of one h264 stream in Matroska.
const PLAIN: &str = "Stream mapping:\n  Stream #0:0 -> #0:0 (h264 (native) -> h264 (libx264))\nOutput #0, matroska, to 'b':\n  \
    Stream #0:0: Video: h264, yuv420p(tv, progressive), 640x360, q=2-31, 25 fps\n";

/// The words of the shadow before and after the input that is measured, with what `-dec` names.
fn shadow_of(line: &str, log: &str, wanted: (usize, usize), size: Size) -> Result<String, String> {
    let parsed = Command::from_line(line)
        .and_then(|command| command.parse())
        .expect("a command");
    let mut listing = Listing::default();
    log.lines().for_each(|line| listing.line(line));
    let (output, stream) = wanted;
    let shadow = shadow(
        &parsed,
        parsed.words(),
        &listing,
        OutputStream { output, stream },
        size,
    )?;
    let (output, stream) = shadow.stream;
    Ok(format!(
        "{} | {} | {output}:{stream}",
        shadow.inputs.join(" "),
        shadow.outputs.join(" ")
    ))
}

#[track_caller]
fn check(line: &str, log: &str, wanted: (usize, usize), expected: &str) {
    assert_eq!(
        shadow_of(line, log, wanted, Size::Output).as_deref(),
        Ok(expected)
    );
}

#[test]
fn what_decides_about_pictures_stays_and_the_rest_goes() {
    check(
        "-y -v error -re -ss 2 -i a.mp4 -t 5 -r 12 -vf crop=320:180 -c:v libx264 -crf 23 -preset fast -c:a aac -b:a 128k -movflags +faststart b.mkv",
        PLAIN,
        (0, 0),
        "-ss 2 -i a.mp4 | -map 0:0 -t 5 -r 12 -vf crop=320:180 -c:v:0 wrapped_avframe -pix_fmt:v:0 yuv420p -color_range:v:0 tv -f framecrc /dev/null | 0:0",
    );
    check(
        "-i a.mp4 -pix_fmt yuv444p -filter:v:0 hflip -filter:a volume=2 -frames:v 10 -s 640x360 b.mkv",
        PLAIN,
        (0, 0),
        "-i a.mp4 | -map 0:0 -filter:v:0 hflip -frames:v 10 -s 640x360 -c:v:0 wrapped_avframe -pix_fmt:v:0 yuv420p -color_range:v:0 tv -f framecrc /dev/null | 0:0",
    );
}

#[test]
fn the_muxer_decides_how_the_clock_is_kept() {
    check(
        "-copyts -i a.mp4 b.m3u8",
        &PLAIN.replace("matroska", "hls"),
        (0, 0),
        "-copyts -i a.mp4 | -map 0:0 -c:v:0 wrapped_avframe -pix_fmt:v:0 yuv420p -color_range:v:0 tv -f crc /dev/null | 0:0",
    );
}

/// Two outputs: one from a graph with copied sound, one of two streams of which the second is wanted.
const MANY: &str = include_str!("../../tests/fixtures/outputs_9.txt");

#[test]
fn a_graph_takes_all_that_it_feeds_and_no_more() {
    let line = "-i bbb.mp4 -filter_complex [0:v]scale=640:360[v] -map [v] -map 0:a -c:a copy -c:v libx264 -t 1 a.mkv -map 0:v -c:v libx264 -vf setrange=tv -t 1 a.mp4";
    check(
        line,
        MANY,
        (0, 0),
        "-filter_complex [0:v]scale=640:360[v] -i bbb.mp4 | -map [v] -map 0:a -t 1 -c:v:0 wrapped_avframe -pix_fmt:v:0 yuv420p -color_range:v:0 tv -an -sn -dn -f framecrc /dev/null | 0:0",
    );
    check(
        line,
        MANY,
        (1, 0),
        "-filter_complex [0:v]scale=640:360[v] -i bbb.mp4 | -map 0:0 -vf setrange=tv -t 1 -c:v:0 wrapped_avframe -pix_fmt:v:0 yuv420p -color_range:v:0 tv -f framecrc /dev/null | 0:0",
    );
}

#[test]
fn with_shortest_the_sound_decides_too() {
    let log = PLAIN.replace("\nOutput", "\n  Stream #1:0 -> #0:1 (copy)\nOutput")
        + "  Stream #0:1: Audio: aac, 48000 Hz, stereo\n";
    check(
        "-i a.mp4 -i b.m4a -shortest -c:a copy c.mkv",
        &log,
        (0, 0),
        "-i a.mp4 -i b.m4a | -map 0:0 -map 1:0 -shortest -c:v:0 wrapped_avframe -pix_fmt:v:0 yuv420p -color_range:v:0 tv -c:a:0 copy -f framecrc /dev/null | 0:0",
    );
}

#[track_caller]
fn check_refusal(line: &str, log: &str, part: &str) {
    let why = shadow_of(line, log, (0, 0), Size::Output).expect_err("no shadow");
    assert!(why.contains(part), "{line}: {why}");
}

#[test]
fn where_it_is_not_certain_there_is_none() {
    check_refusal("-i a.mp4 -fs 1M b.mkv", PLAIN, "-fs");
    check_refusal("-i a.mp4 -target pal-dvd b.mkv", PLAIN, "-target");
    check_refusal("-i a.mp4 -filter:0 hflip b.mkv", PLAIN, "-filter:0");
    check_refusal("-i a.mp4 b.mkv", "", "log does not tell");
    check_refusal(
        "-i a.mp4 b.mkv",
        &PLAIN.replace("matroska", "novel"),
        "the muxer `novel`",
    );
    check_refusal(
        "-i a.mp4 b.mkv",
        &PLAIN.replace("yuv420p(tv, progressive)", "cuda(tv, progressive)"),
        "graphics card (cuda)",
    );
}

#[test]
fn the_video_streams_of_each_output() {
    let mut listing = Listing::default();
    MANY.lines().for_each(|line| listing.line(line));
    let of = |output| videos(&listing, output).collect::<Vec<_>>();
    let first = |output| OutputStream { output, stream: 0 };
    let made = |origin, output| Mapping {
        origin,
        output: (output, 0),
        copied: false,
    };
    assert_eq!(of(0), [(first(0), made(Origin::Graph, 0))]);
    assert_eq!(of(1), [(first(1), made(Origin::Stream((0, 0)), 1))]);
    assert_eq!(of(2), []);
}

/// Where the command does nothing with the pictures, an old ffmpeg takes them from the input.
#[test]
fn what_was_given_is_the_input_itself() {
    let straight = |line: &str, log: &str| {
        let parsed = Command::from_line(line)
            .and_then(|command| command.parse())
            .expect("a command");
        let mut listing = Listing::default();
        log.lines().for_each(|line| listing.line(line));
        let wanted = OutputStream {
            output: 0,
            stream: 0,
        };
        let shadow = shadow(&parsed, parsed.words(), &listing, wanted, Size::Output);
        shadow.expect("a shadow").straight
    };
    let source = "Input #0, mov, from 'a':\n  Stream #0:0: Video: h264, yuv420p(progressive), 640x360, 25 fps\n";
    let log = format!("{source}{PLAIN}");
    assert_eq!(
        straight("-y -i a.mp4 -map 0:v -c:v libx264 -crf 20 b.mkv", &log),
        Some((0, 0))
    );
    for line in [
        "-i a.mp4 -vf hflip b.mkv",
        "-i a.mp4 -t 1 b.mkv",
        "-i a.mp4 -r 12 b.mkv",
        "-copyts -i a.mp4 b.mkv",
    ] {
        assert_eq!(straight(line, &log), None, "{line}");
    }
    let line = "-i a.mp4 b.mkv";
    assert_eq!(straight(line, &log), Some((0, 0)));
    assert_eq!(straight(line, &log.replace("matroska", "mxf")), None);
    assert_eq!(
        straight(line, &log.replace("yuv420p(progressive)", "rgb24")),
        None
    );
    assert_eq!(straight(line, PLAIN), None, "nothing is known of the input");
}
