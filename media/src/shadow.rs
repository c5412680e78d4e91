//! What an encoder was given: the user's command once more, with every video encoder replaced by one that hands pictures on
//! as they are.
//!
//! Seeking, filters, rate, size and pixel format conversion are those of the command itself, done by the same program, so that
//! the pictures are the encoder's own, one for one. ffmpeg (7.1 and later) takes them back into the same process through a
//! loopback decoder (`-dec`), where they meet the decoded output; nothing is written anywhere.
//!
//! What the command leaves to ffmpeg's choice is told by the log of the run that is measured and is pinned here: the streams
//! that were mapped (an output that is an input now must not be chosen), the pixel format and range that the encoder negotiated
//! (an encoder that takes any would negotiate another), and how frames are kept in step with the clock, which depends on the
//! muxer (see [`muxers`]).

mod chain;
mod muxers;
mod options;

use ffbatch_dispatcher::command::{File, OptionUse, Parsed};

use crate::probe::{Content, Listing, Mapping, Origin, Video};
use options::Use;

/// The encoder that hands pictures on without a copy.
const ENCODER: &str = "wrapped_avframe";

/// The beginnings of pixel formats that stand for pictures in a graphics card's memory (`AV_PIX_FMT_FLAG_HWACCEL`).
const IN_HARDWARE: [&str; 12] = [
    "amf",
    "cuda",
    "d3d",
    "drm_prime",
    "dxva",
    "mediacodec",
    "mmal",
    "opencl",
    "qsv",
    "vaapi",
    "vdpau",
    "vulkan",
];

/// A video stream of a command's output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutputStream {
    /// The output, from 0.
    pub output: usize,
    /// The stream in it, from 0.
    pub stream: usize,
}

/// In which size pictures are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Size {
    /// As the encoder was given them.
    #[default]
    Output,
    /// As they were before the command scaled them.
    Source,
}

/// A command that stops before its encoders.
#[derive(Debug, Clone, PartialEq)]
pub struct Shadow {
    /// The words before its outputs: options of the whole command, and its inputs.
    pub inputs: Vec<String>,
    /// How many inputs there are.
    pub input_count: usize,
    /// The words of its outputs, which write nothing.
    pub outputs: Vec<String>,
    /// How many outputs that are.
    pub output_count: usize,
    /// The stream of these outputs that carries the wanted pictures, as `-dec` names it.
    pub stream: (usize, usize),
    /// The pictures that the encoder was given.
    pub pictures: Video,
    /// In which size they come.
    pub size: Size,
    /// The stream of an input that has the same pictures, where the command does nothing between the two.
    pub straight: Option<(usize, usize)>,
}

impl Shadow {
    /// The same pictures for an ffmpeg without loopback decoders: the input itself, where that will do.
    pub fn without_loopback(&self) -> Option<Self> {
        let can = self.straight.is_some() && !self.outputs.is_empty();
        can.then(|| Self {
            outputs: Vec::new(),
            output_count: 0,
            ..self.clone()
        })
    }
}

/// The video streams of an output that are no covers, in their order, and where each comes from.
pub fn videos(listing: &Listing, output: usize) -> impl Iterator<Item = (OutputStream, Mapping)> {
    let streams = listing
        .output(output)
        .map_or(0, |output| output.streams.len());
    (0..streams)
        .map(move |stream| OutputStream { output, stream })
        .filter(|stream| video(listing, *stream).is_some())
        .filter_map(|stream| Some((stream, of(listing, stream)?)))
}

/// Which of its output's video streams that are no covers it is, from 0.
pub fn number(listing: &Listing, of: OutputStream) -> usize {
    let streams = listing.output(of.output).into_iter();
    streams
        .flat_map(|output| &output.streams[..of.stream])
        .filter(|stream| stream.video().is_some())
        .count()
}

fn video(listing: &Listing, of: OutputStream) -> Option<&Video> {
    let streams = &listing.output(of.output)?.streams;
    streams.get(of.stream)?.video()
}

/// Where a stream of an output comes from.
pub fn of(listing: &Listing, stream: OutputStream) -> Option<Mapping> {
    let at = (stream.output, stream.stream);
    listing
        .mappings()
        .iter()
        .find(|mapping| mapping.output == at)
        .copied()
}

/// Rewrites a command. `words` are its words with the names of local files; `listing` is what it told when it ran.
///
/// # Errors
/// A sentence on why the encoder's pictures cannot be had again.
pub fn shadow(
    parsed: &Parsed,
    words: &[String],
    listing: &Listing,
    wanted: OutputStream,
    size: Size,
) -> Result<Shadow, String> {
    if !parsed.decoders.is_empty() {
        return Err(
            "a command with loopback decoders (-dec) of its own is not measured".to_owned(),
        );
    }
    let pictures = video(listing, wanted)
        .filter(|video| !video.pixel_format.is_empty())
        .cloned()
        .ok_or("ffmpeg's log does not tell what the encoder was given")?;
    let in_hardware = IN_HARDWARE
        .iter()
        .any(|start| pictures.pixel_format.starts_with(start));
    if in_hardware {
        return Err(format!(
            "the encoder was given pictures in the memory of a graphics card ({}), which are not measured so far",
            pictures.pixel_format
        ));
    }
    let builder = Builder {
        parsed,
        words,
        listing,
        size,
    };
    let is_graph = of(listing, wanted).is_none_or(|mapping| mapping.origin == Origin::Graph);
    if is_graph && size == Size::Source {
        return Err(
            "what a -filter_complex scales cannot be compared at the source's size".to_owned(),
        );
    }
    // Every end of a graph must be connected; where no graph is, the one output is enough.
    let needed: Vec<usize> = (0..parsed.outputs.len())
        .filter(|output| *output == wanted.output || is_graph && builder.takes_from_graph(*output))
        .collect();
    let mut shadow = Shadow {
        inputs: builder.inputs()?,
        input_count: parsed.inputs.len(),
        outputs: Vec::new(),
        output_count: needed.len(),
        stream: (0, 0),
        straight: builder.straight(wanted, &pictures),
        pictures,
        size,
    };
    for (number, output) in needed.into_iter().enumerate() {
        let streams = builder.output(output, &mut shadow.outputs)?;
        if output == wanted.output {
            let stream = streams.iter().position(|stream| *stream == wanted.stream);
            shadow.stream = (number, stream.ok_or("the stream is not in the output")?);
        }
    }
    Ok(shadow)
}

struct Builder<'a> {
    parsed: &'a Parsed,
    words: &'a [String],
    listing: &'a Listing,
    size: Size,
}

impl Builder<'_> {
    /// The stream of an input that the encoder was given as it is: no option decides about its pictures, and nothing about
    /// them differs. Pictures that ffmpeg left out to keep the clock are found by their number.
    fn straight(&self, wanted: OutputStream, given: &Video) -> Option<(usize, usize)> {
        let output = self.listing.output(wanted.output)?;
        let file = &self.parsed.outputs[wanted.output];
        let decides = |option: &OptionUse| {
            option.name != "map" && options::output(option, false) != Use::Dropped
        };
        let is_plain = muxers::shadow_of(&output.muxer) == Some(muxers::VARIABLE_RATE)
            && !file.options.iter().any(decides)
            && self
                .parsed
                .globals
                .iter()
                .all(|option| options::global(option) == Use::Dropped);
        let Origin::Stream((input, stream)) = of(self.listing, wanted)?.origin else {
            return None;
        };
        let source = self
            .listing
            .inputs()
            .get(input)?
            .streams
            .get(stream)?
            .video()?;
        let form = |video: &Video| (video.width, video.height, video.pixel_format.clone());
        (is_plain && form(source) == form(given) && source.rotation_degrees.abs() < 1.0)
            .then_some((input, stream))
    }

    /// The words before the outputs.
    fn inputs(&self) -> Result<Vec<String>, String> {
        let mut words = Vec::new();
        for option in &self.parsed.globals {
            match options::global(option) {
                Use::Kept => self.push(option, &mut words),
                Use::Dropped => {}
                Use::Refused => return Err(refused(option)),
            }
        }
        for input in &self.parsed.inputs {
            words.extend(input_words(input, self.words, |_| true));
        }
        Ok(words)
    }

    /// Adds the words of an output; returns which of its streams are in it, in their order.
    fn output(&self, number: usize, words: &mut Vec<String>) -> Result<Vec<usize>, String> {
        let file = &self.parsed.outputs[number];
        let output = self
            .listing
            .output(number)
            .ok_or("ffmpeg's log does not tell of the output")?;
        let muxer = muxers::shadow_of(&output.muxer)
            .ok_or_else(|| format!("how the muxer `{}` keeps the frame rate is not known, so that the encoder's pictures cannot be had again", output.muxer))?;
        let shortest = file
            .options
            .iter()
            .any(|option| option.name == "shortest" && !option.negated);
        let by_graph = self.takes_from_graph(number);
        let mut kept = Vec::new();
        let (mut videos, mut sounds) = (0, 0);
        let mut codecs = Vec::new();
        for (stream, content) in output.streams.iter().enumerate() {
            let mapping = of(
                self.listing,
                OutputStream {
                    output: number,
                    stream,
                },
            )
            .ok_or("ffmpeg's log does not tell where its streams come from")?;
            let is_from_graph = mapping.origin == Origin::Graph;
            match &content.content {
                Content::Video(video) => {
                    codecs.extend(codec("v", videos, mapping, ENCODER));
                    if !mapping.copied {
                        codecs.extend(pinned(videos, video));
                    }
                    videos += 1;
                }
                Content::Audio(_) if shortest || is_from_graph => {
                    codecs.extend(codec("a", sounds, mapping, "pcm_s16le"));
                    sounds += 1;
                }
                Content::Other(kind) if shortest => {
                    return Err(format!(
                        "with -shortest and a {kind} stream it is not certain where the pictures end"
                    ));
                }
                Content::Audio(_) | Content::Other(_) => continue,
            }
            if !by_graph && let Origin::Stream((input, stream)) = mapping.origin {
                words.extend(["-map".to_owned(), format!("{input}:{stream}")]);
            }
            kept.push(stream);
        }
        self.options(file, by_graph, sounds > 0, words)?;
        words.extend(codecs);
        if by_graph {
            // Streams of inputs that are not wanted; what a graph makes of sound stays.
            let unwanted = if shortest {
                &["-sn", "-dn"][..]
            } else {
                &["-an", "-sn", "-dn"]
            };
            words.extend(unwanted.iter().map(|&word| word.to_owned()));
        }
        words.extend(["-f", muxer, "/dev/null"].map(str::to_owned));
        Ok(kept)
    }

    /// The options that decide which pictures come out, and how they look.
    fn options(
        &self,
        file: &File,
        by_graph: bool,
        with_sound: bool,
        words: &mut Vec<String>,
    ) -> Result<(), String> {
        for option in &file.options {
            if option.name == "map" && !by_graph {
                continue;
            }
            match options::output(option, with_sound) {
                Use::Kept if self.size == Size::Source => self.push_unscaled(option, words)?,
                Use::Kept => self.push(option, words),
                Use::Dropped => {}
                Use::Refused => return Err(refused(option)),
            }
        }
        Ok(())
    }

    /// Whether a stream of the output comes out of a filter graph.
    fn takes_from_graph(&self, output: usize) -> bool {
        self.listing
            .mappings()
            .iter()
            .any(|mapping| mapping.output.0 == output && mapping.origin == Origin::Graph)
    }

    /// The same without what scales the pictures.
    fn push_unscaled(&self, option: &OptionUse, words: &mut Vec<String>) -> Result<(), String> {
        let is_chain = matches!(option.name.as_str(), "vf" | "filter" | "filter_script");
        let of_sound = option
            .specifier
            .as_deref()
            .is_some_and(|of| of.starts_with('a'));
        if option.name == "s" {
            return Ok(());
        }
        if !is_chain || of_sound {
            self.push(option, words);
            return Ok(());
        }
        let text = option
            .value
            .filter(|_| !option.from_file && option.name != "filter_script");
        let chain = text.and_then(|value| chain::unscaled(&self.words[value]));
        let chain = chain.ok_or(
            "at the source's size only a plain chain of filters is compared (a graph with labels, or one in a file, is not)",
        )?;
        if !chain.is_empty() {
            words.extend([self.words[option.word].clone(), chain]);
        }
        Ok(())
    }

    fn push(&self, option: &OptionUse, to: &mut Vec<String>) {
        push(option, self.words, to);
    }
}

/// The words that open an input as fast as it can be read, with the options that `kept` keeps.
pub(crate) fn input_words(
    input: &File,
    words: &[String],
    kept: impl Fn(&OptionUse) -> bool,
) -> Vec<String> {
    let mut opening = Vec::new();
    for option in &input.options {
        if options::input(option) == Use::Kept && kept(option) {
            push(option, words, &mut opening);
        }
    }
    opening.extend(["-i".to_owned(), words[input.word].clone()]);
    opening
}

fn push(option: &OptionUse, words: &[String], to: &mut Vec<String>) {
    to.push(words[option.word].clone());
    to.extend(option.value.map(|value| words[value].clone()));
}

fn codec(kind: &str, number: usize, mapping: Mapping, encoder: &str) -> [String; 2] {
    let codec = if mapping.copied { "copy" } else { encoder };
    [format!("-c:{kind}:{number}"), codec.to_owned()]
}

/// The form that the encoder took the pictures in.
fn pinned(number: usize, video: &Video) -> Vec<String> {
    let mut words = Vec::new();
    if !video.pixel_format.is_empty() {
        words.extend([format!("-pix_fmt:v:{number}"), video.pixel_format.clone()]);
    }
    if let Some(range) = &video.range {
        words.extend([format!("-color_range:v:{number}"), range.clone()]);
    }
    words
}

fn refused(option: &OptionUse) -> String {
    let specifier = option
        .specifier
        .as_ref()
        .map_or_else(String::new, |specifier| format!(":{specifier}"));
    format!(
        "with `-{}{specifier}` it is not certain which pictures the encoder was given",
        option.name
    )
}

#[cfg(test)]
mod tests;
