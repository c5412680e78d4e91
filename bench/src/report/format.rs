//! Numbers as people read them: as many digits as say something, and their unit.

use ffbatch_dispatcher::metric::Score;

use crate::energy::Range;
use crate::statistics::Interval;

/// What stands where nothing is known.
pub const UNKNOWN: &str = "unknown";

/// A number with about three digits that say something.
pub fn number(value: f64) -> String {
    let size = value.abs();
    let digits = match size {
        _ if !value.is_finite() => return value.to_string(),
        _ if size >= 100.0 || size == 0.0 => 0,
        _ if size >= 10.0 => 1,
        _ if size >= 1.0 => 2,
        _ if size >= 0.1 => 3,
        _ if size >= 0.01 => 4,
        _ if size >= 0.001 => 5,
        _ => 7,
    };
    format!("{value:.digits$}")
}

/// A number at an axis: the same without zeros at its end.
pub fn tick(value: f64) -> String {
    let text = number(value);
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// A mean with half the width of its interval.
pub fn interval(value: &Interval) -> String {
    match value.half_width {
        None => number(value.mean),
        Some(half) => {
            let digits = number(value.mean)
                .split_once('.')
                .map_or(0, |(_, after)| after.len());
            format!("{:.digits$} ± {half:.digits$}", value.mean)
        }
    }
}

/// Something that may be unknown.
pub fn or_unknown<T>(value: Option<T>, show: impl Fn(T) -> String) -> String {
    value.map_or_else(|| UNKNOWN.to_owned(), show)
}

/// Something that may be missing without a question.
pub fn or_nothing<T>(value: Option<T>, show: impl Fn(T) -> String) -> String {
    value.map_or_else(String::new, show)
}

/// A range, or the one number that it is.
pub fn range(value: Range) -> String {
    let (low, high) = (number(value.low), number(value.high));
    if low == high {
        low
    } else {
        format!("{low} to {high}")
    }
}

/// A change in per cent, with its sign.
pub fn percent(value: f64) -> String {
    let digits = usize::from(value.abs() < 10.0);
    format!("{value:+.digits$} %")
}

/// A score with the digits that its metric has.
pub fn score(score: &Score) -> String {
    if score.mean.is_infinite() {
        return "identical".to_owned();
    }
    let digits = if score.max <= 1.0 { 5 } else { 2 };
    format!("{:.digits$}", score.mean)
}

/// A size in bytes.
#[expect(
    clippy::cast_precision_loss,
    reason = "sizes stay far below 2^52 bytes"
)]
pub fn bytes(value: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut size = value as f64;
    let mut unit = 0;
    while size >= 1024.0 && unit + 1 < units.len() {
        size /= 1024.0;
        unit += 1;
    }
    format!("{} {}", number(size), units[unit])
}

/// The text with a capital letter.
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_that_say_something() {
        let texts = [
            1234.5,
            123.4,
            12.34,
            1.234,
            0.1234,
            0.01234,
            0.001_234,
            0.000_012_34,
            0.0,
        ];
        assert_eq!(
            texts.map(number).join(" "),
            "1234 123 12.3 1.23 0.123 0.0123 0.00123 0.0000123 0"
        );
        let known = Interval::of(&[10.1, 9.8, 10.3]).expect("three values");
        assert_eq!(interval(&known), "10.1 ± 0.6");
        assert_eq!([50.0, 2.5, 0.0, 100.0].map(tick).join(" "), "50 2.5 0 100");
        assert_eq!(bytes(133_169_152), "127 MiB");
        assert_eq!(percent(-29.4) + &percent(3.21), "-29 %+3.2 %");
    }
}
