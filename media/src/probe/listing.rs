//! Reads ffmpeg's listing of its inputs and outputs, of versions 5.1 to 9 (`av_dump_format` in libavformat/dump.c), and
//! which stream becomes which (`print_stream_maps` in fftools/ffmpeg.c).

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Audio, Content, Input, Mapping, Origin, Output, Stream, Video};

/// Reads lines of a log and keeps what they say about inputs and outputs.
#[derive(Debug, Default)]
pub struct Listing {
    inputs: Vec<Input>,
    mappings: Vec<Mapping>,
    /// By number: ffmpeg lists an output when it opens it, and that may be in another order.
    outputs: BTreeMap<usize, Output>,
    part: Part,
}

/// What the lines are about: those of inputs and outputs look the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Part {
    #[default]
    Inputs,
    Mappings,
    Output(usize),
}

impl Listing {
    /// Takes the next line of a log, without level marks.
    pub fn line(&mut self, line: &str) {
        let line = line.trim();
        if let Some(rest) = line.strip_prefix("Output #") {
            if let Some((number, format)) = headed(rest, ", to ") {
                let muxer = format.to_owned();
                self.part = Part::Output(number);
                let streams = Vec::new();
                self.outputs.insert(number, Output { muxer, streams });
            }
        } else if line == "Stream mapping:" {
            self.part = Part::Mappings;
        } else if let Some(rest) = line.strip_prefix("Input #")
            && self.part == Part::Inputs
        {
            let format = headed(rest, ", from ").map_or("", |(_, format)| format);
            self.inputs.push(Input {
                format: format.to_owned(),
                ..Input::default()
            });
        } else {
            self.within(line);
        }
    }

    /// A line that is no headline.
    fn within(&mut self, line: &str) {
        // Outputs are opened by threads of their own, whose lines may mix: the stream says whose it is.
        if let Part::Output(_) = self.part
            && let Some(stream) = line.strip_prefix("Stream #")
            && let Some((number, _)) = stream.split_once(':')
            && let Ok(number) = number.parse()
        {
            self.part = Part::Output(number);
        }
        let streams = match self.part {
            Part::Mappings => {
                self.mappings.extend(mapping(line));
                return;
            }
            Part::Inputs => {
                let Some(input) = self.inputs.last_mut() else {
                    return;
                };
                if let Some(rest) = line.strip_prefix("Duration: ") {
                    read_duration(rest, input);
                }
                &mut input.streams
            }
            Part::Output(number) => match self.outputs.get_mut(&number) {
                Some(output) => &mut output.streams,
                None => return,
            },
        };
        if line.starts_with("Stream #") {
            streams.extend(stream(line));
        } else if let Some(degrees) = rotation(line)
            && let Some(Content::Video(video)) =
                streams.last_mut().map(|stream| &mut stream.content)
        {
            video.rotation_degrees = degrees;
        }
    }

    /// The inputs so far; the last one may still be incomplete.
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// How long each input lasts, as far as is known, in the order of the inputs.
    pub fn durations(&self) -> Vec<Option<Duration>> {
        self.inputs.iter().map(|input| input.duration).collect()
    }

    /// Where the streams of the outputs come from.
    pub fn mappings(&self) -> &[Mapping] {
        &self.mappings
    }

    /// An output by its number; `None` while ffmpeg has not opened it.
    pub fn output(&self, number: usize) -> Option<&Output> {
        self.outputs.get(&number)
    }

    /// True once everything about inputs has been read.
    pub fn complete(&self) -> bool {
        self.part != Part::Inputs
    }

    /// Hands over the inputs.
    pub fn into_inputs(self) -> Vec<Input> {
        self.inputs
    }
}

/// The number and the format in `0, mov,mp4,m4a, from 'a.mp4':`
fn headed<'a>(rest: &'a str, until: &str) -> Option<(usize, &'a str)> {
    let (number, rest) = rest.split_once(", ")?;
    Some((number.parse().ok()?, rest.split(until).next()?))
}

/// `Stream #0:1 -> #0:0 (h264 (native) -> h264 (libx264))`, `Stream #0:0 -> #1:0 (copy)`, `overlay:default -> Stream #0:0 (libx264)`;
/// a line that feeds a stream into a filter graph is no mapping.
fn mapping(line: &str) -> Option<Mapping> {
    let (from, to) = line.split_once(" -> ")?;
    let to = to.strip_prefix("Stream ").unwrap_or(to);
    let origin = match from.strip_prefix("Stream #") {
        Some(stream) => Origin::Stream(pair(stream)?),
        None => Origin::Graph,
    };
    Some(Mapping {
        origin,
        output: pair(to.strip_prefix('#')?)?,
        copied: to.ends_with("(copy)"),
    })
}

/// `0:1 (libx264)` as two numbers.
fn pair(text: &str) -> Option<(usize, usize)> {
    let (file, stream) = text.split(' ').next()?.split_once(':')?;
    Some((file.parse().ok()?, stream.parse().ok()?))
}

/// `00:00:05.31, start: 0.000000, bitrate: 1589 kb/s`
fn read_duration(rest: &str, input: &mut Input) {
    let mut parts = rest.split(", ");
    input.duration = parts.next().and_then(clock);
    input.start_secs = parts
        .find_map(|part| part.strip_prefix("start: "))
        .and_then(|start| start.parse().ok());
}

/// `00:00:05.31`; `N/A` is no duration.
fn clock(text: &str) -> Option<Duration> {
    let mut secs = 0.0;
    for part in text.split(':') {
        secs = secs * 60.0 + part.parse::<f64>().ok()?;
    }
    Duration::try_from_secs_f64(secs).ok()
}

/// `Display Matrix: rotation of -90.00 degrees`, in version 5 `displaymatrix: rotation of ..`
fn rotation(line: &str) -> Option<f64> {
    let (name, rest) = line.split_once(": rotation of ")?;
    let known = name.eq_ignore_ascii_case("display matrix") || name == "displaymatrix";
    known.then(|| rest.split(' ').next()?.parse().ok())?
}

/// `Stream #0:0[0x1](und): Video: h264 (Main) (avc1 / 0x31637661), yuv420p(progressive), 1280x720 [SAR 1:1 DAR 16:9], ..`
fn stream(line: &str) -> Option<Stream> {
    let mut words = line.splitn(3, ": ");
    let (_, kind, rest) = (words.next()?, words.next()?, words.next()?);
    let parts = split(rest);
    let codec = parts.first()?.split([' ', '(']).next()?.to_owned();
    let content = match kind {
        "Video" => Content::Video(video(&parts, line.contains("(attached pic)"))),
        "Audio" => Content::Audio(audio(&parts)),
        other => Content::Other(other.to_ascii_lowercase()),
    };
    Some(Stream { codec, content })
}

fn video(parts: &[&str], attached_picture: bool) -> Video {
    let mut video = Video {
        attached_picture,
        ..Video::default()
    };
    for (at, part) in parts.iter().enumerate().skip(1) {
        if let Some((width, height)) = size(part)
            && video.width == 0
        {
            (video.width, video.height) = (width, height);
            if at > 1 {
                pixels(parts[at - 1], &mut video);
            }
        }
        if let Some((_, rest)) = part.split_once("SAR ") {
            video.sample_aspect_ratio = rest.split(' ').next().map(str::to_owned);
        }
        // `tbr` is a guess for streams whose average is unknown; `fps` comes first where both are there.
        if let Some(rate) = part
            .strip_suffix(" fps")
            .or_else(|| part.strip_suffix(" tbr"))
            && video.frame_rate.is_none()
        {
            video.frame_rate = rate_of(rate);
        }
    }
    video
}

fn audio(parts: &[&str]) -> Audio {
    let hertz = parts
        .iter()
        .position(|part| part.ends_with(" Hz"))
        .unwrap_or(parts.len());
    Audio {
        sample_rate_hz: parts
            .get(hertz)
            .and_then(|part| part.trim_end_matches(" Hz").parse().ok()),
        layout: parts.get(hertz + 1).map(|&layout| layout.to_owned()),
    }
}

/// `yuvj420p(pc, bt709/unknown/unknown, progressive)`
fn pixels(part: &str, video: &mut Video) {
    let (name, rest) = part.split_once('(').unwrap_or((part, ""));
    if name != "none" {
        name.clone_into(&mut video.pixel_format);
    }
    let mut words = rest.trim_end_matches(')').split(", ");
    video.range = words
        .clone()
        .find(|word| matches!(*word, "tv" | "pc"))
        .map(str::to_owned);
    // Matrix, primaries, transfer.
    video.transfer = words
        .find_map(|word| word.rsplit_once('/'))
        .map(|(_, transfer)| transfer)
        .filter(|transfer| *transfer != "unknown")
        .map(str::to_owned);
}

/// `1280x720 [SAR 1:1 DAR 16:9]`
fn size(part: &str) -> Option<(u32, u32)> {
    let (width, height) = part.split(' ').next()?.split_once('x')?;
    Some((width.parse().ok()?, height.parse().ok()?))
}

/// `29.97`, or `30k` for 30,000.
fn rate_of(text: &str) -> Option<f64> {
    match text.strip_suffix('k') {
        Some(thousands) => Some(thousands.parse::<f64>().ok()? * 1000.0),
        None => text.parse().ok(),
    }
}

/// Splits at the commas that stand in no parentheses or brackets.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0_i32, 0);
    for (at, letter) in text.char_indices() {
        match letter {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: &str = include_str!("../../tests/fixtures/inputs_9.txt");
    const OLD: &str = include_str!("../../tests/fixtures/inputs_5.txt");
    const OUTPUTS: &str = include_str!("../../tests/fixtures/outputs_9.txt");

    fn read(text: &str) -> Vec<Input> {
        let mut listing = Listing::default();
        text.lines().for_each(|line| listing.line(line));
        listing.into_inputs()
    }

    /// What both versions must say about input `at`: duration in ms, codec, size, pixel format, range, rate.
    #[track_caller]
    fn check(
        at: usize,
        duration: Option<u64>,
        codec: &str,
        size: (u32, u32),
        pixels: &str,
        range: Option<&str>,
        rate: f64,
    ) {
        for text in [NEW, OLD] {
            let input = &read(text)[at];
            assert_eq!(input.duration, duration.map(Duration::from_millis));
            assert_eq!(input.streams[0].codec, codec);
            let video = input.video(0).expect("a video");
            assert_eq!((video.width, video.height), size);
            assert_eq!(video.pixel_format, pixels);
            assert_eq!(video.range.as_deref(), range);
            assert_eq!(video.frame_rate, Some(rate));
        }
    }

    #[test]
    fn real_listings() {
        check(0, Some(5310), "h264", (1280, 720), "yuv420p", None, 25.0);
        check(1, Some(4000), "h264", (176, 144), "yuv420p", None, 29.97);
        check(
            2,
            Some(1000),
            "h264",
            (320, 240),
            "yuvj420p",
            Some("pc"),
            29.97,
        );
        check(
            3,
            Some(200),
            "av1",
            (320, 240),
            "yuv420p10le",
            Some("tv"),
            25.0,
        );
        check(4, None, "png", (320, 240), "rgb24", Some("pc"), 25.0);
        check(
            5,
            Some(120),
            "rawvideo",
            (576, 324),
            "yuv420p10le",
            None,
            25.0,
        );
        assert_eq!(read(NEW).len(), 6);
        assert_eq!(read(OLD).len(), 6);
    }

    #[test]
    fn details() {
        for text in [NEW, OLD] {
            let inputs = read(text);
            assert_eq!(inputs[0].start_secs, Some(0.0));
            assert_eq!(inputs[0].format, "mov,mp4,m4a,3gp,3g2,mj2");
            let Content::Audio(audio) = &inputs[0].streams[1].content else {
                panic!("the second stream is audio");
            };
            assert_eq!(audio.sample_rate_hz, Some(48000));
            assert_eq!(audio.layout.as_deref(), Some("5.1"));
            let rotated = inputs[1].video(0).expect("a video");
            assert!((rotated.rotation_degrees - 90.0).abs() < 0.01);
            assert_eq!(rotated.shown(), (144, 176));
            let stretched = inputs[2].video(0).expect("a video");
            assert_eq!(stretched.sample_aspect_ratio.as_deref(), Some("4:3"));
            assert_eq!(stretched.shown(), (320, 240));
        }
    }

    #[test]
    fn the_transfer_of_hdr() {
        let transfer = |pixels: &str| {
            let text = format!(
                "Input #0, mp4, from 'a':\n  Stream #0:0: Video: hevc, {pixels}, 2x2, 25 fps\n"
            );
            read(&text)[0]
                .video(0)
                .and_then(|video| video.transfer.clone())
        };
        let pq = "yuv420p10le(tv, bt2020nc/bt2020/smpte2084, progressive)";
        assert_eq!(transfer(pq).as_deref(), Some("smpte2084"));
        assert_eq!(
            transfer("yuvj420p(pc, bt709/unknown/unknown, progressive)"),
            None
        );
        assert_eq!(transfer("yuv420p(tv, bt709, progressive)"), None);
        assert_eq!(transfer("yuv420p"), None);
    }

    #[test]
    fn outputs_are_no_inputs() {
        let text = "Input #0, x, from 'a':\n  Stream #0:0: Video: h264, yuv420p, 2x2\nOutput #0, mp4, to 'b':\n  Stream #0:0: Video: h264, yuv420p, 4x4\n";
        let inputs = read(text);
        assert_eq!(inputs.len(), 1);
        assert_eq!(inputs[0].streams.len(), 1);
    }

    #[test]
    fn outputs_that_are_opened_at_once_keep_their_streams() {
        let text = "Input #0, x, from 'a':\n  Stream #0:0: Video: h264, yuv420p, 2x2\nOutput #0, mp4, to 'b':\n\
            Output #1, mp4, to 'c':\n  Metadata:\n  Stream #0:0: Video: h264, yuv420p, 4x4\n  Stream #1:0: Video: h264, yuv420p, 6x6\n";
        let mut listing = Listing::default();
        for line in text.lines() {
            listing.line(line);
        }
        let widths = [0, 1].map(|number| {
            let output = listing.output(number).expect("it was opened");
            let videos = output.streams.iter().filter_map(Stream::video);
            videos.map(|video| video.width).collect::<Vec<_>>()
        });
        assert_eq!(widths, [vec![4], vec![6]]);
    }

    #[test]
    fn outputs_and_where_they_come_from() {
        let mut listing = Listing::default();
        for line in OUTPUTS.lines() {
            listing.line(line);
        }
        assert_eq!(listing.inputs().len(), 1);
        let of = |origin, output, copied| Mapping {
            origin,
            output,
            copied,
        };
        assert_eq!(
            listing.mappings(),
            [
                of(Origin::Graph, (0, 0), false),
                of(Origin::Stream((0, 1)), (0, 1), true),
                of(Origin::Stream((0, 0)), (1, 0), false),
            ]
        );
        let (first, second) = (listing.output(0), listing.output(1));
        let (first, second) = (first.expect("listed"), second.expect("listed"));
        assert_eq!(
            (first.muxer.as_str(), second.muxer.as_str()),
            ("matroska", "mp4")
        );
        let video = first.streams[0].video().expect("a video");
        assert_eq!((video.width, video.height), (640, 360));
        assert_eq!(video.pixel_format, "yuv420p");
        assert!(first.streams[1].video().is_none(), "the second is audio");
        assert_eq!(
            second.streams[0]
                .video()
                .and_then(|video| video.range.clone())
                .as_deref(),
            Some("tv")
        );
        assert!(listing.output(2).is_none());
    }

    #[test]
    fn covers_and_other_streams() {
        let text = "Input #0, mp3, from 'a, from b':\n  Duration: 01:02:03.50, start: -0.025057, bitrate: 1 kb/s\n  \
            Stream #0:0: Audio: mp3 (mp3float), 44100 Hz, stereo, fltp, 128 kb/s\n  \
            Stream #0:1: Video: mjpeg (Baseline), yuvj420p(pc, bt470bg/unknown/unknown), 500x500 [SAR 1:1 DAR 1:1], 90k tbr, 90k tbn (attached pic)\n  \
            Stream #0:2(eng): Subtitle: subrip (srt)\n";
        let input = &read(text)[0];
        assert_eq!(input.format, "mp3");
        assert_eq!(input.duration, Some(Duration::from_millis(3_723_500)));
        assert_eq!(input.start_secs, Some(-0.025_057));
        assert!(input.video(0).is_none());
        assert_eq!(
            input.streams[2].content,
            Content::Other("subtitle".to_owned())
        );
    }
}
