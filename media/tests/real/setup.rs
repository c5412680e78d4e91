//! A room for one test: a directory for the job, one outside of it, and ffmpeg with and without confinement.

use std::path::{Path, PathBuf};
use std::process::Command;

use ffbatch_media::confine::Policy;
use ffbatch_media::find::Ffmpeg;
use ffbatch_media::run::{Finished, GRACE, Happening, Run, RunError, Stdout, run};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// The ffmpeg that the tests use.
pub fn ffmpeg() -> Ffmpeg {
    let path = std::env::var_os("FFBATCH_FFMPEG").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools/ffmpeg"),
        PathBuf::from,
    );
    Ffmpeg::at(&path).unwrap_or_else(|error| panic!("{error}; run `make tools`"))
}

/// The example `launcher`, which cargo builds with the tests.
pub fn launcher() -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    let built = test
        .ancestors()
        .nth(2)
        .expect("tests lie in target/*/deps")
        .join("examples/launcher");
    assert!(
        built.is_file(),
        "{} is missing; run `cargo build -p ffbatch-media --examples`",
        built.display()
    );
    built
}

/// Directories of one test.
pub struct Room {
    /// The job's own.
    pub job: TempDir,
    /// Somebody else's.
    pub outside: TempDir,
}

impl Room {
    pub fn new() -> Self {
        Self::below(Path::new(env!("CARGO_TARGET_TMPDIR")))
    }

    /// A room that goes when the directory goes, even if this process is killed.
    pub fn below(directory: &Path) -> Self {
        let room = || {
            tempfile::Builder::new()
                .prefix("ffbatch-test-")
                .tempdir_in(directory)
                .expect("a directory")
        };
        Self {
            job: room(),
            outside: room(),
        }
    }

    /// The path of a file of the job, as text.
    pub fn mine(&self, name: &str) -> String {
        self.job.path().join(name).to_string_lossy().into_owned()
    }

    /// The path of a file of somebody else, as text.
    pub fn theirs(&self, name: &str) -> String {
        self.outside
            .path()
            .join(name)
            .to_string_lossy()
            .into_owned()
    }

    /// A confined run of a command as typed; `JOB` and `OUTSIDE` stand for the directories.
    pub fn run(&self, command: &str) -> Run {
        let mut policy = Policy::new(Vec::new(), vec![self.job.path().to_owned()]);
        policy.require = true;
        Run {
            ffmpeg: ffmpeg(),
            args: self.words(command),
            cwd: self.job.path().to_owned(),
            policy,
            launcher: launcher(),
            stdout: Stdout::Discard,
            stop: CancellationToken::new(),
            grace: GRACE,
        }
    }

    /// Runs it and gathers what it tells.
    pub fn confined(&self, command: &str) -> (Finished, Vec<Happening>) {
        let (finished, happenings) = go(&self.run(command));
        (finished.expect("ffmpeg starts"), happenings)
    }

    /// Runs the same command without confinement, in the same directory and with a secret in its environment.
    pub fn unconfined(&self, command: &str) -> bool {
        let output = Command::new(ffmpeg().path)
            .args(["-nostdin", "-y", "-v", "error"])
            .args(self.words(command))
            .current_dir(self.job.path())
            .env("FFBATCH_TEST_SECRET", "swordfish")
            .output()
            .expect("ffmpeg starts");
        if !output.status.success() {
            eprintln!("{}", String::from_utf8_lossy(&output.stderr));
        }
        output.status.success()
    }

    /// A clip of somebody else's.
    pub fn make_theirs(&self, name: &str) -> String {
        let path = self.theirs(name);
        assert!(self.unconfined(&format!(
            "-f lavfi -i testsrc2=s=64x48:d=0.4 -c:v mpeg2video {path}"
        )));
        path
    }

    fn words(&self, command: &str) -> Vec<String> {
        let place = |word: &str| {
            word.replace("JOB", &self.mine(""))
                .replace("OUTSIDE", &self.theirs(""))
        };
        command.split_whitespace().map(place).collect()
    }
}

/// Runs to the end and gathers what is told.
pub fn go(asked: &Run) -> (Result<Finished, RunError>, Vec<Happening>) {
    let mut happenings = Vec::new();
    let finished = block_on(run(asked, &mut |happening| happenings.push(happening)));
    (finished, happenings)
}

pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(future)
}

/// The processes whose command line names this path.
pub fn processes_naming(path: &Path) -> Vec<String> {
    let path = path.to_string_lossy().into_owned();
    std::fs::read_dir("/proc")
        .expect("/proc")
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().to_string_lossy().parse::<u32>().is_ok())
        // A process may end between the listing and the reading.
        .filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok())
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .filter(|line| line.contains(&path))
        .collect()
}

/// Waits for a condition, ten seconds at most.
#[track_caller]
pub fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while !holds() {
        assert!(std::time::Instant::now() < end, "{what}: not within 10 s");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}
