//! SSIM: structural similarity from 0 to 1, by ffmpeg's `ssim` filter (<https://ffmpeg.org/ffmpeg-filters.html#ssim>).
//!
//! The filter's `stats_file` has six decimals, and the mean over its frames is the filter's own summary. It takes no alpha.

use std::io::BufRead;

use ffbatch_dispatcher::metric::{Branch, Frames, GraphPart, Log, Metric, MetricError};

use crate::format;

inventory::submit! {
    Metric {
        name: "ssim",
        summary: "structural similarity from 0 to 1; 1 is identical",
        filter: "ssim",
        models: None,
        graph,
        parse,
        pool: Frames::mean,
        harmonic: false,
        headline: "ssim_avg",
        unit: "",
    }
}

/// The filter's names of its fields and those of the document.
const FIELDS: [(&str, &str); 7] = [
    ("Y", "ssim_y"),
    ("U", "ssim_u"),
    ("V", "ssim_v"),
    ("R", "ssim_r"),
    ("G", "ssim_g"),
    ("B", "ssim_b"),
    ("All", "ssim_avg"),
];

fn graph(part: &GraphPart<'_>) -> Branch {
    let format = part.pixel_format;
    let opaque = [("yuva", "yuv"), ("gbrap", "gbrp")];
    let opaque = opaque.into_iter().find_map(|(with, without)| {
        let rest = format.strip_prefix(with)?;
        Some(format!("{without}{rest}"))
    });
    let mut notes = Vec::new();
    let filters = opaque.map_or_else(String::new, |opaque| {
        notes.push(format::note("ssim", format, &opaque));
        format::conversion(format, &opaque)
    });
    let (converted, distorted, reference) = part.through(&filters);
    Branch {
        text: format!(
            "{converted}{distorted}{reference}ssim=stats_file={}",
            part.log
        ),
        notes,
        ..Branch::default()
    }
}

/// Reads a line for each frame: `n:1 Y:0.933641 U:0.945792 V:0.944403 All:0.937460 (12.038390)`.
fn parse(text: &mut dyn BufRead) -> Result<Log, MetricError> {
    let mut frames = Frames::default();
    for (at, line) in text.lines().enumerate() {
        let error = |reason: String| MetricError {
            metric: "ssim",
            line: at + 1,
            reason,
        };
        let line = line.map_err(|read| error(read.to_string()))?;
        let mut frame = Vec::with_capacity(FIELDS.len());
        for (name, value) in line.split(' ').filter_map(|word| word.split_once(':')) {
            if let Some((_, field)) = FIELDS.iter().find(|(known, _)| *known == name) {
                let value = value
                    .parse()
                    .map_err(|_| error(format!("`{value}` is no number")))?;
                frame.push((*field, value));
            }
        }
        if frame.is_empty() {
            return Err(error(format!("`{line}` has no value")));
        }
        frames.push(frame);
    }
    Ok(frames.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, field: &str, expected: &[f64], pooled: f64) {
        let frames = parse(&mut text.as_bytes()).expect("real output").frames;
        assert_eq!(frames.column(field), expected);
        let got = frames.mean(field).expect("a value");
        assert!((got - pooled).abs() < 1e-6, "{got} is not {pooled}");
    }

    const DISTORTED: &str = include_str!("../fixtures/ssim.txt");

    #[test]
    fn real_output() {
        // What the filter itself prints as its summary for this run.
        check(
            DISTORTED,
            "ssim_y",
            &[0.933_641, 0.902_529, 0.888_272],
            0.908_147,
        );
        check(
            DISTORTED,
            "ssim_u",
            &[0.945_792, 0.943_315, 0.940_655],
            0.943_254,
        );
        check(
            DISTORTED,
            "ssim_v",
            &[0.944_403, 0.943_937, 0.943_733],
            0.944_025,
        );
        check(
            DISTORTED,
            "ssim_avg",
            &[0.937_460, 0.916_228, 0.906_246],
            0.919_978,
        );
    }

    #[test]
    fn identical_frames() {
        check(
            "n:1 Y:1.000000 U:1.000000 V:1.000000 All:1.000000 (inf)\n",
            "ssim_avg",
            &[1.0],
            1.0,
        );
    }

    #[test]
    fn alpha_is_left_out_with_a_note() {
        let part = GraphPart {
            distorted: "[d]",
            reference: "[r]",
            log: "ssim.log",
            threads: 2,
            width: 2,
            height: 2,
            pixel_format: "yuva444p10le",
            frame_rate: None,
            transfer: None,
            model: None,
        };
        let branch = graph(&part);
        assert_eq!(
            branch.text,
            "[d]scale,format=yuv444p10le[dx];[r]scale,format=yuv444p10le[rx];[dx][rx]ssim=stats_file=ssim.log"
        );
        assert_eq!(
            branch.notes,
            ["compared in yuv444p10le: ssim takes no yuva444p10le"]
        );
        let opaque = graph(&GraphPart {
            pixel_format: "gbrp",
            ..part
        });
        assert_eq!(opaque, "[d][r]ssim=stats_file=ssim.log".to_owned().into());
    }

    #[test]
    fn what_is_broken_is_named_with_its_line() {
        let error = parse(&mut "n:1 Y:1.0 All:1.0\nn:2 Y:x\n".as_bytes()).expect_err("no number");
        assert_eq!((error.line, error.reason.as_str()), (2, "`x` is no number"));
        assert!(parse(&mut "n:1 \n".as_bytes()).is_err());
        let nothing = parse(&mut "".as_bytes()).expect("nothing");
        assert!(nothing.frames.is_empty());
    }
}
