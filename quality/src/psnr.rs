//! PSNR: the peak signal-to-noise ratio in dB, by ffmpeg's `psnr` filter (<https://ffmpeg.org/ffmpeg-filters.html#psnr>).
//!
//! The filter's own `stats_file` rounds to two decimals, which at high quality is an error of half a decibel in a mean
//! squared error of 0.04. The same values go into the frames' metadata with six decimals, so that the `metadata` filter writes
//! the file here.

use std::io::BufRead;

use ffbatch_dispatcher::metric::{Frames, GraphPart, Metric, MetricError};

inventory::submit! {
    Metric {
        name: "psnr",
        summary: "peak signal-to-noise ratio; higher is closer to the reference, inf when identical",
        filter: "psnr",
        graph,
        parse,
        pool,
        headline: "psnr_avg",
        unit: "dB",
    }
}

/// The largest sample values, of 8, 9, 10, 12, 14 and 16 bits.
const PEAKS: [f64; 6] = [255.0, 511.0, 1023.0, 4095.0, 16383.0, 65535.0];

fn graph(part: &GraphPart<'_>) -> String {
    format!(
        "{}{}psnr,metadata=mode=print:file={}",
        part.distorted, part.reference, part.log
    )
}

/// Reads a block for each frame: a line `frame:0 pts:0 ..`, then `lavfi.psnr.mse.y=..` and the like.
fn parse(text: &mut dyn BufRead) -> Result<Frames, MetricError> {
    let mut frames = Frames::default();
    let mut frame: Vec<(String, f64)> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let error = |reason: String| MetricError {
            metric: "psnr",
            line: at + 1,
            reason,
        };
        let line = line.map_err(|read| error(read.to_string()))?;
        if line.starts_with("frame:") {
            close(&mut frames, &mut frame);
        } else if let Some(field) = line.strip_prefix("lavfi.psnr.") {
            let (name, value) = field
                .split_once('=')
                .ok_or_else(|| error(format!("`{line}` has no value")))?;
            let value = value
                .parse()
                .map_err(|_| error(format!("`{value}` is no number")))?;
            // `mse.y` and `psnr_avg` in ffmpeg; `mse_y` and `psnr_avg` in the document.
            frame.push((name.replace('.', "_"), value));
        }
    }
    close(&mut frames, &mut frame);
    Ok(frames)
}

fn close(frames: &mut Frames, frame: &mut Vec<(String, f64)>) {
    if !frame.is_empty() {
        frames.push(frame.iter().map(|(name, value)| (name.as_str(), *value)));
        frame.clear();
    }
}

/// The ratio for the mean of the squared errors, as ffmpeg sums up: a mean of decibels would let one identical frame
/// make a whole video infinite.
fn pool(frames: &Frames, field: &str) -> Option<f64> {
    let Some(plane) = field.strip_prefix("psnr_") else {
        return frames.mean(field);
    };
    let errors = format!("mse_{plane}");
    let mean = frames.mean(&errors)?;
    if mean == 0.0 {
        return Some(f64::INFINITY);
    }
    // The peak depends on the pixel format; the frame with the largest error tells it most precisely.
    let (error, ratio) = frames
        .column(&errors)
        .iter()
        .zip(frames.column(field))
        .max_by(|one, other| one.0.total_cmp(other.0))?;
    let seen = (error * 10_f64.powf(ratio / 10.0)).sqrt();
    let peak = PEAKS
        .into_iter()
        .min_by(|one, other| (one - seen).abs().total_cmp(&(other - seen).abs()))?;
    Some(10.0 * (peak * peak / mean).log10())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, field: &str, expected: &[f64], pooled: f64) {
        let frames = parse(&mut text.as_bytes()).expect("real output");
        assert_eq!(frames.column(field), expected);
        let got = pool(&frames, field).expect("a value");
        assert!(
            got.is_infinite() && pooled.is_infinite() || (got - pooled).abs() < 1e-5,
            "{got} is not {pooled}"
        );
    }

    const DISTORTED: &str = include_str!("../fixtures/psnr.txt");
    const SAME: &str = include_str!("../fixtures/psnr_same.txt");

    #[test]
    fn real_output() {
        // What the filter itself prints as its summary for this run.
        check(
            DISTORTED,
            "psnr_y",
            &[34.786_289, 31.908_737, 31.019_333],
            32.298_023,
        );
        check(
            DISTORTED,
            "psnr_u",
            &[39.255_497, 39.006_931, 38.853_359],
            39.035_447,
        );
        check(
            DISTORTED,
            "psnr_v",
            &[41.375_214, 41.281_937, 41.184_654],
            41.279_903,
        );
        check(
            DISTORTED,
            "psnr_avg",
            &[35.962_303, 33.344_879, 32.505_802],
            33.706_259,
        );
        check(
            DISTORTED,
            "mse_v",
            &[76.248_283, 77.903_633, 79.668_381],
            77.940_099,
        );
    }

    #[test]
    fn identical_frames() {
        check(SAME, "psnr_avg", &[f64::INFINITY; 2], f64::INFINITY);
        check(SAME, "mse_avg", &[0.0; 2], 0.0);
    }

    #[test]
    fn one_identical_frame_does_not_make_a_video_infinite() {
        let both = format!("{DISTORTED}{SAME}");
        let frames = parse(&mut both.as_bytes()).expect("real output");
        assert_eq!(frames.len(), 5);
        assert!(pool(&frames, "psnr_avg").expect("a value").is_finite());
    }

    #[test]
    fn what_is_broken_is_named_with_its_line() {
        let error = parse(&mut "frame:0\nlavfi.psnr.mse.y=x\n".as_bytes()).expect_err("no number");
        assert_eq!((error.line, error.reason.as_str()), (2, "`x` is no number"));
        assert!(parse(&mut "".as_bytes()).expect("nothing").is_empty());
    }
}
