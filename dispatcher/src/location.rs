//! Where a file is: one type for local paths, `s3://`, `http(s)://` and the live network protocols of ffmpeg.
//!
//! A location is taken verbatim, as ffmpeg takes it: nothing is percent-decoded, so that an S3 key may hold `?`, `#`,
//! `%41`, spaces and any other character, and `file:///a%20b` names the file `a%20b`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The protocols that ffmpeg itself opens over the network, for inputs only (`ffmpeg-protocols`).
const LIVE_SCHEMES: [&str; 15] = [
    "rtmp", "rtmpe", "rtmps", "rtmpt", "rtmpte", "rtmpts", "rtsp", "rtsps", "rtp", "srtp", "srt",
    "udp", "tcp", "tls", "rist",
];

/// A place that holds a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Location {
    /// A path of this machine, absolute or relative to the directory in which the command was typed.
    Path(String),
    /// An S3 object, pattern or prefix.
    S3 {
        /// The bucket's name.
        bucket: String,
        /// The key, without the slash that follows the bucket; verbatim.
        key: String,
    },
    /// A file behind `http://` or `https://`, fetched before ffmpeg starts.
    Http(String),
    /// A live source such as `rtmp://` or `srt://`, which ffmpeg opens itself.
    Live(String),
}

/// A text that names no location.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LocationError {
    /// Nothing was given.
    #[error("the location is empty (name a path, or an `s3://bucket/key`)")]
    Empty,
    /// The scheme is not one that a job can use.
    #[error(
        "unknown scheme `{scheme}://` in `{text}` (known: a path, file://, s3://, https://, http://, and rtmp://, rtsp://, srt:// or udp:// as live inputs)"
    )]
    Scheme {
        /// What stands before `://`.
        scheme: String,
        /// The whole text.
        text: String,
    },
    /// An S3 URL without a bucket or without a key.
    #[error("`{0}` is not a whole S3 URL (write s3://BUCKET/KEY)")]
    S3(String),
    /// `file://` followed by a host or by nothing.
    #[error("`{0}` is not a local file URL (write file:///absolute/path)")]
    File(String),
    /// A character that no path, key or URL can hold.
    #[error("`{0}` holds a NUL character (remove it)")]
    Nul(String),
}

impl FromStr for Location {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Self, LocationError> {
        if text.is_empty() {
            return Err(LocationError::Empty);
        }
        if text.contains('\0') {
            return Err(LocationError::Nul(text.replace('\0', "\\0")));
        }
        let Some((scheme, rest)) = split_scheme(text) else {
            // `file:name` is how ffmpeg spells a path that would otherwise look like a protocol.
            return Ok(Self::Path(
                text.strip_prefix("file:").unwrap_or(text).to_owned(),
            ));
        };
        match scheme.to_ascii_lowercase().as_str() {
            "s3" => match rest.split_once('/') {
                Some((bucket, key)) if !bucket.is_empty() && !key.is_empty() => Ok(Self::S3 {
                    bucket: bucket.to_owned(),
                    key: key.to_owned(),
                }),
                _ => Err(LocationError::S3(text.to_owned())),
            },
            "file" if rest.starts_with('/') => Ok(Self::Path(rest.to_owned())),
            "file" => Err(LocationError::File(text.to_owned())),
            "http" | "https" => Ok(Self::Http(text.to_owned())),
            live if LIVE_SCHEMES.contains(&live) => Ok(Self::Live(text.to_owned())),
            _ => Err(LocationError::Scheme {
                scheme: scheme.to_owned(),
                text: text.to_owned(),
            }),
        }
    }
}

impl TryFrom<String> for Location {
    type Error = LocationError;

    fn try_from(text: String) -> Result<Self, LocationError> {
        text.parse()
    }
}

impl From<Location> for String {
    fn from(location: Location) -> Self {
        location.to_string()
    }
}

impl fmt::Display for Location {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // A path such as `s3:` + `//x` cannot arise from parsing, so that a plain path reads back as itself.
            Self::Path(path) => out.write_str(path),
            Self::S3 { bucket, key } => write!(out, "s3://{bucket}/{key}"),
            Self::Http(url) | Self::Live(url) => out.write_str(url),
        }
    }
}

impl Location {
    /// The location with one spelling: `a/./b//c` is `a/b/c`. Links are not followed, and `..` stays.
    pub fn plain(&self) -> String {
        let Self::Path(path) = self else {
            return self.to_string();
        };
        let root = if path.starts_with('/') { "/" } else { "" };
        let parts: Vec<&str> = path
            .split('/')
            .filter(|part| !part.is_empty() && *part != ".")
            .collect();
        format!("{root}{}", parts.join("/"))
    }

    /// The last component, after the final slash; for `http(s)` without its query.
    pub fn base_name(&self) -> &str {
        let text = match self {
            Self::Path(path) => path,
            Self::S3 { key, .. } => key,
            Self::Http(url) | Self::Live(url) => url.split(['?', '#']).next().unwrap_or(url),
        };
        text.rsplit('/').next().unwrap_or(text)
    }

    /// The last component's extension, lower-case and without the dot; empty when there is none.
    pub fn extension(&self) -> String {
        match self.base_name().rsplit_once('.') {
            Some((stem, extension)) if !stem.is_empty() => extension.to_ascii_lowercase(),
            _ => String::new(),
        }
    }
}

/// Splits `scheme://rest`, where the scheme is what RFC 3986 allows one to be.
fn split_scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once("://")?;
    let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    (scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(letters))
        .then_some((scheme, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<Location, &str>) {
        let got = text.parse::<Location>().map_err(|error| error.to_string());
        match (got, expected) {
            (Ok(got), Ok(expected)) => {
                assert_eq!(got, expected);
                assert_eq!(got.to_string().parse(), Ok(expected), "it must read back");
            }
            (Err(got), Err(part)) => assert!(got.contains(part), "`{got}` lacks `{part}`"),
            (got, expected) => panic!("got {got:?}, expected {expected:?}"),
        }
    }

    fn s3(bucket: &str, key: &str) -> Location {
        Location::S3 {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
        }
    }

    #[test]
    fn paths_and_urls() {
        check("in.mp4", Ok(Location::Path("in.mp4".into())));
        check("/a b/c:d.mp4", Ok(Location::Path("/a b/c:d.mp4".into())));
        check("dir://weird/but?", Err("unknown scheme `dir://`"));
        check("file:///a%20b", Ok(Location::Path("/a%20b".into())));
        check("file:a.mp4", Ok(Location::Path("a.mp4".into())));
        check("file://host/a", Err("file:///absolute/path"));
        check("s3://b/k", Ok(s3("b", "k")));
        check("S3://b/k", Ok(s3("b", "k")));
        check(
            "https://h/x.mp4?a=b#c",
            Ok(Location::Http("https://h/x.mp4?a=b#c".into())),
        );
        check("rtmp://h/live", Ok(Location::Live("rtmp://h/live".into())));
        check("gopher://h", Err("unknown scheme `gopher://`"));
        check("", Err("empty"));
        check("a\0b", Err("NUL"));
    }

    #[test]
    fn s3_keys_are_taken_verbatim() {
        for key in [
            "a b?c#d%41,ü",
            "/lead",
            "a//b",
            "../../etc/passwd",
            "dir/",
            "x://y",
        ] {
            check(&format!("s3://bucket/{key}"), Ok(s3("bucket", key)));
        }
        check("s3://bucket", Err("s3://BUCKET/KEY"));
        check("s3://bucket/", Err("s3://BUCKET/KEY"));
        check("s3:///key", Err("s3://BUCKET/KEY"));
    }

    #[test]
    fn names() {
        let name = |text: &str| {
            text.parse::<Location>()
                .expect("a location")
                .base_name()
                .to_owned()
        };
        assert_eq!(name("https://h/a/x.mp4?sig=1/2"), "x.mp4");
        assert_eq!(name("s3://b/a/x?.mp4"), "x?.mp4");
        assert_eq!(
            "s3://b/A.MP4"
                .parse::<Location>()
                .expect("a location")
                .extension(),
            "mp4"
        );
        assert_eq!(
            "s3://b/.hidden"
                .parse::<Location>()
                .expect("a location")
                .extension(),
            ""
        );
    }
}
