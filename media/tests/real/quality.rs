//! Known scores, and refusals where a score would be wrong.

use std::path::{Path, PathBuf};

use ffbatch_dispatcher::metric::Metric;
use ffbatch_dispatcher::registry::Metrics;
use ffbatch_media::measure::{Measure, MeasureError, Measured, MetricFailure, measure};
use ffbatch_media::probe::{ProbeError, Source, probe};
use ffbatch_quality as _;
use tokio_util::sync::CancellationToken;

use crate::setup::{Room, block_on, ffmpeg, launcher};

/// Where the published raw clips lie, beside the repository.
fn published(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/data")
        .join(name);
    if path.is_file() {
        return path.canonicalize().ok();
    }
    eprintln!(
        "SKIPPED: {} is not there, so that no published score is checked",
        path.display()
    );
    None
}

fn metrics() -> Vec<&'static Metric> {
    Metrics::linked().expect("three metrics").iter().collect()
}

fn source(path: &str) -> Source {
    Source {
        path: path.into(),
        options: Vec::new(),
    }
}

fn compare(
    room: &Room,
    reference: Source,
    distorted: Source,
    metrics: Vec<&'static Metric>,
) -> Result<Measured, MeasureError> {
    let asked = Measure {
        ffmpeg: ffmpeg(),
        launcher: launcher(),
        reference,
        distorted,
        metrics,
        room: room.job.path().to_owned(),
        threads: 2,
        require_confinement: true,
        stop: CancellationToken::new(),
    };
    block_on(measure(&asked, &mut |_| {}))
}

/// The pooled value of a field.
fn pooled(measured: &Measured, name: &str, field: &str) -> f64 {
    let found = measured.metrics.iter().find(|one| one.metric.name == name);
    let found = found.expect("it was asked for");
    let scores = found.outcome.as_ref().expect("a score");
    assert_eq!(scores.frames.len(), measured.frames);
    (found.metric.pool)(&scores.frames, field).expect("a value")
}

#[track_caller]
fn near(got: f64, expected: f64) {
    assert!((got - expected).abs() < 2e-5, "{got} is not {expected}");
}

#[test]
fn published_scores() {
    let raw = |name: &str| {
        let options = "-f rawvideo -s 576x324 -pix_fmt yuv420p10le";
        Some(Source {
            path: published(name)?,
            options: options.split(' ').map(str::to_owned).collect(),
        })
    };
    let (Some(reference), Some(distorted)) = (
        raw("src01_hrc00_576x324.yuv420p10le.yuv"),
        raw("src01_hrc01_576x324.yuv420p10le.yuv"),
    ) else {
        return;
    };
    let room = Room::new();
    let measured = compare(&room, reference.clone(), distorted, metrics()).expect("scores");
    assert_eq!(measured.frames, 3);
    assert_eq!((measured.domain.width, measured.domain.height), (576, 324));
    assert_eq!(measured.domain.pixel_format, "yuv420p10le");
    near(pooled(&measured, "vmaf", "vmaf"), 82.564_22);
    near(pooled(&measured, "psnr", "psnr_y"), 32.298_023);
    near(pooled(&measured, "psnr", "psnr_u"), 39.035_447);
    near(pooled(&measured, "psnr", "psnr_v"), 41.279_903);
    near(pooled(&measured, "psnr", "psnr_avg"), 33.706_259);
    near(pooled(&measured, "ssim", "ssim_y"), 0.908_147);
    near(pooled(&measured, "ssim", "ssim_avg"), 0.919_978);

    let same = compare(&room, reference.clone(), reference, metrics()).expect("scores");
    near(pooled(&same, "vmaf", "vmaf"), 99.142_826);
    assert!(pooled(&same, "psnr", "psnr_avg").is_infinite());
    near(pooled(&same, "ssim", "ssim_avg"), 1.0);
}

/// A reference and an encode of it.
fn pair(room: &Room, reference: &str, encode: &str) -> (Source, Source) {
    let make = "-f lavfi -i testsrc2=s=320x240:r=24000/1001:d=2";
    assert!(room.unconfined(&format!("{make} -pix_fmt yuv420p -c:v ffv1 {reference}")));
    assert!(room.unconfined(&format!("-i {reference} -c:v libx264 -crf 35 {encode}")));
    let last = encode.split(' ').next_back().expect("an output");
    (source(&room.mine(reference)), source(&room.mine(last)))
}

/// The container's clock must not matter: the frames are the same.
#[test]
fn a_container_changes_no_score() {
    let room = Room::new();
    let scores: Vec<f64> = ["a.mp4", "a.mkv", "a.ts", "-bf 0 a.avi"]
        .into_iter()
        .map(|encode| {
            let (reference, distorted) = pair(
                &room,
                "ref.mkv",
                &format!("-x264-params threads=1 {encode}"),
            );
            let psnr = metrics().into_iter().filter(|metric| metric.name == "psnr");
            let measured = compare(&room, reference, distorted, psnr.collect()).expect("scores");
            assert_eq!(measured.frames, 48, "{encode}");
            pooled(&measured, "psnr", "psnr_y")
        })
        .collect();
    near(scores[1], scores[0]);
    near(scores[2], scores[0]);
    assert!(
        (20.0..60.0).contains(&scores[0]) && (20.0..60.0).contains(&scores[3]),
        "{scores:?}"
    );
}

#[track_caller]
fn check_refusal(encode: &str, expected: &str) {
    let room = Room::new();
    let (reference, distorted) = pair(&room, "ref.mkv", encode);
    let error = compare(&room, reference, distorted, metrics()).expect_err("no score");
    assert!(error.to_string().starts_with(expected), "{error}");
}

#[test]
fn what_is_not_aligned_is_refused() {
    check_refusal(
        "-r 12 a.mp4",
        "misaligned: reference has 48 frames, output 2",
    );
    check_refusal(
        "-frames:v 47 a.mkv",
        "misaligned: reference has 48 frames, output 47",
    );
    check_refusal(
        "-s 160x120 a.mp4",
        "not comparable: the reference is 320x240, the output 160x120",
    );
}

#[test]
fn what_is_no_video_is_refused() {
    let room = Room::new();
    assert!(room.unconfined("-f lavfi -i sine=d=0.2 a.wav"));
    let sound = source(&room.mine("a.wav"));
    let error = compare(&room, sound.clone(), sound, metrics()).expect_err("no score");
    assert!(error.to_string().ends_with("has no video"), "{error}");

    std::fs::write(room.mine("a.mp4"), "no media").expect("a file");
    let broken = source(&room.mine("a.mp4"));
    let error = compare(&room, broken.clone(), broken, metrics()).expect_err("no score");
    assert!(
        matches!(error, MeasureError::Probe(ProbeError::Unreadable { .. })),
        "{error}"
    );
}

/// A metric that asks for a filter which no build has.
static ABSENT: Metric = Metric {
    name: "absent",
    summary: "",
    filter: "no_such_filter",
    graph: |_| String::new(),
    parse: |_| Ok(ffbatch_dispatcher::metric::Frames::default()),
    pool: ffbatch_dispatcher::metric::Frames::mean,
    headline: "absent",
    unit: "",
};

/// A metric whose file stays empty, as on a full disk: ffmpeg ends with 0 all the same.
static SILENT: Metric = Metric {
    name: "silent",
    filter: "null",
    graph: |part| format!("{}nullsink;{}null", part.reference, part.distorted),
    ..ABSENT
};

#[test]
fn one_metric_without_result_does_not_stop_the_others() {
    let room = Room::new();
    let (reference, distorted) = pair(&room, "ref.mkv", "a.mp4");
    std::fs::write(room.mine("silent.log"), "").expect("a file");
    let mut asked = metrics();
    asked.extend([&ABSENT, &SILENT]);
    let measured = compare(&room, reference, distorted, asked).expect("scores");
    assert!(pooled(&measured, "vmaf", "vmaf") > 20.0);
    let failure = |name: &str| {
        let found = measured.metrics.iter().find(|one| one.metric.name == name);
        found
            .and_then(|one| one.outcome.as_ref().err().cloned())
            .expect("a failure")
    };
    assert_eq!(
        failure("absent"),
        MetricFailure::NoFilter {
            filter: "no_such_filter"
        }
    );
    assert!(failure("absent").to_string().contains("FFBATCH_FFMPEG"));
    assert!(matches!(
        failure("silent"),
        MetricFailure::Incomplete {
            records: 0,
            frames: 48,
            ..
        }
    ));
}

#[test]
fn probing_several_files_at_once() {
    let room = Room::new();
    let (reference, distorted) = pair(&room, "ref.mkv", "a.mp4");
    let sources = [reference, distorted.clone()];
    let inputs = block_on(probe(&ffmpeg(), &launcher(), true, &sources)).expect("two inputs");
    assert_eq!(inputs.len(), 2);
    assert_eq!(inputs[1].streams[0].codec, "h264");
    assert!(
        inputs[1]
            .duration
            .is_some_and(|duration| duration.as_secs() == 2)
    );

    let missing = source(&room.mine("missing.mp4"));
    let error = block_on(probe(&ffmpeg(), &launcher(), true, &[distorted, missing]))
        .expect_err("one is missing");
    let text = error.to_string();
    assert!(
        text.contains("missing.mp4`") && text.contains("No such file"),
        "{text}"
    );
}
