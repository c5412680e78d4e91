//! What is in a file, without ffprobe: `ffmpeg -i FILE` prints it while it looks for an output.
//!
//! The same lines stand in the log of every job, so that [`Listing`] also reads a job's own log as it streams and no
//! extra process is needed to know how long an input lasts.

mod listing;

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

pub use listing::Listing;

use crate::confine::Policy;
use crate::find::Ffmpeg;
use crate::log;
use crate::run::{GRACE, Happening, Run, RunError, Stdout, run};

/// A file and the options ffmpeg needs to open it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The file; absolute, so that no part of it can be taken for a protocol.
    pub path: PathBuf,
    /// Options for before its `-i`, such as `-f rawvideo -s 576x324 -pix_fmt yuv420p` for a file without a header.
    pub options: Vec<String>,
}

/// What ffmpeg found in one input.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Input {
    /// The demuxer's names, such as `mov,mp4,m4a,3gp,3g2,mj2`.
    pub format: String,
    /// How long it lasts, in steps of 10 ms; `None` for a live or unseekable source.
    pub duration: Option<Duration>,
    /// Its first timestamp in seconds; may be negative.
    pub start_secs: Option<f64>,
    /// Its streams, in their order.
    pub streams: Vec<Stream>,
}

/// One stream of an input.
#[derive(Debug, Clone, PartialEq)]
pub struct Stream {
    /// The codec's short name, such as `h264`.
    pub codec: String,
    /// What it carries.
    pub content: Content,
}

/// What a stream carries.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Pictures.
    Video(Video),
    /// Sound.
    Audio(Audio),
    /// Subtitles, data, attachments; ffmpeg's word for it in lower case.
    Other(String),
}

/// What ffmpeg says of one output.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// The muxer's name, such as `mp4`.
    pub muxer: String,
    /// Its streams, in their order.
    pub streams: Vec<Stream>,
}

/// Where a stream of an output comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mapping {
    /// Its origin.
    pub origin: Origin,
    /// The output and the stream in it, from 0.
    pub output: (usize, usize),
    /// Whether its packets are taken as they are.
    pub copied: bool,
}

/// What an output's stream is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A stream of an input: the input and the stream in it, from 0.
    Stream((usize, usize)),
    /// What a filter graph makes (`-filter_complex`).
    Graph,
}

/// The properties of a video stream.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Video {
    /// Coded width in pixels, before rotation.
    pub width: u32,
    /// Coded height in pixels, before rotation.
    pub height: u32,
    /// The pixel format, such as `yuv420p10le`; empty when ffmpeg did not find out.
    pub pixel_format: String,
    /// `tv` or `pc`, when the stream says so.
    pub range: Option<String>,
    /// The transfer characteristics, such as `smpte2084`, where they are known and differ from what matrix and primaries are called:
    /// those of HDR always do.
    pub transfer: Option<String>,
    /// The sample aspect ratio as ffmpeg prints it, such as `4:3`.
    pub sample_aspect_ratio: Option<String>,
    /// Average frame rate in frames a second, as printed, with two decimals.
    pub frame_rate: Option<f64>,
    /// Rotation in degrees that a player applies, and ffmpeg too before any filter.
    pub rotation_degrees: f64,
    /// True for a cover picture.
    pub attached_picture: bool,
}

/// The properties of an audio stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audio {
    /// Samples a second.
    pub sample_rate_hz: Option<u32>,
    /// The channel layout, such as `stereo` or `5.1`.
    pub layout: Option<String>,
}

/// A file could not be probed.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// ffmpeg did not run.
    #[error(transparent)]
    Run(#[from] RunError),
    /// ffmpeg could not open an input.
    #[error("`{path}` cannot be read as media: {cause}")]
    Unreadable {
        /// The first file of which ffmpeg told nothing.
        path: PathBuf,
        /// Why, in ffmpeg's words.
        cause: String,
    },
}

impl Input {
    /// The video stream of this number among those that are no cover pictures: the one that `0:V:NUMBER` means in a filter graph.
    pub fn video(&self, number: usize) -> Option<&Video> {
        let mut videos = self.streams.iter().filter_map(Stream::video);
        videos.nth(number)
    }
}

impl Stream {
    /// What it shows, if it carries pictures that are no cover.
    pub fn video(&self) -> Option<&Video> {
        match &self.content {
            Content::Video(video) if !video.attached_picture => Some(video),
            _ => None,
        }
    }
}

impl Video {
    /// Width and height of the decoded pictures as filters see them: after ffmpeg's automatic rotation.
    pub fn shown(&self) -> (u32, u32) {
        let quarter_turns = (self.rotation_degrees / 90.0).round().abs() % 2.0;
        if quarter_turns > 0.5 {
            (self.height, self.width)
        } else {
            (self.width, self.height)
        }
    }
}

/// Probes files with one ffmpeg process, about 15 ms for the first and little more for others; one answer for each, in order.
/// `reads` is what must be readable besides, such as the segments of a playlist.
pub async fn probe(
    ffmpeg: &Ffmpeg,
    launcher: &Path,
    require_confinement: bool,
    sources: &[Source],
    reads: &[PathBuf],
) -> Result<Vec<Input>, ProbeError> {
    let mut args = vec!["-hide_banner".to_owned()];
    for source in sources {
        args.extend(source.options.iter().cloned());
        args.push("-i".to_owned());
        args.push(source.path.to_string_lossy().into_owned());
    }
    let read = sources.iter().map(|source| source.path.clone());
    let read = read.chain(reads.iter().cloned()).collect();
    let mut policy = Policy::new(read, Vec::new());
    policy.require = require_confinement;
    let asked = Run {
        ffmpeg: ffmpeg.clone(),
        args,
        cwd: "/".into(),
        policy,
        launcher: launcher.to_owned(),
        stdout: Stdout::Discard,
        stop: CancellationToken::new(),
        grace: GRACE,
    };
    let mut listing = Listing::default();
    // The exit code tells nothing: without an output ffmpeg always ends with an error.
    let finished = run(&asked, &mut |happening| {
        if let Happening::Line(line) = happening {
            listing.line(&line.text);
        }
    })
    .await?;
    let inputs = listing.into_inputs();
    match sources.get(inputs.len()) {
        None => Ok(inputs),
        Some(source) => Err(ProbeError::Unreadable {
            path: source.path.clone(),
            cause: log::cause(&finished.stderr_tail)
                .unwrap_or_else(|| "no reason given".to_owned()),
        }),
    }
}
