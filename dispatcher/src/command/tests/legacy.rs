//! The original's parameters.

use crate::command::{Command, CommandError, Legacy};

fn legacy(fields: [&str; 5]) -> Result<Command, CommandError> {
    let [global, input, url, output, to] = fields.map(|field| Some(field.to_owned()));
    Command::from_legacy(&Legacy {
        global_options: global,
        input_file_options: input,
        input_url: url,
        output_file_options: output,
        output_url: to,
    })
}

#[track_caller]
fn check(fields: [&str; 5], expected: &str) {
    let command = legacy(fields).expect("a command");
    assert_eq!(command.to_line(), expected);
    command.parse().expect("it parses");
}

/// Compares the inputs that `input_url` stands for.
#[track_caller]
fn check_inputs(url: &str, expected: &[&str]) {
    let parsed = legacy(["", "", url, "", "o"]).expect("a command");
    let words = parsed.words();
    let inputs: Vec<&str> = words[..words.len() - 1]
        .iter()
        .map(String::as_str)
        .collect();
    let flat: Vec<&str> = expected.iter().flat_map(|input| ["-i", input]).collect();
    assert_eq!(inputs, flat);
}

#[track_caller]
fn check_error(fields: [&str; 5], expected: &str) {
    let error = legacy(fields).expect_err("it is refused").to_string();
    assert!(error.starts_with(expected), "`{error}`");
}

#[test]
fn the_form_of_the_original() {
    check(
        [
            "-y -hide_banner",
            "-ss 3",
            "s3://b/a.mp4,s3://b/b.mp4",
            "-vf 'scale=2:2, null' -an",
            "s3://b/o, x.mp4",
        ],
        "-y -hide_banner -ss 3 -i s3://b/a.mp4 -i s3://b/b.mp4 -vf 'scale=2:2, null' -an 's3://b/o, x.mp4'",
    );
    check(["null", "", "a.mp4", "null", "o.mp4"], "-i a.mp4 o.mp4");
    check(["", "", "a.mp4", "-f null", "-"], "-i a.mp4 -f null -");
    check(["", "", "a.mp4", "", "-o.mp4"], "-i a.mp4 ./-o.mp4");
}

#[test]
fn commas() {
    check_inputs("s3://b/a.mp4", &["s3://b/a.mp4"]);
    check_inputs("s3://b/a,b.mp4", &["s3://b/a,b.mp4"]);
    check_inputs(
        "s3://b/a,b.mp4,s3://b/c.mp4",
        &["s3://b/a,b.mp4", "s3://b/c.mp4"],
    );
    check_inputs(
        "s3://b/a.mp4, https://h/c.mp4",
        &["s3://b/a.mp4", "https://h/c.mp4"],
    );
    check_inputs("a.mp4,b.mp4", &["a.mp4", "b.mp4"]);
    check_inputs(
        "a.mp4,b.mp4,s3://b/c.mp4",
        &["a.mp4", "b.mp4", "s3://b/c.mp4"],
    );
    check_inputs("[1].mp4", &["[1].mp4"]);
}

#[test]
fn a_json_list() {
    check_inputs(
        r#"["s3://b/a,s3://b/b", "c,d"]"#,
        &["s3://b/a,s3://b/b", "c,d"],
    );
    check(
        [
            "",
            "-ss 1",
            r#"[{"url": "a b", "options": "-t '2'"}, "c", {"url": "d", "options": null}]"#,
            "",
            "o",
        ],
        "-ss 1 -t 2 -i 'a b' -i c -i d o",
    );
    let list = |text| ["", "", text, "", "o"];
    check_error(list(r#"["a""#), "`input_url` is no list of inputs: EOF");
    check_error(
        list(r#"["a", 3]"#),
        "`input_url` is no list of inputs: `3` is neither a text nor an object",
    );
    check_error(
        list(r#"[{"uri": "a"}]"#),
        "`input_url` is no list of inputs: unknown key `uri`",
    );
    check_error(
        list(r#"[{"options": "a"}]"#),
        "`input_url` is no list of inputs: `{\"options\":\"a\"}` has no text `url`",
    );
    check_error(
        list(r#"[{"url": "a", "options": 3}]"#),
        "`input_url` is no list of inputs: `options` in",
    );
}

#[test]
fn what_is_required() {
    check_error(["", "", "null", "", "o"], "`input_url` is missing");
    check_error(["", "", "a", "", ""], "`output_url` is missing");
    check_error(
        ["", "", "a,,b", "", "o"],
        "an input of `input_url` is an empty word",
    );
    check_error(
        ["", "", "a", "-vf 'x", "o"],
        "`output_file_options` cannot be split into words",
    );
    let error = Command::from_legacy(&Legacy::default()).expect_err("nothing is given");
    assert_eq!(error, CommandError::FieldMissing("input_url"));
}
