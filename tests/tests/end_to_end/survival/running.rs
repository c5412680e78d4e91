//! A worker that runs, read event by event, and what it leaves behind.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Stdio};
use std::time::{Duration, Instant};

use ffbatch_dispatcher::event::{Event, Stage};
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::report::Report;
use ffbatch_tests::sandbox::Sandbox;
use ffbatch_tests::tools;
use rustix::process::{Pid, Signal, kill_process};

/// How long a worker may take to end after SIGTERM, where it has to give up on something; AWS Batch kills it after 30 s.
pub const PATIENCE: Duration = Duration::from_secs(15);

/// A worker that was started and not waited for.
pub struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    /// What it has said so far, and when each line arrived.
    pub events: Vec<(Event, Instant)>,
    log: PathBuf,
}

/// A worker that has ended.
#[derive(Debug)]
pub struct Gone {
    /// `None` after a signal.
    pub code: Option<i32>,
    /// Everything it said.
    pub events: Vec<Event>,
    /// How long it went on after the signal.
    pub took: Duration,
    /// Its standard error.
    pub log: String,
}

impl Running {
    /// Starts a worker with these words.
    #[track_caller]
    pub fn start(sandbox: &Sandbox, words: &[String]) -> Self {
        let log = sandbox.directory("home").join("log");
        let mut child = sandbox
            .command(&tools::worker())
            .args(words)
            .stdout(Stdio::piped())
            .stderr(File::create(&log).expect("a sandbox is writable"))
            .spawn()
            .expect("the worker starts");
        let stdout = child.stdout.take().expect("it was piped");
        Self {
            child,
            lines: BufReader::new(stdout).lines(),
            events: Vec::new(),
            log,
        }
    }

    /// Reads events until one fits; false when the worker ended before.
    pub fn wait_for(&mut self, fits: impl Fn(&Event) -> bool) -> bool {
        while let Some(event) = self.next() {
            if fits(&event) {
                return true;
            }
        }
        false
    }

    /// The same for a stage's begin.
    #[track_caller]
    pub fn wait_for_stage(&mut self, wanted: Stage) {
        let begins =
            |event: &Event| matches!(event, Event::StageStarted { stage } if *stage == wanted);
        assert!(
            self.wait_for(begins),
            "it never came to {wanted:?}: {:?}",
            self.events
        );
    }

    fn next(&mut self) -> Option<Event> {
        let line = self.lines.next()?.expect("events are UTF-8");
        let event: Event = serde_json::from_str(&line)
            .unwrap_or_else(|error| panic!("`{line}` is no event: {error}"));
        self.events.push((event.clone(), Instant::now()));
        Some(event)
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal)
            .expect("a child that was not waited for can be signalled");
    }

    /// Reads to the end.
    pub fn end(mut self) -> Gone {
        let since = Instant::now();
        while self.next().is_some() {}
        let status = self.child.wait().expect("it can be waited for");
        Gone {
            code: status.code(),
            events: self.events.into_iter().map(|(event, _)| event).collect(),
            took: since.elapsed(),
            log: tail(&fs::read_to_string(&self.log).unwrap_or_default()),
        }
    }

    /// Sends a signal and reads to the end.
    pub fn end_by(self, signal: Signal) -> Gone {
        self.signal(signal);
        self.end()
    }
}

impl Gone {
    /// Whether it ended because it was asked to.
    pub fn interrupted(&self) -> bool {
        self.code == Some(i32::from(Exit::Interrupted.code()))
    }

    /// Asserts that it ended because it was asked to, in time.
    #[track_caller]
    pub fn assert_interrupted(&self) {
        assert!(self.interrupted(), "{self:#?}");
        assert!(self.took < PATIENCE, "it took {:?} to stop", self.took);
    }

    /// Whether a stage began.
    pub fn began(&self, wanted: Stage) -> bool {
        self.events
            .iter()
            .any(|event| matches!(event, Event::StageStarted { stage } if *stage == wanted))
    }

    /// Whether a stage ended well.
    pub fn did(&self, wanted: Stage) -> bool {
        self.events.iter().any(
            |event| matches!(event, Event::StageFinished { stage, ok: true, .. } if *stage == wanted),
        )
    }

    /// Where the report lies, as the last event tells.
    #[track_caller]
    pub fn report_at(&self) -> String {
        match self.events.last() {
            Some(Event::Finished {
                report: Some(at), ..
            }) => at.clone(),
            other => panic!("no report: {other:?}\n{}", self.log),
        }
    }

    /// The report on this machine.
    #[track_caller]
    pub fn report(&self) -> Report {
        report(&fs::read(self.report_at()).expect("the report lies where it is said to"))
    }
}

/// The end of a log, which is where it says what went wrong.
fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(10)..].join("\n")
}

/// A report out of its bytes.
#[track_caller]
pub fn report(bytes: &[u8]) -> Report {
    serde_json::from_slice(bytes).expect("a report is whole")
}

/// Every ffmpeg that runs in this sandbox.
pub fn ffmpegs(sandbox: &Sandbox) -> Vec<Pid> {
    let root = sandbox.directory("");
    let ffmpeg = fs::canonicalize(tools::ffmpeg()).expect("it is there");
    let is_one = |process: &Path| {
        fs::read_link(process.join("exe")).is_ok_and(|program| program == ffmpeg)
            && fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd.starts_with(&root))
    };
    let entries = fs::read_dir("/proc").expect("Linux has /proc");
    entries
        .filter_map(Result::ok)
        .filter(|entry| is_one(&entry.path()))
        .filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?))
        .collect()
}

/// The words of a line, without a site.
pub fn words(line: &str) -> Vec<String> {
    line.split_ascii_whitespace().map(str::to_owned).collect()
}
