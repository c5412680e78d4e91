//! Scores through the whole chain: right where frame n is compared with frame n, refused with a reason everywhere else.

use std::collections::BTreeMap;

use ffbatch_dispatcher::report::QualityReport;
use ffbatch_tests::clip::SHORT;
use ffbatch_tests::media::frames;
use ffbatch_tests::site::{Site, everywhere};

const ENCODE: &str = "-an -c:v libx264 -preset ultrafast";

#[track_caller]
fn measured(site: &Site, line: &str) -> QualityReport {
    site.place(SHORT, "in.mp4");
    let report = site
        .job_with("--quality psnr,ssim,vmaf,xpsnr", line)
        .ok()
        .report();
    report.quality.expect("quality was asked for")
}

#[test]
fn all_metrics_in_one_pass() {
    everywhere(|site| {
        let quality = measured(site, &format!("-i @in.mp4 {ENCODE} -crf 30 @out.mp4"));
        assert_eq!(quality.refused, BTreeMap::new());
        let scores: BTreeMap<&str, f64> = quality
            .scores
            .iter()
            .map(|score| (score.metric.as_str(), score.mean))
            .collect();
        assert_eq!(
            scores.keys().copied().collect::<Vec<_>>(),
            ["psnr", "ssim", "vmaf", "xpsnr"]
        );
        assert!(
            (20.0..60.0).contains(&scores["psnr"]) && (0.8..1.0).contains(&scores["ssim"]),
            "{scores:?}"
        );
        assert!((50.0..=100.0).contains(&scores["vmaf"]), "{scores:?}");
        assert!((20.0..60.0).contains(&scores["xpsnr"]), "{scores:?}");
        for score in &quality.scores {
            assert!(score.frames == 50 && score.notes.is_empty(), "{score:?}");
            assert_eq!(score.worst.len(), 5, "{score:?}");
            // Of the others nobody knows a model.
            let named = score.model.is_some() && score.version.is_some();
            assert_eq!(named, score.metric == "vmaf", "{score:?}");
        }
    });
}

#[test]
fn a_worse_encode_scores_worse() {
    let site = Site::local();
    let mean = |crf: u32| {
        let quality = measured(&site, &format!("-i in.mp4 {ENCODE} -crf {crf} out.mp4"));
        quality
            .scores
            .iter()
            .map(|score| score.mean)
            .collect::<Vec<f64>>()
    };
    let (good, bad) = (mean(18), mean(45));
    assert!(
        good.len() == 4 && good.iter().zip(&bad).all(|(good, bad)| good > bad),
        "{good:?} {bad:?}"
    );
}

#[test]
fn what_is_not_frame_aligned_gets_a_reason_and_no_number() {
    let site = Site::local();
    for line in [
        "-ss 1 -i in.mp4 ENCODE out.mp4",
        "-i in.mp4 -r 12 ENCODE out.mp4",
        "-i in.mp4 -vf crop=160:90 ENCODE out.mp4",
    ] {
        let quality = measured(&site, &line.replace("ENCODE", ENCODE));
        // A later version may measure these rightly. A wrong number is what may never be.
        assert!(quality.scores.is_empty(), "`{line}`: {quality:?}");
        assert!(
            quality.refused.values().all(|why| why.len() > 10) && !quality.refused.is_empty(),
            "`{line}`: {quality:?}"
        );
        assert!(
            frames(&site.sandbox.path("out.mp4")) > 0,
            "the job itself is done"
        );
    }
}
