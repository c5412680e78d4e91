//! Names: whatever the file system or S3 allows comes in and goes out as it is, and nothing climbs out of its place.

use std::collections::BTreeSet;

use ffbatch_tests::clip::{self, OTHER, SHORT};
use ffbatch_tests::media::{frames, streams};
use ffbatch_tests::sandbox::files_below;
use ffbatch_tests::site::{BUCKET, Site, everywhere};

/// Names that some program on the way could take for something else. `%05d` is a pattern for image sequences and nowhere else.
const NAMES: [&str; 21] = [
    "a b.mp4",
    " lead and trail .mp4",
    "what?.mp4",
    "a#b.mp4",
    "a%41b.mp4",
    "a%05d.mp4",
    "a,b.mp4",
    "ü—日本🎬.mp4",
    "+plus&amp;=1.mp4",
    "it's \"quoted\".mp4",
    "back\\slash.mp4",
    "semi;co:lon.mp4",
    "pi|pe.mp4",
    "[brackets]{braces}.mp4",
    "*.mp4",
    "$HOME `id`.mp4",
    "-dash.mp4",
    "~tilde.mp4",
    "..dots...mp4",
    "NUL.mp4",
    "no extension, but dots.a.b.mp4",
];

/// Copies every name's input to its output with one job each, and compares all bytes that went in with what was read.
#[track_caller]
fn check_names(site: &Site, names: &[String]) {
    for name in names {
        let (input, output) = (format!("in/{name}"), format!("out/{name}"));
        site.place(SHORT, &input);
        let ended = site
            .sandbox
            .job(["-i", &site.name(&input), "-c", "copy", &site.name(&output)]);
        assert_eq!(
            ended.code,
            Some(0),
            "the name {name:?} does not survive\n{ended}"
        );
    }
    let expected: BTreeSet<String> = names
        .iter()
        .flat_map(|name| [format!("in/{name}"), format!("out/{name}")])
        .collect();
    assert_eq!(site.names(), expected);
    for name in names {
        assert_eq!(
            site.bytes(&format!("in/{name}")),
            clip::bytes(SHORT),
            "the input {name:?} was changed"
        );
        assert!(
            site.bytes(&format!("out/{name}")).len() > 1000,
            "the output {name:?} is too small"
        );
    }
}

#[test]
fn names_that_look_like_something_else() {
    everywhere(|site| check_names(site, &NAMES.map(str::to_owned)));
}

#[test]
fn a_path_with_a_line_break() {
    // Legal in S3 too, but moto's router takes no such key.
    let site = Site::local();
    check_names(&site, &["new\nline.mp4".to_owned()]);
    site.sandbox.assert_clean();
}

#[test]
fn keys_of_a_thousand_characters() {
    let site = Site::s3();
    let flat = format!("{}.mp4", "k".repeat(1000 - 4 - 4));
    let deep = format!("{}/x.mp4", vec!["d".repeat(300); 3].join("/"));
    check_names(&site, &[flat, deep]);
    site.sandbox.assert_clean();
}

#[test]
fn paths_of_a_thousand_characters() {
    let site = Site::local();
    check_names(
        &site,
        &[format!(
            "{}/{}.mp4",
            vec!["d".repeat(200); 3].join("/"),
            "k".repeat(200)
        )],
    );
    site.sandbox.assert_clean();
}

/// Keys that would leave their directory if they were paths.
const CLIMBING: [&str; 5] = [
    "../../../../../../escaped.mp4",
    "a/../../b.mp4",
    "a//b.mp4",
    "/lead.mp4",
    "./here.mp4",
];

#[test]
fn keys_that_climb_stay_keys() {
    let site = Site::s3();
    let moto = site.moto.as_ref().expect("a site in S3");
    for key in CLIMBING {
        site.place(SHORT, &format!("in/{key}"));
        // Inside a directory, and as the very first components of a key.
        for output in [format!("out/{key}"), key.to_owned()] {
            let ended = site.sandbox.job([
                "-i",
                &site.name(&format!("in/{key}")),
                "-c",
                "copy",
                &site.name(&output),
            ]);
            assert_eq!(
                ended.code,
                Some(0),
                "the key {key:?} does not survive\n{ended}"
            );
            assert!(
                moto.keys(BUCKET).contains(&output),
                "{output:?} is not there"
            );
        }
    }
    site.sandbox.assert_clean();
    let outside = files_below(&site.sandbox.directory("tmp"));
    assert!(
        outside.is_empty() && site.sandbox.files().is_empty(),
        "something climbed out: {outside:?}"
    );
}

#[test]
fn keys_that_end_like_directories_can_be_read() {
    let site = Site::s3();
    for key in ["in/..", "in/.", ".."] {
        site.place(SHORT, key);
        site.sandbox
            .job(["-i", &site.name(key), "-c", "copy", "out.mp4"])
            .ok();
        assert_eq!(frames(&site.sandbox.path("out.mp4")), 50);
    }
    site.sandbox.assert_clean();
}

#[test]
fn two_inputs_with_one_base_name_do_not_meet() {
    everywhere(|site| {
        site.place(SHORT, "a/x.mp4");
        site.place(OTHER, "b/x.mp4");
        site.job("-i @a/x.mp4 -i @b/x.mp4 -map 0:v -map 1:v -c copy @out.mkv")
            .ok();
        let streams = streams(&site.view("out.mkv"));
        assert_eq!(streams.len(), 2, "{streams:?}");
        assert!(
            streams[0].contains("320x180") && streams[1].contains("160x90"),
            "{streams:?}"
        );
    });
}

#[test]
fn an_input_of_images_is_read_by_pattern() {
    everywhere(|site| {
        site.job("-f lavfi -i testsrc2=size=64x36:rate=25:duration=2 @shots/%05d.png")
            .ok();
        site.job("-framerate 25 -i @shots/%05d.png -c:v libx264 -preset ultrafast -pix_fmt yuv420p @film.mp4").ok();
        assert_eq!(frames(&site.view("film.mp4")), 50);
    });
}

#[test]
fn a_local_path_may_climb() {
    let site = Site::local();
    site.place(SHORT, "in.mp4");
    site.sandbox.write("here/.keep", "");
    site.job("-i here/../in.mp4 -c copy here/../out.mp4").ok();
    assert_eq!(frames(&site.view("out.mp4")), 50);
}
