//! Whatever is stopped, killed or removed: no job is lost, none runs twice at the same time, and none has succeeded that did not.

use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::state::State;
use ffbatch_tests::clip::LONG;
use ffbatch_tests::docker::done;
use ffbatch_tests::media::frames;
use ffbatch_tests::queue::{self, Who};
use ffbatch_tests::sandbox::until;
use rustix::process::{Pid, Signal, kill_process};

use super::place::{Place, container, inspect};

/// Takes three seconds.
const SLOW: &str = "-- ffmpeg -re -i in.mp4 -t 3 -c:v libx264 -preset ultrafast out.mp4";

#[test]
fn a_container_that_was_stopped_runs_again() {
    let Some(place) = Place::with(LONG) else {
        return;
    };
    let job = place.submit(SLOW);
    let first = place.encoding(&job);
    done(["stop", &first]);
    place.ask(&format!("wait {job}")).ok();
    let detail = place.detail(&job);
    let codes: Vec<Option<i32>> = detail
        .attempts
        .iter()
        .map(|attempt| attempt.exit_code)
        .collect();
    assert_eq!(codes, [Some(75), Some(0)]);
    assert_eq!(frames(&place.sandbox.path("out.mp4")), 75);
    place.end_clean();
}

#[test]
fn a_container_that_was_removed_runs_again() {
    let Some(place) = Place::with(LONG) else {
        return;
    };
    let job = place.submit(SLOW);
    let first = place.encoding(&job);
    done(["rm", "--force", &first]);
    place.ask(&format!("wait {job}")).ok();
    let detail = place.detail(&job);
    assert_eq!(detail.attempts.len(), 2, "{detail:#?}");
    let reason = detail.attempts[0].reason.as_deref().unwrap_or_default();
    assert!(reason.starts_with("Host lost the container"), "{reason}");
    assert_eq!(frames(&place.sandbox.path("out.mp4")), 75);
    place.end_clean();
}

#[test]
fn a_container_that_was_killed_has_failed() {
    let Some(place) = Place::with(LONG) else {
        return;
    };
    let job = place.submit(SLOW);
    done(["kill", &place.encoding(&job)]);
    let waited = place.ask(&format!("wait {job}"));
    waited.fails(Exit::Machine, "the worker was killed (signal 9");
    let detail = place.detail(&job);
    assert_eq!(detail.summary.state, State::Failed);
    let [attempt] = &detail.attempts[..] else {
        panic!("there was one attempt: {detail:#?}");
    };
    assert_eq!(attempt.exit_code, Some(137));
    assert!(!place.sandbox.path("out.mp4").exists());
    // What a killed worker could not take away, the next one in the same place does.
    place
        .run("-i in.mp4 -t 1 -c:v libx264 -preset ultrafast out.mp4")
        .ok();
    place.end_clean();
}

#[test]
fn a_container_depends_on_nobody_who_watches_it() {
    let Some(place) = Place::with(LONG) else {
        return;
    };
    let words = format!("run --name watched {SLOW}");
    let mut person = place.start(&words);
    until("the job is there", || {
        let listed = place.ask("list --json");
        listed.code == Some(0) && listed.stdout.contains("watched")
    });
    let job = queue::list(&place.sandbox).jobs.remove(0).id;
    let first = place.encoding(&job);
    // All at once.
    person.kill().expect("it runs");
    person.wait().expect("it has ended");
    assert_eq!(queue::kill(&place.sandbox, Who::Runner), 1);
    assert_eq!(inspect(&first)["State"]["Running"], true);
    let waited = place.ask(&format!("wait {job}"));
    waited.ok();
    assert_eq!(place.detail(&job).attempts.len(), 1, "it ran twice");
    assert_eq!(frames(&place.sandbox.path("out.mp4")), 75);
    // The events of both runners are there, each once.
    let logs = place.ask(&format!("logs --json {job}"));
    let count = |part: &str| logs.stdout.matches(part).count();
    let each = ["\"hello\"", "\"finished\""].map(count);
    assert_eq!(each, [1, 1], "{logs}");
    place.end_clean();
}

#[test]
fn a_container_that_ended_while_nobody_watched_tells_how() {
    let Some(place) = Place::with(LONG) else {
        return;
    };
    let job = place.submit(SLOW);
    let first = place.encoding(&job);
    queue::kill(&place.sandbox, Who::Runner);
    done(["wait", &first]);
    place.ask(&format!("wait {job}")).ok();
    let detail = place.detail(&job);
    assert_eq!(detail.attempts.len(), 1, "{detail:#?}");
    assert_eq!(frames(&place.sandbox.path("out.mp4")), 75);
    place.end_clean();
}

#[test]
fn ctrl_c_stops_the_container() {
    let Some(place) = Place::with(LONG) else {
        return;
    };
    let words = "run --name mine -- ffmpeg -re -i in.mp4 -c:v libx264 -preset ultrafast out.mp4";
    let person = place.start(words);
    until("the job is there", || {
        place.ask("list --json").stdout.contains("mine")
    });
    let job = queue::list(&place.sandbox).jobs.remove(0).id;
    place.encoding(&job);
    kill_process(Pid::from_child(&person), Signal::INT).expect("it runs");
    let ended = person.wait_with_output().expect("it ends");
    assert_eq!(ended.status.code(), Some(75));
    assert_eq!(container(&job), None);
    assert!(!place.sandbox.path("out.mp4").exists());
    place.end_clean();
}

#[test]
fn a_job_that_takes_too_long_is_stopped() {
    let Some(place) = Place::with(LONG) else {
        return;
    };
    let job = place.submit("--timeout 1 -- ffmpeg -re -i in.mp4 -c copy out.mp4");
    let waited = place.ask(&format!("wait {job}"));
    waited.fails(Exit::Interrupted, "exceeded timeout");
    assert_eq!(place.detail(&job).attempts.len(), 1);
    place.end_clean();
}

#[test]
fn a_job_that_needs_more_memory_than_it_has_says_so() {
    let Some(place) = Place::with(LONG) else {
        return;
    };
    let job = place.submit(
        "--memory-mib 64 -- ffmpeg -i in.mp4 -vf scale=7680:4320 -c:v libx264 -preset slow out.mp4",
    );
    let waited = place.ask(&format!("wait {job}"));
    waited.fails(Exit::Machine, "used all of its 64 MiB of memory");
    let detail = place.detail(&job);
    let [attempt] = &detail.attempts[..] else {
        panic!("there was one attempt: {detail:#?}");
    };
    assert_eq!(attempt.exit_code, Some(137));
    let why = place.ask(&format!("why {job}"));
    assert!(why.ok().stdout.contains("--memory-mib"), "{why}");
    assert!(!place.sandbox.path("out.mp4").exists());
    place.end_clean();
}
