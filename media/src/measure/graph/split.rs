//! A comparison whose frames several graphs share.
//!
//! ffmpeg (7.0 and later) runs each graph in one thread, and what a filter does in that thread limits all of it: the copies that
//! libvmaf is fed with, and the whole of `xpsnr`. More threads for libvmaf do not help there. So on many processors the frames go
//! around among several graphs with a filter each ([`Parts`]). Both sides are still decoded once.
//!
//! A decoder gives every frame to each of its graphs in turn and waits for the slowest (`sch_dec_send` in
//! `fftools/ffmpeg_sched.c`), with two frames of room before each: graphs that took their frames directly from the decoders would
//! wait for each other most of the time. So one graph alone does that, which hands frames on as references and never works on
//! them for long, and behind it each part has an encoder that passes pictures through and a loopback decoder. It is the queues
//! between those that hold a run of frames for each part, and let the parts work at the same time. A part takes whatever has
//! come, of either side, into its own graph, so that no side can wait for the other for ever; and how far the
//! sides are apart is limited as in one graph, by what ffmpeg lets its demuxers read.

use std::fmt::Write as _;

use super::{
    Domain, Measure, Parts, Planned, Reference, branch, counts, inputs, output, part_log_name,
    words,
};

/// Threads of each graph for slices of pictures; `psnr` and `ssim`, which use them, need no more to keep up.
const SLICES: usize = 16;

/// The whole argument vector for these metrics, some of which have parts.
pub fn arguments(asked: &Measure, metrics: &[Planned], domain: &Domain) -> Vec<String> {
    let (mut args, reference, distorted) = inputs(asked, asked.threads.min(SLICES));
    let sides = [
        Side {
            letter: 'd',
            pad: distorted,
            filters: domain.filters_of_distorted(),
        },
        Side {
            letter: 'r',
            pad: reference,
            filters: domain.filters(),
        },
    ];
    let chains: Vec<String> = sides.iter().map(|side| chain(side, metrics)).collect();
    let whole = metrics.iter().enumerate();
    let whole = whole.filter(|(_, planned)| planned.parts.is_none());
    let branches = whole
        .clone()
        .map(|(at, planned)| format!(";{}[m{at}]", planned.branch.text));
    let graph = chains.join(";") + &branches.collect::<String>();
    args.extend(words(&["-filter_complex", &graph]));

    let (mut outputs, mut decoders) = match &asked.reference {
        Reference::Shadow(shadow) => (shadow.output_count, usize::from(shadow.output_count > 0)),
        Reference::File(_) => (0, 0),
    };
    // First, because progress is that of the first output.
    counts("", &mut args);
    outputs += 2;
    for (at, _) in whole {
        output(&format!("[m{at}]"), &mut args);
        outputs += 1;
    }
    for (at, planned) in metrics.iter().enumerate() {
        for part in 0..planned.parts.map_or(0, |parts| parts.count) {
            for letter in ['d', 'r'] {
                output(&format!("[{letter}{at}p{part}]"), &mut args);
                args.extend(words(&["-dec", &format!("{outputs}:0")]));
                outputs += 1;
            }
        }
    }
    for (at, planned) in metrics.iter().enumerate() {
        let Some(parts) = planned.parts else { continue };
        for part in 0..parts.count {
            let again = |letter: char, decoder: usize| {
                format!("[dec:{decoder}]settb=1/1000,setpts=N[{letter}{at}];")
            };
            let pads = [format!("[d{at}]"), format!("[r{at}]")];
            let log = part_log_name(planned.metric, part);
            let threads = asked.threads / parts.count;
            let branch = branch(asked, planned.metric, domain, &pads, &log, threads);
            let (distorted, reference) = (again('d', decoders), again('r', decoders + 1));
            let end = format!("[m{at}p{part}]");
            let graph = format!("{distorted}{reference}{}{end}", branch.text);
            args.extend(words(&["-filter_complex", &graph]));
            output(&end, &mut args);
            decoders += 2;
        }
    }
    args
}

/// One of the two videos, as the graph takes it.
struct Side {
    letter: char,
    pad: String,
    filters: String,
}

/// A side up to the branches that see all of it, its count, and the parts.
fn chain(side: &Side, metrics: &[Planned]) -> String {
    let Side {
        letter,
        pad,
        filters,
    } = side;
    let mut ends = format!("[{letter}c]");
    let mut selected = String::new();
    let mut count = 1;
    for (at, planned) in metrics.iter().enumerate() {
        let Some(parts) = planned.parts else {
            // Writing to a string cannot fail.
            let _ = write!(ends, "[{letter}{at}]");
            count += 1;
            continue;
        };
        for part in 0..parts.count {
            let select = Parts::select(parts, part);
            let _ = write!(ends, "[{letter}{at}s{part}]");
            let _ = write!(
                selected,
                ";[{letter}{at}s{part}]{select}[{letter}{at}p{part}]"
            );
            count += 1;
        }
    }
    format!("{pad}{filters},split={count}{ends}{selected}")
}
