//! Lines that are read, and lines that are not.

use super::ndjson;
use crate::entry::Body;

#[track_caller]
fn refused(text: &str) -> String {
    ndjson(text, "stdin")
        .expect_err("it is refused")
        .to_string()
}

#[test]
fn both_kinds_of_lines() {
    let text = "{\"command\": \"-i a b\", \"name\": \"x\"}\r\n\n{\"version\": 1, \"name\": \"x\", \"commands\": [[\"-i\", \"a\", \"b\"]]}\n";
    let file = ndjson(text, "stdin").expect("it is read");
    let [first, second] = file.entries.as_slice() else {
        panic!("two jobs");
    };
    assert!(matches!(first.body, Body::Written(_)));
    assert!(matches!(second.body, Body::Whole(_)));
    assert_eq!(second.at.line, 3);
}

#[test]
fn lines_that_are_wrong() {
    let good = "{\"command\": \"-i a b\"}\n";
    insta::assert_snapshot!(refused(""), @r#"stdin: there is no job in it (write one a line: {"command": "ffmpeg -i in.mp4 out.mp4"})"#);
    insta::assert_snapshot!(refused(&format!("{good}{{\"command\": }}")), @"stdin:2:13: the line is no JSON: expected a value (a text in double quotes, a number, `true`, `false`, `null`, a list or an object)");
    insta::assert_snapshot!(refused(&format!("{good}{{\"comand\": \"-i a b\"}}")), @"stdin:2:2: unknown key `comand` in a job (did you mean `command`?)");
    insta::assert_snapshot!(refused(&format!("{good}[]")), @"stdin:2:1: expected an object with the keys of a job, found a list");
    insta::assert_snapshot!(refused(&format!("{good}ffmpeg -i a b")), @"stdin:2:2: the line is no JSON: expected a value (a text in double quotes, a number, `true`, `false`, `null`, a list or an object)");
    insta::assert_snapshot!(refused(&format!("{good}{{\"name\": \"a\"}}")), @r#"stdin:2:1: job `a`: there is no command (add `command = "ffmpeg -i in.mp4 out.mp4"`)"#);
    insta::assert_snapshot!(refused(&format!("{good}{{\"version\": 2}}")), @"stdin:2:2: the job is of version 2, this program reads up to version 1 (update ffbatch)");
    insta::assert_snapshot!(refused(&format!("{good}{{\"version\": \"1\"}}")), @"stdin:2:13: `version`: expected a whole number from 0 to 4294967295, found the text `1`");
    insta::assert_snapshot!(refused(&format!("{good}{{\"version\": 1, \"command\": []}}")), @"stdin:2:16: unknown key `command` in a job (did you mean `commands`?)");
    insta::assert_snapshot!(refused(&format!("{good}{{\"version\": 1}}")), @"stdin:2:1: `commands` is missing (add it)");
    insta::assert_snapshot!(refused(&format!("{good}{{\"version\": 1, \"commands\": [], \"files\": [\"gopher://x\"]}}")), @"stdin:2:41: `files`: unknown scheme `gopher://` in `gopher://x` (known: a path, file://, s3://, https://, http://, and rtmp://, rtsp://, srt:// or udp:// as live inputs)");
}
