//! Outputs of many files: everything ffmpeg wrote arrives, nothing else, and what refers to each other still does.

use ffbatch_tests::clip::SHORT;
use ffbatch_tests::media::{frames, hashes};
use ffbatch_tests::site::{Site, everywhere};

/// The encoder of these tests: fast, a key frame a second.
const ENCODE: &str = "-c:v libx264 -preset ultrafast -g 25 -c:a aac";

/// Runs a job and checks which files it leaves. Returns them in the order in which they were published.
#[track_caller]
fn check(site: &Site, line: &str, expected: &[&str]) -> Vec<String> {
    site.place(SHORT, "in.mp4");
    let ended = site.job(&format!("-i @in.mp4 {line}"));
    let report = ended.ok().report();
    site.assert_names(expected.iter().copied().chain(["in.mp4"]));
    let published: Vec<String> = report
        .outputs
        .iter()
        .map(|output| output.location.clone())
        .collect();
    assert_eq!(
        published.len(),
        expected.len(),
        "the report names what was published: {published:?}"
    );
    published
}

/// The files of an HLS or DASH presentation that its manifest names.
#[track_caller]
fn check_plays(site: &Site, manifest: &str) {
    assert_eq!(
        frames(&site.view(manifest)),
        50,
        "the manifest does not lead to every frame"
    );
}

#[test]
fn hls() {
    everywhere(|site| {
        check(
            site,
            &format!("{ENCODE} -f hls -hls_time 1 -hls_playlist_type vod @out/index.m3u8"),
            &["out/index.m3u8", "out/index0.ts", "out/index1.ts"],
        );
        check_plays(site, "out/index.m3u8");
    });
}

#[test]
fn hls_with_segments_in_a_directory_below() {
    everywhere(|site| {
        check(
            site,
            &format!(
                "{ENCODE} -f hls -hls_time 1 -hls_list_size 0 -hls_base_url parts/ -hls_segment_filename @out/parts/p%03d.ts @out/index.m3u8"
            ),
            &["out/index.m3u8", "out/parts/p000.ts", "out/parts/p001.ts"],
        );
        check_plays(site, "out/index.m3u8");
    });
}

#[test]
fn hls_with_segments_in_a_directory_beside() {
    everywhere(|site| {
        check(
            site,
            &format!(
                "{ENCODE} -f hls -hls_time 1 -hls_list_size 0 -hls_segment_filename @parts/p%03d.ts @lists/index.m3u8"
            ),
            &["lists/index.m3u8", "parts/p000.ts", "parts/p001.ts"],
        );
    });
}

#[test]
fn hls_in_fragmented_mp4() {
    everywhere(|site| {
        check(
            site,
            &format!(
                "{ENCODE} -f hls -hls_time 1 -hls_list_size 0 -hls_segment_type fmp4 -hls_fmp4_init_filename head.mp4 @out/index.m3u8"
            ),
            &[
                "out/head.mp4",
                "out/index.m3u8",
                "out/index0.m4s",
                "out/index1.m4s",
            ],
        );
        check_plays(site, "out/index.m3u8");
    });
}

#[test]
fn hls_with_variants() {
    everywhere(|site| {
        let published = check(
            site,
            "-map 0:v -map 0:a -map 0:v -map 0:a -c:v libx264 -preset ultrafast -g 50 -s:v:1 160x90 -c:a aac -f hls -hls_time 2 \
             -hls_list_size 0 -var_stream_map v:0,a:0\u{a0}v:1,a:1 -master_pl_name master.m3u8 @out/v%v/index.m3u8",
            &[
                "out/master.m3u8",
                "out/v0/index.m3u8",
                "out/v0/index0.ts",
                "out/v1/index.m3u8",
                "out/v1/index0.ts",
            ],
        );
        check_plays(site, "out/v1/index.m3u8");
        check_plays(site, "out/master.m3u8");
        // Whoever reads the list of lists finds the lists.
        let last = published.last().expect("files were published");
        assert!(last.ends_with("out/master.m3u8"), "{published:?}");
    });
}

#[test]
fn dash() {
    everywhere(|site| {
        check(
            site,
            &format!("{ENCODE} -an -f dash -seg_duration 1 @out/manifest.mpd"),
            &[
                "out/chunk-stream0-00001.m4s",
                "out/chunk-stream0-00002.m4s",
                "out/init-stream0.m4s",
                "out/manifest.mpd",
            ],
        );
    });
}

#[test]
fn segments_with_their_list() {
    everywhere(|site| {
        check(
            site,
            &format!(
                "{ENCODE} -f segment -segment_time 1 -reset_timestamps 1 -segment_list @parts/list.csv @parts/p%03d.mp4"
            ),
            &["parts/list.csv", "parts/p000.mp4", "parts/p001.mp4"],
        );
        assert_eq!(
            frames(&site.view("parts/p000.mp4")) + frames(&site.view("parts/p001.mp4")),
            50
        );
        let list = String::from_utf8(site.bytes("parts/list.csv")).expect("a text");
        assert!(
            list.starts_with("p000.mp4,"),
            "the list names the segments as they are at the destination: {list}"
        );
    });
}

#[test]
fn tee_into_two_files() {
    everywhere(|site| {
        check(
            site,
            &format!("-map 0 {ENCODE} -f tee [f=mpegts]@a/x.ts|[f=mp4]@b/y.mp4"),
            &["a/x.ts", "b/y.mp4"],
        );
        assert_eq!(frames(&site.view("a/x.ts")), 50);
        assert_eq!(
            hashes(&site.view("a/x.ts"), "v:0"),
            hashes(&site.view("b/y.mp4"), "v:0")
        );
    });
}

#[test]
fn several_outputs_in_one_command() {
    everywhere(|site| {
        check(
            site,
            "-map 0:v -c:v libx264 -preset ultrafast @big.mp4 -map 0:v -s 160x90 -c:v libx264 -preset ultrafast @small/x.mkv -map 0:a @sound.wav",
            &["big.mp4", "small/x.mkv", "sound.wav"],
        );
        assert_eq!(frames(&site.view("small/x.mkv")), 50);
    });
}

#[test]
fn two_thousand_images() {
    everywhere(|site| {
        let ended = site.job("-f lavfi -i testsrc2=size=64x36:rate=25:duration=80 @shots/%05d.png");
        ended.ok();
        let expected: Vec<String> = (1..=2000)
            .map(|number| format!("shots/{number:05}.png"))
            .collect();
        site.assert_names(expected.iter().map(String::as_str));
    });
}

#[test]
fn side_files_arrive_and_pass_logs_do_not() {
    everywhere(|site| {
        check(
            site,
            "-c:v libx264 -preset ultrafast -vstats_file @logs/v.txt @out.mp4",
            &["logs/v.txt", "out.mp4"],
        );
    });
}
