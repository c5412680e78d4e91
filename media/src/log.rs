//! Lines of ffmpeg's log: their level, and which of them say why a run failed.
//!
//! ffmpeg is started with `-loglevel +level`, which writes the level into each line and leaves the threshold as it is.

use std::collections::VecDeque;

/// Characters kept of one line; longer ones are cut.
pub const LINE_LIMIT: usize = 2_000;

/// Lines kept of either end of what matters.
const KEPT: usize = 20;

/// What ffmpeg says after, or about, an error that an earlier line explained better.
const CONSEQUENCES: &[&str] = &[
    "Conversion failed",
    "Error opening input file ",
    "Error opening input files",
    "Error opening output file ",
    "Error opening output files",
    "Error selecting an encoder",
    "Error applying encoder options",
    "Error sending frames to consumers",
    "Task finished with error code",
    "Terminating thread with return code",
    "Nothing was written into output file",
    "Error while opening encoder",
    "Could not open encoder before EOF",
    "Error initializing a simple filtergraph",
    "Error initializing filters",
    "Error initializing the muxer for",
    "Error splitting the argument list",
    "Error parsing options",
    "Error configuring filter graph",
    // The last word on a `-filter_complex`.
    "Error : ",
    // Version 5 says these.
    "Error while processing the decoded data",
    "Error reinitializing filters",
    "Failed to inject frame",
    "Error initializing complex filters",
    "Invalid argument",
];

/// How grave ffmpeg calls a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// `panic` and `fatal`.
    Fatal,
    /// `error`.
    Error,
    /// `warning`.
    Warning,
    /// `info`.
    Info,
    /// `verbose`, `debug` and `trace`.
    Verbose,
    /// The line carries no mark: it continues another, or something else than ffmpeg has written it.
    Unknown,
}

/// One line of ffmpeg's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Its level.
    pub level: Level,
    /// Its text as ffmpeg prints it without marks.
    pub text: String,
}

impl LogLine {
    /// Reads a raw line: takes the level's mark out and cuts what is longer than [`LINE_LIMIT`].
    pub fn read(raw: &str) -> Self {
        let raw = raw.trim_end();
        // The mark stands behind the names of the contexts: `[libx264 @ 0x..] [Eval @ 0x..] [error] text`.
        let mut at = 0;
        while raw[at..].starts_with('[') {
            let Some(end) = raw[at..].find(']') else {
                break;
            };
            let mark = &raw[at + 1..at + end];
            let after = at + end + 1;
            if let Some(level) = level(mark) {
                let rest = raw[after..].strip_prefix(' ').unwrap_or(&raw[after..]);
                return Self {
                    level,
                    text: cut(&format!("{}{rest}", &raw[..at])),
                };
            }
            let Some(rest) = raw[after..].strip_prefix(' ') else {
                break;
            };
            at = raw.len() - rest.len();
        }
        Self {
            level: Level::Unknown,
            text: cut(raw),
        }
    }

    /// True for fatal and error lines.
    pub fn is_error(&self) -> bool {
        matches!(self.level, Level::Fatal | Level::Error)
    }
}

/// The bounded memory of a log: its last lines and, apart from them, its errors.
#[derive(Debug, Default)]
pub struct Tail {
    lines: VecDeque<LogLine>,
    first_errors: Vec<LogLine>,
    last_errors: VecDeque<LogLine>,
}

impl Tail {
    /// Remembers a line.
    pub fn push(&mut self, line: &LogLine) {
        if line.text.is_empty() {
            return;
        }
        if line.is_error() {
            if self.first_errors.len() < KEPT / 2 {
                self.first_errors.push(line.clone());
            } else {
                keep(&mut self.last_errors, line);
            }
        }
        keep(&mut self.lines, line);
    }

    /// The lines worth showing after a failure: the errors where ffmpeg marked them, else the last lines.
    pub fn lines(&self) -> Vec<String> {
        let errors = self.first_errors.iter().chain(&self.last_errors);
        let chosen: Vec<String> = errors.map(|line| line.text.clone()).collect();
        if chosen.is_empty() {
            self.lines.iter().map(|line| line.text.clone()).collect()
        } else {
            chosen
        }
    }
}

/// The line of a tail that names the cause, without context addresses; `None` when the tail is empty.
///
/// ffmpeg prints the cause first and its consequences after it (`Error opening output files: ..`), so this is the last line
/// that is no consequence, completed with the file's name where a consequence gives it.
pub fn cause(tail: &[String]) -> Option<String> {
    let bare: Vec<&str> = tail.iter().map(|line| without_contexts(line)).collect();
    let consequence = |line: &str| CONSEQUENCES.iter().any(|start| line.starts_with(start));
    let at = bare
        .iter()
        .rposition(|line| !consequence(line))
        .or_else(|| bare.len().checked_sub(1))?;
    let mut text = bare[at].trim_end_matches('.').to_owned();
    let file = bare[at..].iter().find_map(|line| {
        line.strip_prefix("Error opening input file ")
            .or_else(|| line.strip_prefix("Error opening output file "))
    });
    if let Some(file) = file.map(|file| file.trim_end_matches('.'))
        && !text.contains(file)
    {
        text = format!("{text} (`{file}`)");
    }
    Some(text)
}

/// Takes `[libx264 @ 0x5634]` and the like off the front of a line.
fn without_contexts(line: &str) -> &str {
    let mut rest = line.trim();
    while let Some((context, after)) = rest
        .strip_prefix('[')
        .and_then(|inner| inner.split_once("] "))
    {
        if !context.contains(" @ 0x") {
            break;
        }
        rest = after.trim_start();
    }
    rest
}

fn level(mark: &str) -> Option<Level> {
    Some(match mark {
        "panic" | "fatal" => Level::Fatal,
        "error" => Level::Error,
        "warning" => Level::Warning,
        "info" => Level::Info,
        "verbose" | "debug" | "trace" => Level::Verbose,
        _ => return None,
    })
}

fn keep(lines: &mut VecDeque<LogLine>, line: &LogLine) {
    if lines.len() == KEPT {
        lines.pop_front();
    }
    lines.push_back(line.clone());
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LINE_LIMIT) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(raw: &str, level: Level, text: &str) {
        assert_eq!(
            LogLine::read(raw),
            LogLine {
                level,
                text: text.to_owned()
            }
        );
    }

    #[test]
    fn marks_are_taken_out() {
        check("[info]   Duration: 1", Level::Info, "  Duration: 1");
        check(
            "[x @ 0x1] [Eval @ 0x2] [error] bad 'oops'",
            Level::Error,
            "[x @ 0x1] [Eval @ 0x2] bad 'oops'",
        );
        check("[fatal] gone", Level::Fatal, "gone");
        check("frame= 1 fps=0", Level::Unknown, "frame= 1 fps=0");
        check("[unclosed", Level::Unknown, "[unclosed");
        check("[a]b [error] c", Level::Unknown, "[a]b [error] c");
        check("", Level::Unknown, "");
        check("[error]", Level::Error, "");
    }

    #[test]
    fn long_lines_are_cut_between_characters() {
        let line = LogLine::read(&"ü".repeat(3 * LINE_LIMIT));
        assert_eq!(line.text.chars().count(), LINE_LIMIT + 1);
    }

    #[track_caller]
    fn check_cause(lines: &[&str], expected: &str) {
        let lines: Vec<String> = lines.iter().map(|&line| line.to_owned()).collect();
        assert_eq!(cause(&lines).as_deref(), Some(expected));
    }

    #[test]
    fn the_cause_is_found_in_real_tails() {
        check_cause(
            &[
                "[Parsed_scale_0 @ 0x561b91fed540] Invalid size 'zz'",
                "[AVFilterGraph @ 0x561b91f75880] Error initializing filters",
                "Error opening output file out.mp4.",
                "Error opening output files: Invalid argument",
            ],
            "Invalid size 'zz' (`out.mp4`)",
        );
        check_cause(
            &[
                "[vost#0:0 @ 0x564896d28500] Unknown encoder 'nope'",
                "[vost#0:0 @ 0x564896d28500] Error selecting an encoder",
                "Error opening output file /tmp/x.mp4.",
                "Error opening output files: Encoder not found",
            ],
            "Unknown encoder 'nope' (`/tmp/x.mp4`)",
        );
        check_cause(
            &[
                "[in#0 @ 0x557a93156d00] Error opening input: No such file or directory",
                "Error opening input file /nope.",
                "Error opening input files: No such file or directory",
            ],
            "Error opening input: No such file or directory (`/nope`)",
        );
        check_cause(
            &[
                "[Parsed_libvmaf_4 @ 0x5587def79c00] could not load libvmaf model with path: nope.json",
                "[AVFilterGraph @ 0x5587def777c0] Error initializing filters",
                "Error : Invalid argument",
            ],
            "could not load libvmaf model with path: nope.json",
        );
        check_cause(&["Conversion failed!"], "Conversion failed!");
        assert_eq!(cause(&[]), None);
    }

    #[test]
    fn errors_outlive_a_flood_of_other_lines() {
        let mut tail = Tail::default();
        tail.push(&LogLine::read("[error] the cause"));
        for n in 0..1000 {
            tail.push(&LogLine::read(&format!("[info] {n}")));
        }
        assert_eq!(tail.lines(), ["the cause"]);
        for n in 0..1000 {
            tail.push(&LogLine::read(&format!("[error] {n}")));
        }
        let lines = tail.lines();
        assert_eq!(lines.len(), KEPT + KEPT / 2);
        assert_eq!(lines[0], "the cause");
        assert_eq!(lines[lines.len() - 1], "999");
    }
}
