//! Other names in the places of a command.

use proptest::prelude::*;

use super::parse;
use crate::command::{Command, Parsed, Place};

/// Replaces every name by its base name in `/w` and compares the line.
#[track_caller]
fn check(line: &str, expected: &str) {
    check_with(line, expected, |place| {
        format!("/w/{}", place.location.base_name())
    });
}

#[track_caller]
fn check_with(line: &str, expected: &str, replace: impl FnMut(&Place) -> String) {
    let words = parse(line).rewrite(replace);
    let expected = Command::from_line(expected).expect("words");
    assert_eq!(words, expected.words());
}

#[test]
fn only_the_names_change() {
    check(
        "-ss 3 -i s3://b/a.mp4 -crf 3 o.mp4 -y",
        "-ss 3 -i /w/a.mp4 -crf 3 /w/o.mp4 -y",
    );
    check("-i 'concat:a/1|s3://b/2' o", "-i 'concat:/w/1|/w/2' /w/o");
    check(
        "-i subfile,,start,1,end,2,,:d/a o",
        "-i subfile,,start,1,end,2,,:/w/a /w/o",
    );
    check(
        "-i a -x264-params crf=3:stats=d/s.log:ref=2 o",
        "-i /w/a -x264-params crf=3:stats=/w/s.log:ref=2 /w/o",
    );
    check(
        "-i a -vf \"  scale=2:2 ,subtitles = 'd/a.srt' :force_style='A=1,B=2' [x]\" o",
        "-i /w/a -vf \"  scale=2:2 ,subtitles = /w/a.srt :force_style='A=1,B=2' [x]\" /w/o",
    );
    check(
        "-i a -vf 'drawtext=fontfile=f/x.ttf:textfile=t/y.txt,lut3d=c/z.cube' o",
        "-i /w/a -vf 'drawtext=fontfile=/w/x.ttf:textfile=/w/y.txt,lut3d=/w/z.cube' /w/o",
    );
    check(
        "-i a -f tee '[f=segment:segment_list=d/l.csv]d/o%d.ts|[f=null]-|d/p.ts'",
        "-i /w/a -f tee '[f=segment:segment_list=/w/l.csv]/w/o%d.ts|[f=null]-|/w/p.ts'",
    );
    check(
        "-i a -vf \"ass='d/a.ass:fontsdir=d/fonts'\" o",
        "-i /w/a -vf \"ass='d/a.ass:fontsdir=d/fonts'\" /w/o"
            .replace("'d/a.ass:fontsdir=d/fonts'", "/w/a.ass':fontsdir='/w/fonts")
            .as_str(),
    );
}

#[test]
fn names_are_escaped_for_where_they_stand() {
    let nasty = |_: &Place| r"/w/a'b:c,d[e];\f".to_owned();
    let filter = |line: &str| parse(line).rewrite(nasty)[2].clone();
    assert_eq!(filter("-i a x y"), r"/w/a'b:c,d[e];\f");
    let graph = parse("-f lavfi -i movie=x y").rewrite(nasty)[3].clone();
    assert_eq!(graph, r"movie=/w/a\\\'b\\:c\,d\[e\]\;\\\\f");
    let tee = parse("-i a -f tee x").rewrite(nasty)[4].clone();
    assert_eq!(tee, r"/w/a\'b:c,d[e];\\f");
    let slave = parse("-i a -f tee [f=segment:segment_list=x]%d.ts").rewrite(nasty)[4].clone();
    assert_eq!(
        slave,
        r"[f=segment:segment_list=/w/a\\\'b\\:c,d[e\\];\\\\f]/w/a\'b:c,d[e];\\f"
    );
}

#[test]
fn a_path_that_looks_like_a_protocol_gets_a_scheme_where_ffmpeg_reads_one() {
    let same = |place: &Place| place.text.clone();
    check_with(
        "-i 12:30.mp4 -vf lut3d=x o",
        "-i file:12:30.mp4 -vf lut3d=x o",
        same,
    );
    check_with("-i a -- -o.mp4", "-i a -- file:-o.mp4", same);
    check_with("-i rtmp://h/a o", "-i rtmp://h/a o", same);
}

#[test]
fn a_path_with_an_equals_sign_is_no_option_of_a_filter() {
    let replace = |_: &Place| "/a=b.srt".to_owned();
    let graph = |line: &str| parse(line).rewrite(replace)[3].clone();
    assert_eq!(graph("-i a -vf subtitles=x o"), r"subtitles=/a\\=b.srt");
    assert_eq!(graph("-i a -vf subtitles=f=x o"), "subtitles=f=/a=b.srt");
}

/// What a command says, without the bytes it says it in.
fn meaning(parsed: &Parsed) -> Vec<(usize, String, String)> {
    let place = |place: &Place| {
        let text = place.location.to_string();
        (
            place.word,
            format!("{:?} {:?} {}", place.role, place.pattern, place.named_by),
            text,
        )
    };
    parsed.places.iter().map(place).collect()
}

/// Writes a command that names one file at each kind of place, each replaced by a name.
fn shapes() -> Vec<&'static str> {
    vec![
        "-i x o.mp4",
        "-i a.mp4 x",
        "-f lavfi -i movie=x:si=0[out0] o.mp4",
        "-i a.mp4 -vf scale=2:2,subtitles='x':force_style='a,b',null o.mp4",
        "-i a.mp4 -vf 'subtitles=filename='\\''x:charenc=y'\\'',lut3d=p' o.mp4",
        "-i a.mp4 -i b.mp4 -lavfi 'libvmaf=log_path=l:model=path=x\\\\:name=n|path=p' -f null -",
        "-i a.mp4 -f tee '[f=segment:segment_list=x]o%d.ts|y.ts'",
        "-i a.mp4 -x265-params csv=x:crf=3 o.mp4",
        "-i a.mp4 -attach x -passlogfile y o.mp4",
    ]
}

proptest! {
    #[test]
    fn any_name_reads_back(name in r"[ -~ü日\t]{1,30}", shape in 0usize..9) {
        let name = format!("/d {name}.é");
        let line = shapes()[shape];
        let parsed = parse(line);
        for chosen in 0..parsed.places.len() {
            let mut number = 0;
            let words = parsed.rewrite(|place| {
                number += 1;
                if number == chosen + 1 { name.clone() } else { place.text.clone() }
            });
            let Ok(again) = Command::new(words).parse() else {
                // A pattern must stay one.
                prop_assert!(parsed.places[chosen].is_pattern(), "`{}` in {}", name, line);
                continue;
            };
            prop_assert_eq!(&again.places[chosen].text, &name);
            prop_assert_eq!(again.places.len(), parsed.places.len());
        }
    }

    #[test]
    fn no_text_is_too_strange(
        start in r"(-i a )?(-vf |-f tee |-f lavfi -i |-x264-params |-i |-lavfi )",
        text in r"(movie=|crypto:|concat:|cache:|subfile,,:|\[f=|libvmaf=model=|path=|s3://b/|[a:|,;='\[\]\\ü%/ -]){0,14}",
    ) {
        let mut words: Vec<String> = start.split_whitespace().map(str::to_owned).collect();
        words.extend([text, "o".to_owned()]);
        if let Ok(parsed) = Command::new(words).parse() {
            parsed.rewrite(|place| place.text.clone());
        }
    }

    #[test]
    fn own_names_leave_the_meaning(graph in r"(subtitles|lut3d|movie|scale)=([a-z:,'\\= ]{0,12})(,ass='?[a-z\\:]{1,8}'?(:fontsdir=[a-z']{1,5})?)?") {
        let command = Command::new(["-i", "/in.mp4", "-vf", graph.as_str(), "/out.mp4"]);
        let Ok(parsed) = command.parse() else { return Ok(()) };
        let again = Command::new(parsed.rewrite(|place| place.text.clone()));
        let again = again.parse();
        prop_assert!(again.is_ok(), "{:?}", again);
        prop_assert_eq!(meaning(&again.expect("checked above")), meaning(&parsed));
    }
}
