//! Inputs that name other files: lists, playlists and image sequences bring all that they name, wherever it is.

use ffbatch_dispatcher::exit::Exit;
use ffbatch_tests::clip::{OTHER, SHORT};
use ffbatch_tests::media::{frames, hashes};
use ffbatch_tests::site::{Site, everywhere};

/// Asserts how many frames an output has.
#[track_caller]
fn check_frames(site: &Site, name: &str, expected: usize) {
    assert_eq!(frames(&site.view(name)), expected, "{name}");
}

#[test]
fn a_list_beside_its_files() {
    everywhere(|site| {
        site.place(SHORT, "clips/one.mp4");
        site.place(SHORT, "clips/more/two.mp4");
        let list = b"ffconcat version 1.0\nfile one.mp4\nfile 'more/two.mp4'\nfile one.mp4\n";
        site.put("clips/list.txt", list);
        site.put("clips/list.ffconcat", list);
        site.job("-f concat -i @clips/list.txt -c copy @out.mp4")
            .ok();
        check_frames(site, "out.mp4", 150);
        site.job("-i @clips/list.ffconcat -c copy @probed.mp4").ok();
        check_frames(site, "probed.mp4", 150);
    });
}

#[test]
fn a_list_of_absolute_paths() {
    let site = Site::local();
    site.place(SHORT, "my clips/it's one.mp4");
    let path = site.sandbox.path("my clips/it's one.mp4");
    let quoted = path.display().to_string().replace('\'', r"'\''");
    site.put(
        "list.txt",
        format!("file '{quoted}'\nfile 'file:{quoted}'\n").as_bytes(),
    );
    site.job("-f concat -safe 0 -i list.txt -c copy out.mp4")
        .ok();
    check_frames(&site, "out.mp4", 100);
    site.job("-f concat -i list.txt -c copy strict.mp4")
        .fails(Exit::Input, "line 1 of `[sandbox]/files/list.txt`")
        .fails(Exit::Input, "-safe 0");
}

#[test]
fn a_list_of_places_everywhere() {
    everywhere(|site| {
        // The list is on this machine in both cases, and so is one of its files.
        site.sandbox.place(SHORT, "here.mp4");
        site.place(SHORT, "a b?#%41,ü.mp4");
        let list = format!(
            "file here.mp4\nfile '{}'\nfile here.mp4\n",
            site.name("a b?#%41,ü.mp4")
        );
        site.sandbox.write("list.txt", list);
        site.job("-f concat -safe 0 -i list.txt -c copy @out.mp4")
            .ok();
        check_frames(site, "out.mp4", 150);
    });
}

#[test]
fn a_staged_list_whose_files_are_elsewhere() {
    everywhere(|site| {
        site.place(SHORT, "one.mp4");
        site.place(SHORT, "two.mp4");
        site.put("list.txt", b"file 'one.mp4'\nfile 'two.mp4'\n");
        site.job_with(
            "--file @list.txt --file @two.mp4",
            "-f concat -i list.txt -c copy @out.mp4",
        )
        .ok();
        check_frames(site, "out.mp4", 100);
    });
}

#[test]
fn what_is_wrong_in_a_list_is_said_with_its_line() {
    everywhere(|site| {
        site.place(SHORT, "one.mp4");
        let check = |list: &str, part: &str| {
            site.put("list.txt", list.as_bytes());
            let ended = site.job("-f concat -safe 0 -i @list.txt -c copy @out.mp4");
            ended.fails(Exit::Input, part);
            assert!(!site.names().contains("out.mp4"));
        };
        check("file one.mp4\nfile no.mp4\n", "no.mp4");
        check("file one.mp4\n\nfile rtmp://h/live\n", "line 3");
        check("file /proc/self/environ\n", "line 1");
        check("file one.mp4\nfile gopher://h/x\n", "unknown scheme");
    });
}

#[test]
fn files_joined_as_bytes() {
    everywhere(|site| {
        site.place(SHORT, "in.mp4");
        site.job("-i @in.mp4 -c copy -f mpegts @a.ts").ok();
        site.job("-i @in.mp4 -c copy -f mpegts @b/a.ts").ok();
        site.job("-i concat:@a.ts|@b/a.ts -c:v ffv1 -an -fps_mode passthrough @joined.mkv")
            .ok();
        check_frames(site, "joined.mkv", 100);
        // The names of concatf are relative to where the command is typed.
        let list = format!("{}\n{}\n", site.name("a.ts"), site.name("b/a.ts"));
        site.put("sub/list.txt", list.as_bytes());
        site.job("-i concatf:@sub/list.txt -c:v ffv1 -an -fps_mode passthrough @listed.mkv")
            .ok();
        check_frames(site, "listed.mkv", 100);
    });
}

#[test]
fn playlists_bring_their_segments() {
    everywhere(|site| {
        site.place(SHORT, "in.mp4");
        site.put("key.bin", b"0123456789abcdef");
        let info = format!("key.bin\n{}\n", site.name("key.bin"));
        site.put("key.info", info.as_bytes());
        site.job(
            "-i @in.mp4 -c copy -f hls -hls_time 0.4 -hls_base_url seg/ -hls_segment_filename @plain/seg/p%03d.ts @plain/index.m3u8",
        )
        .ok();
        site.job("-i @plain/index.m3u8 -c copy @plain.mp4").ok();
        check_frames(site, "plain.mp4", 50);
        site.job(
            "-i @in.mp4 -c copy -f hls -hls_time 0.4 -hls_segment_type fmp4 -hls_fmp4_init_filename init/i.mp4 @fmp4/index.m3u8",
        )
        .ok();
        assert!(
            site.names().contains("fmp4/init/i.mp4"),
            "{:?}",
            site.names()
        );
        site.job("-i @fmp4/index.m3u8 -c copy @fmp4.mp4").ok();
        check_frames(site, "fmp4.mp4", 50);
        site.job("-i @in.mp4 -c copy -f hls -hls_time 0.4 -hls_key_info_file @key.info @secret/index.m3u8")
            .ok();
        site.put("secret/key.bin", b"0123456789abcdef");
        site.job("-allowed_extensions ALL -i @secret/index.m3u8 -c copy @open.mp4")
            .ok();
        check_frames(site, "open.mp4", 50);
    });
}

#[test]
fn playlists_of_playlists() {
    everywhere(|site| {
        site.place(SHORT, "in.mp4");
        site.job("-i @in.mp4 -c copy -f hls -hls_time 0.4 @m/v/index.m3u8")
            .ok();
        site.put(
            "m/main.m3u8",
            b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=90000\nv/index.m3u8\n",
        );
        site.job("-i @m/main.m3u8 -c copy @out.mp4").ok();
        check_frames(site, "out.mp4", 50);
        site.put("m/v/index.m3u8", b"#EXTM3U\n#EXTINF:1,\nnone.ts\n");
        site.job("-i @m/main.m3u8 -c copy @again.mp4")
            .fails(Exit::Input, "none.ts");
    });
}

#[test]
fn a_playlist_of_thousands_of_segments() {
    let site = Site::local();
    site.place(SHORT, "in.mp4");
    site.job("-i in.mp4 -c copy -f mpegts s.ts").ok();
    let segment = site.bytes("s.ts");
    let mut playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n".to_owned();
    for number in 0..3000 {
        let name = format!("segments of a whole day/segment-{number:05}.ts");
        site.put(&name, &segment);
        playlist.extend(["#EXTINF:2,\n", &name, "\n"]);
    }
    site.put("day.m3u8", (playlist + "#EXT-X-ENDLIST\n").as_bytes());
    site.job("-i day.m3u8 -t 1 -c copy out.mp4").ok();
}

#[test]
fn manifests_that_a_job_does_not_follow() {
    everywhere(|site| {
        site.put(
            "in.mpd",
            b"<?xml version=\"1.0\"?>\n<MPD type=\"static\"></MPD>",
        );
        site.job("-i @in.mpd @out.mp4")
            .fails(Exit::Input, "DASH manifest");
        site.put("in.sdp", b"v=0\no=- 0 0 IN IP4 127.0.0.1\n");
        site.job("-i @in.sdp @out.mp4")
            .fails(Exit::Input, "live session");
    });
}

#[test]
fn directories_of_names_beside_an_output() {
    everywhere(|site| {
        site.place(SHORT, "in.mp4");
        site.job(
            "-i @in.mp4 -c copy -f dash -init_seg_name seg/init-$RepresentationID$.m4s -media_seg_name v$RepresentationID$/$Number$.m4s @dash/index.mpd",
        )
        .ok();
        let names = site.names();
        for name in ["dash/seg/init-0.m4s", "dash/v0/1.m4s", "dash/v1/1.m4s"] {
            assert!(names.contains(name), "`{name}` is not in {names:?}");
        }
    });
}

#[test]
fn files_of_filters_with_any_name() {
    let cube = "LUT_3D_SIZE 2\n1 1 1\n0 1 1\n1 0 1\n0 0 1\n1 1 0\n0 1 0\n1 0 0\n0 0 0\n";
    everywhere(|site| {
        site.place(SHORT, "in.mp4");
        site.place(OTHER, "it's, [a]; b=c.mp4");
        site.put("it's, [a]; b=c.cube", cube.as_bytes());
        // Three levels of quoting: the colon of `s3:` in an argument, the argument in a graph.
        let escaped = |name: &str| {
            let argument = site.name(name).replace('\'', "\\'").replace(':', "\\:");
            let graph = argument
                .chars()
                .map(|c| {
                    if "\\'[],;".contains(c) {
                        format!("\\{c}")
                    } else {
                        c.to_string()
                    }
                })
                .collect::<String>();
            graph.replace(' ', "\u{a0}")
        };
        let lut = escaped("it's, [a]; b=c.cube");
        site.job("-i @in.mp4 -an -c:v ffv1 @plain.mkv").ok();
        site.job(&format!(
            "-i @in.mp4 -vf lut3d=file={lut} -an -c:v ffv1 @lut.mkv"
        ))
        .ok();
        let movie = escaped("it's, [a]; b=c.mp4");
        site.job(&format!(
            "-i @in.mp4 -filter_complex movie=filename={movie}[over];[0:v][over]overlay -an -c:v ffv1 @over.mkv"
        ))
        .ok();
        let plain = hashes(&site.view("plain.mkv"), "v:0");
        for changed in ["lut.mkv", "over.mkv"] {
            assert_ne!(hashes(&site.view(changed), "v:0")[0], plain[0], "{changed}");
        }
        site.job("-i @in.mp4 -vf lut3d=missing.cube @out.mp4")
            .fails(Exit::Input, "lut3d: there is no file");
    });
}

#[test]
fn image_sequences() {
    everywhere(|site| {
        site.place(SHORT, "in.mp4");
        site.job("-i @in.mp4 -frames:v 5 @frames/f%05d.png").ok();
        site.job("-i @frames/f%05d.png -c:v ffv1 @out.mkv").ok();
        check_frames(site, "out.mkv", 5);
        site.job("-pattern_type glob -i @frames/*[1-3].png -c:v ffv1 @glob.mkv")
            .ok();
        check_frames(site, "glob.mkv", 3);
        site.job("-i @frames/g%05d.png -c:v ffv1 @none.mkv")
            .fails(Exit::Input, "nothing matches");
        for number in 0..3 {
            let picture = site.bytes("frames/f00001.png");
            site.put(&format!("100%/a%{number}.png"), &picture);
        }
        site.job("-i @100%%/a%%%d.png -c:v ffv1 @percent.mkv").ok();
        check_frames(site, "percent.mkv", 3);
    });
}
