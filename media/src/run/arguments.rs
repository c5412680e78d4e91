//! The arguments that every run gets, and those that a user's command loses.
//!
//! They stand in front, where no option that lacks its value can swallow them. A removed word could in theory be the value of
//! another option (`-metadata -n`); such a value has never been seen, and ffmpeg itself warns about it.
//!
//! A command that makes ffmpeg quiet (`-v error`, `-hide_banner`) loses that too: versions, lengths, and what the encoder was
//! given stand in the log alone. Whoever shows the log to a person leaves out what the person did not want ([`Shown`]).

use crate::log::{Level, LogLine};

/// Options without a value that would fight with ours: `-n` beside `-y` fails, the others write to the log or read the
/// terminal.
const DROPPED: [&str; 7] = [
    "-n",
    "-y",
    "-stats",
    "-nostats",
    "-stdin",
    HIDE_BANNER,
    "-nohide_banner",
];

/// Keeps ffmpeg's name, configuration and libraries out of the log.
const HIDE_BANNER: &str = "-hide_banner";

/// Options that are dropped with their value: the last `-progress` wins in ffmpeg, and ours has to.
const DROPPED_WITH_VALUE: [&str; 1] = ["-progress"];

/// The options for how much ffmpeg says.
const LOG_LEVEL: [&str; 2] = ["-loglevel", "-v"];

/// What a value of theirs may hold besides a level (`opt_loglevel` in `fftools/opt_common.c`).
const FLAGS: [&str; 4] = ["repeat", "level", "time", "datetime"];

/// ffmpeg's levels by name and number (`AV_LOG_*` in libavutil/log.h) up to the one that every run needs; `None` shows nothing.
const LEVELS: [(&str, &str, Option<Level>); 6] = [
    ("quiet", "-8", None),
    ("panic", "0", Some(Level::Fatal)),
    ("fatal", "8", Some(Level::Fatal)),
    ("error", "16", Some(Level::Error)),
    ("warning", "24", Some(Level::Warning)),
    ("info", "32", Some(Level::Unknown)),
];

/// The arguments to run: no questions, outputs replaced, levels marked in the log, no status line.
pub fn complete(args: &[String]) -> Vec<String> {
    let ours = ["-nostdin", "-y", "-nostats", "-loglevel", "+level"];
    let mut complete: Vec<String> = ours.map(str::to_owned).into();
    let mut words = args.iter();
    while let Some(word) = words.next() {
        if DROPPED_WITH_VALUE.contains(&word.as_str()) {
            words.next();
        } else if LOG_LEVEL.contains(&word.as_str()) {
            let value = words.next();
            // A level that says more than ours, and what ffmpeg will refuse.
            if let Some(value) = value.filter(|value| level(value).is_none()) {
                complete.extend([word.clone(), format!("level+{value}")]);
            }
        } else if !DROPPED.contains(&word.as_str()) {
            complete.push(word.clone());
        }
    }
    complete
}

/// Which lines of the log whoever typed a command wants to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The least grave level; `None` for nothing at all.
    least: Option<Level>,
    /// True while the lines that come are ffmpeg's banner, which was not wanted.
    in_banner: bool,
}

impl Shown {
    /// What the arguments of a command say, before [`complete`] takes it out of them.
    pub fn of(args: &[String]) -> Self {
        let mut shown = Self {
            least: Some(Level::Unknown),
            in_banner: false,
        };
        for pair in args.windows(2) {
            if LOG_LEVEL.contains(&pair[0].as_str())
                && let Some(level) = level(&pair[1])
            {
                shown.least = level;
            }
        }
        shown.in_banner = args.iter().any(|word| word == HIDE_BANNER);
        shown
    }

    /// Whether the next line of the log is wanted.
    pub fn shows(&mut self, line: &LogLine) -> bool {
        // The lines after the first one are indented.
        self.in_banner &= line.text.starts_with("ffmpeg version ") || line.text.starts_with("  ");
        // A line without a mark continues the one before it, of whatever level.
        let wanted = self.least.is_some_and(|least| line.level <= least);
        wanted && !self.in_banner
    }
}

/// The level that a value names, if it is one of [`LEVELS`] or leaves the level as it is; `None` for all others.
#[expect(
    clippy::option_option,
    reason = "a level that shows nothing is one too"
)]
fn level(value: &str) -> Option<Option<Level>> {
    let mut words = value
        .trim_start_matches(['+', '-'])
        .split('+')
        .filter(|word| !FLAGS.contains(word));
    let name = if LEVELS[0].1 == value {
        Some(value)
    } else {
        words.next()
    };
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        return Some(Some(Level::Unknown));
    };
    LEVELS
        .iter()
        .find(|(text, number, _)| [text, number].contains(&&name))
        .map(|(_, _, level)| *level)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[track_caller]
    fn check(args: &str, expected: &str) {
        assert_eq!(complete(&words(args))[5..].join(" "), expected);
    }

    #[test]
    fn what_is_dropped() {
        check("-i a -n b.mp4", "-i a b.mp4");
        check("-y -stats -stdin -i a b", "-i a b");
        check("-progress /tmp/x -i a b", "-i a b");
        check("-i a b -progress", "-i a b");
        check("-i a -nv x b", "-i a -nv x b");
        check("-v quiet -hide_banner -i a b", "-i a b");
        check("-loglevel repeat+level+error -i a b", "-i a b");
        check("-v 24 -i a b", "-i a b");
        check("-v verbose -i a b", "-v level+verbose -i a b");
        check("-loglevel +repeat -i a b -v", "-i a b");
        check("-loglevel loud -i a b", "-loglevel level+loud -i a b");
    }

    #[track_caller]
    fn check_shown(args: &str, shown: &[&str]) {
        let log = "[info] ffmpeg version 9\n[info]   built with gcc\n[info] Input #0\n[info]   Duration: 1\nno mark\n[warning] w\n[error] e\n[fatal] f";
        let mut wanted = Shown::of(&words(args));
        let got: Vec<String> = log
            .lines()
            .map(LogLine::read)
            .filter(|line| wanted.shows(line))
            .map(|line| line.text)
            .collect();
        assert_eq!(got, shown, "{args}");
    }

    #[test]
    fn what_is_shown() {
        let all = [
            "ffmpeg version 9",
            "  built with gcc",
            "Input #0",
            "  Duration: 1",
            "no mark",
            "w",
            "e",
            "f",
        ];
        check_shown("-i a b", &all);
        check_shown("-v debug -i a b", &all);
        check_shown("-hide_banner -i a b", &all[2..]);
        check_shown("-v warning -i a b", &all[5..]);
        check_shown("-v quiet -loglevel level+16 -i a b", &all[6..]);
        check_shown("-loglevel panic -i a b", &all[7..]);
        check_shown("-loglevel quiet -i a b", &[]);
        check_shown("-v -8 -i a b", &[]);
    }
}
