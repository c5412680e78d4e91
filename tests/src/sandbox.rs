//! A directory in which a program of ours runs alone, with an environment that holds nothing else.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::clip::{self, Clip};
use crate::ended::Ended;
use crate::tools;

/// The longest that a condition is waited for.
const LIMIT: Duration = Duration::from_secs(30);

/// The room of one test: `files/` (the current directory of what runs), `work/`, `state/`, `home/`, `tmp/`.
#[derive(Debug)]
pub struct Sandbox {
    root: TempDir,
    environment: Vec<(OsString, OsString)>,
}

impl Sandbox {
    /// An empty room.
    #[track_caller]
    pub fn new() -> Self {
        let root = tempfile::Builder::new()
            .prefix("sandbox-")
            .tempdir()
            .expect("the temporary directory is writable");
        for name in ["files", "work", "state", "home", "tmp"] {
            fs::create_dir(root.path().join(name)).expect("a new directory is writable");
        }
        let mut sandbox = Self {
            environment: Vec::new(),
            root,
        };
        sandbox.set("PATH", "/usr/bin:/bin");
        sandbox.set("LANG", "C.UTF-8");
        sandbox.set("NO_COLOR", "1");
        sandbox.set("FFBATCH_FFMPEG", tools::ffmpeg());
        sandbox.set("HOME", sandbox.directory("home"));
        sandbox.set("TMPDIR", sandbox.directory("tmp"));
        sandbox.set("FFBATCH_WORK_DIR", sandbox.directory("work"));
        sandbox.set("FFBATCH_STATE_DIR", sandbox.directory("state"));
        sandbox
    }

    /// The same, with a clip in it.
    #[track_caller]
    pub fn with(clip: Clip, name: &str) -> Self {
        let sandbox = Self::new();
        sandbox.place(clip, name);
        sandbox
    }

    /// Sets a variable for everything that runs here from now on; the last one wins.
    pub fn set(&mut self, name: impl Into<OsString>, value: impl Into<OsString>) {
        self.environment.push((name.into(), value.into()));
    }

    /// Sets several.
    pub fn set_all<N: Into<OsString>, V: Into<OsString>>(
        &mut self,
        pairs: impl IntoIterator<Item = (N, V)>,
    ) {
        self.environment.extend(
            pairs
                .into_iter()
                .map(|(name, value)| (name.into(), value.into())),
        );
    }

    /// The path of a file in the current directory.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.directory("files").join(name)
    }

    /// One of the directories of the room.
    pub fn directory(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Puts a clip under a name, making its directories.
    #[track_caller]
    pub fn place(&self, clip: Clip, name: &str) {
        self.write(name, clip::bytes(clip));
    }

    /// Writes a file, making its directories.
    #[track_caller]
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a joined path has a parent"))
            .expect("a sandbox is writable");
        fs::write(path, bytes).expect("a sandbox is writable");
    }

    /// Sets the permissions of a file in the current directory.
    #[track_caller]
    pub fn mode(&self, name: &str, mode: u32) {
        fs::set_permissions(self.path(name), Permissions::from_mode(mode)).expect("our own file");
    }

    /// Lets every user of this machine work here.
    #[track_caller]
    pub fn open_to_all(&self) {
        let root = self.root.path().to_owned();
        for path in ["files", "work", "state", "home", "tmp"]
            .map(|name| root.join(name))
            .into_iter()
            .chain([root.clone()])
        {
            fs::set_permissions(path, Permissions::from_mode(0o777)).expect("our own directory");
        }
    }

    /// Every file in the current directory, relative to it.
    #[track_caller]
    pub fn files(&self) -> BTreeSet<String> {
        files_below(&self.directory("files"))
    }

    /// Runs `ffbatch` with these words to its end.
    #[track_caller]
    pub fn ffbatch<W: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = W>) -> Ended {
        self.end(self.command(&tools::ffbatch()).args(words))
    }

    /// Runs an ffmpeg command as a job: `ffbatch run --json -- ffmpeg WORDS`.
    #[track_caller]
    pub fn job<W: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = W>) -> Ended {
        self.end(
            self.command(&tools::ffbatch())
                .args(["run", "--json", "--", "ffmpeg"])
                .args(words),
        )
    }

    /// Runs the worker with these words to its end.
    #[track_caller]
    pub fn worker<W: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = W>) -> Ended {
        self.end(self.command(&tools::worker()).args(words))
    }

    /// Starts the worker and leaves it running, with its output piped.
    #[track_caller]
    pub fn start_worker<W: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = W>) -> Child {
        let mut command = self.command(&tools::worker());
        command
            .args(words)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command.spawn().expect("the worker starts")
    }

    /// A program that will run here, with this environment and nothing else.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
            .current_dir(self.directory("files"))
            .stdin(Stdio::null());
        command
    }

    /// Runs a program to its end.
    #[track_caller]
    pub fn end(&self, command: &mut Command) -> Ended {
        let output = command
            .output()
            .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        Ended::of(&output, &self.root.path().to_string_lossy())
    }

    /// Processes that work in this room: their command lines.
    pub fn processes(&self) -> Vec<String> {
        let entries = fs::read_dir("/proc").expect("Linux has /proc");
        let processes = entries.filter_map(Result::ok).map(|entry| entry.path());
        processes
            .filter_map(|process| self.belonging(&process))
            .collect()
    }

    /// Private directories and files that a finished job should have taken away.
    pub fn leftovers(&self) -> Vec<String> {
        let private = |name: &String| name.split('/').any(|part| part.starts_with(".ffbatch"));
        let mut left: Vec<String> = directories_below(&self.directory("files"))
            .into_iter()
            .filter(private)
            .collect();
        left.extend(self.files().into_iter().filter(private));
        for place in ["work", "tmp"] {
            let entries = fs::read_dir(self.directory(place)).expect("the room is there");
            left.extend(
                entries
                    .filter_map(Result::ok)
                    .map(|entry| format!("{place}/{}", entry.file_name().display())),
            );
        }
        left
    }

    /// Asserts that nothing runs here any more and nothing private was left behind.
    #[track_caller]
    pub fn assert_clean(&self) {
        until("every process of the job is gone", || {
            self.processes().is_empty()
        });
        assert_eq!(
            self.leftovers(),
            Vec::<String>::new(),
            "something private was left behind"
        );
    }

    /// The command line of a process that works in this room.
    fn belonging(&self, process: &Path) -> Option<String> {
        let line = fs::read(process.join("cmdline")).ok()?;
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        let root = self.root.path();
        let here = fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd.starts_with(root));
        (!line.is_empty() && (here || line.contains(&*root.to_string_lossy()))).then_some(line)
    }
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new()
    }
}

/// Every regular file below a directory, relative to it.
#[track_caller]
pub fn files_below(directory: &Path) -> BTreeSet<String> {
    walk(directory)
        .into_iter()
        .filter(|(_, kind)| !kind.is_dir())
        .map(|(name, _)| name)
        .collect()
}

fn directories_below(directory: &Path) -> BTreeSet<String> {
    walk(directory)
        .into_iter()
        .filter(|(_, kind)| kind.is_dir())
        .map(|(name, _)| name)
        .collect()
}

#[track_caller]
fn walk(directory: &Path) -> Vec<(String, fs::FileType)> {
    let mut found = Vec::new();
    let mut pending = vec![directory.to_owned()];
    while let Some(next) = pending.pop() {
        // A directory that vanishes while it is read has nothing in it.
        let Ok(entries) = fs::read_dir(&next) else {
            continue;
        };
        for entry in entries.filter_map(Result::ok) {
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            let path = entry.path();
            let relative = path.strip_prefix(directory).expect("it lies below");
            found.push((relative.to_string_lossy().into_owned(), kind));
            if kind.is_dir() {
                pending.push(path);
            }
        }
    }
    found
}

/// Waits until something holds.
#[track_caller]
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(
            start.elapsed() < LIMIT,
            "after {} s it still does not hold that {what}",
            LIMIT.as_secs()
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}
