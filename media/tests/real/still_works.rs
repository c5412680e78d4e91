//! What people really do must work under the full confinement.

use ffbatch_media::run::Happening;

use crate::setup::Room;

const SOURCE: &str = "-f lavfi -i testsrc2=s=320x240:d=0.4:r=25";

#[track_caller]
fn check(room: &Room, command: &str, files: &[&str]) {
    let (finished, _) = room.confined(command);
    assert!(
        finished.exit.success(),
        "{command}: {:?}",
        finished.stderr_tail
    );
    for file in files {
        let size = std::fs::metadata(room.mine(file)).map(|meta| meta.len());
        assert!(size.is_ok_and(|size| size > 0), "{command}: no {file}");
    }
}

#[test]
fn encoders() {
    let room = Room::new();
    for (encoder, file) in [
        ("libx264", "a.mp4"),
        ("libx265", "b.mp4"),
        ("libsvtav1", "c.webm"),
        ("libvpx-vp9", "d.webm"),
        ("libaom-av1 -cpu-used 8", "e.mkv"),
        ("ffv1", "f.mkv"),
    ] {
        check(&room, &format!("{SOURCE} -c:v {encoder} {file}"), &[file]);
    }
    let sound = "-f lavfi -i sine=d=0.4";
    check(&room, &format!("{sound} -c:a libopus a.opus"), &["a.opus"]);
    check(&room, &format!("{sound} -c:a libmp3lame a.mp3"), &["a.mp3"]);
}

#[test]
fn outputs_of_many_files() {
    let room = Room::new();
    std::fs::create_dir(room.mine("hls")).expect("a directory");
    check(
        &room,
        &format!(
            "{SOURCE} -c:v libx264 -g 5 -f hls -hls_time 0.1 -hls_segment_filename hls/%03d.ts hls/index.m3u8"
        ),
        &["hls/index.m3u8", "hls/000.ts", "hls/001.ts"],
    );
    check(
        &room,
        &format!("{SOURCE} -c:v libx264 dash.mpd"),
        &["dash.mpd", "init-stream0.m4s"],
    );
    check(
        &room,
        &format!("{SOURCE} %03d.png"),
        &["001.png", "010.png"],
    );
    check(
        &room,
        &format!("{SOURCE} -c:v libx264 -flags +global_header -map 0 -f tee one.mkv|two.mp4"),
        &["one.mkv", "two.mp4"],
    );
    check(
        &room,
        &format!("{SOURCE} -c:v libx264 -movflags +faststart fast.mp4"),
        &["fast.mp4"],
    );
}

#[test]
fn two_passes() {
    let room = Room::new();
    for encoder in ["libx264", "libx265"] {
        let passes = |pass| match encoder {
            "libx265" => format!("-x265-params pass={pass}:stats={encoder}.log"),
            _ => format!("-pass {pass}"),
        };
        check(
            &room,
            &format!("{SOURCE} -c:v {encoder} -b:v 100k {} -f null -", passes(1)),
            &[],
        );
        check(
            &room,
            &format!("{SOURCE} -c:v {encoder} -b:v 100k {} two.mkv", passes(2)),
            &["two.mkv"],
        );
    }
}

#[test]
fn text_and_subtitles() {
    let room = Room::new();
    std::fs::write(
        room.mine("a.srt"),
        "1\n00:00:00,000 --> 00:00:01,000\nHello\n",
    )
    .expect("a file");
    check(
        &room,
        &format!("{SOURCE} -vf subtitles=a.srt -c:v libx264 text.mp4"),
        &["text.mp4"],
    );
}

#[test]
fn measuring() {
    let room = Room::new();
    check(
        &room,
        &format!(
            "{SOURCE} {SOURCE} -lavfi libvmaf=log_fmt=json:log_path=vmaf.json:n_threads=2 -f null -"
        ),
        &["vmaf.json"],
    );
}

#[test]
fn the_log_has_no_complaint_about_the_confinement() {
    let room = Room::new();
    let (_, happenings) = room.confined(&format!("{SOURCE} -c:v libx264 a.mp4"));
    for happening in &happenings {
        if let Happening::Line(line) = happening {
            assert!(!line.text.contains("ermission denied"), "{}", line.text);
        }
    }
}
