//! A worker whose standard output and standard error are plain files, as a queue starts it: the lock on the file of events must
//! live exactly as long as the worker, and a disk that is full must not decide over a job.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

/// How long anything here may take.
const LIMIT: Duration = Duration::from_secs(20);

/// The ffmpeg that the tests use.
fn ffmpeg() -> PathBuf {
    let path = std::env::var_os("FFBATCH_FFMPEG").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools/ffmpeg"),
        PathBuf::from,
    );
    path.canonicalize()
        .unwrap_or_else(|error| panic!("`{}`: {error}: run `make tools`", path.display()))
}

/// Starts a worker that writes so many seconds of a test picture in real time.
fn start(
    room: &TempDir,
    seconds: &str,
    stdout: impl Into<Stdio>,
    stderr: impl Into<Stdio>,
) -> Child {
    let source = [
        "-re",
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=64x48",
        "-t",
        seconds,
    ];
    let mut words = source.map(str::to_owned).to_vec();
    words.push(output(room).display().to_string());
    let job = json!({ "version": 1, "commands": [words] });
    Command::new(env!("CARGO_BIN_EXE_ffbatch-worker"))
        .args(["--job", &job.to_string()])
        .env("FFBATCH_FFMPEG", ffmpeg())
        .env("FFBATCH_STATE_DIR", room.path().join("state"))
        .env("FFBATCH_WORK_DIR", room.path().join("work"))
        .env_remove("S3_BUCKET")
        .env_remove("FFBATCH_PROTOCOL")
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(stderr)
        .spawn()
        .expect("the worker starts")
}

fn output(room: &TempDir) -> PathBuf {
    room.path().join("out.mpg")
}

fn append(path: &Path) -> File {
    OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .expect("a file")
}

/// Waits for a condition.
#[track_caller]
fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + LIMIT;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "{what}: not within {LIMIT:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The process that runs ffmpeg for a worker: the launcher has become it.
fn child_of(worker: u32) -> Option<PathBuf> {
    let processes = fs::read_dir("/proc").expect("/proc").filter_map(Result::ok);
    let mut processes = processes.map(|entry| entry.path());
    processes.find(|process| {
        // The fourth field of `stat` is the parent; the second may hold anything (proc(5)).
        let stat = fs::read_to_string(process.join("stat")).unwrap_or_default();
        let parent = stat
            .rsplit_once(") ")
            .and_then(|(_, rest)| rest.split(' ').nth(1));
        parent == Some(&worker.to_string())
            && fs::read_link(process.join("exe")).is_ok_and(|exe| exe == ffmpeg())
    })
}

#[test]
fn a_lock_that_should_end_with_the_worker_lived_on_in_ffmpeg() {
    let room = tempfile::tempdir().expect("a directory");
    let (events, log) = (room.path().join("events"), room.path().join("log"));
    let locked = append(&events);
    locked.lock().expect("locked");
    let mut worker = start(&room, "86400", locked, append(&log));

    let ffmpeg = wait_for("ffmpeg runs and works", || {
        let working = fs::read_to_string(&events).is_ok_and(|text| text.contains("progress"));
        working.then(|| child_of(worker.id())).flatten()
    });
    let open: Vec<(String, PathBuf)> = fs::read_dir(ffmpeg.join("fd"))
        .expect("it runs")
        .filter_map(Result::ok)
        .filter_map(|entry| {
            let number = entry.file_name().to_string_lossy().into_owned();
            Some((number, fs::read_link(entry.path()).ok()?))
        })
        .collect();
    let at = |number: &str| {
        let found = open.iter().find(|(one, _)| one == number);
        found.map(|(_, path)| path.to_string_lossy().into_owned())
    };
    assert_eq!(at("0").as_deref(), Some("/dev/null"));
    assert_eq!(at("1").as_deref(), Some("/dev/null"));
    assert!(
        at("2").is_some_and(|path| path.starts_with("pipe:")),
        "{open:?}"
    );
    let files: Vec<&PathBuf> = open
        .iter()
        .map(|(_, path)| path)
        .filter(|path| path.is_absolute() && !path.starts_with("/dev"))
        .collect();
    assert!(
        matches!(files.as_slice(), [one] if one.ends_with("out.mpg")),
        "it has more open than its output: {open:?}"
    );

    let other = append(&events);
    assert!(
        matches!(other.try_lock(), Err(TryLockError::WouldBlock)),
        "the worker does not hold the lock"
    );
    worker.kill().expect("it runs");
    worker.wait().expect("it ended");
    other.try_lock().expect("the lock ended with the worker");
    wait_for("ffmpeg ends", || {
        (!ffmpeg.join("fd/2").exists()).then_some(())
    });
}

#[test]
fn a_full_disk_under_events_and_log_is_no_failure_of_the_job() {
    let room = tempfile::tempdir().expect("a directory");
    let mut worker = start(
        &room,
        "0.2",
        append(Path::new("/dev/full")),
        append(Path::new("/dev/full")),
    );
    let ended = wait_for("the worker ends", || {
        worker.try_wait().expect("it is a child")
    });
    assert_eq!(ended.code(), Some(0));
    assert!(output(&room).metadata().is_ok_and(|of| of.len() > 0));
    let report = report(&room.path().join("state")).expect("a report");
    assert_eq!(report["exit"], "succeeded", "{report}");
    assert!(report["ffmpeg"]["version"].is_string(), "{report}");
}

#[test]
fn a_worker_tells_its_process() {
    let room = tempfile::tempdir().expect("a directory");
    let events = room.path().join("events");
    let mut worker = start(&room, "0.2", append(&events), Stdio::null());
    assert!(worker.wait().expect("it ended").success());
    let text = fs::read_to_string(&events).expect("readable");
    let hello: Value = text
        .lines()
        .next()
        .and_then(|line| serde_json::from_str(line).ok())
        .expect("an event");
    assert_eq!(hello["event"], "hello");
    assert_eq!(hello["pid"], worker.id());
    assert!(
        text.ends_with('\n') && text.contains(r#""event":"finished","code":0"#),
        "{text}"
    );
}

/// The only report below a state directory.
fn report(state: &Path) -> Option<Value> {
    let mut pending = vec![state.join("metrics/jobs")];
    while let Some(directory) = pending.pop() {
        for entry in fs::read_dir(directory).ok()?.filter_map(Result::ok) {
            let path = entry.path();
            if path.is_dir() {
                pending.push(path);
            } else {
                return serde_json::from_str(&fs::read_to_string(path).ok()?).ok();
            }
        }
    }
    None
}
