//! The pieces of time that X-Ray is asked for one after the other.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

/// How long a window is. X-Ray takes a day at most; a shorter one is sooner done, and the watermark behind it.
const LENGTH: SignedDuration = SignedDuration::from_hours(6);

/// From one point in time to another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Where it begins.
    pub from: Timestamp,
    /// Where it ends.
    pub until: Timestamp,
}

impl Window {
    /// The windows from one point in time to another one, without a gap.
    pub fn all(from: Timestamp, until: Timestamp) -> Vec<Self> {
        let mut all = Vec::new();
        let mut from = from;
        while from < until {
            let end = from.checked_add(LENGTH).map_or(until, |end| end.min(until));
            all.push(Self { from, until: end });
            from = end;
        }
        all
    }
}

impl fmt::Display for Window {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:.0} to {:.0}", self.from, self.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(from: &str, until: &str, expected: &[&str]) {
        let at = |text: &str| text.parse().expect("a time");
        let windows = Window::all(at(from), at(until));
        let shown: Vec<String> = windows.iter().map(ToString::to_string).collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn time_in_pieces() {
        check("2026-11-30T20:30:00Z", "2026-11-30T20:30:00Z", &[]);
        check("2026-11-30T20:30:00Z", "2026-11-29T20:30:00Z", &[]);
        check(
            "2026-11-30T20:30:00Z",
            "2026-12-01T08:45:00Z",
            &[
                "2026-11-30T20:30:00Z to 2026-12-01T02:30:00Z",
                "2026-12-01T02:30:00Z to 2026-12-01T08:30:00Z",
                "2026-12-01T08:30:00Z to 2026-12-01T08:45:00Z",
            ],
        );
    }
}
