//! Inputs of every kind go up, each once, and what cannot come along is refused before anything moves.

use std::os::unix::fs::symlink;

use ffbatch_dispatcher::exit::Exit;
use ffbatch_tests::aws::text;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use serde_json::json;

use super::place::{Place, words};

#[test]
fn an_input_goes_up_once_however_often_it_is_read() {
    let place = Place::new();
    place.sandbox.write("a.mp4", "a clip");
    place.submit("-i a.mp4 out/b.mp4");
    place.submit("-i a.mp4 out/c.mp4");
    assert_eq!(place.uploaded(), ["a.mp4"]);
    place.sandbox.write("a.mp4", "another");
    place.submit("-i a.mp4 out/d.mp4");
    assert_eq!(place.uploaded(), ["a.mp4", "a.mp4"]);
    let asked = place.sent();
    let input = text(&asked[0]["parameters"], "input_url");
    assert_eq!(place.object(&input), "a clip");
    let input = text(&asked[2]["parameters"], "input_url");
    assert_eq!(place.object(&input), "another");
    let output = text(&asked[0]["parameters"], "output_url");
    let (before, name) = output.split_at(output.len() - "/0/b.mp4".len());
    assert!(before.starts_with("s3://media/results/"), "{output}");
    assert_eq!(name, "/0/b.mp4");
    assert_eq!(place.records().len(), 3);
    place.end_clean();
}

#[test]
fn a_job_that_names_no_path_of_this_machine_leaves_nothing_here() {
    let place = Place::new();
    place.submit("-i s3://media/a.mp4 s3://media/b.mp4");
    assert!(place.records().is_empty());
    assert_eq!(place.aws.stored("media"), Vec::<String>::new());
    place.end_clean();
}

#[test]
fn an_upload_that_was_cut_short_is_made_again() {
    let place = Place::new();
    place.sandbox.write("a.mp4", "a clip");
    place.submit("-i a.mp4 out/b.mp4");
    let input = text(&place.sent()[0]["parameters"], "input_url");
    place
        .aws
        .s3()
        .put("media", &input["s3://media/".len()..], "a cl");
    place.submit("-i a.mp4 out/c.mp4");
    assert_eq!(place.object(&input), "a clip");
}

#[test]
fn a_thousand_jobs_of_one_file_read_and_send_it_once() {
    let place = Place::new();
    place.sandbox.write("a.mp4", "a clip");
    let line = |number: usize| {
        json!({ "compute": "arm", "command": format!("ffmpeg -ss {number} -i a.mp4 out/{number}.mp4") })
            .to_string()
    };
    let lines: Vec<String> = (0..1000).map(line).collect();
    place.sandbox.write("jobs.ndjson", lines.join("\n"));
    let jobs = std::fs::File::open(place.sandbox.path("jobs.ndjson")).expect("it is there");
    let mut command = place.sandbox.command(&ffbatch_tests::tools::ffbatch());
    command.args(["submit", "-"]).stdin(jobs);
    let submitted = place.sandbox.end(&mut command);
    assert_eq!(submitted.ok().stdout.lines().count(), 1000);
    assert_eq!(place.uploaded(), ["a.mp4"]);
    assert_eq!(place.aws.count("SubmitJob"), 1);
    place.end_clean();
}

#[test]
fn what_a_command_names_besides_its_inputs_comes_along() {
    let place = Place::new();
    place.sandbox.write("in put.mp4", "a clip");
    place.sandbox.write("it's.srt", "subtitles");
    place.sandbox.write("look.cube", "colours");
    place.sandbox.write("notes.txt", "notes");
    place.sandbox.write("model.json", "{}");
    place.sandbox.write("fonts/a.ttf", "a font");
    let words_typed = [
        "submit",
        "--compute",
        "arm",
        "--file",
        "notes.txt",
        "--quality",
        "vmaf",
        "--vmaf-model",
        "./model.json",
        "--",
        "ffmpeg",
        "-i",
        "in put.mp4",
        "-vf",
        r"subtitles=it\\\'s.srt:fontsdir=fonts,lut3d=look.cube",
        "out/b.mp4",
    ];
    place.sandbox.ffbatch(words_typed).ok();
    let expected = [
        "a.ttf",
        "in put.mp4",
        "it's.srt",
        "look.cube",
        "model.json",
        "notes.txt",
    ];
    assert_eq!(place.uploaded(), expected);
    let asked = place.sent();
    let words = words(&asked[0]);
    assert!(
        words[3].contains(r"subtitles=s3\\://media/inputs/"),
        "{words:?}"
    );
    let own = place.sandbox.path("").display().to_string();
    assert!(!asked[0].to_string().contains(&own), "{:#}", asked[0]);
    place.end_clean();
}

#[test]
fn files_that_belong_together_stay_together() {
    let place = Place::new();
    for number in 1..=6 {
        place
            .sandbox
            .write(&format!("f/{number:03}.png"), format!("picture {number}"));
    }
    place.sandbox.write("f/other.png", "no part of it");
    place.submit("-i f/%03d.png out/b.mp4");
    assert_eq!(place.uploaded().len(), 6);
    let pattern = text(&place.sent()[0]["parameters"], "input_url");
    let first = pattern.replace("%03d", "001");
    assert!(first.ends_with("/001.png"), "{pattern}");
    assert_eq!(place.object(&first), "picture 1");
    place.submit("-i f/%03d.png out/c.mp4");
    assert_eq!(place.uploaded().len(), 6, "they were there");
    // The name of one is a part of what they are.
    std::fs::rename(
        place.sandbox.path("f/006.png"),
        place.sandbox.path("f/007.png"),
    )
    .expect("renamed");
    place.submit("-i f/%03d.png out/d.mp4");
    assert_eq!(place.uploaded().len(), 12);
    place.sandbox.write("hls/v/0.ts", "segment");
    place
        .sandbox
        .write("hls/v/i.m3u8", "#EXTM3U\n#EXTINF:2,\n0.ts\n");
    place.sandbox.write(
        "hls/all.m3u8",
        "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv/i.m3u8\n",
    );
    place.submit("-i hls/all.m3u8 out/e.mp4");
    let playlist = text(&place.sent()[3]["parameters"], "input_url");
    assert_eq!(
        place.object(&playlist.replace("all.m3u8", "v/0.ts")),
        "segment"
    );
    place.end_clean();
}

#[test]
fn a_list_is_sent_with_other_names_and_what_they_stand_for() {
    let place = Place::new();
    place.sandbox.write("clips/one.mp4", "one");
    place
        .sandbox
        .write("clips/list.txt", "file one.mp4\nfile more/two.mp4\n");
    place.sandbox.write("clips/more/two.mp4", "two");
    place.submit("-f concat -i clips/list.txt -c copy out/b.mp4");
    assert_eq!(place.uploaded(), ["list.txt", "one.mp4", "two.mp4"]);
    let asked = &place.sent()[0]["parameters"];
    let list = place.object(&text(asked, "input_url"));
    let names: Vec<&str> = list
        .lines()
        .filter_map(|line| line.split('\'').nth(1))
        .collect();
    assert_eq!(names.len(), 2, "{list}");
    assert_eq!(place.object(names[1]), "two");
    // ffmpeg would refuse the names that stand there now, and not those that were typed.
    assert_eq!(text(asked, "input_file_options"), "-f concat -safe 0");
    place.end_clean();
}

/// Asserts that a command is refused with this, and that nothing has moved.
#[track_caller]
fn check_refused(place: &Place, command: &str, exit: Exit, why: &str) {
    let ended = place.ffmpeg("run", command);
    ended.fails(exit, why);
    assert_eq!(ended.stderr.trim().lines().count(), 1, "{}", ended.stderr);
    assert_eq!(place.aws.stored("media"), Vec::<String>::new(), "{command}");
    assert_eq!(place.aws.count("SubmitJob"), 0, "{command}");
    assert!(place.records().is_empty(), "{command}");
}

#[test]
fn what_cannot_come_along_is_refused_before_anything_moves() {
    let place = Place::new();
    place.sandbox.write("a.mp4", "a clip");
    place.sandbox.write("empty.mp4", "");
    place
        .sandbox
        .write("dash.mpd", "<?xml version=\"1.0\"?>\n<MPD xmlns=\"urn\">");
    place
        .sandbox
        .write("far.m3u8", "#EXTM3U\n#EXTINF:2,\n../a.mp4\n");
    place
        .sandbox
        .write("odd.txt", "#EXTM3U\n#EXTINF:2,\na.mp4\n");
    place
        .sandbox
        .write("gone.txt", "file a.mp4\nfile gone.mp4\n");
    place.sandbox.write("nested.txt", "file list.ffconcat\n");
    place
        .sandbox
        .write("list.ffconcat", "ffconcat version 1.0\nfile a.mp4\n");
    place.sandbox.write("unsafe.txt", "file 'a b.mp4'\n");
    let fifo = place.sandbox.path("fifo");
    mknodat(CWD, &fifo, FileType::Fifo, Mode::from_raw_mode(0o600), 0).expect("a pipe");
    symlink(place.sandbox.path("a.mp4"), place.sandbox.path("link.mp4")).expect("a link");
    for (command, why) in [
        ("-i missing.mp4 b.mp4", "there is no file"),
        (
            "-i a.mp4 -vf subtitles=missing.srt b.mp4",
            "subtitles: there is no file",
        ),
        ("-i . b.mp4", "is a directory"),
        ("-i empty.mp4 b.mp4", "is empty (0 bytes)"),
        ("-i fifo b.mp4", "is a pipe or a socket"),
        ("-i /dev/null b.mp4", "belongs to the kernel"),
        ("-i /proc/self/environ b.mp4", "belongs to the kernel"),
        ("-i none/%03d.png b.mp4", "there is no file"),
        ("-i %03d.png b.mp4", "nothing matches"),
        ("-i dash.mpd b.mp4", "is a DASH manifest"),
        ("-i far.m3u8 b.mp4", "line 3 of"),
        ("-i odd.txt b.mp4", "rename it to end in .m3u8"),
        ("-f concat -i gone.txt b.mp4", "line 2 of"),
        ("-f concat -i nested.txt b.mp4", "name its files"),
        ("-f concat -i unsafe.txt b.mp4", "add -safe 0"),
    ] {
        check_refused(&place, command, Exit::Input, why);
    }
    for (command, why) in [
        ("-i a.mp4 -f mp4 -y .", "names a directory"),
        ("-i a.mp4 a.mp4/b.mp4", "is a file"),
        ("-i a.mp4 -f mp4 link.mp4", "is the same file as the input"),
        ("-i a.mp4 -f mp4 fifo", "a pipe or a socket"),
        (
            "-i a.mp4 -pass 2 -passlogfile log b.mp4",
            "both passes in one job",
        ),
    ] {
        check_refused(&place, command, Exit::Rejected, why);
    }
    place.end_clean();
}

#[test]
fn a_job_that_was_refused_leaves_no_record() {
    let place = Place::new();
    place.sandbox.write("a.mp4", "a clip");
    place.aws.fault(&json!({ "operation": "SubmitJob", "times": 1, "status": 400, "code": "ClientException", "message": "no" }));
    place
        .ffmpeg("submit", "-i a.mp4 b.mp4")
        .fails(Exit::Rejected, "");
    assert!(place.records().is_empty());
    // What was uploaded is there for the next time.
    place.submit("-i a.mp4 b.mp4");
    assert_eq!(place.uploaded(), ["a.mp4"]);
    assert_eq!(place.records().len(), 1);
}

#[test]
fn a_job_that_reads_what_another_one_writes_finds_it_in_the_bucket() {
    let place = Place::new();
    place.sandbox.write("a.mp4", "a clip");
    place.sandbox.write("list.txt", "file out/a.mkv\n");
    let jobs = "[defaults]\ncompute = 'arm'\n\
        [[jobs]]\nname = 'cut'\ncommand = 'ffmpeg -i a.mp4 out/a.mkv'\n\
        [[jobs]]\nname = 'pack'\nneeds = ['cut']\ncommand = 'ffmpeg -i out/a.mkv out/a.webm'\n\
        [[jobs]]\nname = 'join'\nneeds = ['cut']\ncommand = 'ffmpeg -f concat -i list.txt out/all.mp4'\n";
    place.sandbox.write("jobs.toml", jobs);
    place.ask("submit jobs.toml").ok();
    let asked = place.sent();
    let written = text(&asked[0]["parameters"], "output_url");
    assert_eq!(text(&asked[1]["parameters"], "input_url"), written);
    let list = place.object(&text(&asked[2]["parameters"], "input_url"));
    assert_eq!(list, format!("file '{written}'\n"));
    assert_eq!(place.uploaded(), ["a.mp4", "list.txt"]);
    place.end_clean();
}
