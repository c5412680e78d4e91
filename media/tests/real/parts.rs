//! Where many processors are at hand, several graphs share the frames: every number must be that of one graph.

use ffbatch_dispatcher::metric::{Frames, Metric};
use ffbatch_media::measure::{Measure, MeasureError, Measured, Reference, measure};
use ffbatch_media::probe::{Source, Video};
use ffbatch_media::shadow::{Shadow, Size};

use crate::quality::{asked, metrics, only, source};
use crate::setup::{Room, block_on};

/// Pictures that move and change, in so many frames, and an encode of them.
fn pair(room: &Room, frames: usize, rate: usize, form: &str) -> (Source, Source) {
    let make =
        format!("-f lavfi -i testsrc2=s=320x240:r={rate}:d=100 -vf noise=alls=9:allf=t,{form}");
    assert!(room.unconfined(&format!("{make} -frames:v {frames} -c:v ffv1 ref.mkv")));
    assert!(room.unconfined("-i ref.mkv -c:v libx264 -preset ultrafast -crf 38 enc.mkv"));
    (source(&room.mine("ref.mkv")), source(&room.mine("enc.mkv")))
}

fn run(asked: &Measure) -> Result<Measured, MeasureError> {
    block_on(measure(asked, &mut |_| {}))
}

/// Every value of a metric, by field, as bits: what is no number equals itself.
fn values(frames: &Frames) -> Vec<(&str, Vec<u64>)> {
    let bits = |field| frames.column(field).iter().map(|value| value.to_bits());
    frames
        .fields()
        .map(|field| (field, bits(field).collect()))
        .collect()
}

/// Compares by two threads, in one graph, and by many, in several; the numbers must be the same. With 32 threads VMAF has two parts, with
/// 48 three, and so on; XPSNR always has eight.
#[track_caller]
fn check(one: &Measure, threads: usize) {
    let _ = std::fs::remove_file(one.workplace.room.join("vmaf.0.log"));
    let expected = run(one).expect("scores");
    assert!(
        !one.workplace.room.join("vmaf.0.log").exists(),
        "it was split"
    );
    let several = Measure {
        threads,
        ..one.clone()
    };
    let got = run(&several).expect("scores");
    assert!(
        one.workplace.room.join("vmaf.0.log").exists(),
        "it was not split"
    );
    assert_eq!(got.frames, expected.frames);
    assert_eq!(got.metrics.len(), expected.metrics.len());
    for (got, expected) in got.metrics.iter().zip(&expected.metrics) {
        let name = expected.metric.name;
        let (got, expected) = (got.outcome.as_ref(), expected.outcome.as_ref());
        let (got, expected) = (got.expect("a score"), expected.expect("a score"));
        for (got, expected) in values(&got.frames)
            .into_iter()
            .zip(values(&expected.frames))
        {
            assert_eq!(got, expected, "{name} by {threads} threads");
        }
        assert_eq!(got.score, expected.score);
    }
}

#[test]
fn numbers_of_short_and_long_videos() {
    for (frames, threads) in [
        (1, 64),
        (2, 32),
        (15, 32),
        (16, 64),
        (17, 48),
        (31, 32),
        (32, 32),
        (33, 48),
        (64, 64),
        (65, 64),
        (150, 128),
    ] {
        let room = Room::new();
        let (reference, distorted) = pair(&room, frames, 25, "format=yuv420p");
        let one = asked(None, &room, reference, distorted, metrics());
        check(&one, threads);
    }
}

#[test]
fn numbers_of_all_models_and_rates() {
    for (rate, model, threads) in [
        (25, None, 48),
        (50, Some("neg"), 32),
        (25, Some("phone"), 64),
        (25, Some("v1"), 48),
        (50, Some("vmaf_v1.0.16_hfr_3d0h"), 32),
        (50, Some("vmaf_v1.0.16_hfr_3d0h"), 64),
    ] {
        let room = Room::new();
        let (reference, distorted) = pair(&room, 75, rate, "format=yuv420p");
        let one = asked(model, &room, reference, distorted, metrics());
        check(&one, threads);
    }
}

#[test]
fn numbers_of_other_formats() {
    for form in [
        "format=yuv422p10le",
        "setparams=range=pc,format=yuv420p",
        "format=gbrp",
    ] {
        let room = Room::new();
        let make = format!("-f lavfi -i testsrc2=s=320x240:r=25:d=2 -vf {form}");
        assert!(room.unconfined(&format!("{make} -c:v ffv1 ref.mkv")));
        assert!(room.unconfined("-i ref.mkv -vf hue=b=1 -c:v ffv1 enc.mkv"));
        let (reference, distorted) = (room.mine("ref.mkv"), room.mine("enc.mkv"));
        let metrics = metrics();
        let one = asked(None, &room, source(&reference), source(&distorted), metrics);
        check(&one, 48);
    }
}

/// The reference is what an encoder was given, which takes a loopback decoder of its own.
#[test]
fn numbers_of_an_encode() {
    let room = Room::new();
    let (reference, _) = pair(&room, 70, 25, "format=yuv420p");
    assert!(room.unconfined("-i ref.mkv -vf hflip -c:v libx264 -crf 38 out.mkv"));
    let words = |text: &str| text.split(' ').map(str::to_owned).collect();
    let shadow = Shadow {
        inputs: vec!["-i".to_owned(), reference.path.to_string_lossy().into()],
        input_count: 1,
        outputs: words("-map 0:0 -vf hflip -c:v:0 wrapped_avframe -f framecrc /dev/null"),
        output_count: 1,
        stream: (0, 0),
        pictures: Video {
            width: 320,
            height: 240,
            pixel_format: "yuv420p".to_owned(),
            ..Video::default()
        },
        size: Size::Output,
        straight: None,
    };
    let distorted = source(&room.mine("out.mkv"));
    let mut one = asked(None, &room, reference.clone(), distorted, metrics());
    one.reference = Reference::Shadow(shadow);
    one.reads = vec![reference.path];
    check(&one, 32);
    check(&one, 64);
}

#[test]
fn other_counts_are_refused_by_several_graphs_too() {
    let room = Room::new();
    let (reference, _) = pair(&room, 70, 25, "format=yuv420p");
    for (frames, said) in [(69, "output 69"), (17, "output 17"), (1, "output 1")] {
        assert!(room.unconfined(&format!("-i ref.mkv -frames:v {frames} -c:v ffv1 less.mkv")));
        let less = source(&room.mine("less.mkv"));
        let sides = [(&reference, &less), (&less, &reference)];
        for ((one, other), said) in sides.into_iter().zip([said, "output 70"]) {
            let metrics = metrics();
            let mut asked = asked(None, &room, one.clone(), other.clone(), metrics);
            asked.threads = 64;
            let error = run(&asked).expect_err("no score").to_string();
            assert!(
                error.starts_with("misaligned") && error.ends_with(said),
                "{error}"
            );
        }
    }
}

#[test]
fn a_metric_that_cannot_be_set_up_fails_alone_in_several_graphs_too() {
    let room = Room::new();
    let (reference, distorted) = pair(&room, 40, 25, "format=yuv420p");
    let metrics: Vec<&'static Metric> = [only("vmaf"), only("xpsnr")].concat();
    let mut asked = asked(Some("vmaf_v7"), &room, reference, distorted, metrics);
    asked.threads = 64;
    let measured = run(&asked).expect("a score of the other metric");
    assert!(measured.metrics[0].outcome.is_err());
    assert!(measured.metrics[1].outcome.is_ok());
}
