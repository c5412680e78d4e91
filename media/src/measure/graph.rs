//! The arguments of the comparing process.
//!
//! Both sides lose their timestamps (frame n gets n milliseconds), take the same pixel format and are split into one branch
//! for each metric and one that is only counted. The count is what `-f framecrc` lists of `wrapped_avframe` packets: the
//! codec passes references around, so that counting a frame costs a line of text and no copy of a picture, and both have been
//! in ffmpeg for longer than any build in use (`-stats_enc_post` is younger).

use std::fmt::Write as _;
use std::path::PathBuf;

use ffbatch_dispatcher::metric::{Branch, GraphPart, Metric};

use super::{Cut, Domain, Measure, Reference, Side};
use crate::probe::Source;
use crate::shadow::{OutputStream, Shadow};

/// The file that lists the frames of the reference.
pub const REFERENCE_COUNT: &str = "reference.frames";

/// The file that lists the frames of the other.
pub const DISTORTED_COUNT: &str = "distorted.frames";

/// What every output needs: each frame once, in a clock in which no two frames meet.
const EACH_FRAME: [&str; 6] = [
    "-fps_mode",
    "passthrough",
    "-enc_time_base",
    "1/1000",
    "-c:v",
    "wrapped_avframe",
];

/// The name of a metric's log, in the work directory; it needs no escaping in a filter.
pub fn log_name(metric: &Metric) -> String {
    format!("{}.log", metric.name)
}

/// The whole argument vector for these metrics; each must come with its branch.
pub fn arguments(
    asked: &Measure,
    metrics: &[(&'static Metric, Branch)],
    domain: &Domain,
) -> Vec<String> {
    let (mut args, reference, distorted) = inputs(asked);
    let graph = graph(&reference, &distorted, metrics, domain);
    args.extend(words(&["-filter_complex", &graph]));
    outputs(metrics.len(), &mut args);
    counts("", &mut args);
    args
}

/// The arguments that write every picture of the reference and of the other into these files, raw, behind the same filters.
pub fn pictures(
    asked: &Measure,
    domain: &Domain,
    filters: &str,
    files: &[PathBuf; 2],
) -> Vec<String> {
    let (mut args, reference, distorted) = inputs(asked);
    let first = domain.filters();
    let graph = format!("{reference}{first},{filters}[r];{distorted}{first},{filters}[d]");
    args.extend(words(&["-filter_complex", &graph]));
    for (pad, file) in ["[r]", "[d]"].into_iter().zip(files) {
        args.extend(words(&["-map", pad]));
        args.extend(words(&EACH_FRAME[..4]));
        args.extend(words(&[
            "-c:v",
            "rawvideo",
            "-f",
            "rawvideo",
            &file.to_string_lossy(),
        ]));
    }
    args
}

/// The arguments that list the packets of both sides as they are.
pub fn packets(asked: &Measure) -> Vec<String> {
    let (mut args, ..) = inputs(asked);
    let distorted = format!("1:V:{}", asked.video);
    for (stream, file) in [("0:V:0", REFERENCE_COUNT), (&distorted, DISTORTED_COUNT)] {
        args.extend(words(&[
            "-map", stream, "-c", "copy", "-f", "framecrc", file,
        ]));
    }
    args
}

/// The arguments up to the last input, and what a graph begins with for the reference and for the other: a pad, and the part of
/// the video that is compared.
fn inputs(asked: &Measure) -> (Vec<String>, String, String) {
    let threads = asked.threads.max(1).to_string();
    let mut args = words(&["-filter_complex_threads", &threads]);
    let input = |source: &Source, args: &mut Vec<String>| {
        args.extend(words(&["-threads", &threads]));
        args.extend(source.options.iter().cloned());
        args.extend(words(&["-i", &source.path.to_string_lossy()]));
    };
    let (reference, number) = match &asked.reference {
        Reference::File(source) => {
            input(source, &mut args);
            ("[0:V:0]".to_owned(), 1)
        }
        Reference::Shadow(shadow) => {
            args.extend(shadow.inputs.iter().cloned());
            args.push("-noautorotate".to_owned());
            let pad = match shadow.straight.filter(|_| shadow.outputs.is_empty()) {
                Some((input, stream)) => format!("[{input}:{stream}]"),
                None => "[dec:0]".to_owned(),
            };
            (pad, shadow.input_count)
        }
    };
    input(&asked.distorted, &mut args);
    if let Reference::Shadow(shadow) = &asked.reference
        && !shadow.outputs.is_empty()
    {
        args.extend(shadow.outputs.iter().cloned());
        let (output, stream) = shadow.stream;
        args.extend(words(&["-dec", &format!("{output}:{stream}")]));
    }
    let distorted = format!("[{number}:V:{}]", asked.video);
    (
        args,
        reference + &trim(asked, Side::Reference),
        distorted + &trim(asked, Side::Distorted),
    )
}

/// The filter that leaves only the part of a side that is compared; empty where that is all of it.
fn trim(asked: &Measure, side: Side) -> String {
    match asked.cut.filter(|cut| cut.side == side) {
        Some(Cut { start, frames, .. }) => {
            format!("trim=start_frame={start}:end_frame={},", start + frames)
        }
        None => String::new(),
    }
}

/// Adds to a command of one output the comparison of what its encoder is given with what it makes; the logs go to `room`, which
/// ends with a slash.
pub fn beside(
    shadow: &Shadow,
    encoded: OutputStream,
    metrics: &[(&'static Metric, Branch)],
    domain: &Domain,
    room: &str,
    args: &mut Vec<String>,
) {
    args.extend(shadow.outputs.iter().cloned());
    let OutputStream { output, stream } = encoded;
    // The shadow's outputs stand behind the command's only one.
    let given = (shadow.stream.0 + 1, shadow.stream.1);
    for (output, stream) in [(output, stream), given] {
        args.extend(words(&["-dec", &format!("{output}:{stream}")]));
    }
    let graph = graph("[dec:1]", "[dec:0]", metrics, domain);
    args.extend(words(&["-filter_complex", &graph]));
    outputs(metrics.len(), args);
    counts(room, args);
}

/// Two outputs that count the frames of both sides.
fn counts(room: &str, args: &mut Vec<String>) {
    for (pad, file) in [("[rc]", REFERENCE_COUNT), ("[dc]", DISTORTED_COUNT)] {
        args.extend(words(&["-map", pad]));
        args.extend(words(&EACH_FRAME));
        args.extend(words(&["-f", "framecrc", &format!("{room}{file}")]));
    }
}

/// The arguments that make a shadow's first picture.
pub fn first(shadow: &Shadow) -> Vec<String> {
    let mut args = shadow.inputs.clone();
    let mut outputs = shadow.outputs.clone();
    // Behind all other options of an output stand its muxer and its name.
    let end = outputs.len().saturating_sub(3);
    outputs.splice(end..end, words(&["-frames:v", "1"]));
    args.extend(outputs);
    args
}

/// The arguments that set these metrics up over one gray picture and compare it with itself.
pub fn rehearsal(metrics: &[(&'static Metric, Branch)], domain: &Domain) -> Vec<String> {
    let (width, height) = (domain.width, domain.height);
    let picture = format!("color=gray:s={width}x{height}:r=1:d=1");
    let mut args = words(&["-f", "lavfi", "-i", &picture]);
    let both = "[0:v]split=2[r][d]".to_owned();
    let graph = graph("[r]", "[d]", metrics, domain);
    args.extend(words(&[
        "-filter_complex",
        &format!("{both};{graph};[rc][dc]hstack[c]"),
    ]));
    outputs(metrics.len(), &mut args);
    args.extend(words(&["-map", "[c]", "-f", "null", "-"]));
    args
}

/// An output for the end of each metric's branch.
fn outputs(metrics: usize, args: &mut Vec<String>) {
    for at in 0..metrics {
        args.extend(words(&["-map", &format!("[m{at}]")]));
        args.extend(words(&EACH_FRAME));
        args.extend(words(&["-f", "null", "-"]));
    }
}

/// The branch of each metric, in their order; the names of the logs begin with `room`.
pub fn branches(
    asked: &Measure,
    metrics: &[&'static Metric],
    domain: &Domain,
    room: &str,
) -> Vec<(&'static Metric, Branch)> {
    let branch = |(at, metric): (usize, &&'static Metric)| {
        let part = GraphPart {
            distorted: &format!("[d{at}]"),
            reference: &format!("[r{at}]"),
            log: &format!("{room}{}", log_name(metric)),
            threads: asked.threads.max(1),
            width: domain.width,
            height: domain.height,
            pixel_format: &domain.pixel_format,
            frame_rate: domain.frame_rate,
            transfer: domain.transfer.as_deref(),
            model: asked.model.as_ref(),
        };
        (*metric, (metric.graph)(&part))
    };
    metrics.iter().enumerate().map(branch).collect()
}

fn graph(
    reference: &str,
    distorted: &str,
    metrics: &[(&'static Metric, Branch)],
    domain: &Domain,
) -> String {
    let mut graph = String::new();
    for (pad, side, filters) in [
        (reference, 'r', domain.filters()),
        (distorted, 'd', domain.filters_of_distorted()),
    ] {
        let ends = metrics.len() + 1;
        // Writing to a string cannot fail.
        let _ = write!(graph, "{pad}{filters},split={ends}");
        for at in 0..metrics.len() {
            let _ = write!(graph, "[{side}{at}]");
        }
        let _ = write!(graph, "[{side}c];");
    }
    for (at, (_, branch)) in metrics.iter().enumerate() {
        let end = if at + 1 < metrics.len() { ";" } else { "" };
        let _ = write!(graph, "{}[m{at}]{end}", branch.text);
    }
    graph
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}
