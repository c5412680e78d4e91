//! Whole commands, as people type them.

mod errors;
mod legacy;
mod places;
mod rewrite;

use super::{Command, CommandError, Parsed};

/// Parses a line of shell words.
#[track_caller]
fn parse(line: &str) -> Parsed {
    match Command::from_line(line).and_then(|command| command.parse()) {
        Ok(parsed) => parsed,
        Err(error) => panic!("`{line}`: {error}"),
    }
}

fn error(line: &str) -> CommandError {
    Command::from_line(line)
        .and_then(|command| command.parse())
        .expect_err("the command is refused")
}

#[test]
fn the_program_may_be_named_or_not() {
    let words = ["-i", "a", "b"];
    for program in ["ffmpeg", "/usr/bin/ffmpeg", "./ffmpeg"] {
        assert_eq!(Command::new([program, "-i", "a", "b"]).words(), words);
    }
    assert_eq!(Command::new(words).words(), words);
}

#[test]
fn a_command_is_its_words_in_json() {
    let command = Command::from_line("ffmpeg -i 'a b' out.mp4").expect("words");
    let json = serde_json::to_string(&command).expect("JSON");
    assert_eq!(json, r#"["-i","a b","out.mp4"]"#);
    assert_eq!(
        serde_json::from_str::<Command>(&json).expect("a command"),
        command
    );
    assert_eq!(command.to_string(), "ffmpeg -i 'a b' out.mp4");
}

#[test]
fn options_belong_to_the_file_after_them() {
    let parsed = parse(
        "-y -ss 3 -i a.mp4 -f mp4 -i b.mp4 -c:v:0 libx264 -noautoscale x.mp4 -t 5 y.mp4 -hide_banner",
    );
    let names = |options: &[super::OptionUse]| -> Vec<String> {
        options.iter().map(|option| option.name.clone()).collect()
    };
    assert_eq!(names(&parsed.globals), ["y", "hide_banner"]);
    assert_eq!(names(&parsed.inputs[0].options), ["ss"]);
    assert_eq!(names(&parsed.inputs[1].options), ["f"]);
    assert_eq!(names(&parsed.outputs[0].options), ["c", "autoscale"]);
    assert_eq!(names(&parsed.outputs[1].options), ["t"]);
    let codec = &parsed.outputs[0].options[0];
    assert_eq!(
        (codec.specifier.as_deref(), codec.word, codec.value),
        (Some("v:0"), 9, Some(10))
    );
    assert!(parsed.outputs[0].options[1].negated);
    assert_eq!(parsed.last(&parsed.outputs[0], &["c:v:0"]), Some("libx264"));
    assert_eq!(parsed.last(&parsed.outputs[0], &["c:v"]), None);
    assert_eq!(parsed.last(&parsed.outputs[1], &["t", "to"]), Some("5"));
    assert!(parsed.has_flag("y") && !parsed.has_flag("n"));
}

#[test]
fn the_last_of_several_wins() {
    let parsed = parse("-i a -c:v x -vcodec y -codec:v z -t 1 -t 2 out.mp4");
    let output = &parsed.outputs[0];
    assert_eq!(
        parsed.last(output, &["c:v", "codec:v", "vcodec"]),
        Some("z")
    );
    assert_eq!(parsed.last(output, &["t"]), Some("2"));
    assert!(!parse("-stats -nostats -i a b").has_flag("stats"));
}

#[test]
fn pass_numbers() {
    assert_eq!(parse("-i a -pass 2 b.mp4").pass(0), Some(2));
    assert_eq!(parse("-i a -pass:v 1 -f null -").pass(0), Some(1));
    assert_eq!(parse("-i a b.mp4").pass(0), None);
}

#[test]
fn names_beside_an_output() {
    let parsed = parse("-i a -init_seg_name s/i.m4s -media_seg_name 's/$Number$.m4s' o.mpd");
    assert_eq!(parsed.beside(0), ["s/i.m4s", "s/$Number$.m4s"]);
    assert_eq!(parsed.beside(1), Vec::<&str>::new());
}

#[test]
fn loopback_decoders_are_neither_input_nor_output() {
    let parsed = parse(
        "-i a -map 0:v -c:v libx264 o.mp4 -dec 0:0 -filter_complex [dec:0]scale[x] -map [x] p.mp4",
    );
    assert_eq!(
        (
            parsed.inputs.len(),
            parsed.outputs.len(),
            parsed.decoders.len()
        ),
        (1, 2, 1)
    );
}

#[test]
fn two_dashes_make_the_next_word_an_output() {
    assert_eq!(parse("-i a -- -out.mp4").places[1].text, "-out.mp4");
}

#[test]
fn files_that_ffmpeg_uses_unasked() {
    let implicit = |line: &str| -> Vec<String> {
        let parsed = parse(line);
        let name = |file: &super::Implicit| format!("{:?} {}", file.role, file.name);
        parsed.implicit.iter().map(name).collect()
    };
    assert_eq!(implicit("-i a -pass 1 -f null -"), ["Prefix ffmpeg2pass"]);
    assert_eq!(
        implicit("-i a -pass 1 -passlogfile x -f null -"),
        Vec::<String>::new()
    );
    assert_eq!(
        implicit("-i a -c:v libx265 -x265-params pass=1 -f null -"),
        ["Prefix x265_2pass.log"]
    );
    assert_eq!(
        implicit("-i a -x264-params pass=1:stats=s.log -f null -"),
        Vec::<String>::new()
    );
    assert_eq!(
        implicit("-report -vstats -i a b"),
        ["Prefix ffmpeg-", "Prefix vstats_"]
    );
    assert_eq!(
        implicit("-i a -vf vidstabdetect -f null -"),
        ["Write transforms.trf"]
    );
    assert_eq!(
        implicit("-i a -vf vidstabdetect=result=x.trf -f null -"),
        Vec::<String>::new()
    );
    assert_eq!(
        implicit("-i a -vf vidstabtransform=smoothing=3,scale=2:2 b"),
        ["Read transforms.trf"]
    );
}
