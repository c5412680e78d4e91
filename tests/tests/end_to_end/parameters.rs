//! The original's form of a job: six texts as AWS Batch carries them, given to the worker under the same names.

use ffbatch_dispatcher::exit::Exit;
use ffbatch_tests::clip::{OTHER, SHORT};
use ffbatch_tests::ended::Ended;
use ffbatch_tests::media::{frames, streams};
use ffbatch_tests::site::{Site, everywhere};

/// The job parameters in the order in which a job definition passes them: the original's six, and ours.
const FLAGS: [&str; 7] = [
    "--global_options",
    "--input_file_options",
    "--input_url",
    "--output_file_options",
    "--output_url",
    "--name",
    "--job",
];

/// Runs the worker as a container of AWS Batch would: all flags, `null` for what is not given.
#[track_caller]
fn batch(site: &Site, values: [&str; 6]) -> Ended {
    let words = FLAGS
        .iter()
        .zip(values.into_iter().chain(["null"]))
        .flat_map(|(flag, value)| [(*flag).to_owned(), value.replace('@', &site.name(""))]);
    site.sandbox.worker(words)
}

#[test]
fn all_six() {
    everywhere(|site| {
        site.place(SHORT, "in.mp4");
        let values = [
            "-loglevel info",
            "-ss 1",
            "@in.mp4",
            "-c:v libx264 -preset ultrafast -an",
            "@out.mp4",
            "clip",
        ];
        batch(site, values).ok();
        assert_eq!(frames(&site.view("out.mp4")), 25);
    });
}

#[test]
fn null_is_nothing() {
    everywhere(|site| {
        site.place(SHORT, "in.mp4");
        batch(
            site,
            ["null", "null", "@in.mp4", "null", "@out.mkv", "null"],
        )
        .ok();
        assert_eq!(frames(&site.view("out.mkv")), 50);
    });
}

#[test]
fn a_definition_without_a_default_is_told_which_parameter_it_lacks() {
    let site = Site::local();
    site.place(SHORT, "in.mp4");
    let ended = batch(
        &site,
        [
            "Ref::global_options",
            "null",
            "@in.mp4",
            "null",
            "@out.mkv",
            "null",
        ],
    );
    assert_eq!(
        ended.code,
        Some(i32::from(Exit::Rejected.code())),
        "{ended}"
    );
    let lacks = "the job definition has no default for the parameter `global_options`";
    assert!(ended.stdout.contains(lacks), "{ended}");
}

#[test]
fn no_parameter_begins_with_the_name_of_another() {
    // Whoever replaces `Ref::name` by its text alone would replace a part of the longer one.
    for (index, flag) in FLAGS.iter().enumerate() {
        let others = FLAGS
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != index);
        for (_, other) in others {
            assert!(!other.starts_with(flag), "{flag} and {other}");
        }
    }
}

#[test]
fn several_inputs_with_commas() {
    everywhere(|site| {
        site.place(SHORT, "a.mp4");
        site.place(OTHER, "b.mp4");
        batch(
            site,
            [
                "null",
                "null",
                "@a.mp4,@b.mp4",
                "-map 0:v -map 1:v -c copy",
                "@out.mkv",
                "null",
            ],
        )
        .ok();
        assert_eq!(streams(&site.view("out.mkv")).len(), 2);
    });
}

#[test]
fn several_inputs_as_a_list_with_options_and_commas_in_their_names() {
    everywhere(|site| {
        site.place(SHORT, "a,b.mp4");
        site.place(OTHER, "c,d.mp4");
        let list = r#"[{"url": "@a,b.mp4", "options": "-ss 1"}, "@c,d.mp4"]"#;
        batch(
            site,
            [
                "null",
                "null",
                list,
                "-map 0:v -map 1:v -c:v libx264 -preset ultrafast",
                "@out.mkv",
                "null",
            ],
        )
        .ok();
        let out = site.view("out.mkv");
        assert_eq!((frames(&out), streams(&out).len()), (25, 2));
    });
}

#[test]
fn quotes_as_in_a_shell_and_no_shell() {
    everywhere(|site| {
        site.place(SHORT, "in.mp4");
        let options =
            r#"-c copy -metadata title='a  b' -metadata artist="it's" -metadata comment=$HOME"#;
        batch(
            site,
            ["null", "null", "@in.mp4", options, "@out.mkv", "null"],
        )
        .ok();
        let asked = std::process::Command::new(ffbatch_tests::tools::ffmpeg())
            .args(["-v", "error", "-i"])
            .arg(site.view("out.mkv"))
            .args(["-f", "ffmetadata", "-"])
            .output()
            .expect("ffmpeg starts");
        let text = String::from_utf8_lossy(&asked.stdout).to_lowercase();
        assert!(
            text.contains("title=a  b")
                && text.contains("artist=it's")
                && text.contains("comment=$home"),
            "{text}"
        );
    });
}

/// Asserts that a job is refused before a byte moves: its input does not exist, and nobody noticed.
#[track_caller]
fn check_refused(site: &Site, values: [&str; 6], part: &str) {
    let ended = batch(site, values);
    assert_eq!(
        ended.code,
        Some(i32::from(Exit::Rejected.code())),
        "{ended}"
    );
    assert!(
        ended.stdout.contains(part),
        "the last event lacks `{part}`\n{ended}"
    );
    assert!(
        !ended.stdout.contains(r#""stage":"fetch""#),
        "something moved\n{ended}"
    );
}

#[test]
fn what_is_wrong_is_found_before_a_byte_moves() {
    everywhere(|site| {
        let refused = |values, part| check_refused(site, values, part);
        refused(
            [
                "null",
                "null",
                "@no.mp4",
                "-vf 'scale=1:1",
                "@out.mp4",
                "null",
            ],
            "'",
        );
        refused(
            ["null", "-ss \"1", "@no.mp4", "null", "@out.mp4", "null"],
            "\\\"",
        );
        refused(
            ["null", "null", "null", "null", "@out.mp4", "null"],
            "input_url",
        );
        refused(
            ["null", "null", "@no.mp4", "null", "null", "null"],
            "output_url",
        );
        refused(
            ["null", "null", "@no.mp4", "null", "@no.mp4", "null"],
            "no.mp4",
        );
        refused(
            ["null", "null", "@no.mp4", "null", "gopher://x/y", "null"],
            "gopher",
        );
        refused(
            ["null", "null", "@no.mp4", "-c:v", "@out.mp4", "null"],
            "-c:v",
        );
    });
}

#[test]
fn the_command_line_takes_the_same_parts() {
    everywhere(|site| {
        site.place(SHORT, "in.mp4");
        for (flag_style, name) in [("_", "a.mp4"), ("-", "b.mp4")] {
            let flag = |name: &str| format!("--{}", name.replace('_', flag_style));
            let words = [
                "run".to_owned(),
                flag("input_url"),
                site.name("in.mp4"),
                flag("input_file_options"),
                "-ss 1".to_owned(),
                flag("output_file_options"),
                "-an -c:v libx264 -preset ultrafast".to_owned(),
                flag("output_url"),
                site.name(name),
            ];
            site.sandbox.ffbatch(words).ok();
            assert_eq!(frames(&site.view(name)), 25);
        }
    });
}
