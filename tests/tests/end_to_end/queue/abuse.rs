//! What the queue may meet: full disks, read-only ones, damaged files, other users, a directory that vanishes.

use std::fs;

use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::state::State;
use ffbatch_tests::clip::SHORT;
use ffbatch_tests::queue::{self, Who};
use ffbatch_tests::sandbox::{Sandbox, until};
use ffbatch_tests::tools;
use ffbatch_tests::unshared::unshared;

/// A queue with one job that has ended, and nobody who runs it.
#[track_caller]
fn ended() -> Sandbox {
    let sandbox = Sandbox::with(SHORT, "in.mp4");
    sandbox
        .ffbatch("submit --wait --name old -- ffmpeg -i in.mp4 -c copy old.mp4".split(' '))
        .ok();
    until("the runner has left", || {
        queue::processes(&sandbox, Who::Runner).is_empty()
    });
    sandbox
}

/// A database that was changed so is refused by every verb with this sentence, and left as it is.
#[track_caller]
fn check_damaged(change: impl FnOnce(&mut Vec<u8>), part: &str) {
    let sandbox = ended();
    let path = sandbox.directory("state").join("queue/queue.db");
    let mut bytes = fs::read(&path).expect("there is a queue");
    change(&mut bytes);
    fs::write(&path, &bytes).expect("it is ours");
    for words in [
        "list",
        "status old",
        "submit -- ffmpeg -i in.mp4 -c copy new.mp4",
        "run -- ffmpeg -i in.mp4 -c copy new.mp4",
        "wait --all",
        "agent",
    ] {
        let said = sandbox.ffbatch(words.split(' '));
        said.fails(Exit::Machine, part);
        said.fails(Exit::Machine, "it was left as it is");
    }
    assert_eq!(
        fs::read(&path).expect("there is a queue"),
        bytes,
        "the file was changed"
    );
    assert!(!sandbox.path("new.mp4").exists());
}

#[test]
fn a_queue_of_a_newer_version() {
    check_damaged(
        |bytes| bytes[63] = 9,
        "is of version 9, this program reads up to version 1 (update ffbatch)",
    );
}

#[test]
fn a_queue_that_was_cut_off() {
    check_damaged(|bytes| bytes.truncate(bytes.len() / 2), "is damaged");
    check_damaged(Vec::clear, "is damaged: it has only 0 bytes");
}

#[test]
fn a_file_that_is_no_queue() {
    check_damaged(
        |bytes| *bytes = b"something else, and long enough to have a header. ".repeat(3),
        "is no queue of ffbatch",
    );
}

/// A file system of two megabytes that is this sandbox's state directory.
const SMALL: &str = "mount -t tmpfs -o size=2m,mode=700 small \"$FFBATCH_STATE_DIR\"";

#[test]
fn a_disk_that_is_full_loses_nothing() {
    let sandbox = Sandbox::with(SHORT, "in.mp4");
    // The first job is in the queue when the disk is full; it runs when there is room again.
    let line = format!(
        "{SMALL}; export FFBATCH_BACKENDS__LOCAL__VCPUS=1; \
         \"$0\" submit --name first -- ffmpeg -i in.mp4 -c copy first.mp4 >&2; \"$0\" wait first >&2; \
         dd if=/dev/zero of=\"$FFBATCH_STATE_DIR/fill\" bs=1k 2>/dev/null || true; \
         code=0; \"$0\" submit --name second -- ffmpeg -i in.mp4 -c copy second.mp4 || code=$?; echo \"full: $code\"; \
         \"$0\" list || true; rm \"$FFBATCH_STATE_DIR/fill\"; \
         \"$0\" submit --name third --wait -- ffmpeg -i in.mp4 -c copy third.mp4 >&2; \"$0\" list"
    );
    let Some(ended) = unshared(&sandbox, &["--mount"], &line) else {
        return;
    };
    ended.ok();
    assert!(ended.stdout.contains("full: 6"), "{ended}");
    assert!(
        ended.stderr.contains("is full") && ended.stderr.contains("nothing was changed"),
        "{ended}"
    );
    assert!(ended.stdout.contains("2 jobs: 2 SUCCEEDED"), "{ended}");
    for (name, there) in [("first", true), ("second", false), ("third", true)] {
        assert_eq!(
            sandbox.path(format!("{name}.mp4")).exists(),
            there,
            "{name}"
        );
    }
}

#[test]
fn a_read_only_queue_is_said() {
    let sandbox = Sandbox::with(SHORT, "in.mp4");
    let line = format!(
        "{SMALL}; \"$0\" submit --name first --wait -- ffmpeg -i in.mp4 -c copy first.mp4 >&2; \
         until ! pgrep -f \"^[^ ]*ffbatch agent\" >/dev/null; do sleep 0.01; done; \
         mount -o remount,ro small; \
         code=0; \"$0\" submit -- ffmpeg -i in.mp4 -c copy second.mp4 || code=$?; echo \"read-only: $code\""
    );
    let Some(ended) = unshared(
        &sandbox,
        &["--mount", "--pid", "--fork", "--mount-proc"],
        &line,
    ) else {
        return;
    };
    ended.ok();
    assert!(ended.stdout.contains("read-only: 6"), "{ended}");
    assert!(ended.error().contains("queue.db"), "{ended}");
    assert!(!sandbox.path("second.mp4").exists());
}

#[test]
fn the_queue_of_another_user_is_refused() {
    let sandbox = ended();
    sandbox.open_to_all();
    let mut command = sandbox.command("setpriv".as_ref());
    command
        .args(["--reuid=54321", "--regid=54321", "--clear-groups"])
        .arg(tools::ffbatch())
        .args(["submit", "--", "ffmpeg", "-i", "in.mp4", "new.mp4"]);
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED: only root can be another user");
        return;
    }
    sandbox
        .end(&mut command)
        .fails(Exit::Machine, "FFBATCH_STATE_DIR");
    // And the other way round: root does not run what somebody else has put there.
    let queue = sandbox.directory("state").join("queue");
    std::os::unix::fs::chown(&queue, Some(54321), Some(54321)).expect("root may");
    sandbox.ffbatch(["list"]).fails(
        Exit::Machine,
        "belongs to user 54321, and this program runs as user 0",
    );
}

#[test]
fn a_user_without_a_home_is_told_what_to_set() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED: only root can be a user that is not there");
        return;
    }
    let sandbox = Sandbox::with(SHORT, "in.mp4");
    sandbox.open_to_all();
    let mut command = sandbox.command("setpriv".as_ref());
    command
        .env_remove("HOME")
        .env_remove("FFBATCH_STATE_DIR")
        .args(["--reuid=54321", "--regid=54321", "--clear-groups"])
        .arg(tools::ffbatch())
        .args(["run", "--", "ffmpeg", "-i", "in.mp4", "new.mp4"]);
    let said = sandbox.end(&mut command);
    said.fails(Exit::Machine, "there is no place for the queue");
    said.fails(Exit::Machine, "set FFBATCH_STATE_DIR");
}

#[test]
fn a_queue_that_vanishes_ends_its_runner() {
    let sandbox = Sandbox::with(SHORT, "in.mp4");
    queue::submit(&sandbox, &[queue::line("slow", "-re -i in.mp4 slow.mp4")]);
    until("it runs", || {
        !queue::processes(&sandbox, Who::Worker).is_empty()
    });
    fs::remove_dir_all(sandbox.directory("state").join("queue")).expect("it is ours");
    until("nothing runs", || sandbox.processes().is_empty());
}

#[test]
fn an_agent_in_the_foreground_stays_and_leaves_its_jobs_to_the_next() {
    let sandbox = Sandbox::with(SHORT, "in.mp4");
    let start = || {
        let mut command = sandbox.command(&tools::ffbatch());
        command.arg("agent").stderr(std::process::Stdio::piped());
        command.spawn().expect("ffbatch starts")
    };
    let agent = start();
    until("the agent is there", || {
        sandbox.directory("state").join("queue/bell").exists()
    });
    queue::submit(
        &sandbox,
        &[queue::line("slow", "-re -i in.mp4 -c copy slow.mp4")],
    );
    until("it runs", || {
        !queue::processes(&sandbox, Who::Worker).is_empty()
    });
    rustix::process::kill_process(
        rustix::process::Pid::from_child(&agent),
        rustix::process::Signal::TERM,
    )
    .expect("it runs");
    let output = agent.wait_with_output().expect("it can be waited for");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.success() && said.contains("1 jobs run on without an agent"),
        "{said}"
    );
    assert_eq!(queue::states(&sandbox)["slow"], State::Running);
    sandbox.ffbatch(["wait", "slow"]).ok();
    let detail = queue::detail(&sandbox, "slow");
    assert_eq!(detail.attempts.len(), 1, "it was run once: {detail:?}");
    sandbox.assert_clean();
}

/// Sets the times of every job as a clock that was wrong had noted them.
#[track_caller]
fn set_clock(sandbox: &Sandbox, millis: i64) {
    let script = "import sqlite3, sys\n\
        with sqlite3.connect(sys.argv[1]) as queue:\n    \
        queue.execute('UPDATE jobs SET created = ?1, started = ?1, stopped = CASE WHEN state > 4 THEN ?1 END', [sys.argv[2]])\n    \
        queue.execute('UPDATE attempts SET started = ?1, stopped = ?1', [sys.argv[2]])";
    let mut python = sandbox.command("python3".as_ref());
    python
        .args(["-c", script])
        .arg(sandbox.directory("state").join("queue/queue.db"))
        .arg(millis.to_string());
    sandbox.end(&mut python).ok();
}

#[test]
fn a_clock_that_jumps_loses_no_job_and_stops_none() {
    /// 1 January 1970 and 1 January 2400, in milliseconds since 1970.
    const JUMPS: [i64; 2] = [0, 13_569_465_600_000];

    let sandbox = ended();
    for (round, jump) in JUMPS.into_iter().enumerate() {
        let name = format!("new-{round}");
        let words =
            format!("submit --timeout 60 --name {name} -- ffmpeg -re -i in.mp4 -c copy {name}.mp4");
        sandbox.ffbatch(words.split(' ')).ok();
        until("it runs", || {
            queue::states(&sandbox)[&name] == State::Running
        });
        // It was begun in another century, and has a minute.
        set_clock(&sandbox, jump);
        for words in ["list", "list --since 1h", "status old", "why old"] {
            sandbox.ffbatch(words.split(' ')).ok();
        }
        sandbox.ffbatch(["wait", &name]).ok();
        assert_eq!(queue::states(&sandbox)["old"], State::Succeeded);
    }
    assert_eq!(queue::count(&sandbox), 3);
    sandbox.assert_clean();
}
