//! Pixel formats: no filter compares in one that nobody chose, and what is converted keeps its score.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use ffbatch_dispatcher::metric::{GraphPart, Metric};
use ffbatch_media::measure::Domain;
use ffbatch_media::probe::Video;
use ffbatch_media::run::{Happening, Stdout};

use crate::quality::{compare, metrics, near, only, pooled, score, source};
use crate::setup::{Room, go};

/// The forms in which pictures of all formats that this ffmpeg converts are compared.
fn compared_in(room: &Room) -> BTreeSet<String> {
    let mut listing = room.run("-pix_fmts");
    listing.stdout = Stdout::Lines;
    let (finished, happenings) = go(&listing);
    assert!(finished.expect("ffmpeg starts").exit.success());
    let formats = happenings.iter().filter_map(|happening| {
        let Happening::Output(line) = happening else {
            return None;
        };
        let (flags, rest) = line.split_once(' ')?;
        flags
            .starts_with("IO")
            .then(|| rest.split(' ').next().unwrap_or_default())
    });
    let domain = |format: &str| {
        let video = Video {
            pixel_format: format.to_owned(),
            ..Video::default()
        };
        Domain::of(&video, &video, (128, 96)).pixel_format
    };
    let all: Vec<_> = formats.map(domain).collect();
    assert!(all.len() > 150, "{all:?}");
    all.into_iter().collect()
}

/// The log of all metrics over two equal pictures of a format, and how many notes were made.
fn log_of(room: &Room, format: &str, metrics: &[&'static Metric]) -> (Vec<String>, usize) {
    let (mut pads, mut graph, mut outputs, mut notes) =
        (String::new(), String::new(), String::new(), 0);
    for (at, metric) in metrics.iter().enumerate() {
        let branch = (metric.graph)(&GraphPart {
            distorted: &format!("[d{at}]"),
            reference: &format!("[r{at}]"),
            log: &format!("{}.log", metric.name),
            threads: 1,
            width: 128,
            height: 96,
            pixel_format: format,
            frame_rate: Some(25.0),
            transfer: None,
            model: None,
        });
        notes += branch.notes.len();
        let _ = write!(pads, "[d{at}][r{at}]");
        let _ = write!(graph, ";{}[m{at}]", branch.text);
        let _ = write!(outputs, " -map [m{at}] -f null -");
    }
    let both = 2 * metrics.len();
    let made = format!("testsrc2=s=128x96:r=25:d=0.08,scale,format={format},split={both}{pads}");
    let (finished, happenings) = room.confined(&format!(
        "-v verbose -filter_complex {made}{graph}{outputs}"
    ));
    assert!(finished.exit.success(), "{format}: {finished:?}");
    let lines = happenings
        .into_iter()
        .filter_map(|happening| match happening {
            Happening::Line(line) => Some(line.text),
            _ => None,
        });
    (lines.collect(), notes)
}

#[test]
fn no_conversion_is_left_to_ffmpeg() {
    let room = Room::new();
    let formats = compared_in(&room);
    assert!((40..80).contains(&formats.len()), "{formats:?}");
    for format in &formats {
        let (log, notes) = log_of(&room, format, &metrics());
        let silent: Vec<_> = log
            .iter()
            .filter(|line| line.contains("auto_scale"))
            .collect();
        assert!(silent.is_empty(), "{format}: {silent:#?}");
        let is_plain = ["yuv420p", "yuv422p", "yuv444p"].iter().any(|base| {
            format.starts_with(base) && !format.contains("14") && !format.ends_with("9le")
        });
        assert_eq!(notes == 0, is_plain, "{format} has {notes} notes");
    }
}

/// The two sides of a comparison in a pixel format, both made from lossless files by a chain of filters.
fn converted(room: &Room, from: [&str; 2], filters: &str) -> [String; 2] {
    from.map(|name| {
        let made = format!("{}-{name}", filters.len());
        let command = format!("-i {name} -vf {filters} -c:v ffv1 {made}");
        assert!(room.unconfined(&command), "{command}");
        made
    })
}

/// A lossless original of a pixel format and what an encoder left of it, as lossless files.
fn pair(room: &Room, format: &str, encoder: &str) -> [&'static str; 2] {
    let make = "-f lavfi -i testsrc2=s=320x240:r=25:d=0.4,noise=alls=10";
    assert!(room.unconfined(&format!("{make} -vf scale,format={format} -c:v ffv1 a.mkv")));
    assert!(room.unconfined(&format!("-i a.mkv -c:v {encoder} b.mp4")));
    assert!(room.unconfined("-i b.mp4 -c:v ffv1 b.mkv"));
    ["a.mkv", "b.mkv"]
}

#[test]
fn gray_has_the_score_of_its_luma() {
    let room = Room::new();
    let colour = pair(&room, "yuv420p", "libx264 -crf 38");
    let gray = converted(&room, colour, "extractplanes=y");
    let of = |sides: [&str; 2]| {
        let [reference, distorted] = sides.map(|name| source(&room.mine(name)));
        compare(&room, reference, distorted, metrics()).expect("scores")
    };
    let (colour, gray) = (of(colour), of([&gray[0], &gray[1]]));
    assert!(gray.domain.pixel_format.starts_with("gray"));
    near(
        pooled(&gray, "psnr", "psnr_y"),
        pooled(&colour, "psnr", "psnr_y"),
    );
    near(
        pooled(&gray, "ssim", "ssim_y"),
        pooled(&colour, "ssim", "ssim_y"),
    );
    let vmaf = pooled(&gray, "vmaf", "vmaf");
    near(vmaf, pooled(&colour, "vmaf", "vmaf"));
    assert!((20.0..95.0).contains(&vmaf), "{vmaf}");
}

/// What `zimg`, another library than ffmpeg's own, makes of the same RGB has the same score within what rounding can do.
#[test]
fn rgb_is_judged_by_the_matrix_of_hd() {
    let room = Room::new();
    let rgb = pair(&room, "gbrp", "libx264rgb -crf 38");
    let yuv = converted(
        &room,
        rgb,
        "zscale=matrixin=gbr:rangein=full:matrix=709:range=limited,format=yuv444p",
    );
    let of = |sides: [&str; 2]| {
        let [reference, distorted] = sides.map(|name| source(&room.mine(name)));
        compare(&room, reference, distorted, only("vmaf")).expect("a score")
    };
    let (rgb, yuv) = (of(rgb), of([&yuv[0], &yuv[1]]));
    assert_eq!(
        score(&rgb).notes,
        ["compared in yuv444p (BT.709): libvmaf takes no gbrp"]
    );
    assert!(score(&yuv).notes.is_empty());
    let (rgb, yuv) = (score(&rgb).mean, score(&yuv).mean);
    assert!((rgb - yuv).abs() < 0.05, "{rgb} {yuv}");
    assert!((20.0..95.0).contains(&rgb), "{rgb}");
}

#[test]
fn identical_rgb_and_alpha_are_identical() {
    for (format, encoder) in [
        ("gbrp", "libx264rgb -qp 0 -preset ultrafast"),
        ("yuva444p10le", "ffv1 -f matroska"),
    ] {
        let room = Room::new();
        let sides = pair(&room, format, encoder);
        let [reference, distorted] = sides.map(|name| source(&room.mine(name)));
        let measured = compare(&room, reference, distorted, metrics()).expect("scores");
        assert_eq!(measured.domain.pixel_format, format);
        assert!(pooled(&measured, "psnr", "psnr_avg").is_infinite());
        assert!(pooled(&measured, "xpsnr", "xpsnr_min").is_infinite());
        near(pooled(&measured, "ssim", "ssim_avg"), 1.0);
        let vmaf = pooled(&measured, "vmaf", "vmaf");
        assert!(vmaf > 95.0, "{format}: {vmaf}");
    }
}
