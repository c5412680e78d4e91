//! Times and durations: as people type them and as they read them.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp, ZonedDateTime};

/// What time it is, and where the person is who reads it.
#[derive(Debug, Clone)]
pub struct Clock {
    /// Now.
    pub now: Timestamp,
    /// The zone in which times of day are shown.
    pub zone: TimeZone,
}

impl Clock {
    /// This machine's.
    pub fn here() -> Self {
        Self {
            now: Timestamp::now(),
            zone: TimeZone::system(),
        }
    }

    /// How long something is ago, in its largest unit: `12 s`, `4 min`, `3 h`, `2 d`.
    pub fn age(&self, then: Timestamp) -> String {
        let seconds = self.now.duration_since(then).as_secs().max(0);
        match seconds {
            ..60 => format!("{seconds} s"),
            60..3600 => format!("{} min", seconds / 60),
            3600..172_800 => format!("{} h", seconds / 3600),
            _ => format!("{} d", seconds / 86_400),
        }
    }

    /// `2026-11-25 15:04:20, 4 min ago`.
    pub fn moment(&self, then: Timestamp) -> String {
        format!("{}, {} ago", self.stamp(then), self.age(then))
    }

    /// `2026-11-25 15:04:20`, in the reader's zone.
    pub fn stamp(&self, then: Timestamp) -> String {
        then.to_zoned_datetime(self.zone.clone())
            .strftime("%F %T")
            .to_string()
    }

    /// How long something took, or takes until now.
    pub fn taken(&self, started: Timestamp, stopped: Option<Timestamp>) -> String {
        let taken = stopped.unwrap_or(self.now).duration_since(started);
        length(taken.max(SignedDuration::ZERO).as_secs_f64())
    }
}

/// Reads a point in time: a duration counts back from now, a date begins at midnight here.
pub fn since(text: &str) -> Result<Timestamp, String> {
    let now = ZonedDateTime::now();
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    if let Ok(span) = text.parse::<Span>() {
        let before = now.checked_sub(span.abs());
        return before
            .map(|at| at.timestamp())
            .map_err(|_| format!("`{text}` ago is before the beginning of the calendar"));
    }
    let local = text
        .parse::<DateTime>()
        .or_else(|_| text.parse::<Date>().map(DateTime::from));
    local
        .and_then(|local| local.to_zoned_datetime(now.time_zone().clone()))
        .map(|at| at.timestamp())
        .map_err(|_| {
            format!("`{text}` is no time (give how long ago, such as 90m, 2h or 3d, or 2026-11-25, or 2026-11-25T15:00:00Z)")
        })
}

/// Reads a whole number of seconds, or a duration such as `90m`.
pub fn seconds(text: &str) -> Result<u32, String> {
    if let Ok(seconds) = text.parse() {
        return Ok(seconds);
    }
    text.parse::<SignedDuration>()
        .ok()
        .filter(|duration| duration.subsec_nanos() == 0)
        .and_then(|duration| u32::try_from(duration.as_secs()).ok())
        .ok_or_else(|| {
            format!("`{text}` is no duration (give whole seconds, or such as 90m or 2h)")
        })
}

/// `0.21 s`, `12.3 s`, `4:05`, `1:02:03`.
pub fn length(seconds: f64) -> String {
    if seconds < 9.995 {
        return format!("{seconds:.2} s");
    }
    if seconds < 59.95 {
        return format!("{seconds:.1} s");
    }
    colons(seconds)
}

/// `0:09`, `4:05`, `1:02:03`: whole seconds.
pub fn colons(seconds: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole seconds of a positive time"
    )]
    let whole = seconds.max(0.0).round() as u64;
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{rest:02}")
    } else {
        format!("{minutes}:{rest:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_the_digits_that_matter() {
        let shown = [0.004, 0.214, 9.994, 9.996, 59.94, 59.96, 3599.6, 3723.0].map(length);
        assert_eq!(
            shown,
            [
                "0.00 s", "0.21 s", "9.99 s", "10.0 s", "59.9 s", "1:00", "1:00:00", "1:02:03"
            ]
        );
    }

    #[test]
    fn ages_are_told_in_their_largest_unit() {
        let now: Timestamp = "2026-11-25T15:00:00Z".parse().expect("a time");
        let clock = Clock {
            now,
            zone: TimeZone::UTC,
        };
        let age = |seconds| clock.age(now - SignedDuration::from_secs(seconds));
        let shown = [-3, 0, 59, 60, 3599, 3600, 172_799, 172_800].map(age);
        assert_eq!(
            shown,
            [
                "0 s", "0 s", "59 s", "1 min", "59 min", "1 h", "47 h", "2 d"
            ]
        );
        assert_eq!(clock.stamp(now), "2026-11-25 15:00:00");
    }

    #[test]
    fn times_as_people_type_them() {
        let ago = |text: &str| {
            let at = since(text).expect("a time");
            Timestamp::now().duration_since(at).as_secs()
        };
        assert_eq!(
            [ago("90m"), ago("2h"), ago("2h ago"), ago("PT5S")],
            [5400, 7200, 7200, 5]
        );
        // A day may have 23 or 25 hours.
        assert!((71..=73).contains(&(ago("3d") / 3600)));
        let exact = since("2026-11-25T15:00:00Z").expect("a time");
        assert_eq!(exact.to_string(), "2026-11-25T15:00:00Z");
        assert!(since("2026-11-25").is_ok() && since("2026-11-25 15:00").is_ok());
        for wrong in ["", "2", "yesterday", "999999999y"] {
            assert!(since(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn seconds_as_people_type_them() {
        assert_eq!(
            [seconds("90"), seconds("90m"), seconds("1h 30m")],
            [Ok(90), Ok(5400), Ok(5400)]
        );
        for wrong in ["", "-1", "1.5s", "-2h", "soon", "4294967296"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
