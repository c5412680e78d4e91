//! What the word of an input or output names: a file, several, a graph, a stream, or nothing at all.

use super::error::CommandError;
use super::escape::{self, Token};
use super::finder::{Finder, Found, Settings};
use super::format::{has_field, has_number, is_device, is_image};
use super::parsed::Target;
use super::place::{Owner, Pattern, Role};
use super::source::{Source, is_other_protocol, is_stream, malformed, source};
use super::{dictionary, files, filter};

/// Finds what an input reads.
pub(super) fn input(
    finder: &mut Finder,
    text: &Token<'_>,
    settings: &Settings,
    owner: Owner,
) -> Result<Target, CommandError> {
    let name = text.text.as_str();
    let format = settings.format();
    if let Some(device) = format.filter(|format| is_device(format)) {
        return Err(CommandError::Device(device.to_owned()));
    }
    if format == Some("lavfi") {
        filter::find(finder, text, owner)?;
        return Ok(Target::Graph);
    }
    if name.is_empty() {
        return Err(CommandError::EmptyFile("the input"));
    }
    let stretches = match source(name, 0)? {
        Source::Files(stretches) => stretches,
        Source::Inline => return Ok(Target::Inline),
        Source::Pipe => return Err(CommandError::StandardInput(name.to_owned())),
    };
    let mut places = Vec::new();
    let several = stretches.len() > 1;
    for (stretch, role) in stretches {
        let part = &name[stretch.clone()];
        let whole = part.len() == name.len();
        let is_list =
            format == Some("concat") || (format.is_none() && extension(part) == "ffconcat");
        let found = Found {
            role: if whole && is_list {
                Role::ReadList
            } else {
                role
            },
            owner,
            pattern: if whole {
                input_pattern(part, settings)
            } else {
                Pattern::Literal
            },
            named_by: String::new(),
            url: true,
        };
        places.push(finder.add(text, stretch, found)?);
    }
    Ok(if several {
        Target::Joined(places)
    } else {
        Target::Place(places[0])
    })
}

/// Finds what an output writes, from the byte `at` of the text on.
pub(super) fn output(
    finder: &mut Finder,
    text: &Token<'_>,
    at: usize,
    settings: &Settings,
    owner: Owner,
) -> Result<Target, CommandError> {
    let name = &text.text[at..];
    let format = settings.format();
    if let Some(device) = format.filter(|format| is_device(format)) {
        return Err(CommandError::Device(device.to_owned()));
    }
    if format == Some("null") || ["/dev/null", "NUL", "nul"].contains(&name) {
        return Ok(Target::Discard);
    }
    if name.is_empty() {
        return Err(CommandError::EmptyFile("the output"));
    }
    if format == Some("tee") {
        return tee(finder, text, at, owner);
    }
    if is_stream(name) || name == "md5:" {
        return Ok(Target::Pipe);
    }
    if is_other_protocol(name) {
        return Err(CommandError::Protocol(name.to_owned()));
    }
    let start = if name.starts_with("crypto:") {
        at + "crypto:".len()
    } else {
        at
    };
    if start == text.text.len() {
        return Err(malformed(name, "crypto:FILE"));
    }
    let found = Found {
        role: Role::Output,
        owner,
        pattern: output_pattern(name, settings)?,
        named_by: String::new(),
        url: true,
    };
    let place = finder.add(text, start..text.text.len(), found)?;
    Ok(Target::Place(place))
}

/// Finds the slaves of the tee muxer (the ffmpeg-formats manual, "tee").
fn tee(
    finder: &mut Finder,
    text: &Token<'_>,
    mut at: usize,
    owner: Owner,
) -> Result<Target, CommandError> {
    let mut places = Vec::new();
    loop {
        let slave = Token::read(text, at, "|");
        at = slave.end + 1;
        let target = tee_slave(finder, &slave, owner)?;
        places.extend(target.places());
        if at >= text.text.len() {
            return Ok(Target::Tee(places));
        }
    }
}

fn tee_slave(finder: &mut Finder, slave: &Token<'_>, owner: Owner) -> Result<Target, CommandError> {
    let mut options = Vec::new();
    let mut settings = Settings::default();
    let mut at = 0;
    if slave.text.starts_with('[') {
        loop {
            let form = "[option=value:option=value]FILE|FILE";
            let (key, start) =
                escape::key(&slave.text, at + 1).ok_or_else(|| malformed(&slave.text, form))?;
            let value = Token::read(slave, start, ":]");
            at = value.end;
            settings.set(key, &value.text);
            options.push((key, value));
            match slave.text[at..].chars().next() {
                Some(':') => {}
                Some(_) => break,
                None => return Err(malformed(&slave.text, form)),
            }
        }
        at += 1;
    }
    for (key, value) in &options {
        files::find(finder, key, value, &settings, owner)?;
        dictionary::find(finder, key, value, owner)?;
    }
    output(finder, slave, at, &settings, owner)
}

/// Whether the name of an input stands for several files (the ffmpeg-formats manual, "image2").
fn input_pattern(name: &str, settings: &Settings) -> Pattern {
    let images = match settings.format() {
        Some(format) => format == "image2",
        None => is_image(&extension(name)),
    };
    match settings.get("pattern_type") {
        _ if !images => Pattern::Literal,
        Some("none") => Pattern::Literal,
        Some("glob") => Pattern::Glob,
        _ if has_number(name) => Pattern::Number,
        _ => Pattern::Literal,
    }
}

/// Whether the name of an output stands for several files, and whether it must.
fn output_pattern(name: &str, settings: &Settings) -> Result<Pattern, CommandError> {
    let extension = extension(name);
    let number = if has_number(name) {
        Pattern::Number
    } else {
        Pattern::Literal
    };
    let time = settings.is_on("strftime");
    match settings.format() {
        Some("segment" | "stream_segment" | "ssegment") => match number {
            _ if time => Ok(Pattern::Time),
            Pattern::Number => Ok(number),
            _ => Err(CommandError::NoNumber {
                name: name.to_owned(),
                muxer: "the segment muxer",
                example: "out%03d.ts",
            }),
        },
        Some("image2") => Ok(image_pattern(number, time, settings)),
        None if is_image(&extension) => Ok(image_pattern(number, time, settings)),
        Some("webm_chunk") => Ok(number),
        Some("hls") => Ok(variant_pattern(name)),
        None if extension == "m3u8" => Ok(variant_pattern(name)),
        _ => Ok(Pattern::Literal),
    }
}

fn image_pattern(number: Pattern, time: bool, settings: &Settings) -> Pattern {
    match time {
        _ if settings.is_on("update") => Pattern::Literal,
        true => Pattern::Time,
        false => number,
    }
}

/// A playlist's name holds `%v` where it is written once for each variant; also the only variant has a number.
fn variant_pattern(name: &str) -> Pattern {
    if has_field(name, 'v') {
        Pattern::Number
    } else {
        Pattern::Literal
    }
}

fn extension(name: &str) -> String {
    let base = name.rsplit('/').next().unwrap_or(name);
    match base.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => extension.to_ascii_lowercase(),
        _ => String::new(),
    }
}
