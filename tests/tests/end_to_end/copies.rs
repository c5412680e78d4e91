//! Copied streams through the whole chain: what `-c copy` writes is a copy in every container, and what is none is told.

use ffbatch_dispatcher::report::Copied::{self, Copied as Copy, NotACopy};
use ffbatch_dispatcher::report::OutputQuality;
use ffbatch_tests::clip::SHORT;
use ffbatch_tests::site::{Site, everywhere};

#[track_caller]
fn outputs(site: &Site, line: &str) -> Vec<OutputQuality> {
    site.place(SHORT, "in.mp4");
    let report = site.job_with("--quality psnr", line).ok().report();
    let quality = report.quality.expect("quality was asked for");
    assert_eq!(quality.refused, None);
    quality.outputs
}

/// What is said of each output, by the end of its name.
fn said(outputs: &[OutputQuality]) -> Vec<(&str, Option<Copied>)> {
    let said = |output: &OutputQuality| {
        let is_all = output.scores.is_empty() && output.refused.is_empty();
        assert!(output.copy.is_none() || is_all, "{output:?}");
        output.copy
    };
    outputs
        .iter()
        .map(|output| {
            let name = output.location.rsplit('/').next();
            (name.unwrap_or_default(), said(output))
        })
        .collect()
}

/// Encodes the clip into a file and copies that into others, all in one job; each must be a copy.
#[track_caller]
fn check(encode: &str, first: &str, copies: &[&str]) {
    let site = Site::local();
    let copying: Vec<String> = copies
        .iter()
        .map(|copy| format!("-map 0:v -c copy {copy}"))
        .collect();
    let line = format!(
        "-i in.mp4 -an -c:v {encode} {first} --then ffmpeg -i {first} {}",
        copying.join(" ")
    );
    let outputs = outputs(&site, &line);
    let expected: Vec<_> = [(first, None)]
        .into_iter()
        .chain(copies.iter().map(|copy| (*copy, Some(Copy))))
        .collect();
    assert_eq!(said(&outputs), expected, "{outputs:#?}");
    assert!(outputs[1..].iter().all(|output| output.notes.is_empty()));
}

/// Start codes or lengths, parameter sets beside or in the stream, delimiters or none.
#[test]
fn containers_write_the_same_pictures_differently() {
    check(
        "libx264 -bf 2 -g 12",
        "a.mp4",
        &[
            "b.mkv", "b.ts", "b.mov", "b.flv", "b.avi", "b.m3u8", "b.h264",
        ],
    );
    check(
        "libx264 -bf 2 -g 12 -x264-params aud=1:slices=3",
        "a.ts",
        &["b.mp4", "b.mkv", "b.ts"],
    );
    check(
        "libx265 -g 12",
        "a.mkv",
        &["b.mp4", "b.ts", "b.flv", "b.m3u8"],
    );
    check("libx265 -g 12", "a.ts", &["b.mp4", "b.mkv"]);
    check(
        "libsvtav1 -preset 12 -g 12",
        "a.mp4",
        &["b.mkv", "b.webm", "b.ivf", "b.obu"],
    );
    check("libsvtav1 -preset 12 -g 12", "a.obu", &["b.mp4", "b.mkv"]);
}

/// Codecs whose packets have no units.
#[test]
fn other_codecs() {
    check(
        "libvpx-vp9 -deadline realtime -g 12",
        "a.webm",
        &["b.mp4", "b.mkv", "b.ivf"],
    );
    check("prores_ks", "a.mov", &["b.mkv", "b.mxf"]);
    check("mpeg4 -bf 2 -g 12", "a.mp4", &["b.mkv", "b.avi"]);
    check(
        "mpeg2video -bf 2 -g 12",
        "a.ts",
        &["b.mp4", "b.mkv", "b.mpg", "b.avi"],
    );
    check("ffv1", "a.mkv", &["b.avi", "b.nut"]);
}

#[test]
fn a_part_is_a_copy() {
    everywhere(|site| {
        let line = "-i @in.mp4 -map 0:v -c copy -ss 0.9 -t 0.6 @a.mp4 \
            -map 0 -c copy -ss 0.9 -t 0.6 @b.mkv -map 0:v -c copy -frames:v 7 @c.ts \
            --then ffmpeg -ss 1.1 -t 0.5 -i @in.mp4 -c copy @d.mp4 \
            --then ffmpeg -sseof -0.7 -i @in.mp4 -c copy @e.ts";
        let outputs = outputs(site, line);
        let expected = ["a.mp4", "b.mkv", "c.ts", "d.mp4", "e.ts"].map(|name| (name, Some(Copy)));
        assert_eq!(said(&outputs), expected, "{outputs:#?}");
        assert!(outputs.iter().all(|output| output.notes.is_empty()));
    });
}

/// Inputs that are read again and again, or are made of several files.
#[test]
fn what_an_input_is_made_of() {
    let site = Site::local();
    site.put("list.txt", b"file in.mp4\nfile in.mp4\n");
    let line = "-stream_loop 2 -ss 0.5 -i in.mp4 -map 0:v -c copy a.mp4 \
        --then ffmpeg -stream_loop -1 -i in.mp4 -map 0:v -c copy -t 7 b.mkv \
        --then ffmpeg -f concat -i list.txt -map 0:v -c copy c.mp4";
    let outputs = outputs(&site, line);
    let expected = ["a.mp4", "b.mkv", "c.mp4"].map(|name| (name, Some(Copy)));
    assert_eq!(said(&outputs), expected, "{outputs:#?}");
}

#[test]
fn what_was_changed_on_the_way_is_no_copy() {
    let site = Site::local();
    for (how, told) in [
        (
            "-bsf:v noise=drop=eq(n\\,20)",
            "packet 21 of 49 is not the one that follows in the source",
        ),
        (
            "-bsf:v filter_units=remove_types=1",
            "packet 2 of 5 is not the one that follows in the source",
        ),
        (
            "-bsf:v noise=amount=2000",
            "the first of its 50 packets is not in the source",
        ),
    ] {
        let outputs = outputs(&site, &format!("-i in.mp4 -map 0:v -c copy {how} out.mkv"));
        assert_eq!(
            said(&outputs),
            [("out.mkv", Some(NotACopy))],
            "{how}: {outputs:#?}"
        );
        assert_eq!(outputs[0].notes[0], told, "{how}");
    }
}

#[test]
fn metadata_is_no_picture() {
    let site = Site::local();
    let line = "-i in.mp4 -map 0:v -c copy -bsf:v filter_units=remove_types=6 a.mp4 \
        -map 0:v -c copy -bsf:v h264_metadata=aud=insert b.ts -map 0:v -c copy -bsf:v setts=pts=PTS*2 c.mkv";
    let outputs = outputs(&site, line);
    let expected = ["a.mp4", "b.ts", "c.mkv"].map(|name| (name, Some(Copy)));
    assert_eq!(said(&outputs), expected, "{outputs:#?}");
}

/// Each video stream has its own entry; a cover has none.
#[test]
fn copied_and_encoded_beside_each_other() {
    let site = Site::local();
    let cover = "-i in.mp4 -map 0:v -map 0:v -map 0:v -frames:v:2 1 -c:v libx264 -preset ultrafast -c:v:0 copy -c:v:2 mjpeg \
        -disposition:v:2 attached_pic out.mp4 --then ffmpeg -i out.mp4 -map 0 -c copy all.mp4";
    let outputs = outputs(&site, cover);
    let told: Vec<_> = outputs
        .iter()
        .map(|output| (output.stream, output.copy, output.scores.len()))
        .collect();
    assert_eq!(
        told,
        [
            (0, Some(Copy), 0),
            (1, None, 1),
            (0, Some(Copy), 0),
            (1, Some(Copy), 0)
        ],
        "{outputs:#?}"
    );
}

#[test]
fn where_nothing_can_be_said_there_is_a_reason() {
    let site = Site::local();
    for (line, part) in [
        (
            "-i in.mp4 -c copy -f segment out%d.mp4",
            "sequences of files",
        ),
        (
            "-i in.mp4 -map 0:v -c copy -ss 100 out.mkv",
            "packets of the output cannot be read",
        ),
        (
            "-i in.mp4 -c copy -hls_flags round_durations+omit_endlist out.m3u8",
            "a playlist without an end",
        ),
        (
            "-i in.mp4 -c copy -encryption_scheme cenc-aes-ctr -encryption_key 76a6c65c5ea762046bd749a2e632ccbb \
             -encryption_kid a7e61c373e219033c21091fa607bf3b8 out.mp4",
            "an encrypted output",
        ),
    ] {
        let outputs = outputs(&site, line);
        assert_eq!(outputs.len(), 1, "{outputs:?}");
        assert_eq!(outputs[0].copy, None, "`{line}`: {outputs:?}");
        assert!(
            outputs[0].refused["*"].contains(part),
            "`{line}`: {outputs:?}"
        );
    }
}
