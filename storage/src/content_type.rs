//! The media type that an object is stored with, from its extension.
//!
//! A browser plays an HLS or DASH presentation straight from a bucket only when its parts carry the right types. The types are
//! those of the IANA registry (<https://www.iana.org/assignments/media-types>), of RFC 8216 for HLS and of RFC 9559 for
//! Matroska. General tables disagree with them for `.ts`, `.m4s` and `.mkv`, so this one is short and our own.

use ffbatch_dispatcher::location::Location;

/// The content type of an object; `application/octet-stream` where the extension says nothing.
pub fn content_type(location: &Location) -> &'static str {
    match location.extension().as_str() {
        "mp4" | "m4v" => "video/mp4",
        "m4a" => "audio/mp4",
        "m4s" | "cmfv" => "video/iso.segment",
        "mov" => "video/quicktime",
        "mkv" => "video/matroska",
        "mka" => "audio/matroska",
        "webm" => "video/webm",
        "ts" | "m2ts" | "mts" => "video/mp2t",
        "mpg" | "mpeg" => "video/mpeg",
        "ogv" => "video/ogg",
        "ogg" | "oga" | "opus" => "audio/ogg",
        "mxf" => "application/mxf",
        "m3u8" => "application/vnd.apple.mpegurl",
        "mpd" => "application/dash+xml",
        "avi" => "video/vnd.avi",
        "mp3" => "audio/mpeg",
        "aac" => "audio/aac",
        "ac3" => "audio/ac3",
        "flac" => "audio/flac",
        "wav" => "audio/vnd.wave",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "gif" => "image/gif",
        "tif" | "tiff" => "image/tiff",
        "vtt" => "text/vtt",
        "srt" => "application/x-subrip",
        "ttml" => "application/ttml+xml",
        "json" => "application/json",
        "csv" => "text/csv",
        "xml" => "application/xml",
        "txt" | "log" => "text/plain",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: &str) {
        let location = format!("s3://b/{name}").parse().expect("a location");
        assert_eq!(content_type(&location), expected, "{name}");
    }

    #[test]
    fn types_by_extension() {
        check("a/x.mp4", "video/mp4");
        check("x.M3U8", "application/vnd.apple.mpegurl");
        check("x.mpd", "application/dash+xml");
        check("x.ts", "video/mp2t");
        check("x", "application/octet-stream");
        check(".mp4", "application/octet-stream");
        check("x.mp4/", "application/octet-stream");
    }
}
