//! Scores through the whole chain: right where frame n is compared with frame n, refused with a reason everywhere else.

use std::collections::BTreeMap;

use ffbatch_dispatcher::report::{OutputQuality, Report};
use ffbatch_tests::clip::{CUT, SHORT};
use ffbatch_tests::media::frames;
use ffbatch_tests::sandbox::Sandbox;
use ffbatch_tests::site::{Site, everywhere};
use ffbatch_tests::tools;
use ffbatch_tests::unshared::unshared;
use serde_json::{Value, json};

const VIF_MODEL: &[u8] = include_bytes!("../../../media/tests/fixtures/vif_model.json");

const ENCODE: &str = "-an -c:v libx264 -preset ultrafast";

#[track_caller]
fn measured(site: &Site, line: &str) -> Vec<OutputQuality> {
    site.place(SHORT, "in.mp4");
    let report = site
        .job_with("--quality psnr,ssim,vmaf,xpsnr", line)
        .ok()
        .report();
    let quality = report.quality.expect("quality was asked for");
    assert_eq!(quality.refused, None);
    quality.outputs
}

/// The same for a command with one output.
#[track_caller]
fn measured_once(site: &Site, line: &str) -> OutputQuality {
    let mut outputs = measured(site, line);
    assert_eq!(outputs.len(), 1, "{outputs:?}");
    outputs.remove(0)
}

#[test]
fn all_metrics_in_one_pass() {
    everywhere(|site| {
        let quality = measured_once(site, &format!("-i @in.mp4 {ENCODE} -crf 30 @out.mp4"));
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
        let at = quality
            .frames_at
            .as_ref()
            .expect("a document of every frame");
        let document = std::fs::read(at).expect("it is on this machine");
        let document: Value = serde_json::from_slice(&document).expect("JSON");
        for score in &quality.scores {
            let frames = document[&score.metric].as_array().map(Vec::len);
            assert_eq!(frames, Some(50), "{at}");
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
        let quality = measured_once(&site, &format!("-i in.mp4 {ENCODE} -crf {crf} out.mp4"));
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

/// Each stream of each file that is encoded, and a word on all others.
#[test]
fn every_output_is_told_of() {
    everywhere(|site| {
        let line = "-i @in.mp4 -filter_complex [0:v]split[a][b];[a]scale=160:-2[small] \
            -map [small] -c:v libx264 -preset ultrafast -an @small.mp4 \
            -map [b] -map 0:a -c:v libx264 -preset ultrafast -c:a copy @large.mkv \
            -vn -c:a copy @sound.m4a";
        let outputs = measured(site, line);
        let said: Vec<(String, usize, Option<&str>)> = outputs
            .iter()
            .map(|output| {
                let name = output.location.rsplit('/').next().unwrap_or_default();
                (
                    name.to_owned(),
                    output.scores.len(),
                    output.domain.as_deref(),
                )
            })
            .collect();
        let at = |domain| Some(domain);
        assert_eq!(
            said,
            [
                ("small.mp4".to_owned(), 4, at("160x90 yuv420p tv")),
                ("large.mkv".to_owned(), 4, at("320x180 yuv420p tv")),
                ("sound.m4a".to_owned(), 0, None),
            ]
        );
        assert_eq!(
            outputs[2].refused["*"],
            "nothing to compare: there is no video in it"
        );
    });
}

/// A playlist names its segments, which are where the command has put them.
#[test]
fn a_playlist_is_measured_with_its_segments() {
    everywhere(|site| {
        let line = format!(
            "-i @in.mp4 {ENCODE} -g 10 -hls_time 1 -hls_base_url parts/ -hls_segment_filename @parts/%d.ts @list.m3u8"
        );
        let quality = measured_once(site, &line);
        assert_eq!(quality.refused, BTreeMap::new());
        assert_eq!(quality.scores[0].frames, 50);
    });
}

/// What an earlier command of the job has made is a source like another, also after it was published.
#[test]
fn a_chain_of_commands_is_measured_link_by_link() {
    everywhere(|site| {
        site.place(SHORT, "in.mp4");
        let line = format!(
            "-i @in.mp4 {ENCODE} -crf 20 @mid.mp4 --then ffmpeg -i @mid.mp4 -vf hflip {ENCODE} -crf 40 @out.mp4"
        );
        let report = site.job_with("--quality psnr", &line).ok().report();
        let outputs = report.quality.expect("asked for").outputs;
        let scores: Vec<f64> = outputs
            .iter()
            .flat_map(|one| &one.scores)
            .map(|score| score.mean)
            .collect();
        assert!(
            scores.len() == 2 && scores[0] > scores[1] && scores[1] > 20.0,
            "{outputs:?}"
        );
    });
}

/// A model is named, or lies in a file here or in S3; one that ffmpeg cannot load costs its own score only.
#[test]
fn the_model_that_was_asked_for_judges() {
    everywhere(|site| {
        site.place(SHORT, "in.mp4");
        site.put("own.json", VIF_MODEL);
        site.put("broken.json", b"{");
        for (model, name) in [
            ("neg", Some("vmaf_v0.6.1neg")),
            (&*site.name("own.json"), Some("own.json")),
            (&*site.name("broken.json"), None),
        ] {
            let job = json!({
                "version": 1,
                "commands": [site.words(&format!("-i @in.mp4 {ENCODE} @out.mp4"))],
                "quality": ["psnr", "vmaf"],
                "vmaf_model": model,
            });
            let words = ["--report", "r.json", "--job", &job.to_string()];
            site.sandbox.worker(words).ok();
            let report = std::fs::read(site.sandbox.path("r.json")).expect("a report");
            let report: Report = serde_json::from_slice(&report).expect("JSON");
            let quality = report.quality.expect("asked for");
            let vmaf = quality.outputs[0]
                .scores
                .iter()
                .find(|score| score.metric == "vmaf");
            assert_eq!(
                vmaf.and_then(|score| score.model.as_deref()),
                name,
                "{quality:?}"
            );
            let refused = quality.outputs[0].refused.get("vmaf");
            assert_eq!(refused.is_some(), name.is_none(), "{quality:?}");
            assert!(refused.is_none_or(|why| why.contains("could not load libvmaf model")));
            assert_eq!(quality.outputs[0].scores[0].metric, "psnr");
        }
    });
}

#[test]
fn what_is_not_certain_gets_a_reason_and_no_number() {
    let site = Site::local();
    for (line, part) in [
        ("-i in.mp4 ENCODE -fs 10k out.mp4", "-fs"),
        ("-i in.mp4 ENCODE -vf random=frames=4 out.mp4", "`random`"),
        (
            "-i in.mp4 ENCODE -f segment out%d.mp4",
            "sequences of files",
        ),
        ("-i in.mp4 -frames:v 2 out%d.png", "sequences of files"),
    ] {
        let quality = measured_once(&site, &line.replace("ENCODE", ENCODE));
        assert!(quality.scores.is_empty(), "`{line}`: {quality:?}");
        assert!(quality.refused["*"].contains(part), "`{line}`: {quality:?}");
    }
}

/// The encode stands, the report is written, and both say what is missing.
#[test]
fn a_disk_that_is_full_costs_the_values_of_every_frame() {
    let sandbox = Sandbox::with(SHORT, "in.mp4");
    let state = sandbox.directory("small");
    let line = format!(
        "mkdir -p {state}; mount -t tmpfs -o size=40k none {state}; \
         FFBATCH_STATE_DIR={state} {worker} --report r.json --job '{job}'",
        state = state.display(),
        worker = tools::worker().display(),
        job = json!({
            "version": 1,
            "commands": [["-i", "in.mp4", "-c:v", "libx264", "-preset", "ultrafast", "out.mp4"]],
            "quality": ["psnr", "ssim", "vmaf", "xpsnr"],
        }),
    );
    let Some(ended) = unshared(&sandbox, &["-rm"], &line) else {
        return;
    };
    ended.ok();
    let report = std::fs::read(sandbox.path("r.json")).expect("a report");
    let report: Report = serde_json::from_slice(&report).expect("JSON");
    let quality = report.quality.expect("asked for");
    assert_eq!(quality.outputs[0].scores.len(), 4);
    assert_eq!(quality.outputs[0].frames_at, None);
    let said = report.notes.iter().filter(|note| {
        note.starts_with("the values of every frame are not at")
            && note.contains("the disk is full")
    });
    assert_eq!(said.count(), 1, "{:?}", report.notes);
    assert!(frames(&sandbox.path("out.mp4")) == 50);
}

/// What is broken in the middle is measured as it is decoded; the report says that ffmpeg complained.
#[test]
fn a_broken_frame_in_the_source_is_said() {
    let sandbox = Sandbox::with(CUT, "whole.mp4");
    let mut bytes = std::fs::read(sandbox.path("whole.mp4")).expect("readable");
    let at = bytes
        .windows(4)
        .position(|four| four == b"mdat")
        .expect("a box")
        + 20_000;
    bytes[at..at + 200].fill(0x55);
    sandbox.write("in.mp4", &bytes);
    let line = format!("run --json --quality psnr -- ffmpeg -i in.mp4 {ENCODE} out.mp4");
    let report = sandbox.ffbatch(line.split_ascii_whitespace()).ok().report();
    let output = &report.quality.expect("asked for").outputs[0];
    assert!(
        output.scores.len() == 1 && output.scores[0].mean > 20.0,
        "{output:?}"
    );
    assert!(
        output
            .notes
            .iter()
            .any(|note| note.starts_with("ffmpeg complained while it decoded")),
        "{output:?}"
    );
}

/// A size that is a multiple of the output's gives a number of its own, and says so.
#[test]
fn a_scaled_output_at_its_sources_size() {
    let sandbox = Sandbox::with(SHORT, "in.mp4");
    let quality = |at_source_size: bool| {
        let job = json!({
            "version": 1,
            "commands": [["-i", "in.mp4", "-vf", "hflip,scale=160:90", "-an", "-c:v", "libx264", "-qp", "0", "out.mp4"]],
            "quality": ["psnr"],
            "at_source_size": at_source_size,
        });
        sandbox
            .worker(["--report", "r.json", "--job", &job.to_string()])
            .ok();
        let report = std::fs::read(sandbox.path("r.json")).expect("a report");
        let report: Report = serde_json::from_slice(&report).expect("JSON");
        report.quality.expect("asked for").outputs.remove(0)
    };
    let (own, source) = (quality(false), quality(true));
    // A lossless encode of what it was given, which is less than the source.
    assert!(
        own.scores[0].mean.is_infinite() && own.notes.is_empty(),
        "{own:?}"
    );
    assert_eq!(own.domain.as_deref(), Some("160x90 yuv420p tv"));
    assert!((15.0..50.0).contains(&source.scores[0].mean), "{source:?}");
    assert_eq!(source.domain.as_deref(), Some("320x180 yuv420p tv"));
    assert_eq!(
        source.notes,
        ["compared at the source's size: the output was scaled from 160x90 (bicubic)"]
    );
}
