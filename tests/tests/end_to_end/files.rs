//! Files that a command names inside its options: staged under their base names, or found where they are.

use ffbatch_dispatcher::exit::Exit;
use ffbatch_tests::clip::{OTHER, SHORT};
use ffbatch_tests::media::{frames, hashes};
use ffbatch_tests::site::{Site, everywhere};
use ffbatch_tests::tools;

/// A white bar over the upper half, drawn by libass, which draws nothing without the style's font.
const SUBTITLES: &str = "[Script Info]
ScriptType: v4.00+
PlayResX: 320
PlayResY: 180

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, BorderStyle, Outline, Shadow, Alignment, Encoding
Style: Default,Droid Sans Mono,20,&H00FFFFFF,1,0,0,7,1

[Events]
Format: Layer, Start, End, Style, Text
Dialogue: 0,0:00:00.00,0:00:10.00,Default,{\\pos(0,0)\\p1}m 0 0 l 320 0 320 90 0 90{\\p0}
";

/// Encodes with the subtitles and asserts that the pictures differ from those without.
#[track_caller]
fn check_burnt_in(site: &Site, flags: &str, filter: &str) {
    let encode = "-an -c:v ffv1";
    site.job(&format!("-i @in.mp4 {encode} @plain.mkv")).ok();
    let fonts = tools::fonts();
    let fonts = fonts.display();
    site.job_with(
        flags,
        &format!("-i @in.mp4 -vf {filter}:fontsdir={fonts} {encode} @burnt.mkv"),
    )
    .ok();
    let (plain, burnt) = (
        hashes(&site.view("plain.mkv"), "v:0"),
        hashes(&site.view("burnt.mkv"), "v:0"),
    );
    assert_eq!(plain.len(), burnt.len());
    assert!(
        plain
            .iter()
            .zip(&burnt)
            .all(|(plain, burnt)| plain != burnt),
        "the subtitles are not in the picture"
    );
}

#[test]
fn subtitles_from_a_staged_file() {
    everywhere(|site| {
        site.place(SHORT, "in.mp4");
        site.put("texts/subs.ass", SUBTITLES.as_bytes());
        check_burnt_in(site, "--file @texts/subs.ass", "subtitles=subs.ass");
        site.assert_names(["burnt.mkv", "in.mp4", "plain.mkv", "texts/subs.ass"]);
    });
}

#[test]
fn subtitles_where_they_are() {
    let site = Site::local();
    site.place(SHORT, "in.mp4");
    site.put("texts/it's: [a] subs.ass", SUBTITLES.as_bytes());
    check_burnt_in(
        &site,
        "",
        "subtitles=filename=texts/it\\\\\\'s\\\\:\u{a0}\\[a\\]\u{a0}subs.ass",
    );
}

#[test]
fn subtitles_in_s3_inside_a_filter() {
    let site = Site::s3();
    site.place(SHORT, "in.mp4");
    site.put("texts/subs.ass", SUBTITLES.as_bytes());
    check_burnt_in(&site, "", "subtitles=s3\\\\://media/texts/subs.ass");
}

#[test]
fn a_filter_graph_read_from_a_file() {
    everywhere(|site| {
        site.place(SHORT, "in.mp4");
        site.put("graph.txt", b"scale=64:36");
        site.job("-i @in.mp4 -/filter:v @graph.txt -an -c:v ffv1 @out.mkv")
            .ok();
        let streams = ffbatch_tests::media::streams(&site.view("out.mkv"));
        assert!(streams[0].contains("64x36"), "{streams:?}");
    });
}

#[test]
fn a_list_to_concatenate_with_its_files() {
    everywhere(|site| {
        site.place(SHORT, "one.mp4");
        site.place(SHORT, "two.mp4");
        site.put("list.txt", b"file 'one.mp4'\nfile 'two.mp4'\n");
        site.job_with(
            "--file @list.txt --file @one.mp4 --file @two.mp4",
            "-f concat -i list.txt -c copy @out.mp4",
        )
        .ok();
        assert_eq!(frames(&site.view("out.mp4")), 100);
    });
}

#[test]
fn a_file_that_nobody_brought_is_refused_before_anything_moves() {
    everywhere(|site| {
        site.place(OTHER, "in.mp4");
        let ended = site.job("-i @in.mp4 -vf subtitles=missing.srt @out.mp4");
        assert!(matches!(ended.code, Some(2 | 3)), "{ended}");
        assert!(ended.error().contains("missing.srt"), "{ended}");
        site.assert_names(["in.mp4"]);
    });
}

#[test]
fn a_side_file_that_is_not_there() {
    everywhere(|site| {
        site.place(OTHER, "in.mp4");
        let ended = site.job_with("--file @no.srt", "-i @in.mp4 -vf subtitles=no.srt @out.mp4");
        ended.fails(Exit::Input, "no.srt");
        site.assert_names(["in.mp4"]);
    });
}
