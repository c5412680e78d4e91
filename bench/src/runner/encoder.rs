//! Which encoder ran, by what ffmpeg and the encoder's library say of themselves in the log.

use std::collections::BTreeSet;

/// What stands before and after a version, and what is put before it. Each is a line of its library as of 2026: x265 4.3, SVT-AV1 4.2,
/// x264 core 165 (which tells it only where no global header takes it), libvpx 1.17, libaom 3.15.
const LINES: [(&str, &str); 5] = [
    ("x265 [info]: HEVC encoder version ", "x265 "),
    ("Svt[info]: SVT [version]:\t", ""),
    ("] 264 - core ", "x264 core "),
    ("[libvpx", "libvpx"),
    ("[libaom", "libaom"),
];

/// Encoders of one job.
#[derive(Debug, Default)]
pub struct Encoders(BTreeSet<String>);

impl Encoders {
    /// Looks at a line of the log.
    pub fn read(&mut self, line: &str) {
        if let Some(found) = named(line) {
            self.0.insert(found);
        }
    }

    /// What was found, each once.
    pub fn found(self) -> Vec<String> {
        self.0.into_iter().collect()
    }
}

fn named(line: &str) -> Option<String> {
    let line = line.trim();
    // The metadata of an output's stream: `encoder         : Lavc63.1.102 libx264`.
    if let Some(rest) = line.strip_prefix("encoder") {
        let text = rest.trim_start().strip_prefix(':')?.trim();
        return text.starts_with("Lavc").then(|| text.to_owned());
    }
    let (mark, name) = LINES.into_iter().find(|(mark, _)| line.contains(mark))?;
    let (_, rest) = line.split_once(mark)?;
    if mark.starts_with("[lib") {
        // `[libvpx-vp9 @ 0x5655] v1.17.0`
        let (codec, version) = rest.split_once("] v")?;
        let codec = codec.split(' ').next().unwrap_or_default();
        let is_version = version.starts_with(|letter: char| letter.is_ascii_digit());
        return is_version.then(|| format!("{name}{codec} {version}"));
    }
    let version = rest.split(" - ").next().unwrap_or(rest).trim();
    Some(format!("{name}{version}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: Option<&str>) {
        assert_eq!(named(line).as_deref(), expected, "{line}");
    }

    /// Lines of FFmpeg 9 and its libraries.
    #[test]
    fn lines() {
        check(
            "x265 [info]: HEVC encoder version 4.3+49-020d7054",
            Some("x265 4.3+49-020d7054"),
        );
        check(
            "x265 [info]: build info [Linux][GCC 16.2.0][64 bit] 8bit",
            None,
        );
        check(
            "Svt[info]: SVT [version]:\tSVT-AV1 Encoder Lib v4.2.0-151-g5ed9ffbcb",
            Some("SVT-AV1 Encoder Lib v4.2.0-151-g5ed9ffbcb"),
        );
        check(
            "[libx264 @ 0x55] 264 - core 165 r3223 0480cb0 - H.264/MPEG-4 AVC codec - Copyleft",
            Some("x264 core 165 r3223 0480cb0"),
        );
        check(
            "[libvpx-vp9 @ 0x565507c96dc0] v1.17.0",
            Some("libvpx-vp9 1.17.0"),
        );
        check(
            "[libaom-av1 @ 0x558fe9383dc0] v3.15.1",
            Some("libaom-av1 3.15.1"),
        );
        check("[libaom-av1 @ 0x558f] very slow", None);
        check(
            "      encoder         : Lavc63.1.102 libx264",
            Some("Lavc63.1.102 libx264"),
        );
        check("    encoder         : Lavf63.1.100", None);
    }
}
