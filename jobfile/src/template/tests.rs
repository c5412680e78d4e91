//! Placeholders, and the promise that a value stays in its word.

use ffbatch_dispatcher::command::{Command, words};
use proptest::prelude::*;

use super::{Slot, Template};

fn value(slot: Slot) -> &'static str {
    match slot {
        Slot::Input => "in put.mov",
        Slot::Stem => "in put",
        other => other.name(),
    }
}

#[track_caller]
fn check(text: &str, expected: &str) {
    let template = Template::parse(text).expect("a template");
    assert_eq!(template.fill(value), expected);
}

#[track_caller]
fn refused(text: &str) -> String {
    Template::parse(text)
        .expect_err("it is refused")
        .to_string()
}

#[test]
fn filled() {
    check("", "");
    check("plain", "plain");
    check("{input}", "in put.mov");
    check("out/{stem}-{compute}.{ext}", "out/in put-compute.ext");
    check("{{stem}}", "{stem}");
    check("{{{stem}}}", "{in put}");
    check("ü{name}日", "üname日");
}

#[test]
fn what_is_no_template() {
    insta::assert_snapshot!(refused("{inptu}"), @"unknown placeholder `{inptu}` (did you mean `input`?; braces themselves are written `{{` and `}}`)");
    insta::assert_snapshot!(refused(r"drawtext=text='%{pts\:hms}'"), @r"unknown placeholder `{pts\:hms}` (known: input, output, stem, ext, dir, index, name, compute; braces themselves are written `{{` and `}}`)");
    insta::assert_snapshot!(refused("{}"), @"unknown placeholder `{}` (known: input, output, stem, ext, dir, index, name, compute; braces themselves are written `{{` and `}}`)");
    insta::assert_snapshot!(refused("a{input"), @"the `{` at character 2 of `a{input` has no partner (write `{{` for the brace itself)");
    insta::assert_snapshot!(refused("ü}"), @"the `}` at character 2 of `ü}` has no partner (write `}}` for the brace itself)");
    insta::assert_snapshot!(refused("{in{put}}"), @"the `{` at character 1 of `{in{put}}` has no partner (write `{{` for the brace itself)");
}

proptest! {
    #[test]
    fn braces_come_back(text in any::<String>()) {
        let doubled = text.replace('{', "{{").replace('}', "}}");
        let template = Template::parse(&doubled).expect("a template without placeholders");
        prop_assert_eq!(template.slots().count(), 0);
        prop_assert_eq!(template.fill(value), text);
    }

    #[test]
    fn any_text_is_read_or_refused(text in r"[{}a-z\\ ]{0,12}") {
        let _ = Template::parse(&text);
    }

    #[test]
    fn a_value_stays_in_its_word(input in r#"[ -~\t\nü日$'"\\`;|&*]{0,20}"#) {
        let typed = Command::from_line("ffmpeg -i {input} -metadata 'title=a {input}' \"{input}\".mp4").expect("words");
        let filled: Vec<String> = typed
            .words()
            .iter()
            .map(|word| Template::parse(word).expect("a template").fill(|_| &input))
            .collect();
        let title = format!("title=a {input}");
        let output = format!("{input}.mp4");
        let expected = ["-i", &input, "-metadata", &title, &output];
        prop_assert_eq!(&filled, &expected);
        // A shell would read the same words.
        prop_assert_eq!(words::split(&words::join(&filled)).expect("words"), expected);
    }
}
