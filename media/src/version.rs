//! Which ffmpeg it is. Every run's log says it first.

/// The version of an ffmpeg build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// As ffmpeg prints it, such as `n9.0.2-17-g2a571b6068` or `5.1.9-0+deb12u1`.
    pub text: String,
    /// The release's first number; `None` for a build from a development branch (`N-118345-g..`, `git-..`).
    pub major: Option<u32>,
    /// The release's second number.
    pub minor: Option<u32>,
}

impl Version {
    /// Reads the first line of the banner, `ffmpeg version TEXT Copyright ..`; `None` for any other line.
    pub fn read(line: &str) -> Option<Self> {
        let text = line.strip_prefix("ffmpeg version ")?;
        let text = text.split_whitespace().next()?;
        let mut numbers = text.trim_start_matches('n').split(['.', '-', '+']);
        let major = numbers.next().and_then(|number| number.parse().ok());
        Some(Self {
            text: text.to_owned(),
            major,
            minor: major
                .and_then(|_| numbers.next())
                .and_then(|number| number.parse().ok()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: Option<(&str, Option<u32>, Option<u32>)>) {
        let got = Version::read(line);
        let got = got
            .as_ref()
            .map(|version| (version.text.as_str(), version.major, version.minor));
        assert_eq!(got, expected);
    }

    #[test]
    fn real_banners() {
        check(
            "ffmpeg version n9.0.2-17-g2a571b6068-20260930 Copyright (c) 2000-2026 the FFmpeg developers",
            Some(("n9.0.2-17-g2a571b6068-20260930", Some(9), Some(0))),
        );
        check(
            "ffmpeg version 5.1.9-0+deb12u1 Copyright (c) 2000-2025 the FFmpeg developers",
            Some(("5.1.9-0+deb12u1", Some(5), Some(1))),
        );
        check(
            "ffmpeg version N-118345-g1a2b3c Copyright",
            Some(("N-118345-g1a2b3c", None, None)),
        );
        check("  configuration: --enable-gpl", None);
        check("ffmpeg version ", None);
    }
}
