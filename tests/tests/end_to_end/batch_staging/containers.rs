//! From files of this machine to files of this machine, by the real worker in real containers.

use ffbatch_dispatcher::exit::Exit;
use ffbatch_tests::aws::Aws;
use ffbatch_tests::clip::{self, SHORT};
use ffbatch_tests::image;
use ffbatch_tests::media::frames;

use super::place::Place;

/// A machine with a clip at `in.mp4`; `None`, said loudly, without a Docker engine.
#[track_caller]
fn room() -> Option<Place> {
    let place = Place::of(Aws::with_docker()?, &image::worker());
    place.sandbox.place(SHORT, "in.mp4");
    Some(place)
}

#[test]
fn a_job_on_files_of_this_machine() {
    let Some(place) = room() else { return };
    let ran = place.ffmpeg("run", "-i in.mp4 -c copy out/b.mp4");
    ran.ok();
    assert_eq!(frames(&place.sandbox.path("out/b.mp4")), 50);
    // The closing table names the file that lies here.
    assert!(ran.stdout.contains("\nout/b.mp4"), "{ran}");
    let record = place.submission();
    let key = format!("results/{record}/0/b.mp4");
    let there = place.aws.s3().get("media", &key);
    assert!(there == std::fs::read(place.sandbox.path("out/b.mp4")).expect("it is here"));
    place.end_clean();
}

#[test]
fn outputs_of_many_files_and_a_side_file() {
    let Some(place) = room() else { return };
    let subtitles = "1\n00:00:00,000 --> 00:00:01,000\nhello\n";
    place.sandbox.write("a.srt", subtitles);
    place
        .ffmpeg("run", "-i in.mp4 -i a.srt -map 0:v -map 1 -c:v copy -c:s mov_text sub.mp4 -map 0:v -c:v libx264 -g 10 -f hls -hls_time 0.4 -hls_playlist_type vod hls/i.m3u8 -map 0:v -frames:v 7 pictures/%03d.png")
        .ok();
    assert_eq!(frames(&place.sandbox.path("sub.mp4")), 50);
    assert_eq!(frames(&place.sandbox.path("hls/i.m3u8")), 50);
    let pictures = place.sandbox.files().into_iter();
    let pictures = pictures.filter(|name| name.starts_with("pictures/"));
    assert_eq!(pictures.count(), 7);
    // And back again: what came is an input like any other.
    place.ffmpeg("run", "-i hls/i.m3u8 -c copy again.mp4").ok();
    assert_eq!(frames(&place.sandbox.path("again.mp4")), 50);
    place
        .ffmpeg("run", "-i pictures/%03d.png -c:v libx264 moved.mp4")
        .ok();
    assert_eq!(frames(&place.sandbox.path("moved.mp4")), 7);
    place.end_clean();
}

#[test]
fn a_list_and_two_commands() {
    let Some(place) = room() else { return };
    place.sandbox.write("clips/one.mp4", clip::bytes(SHORT));
    place
        .sandbox
        .write("clips/list.txt", "file one.mp4\nfile one.mp4\n");
    let command =
        "-f concat -i clips/list.txt -c copy two.mp4 --then ffmpeg -i two.mp4 -c copy three.mkv";
    place.ffmpeg("run", command).ok();
    assert_eq!(frames(&place.sandbox.path("three.mkv")), 100);
    place.end_clean();
}

#[test]
fn a_job_that_fails_brings_nothing() {
    let Some(place) = room() else { return };
    let ended = place.ffmpeg(
        "run",
        "-i in.mp4 -c copy out/one.mp4 -c:v nonsense out/two.mp4",
    );
    ended.fails(Exit::Ffmpeg, "");
    assert!(!place.sandbox.path("out").exists());
    place.end_clean();
}

#[test]
fn an_array_of_files_of_this_machine() {
    let Some(place) = room() else { return };
    for name in ["a", "b", "c"] {
        place.sandbox.place(SHORT, &format!("in/{name}.mp4"));
    }
    let jobs = "[[jobs]]\ncompute = 'arm'\ninputs = 'in/*.mp4'\noutput = 'out/{stem}.mkv'\ncommand = 'ffmpeg -i {input} -c copy {output}'\narray = true\n";
    place.sandbox.write("jobs.toml", jobs);
    place.ask("submit jobs.toml --wait").ok();
    for name in ["a", "b", "c"] {
        assert_eq!(
            frames(&place.sandbox.path(format!("out/{name}.mkv"))),
            50,
            "{name}"
        );
    }
    // Three names of one file.
    assert_eq!(place.uploaded(), ["a.mp4", "b.mp4", "c.mp4"]);
    place.end_clean();
}
