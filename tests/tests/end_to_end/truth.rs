//! Every printed score is the true one, whatever the command does.
//!
//! The truth is made without any of what is tested: the command runs once more with raw video in the place of its encoder, the
//! output is decoded to raw video of the same size and format, and ffmpeg compares the two raw files, which have no clocks
//! and hold one frame after the other.

use std::collections::BTreeMap;
use std::process::Command;

use ffbatch_dispatcher::report::OutputQuality;
use ffbatch_tests::sandbox::Sandbox;
use ffbatch_tests::tools;

/// An encode and what is true of it.
struct Case {
    /// Words that make `in.mkv`; lavfi's own sources are the same on every machine.
    input: &'static str,
    /// The command between `-i in.mkv` and the encoder.
    filters: &'static str,
    /// Words before `-i`.
    before: &'static str,
    encoder: &'static str,
    output: &'static str,
    /// How ffmpeg keeps this muxer's clock.
    mode: &'static str,
    /// What the encoder was given.
    format: &'static str,
    size: &'static str,
}

const FILM: &str =
    "-f lavfi -i testsrc2=s=320x240:r=24000/1001:d=2.5 -pix_fmt yuv420p -c:v ffv1 in.mkv";

const X264: &str = "-c:v libx264 -preset veryfast -crf 35 -threads 1";

/// 60 frames of a film clip, as mp4.
const PLAIN: Case = Case {
    input: FILM,
    filters: "",
    before: "",
    encoder: X264,
    output: "out.mp4",
    mode: "vfr",
    format: "yuv420p",
    size: "320x240",
};

fn ffmpeg(sandbox: &Sandbox, line: &str) -> String {
    let ended = Command::new(tools::ffmpeg())
        .args(["-nostdin", "-y", "-hide_banner"])
        .args(line.split_ascii_whitespace())
        .current_dir(sandbox.path(""))
        .output()
        .expect("ffmpeg starts");
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(ended.status.success(), "ffmpeg {line}: {said}");
    said
}

/// What is behind the last `key` in a log.
fn after(log: &str, key: &str) -> f64 {
    let (_, rest) = log.rsplit_once(key).expect("a summary");
    let number = rest.split_whitespace().next().expect("a number");
    number.parse().expect("a number")
}

/// The scores that the raw files give.
fn truth(sandbox: &Sandbox, case: &Case) -> BTreeMap<&'static str, f64> {
    let Case {
        filters,
        before,
        output,
        mode,
        format,
        size,
        ..
    } = case;
    ffmpeg(
        sandbox,
        &format!(
            "{before} -i in.mkv {filters} -an -fps_mode {mode} -c:v rawvideo -pix_fmt {format} -f rawvideo given.raw"
        ),
    );
    ffmpeg(
        sandbox,
        &format!(
            "-noautorotate -i {output} -map 0:V:0 -fps_mode passthrough -c:v rawvideo -pix_fmt {format} -f rawvideo made.raw"
        ),
    );
    let length = |name| sandbox.path(name).metadata().expect("a file").len();
    assert_eq!(
        length("given.raw"),
        length("made.raw"),
        "the truth is aligned"
    );
    let raw = format!("-f rawvideo -s {size} -pix_fmt {format}");
    let log = ffmpeg(
        sandbox,
        &format!(
            "{raw} -i made.raw {raw} -i given.raw -filter_complex \
             [0]split=3[a][b][c];[1]split=3[x][y][z];[a][x]psnr;[b][y]ssim;[c][z]libvmaf=n_threads=2 -f null -"
        ),
    );
    assert!(
        !log.contains("Invalid buffer size"),
        "the truth has another size: {log}"
    );
    [
        ("psnr", after(&log, "average:")),
        ("ssim", after(&log, "All:")),
        ("vmaf", after(&log, "VMAF score: ")),
    ]
    .into()
}

/// Runs the case as a job.
fn job(sandbox: &Sandbox, case: &Case) -> OutputQuality {
    ffmpeg(sandbox, case.input);
    let Case {
        filters,
        before,
        encoder,
        output,
        ..
    } = case;
    let line = format!(
        "run --json --quality psnr,ssim,vmaf -- ffmpeg {before} -i in.mkv {filters} -an {encoder} {output}"
    );
    let report = sandbox.ffbatch(line.split_ascii_whitespace()).ok().report();
    let quality = report.quality.expect("quality was asked for");
    assert_eq!(quality.refused, None);
    quality.outputs.into_iter().next().expect("one output")
}

#[track_caller]
fn check(case: &Case) {
    let sandbox = Sandbox::new();
    let quality = job(&sandbox, case);
    assert_eq!(quality.refused, BTreeMap::new());
    let truth = truth(&sandbox, case);
    for (metric, tolerance) in [("psnr", 0.05), ("ssim", 0.001), ("vmaf", 0.1)] {
        let score = quality.scores.iter().find(|score| score.metric == metric);
        let got = score.expect("a score").mean;
        let expected = truth[metric];
        // The summary of identical videos is infinite on both sides.
        let is_near = (got - expected).abs() <= tolerance;
        assert!(
            is_near || got.is_infinite() && expected.is_infinite(),
            "{metric}: {got} is printed, {expected} is true of {} {} {}",
            case.filters,
            case.encoder,
            case.output
        );
    }
}

#[track_caller]
fn check_refusal(case: &Case, part: &str) {
    let quality = job(&Sandbox::new(), case);
    assert!(quality.scores.is_empty(), "{quality:?}");
    assert!(quality.refused["*"].contains(part), "{quality:?}");
}

#[test]
fn containers() {
    for (output, mode) in [
        ("out.mp4", "vfr"),
        ("out.mkv", "vfr"),
        ("out.ts", "vfr"),
        ("out.mov", "vfr"),
        ("out.flv", "vfr"),
        ("out.mxf", "cfr"),
    ] {
        let case = Case {
            output,
            mode,
            ..PLAIN
        };
        check(&case);
    }
}

#[test]
fn seeking() {
    let cut = Case {
        filters: "-ss 0.7 -t 1.2",
        ..PLAIN
    };
    check(&cut);
    check(&Case {
        filters: "-t 1.2",
        before: "-ss 0.7",
        output: "out.mkv",
        ..PLAIN
    });
    check(&Case {
        filters: "-frames:v 17",
        before: "-copyts -ss 1",
        ..PLAIN
    });
}

#[test]
fn rates() {
    check(&Case {
        filters: "-r 12",
        mode: "cfr",
        ..PLAIN
    });
    check(&Case {
        filters: "-r 30",
        mode: "cfr",
        output: "out.mkv",
        ..PLAIN
    });
    check(&Case {
        filters: "-vf fps=60000/1001",
        output: "out.ts",
        ..PLAIN
    });
}

/// A source that lacks a frame stays as it is where the format can tell, and gets one more where it cannot.
#[test]
fn a_frame_that_is_missing() {
    let gap = Case {
        filters: "-vf select='not(eq(n\\,10))'",
        ..PLAIN
    };
    check(&gap);
    check(&Case {
        output: "out.mxf",
        mode: "cfr",
        encoder: "-c:v mpeg2video -q:v 20",
        ..gap
    });
}

#[test]
fn sizes() {
    check(&Case {
        filters: "-vf crop=200:120:30:40",
        size: "200x120",
        ..PLAIN
    });
    check(&Case {
        filters: "-vf scale=160:90",
        size: "160x90",
        ..PLAIN
    });
    check(&Case {
        filters: "-s 176x144",
        size: "176x144",
        output: "out.mkv",
        ..PLAIN
    });
    check(&Case {
        filters: "-vf format=yuv444p,crop=319:239",
        format: "yuv444p",
        size: "319x239",
        ..PLAIN
    });
    check(&Case {
        filters: "-vf crop=321:241:exact=1,scale=175:99",
        size: "175x99",
        encoder: "-c:v libvpx-vp9 -cpu-used 8 -deadline realtime -b:v 100k",
        output: "out.webm",
        input: "-f lavfi -i testsrc2=s=330x250:r=25:d=1 -pix_fmt yuv420p -c:v ffv1 in.mkv",
        ..PLAIN
    });
}

#[test]
fn formats() {
    check(&Case {
        encoder: "-c:v libx264 -preset veryfast -crf 35 -pix_fmt yuv420p10le",
        format: "yuv420p10le",
        ..PLAIN
    });
    check(&Case {
        input: "-f lavfi -i testsrc2=s=320x240:r=25:d=1 -pix_fmt yuv422p -c:v ffv1 in.mkv",
        format: "yuv422p",
        ..PLAIN
    });
    // The encoder chooses: x264 takes 4:4:4 for RGB, SVT-AV1 has 4:2:0 only.
    let rgb = "-f lavfi -i testsrc2=s=320x240:r=25:d=1 -pix_fmt gbrp -c:v ffv1 in.mkv";
    check(&Case {
        input: rgb,
        format: "yuv444p",
        ..PLAIN
    });
    check(&Case {
        input: rgb,
        encoder: "-c:v libsvtav1 -preset 12 -crf 50",
        output: "out.mkv",
        ..PLAIN
    });
}

#[test]
fn full_range() {
    let input = "-f lavfi -i testsrc2=s=320x240:r=25:d=1 -vf scale=out_range=pc -color_range pc \
                 -pix_fmt yuv420p -c:v ffv1 in.mkv";
    check(&Case { input, ..PLAIN });
    check(&Case {
        input,
        output: "out.mkv",
        encoder: "-c:v libx265 -preset ultrafast -x265-params log-level=none:crf=35",
        ..PLAIN
    });
}

#[test]
fn shapes() {
    check(&Case {
        input: "-f lavfi -i testsrc2=s=320x240:r=25:d=1,setsar=4/3 -pix_fmt yuv420p -c:v ffv1 in.mkv",
        ..PLAIN
    });
    check(&Case {
        input: "-f lavfi -i testsrc2=s=320x240:r=25:d=1 -vf tinterlace=interleave_top,fieldorder=tff \
                -pix_fmt yuv420p -c:v ffv1 in.mkv",
        encoder: "-c:v libx264 -preset veryfast -crf 35 -flags +ildct+ilme",
        size: "320x240",
        ..PLAIN
    });
    // Yadif makes two pictures of one.
    check(&Case {
        input: "-f lavfi -i testsrc2=s=320x240:r=50:d=1 -vf tinterlace=interleave_top,fieldorder=tff \
                -pix_fmt yuv420p -c:v ffv1 in.mkv",
        filters: "-vf yadif=1",
        ..PLAIN
    });
}

/// Pictures that a player turns; ffmpeg turns them before it encodes, or leaves that to the player of the output.
#[test]
fn rotation() {
    let sandbox = Sandbox::new();
    ffmpeg(
        &sandbox,
        "-f lavfi -i testsrc2=s=320x240:r=25:d=1 -pix_fmt yuv420p -c:v libx264 -qp 0 flat.mp4",
    );
    ffmpeg(
        &sandbox,
        "-display_rotation 90 -i flat.mp4 -c copy turned.mp4",
    );
    let turned = std::fs::read(sandbox.path("turned.mp4")).expect("a file");
    for (before, size) in [("", "240x320"), ("-noautorotate", "320x240")] {
        let sandbox = Sandbox::new();
        sandbox.write("turned.mp4", &turned);
        let case = Case {
            input: "-i turned.mp4 -c copy in.mkv",
            before,
            size,
            ..PLAIN
        };
        let quality = job(&sandbox, &case);
        assert_eq!(
            quality.domain.as_deref(),
            Some(&*format!("{size} yuv420p tv"))
        );
        let truth = truth(&sandbox, &case);
        assert!(
            (quality.scores[0].mean - truth["psnr"]).abs() < 0.05,
            "{quality:?} {truth:?}"
        );
    }
}

#[test]
fn encoders() {
    for (encoder, output, format) in [
        (
            "-c:v libx264 -preset veryfast -crf 35 -bf 8 -g 10 -flags -cgop -x264-params open-gop=1",
            "out.ts",
            "yuv420p",
        ),
        (
            "-c:v libx265 -preset ultrafast -x265-params log-level=none:crf=35",
            "out.mkv",
            "yuv420p",
        ),
        ("-c:v libsvtav1 -preset 12 -crf 50", "out.mp4", "yuv420p"),
        (
            "-c:v libvpx-vp9 -cpu-used 8 -deadline realtime -b:v 100k",
            "out.webm",
            "yuv420p",
        ),
        ("-c:v prores_ks", "out.mov", "yuv422p10le"),
    ] {
        check(&Case {
            encoder,
            output,
            format,
            input: "-f lavfi -i testsrc2=s=320x240:r=60000/1001:d=0.8 -pix_fmt yuv420p -c:v ffv1 in.mkv",
            ..PLAIN
        });
    }
}

#[test]
fn shortest_clips() {
    for frames in ["1", "2"] {
        let filters = format!("-frames:v {frames}");
        check(&Case {
            filters: filters.leak(),
            ..PLAIN
        });
    }
}

/// A real clip, taken by a camera, with B-frames and sound.
#[test]
fn a_real_clip() {
    let clip = tools::repository().join(".tools/clips/bikes.mp4");
    let input = format!("-i {} -t 4 -c copy in.mkv", clip.display()).leak();
    for (filters, mode, output, size) in [
        ("", "vfr", "out.mkv", "640x272"),
        ("-r 12 -vf scale=320:136", "cfr", "out.mp4", "320x136"),
    ] {
        check(&Case {
            input,
            filters,
            output,
            mode,
            size,
            ..PLAIN
        });
    }
}

/// The encoder left frames out on its own: nobody can say which.
#[test]
fn frames_that_an_encoder_drops() {
    check_refusal(
        &Case {
            encoder: "-c:v libvpx -b:v 5k -minrate 5k -maxrate 5k -bufsize 5k -drop-threshold 90 -deadline realtime",
            output: "out.webm",
            ..PLAIN
        },
        "misaligned: reference has 60 frames, output",
    );
}
