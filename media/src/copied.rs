//! Whether a stream that a command copied (`-c copy`) is a copy: its packets are packets of the source, in their order and
//! without a gap. A part of the source (`-ss`, `-t`) is a copy too.
//!
//! A copy has no score: what came out is what went in, or the file is broken. Nothing is decoded here. One ffmpeg after the other
//! gives hashes of the packets, and the output's are looked for in those of the source, which is read no further than needed.
//!
//! Containers write the same picture in different words: NAL units follow start codes in MPEG-TS and their lengths in MP4, parameter
//! sets stand in the stream or beside it, AV1 has temporal delimiters here and none there. So only the units that carry pictures are
//! hashed where a codec has units ([`pictures`]); a copy that lost its parameter sets or other metadata still is one.

mod search;
mod source;

use std::path::PathBuf;

use crate::log;
use crate::run::{Happening, Run, RunError, Stdout, run};
use crate::workplace::Workplace;
use search::Search;
pub use source::original;

/// A copy to check.
#[derive(Debug, Clone)]
pub struct Check {
    /// Where it is made.
    pub workplace: Workplace,
    /// What was copied.
    pub original: Original,
    /// The file with the copy. Absolute.
    pub copy: PathBuf,
    /// Which of its video streams, from 0; covers are not counted.
    pub video: usize,
    /// Files and directories that must be readable besides the copy.
    pub reads: Vec<PathBuf>,
}

/// A stream of a command's input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Original {
    /// The words that open the input.
    pub words: Vec<String>,
    /// The stream in it, from 0.
    pub stream: usize,
    /// Its codec's short name, such as `h264`.
    pub codec: String,
    /// Whether the command reads it again and again, so that the first packet follows the last one.
    pub repeats: bool,
}

/// What a check has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// How many packets the copy has; at least one.
    pub packets: usize,
    /// How many of them, from the first one on, are an ordered run of the source's: all of them where it is a copy.
    pub equal: usize,
    /// What ffmpeg complained of first while it read, although it went on.
    pub complaint: Option<String>,
}

impl Checked {
    /// Whether it is a copy.
    pub fn is_copy(&self) -> bool {
        self.equal == self.packets
    }
}

/// Nothing can be said about a copy.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// A side cannot be read.
    #[error("the packets of the {side} cannot be read: {cause}")]
    Unreadable {
        /// Which one.
        side: &'static str,
        /// Why, in ffmpeg's words.
        cause: String,
    },
    /// There is nothing to compare.
    #[error("nothing to compare: no packet was copied")]
    Empty,
    /// ffmpeg did not run.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The check was stopped.
    #[error("the check was stopped")]
    Stopped,
}

/// Checks a copy. `on` gets the log and the progress of both processes.
pub async fn check(
    asked: &Check,
    on: &mut (dyn FnMut(Happening) + Send),
) -> Result<Checked, CheckError> {
    let codec = &asked.original.codec;
    let copy = ["-i".to_owned(), asked.copy.to_string_lossy().into_owned()];
    let args = arguments(&copy, &format!("V:{}", asked.video), codec);
    let mut wanted = Vec::new();
    let mut keep = |packet| {
        wanted.push(packet);
        true
    };
    let of_copy = packets(asked, "output", args, on, &mut keep).await?;
    let packets_copied = wanted.len();
    if packets_copied == 0 {
        return Err(CheckError::Empty);
    }

    let mut search = Search::new(wanted);
    let mut once = Vec::new();
    let stream = asked.original.stream.to_string();
    let args = arguments(&asked.original.words, &stream, codec);
    let mut look = |packet| {
        if asked.original.repeats {
            once.push(packet);
        }
        !search.next(packet)
    };
    let of_source = packets(asked, "source", args, on, &mut look).await?;
    // What was seen once comes again until a run that began in the first round would have ended.
    let rounds = packets_copied.div_ceil(once.len().max(1));
    let again = once.iter().cycle().take(rounds * once.len());
    for &packet in again {
        if search.next(packet) {
            break;
        }
    }
    Ok(Checked {
        packets: packets_copied,
        equal: search.longest(),
        complaint: of_copy.or(of_source),
    })
}

/// The arguments that list the packets of a stream. Without `-copyinkf` and `-copypriorss` those before the first key frame and those
/// before time 0 would be left out.
fn arguments(input: &[String], stream: &str, codec: &str) -> Vec<String> {
    let mut args = input.to_vec();
    let map = format!("0:{stream}");
    let copy = ["-map", &map, "-c", "copy", "-copyinkf", "-copypriorss", "1"];
    args.extend(copy.map(str::to_owned));
    if let Some(units) = pictures(codec) {
        args.extend([
            "-bsf:v".to_owned(),
            format!("filter_units=pass_types={units}"),
        ]);
    }
    args.extend(["-f", "framehash", "-hash", "murmur3", "-"].map(str::to_owned));
    args
}

/// The types of a codec's units that carry pictures; `None` for a codec whose packets are the same in every container.
fn pictures(codec: &str) -> Option<&'static str> {
    match codec {
        // ITU-T H.264, table 7-1: slices and their partitions, and those of auxiliary pictures and further views.
        "h264" => Some("1-5|19-21"),
        // ITU-T H.265, table 7-1.
        "hevc" => Some("0-31"),
        // ITU-T H.266, table 5.
        "vvc" => Some("0-11"),
        // AV1 bitstream specification, section 6.2.2: headers of frames, tile groups, both in one, and tile lists.
        "av1" => Some("3|4|6-8"),
        _ => None,
    }
}

/// Hands each packet to `each`, until that says that it is enough; returns the first complaint.
async fn packets(
    asked: &Check,
    side: &'static str,
    args: Vec<String>,
    on: &mut (dyn FnMut(Happening) + Send),
    each: &mut (dyn FnMut(u64) -> bool + Send),
) -> Result<Option<String>, CheckError> {
    let enough = asked.workplace.stop.child_token();
    let mut complaint = None;
    let mut reads = asked.reads.clone();
    reads.push(asked.copy.clone());
    let listing = Run {
        stop: enough.clone(),
        ..asked.workplace.run(reads, args, Stdout::Lines)
    };
    let finished = run(&listing, &mut |happening| {
        match &happening {
            Happening::Output(line) => {
                if let Some(packet) = packet(line)
                    && !enough.is_cancelled()
                    && !each(packet)
                {
                    enough.cancel();
                }
            }
            Happening::Line(line) if line.is_error() && complaint.is_none() => {
                complaint = log::cause(std::slice::from_ref(&line.text));
            }
            _ => {}
        }
        on(happening);
    })
    .await?;
    if asked.workplace.stop.is_cancelled() {
        return Err(CheckError::Stopped);
    }
    if !finished.exit.success() && !enough.is_cancelled() {
        let cause = log::cause(&finished.stderr_tail)
            .unwrap_or_else(|| format!("ffmpeg ended with {:?}", finished.exit));
        return Err(CheckError::Unreadable { side, cause });
    }
    Ok(complaint)
}

/// The first 64 bits of the hash in a line of the framehash muxer: `0, -1024, 0, 512, 3845, 2052670a4989733020bd5ed66c929093`. An empty
/// packet (AVI has them for a picture that stays) is none.
fn packet(line: &str) -> Option<u64> {
    let mut fields = line.split(',').map(str::trim).skip(4);
    let (bytes, hash) = (fields.next()?, fields.next()?);
    if line.starts_with('#') || bytes == "0" {
        return None;
    }
    u64::from_str_radix(hash.get(..16)?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_packets_and_others() {
        let line =
            "0,      -1024,          0,      512,     3845, 2052670a4989733020bd5ed66c929093";
        assert_eq!(packet(line), Some(0x2052_670a_4989_7330));
        let empty =
            "0,          0,          0,        1,        0, d6a5bda78d3b2c7134bfc1389e7a86d7";
        for line in [
            "#stream#, dts,        pts, duration,     size, hash",
            "#extradata 0,                              40, d6a5bda78d3b2c7134bfc1389e7a86d7",
            empty,
            "",
        ] {
            assert_eq!(packet(line), None, "{line}");
        }
    }
}
