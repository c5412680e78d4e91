//! Bytes in, bytes out.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};

use ffbatch_dispatcher::exit::Exit;
use ffbatch_tests::clip::SHORT;
use ffbatch_tests::media::{frames, hashes};

use super::place::Place;

#[test]
fn two_outputs_a_report_and_a_segment() {
    let Some(place) = Place::with(SHORT) else {
        return;
    };
    let command = "-i in.mp4 -c copy out/a.mp4 -c:v libx264 -preset ultrafast -an out/b.mkv";
    let ran = place.run(command);
    let report = ran.ok().report();
    let at = |name: &str| place.sandbox.path(name);
    assert_eq!(
        hashes(&at("out/a.mp4"), "v:0"),
        hashes(&at("in.mp4"), "v:0")
    );
    assert_eq!(frames(&at("out/b.mkv")), 50);
    let here = rustix::process::geteuid().as_raw();
    let owner = fs::metadata(at("out/b.mkv")).expect("there").uid();
    assert_eq!(owner, here, "the result belongs to somebody else");
    // The names are those of this machine.
    let named: Vec<&str> = report
        .outputs
        .iter()
        .map(|output| &*output.location)
        .collect();
    let expected = [at("out/a.mp4"), at("out/b.mkv")];
    assert_eq!(
        named,
        expected.each_ref().map(|path| path.to_string_lossy())
    );
    assert_eq!((report.exit, report.attempt), (Exit::Succeeded, 1));
    let id = &report.job_id;
    let documents = ffbatch_tests::sandbox::files_below(&place.sandbox.directory("state/metrics"));
    for kind in ["jobs/", "xray/"] {
        let found = |name: &&String| name.starts_with(kind) && name.contains(&**id);
        assert!(documents.iter().any(|name| found(&name)), "{documents:?}");
    }
    place.end_clean();
}

#[test]
fn playlists_lists_pictures_and_two_commands() {
    let Some(place) = Place::with(SHORT) else {
        return;
    };
    let at = |name: &str| place.sandbox.path(name);
    place
        .run("-i in.mp4 -c copy -f hls -hls_time 0.4 -hls_playlist_type vod -hls_base_url ../seg/ -hls_segment_filename seg/%03d.ts hls/i.m3u8")
        .ok();
    assert_eq!(frames(&at("seg/000.ts")), 10);
    let list = fs::read_to_string(at("hls/i.m3u8")).expect("it is there");
    assert!(list.contains("../seg/004.ts"), "{list}");
    place.run("-i in.mp4 -frames:v 7 pictures/%03d.png").ok();
    place
        .run("-i pictures/%03d.png -c:v libx264 moved.mp4")
        .ok();
    assert_eq!(frames(&at("moved.mp4")), 7);
    place.sandbox.write(
        "lists/l.txt",
        "file ../in.mp4\nfile '../moved.mp4'\nfile ../in.mp4\n",
    );
    place
        .run("-f concat -safe 0 -i lists/l.txt -map 0:v -c copy two.mp4 --then ffmpeg -i two.mp4 -c copy again/three.mkv")
        .ok();
    assert_eq!(hashes(&at("again/three.mkv"), "v:0").len(), 107);
    // What the first command writes is there already this time.
    place
        .run("-i in.mp4 -c copy two.mp4 --then ffmpeg -i two.mp4 -c copy again/three.mkv")
        .ok();
    assert_eq!(frames(&at("again/three.mkv")), 50);
    place.end_clean();
}

#[test]
fn quality_is_measured_in_the_container() {
    let Some(place) = Place::with(SHORT) else {
        return;
    };
    let ran = place.ask("run --json --quality psnr,vmaf -- ffmpeg -i in.mp4 -c:v libx264 -preset ultrafast -crf 30 -an out.mp4");
    let report = serde_json::to_value(ran.ok().report()).expect("plain data");
    let scores = report["quality"].to_string();
    for part in ["psnr", "vmaf", "\"mean\":"] {
        assert!(scores.contains(part), "{scores}");
    }
    place.end_clean();
}

#[test]
fn names_that_a_bind_of_the_engine_would_take_apart() {
    let Some(place) = Place::with(SHORT) else {
        return;
    };
    let odd = "a b:c,d'ü=%41;$x \"e\".mp4";
    fs::rename(place.sandbox.path("in.mp4"), place.sandbox.path(odd)).expect("our own");
    let output = format!("o:ut, dir/{odd}");
    let ran = place.sandbox.job(["-i", odd, "-c", "copy", &output]);
    ran.ok();
    assert_eq!(frames(&place.sandbox.path(&output)), 50);
    place.end_clean();
}

#[test]
fn links_and_paths_that_lead_around() {
    let Some(place) = Place::with(SHORT) else {
        return;
    };
    let at = |name: &str| place.sandbox.path(name);
    for directory in ["real", "deep/er"] {
        fs::create_dir_all(at(directory)).expect("our own");
    }
    fs::rename(at("in.mp4"), at("real/in.mp4")).expect("our own");
    symlink(at("real/in.mp4"), at("link.mp4")).expect("our own");
    symlink("real", at("linked")).expect("our own");
    place.run("-i link.mp4 -c copy out/1.mp4").ok();
    place.run("-i linked/in.mp4 -c copy linked/2.mp4").ok();
    place
        .run("-i deep/er/../../real/in.mp4 -c copy deep/../out/3.mp4")
        .ok();
    for output in ["out/1.mp4", "real/2.mp4", "out/3.mp4"] {
        assert_eq!(frames(&at(output)), 50, "{output}");
    }
    let replaced = place.run("-i link.mp4 -c copy real/in.mp4");
    replaced.fails(Exit::Rejected, "is the same file as the input");
    assert_eq!(frames(&at("real/in.mp4")), 50);
    place.end_clean();
}

#[test]
fn failures_say_what_they_say_everywhere() {
    let Some(place) = Place::with(SHORT) else {
        return;
    };
    let missing = place.run("-i none.mp4 out.mp4");
    missing.fails(Exit::Input, "[sandbox]/files/none.mp4");
    let wrong = place.run("-i in.mp4 -c:v nosuch out.mp4");
    wrong.fails(Exit::Ffmpeg, "nosuch");
    let nowhere = place.run("-i in.mp4 /usr/out.mp4");
    nowhere.fails(Exit::Rejected, "write to another directory");
    assert!(!place.sandbox.path("out.mp4").exists());
    place.end_clean();
}
