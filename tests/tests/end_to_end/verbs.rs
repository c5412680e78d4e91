//! The verbs about jobs in a queue, as people and programs use them.

use ffbatch_dispatcher::detail::Listing;
use ffbatch_dispatcher::event::Event;
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::state::State;
use ffbatch_tests::clip::SHORT;
use ffbatch_tests::ended::Ended;
use ffbatch_tests::media::frames;
use ffbatch_tests::queue::{self, Who};
use ffbatch_tests::sandbox::{Sandbox, until};
use ffbatch_tests::tools;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

/// Takes two seconds.
const SLOW: &str = "-re -i in.mp4 -c copy";

#[track_caller]
fn say(sandbox: &Sandbox, line: &str) -> Ended {
    sandbox.ffbatch(line.split(' '))
}

/// Jobs that end well and otherwise.
#[track_caller]
fn three() -> Sandbox {
    let sandbox = Sandbox::with(SHORT, "in.mp4");
    queue::submit(
        &sandbox,
        &[
            queue::line("good", "-i in.mp4 -c copy good.mp4"),
            queue::line("bad", "-i in.mp4 -c:v nosuch bad.mp4"),
            queue::line("missing", "-i none.mp4 missing.mp4"),
        ],
    );
    say(&sandbox, "wait good bad missing");
    sandbox
}

#[test]
fn a_script_gets_an_id_and_waits_for_it() {
    let sandbox = Sandbox::with(SHORT, "in.mp4");
    let submitted = say(
        &sandbox,
        "submit --name clip -- ffmpeg -i in.mp4 -c copy out.mp4",
    );
    let id = submitted.ok().stdout.trim().to_owned();
    assert_eq!(id.len(), 36, "only the id: {submitted}");
    say(&sandbox, &format!("wait {id}")).ok();
    assert_eq!(frames(&sandbox.path("out.mp4")), 50);
    say(&sandbox, &format!("wait {}", &id[..8])).ok();
    say(&sandbox, "wait clip").ok();
}

#[test]
fn a_gpu_was_asked_of_a_machine_that_hands_out_none() {
    let sandbox = Sandbox::with(SHORT, "in.mp4");
    let refused = say(&sandbox, "run --gpus 1 -- ffmpeg -i in.mp4 out.mp4");
    refused.fails(Exit::Rejected, "asks for a GPU");
    let refused = say(
        &sandbox,
        "run --name clip --instance-type c7g.large -- ffmpeg -i in.mp4 out.mp4",
    );
    refused.fails(Exit::Rejected, "job `clip` asks for an instance type");
    assert_eq!(queue::count(&sandbox), 0);
}

#[test]
fn the_exit_code_of_wait_is_that_of_the_job_or_7() {
    let sandbox = three();
    for (jobs, code) in [
        ("good", 0),
        ("bad", 4),
        ("missing", 3),
        ("good bad", 7),
        ("bad missing", 7),
    ] {
        let ended = say(&sandbox, &format!("wait {jobs}"));
        assert_eq!(ended.code, Some(code), "{jobs}: {ended}");
        let json: Value =
            serde_json::from_str(&say(&sandbox, &format!("wait --json {jobs}")).stdout)
                .expect("one object");
        assert_eq!(json["code"], code, "{json:#}");
    }
}

#[test]
fn listings_are_filtered() {
    let sandbox = three();
    let names = |flags: &str| -> Vec<String> {
        let ended = say(&sandbox, &format!("list --json{flags}"));
        let listing: Listing = serde_json::from_str(&ended.ok().stdout).expect("a listing");
        listing.jobs.into_iter().map(|job| job.name).collect()
    };
    assert_eq!(names(""), ["good", "bad", "missing"]);
    assert_eq!(names(" --status failed"), ["bad", "missing"]);
    assert_eq!(names(" --status SUCCEEDED,RUNNING"), ["good"]);
    assert_eq!(names(" --name *ing"), ["missing"]);
    assert_eq!(names(" --since 1h --limit 1"), ["missing"]);
    assert_eq!(names(" --since 2999-01-01"), [""; 0]);
    say(&sandbox, "list --status DONE").fails(Exit::Rejected, "DONE");
    let text = say(&sandbox, "list").ok().stdout.clone();
    assert!(
        text.contains("3 jobs") && text.contains("Unknown encoder 'nosuch'"),
        "{text}"
    );
}

#[test]
fn why_and_logs_say_what_went_wrong() {
    let sandbox = three();
    let why = say(&sandbox, "why bad").ok().stdout.clone();
    assert!(
        why.contains("FAILED") && why.contains("Unknown encoder 'nosuch'"),
        "{why}"
    );
    let logs = say(&sandbox, "logs bad").ok().stdout.clone();
    assert!(logs.contains("Unknown encoder 'nosuch'"), "{logs}");
    let followed = say(&sandbox, "logs -f bad");
    assert_eq!(followed.code, Some(4), "{followed}");
    let events = say(&sandbox, "logs --json good").ok().stdout.clone();
    let events: Vec<Event> = events
        .lines()
        .map(|line| serde_json::from_str(line).expect("an event"))
        .collect();
    assert!(
        events
            .iter()
            .any(|event| matches!(event, Event::Hello { .. })),
        "{events:?}"
    );
    assert!(
        matches!(events.last(), Some(Event::Finished { code: 0, .. })),
        "{events:?}"
    );
    let status = say(&sandbox, "status bad").ok().stdout.clone()
        + &say(&sandbox, "status missing").ok().stdout;
    assert!(
        status.contains("nosuch") && status.contains("none.mp4"),
        "{status}"
    );
}

#[test]
fn jobs_are_cancelled_before_and_while_they_run() {
    let mut sandbox = Sandbox::with(SHORT, "in.mp4");
    sandbox.set("FFBATCH_BACKENDS__LOCAL__VCPUS", "1");
    let after =
        json!({ "name": "after", "command": "ffmpeg -i in.mp4 after.mp4", "needs": ["runs"] });
    queue::submit(
        &sandbox,
        &[
            queue::line("runs", &format!("{SLOW} runs.mp4")),
            queue::line("waits", &format!("{SLOW} waits.mp4")),
            after.to_string(),
        ],
    );
    until("it runs", || {
        queue::states(&sandbox)["runs"] == State::Running
    });
    let why = say(&sandbox, "why after").ok().stdout.clone();
    assert!(why.contains("PENDING") && why.contains("`runs`"), "{why}");
    say(&sandbox, "cancel --all").fails(Exit::Rejected, "--yes");
    say(&sandbox, "cancel runs waits --reason enough").ok();
    let ended = say(&sandbox, "wait runs");
    assert_eq!(ended.code, Some(75), "{ended}");
    for (name, reason) in [
        ("runs", "enough"),
        ("waits", "enough"),
        ("after", "depends on failed"),
    ] {
        let detail = queue::detail(&sandbox, name);
        assert_eq!(detail.summary.state, State::Failed);
        assert!(
            detail
                .summary
                .status_reason
                .is_some_and(|said| said.contains(reason)),
            "{name}"
        );
        assert!(!sandbox.path(format!("{name}.mp4")).exists());
    }
    assert_eq!(queue::detail(&sandbox, "waits").attempts, []);
    // A job that has ended already is no error.
    say(&sandbox, "cancel runs").ok();
    sandbox.assert_clean();
}

#[test]
fn an_array_is_listed_and_stopped_with_its_children() {
    let mut sandbox = Sandbox::with(SHORT, "in.mp4");
    sandbox.set("FFBATCH_BACKENDS__LOCAL__VCPUS", "1");
    sandbox.place(SHORT, "in2.mp4");
    let array = json!({ "name": "all", "array": true, "inputs": ["in.mp4", "in2.mp4"], "output": "{stem}-o.mp4",
        "command": "ffmpeg -re -i {input} -c copy {output}" });
    queue::submit(
        &sandbox,
        &[array.to_string(), queue::line("next", "-i in.mp4 next.mp4")],
    );
    until("the first child runs", || {
        queue::detail(&sandbox, "all:0").summary.state == State::Running
    });
    let why = say(&sandbox, "why next").ok().stdout.clone();
    assert!(
        why.contains("RUNNABLE") && why.contains("1 job comes before it"),
        "{why}"
    );
    let children = say(&sandbox, "list --children all --json")
        .ok()
        .stdout
        .clone();
    let children: Listing = serde_json::from_str(&children).expect("a listing");
    let ids: Vec<&str> = children
        .jobs
        .iter()
        .map(|job| job.id.rsplit(':').next().unwrap_or_default())
        .collect();
    assert_eq!(ids, ["0", "1"]);
    let logs = say(&sandbox, "logs all");
    assert_eq!(logs.code, Some(2), "{logs}");
    say(&sandbox, "cancel all --reason enough").ok();
    let ended = say(&sandbox, "wait all");
    assert_eq!(ended.code, Some(7), "{ended}");
    for job in ["all", "all:0", "all:1"] {
        let detail = queue::detail(&sandbox, job);
        assert_eq!(
            (
                detail.summary.state,
                detail.summary.status_reason.as_deref()
            ),
            (State::Failed, Some("enough")),
            "{job}"
        );
    }
    say(&sandbox, "wait next").ok();
    let all: Vec<String> = queue::list(&sandbox)
        .jobs
        .into_iter()
        .map(|job| job.name)
        .collect();
    assert_eq!(
        all,
        ["all", "next"],
        "children are listed with their array only"
    );
}

#[test]
fn an_attempt_that_takes_too_long_is_stopped_for_good() {
    let sandbox = Sandbox::with(SHORT, "in.mp4");
    let ended = say(
        &sandbox,
        &format!(
            "submit --wait --timeout 1 --name slow -- ffmpeg -re -stream_loop 9 {} slow.mp4",
            &SLOW[4..]
        ),
    );
    assert_ne!(ended.code, Some(0), "{ended}");
    let detail = queue::detail(&sandbox, "slow");
    assert_eq!(
        detail.summary.status_reason.as_deref(),
        Some("Job attempt duration exceeded timeout")
    );
    assert_eq!(
        detail.attempts.len(),
        1,
        "a timeout is not tried again: {detail:?}"
    );
}

#[test]
fn an_interrupted_worker_is_tried_again() {
    let sandbox = Sandbox::with(SHORT, "in.mp4");
    queue::submit(
        &sandbox,
        &[queue::line("slow", &format!("{SLOW} slow.mp4"))],
    );
    until("ffmpeg has written something", || {
        say(&sandbox, "logs --json slow")
            .stdout
            .contains("\"progress\"")
    });
    for worker in queue::processes(&sandbox, Who::Worker) {
        kill_process(worker.pid, Signal::TERM).expect("it runs");
    }
    say(&sandbox, "wait slow").ok();
    let detail = queue::detail(&sandbox, "slow");
    let codes: Vec<Option<i32>> = detail.attempts.iter().map(|one| one.exit_code).collect();
    assert_eq!(codes, [Some(75), Some(0)]);
    let both = say(&sandbox, "logs slow --attempt 1").ok().stdout.clone();
    assert_ne!(both, "", "the first attempt has its own log");
}

#[test]
fn the_rules_of_a_job_decide_what_is_tried_again() {
    let sandbox = Sandbox::with(SHORT, "in.mp4");
    let job = |name: &str, retry: Value| {
        json!({ "name": name, "command": format!("ffmpeg -i in.mp4 -c:v nosuch {name}.mp4"), "retry": retry }).to_string()
    };
    let rule =
        json!([{ "on_exit_code": "4", "action": "RETRY" }, { "on_reason": "*", "action": "EXIT" }]);
    queue::submit(
        &sandbox,
        &[
            job("twice", json!({ "attempts": 2, "evaluate_on_exit": rule })),
            job("once", json!({ "attempts": 2 })),
        ],
    );
    say(&sandbox, "wait --all");
    assert_eq!(queue::detail(&sandbox, "twice").attempts.len(), 2);
    assert_eq!(queue::detail(&sandbox, "once").attempts.len(), 1);
}

#[test]
fn what_failed_runs_again_as_a_new_job() {
    let sandbox = Sandbox::with(SHORT, "in.mp4");
    let array = json!({ "name": "all", "array": true, "inputs": ["in.mp4", "late.mp4"], "output": "{stem}.mkv",
        "command": "ffmpeg -i {input} -c copy {output}" });
    queue::submit(&sandbox, &[array.to_string()]);
    let ended = say(&sandbox, "wait all");
    assert_eq!(ended.code, Some(7), "{ended}");
    sandbox.place(SHORT, "late.mp4");
    let id = say(&sandbox, "retry all").ok().stdout.trim().to_owned();
    say(&sandbox, &format!("wait {id}")).ok();
    assert_eq!(frames(&sandbox.path("late.mkv")), 50);
    let detail = queue::detail(&sandbox, &id);
    assert!(detail.retry_of.is_some(), "{detail:?}");
    assert_eq!(
        detail.summary.array, None,
        "one child failed, so it is a plain job"
    );
    say(&sandbox, "wait all:0").fails(Exit::Rejected, "2 jobs");
}

#[test]
fn what_is_not_clear_is_refused() {
    let sandbox = three();
    queue::submit(
        &sandbox,
        &[queue::line("good", "-i in.mp4 -c copy good2.mp4")],
    );
    say(&sandbox, "status good").fails(Exit::Rejected, "means 2 jobs");
    for verb in ["status", "why", "logs", "wait", "cancel", "retry"] {
        say(&sandbox, &format!("{verb} nothing")).fails(Exit::Rejected, "no job `nothing`");
        let refused = say(&sandbox, &format!("{verb} --json nothing"));
        let json: Value = serde_json::from_str(&refused.stdout)
            .unwrap_or_else(|error| panic!("{verb}: {error}\n{refused}"));
        assert_eq!(
            (&json["code"], refused.code),
            (&json!(2), Some(2)),
            "{refused}"
        );
    }
    let large = say(
        &sandbox,
        "submit --vcpus 4000 -- ffmpeg -i in.mp4 large.mp4",
    );
    large.fails(Exit::Machine, "asks for 4000 vCPUs");
    say(&sandbox, "submit -- ffmpeg -i in.mp4").fails(Exit::Rejected, "no output");
}

/// Whether a process has a handler for SIGINT (`proc(5)`, `SigCgt` of `status`: bit 1 is signal 2).
fn catches_interrupts(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    caught.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).is_ok_and(|mask| mask & 2 != 0))
}

#[test]
fn whoever_stops_waiting_leaves_the_jobs_alone() {
    let sandbox = Sandbox::with(SHORT, "in.mp4");
    queue::submit(
        &sandbox,
        &[queue::line("slow", &format!("{SLOW} slow.mp4"))],
    );
    let waiting = sandbox
        .command(&tools::ffbatch())
        .args(["wait", "slow"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("ffbatch starts");
    until("it runs", || {
        queue::states(&sandbox)["slow"] == State::Running
    });
    until("it listens for Ctrl-C", || catches_interrupts(waiting.id()));
    kill_process(Pid::from_child(&waiting), Signal::INT).expect("it runs");
    let output = waiting.wait_with_output().expect("it can be waited for");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(75), "{said}");
    assert!(
        said.contains("ffbatch wait"),
        "the way back is not told: {said}"
    );
    say(&sandbox, "wait slow").ok();
    assert_eq!(frames(&sandbox.path("slow.mp4")), 50);
}

#[test]
fn the_schema_is_one() {
    let schema: Value =
        serde_json::from_str(&say(&Sandbox::new(), "schema").ok().stdout).expect("JSON");
    assert!(
        schema["$schema"]
            .as_str()
            .is_some_and(|version| version.contains("2020-12")),
        "{schema:#}"
    );
    assert!(schema["properties"]["jobs"].is_object());
}
