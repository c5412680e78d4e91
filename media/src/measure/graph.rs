//! The arguments of the comparing process.
//!
//! Both sides lose their timestamps (frame n gets n milliseconds), take the same pixel format and are split into one branch
//! for each metric and one that is only counted. The count is what `-f framecrc` lists of `wrapped_avframe` packets: the
//! codec passes references around, so that counting a frame costs a line of text and no copy of a picture, and both have been
//! in ffmpeg for longer than any build in use (`-stats_enc_post` is younger).

use std::fmt::Write as _;

use ffbatch_dispatcher::metric::{Branch, GraphPart, Metric};

use super::{Domain, Measure};

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
    let threads = asked.threads.max(1).to_string();
    let mut args = words(&["-hide_banner", "-filter_complex_threads", &threads]);
    for source in [&asked.reference, &asked.distorted] {
        args.extend(words(&["-threads", &threads]));
        args.extend(source.options.iter().cloned());
        args.extend(words(&["-i", &source.path.to_string_lossy()]));
    }
    args.extend(words(&["-filter_complex", &graph(metrics, domain)]));
    for (at, _) in metrics.iter().enumerate() {
        args.extend(words(&["-map", &format!("[m{at}]")]));
        args.extend(words(&EACH_FRAME));
        args.extend(words(&["-f", "null", "-"]));
    }
    for (pad, file) in [("[rc]", REFERENCE_COUNT), ("[dc]", DISTORTED_COUNT)] {
        args.extend(words(&["-map", pad]));
        args.extend(words(&EACH_FRAME));
        args.extend(words(&["-f", "framecrc", file]));
    }
    args
}

/// The branch of each metric, in their order.
pub fn branches(
    asked: &Measure,
    metrics: &[&'static Metric],
    domain: &Domain,
) -> Vec<(&'static Metric, Branch)> {
    let branch = |(at, metric): (usize, &&'static Metric)| {
        let part = GraphPart {
            distorted: &format!("[d{at}]"),
            reference: &format!("[r{at}]"),
            log: &log_name(metric),
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

fn graph(metrics: &[(&'static Metric, Branch)], domain: &Domain) -> String {
    let mut graph = String::new();
    for (input, side) in ['r', 'd'].into_iter().enumerate() {
        // Writing to a string cannot fail.
        let _ = write!(
            graph,
            "[{input}:V:0]settb=1/1000,setpts=N,format={},split={}",
            domain.pixel_format,
            metrics.len() + 1
        );
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
