//! What the URL of an input stands for: ffmpeg's protocols that read another file, unwrapped, and those that no job offers.

use std::ops::Range;

use super::error::CommandError;
use super::place::Role;

/// Protocols of ffmpeg that no job offers, in the spelling without `//` (`ffmpeg -protocols`).
const OTHER_PROTOCOLS: [&str; 30] = [
    "bluray",
    "dtls",
    "dvd",
    "ffrtmpcrypt",
    "ffrtmphttp",
    "ftp",
    "gopher",
    "gophers",
    "http",
    "httpproxy",
    "https",
    "icecast",
    "ipfs",
    "ipns",
    "md5",
    "mmsh",
    "mmst",
    "prompeg",
    "rist",
    "rtmp",
    "rtp",
    "sftp",
    "shared",
    "srt",
    "srtp",
    "tcp",
    "tee",
    "tls",
    "udp",
    "unix",
];

/// What the URL of an input stands for.
pub(super) enum Source {
    /// Files, each with its stretch of the text and whether it is an input or a list of them.
    Files(Vec<(Range<usize>, Role)>),
    /// The data itself.
    Inline,
    /// A descriptor of the process.
    Pipe,
}

/// Unwraps ffmpeg's protocols that read another file (the ffmpeg-protocols manual), from the byte `at` on.
pub(super) fn source(text: &str, at: usize) -> Result<Source, CommandError> {
    let url = &text[at..];
    let after = |prefix: &str| at + prefix.len();
    if is_stream(url) {
        return Ok(Source::Pipe);
    }
    if url.starts_with("data:") {
        return Ok(Source::Inline);
    }
    for wrapper in ["async:", "cache:", "crypto:", "crypto+"] {
        if url.starts_with(wrapper) {
            return source(text, after(wrapper));
        }
    }
    if url.starts_with("subfile,") {
        let Some(options) = url.find(",,:") else {
            let form = "subfile,,start,BYTE,end,BYTE,,:FILE";
            return Err(malformed(url, form));
        };
        return source(text, at + options + 3);
    }
    if let Some(list) = url.strip_prefix("concatf:") {
        return match list {
            "" => Err(malformed(url, "concatf:LIST")),
            _ => Ok(Source::Files(vec![(
                after("concatf:")..text.len(),
                Role::ReadLines,
            )])),
        };
    }
    if let Some(elements) = url.strip_prefix("concat:") {
        let mut start = after("concat:");
        let mut all = Vec::new();
        for element in elements.split('|') {
            let end = start + element.len();
            match source(&text[..end], start) {
                Ok(Source::Files(files)) if !element.is_empty() => all.extend(files),
                Err(error) if !element.is_empty() => return Err(error),
                _ => return Err(malformed(url, "concat:FILE|FILE")),
            }
            start = end + 1;
        }
        return Ok(Source::Files(all));
    }
    if is_other_protocol(url) {
        return Err(CommandError::Protocol(url.to_owned()));
    }
    if url.is_empty() && at > 0 {
        return Err(malformed(text, "the protocol, a colon and the file"));
    }
    Ok(Source::Files(vec![(at..text.len(), Role::Input)]))
}

/// Whether a URL is a descriptor of the process.
pub(super) fn is_stream(url: &str) -> bool {
    let devices = ["-", "/dev/stdin", "/dev/stdout", "/dev/stderr"];
    devices.contains(&url)
        || ["pipe:", "fd:", "/dev/fd/"]
            .iter()
            .any(|prefix| url.starts_with(prefix))
}

/// Whether a URL asks for a protocol that no job offers; those with `//` are live sources or unknown schemes.
pub(super) fn is_other_protocol(url: &str) -> bool {
    url.split_once(':').is_some_and(|(protocol, rest)| {
        OTHER_PROTOCOLS.contains(&protocol) && !rest.starts_with("//")
    })
}

/// A text that lacks the form which its protocol or muxer asks for.
pub(super) fn malformed(text: &str, form: &'static str) -> CommandError {
    CommandError::Malformed {
        text: text.to_owned(),
        form,
    }
}
