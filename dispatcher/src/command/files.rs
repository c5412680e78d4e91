//! The one table of options whose value names a file.
//!
//! It was made by reading `ffmpeg -h full` of ffmpeg 9.0 and 5.1 for every string that is a path. Names that ffmpeg takes
//! relative to an output (`-hls_fmp4_init_filename`, `-media_seg_name`) are no places: they go wherever the output goes, and
//! [`Parsed::beside`](super::Parsed::beside) tells them.

use super::error::CommandError;
use super::escape::Token;
use super::finder::{Finder, Found, Settings};
use super::format::{has_field, has_number};
use super::place::{Owner, Pattern, Role};

/// An option whose value is one file's name.
struct FileOption {
    name: &'static str,
    role: Role,
    /// Whether ffmpeg opens it through its protocols; otherwise with `fopen`.
    url: bool,
}

const fn opened(name: &'static str, role: Role) -> FileOption {
    let url = true;
    FileOption { name, role, url }
}

const fn plain(name: &'static str, role: Role) -> FileOption {
    let url = false;
    FileOption { name, role, url }
}

const FILE_OPTIONS: [FileOption; 29] = [
    // ffmpeg itself (the ffmpeg manual).
    opened("attach", Role::Read),
    opened("dump_attachment", Role::Write),
    opened("filter_complex_script", Role::Read),
    opened("filter_script", Role::Read),
    plain("fpre", Role::Read),
    plain("passlogfile", Role::Prefix),
    opened("print_graphs_file", Role::Write),
    opened("progress", Role::Write),
    opened("sdp_file", Role::Write),
    opened("stats_enc_post", Role::Write),
    opened("stats_enc_pre", Role::Write),
    opened("stats_mux_pre", Role::Write),
    plain("vstats_file", Role::Write),
    // Muxers (the ffmpeg-formats manual).
    opened("header", Role::Write),
    opened("hls_key_info_file", Role::ReadKeyInfo),
    opened("hls_segment_filename", Role::Write),
    opened("hls_subtitle_path", Role::Write),
    opened("segment_header_filename", Role::Write),
    opened("segment_list", Role::Write),
    // Demuxers, devices and protocols.
    opened("graph_file", Role::Read),
    opened("sub_name", Role::Read),
    plain("ca_file", Role::Read),
    plain("cafile", Role::Read),
    plain("cert_file", Role::Read),
    plain("key_file", Role::Read),
    plain("private_key", Role::Read),
    // Codecs (the ffmpeg-codecs manual).
    plain("aribb24-base-path", Role::ReadDirectory),
    plain("ifo_palette", Role::Read),
    plain("x265-stats", Role::Prefix),
];

/// Adds the place that the value of an option is, if it is one.
pub(super) fn find(
    finder: &mut Finder,
    name: &str,
    value: &Token<'_>,
    settings: &Settings,
    owner: Owner,
) -> Result<(), CommandError> {
    let Some(option) = FILE_OPTIONS.iter().find(|option| option.name == name) else {
        return Ok(());
    };
    // `-header` sets HTTP headers elsewhere.
    if name == "header" && settings.format() != Some("webm_chunk") {
        return Ok(());
    }
    let text = value.text.as_str();
    let is_stream = text == "-" || text.starts_with("pipe:") || text == "/dev/null";
    if text.is_empty() || (option.role == Role::Write && is_stream) {
        return Ok(());
    }
    let pattern = pattern(name, text, settings)?;
    let found = Found {
        role: option.role,
        owner,
        pattern,
        named_by: format!("-{name}"),
        url: option.url,
    };
    finder.add(value, 0..text.len(), found)?;
    Ok(())
}

fn pattern(name: &str, text: &str, settings: &Settings) -> Result<Pattern, CommandError> {
    if name != "hls_segment_filename" {
        let numbered = name == "hls_subtitle_path" && has_field(text, 'v');
        return Ok(if numbered {
            Pattern::Number
        } else {
            Pattern::Literal
        });
    }
    if settings.is_on("strftime") {
        return Ok(Pattern::Time);
    }
    let one_file = settings
        .get("hls_flags")
        .unwrap_or("")
        .contains("single_file");
    if has_field(text, 'd') || has_field(text, 'v') {
        Ok(Pattern::Number)
    } else if one_file || has_number(text) {
        Ok(Pattern::Literal)
    } else {
        Err(CommandError::NoNumber {
            name: text.to_owned(),
            muxer: "-hls_segment_filename",
            example: "segment%03d.ts",
        })
    }
}
