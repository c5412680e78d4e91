//! How long an output will be: for progress in percent, and for nothing else.
//!
//! An estimate from the options that cut (`-ss`, `-t`, `-to`) or repeat (`-stream_loop`) and the length of the inputs. Filters
//! that change the speed or the length are not understood; once an output is longer than expected, nothing is expected any more.

use ffbatch_dispatcher::command::{File, Parsed};

/// The expected length of the first output in seconds; `None` when nothing is known.
///
/// `durations` holds the length of each input, in order, as far as known.
pub fn seconds(parsed: &Parsed, durations: &[Option<f64>]) -> Option<f64> {
    let longest = parsed
        .inputs
        .iter()
        .zip(durations)
        .filter_map(|(input, duration)| {
            duration.map(|once| cut(parsed, input, repeated(parsed, input, once)))
        })
        .fold(None, |longest: Option<f64>, one| {
            Some(longest.map_or(one, |longest| longest.max(one)))
        });
    let output = parsed.outputs.first()?;
    match longest {
        Some(whole) => Some(cut(parsed, output, whole)),
        None => time(parsed.last(output, &["t"])?),
    }
    .filter(|seconds| *seconds > 0.0 && seconds.is_finite())
}

/// What `-stream_loop` makes of a length: it counts the repetitions after the first time, and -1 never ends.
fn repeated(parsed: &Parsed, input: &File, once: f64) -> f64 {
    match parsed.last(input, &["stream_loop"]).map(str::parse::<i32>) {
        Some(Ok(-1)) => f64::INFINITY,
        Some(Ok(more @ 1..)) => once * f64::from(more) + once,
        _ => once,
    }
}

/// What `-ss`, `-t` and `-to` leave of a length.
fn cut(parsed: &Parsed, file: &File, whole: f64) -> f64 {
    let option = |name| parsed.last(file, &[name]).and_then(time);
    let start = option("ss").unwrap_or(0.0);
    let left = (whole - start).max(0.0);
    // `-t` has priority over `-to` (ffmpeg manual, main options).
    let length = option("t").or_else(|| option("to").map(|end| end - start));
    length.map_or(left, |length| left.min(length.max(0.0)))
}

/// Reads a time duration as ffmpeg does: `[-][HH:]MM:SS[.m...]` or `[-]S+[.m...][s|ms|us]` (ffmpeg-utils manual).
pub fn time(text: &str) -> Option<f64> {
    let (sign, text) = text
        .strip_prefix('-')
        .map_or((1.0, text), |rest| (-1.0, rest));
    let seconds = if text.contains(':') {
        text.split(':').try_fold(0.0, |total, part| {
            part.parse::<f64>().ok().map(|part| total * 60.0 + part)
        })?
    } else if let Some(text) = text.strip_suffix("us") {
        text.parse::<f64>().ok()? / 1e6
    } else if let Some(text) = text.strip_suffix("ms") {
        text.parse::<f64>().ok()? / 1e3
    } else {
        text.strip_suffix('s').unwrap_or(text).parse::<f64>().ok()?
    };
    Some(sign * seconds)
}

#[cfg(test)]
mod tests {
    use ffbatch_dispatcher::command::Command;

    use super::*;

    #[track_caller]
    fn check(line: &str, input: f64, expected: Option<f64>) {
        let parsed = Command::from_line(line)
            .and_then(|command| command.parse())
            .expect("a command");
        assert_eq!(
            seconds(&parsed, &vec![Some(input); parsed.inputs.len()]),
            expected,
            "{line}"
        );
    }

    #[test]
    fn cuts_are_understood() {
        check("-i a.mp4 b.mp4", 100.0, Some(100.0));
        check("-ss 10 -i a.mp4 -t 15 b.mp4", 100.0, Some(15.0));
        check("-ss 95 -i a.mp4 -t 15 b.mp4", 100.0, Some(5.0));
        check("-i a.mp4 -ss 10 -to 0:00:30 b.mp4", 100.0, Some(20.0));
        check("-ss 200 -i a.mp4 b.mp4", 100.0, None);
        check("-i a.mp4 -t 5 -i b.mp4 c.mp4", 100.0, Some(100.0));
        check("-stream_loop 5 -i a.mp4 b.mp4", 100.0, Some(600.0));
        check("-stream_loop -1 -i a.mp4 -t 7 b.mp4", 100.0, Some(7.0));
        check("-stream_loop -1 -i a.mp4 b.mp4", 100.0, None);
    }

    #[test]
    fn times_are_read_as_ffmpeg_reads_them() {
        for (text, expected) in [
            ("55", Some(55.0)),
            ("0.2", Some(0.2)),
            ("200ms", Some(0.2)),
            ("200000us", Some(0.2)),
            ("12:03:45", Some(43425.0)),
            ("23.189s", Some(23.189)),
            ("-1:30", Some(-90.0)),
            ("soon", None),
        ] {
            assert_eq!(time(text), expected, "{text}");
        }
    }
}
