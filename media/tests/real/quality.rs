//! Known scores, and refusals where a score would be wrong.

use std::path::{Path, PathBuf};

use ffbatch_dispatcher::metric::{Branch, Frames, Log, Metric, Model, Score};
use ffbatch_dispatcher::registry::Metrics;
use ffbatch_media::measure::{Measure, MeasureError, Measured, MetricFailure, Reference, measure};
use ffbatch_media::probe::{ProbeError, Source, probe};
use ffbatch_media::workplace::Workplace;
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

/// The raw pair of which scores are published, where it is there.
fn published_pair() -> Option<(Source, Source)> {
    let raw = |name: &str| {
        let options = "-f rawvideo -s 576x324 -pix_fmt yuv420p10le";
        Some(Source {
            path: published(name)?,
            options: options.split(' ').map(str::to_owned).collect(),
        })
    };
    let reference = raw("src01_hrc00_576x324.yuv420p10le.yuv")?;
    Some((reference, raw("src01_hrc01_576x324.yuv420p10le.yuv")?))
}

pub fn metrics() -> Vec<&'static Metric> {
    Metrics::linked().expect("the metrics").iter().collect()
}

pub fn source(path: &str) -> Source {
    Source {
        path: path.into(),
        options: Vec::new(),
    }
}

pub fn compare(
    room: &Room,
    reference: Source,
    distorted: Source,
    metrics: Vec<&'static Metric>,
) -> Result<Measured, MeasureError> {
    compare_by(None, room, reference, distorted, metrics)
}

fn compare_by(
    model: Option<&str>,
    room: &Room,
    reference: Source,
    distorted: Source,
    metrics: Vec<&'static Metric>,
) -> Result<Measured, MeasureError> {
    let asked = asked(model, room, reference, distorted, metrics);
    block_on(measure(&asked, &mut |_| {}))
}

/// A comparison of two files by two threads.
pub fn asked(
    model: Option<&str>,
    room: &Room,
    reference: Source,
    distorted: Source,
    metrics: Vec<&'static Metric>,
) -> Measure {
    Measure {
        workplace: Workplace {
            ffmpeg: ffmpeg(),
            launcher: launcher(),
            room: room.job.path().to_owned(),
            require_confinement: true,
            stop: CancellationToken::new(),
        },
        reference: Reference::File(reference),
        distorted,
        video: 0,
        cut: None,
        reads: Vec::new(),
        model: model.map(|typed| Model::read(typed, &metrics).expect("a model")),
        metrics,
        threads: 2,
    }
}

pub fn only(name: &str) -> Vec<&'static Metric> {
    let all = metrics().into_iter();
    all.filter(|metric| metric.name == name).collect()
}

/// The score of the only metric that was asked for.
pub fn score(measured: &Measured) -> &Score {
    &measured.metrics[0].outcome.as_ref().expect("a score").score
}

/// The pooled value of a field.
pub fn pooled(measured: &Measured, name: &str, field: &str) -> f64 {
    let found = measured.metrics.iter().find(|one| one.metric.name == name);
    let found = found.expect("it was asked for");
    let scores = found.outcome.as_ref().expect("a score");
    assert_eq!(scores.frames.len(), measured.frames);
    (found.metric.pool)(&scores.frames, field).expect("a value")
}

#[track_caller]
pub fn near(got: f64, expected: f64) {
    assert!((got - expected).abs() < 2e-5, "{got} is not {expected}");
}

#[test]
fn published_scores() {
    let Some((reference, distorted)) = published_pair() else {
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
    // ffmpeg prints four decimals.
    for (field, expected) in [
        ("xpsnr_y", 32.2285),
        ("xpsnr_u", 39.0647),
        ("xpsnr_v", 41.2308),
        ("xpsnr_min", 32.2285),
    ] {
        let got = pooled(&measured, "xpsnr", field);
        assert!((got - expected).abs() < 5e-5, "{field} is {got}");
    }

    let same = compare(&room, reference.clone(), reference, metrics()).expect("scores");
    near(pooled(&same, "vmaf", "vmaf"), 99.142_826);
    assert!(pooled(&same, "psnr", "psnr_avg").is_infinite());
    near(pooled(&same, "ssim", "ssim_avg"), 1.0);
    assert!(pooled(&same, "xpsnr", "xpsnr_min").is_infinite());
}

/// Mean and harmonic mean of the published pair as libvmaf prints them, by kind of model.
#[test]
fn published_scores_of_other_models() {
    let Some((reference, distorted)) = published_pair() else {
        return;
    };
    for (kind, name, mean, harmonic) in [
        ("hd", "vmaf_v0.6.1", 82.564_227, 82.550_063),
        ("neg", "vmaf_v0.6.1neg", 80.680_458, 80.658_557),
        ("4k-neg", "vmaf_4k_v0.6.1neg", 87.510_942, 87.497_804),
        (
            "phone",
            "vmaf_v0.6.1:enable_transform=true",
            96.160_871,
            96.157_018,
        ),
        ("v1", "vmaf_v1.0.16_3d0h", 88.913_599, 88.845_356),
        (
            "vmaf_v1.0.16_3d0h_2160",
            "vmaf_v1.0.16_3d0h_2160",
            96.494_697,
            96.441_463,
        ),
    ] {
        let room = Room::new();
        let (reference, distorted) = (reference.clone(), distorted.clone());
        let measured = compare_by(Some(kind), &room, reference, distorted, only("vmaf"));
        let measured = measured.expect("a score");
        let score = score(&measured);
        assert_eq!(score.model.as_deref(), Some(name));
        assert!(
            score
                .version
                .as_ref()
                .is_some_and(|version| !version.is_empty())
        );
        assert!(score.notes.is_empty(), "{:?}", score.notes);
        near(score.mean, mean);
        near(score.harmonic_mean.expect("a harmonic mean"), harmonic);
    }
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
            let measured = compare(&room, reference, distorted, only("psnr")).expect("scores");
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

/// A model of our own, which takes half of one feature for the score, so that the answer is known. Its path has every letter
/// that means something to ffmpeg, and lies where ffmpeg may not look.
#[test]
fn a_model_from_a_file() {
    let room = Room::new();
    let path = room.theirs(r"a b:c'd,e;f[g]\h=i%.json");
    std::fs::write(&path, include_str!("../fixtures/vif_model.json")).expect("a file");
    let (reference, distorted) = pair(&room, "ref.mkv", "a.mp4");
    let measured = compare_by(Some(&path), &room, reference, distorted, only("vmaf"));
    let measured = measured.expect("a score");
    let model = score(&measured).model.as_deref();
    assert_eq!(model, Some(r"a b:c'd,e;f[g]\h=i%.json"));
    let frames = &measured.metrics[0]
        .outcome
        .as_ref()
        .expect("a score")
        .frames;
    assert_eq!(frames.len(), 48);
    let halves = frames
        .column("integer_vif_scale0")
        .iter()
        .map(|vif| vif * 50.0);
    for (got, expected) in frames.column("vmaf").iter().zip(halves) {
        assert!((got - expected).abs() < 1e-4, "{got} is not {expected}");
    }
}

#[test]
fn a_model_that_is_none_is_one_sentence() {
    let room = Room::new();
    let (reference, distorted) = pair(&room, "ref.mkv", "a.mp4");
    let refused = |model: &str| {
        let sides = (reference.clone(), distorted.clone());
        let both = [only("vmaf"), only("psnr")].concat();
        let measured = compare_by(Some(model), &room, sides.0, sides.1, both);
        let measured = measured.expect("a score of the other metric");
        assert!(pooled(&measured, "psnr", "psnr_y") > 20.0);
        let failure = measured.metrics[0].outcome.as_ref();
        failure.expect_err("no score").to_string()
    };
    let unknown = |metric: &str| {
        let read = Model::read("beauty", &only(metric));
        read.expect_err("no model").to_string()
    };
    assert!(unknown("vmaf").starts_with("unknown VMAF model `beauty` (known: hd, 4k,"));
    assert!(unknown("psnr").contains("serves no metric that is asked for"));
    let (gone, broken) = (room.mine("gone.json"), room.mine("broken.json"));
    std::fs::write(&broken, "{").expect("a file");
    for (model, said) in [
        ("vmaf_v7", "version: vmaf_v7"),
        (&gone, "gone.json"),
        (&broken, "broken.json"),
    ] {
        let text = refused(model);
        assert!(
            text.contains("could not load libvmaf model with") && text.contains(said),
            "{text}"
        );
    }
}

#[test]
fn what_one_must_know_to_read_a_score() {
    let room = Room::new();
    let hdr = "-pix_fmt yuv420p10le -c:v libx265 -x265-params \
        log-level=none:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc hdr.mp4";
    let make = "-f lavfi -i testsrc2=s=320x240:r=25:d=0.2";
    assert!(room.unconfined(&format!("{make} {hdr}")));
    let side = || source(&room.mine("hdr.mp4"));
    let measured = compare(&room, side(), side(), only("vmaf")).expect("a score");
    assert_eq!(measured.domain.transfer.as_deref(), Some("smpte2084"));
    assert_eq!(score(&measured).notes, ["no public HDR model"]);

    let (reference, distorted) = pair(&room, "ref.mkv", "a.mp4");
    let measured = compare_by(Some("v1"), &room, reference, distorted, only("vmaf"));
    assert_eq!(
        score(&measured.expect("a score")).notes,
        ["compared in yuv420p10le, as the model wants"]
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
    models: None,
    graph: |_| Branch::default(),
    parse: |_| Ok(Log::default()),
    pool: Frames::mean,
    harmonic: false,
    headline: "absent",
    unit: "",
};

/// A metric whose file stays empty, as on a full disk: ffmpeg ends with 0 all the same.
static SILENT: Metric = Metric {
    name: "silent",
    filter: "null",
    graph: |part| {
        let text = format!("{}nullsink;{}null", part.reference, part.distorted);
        Branch::from(text)
    },
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
    let inputs = block_on(probe(&ffmpeg(), &launcher(), true, &sources, &[])).expect("two inputs");
    assert_eq!(inputs.len(), 2);
    assert_eq!(inputs[1].streams[0].codec, "h264");
    assert!(
        inputs[1]
            .duration
            .is_some_and(|duration| duration.as_secs() == 2)
    );

    let missing = source(&room.mine("missing.mp4"));
    let error = block_on(probe(
        &ffmpeg(),
        &launcher(),
        true,
        &[distorted, missing],
        &[],
    ))
    .expect_err("one is missing");
    let text = error.to_string();
    assert!(
        text.contains("missing.mp4`") && text.contains("No such file"),
        "{text}"
    );
}
