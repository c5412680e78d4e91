//! HLS playlists: which files they name, and which of these a job may read for them.
//!
//! What is read is what ffmpeg's demuxer opens (`parse_playlist` in `libavformat/hls.c`; RFC 8216, section 4.3): segments,
//! variants, keys, initialization sections and renditions. A playlist is data from somebody else, so it may name what lies
//! beneath its own directory and nothing more: no absolute path, no `..`, no URL. That is how packagers write them, and the
//! rest is how a playlist would read a secret. Names are taken verbatim, as ffmpeg takes them for files.

use crate::location::Location;

/// A name in a playlist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The number of its line, from 1.
    pub line: usize,
    /// The name as written.
    pub uri: String,
    /// Whether it is a playlist itself.
    pub is_playlist: bool,
}

/// What an input turns out to be by its first bytes, where that matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// An HLS playlist.
    Hls,
    /// A DASH manifest.
    Dash,
    /// The description of a live session.
    Session,
    /// A list of the concat demuxer.
    Concat,
    /// Anything else.
    Media,
}

impl Content {
    /// Tells by the name of what is elsewhere.
    pub fn named(location: &Location) -> Self {
        match location.extension().as_str() {
            "m3u8" | "m3u" => Self::Hls,
            "mpd" | "ism" => Self::Dash,
            "sdp" => Self::Session,
            _ => Self::Media,
        }
    }

    /// Why such an input cannot be read from a file, as the end of a sentence; nothing where it can.
    pub const fn unsupported(self) -> Option<&'static str> {
        match self {
            Self::Dash => Some(
                "is a DASH manifest, whose segments only a URL can bring (give its https:// URL, or the media files)",
            ),
            Self::Session => Some(
                "describes a live session, which a job cannot join from a file (give its rtsp:// or udp:// URL)",
            ),
            Self::Hls | Self::Concat | Self::Media => None,
        }
    }

    /// Tells by the beginning of a file, by the same marks as ffmpeg's probes.
    pub fn of(beginning: &[u8]) -> Self {
        let text = beginning.trim_ascii_start();
        let is_dash = || {
            text.starts_with(b"<")
                && text
                    .windows(5)
                    .any(|part| part == b"<MPD " || part == b"<MPD\n" || part == b"<MPD>")
        };
        if text.starts_with(b"#EXTM3U") {
            Self::Hls
        } else if text.starts_with(b"ffconcat version") {
            Self::Concat
        } else if text.starts_with(b"v=0\r\n") || text.starts_with(b"v=0\n") {
            Self::Session
        } else if is_dash() {
            Self::Dash
        } else {
            Self::Media
        }
    }
}

/// The files that a playlist names, in order, without keys that stand in it themselves (`data:`).
pub fn references(text: &str) -> Vec<Reference> {
    let mut found = Vec::new();
    let mut next = None;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim_end();
        let mut add = |uri: &str, is_playlist| {
            if !uri.is_empty() && !uri.starts_with("data:") {
                found.push(Reference {
                    line: index + 1,
                    uri: uri.to_owned(),
                    is_playlist,
                });
            }
        };
        if let Some((tag, attributes)) = line.split_once(':').filter(|_| line.starts_with('#')) {
            let uri = || attribute(attributes, "URI");
            match tag {
                "#EXT-X-STREAM-INF" => next = Some(true),
                "#EXTINF" => next = next.or(Some(false)),
                "#EXT-X-KEY" | "#EXT-X-MAP" => add(&uri().unwrap_or_default(), false),
                "#EXT-X-MEDIA" => add(&uri().unwrap_or_default(), true),
                _ => {}
            }
        } else if !line.is_empty()
            && !line.starts_with('#')
            && let Some(is_playlist) = next.take()
        {
            add(line, is_playlist);
        }
    }
    found
}

/// The path beneath the playlist's directory that a name means; `None` where it leads anywhere else.
pub fn beneath(uri: &str) -> Option<String> {
    let scheme =
        uri.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    // `subfile,,start,..:` and the like are protocols of ffmpeg as well.
    let is_protocol = scheme.starts_with(':') || (scheme.starts_with(',') && scheme.contains(':'));
    if is_protocol || uri.starts_with('/') || uri.contains('\0') {
        return None;
    }
    let parts: Vec<&str> = uri.split('/').filter(|part| *part != ".").collect();
    let leads_on = parts.contains(&"..") || parts.last().is_none_or(|last| last.is_empty());
    (!leads_on).then(|| parts.join("/"))
}

/// The value of an attribute in a list such as `METHOD=AES-128,URI="key"`.
fn attribute(list: &str, name: &str) -> Option<String> {
    let mut rest = list;
    while let Some((key, value)) = rest.split_once('=') {
        let (value, after) = match value.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => value.split_at(value.find(',').unwrap_or(value.len())),
        };
        if key.trim() == name {
            return Some(value.to_owned());
        }
        rest = after.trim_start_matches([',', ' ']);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(usize, &str, bool)]) {
        let found = references(text);
        let got: Vec<(usize, &str, bool)> = found
            .iter()
            .map(|one| (one.line, one.uri.as_str(), one.is_playlist))
            .collect();
        assert_eq!(got, expected);
    }

    #[test]
    fn media_and_master_playlists() {
        check(
            "#EXTM3U\n#EXT-X-MAP:URI=\"init.mp4\"\n#EXT-X-KEY:METHOD=AES-128,IV=0x1,URI=\"a,b.key\"\n#EXTINF:2,t\nseg 0.ts\r\n\nstray.ts\n#EXTINF:2,\n#EXT-X-BYTERANGE:1@0\nseg1.ts",
            &[
                (2, "init.mp4", false),
                (3, "a,b.key", false),
                (5, "seg 0.ts", false),
                (10, "seg1.ts", false),
            ],
        );
        check(
            "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,URI=\"a/i.m3u8\"\n#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv/i.m3u8\n#EXT-X-KEY:METHOD=NONE\n#EXT-X-I-FRAME-STREAM-INF:URI=\"x\"\n",
            &[(2, "a/i.m3u8", true), (5, "v/i.m3u8", true)],
        );
        check(
            "#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI=\"data:;base64,AA\"\n",
            &[],
        );
    }

    #[test]
    fn only_what_lies_beneath() {
        for (uri, path) in [
            ("a.ts", "a.ts"),
            ("./v/a b.ts?x=1", "v/a b.ts?x=1"),
            ("%2e%2e/a", "%2e%2e/a"),
            ("...", "..."),
        ] {
            assert_eq!(beneath(uri).as_deref(), Some(path), "{uri}");
        }
        for uri in [
            "/etc/passwd",
            "//host/x",
            "../a",
            "a/../../b",
            "a/..",
            "file:a",
            "file:///etc/passwd",
            "http://127.0.0.1/x",
            "concat:a|b",
            "subfile,,start,0,end,9,,:/etc/passwd",
            "crypto+file:a",
            "a/",
        ] {
            assert_eq!(beneath(uri), None, "{uri}");
        }
    }

    #[test]
    fn content_by_its_first_bytes() {
        for (bytes, expected) in [
            (&b"#EXTM3U\n"[..], Content::Hls),
            (b"ffconcat version 1.0\n", Content::Concat),
            (b"v=0\r\no=- 0 0", Content::Session),
            (
                b"<?xml version=\"1.0\"?>\n<MPD xmlns=\"urn\">",
                Content::Dash,
            ),
            (b"<svg></svg>", Content::Media),
            (b"\0\0\0\x20ftyp", Content::Media),
        ] {
            assert_eq!(Content::of(bytes), expected, "{}", bytes.escape_ascii());
        }
    }
}
