//! A real registry of container images on this machine, which dies with its owner and with the thread that started it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::tools;

/// Who may use a registry that asks for a login: whom moto's Amazon ECR names (`AWS` and `123456789012-auth-token`), as `htpasswd -B` writes it.
const LOGIN: &str = "AWS:$2b$04$2F/dRL8xpSRUOqOjWvEbAeJGvAdSEKuyLjD2B0Vh2J5WPAsKlk7cC\n";

/// A running registry.
#[derive(Debug)]
pub struct Registry {
    program: Child,
    host: String,
    _room: TempDir,
}

impl Registry {
    /// Starts one that lets everybody in; `None`, said loudly, on a machine that can have none.
    #[track_caller]
    pub fn open() -> Option<Self> {
        Self::start("")
    }

    /// Starts one that asks for the login of Amazon ECR.
    #[track_caller]
    pub fn closed() -> Option<Self> {
        Self::start("auth: { htpasswd: { realm: images, path: LOGINS } }\n")
    }

    #[track_caller]
    fn start(auth: &str) -> Option<Self> {
        let path = match tools::registry() {
            Ok(path) => path,
            Err(why) => {
                eprintln!("SKIPPED: there is no registry of images here: {why}");
                return None;
            }
        };
        let room = tempfile::tempdir().expect("a directory");
        let logins = room.path().join("logins");
        fs::write(&logins, LOGIN).expect("a new directory is writable");
        let config = room.path().join("config.yml");
        let auth = auth.replace("LOGINS", &logins.display().to_string());
        let data = room.path().join("data");
        let text = format!(
            "version: 0.1\nlog: {{ level: info }}\nhttp: {{ addr: '127.0.0.1:0' }}\nstorage: {{ filesystem: {{ rootdirectory: {} }} }}\n{auth}",
            data.display()
        );
        fs::write(&config, text).expect("a new directory is writable");
        let mut program = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "--"])
            .arg(path)
            .arg("serve")
            .arg(&config)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("util-linux's setpriv starts");
        let mut lines = BufReader::new(program.stderr.take().expect("it was piped")).lines();
        let host = loop {
            let line = lines.next().expect("it says where it listens");
            let line = line.expect("it is text");
            if let Some((_, rest)) = line.split_once("listening on ") {
                break rest.split('"').next().unwrap_or(rest).to_owned();
            }
        };
        // What it says of every request has to go somewhere.
        std::thread::spawn(move || lines.for_each(drop));
        Some(Self {
            program,
            host,
            _room: room,
        })
    }

    /// Where it listens, such as `127.0.0.1:5000`.
    pub fn host(&self) -> &str {
        &self.host
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.program.kill().expect("it runs");
        self.program.wait().expect("it ends");
    }
}
