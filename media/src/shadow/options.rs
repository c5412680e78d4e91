//! Which options of a command decide which pictures its encoders get.
//!
//! ffmpeg's own options are few and listed; those of the whole command stay unless they only say or write something. Of an
//! output's options all others belong to an encoder or a muxer, which the shadow has not: a pixel format is pinned, and
//! nothing else of them reaches the pictures.

use ffbatch_dispatcher::command::OptionUse;

/// What becomes of an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// It stays.
    Kept,
    /// It goes.
    Dropped,
    /// With it there is no shadow.
    Refused,
}

/// Options of the whole command that only say or write something, or limit what it may use. The threads of graphs are set for
/// all graphs of the measuring process.
const GLOBAL_DROPPED: [&str; 25] = [
    "benchmark",
    "benchmark_all",
    "debug_ts",
    "dump",
    "filter_complex_threads",
    "hex",
    "hide_banner",
    "loglevel",
    "n",
    "print_graphs",
    "print_graphs_file",
    "print_graphs_format",
    "progress",
    "qphist",
    "report",
    "sdp_file",
    "stats",
    "stats_period",
    "stdin",
    "timelimit",
    "v",
    "vstats",
    "vstats_file",
    "vstats_version",
    "y",
];

/// Options of an input that make its reading slow.
const INPUT_DROPPED: [&str; 4] = [
    "re",
    "readrate",
    "readrate_catchup",
    "readrate_initial_burst",
];

/// Options of an output that decide which pictures it gets and how they look.
const PICTURES: [&str; 26] = [
    "autoscale",
    "bitexact",
    "color_primaries",
    "color_range",
    "color_trc",
    "colorspace",
    "copyinkf",
    "copypriorss",
    "enc_time_base",
    "filter",
    "filter_script",
    "force_fps",
    "fps_mode",
    "fpsmax",
    "frames",
    "map",
    "r",
    "s",
    "shortest",
    "shortest_buf_duration",
    "ss",
    "sws_flags",
    "t",
    "to",
    "vf",
    "vframes",
];

/// Options of an output that decide about its sound; with `-shortest` the sound decides when the pictures end.
const SOUND: [&str; 8] = [
    "ac",
    "aframes",
    "af",
    "apad",
    "ar",
    "ch_layout",
    "channel_layout",
    "sample_fmt",
];

/// Options of an output with which its pictures depend on what the encoder makes of them (`-fs`), or that stand for a whole set.
const REFUSED: [&str; 2] = ["fs", "target"];

/// What becomes of an option of the whole command.
pub fn global(option: &OptionUse) -> Use {
    if GLOBAL_DROPPED.contains(&option.name.as_str()) {
        Use::Dropped
    } else {
        Use::Kept
    }
}

/// What becomes of an input's option.
pub fn input(option: &OptionUse) -> Use {
    if INPUT_DROPPED.contains(&option.name.as_str()) {
        Use::Dropped
    } else {
        Use::Kept
    }
}

/// What becomes of an output's option.
pub fn output(option: &OptionUse, with_sound: bool) -> Use {
    let is = |names: &[&str]| names.contains(&option.name.as_str());
    if is(&REFUSED) {
        return Use::Refused;
    }
    if is(&SOUND) {
        return if with_sound { Use::Kept } else { Use::Dropped };
    }
    if !is(&PICTURES) {
        return Use::Dropped;
    }
    let specifier = option.specifier.as_deref().unwrap_or("v");
    match specifier.split(':').next() {
        Some("v" | "V") => Use::Kept,
        Some("a") if with_sound => Use::Kept,
        Some("a" | "s" | "d" | "t") => Use::Dropped,
        // A number among all streams, of which some are left out here; a name or a program.
        _ => Use::Refused,
    }
}
