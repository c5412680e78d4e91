//! A sandbox's own queue: jobs go in by the hundred, and what became of them is read back.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Stdio};

use ffbatch_dispatcher::detail::{JobDetail, JobSummary, Listing};
use ffbatch_dispatcher::state::State;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::ended::Ended;
use crate::sandbox::Sandbox;
use crate::tools;

/// Which processes of a queue are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// The runner.
    Runner,
    /// Workers.
    Worker,
}

/// A job of a name that runs these words of ffmpeg.
pub fn line(name: &str, words: &str) -> String {
    json!({ "name": name, "command": format!("ffmpeg {words}") }).to_string()
}

/// Submits jobs, one JSON object a line.
#[track_caller]
pub fn submit(sandbox: &Sandbox, lines: &[String]) -> Vec<String> {
    let ended = submit_with(sandbox, lines, &[]);
    ended.ok();
    ended.stdout.lines().map(str::to_owned).collect()
}

/// The same with flags, however it ends.
#[track_caller]
pub fn submit_with(sandbox: &Sandbox, lines: &[String], flags: &[&str]) -> Ended {
    let mut child = start(sandbox, lines, flags);
    let output = loop {
        match child.try_wait().expect("it can be waited for") {
            Some(_) => break child.wait_with_output(),
            None => std::thread::sleep(std::time::Duration::from_millis(1)),
        }
    };
    let root = sandbox.directory("");
    Ended::of(
        &output.expect("it has ended"),
        root.to_string_lossy().trim_end_matches('/'),
    )
}

/// Starts a submission and does not wait for it.
#[track_caller]
pub fn start(sandbox: &Sandbox, lines: &[String], flags: &[&str]) -> Child {
    let file = sandbox.directory("home").join("jobs.ndjson");
    fs::write(&file, lines.join("\n")).expect("a sandbox is writable");
    sandbox
        .command(&tools::ffbatch())
        .args(["submit", "-"])
        .args(flags)
        .stdin(fs::File::open(&file).expect("it was just written"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("ffbatch starts")
}

/// Every job of the queue, array jobs as one.
#[track_caller]
pub fn list(sandbox: &Sandbox) -> Listing {
    let ended = sandbox.ffbatch(["list", "--all", "--json"]);
    ended.ok();
    serde_json::from_str(&ended.stdout).expect("a listing")
}

/// How many jobs the queue has, array jobs as one.
#[track_caller]
pub fn count(sandbox: &Sandbox) -> usize {
    let ended = sandbox.ffbatch(["list", "--limit", "1", "--json"]);
    let listing: Listing = serde_json::from_str(&ended.ok().stdout).expect("a listing");
    let all: u64 = listing.counts.values().sum();
    usize::try_from(all).expect("not so many")
}

/// Everything about a job.
#[track_caller]
pub fn detail(sandbox: &Sandbox, job: &str) -> JobDetail {
    let ended = sandbox.ffbatch(["status", "--json", job]);
    let mut details: Vec<JobDetail> = serde_json::from_str(&ended.ok().stdout).expect("details");
    details.pop().expect("one job was asked for")
}

/// The states of jobs by their names.
#[track_caller]
pub fn states(sandbox: &Sandbox) -> BTreeMap<String, State> {
    let jobs = list(sandbox).jobs.into_iter();
    jobs.map(|job: JobSummary| (job.name, job.state)).collect()
}

/// A process of a queue.
#[derive(Debug, Clone)]
pub struct Process {
    /// Its id.
    pub pid: Pid,
    /// Its parent's.
    pub parent: Option<Pid>,
    /// The job that a worker runs.
    pub job: String,
}

/// The processes of a sandbox's queue.
pub fn processes(sandbox: &Sandbox, who: Who) -> Vec<Process> {
    let state = sandbox.directory("state");
    let entries = fs::read_dir("/proc").expect("Linux has /proc");
    let pids = entries
        .filter_map(Result::ok)
        .filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let found: Vec<Process> = pids.filter_map(|pid| process(pid, who, &state)).collect();
    // What a worker has just started looks like the worker until it becomes the launcher of ffmpeg.
    let is_child = |one: &Process| found.iter().any(|other| Some(other.pid) == one.parent);
    found.iter().filter(|one| !is_child(one)).cloned().collect()
}

fn process(pid: i32, who: Who, state: &Path) -> Option<Process> {
    let read = |what: &str| fs::read(format!("/proc/{pid}/{what}")).unwrap_or_default();
    let words = split(&read("cmdline"));
    let program = words.first()?.rsplit('/').next()?;
    let verb = words.get(1)?.as_str();
    let fits = match who {
        Who::Runner => program == "ffbatch" && verb == "agent",
        Who::Worker => program == "ffbatch-worker" && verb != "exec",
    };
    let variables = split(&read("environ"));
    let value = |name: &str| {
        let beginning = format!("{name}=");
        variables
            .iter()
            .find_map(|variable| variable.strip_prefix(&beginning))
    };
    let ours = value("FFBATCH_STATE_DIR") == state.to_str();
    let stat = String::from_utf8_lossy(&read("stat")).into_owned();
    // Behind the name, which may hold anything: the state, and then the parent.
    let parent = stat
        .rsplit_once(')')?
        .1
        .split_ascii_whitespace()
        .nth(1)?
        .parse()
        .ok()?;
    (fits && ours).then(|| Process {
        pid: Pid::from_raw(pid).expect("no process has the id 0"),
        parent: Pid::from_raw(parent),
        job: value("AWS_BATCH_JOB_ID").unwrap_or_default().to_owned(),
    })
}

fn split(bytes: &[u8]) -> Vec<String> {
    let parts = bytes
        .split(|byte| *byte == 0)
        .filter(|part| !part.is_empty());
    parts
        .map(|part| String::from_utf8_lossy(part).into_owned())
        .collect()
}

/// Kills processes of the queue outright, and tells how many.
pub fn kill(sandbox: &Sandbox, who: Who) -> usize {
    let found = processes(sandbox, who);
    // One that has ended by itself meanwhile needs no kill.
    found
        .iter()
        .filter(|process| kill_process(process.pid, Signal::KILL).is_ok())
        .count()
}

/// Writes a file of the queue's directory.
#[track_caller]
pub fn overwrite(sandbox: &Sandbox, name: &str, bytes: &[u8]) {
    let path = sandbox.directory("state").join("queue").join(name);
    let mut file = fs::File::create(path).expect("a sandbox is writable");
    file.write_all(bytes).expect("a sandbox is writable");
}
