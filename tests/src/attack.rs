//! An attack is run twice: by bare ffmpeg, where it must succeed, or a test of it would prove nothing, and as a job, where
//! nothing may come of it.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::clip::{self, SHORT};
use crate::ended::Ended;
use crate::sandbox::{Sandbox, files_below};
use crate::tools;

/// What must never be seen outside of its file.
pub const SECRET: &str = "swordfish-4711";

/// A sandbox with a secret clip outside of the directory in which the job works, and the clip's path.
#[track_caller]
pub fn with_secret() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    let secret = sandbox.directory("home").join("secret.mp4");
    fs::write(&secret, clip::bytes(SHORT)).expect("a sandbox is writable");
    (sandbox, secret.to_string_lossy().into_owned())
}

/// A sandbox with a secret text outside of the directory in which the job works, and the text's path.
#[track_caller]
pub fn with_secret_text() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    let secret = sandbox.directory("home").join("secret.txt");
    fs::write(&secret, SECRET).expect("a sandbox is writable");
    (sandbox, secret.to_string_lossy().into_owned())
}

/// Words, from a line without quotes.
pub fn words(line: &str) -> Vec<String> {
    line.split_ascii_whitespace().map(str::to_owned).collect()
}

/// Runs bare ffmpeg in the sandbox; the output must come out. Returns its bytes and takes it away.
#[track_caller]
pub fn bare(sandbox: &Sandbox, words: &[String], output: &str) -> Vec<u8> {
    let status = sandbox
        .command(&tools::ffmpeg())
        .args(["-nostdin", "-y"])
        .args(words)
        .stderr(Stdio::null())
        .status()
        .expect("ffmpeg starts");
    let bytes = fs::read(sandbox.path(output)).unwrap_or_default();
    assert!(
        status.success() && !bytes.is_empty(),
        "the attack does not even succeed against bare ffmpeg: {words:?}"
    );
    fs::remove_file(sandbox.path(output)).expect("it was just written");
    bytes
}

/// Runs the attack as a job, which must fail, without the output and without a word of the secret anywhere.
#[track_caller]
pub fn held(sandbox: &Sandbox, words: &[String], output: &str) -> Ended {
    // The log is part of what must not hold the secret.
    let job = ["run", "-v", "--json", "--", "ffmpeg"].map(str::to_owned);
    let ended = sandbox.ffbatch(job.iter().chain(words));
    assert!(
        !sandbox.path(output).exists(),
        "the attack succeeded\n{ended}"
    );
    assert_ne!(ended.code, Some(0), "{ended}");
    silent(sandbox, &ended);
    sandbox.assert_clean();
    ended
}

/// Asserts that neither what was said, nor an output, nor a report, nor a log holds the secret.
///
/// The queue's database does where the secret was in the environment of a submission: that is what a job gets from it. It is
/// this user's alone, and no input of a job.
#[track_caller]
pub fn silent(sandbox: &Sandbox, ended: &Ended) {
    let said = format!("{}{}", ended.stdout, ended.stderr);
    assert!(!said.contains(SECRET), "the secret was said\n{ended}");
    for place in ["files", "state"] {
        let directory = sandbox.directory(place);
        for name in files_below(&directory) {
            if name.starts_with("queue/queue.db") {
                let there = fs::metadata(directory.join(&name)).map_or(0o600, |there| there.mode());
                assert_eq!(there & 0o077, 0, "others can read `{name}`");
                continue;
            }
            // A link that leads nowhere holds nothing.
            let bytes = fs::read(directory.join(&name)).unwrap_or_default();
            let text = String::from_utf8_lossy(&bytes);
            assert!(!text.contains(SECRET), "`{name}` holds the secret\n{ended}");
        }
    }
}

/// A web server of this machine that answers every request with one response, and counts who comes.
#[derive(Debug)]
pub struct Server {
    port: u16,
    seen: Arc<AtomicUsize>,
}

impl Server {
    /// Answers each path with what `response` makes of it: a status line with headers, and a body.
    #[track_caller]
    pub fn start(response: impl Fn(&str) -> (String, Vec<u8>) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback is there");
        let port = listener.local_addr().expect("it is bound").port();
        let seen = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&seen);
        let response = Arc::new(response);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().filter_map(Result::ok) {
                counter.fetch_add(1, Ordering::SeqCst);
                let response = Arc::clone(&response);
                std::thread::spawn(move || {
                    let mut request = [0; 8192];
                    // Whoever hangs up early has been counted already.
                    let Ok(length) = stream.read(&mut request) else {
                        return;
                    };
                    let request = String::from_utf8_lossy(&request[..length]).into_owned();
                    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
                    let (head, body) = response(&path);
                    let length = body.len();
                    let head = format!(
                        "HTTP/1.1 {head}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
                    );
                    let _ = stream
                        .write_all(head.as_bytes())
                        .and_then(|()| stream.write_all(&body));
                });
            }
        });
        Self { port, seen }
    }

    /// Serves the files below a directory.
    #[track_caller]
    pub fn of(directory: PathBuf) -> Self {
        Self::start(
            move |path| match fs::read(directory.join(path.trim_start_matches('/'))) {
                Ok(bytes) => ("200 OK".to_owned(), bytes),
                Err(_) => ("404 Not Found".to_owned(), Vec::new()),
            },
        )
    }

    /// The URL of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    /// How many connections there were.
    pub fn seen(&self) -> usize {
        self.seen.load(Ordering::SeqCst)
    }
}
