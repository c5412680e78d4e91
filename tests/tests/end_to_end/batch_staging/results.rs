//! What a job left in the bucket comes back: once, whole, and to where it belongs. No container runs here.

use std::os::unix::fs::PermissionsExt;

use ffbatch_dispatcher::exit::Exit;
use ffbatch_tests::aws::text;
use ffbatch_tests::tools;
use serde_json::json;

use super::place::{Place, files};

/// A job that writes `out/b.m3u8`, and its submission.
#[track_caller]
fn submitted() -> (Place, String, String) {
    let place = Place::new();
    place.sandbox.write("a.mp4", "a clip");
    let job = place.submit("-i a.mp4 out/b.m3u8");
    let submission = place.submission();
    (place, job, submission)
}

#[test]
fn everything_that_a_job_left_comes_back() {
    let (place, job, submission) = submitted();
    place.leave(&submission, "0/b.m3u8", "playlist");
    place.leave(&submission, "0/b0.ts", "first");
    place.leave(&submission, "0/more/b 1?.ts", "second");
    place.leave(&submission, "1/of-another.ts", "no");
    place.sandbox.write("out/b0.ts", "of an earlier run");
    place.succeed(&job);
    place.wait(&job).ok();
    let expected = [
        ("out/b.m3u8", "playlist"),
        ("out/b0.ts", "first"),
        ("out/more/b 1?.ts", "second"),
    ];
    let expected = expected.map(|(name, text)| (name.to_owned(), text.to_owned()));
    assert_eq!(files(&place, "out/"), expected.into());
    place.end_clean();
}

#[test]
fn a_second_time_only_what_is_missing_comes() {
    let (place, job, submission) = submitted();
    place.leave(&submission, "0/b.m3u8", "playlist");
    place.leave(&submission, "0/b0.ts", "first");
    place.succeed(&job);
    place.wait(&job).ok();
    place.sandbox.write("out/b.m3u8", "edited by hand");
    std::fs::remove_file(place.sandbox.path("out/b0.ts")).expect("it came");
    place.wait(&job).ok();
    assert_eq!(place.read("out/b.m3u8"), "edited by hand");
    assert_eq!(place.read("out/b0.ts"), "first");
    place.end_clean();
}

#[test]
fn of_a_job_that_failed_nothing_comes() {
    let (place, job, submission) = submitted();
    place.leave(&submission, "0/b0.ts", "half of it");
    place.end(&job, "FAILED", 4);
    place.wait(&job).fails(Exit::Ffmpeg, "");
    assert!(!place.sandbox.path("out").exists());
    place.end_clean();
}

#[test]
fn a_job_that_was_cancelled_brings_nothing() {
    let (place, job, submission) = submitted();
    place.leave(&submission, "0/b0.ts", "half of it");
    place.ask(&format!("cancel --compute arm {job}")).ok();
    place.wait(&job).fails(Exit::Interrupted, "");
    assert!(!place.sandbox.path("out").exists());
    place.end_clean();
}

#[test]
fn a_key_chose_a_place_of_its_own() {
    for name in ["0/../../escaped", "0//etc/escaped", "0/a/./escaped"] {
        let (place, job, submission) = submitted();
        place.leave(&submission, "0/b.m3u8", "playlist");
        place.leave(&submission, name, "harm");
        place.succeed(&job);
        place.wait(&job).fails(Exit::Output, "would lie outside of");
        assert!(!place.sandbox.path("out").exists(), "{name}");
        let all = place.sandbox.files();
        assert!(!all.iter().any(|file| file.contains("escaped")), "{all:?}");
        place.end_clean();
    }
}

#[test]
fn what_could_not_be_brought_comes_the_next_time() {
    let (place, job, submission) = submitted();
    place.leave(&submission, "0/b0.ts", "first");
    place.leave(&submission, "0/more/b1.ts", "second");
    place
        .sandbox
        .write("out/more", "a file where a directory should be");
    place.succeed(&job);
    let ended = place.wait(&job);
    ended.fails(
        Exit::Output,
        &format!("`ffbatch wait {job} --compute arm` brings them"),
    );
    std::fs::remove_file(place.sandbox.path("out/more")).expect("it is there");
    place.wait(&job).ok();
    assert_eq!(place.read("out/more/b1.ts"), "second");
    place.end_clean();
}

#[test]
fn whoever_left_comes_back_for_the_results() {
    let place = Place::new();
    place.sandbox.write("a.mp4", "a clip");
    let words = "run --compute arm -- ffmpeg -i a.mp4 out/b.mp4";
    let said = place.aws.left(&place.sandbox, words);
    let job = said
        .split_once("`ffbatch wait ")
        .and_then(|(_, rest)| rest.split(' ').next())
        .expect("it says how to come back")
        .to_owned();
    place.leave(&place.submission(), "0/b.mp4", "result");
    place.succeed(&job);
    place.wait(&job).ok();
    assert_eq!(place.read("out/b.mp4"), "result");
    place.end_clean();
}

#[test]
fn a_job_that_is_tried_again_brings_what_the_first_should_have() {
    let (place, job, submission) = submitted();
    place.end(&job, "FAILED", 4);
    let again = place.ask(&format!("retry --compute arm {job}"));
    let again = again.ok().stdout.trim().to_owned();
    assert_eq!(place.records().len(), 2);
    let outputs: Vec<String> = place
        .sent()
        .iter()
        .map(|asked| text(&asked["parameters"], "output_url"))
        .collect();
    assert_eq!(outputs[0], outputs[1]);
    place.leave(&submission, "0/b.m3u8", "playlist");
    place.succeed(&again);
    place.wait(&again).ok();
    assert_eq!(place.read("out/b.m3u8"), "playlist");
    place.end_clean();
}

#[test]
fn of_an_array_come_the_results_of_the_children_that_succeeded() {
    let place = Place::new();
    for name in ["a", "b", "c"] {
        place
            .sandbox
            .write(&format!("in/{name}.mp4"), format!("clip {name}"));
    }
    let jobs = "[[jobs]]\ncompute = 'arm'\nname = 'all'\ninputs = 'in/*.mp4'\noutput = 'out/{stem}/x.mkv'\ncommand = 'ffmpeg -i {input} {output}'\narray = true\n";
    place.sandbox.write("jobs.toml", jobs);
    let array = place.ask("submit jobs.toml");
    let array = array.ok().stdout.trim().to_owned();
    assert_eq!(place.uploaded(), ["a.mp4", "b.mp4", "c.mp4"]);
    let submission = place.submission();
    for index in 0..3 {
        place.leave(
            &submission,
            &format!("{index}/x.mkv"),
            &format!("result {index}"),
        );
    }
    place.succeed(&format!("{array}:0"));
    place.end(&format!("{array}:1"), "FAILED", 4);
    place.succeed(&format!("{array}:2"));
    place.wait(&array).fails(Exit::Jobs, "");
    let expected = [("out/a/x.mkv", "result 0"), ("out/c/x.mkv", "result 2")];
    let expected = expected.map(|(name, text)| (name.to_owned(), text.to_owned()));
    assert_eq!(files(&place, "out/"), expected.into());
    let again = place.ask(&format!("retry --compute arm {array}"));
    let again = again.ok().stdout.trim().to_owned();
    place.succeed(&again);
    place.wait(&again).ok();
    assert_eq!(place.read("out/b/x.mkv"), "result 1");
    place.end_clean();
}

#[test]
fn jobs_that_became_an_array_bring_each_their_own() {
    let place = Place::new();
    place.sandbox.write("a.mp4", "a clip");
    let line = |number: usize| {
        json!({ "compute": "arm", "command": format!("ffmpeg -ss {number} -i a.mp4 out/{number}.mp4") })
            .to_string()
    };
    let lines: Vec<String> = (0..120).map(line).collect();
    place.sandbox.write("jobs.ndjson", lines.join("\n"));
    let jobs = std::fs::File::open(place.sandbox.path("jobs.ndjson")).expect("it is there");
    let mut command = place.sandbox.command(&tools::ffbatch());
    command.args(["submit", "-"]).stdin(jobs);
    let submitted = place.sandbox.end(&mut command);
    let ids: Vec<String> = submitted.ok().stdout.lines().map(str::to_owned).collect();
    assert_eq!(place.aws.count("SubmitJob"), 1);
    let submission = place.submission();
    for index in [7, 70] {
        place.leave(
            &submission,
            &format!("{index}/{index}.mp4"),
            &format!("result {index}"),
        );
        place.succeed(&ids[index]);
    }
    place.wait(&format!("{} {}", ids[7], ids[70])).ok();
    assert_eq!(place.read("out/7.mp4"), "result 7");
    assert_eq!(files(&place, "out/").len(), 2);
    place.end_clean();
}

#[test]
fn a_record_is_nobody_elses_business() {
    let (place, _, submission) = submitted();
    let record = place
        .sandbox
        .directory("state")
        .join(format!("staged/{submission}.json"));
    let mode = record.metadata().expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let text = std::fs::read_to_string(record).expect("it can be read");
    let told: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let out = place.sandbox.path("out").display().to_string();
    let expected = json!({ "version": 1, "bucket": "media", "jobs": [[{ "from": format!("results/{submission}/0/"), "to": out }]] });
    assert_eq!(told, expected);
}
