//! The arguments of the comparing process.
//!
//! Both sides lose their timestamps (frame n gets n milliseconds), take the same pixel format and are split into one branch
//! for each metric and one that is only counted. The count is what `-f framecrc` lists of `wrapped_avframe` packets: the
//! codec passes references around, so that counting a frame costs a line of text and no copy of a picture, and both have been
//! in ffmpeg for longer than any build in use (`-stats_enc_post` is younger).
//!
//! ffmpeg gives each graph one thread. What that costs on many processors, and what is done about it, says [`split`].

mod split;

use std::fmt::Write as _;
use std::path::PathBuf;

use ffbatch_dispatcher::metric::{Branch, GraphPart, Metric};

use super::parts::Parts;
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

/// A metric, and how it takes part in a comparison.
#[derive(Debug)]
pub struct Planned {
    /// The metric.
    pub metric: &'static Metric,
    /// Its branch of the one graph; where it has parts, each has one like it.
    pub branch: Branch,
    /// The parts that share the frames, where one branch does not keep up.
    pub parts: Option<Parts>,
}

/// The name of a metric's log, in the work directory; it needs no escaping in a filter.
pub fn log_name(metric: &Metric) -> String {
    format!("{}.log", metric.name)
}

/// The same for one of several parts.
pub fn part_log_name(metric: &Metric, part: usize) -> String {
    format!("{}.{part}.log", metric.name)
}

/// The whole argument vector for these metrics.
pub fn arguments(asked: &Measure, metrics: &[Planned], domain: &Domain) -> Vec<String> {
    if metrics.iter().any(|planned| planned.parts.is_some()) {
        return split::arguments(asked, metrics, domain);
    }
    let (mut args, reference, distorted) = inputs(asked, asked.threads);
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
    let (mut args, reference, distorted) = inputs(asked, asked.threads);
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
    let (mut args, ..) = inputs(asked, asked.threads);
    let distorted = format!("1:V:{}", asked.video);
    for (stream, file) in [("0:V:0", REFERENCE_COUNT), (&distorted, DISTORTED_COUNT)] {
        args.extend(words(&[
            "-map", stream, "-c", "copy", "-f", "framecrc", file,
        ]));
    }
    args
}

/// The arguments up to the last input, and what a graph begins with for the reference and for the other: a pad, and the part of
/// the video that is compared. Each graph gets so many threads for slices of pictures.
fn inputs(asked: &Measure, slices: usize) -> (Vec<String>, String, String) {
    let threads = asked.threads.max(1).to_string();
    let mut args = words(&["-filter_complex_threads", &slices.max(1).to_string()]);
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
    metrics: &[Planned],
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
pub fn rehearsal(metrics: &[Planned], domain: &Domain) -> Vec<String> {
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
        output(&format!("[m{at}]"), args);
    }
}

/// An output that takes what comes out of a pad and keeps nothing.
fn output(pad: &str, args: &mut Vec<String>) {
    args.extend(words(&["-map", pad]));
    args.extend(words(&EACH_FRAME));
    args.extend(words(&["-f", "null", "-"]));
}

/// How each metric takes part, in their order; the names of the logs begin with `room`. Frames are shared out only where they
/// `may_be`.
pub fn plan(
    asked: &Measure,
    metrics: &[&'static Metric],
    domain: &Domain,
    room: &str,
    may_be: bool,
) -> Vec<Planned> {
    let planned = |(at, &metric): (usize, &&'static Metric)| {
        let pads = [format!("[d{at}]"), format!("[r{at}]")];
        let log = format!("{room}{}", log_name(metric));
        let branch = branch(asked, metric, domain, &pads, &log, asked.threads);
        let parts = Parts::of(&branch, asked.threads).filter(|_| may_be);
        Planned {
            metric,
            branch,
            parts,
        }
    };
    metrics.iter().enumerate().map(planned).collect()
}

/// A branch from the pads of the distorted video and of the reference on.
fn branch(
    asked: &Measure,
    metric: &Metric,
    domain: &Domain,
    [distorted, reference]: &[String; 2],
    log: &str,
    threads: usize,
) -> Branch {
    (metric.graph)(&GraphPart {
        distorted,
        reference,
        log,
        threads: threads.max(1),
        width: domain.width,
        height: domain.height,
        pixel_format: &domain.pixel_format,
        frame_rate: domain.frame_rate,
        transfer: domain.transfer.as_deref(),
        model: asked.model.as_ref(),
    })
}

fn graph(reference: &str, distorted: &str, metrics: &[Planned], domain: &Domain) -> String {
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
    for (at, planned) in metrics.iter().enumerate() {
        let end = if at + 1 < metrics.len() { ";" } else { "" };
        let _ = write!(graph, "{}[m{at}]{end}", planned.branch.text);
    }
    graph
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}
