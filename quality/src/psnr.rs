//! PSNR: the peak signal-to-noise ratio in dB, by ffmpeg's `psnr` filter (<https://ffmpeg.org/ffmpeg-filters.html#psnr>).
//!
//! The filter's own `stats_file` rounds to two decimals, which at high quality is an error of half a decibel in a mean
//! squared error of 0.04. The same values go into the frames' metadata with six decimals, so that the `metadata` filter writes
//! the file here.

use std::io::BufRead;

use ffbatch_dispatcher::metric::{Branch, Frames, GraphPart, Log, Metric, MetricError};

use crate::metadata;

inventory::submit! {
    Metric {
        name: "psnr",
        summary: "peak signal-to-noise ratio; higher is closer to the reference, inf when identical",
        filter: "psnr",
        models: None,
        graph,
        parse,
        pool,
        harmonic: false,
        headline: "psnr_avg",
        unit: "dB",
    }
}

/// The largest sample values, of 8, 9, 10, 12, 14 and 16 bits.
const PEAKS: [f64; 6] = [255.0, 511.0, 1023.0, 4095.0, 16383.0, 65535.0];

fn graph(part: &GraphPart<'_>) -> Branch {
    Branch::from(format!(
        "{}{}psnr,metadata=mode=print:file={}",
        part.distorted, part.reference, part.log
    ))
}

fn parse(text: &mut dyn BufRead) -> Result<Log, MetricError> {
    let mut frames = Frames::default();
    metadata::each_frame("psnr", "lavfi.psnr.", text, &mut |frame| {
        frames.push(frame.iter().map(|(name, value)| (name.as_str(), *value)));
    })?;
    Ok(frames.into())
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
        .filter(|(error, ratio)| !error.is_nan() && !ratio.is_nan())
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
        let frames = parse(&mut text.as_bytes()).expect("real output").frames;
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
    fn a_frame_without_values_changes_nothing() {
        let mut frames = parse(&mut DISTORTED.as_bytes())
            .expect("real output")
            .frames;
        let whole = pool(&frames, "psnr_y");
        frames.push([("mse_u", 1.0)]);
        assert_eq!(pool(&frames, "psnr_y"), whole);
    }

    #[test]
    fn one_identical_frame_does_not_make_a_video_infinite() {
        let both = format!("{DISTORTED}{SAME}");
        let frames = parse(&mut both.as_bytes()).expect("real output").frames;
        assert_eq!(frames.len(), 5);
        assert!(pool(&frames, "psnr_avg").expect("a value").is_finite());
    }
}
