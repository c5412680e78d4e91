//! When a score is certain to be right: the plain case.
//!
//! ffmpeg's quality filters compare whatever two frames they are given. Only where the output holds exactly the frames of the
//! input, each once, at the same size, is frame n against frame n what the encoder did. Everything that might cut, filter,
//! scale, drop or repeat frames is refused by a list of what is known to be harmless, not by a list of what is harmful.

use ffbatch_dispatcher::command::{OptionUse, Parsed, Target};

/// Output options that change neither which frames come out nor their size. Options of encoders and muxers that belong to
/// audio, to metadata or to the bitstream; `ffmpeg`'s own option names, without stream specifier.
const HARMLESS: [&str; 62] = [
    "c",
    "codec",
    "vcodec",
    "acodec",
    "scodec",
    "b",
    "ab",
    "minrate",
    "maxrate",
    "bufsize",
    "crf",
    "qp",
    "q",
    "qscale",
    "preset",
    "tune",
    "profile",
    "level",
    "g",
    "keyint_min",
    "bf",
    "refs",
    "sc_threshold",
    "x264-params",
    "x264opts",
    "x265-params",
    "svtav1-params",
    "aom-params",
    "cpu-used",
    "row-mt",
    "tiles",
    "deadline",
    "lag-in-frames",
    "usage",
    "threads",
    "movflags",
    "metadata",
    "map_metadata",
    "map_chapters",
    "an",
    "sn",
    "dn",
    "ac",
    "ar",
    "pass",
    "passlogfile",
    "tag",
    "vtag",
    "f",
    "bsf",
    "write_tmcd",
    "brand",
    "video_track_timescale",
    "max_muxing_queue_size",
    "disposition",
    "aspect",
    "force_key_frames",
    "color_primaries",
    "color_trc",
    "colorspace",
    "color_range",
    "bitexact",
];

/// Options of the whole command that only change what ffmpeg says.
const HARMLESS_GLOBAL: [&str; 14] = [
    "y",
    "n",
    "hide_banner",
    "loglevel",
    "v",
    "stats",
    "stats_period",
    "stdin",
    "progress",
    "report",
    "benchmark",
    "benchmark_all",
    "cpuflags",
    "xerror",
];

/// Input options that change nothing of what is decoded.
const HARMLESS_INPUT: [&str; 6] = [
    "threads",
    "hwaccel",
    "thread_queue_size",
    "analyzeduration",
    "probesize",
    "an",
];

/// The input and the output that can be compared, as places of the last command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// The place of the only input.
    pub reference: usize,
    /// The place of the only output.
    pub distorted: usize,
}

/// The pair to compare; else why there is none, in one sentence.
pub fn pair(parsed: &Parsed) -> Result<Pair, String> {
    let ([input], [output]) = (parsed.inputs.as_slice(), parsed.outputs.as_slice()) else {
        return Err("only a command with one input and one output is measured so far".to_owned());
    };
    let (Target::Place(reference), Target::Place(distorted)) = (&input.target, &output.target)
    else {
        return Err("there is no pair of files to compare".to_owned());
    };
    if parsed.places[*reference].is_pattern() || parsed.places[*distorted].is_pattern() {
        return Err("sequences of images and segments are not measured so far".to_owned());
    }
    if output.options.iter().any(|option| option.name == "vn") {
        return Err("nothing to compare: the output has no video (-vn)".to_owned());
    }
    let copied = ["c", "c:v", "codec", "codec:v", "vcodec", "c:v:0"];
    if parsed.last(output, &copied) == Some("copy") {
        return Err("nothing to compare: the video is copied, not encoded (-c copy)".to_owned());
    }
    let odd = |options: &[OptionUse], harmless: &[&str]| {
        options
            .iter()
            .find(|option| option.from_file || !harmless.contains(&option.name.as_str()))
            .map(|option| option.name.clone())
    };
    let found = odd(&input.options, &HARMLESS_INPUT)
        .or_else(|| odd(&output.options, &HARMLESS))
        .or_else(|| odd(&parsed.globals, &HARMLESS_GLOBAL));
    match found {
        Some(option) => Err(format!(
            "with `-{option}` frame n of the output need not be frame n of the input; such commands are not measured so far"
        )),
        None => Ok(Pair {
            reference: *reference,
            distorted: *distorted,
        }),
    }
}

#[cfg(test)]
mod tests {
    use ffbatch_dispatcher::command::Command;

    use super::*;

    #[track_caller]
    fn check(line: &str, refusal: Option<&str>) {
        let parsed = Command::from_line(line)
            .and_then(|command| command.parse())
            .expect("a command");
        match (pair(&parsed), refusal) {
            (Ok(_), None) => {}
            (Err(why), Some(part)) => assert!(why.contains(part), "{line}: `{why}` lacks `{part}`"),
            (got, _) => panic!("{line}: {got:?}"),
        }
    }

    #[test]
    fn only_what_is_certain_is_measured() {
        check(
            "-i a.mp4 -c:v libx264 -crf 23 -preset fast -c:a aac -b:a 128k b.mp4",
            None,
        );
        check(
            "-y -hide_banner -i a.mp4 -c:v libsvtav1 -crf 35 b.mkv",
            None,
        );
        check("-i a.mp4 -c copy b.mkv", Some("copied"));
        check("-i a.mp4 -vn b.m4a", Some("no video"));
        check("-ss 1 -i a.mp4 b.mp4", Some("-ss"));
        check("-i a.mp4 -t 1 b.mp4", Some("-t"));
        check("-i a.mp4 -r 12 b.mp4", Some("-r"));
        check("-i a.mp4 -vf scale=320:180 b.mp4", Some("-vf"));
        check("-i a.mp4 -s 320x180 b.mp4", Some("-s"));
        check("-i a.mp4 b.mp4 c.mp4", Some("one input and one output"));
        check("-i a.mp4 -f null -", Some("no pair"));
        check("-i a.mp4 -map 0:v:1 b.mp4", Some("-map"));
        check("-i a.mp4 -frames:v 3 b.mp4", Some("-frames"));
        check("-v error -nostdin -nostats -i a.mp4 b.mp4", None);
        check("-vsync 0 -i a.mp4 b.mp4", Some("-vsync"));
    }
}
