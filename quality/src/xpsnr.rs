//! XPSNR: PSNR in which an error counts less where the picture hides it, in dB, by ffmpeg's `xpsnr` filter
//! (<https://ffmpeg.org/ffmpeg-filters.html#xpsnr-1>, ffmpeg 7.1 and newer).
//!
//! Two things are particular to this filter (`libavfilter/vf_xpsnr.c`):
//!
//! - It weighs errors by the activity of its *first* input, so that the reference comes first. With the videos the other way around
//!   the same pair differs by decibels.
//! - From 32 frames a second on it takes motion from three frames instead of two. It asks the link for the rate, and a loopback
//!   decoder has none: the rate is set here.
//!
//! Its `stats_file` has four decimals and calls the planes of RGB by wrong names; the frames' metadata has six and the right ones.

use std::io::BufRead;

use ffbatch_dispatcher::metric::{Branch, Frames, GraphPart, Log, Metric, MetricError, Split};

use crate::metadata;

inventory::submit! {
    Metric {
        name: "xpsnr",
        summary: "PSNR weighted by what the eye notices, of the worst plane; higher is closer to the reference",
        filter: "xpsnr",
        models: None,
        graph,
        parse,
        pool,
        harmonic: false,
        headline: MINIMUM,
        unit: "dB",
    }
}

/// The lowest of the planes: the one number for a whole video that the filter itself prints.
const MINIMUM: &str = "xpsnr_min";

/// Motion is the difference from the frame before, from 32 frames a second on from the two before. The filter has one thread, and
/// takes 6.4 ms for a frame of 1080p, beside 10 ms for decoding both sides and 24 ms where VMAF is asked for too.
const SPLIT: Split = Split {
    before: 2,
    after: 0,
    threads: 4,
};

fn graph(part: &GraphPart<'_>) -> Branch {
    let mut notes = Vec::new();
    let filters = if let Some(rate) = part.frame_rate {
        // The filter rounds down too. In a clock of one frame a tick `fps` neither drops nor repeats a frame.
        let rate = rate.floor().max(1.0);
        format!("settb=1/{rate},setpts=N,fps={rate}")
    } else {
        let unknown = "the frame rate is unknown: from 32 a second on motion counts otherwise";
        notes.push(unknown.to_owned());
        String::new()
    };
    let (rated, distorted, reference) = part.through(&filters);
    Branch {
        text: format!(
            "{rated}{reference}{distorted}xpsnr,metadata=mode=print:file={}",
            part.log
        ),
        notes,
        split: Some(SPLIT),
        ..Branch::default()
    }
}

fn parse(text: &mut dyn BufRead) -> Result<Log, MetricError> {
    let mut frames = Frames::default();
    metadata::each_frame("xpsnr", "lavfi.xpsnr.", text, &mut |frame| {
        let lowest = frame.iter().map(|(_, value)| *value);
        let lowest = lowest.fold(f64::INFINITY, f64::min);
        let planes = frame.iter().map(|(name, value)| (name.as_str(), *value));
        frames.push(planes.chain([(MINIMUM, lowest)]));
    })?;
    Ok(frames.into())
}

/// As ffmpeg sums up: of a plane the ratio for the squared mean of the frames' roots of weighted squared errors
/// (`get_avg_xpsnr`); over the planes the minimum of those. ffmpeg turns to the mean of decibels, hence to infinity, where that
/// mean root is below 1, at some 110 dB; this does not.
fn pool(frames: &Frames, field: &str) -> Option<f64> {
    let plane = |field: &str| {
        let root = frames.mean_with(field, |ratio| 10_f64.powf(-ratio / 20.0))?;
        Some(-20.0 * root.log10())
    };
    if field == MINIMUM {
        let planes = frames.fields().filter(|field| *field != MINIMUM);
        planes.filter_map(plane).min_by(f64::total_cmp)
    } else {
        plane(field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DISTORTED: &str = include_str!("../fixtures/xpsnr.txt");

    fn read(text: &str) -> Frames {
        parse(&mut text.as_bytes()).expect("real output").frames
    }

    #[track_caller]
    fn check(text: &str, field: &str, expected: f64) {
        let got = pool(&read(text), field).expect("a value");
        assert!(
            got.total_cmp(&expected).is_eq() || (got - expected).abs() < 5e-5,
            "{got} is not {expected}"
        );
    }

    #[test]
    fn real_output() {
        let frames = read(DISTORTED);
        assert_eq!(
            frames.column("xpsnr_y"),
            [37.056_232, 31.035_910, 30.089_668]
        );
        assert_eq!(frames.column("xpsnr_min"), frames.column("xpsnr_y"));
        // What the filter itself prints as its summary for this run.
        check(DISTORTED, "xpsnr_y", 32.2285);
        check(DISTORTED, "xpsnr_u", 39.0647);
        check(DISTORTED, "xpsnr_v", 41.2308);
        check(DISTORTED, "xpsnr_min", 32.2285);
    }

    #[test]
    fn the_minimum_is_that_of_the_planes_pooled() {
        let two = "frame:0\nlavfi.xpsnr.xpsnr.r=30\nlavfi.xpsnr.xpsnr.g=40\n\
                   frame:1\nlavfi.xpsnr.xpsnr.r=40\nlavfi.xpsnr.xpsnr.g=31\n";
        assert_eq!(read(two).column("xpsnr_min"), [30.0, 31.0]);
        // -20 log10((10^-1.5 + 10^-2) / 2)
        check(two, "xpsnr_r", 33.633_98);
        check(two, "xpsnr_min", 33.633_98);
    }

    #[test]
    fn identical_frames() {
        let same = "frame:0\nlavfi.xpsnr.xpsnr.y=inf\nframe:1\nlavfi.xpsnr.xpsnr.y=inf\n";
        check(same, "xpsnr_min", f64::INFINITY);
        // One identical frame does not make a video infinite: half the root is 6 dB.
        let one = "frame:0\nlavfi.xpsnr.xpsnr.y=inf\nframe:1\nlavfi.xpsnr.xpsnr.y=40\n";
        check(one, "xpsnr_y", 46.020_60);
        assert_eq!(pool(&read(""), "xpsnr_min"), None);
    }

    #[test]
    fn the_reference_comes_first_and_the_rate_is_set() {
        let part = |frame_rate| {
            graph(&GraphPart {
                distorted: "[d0]",
                reference: "[r0]",
                log: "xpsnr.log",
                threads: 2,
                width: 1920,
                height: 1080,
                pixel_format: "yuv420p",
                frame_rate,
                transfer: None,
                model: None,
            })
        };
        let rated = part(Some(59.94));
        assert_eq!(
            rated.text,
            "[d0]settb=1/59,setpts=N,fps=59[d0x];[r0]settb=1/59,setpts=N,fps=59[r0x];\
             [r0x][d0x]xpsnr,metadata=mode=print:file=xpsnr.log"
        );
        assert!(rated.notes.is_empty() && rated.model.is_none());
        assert!(part(Some(0.5)).text.contains("fps=1["));
        let unknown = part(None);
        assert_eq!(
            unknown.text,
            "[r0][d0]xpsnr,metadata=mode=print:file=xpsnr.log"
        );
        assert_eq!(unknown.notes.len(), 1);
    }
}
