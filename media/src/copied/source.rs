//! The source of a copied stream once more: the words that open it.
//!
//! An input's options decide how its packets are read, and stay. Those that choose a part of it go, so that what was copied is
//! looked for in the whole, and so do those that change or leave out packets: a copy lacks nothing and changes nothing.

use ffbatch_dispatcher::command::{OptionUse, Parsed, Target};

use super::Original;
use crate::probe::{Mapping, Origin};
use crate::shadow::input_words;

/// Options that choose a part of an input.
const PART: [&str; 4] = ["ss", "sseof", "t", "to"];

/// Options that read an input again and again. For `ignore_loop` that is its 0.
const AGAIN: [&str; 3] = ["ignore_loop", "loop", "stream_loop"];

/// Options that change packets or leave some out.
const CHANGED: [&str; 2] = ["bsf", "discard"];

/// Bitstream filters that split or join packets: what comes out is the same, but not packet by packet.
const REPACKING: [&str; 7] = [
    "av1_frame_merge",
    "av1_frame_split",
    "evc_frame_merge",
    "mpeg4_unpack_bframes",
    "vp9_raw_reorder",
    "vp9_superframe",
    "vp9_superframe_split",
];

/// How to read again what a stream was copied from. `words` are the command's words with the names of local files.
///
/// # Errors
/// A sentence on why the packets of both cannot be compared.
pub fn original(
    parsed: &Parsed,
    words: &[String],
    mapping: Mapping,
    codec: &str,
) -> Result<Original, String> {
    let Origin::Stream((input, stream)) = mapping.origin else {
        return Err("what a filter graph makes is no copy".to_owned());
    };
    let unknown = "ffmpeg's log names a file that the command has not";
    let file = parsed.inputs.get(input).ok_or(unknown)?;
    let output = parsed.outputs.get(mapping.output.0).ok_or(unknown)?;
    let filters = output.options.iter();
    let filters = filters.filter(|option| option.name.ends_with("bsf"));
    let mut filters = filters.filter_map(|option| parsed.value(option));
    if let Some(name) = filters.find_map(|filters| {
        let mut names = filters.split([',', '=', ':']);
        names.find(|name| REPACKING.contains(name))
    }) {
        return Err(format!(
            "the bitstream filter `{name}` splits or joins packets, which are compared one by one"
        ));
    }
    if file.target == Target::Graph {
        return Err(
            "what a filter graph makes (-f lavfi) has no packets to compare with".to_owned(),
        );
    }
    let is = |option: &OptionUse, names: &[&str]| names.contains(&option.name.as_str());
    let kept =
        |option: &OptionUse| !is(option, &PART) && !is(option, &AGAIN) && !is(option, &CHANGED);
    Ok(Original {
        words: input_words(file, words, kept),
        stream,
        codec: codec.to_owned(),
        repeats: file.options.iter().any(|option| is(option, &AGAIN)),
    })
}

#[cfg(test)]
mod tests {
    use ffbatch_dispatcher::command::Command;

    use super::*;

    fn of(line: &str, from: (usize, usize)) -> Result<(String, bool), String> {
        let parsed = Command::from_line(line)
            .and_then(|command| command.parse())
            .expect("a command");
        let mapping = Mapping {
            origin: Origin::Stream(from),
            output: (0, 0),
            copied: true,
        };
        let original = original(&parsed, parsed.words(), mapping, "h264")?;
        Ok((original.words.join(" "), original.repeats))
    }

    #[track_caller]
    fn check(line: &str, from: (usize, usize), expected: &str, repeats: bool) {
        assert_eq!(of(line, from), Ok((expected.to_owned(), repeats)));
    }

    #[test]
    fn the_whole_input_is_read_as_it_was() {
        check(
            "-y -re -ss 3 -t 5 -framerate 30 -f h264 -i a.h264 -i b.mp4 -map 1 -c copy -ss 1 c.mp4",
            (0, 0),
            "-framerate 30 -f h264 -i a.h264",
            false,
        );
        check(
            "-i a.mp4 -sseof -5 -i b.mp4 c.mp4",
            (1, 0),
            "-i b.mp4",
            false,
        );
        check(
            "-f concat -safe 0 -stream_loop -1 -i l.txt -t 9 -c copy c.mp4",
            (0, 1),
            "-f concat -safe 0 -i l.txt",
            true,
        );
        check(
            "-loop 1 -i a.png -t 9 -c copy c.mkv",
            (0, 0),
            "-i a.png",
            true,
        );
        check(
            "-bsf:v noise -i a.mp4 -c copy c.mkv",
            (0, 0),
            "-i a.mp4",
            false,
        );
    }

    #[test]
    fn where_packets_cannot_be_compared() {
        #[track_caller]
        fn check(line: &str, from: (usize, usize), part: &str) {
            let why = of(line, from).expect_err("no comparison");
            assert!(why.contains(part), "{line}: {why}");
        }
        check("-f lavfi -i testsrc2 -c copy -t 1 c.nut", (0, 0), "lavfi");
        check("-i a.mp4 -c copy c.mkv", (3, 0), "has not");
        check(
            "-i a.avi -c copy -bsf:v mpeg4_unpack_bframes c.mp4",
            (0, 0),
            "`mpeg4_unpack_bframes`",
        );
    }
}
