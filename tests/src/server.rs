//! `ffbatch serve` in a room, and requests to it as bytes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::sandbox::Sandbox;
use crate::tools;

/// A running server; it ends with this value.
#[derive(Debug)]
pub struct Server {
    child: Child,
    address: String,
}

impl Server {
    /// Starts a server of the room at a free port, with these flags, and waits until it listens.
    #[track_caller]
    pub fn start(sandbox: &Sandbox, flags: &[&str]) -> Self {
        let mut child = sandbox
            .command(&tools::ffbatch())
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(flags)
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let line = lines.next().and_then(Result::ok).unwrap_or_default();
        let (_, address) = line
            .split_once("://")
            .unwrap_or_else(|| panic!("it said `{line}`"));
        Self {
            address: address.to_owned(),
            child,
        }
    }

    /// Its address as a URL, without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Sends a request as it is, and tells status, headers and body.
    #[track_caller]
    pub fn send(&self, request: &str) -> (u16, String, String) {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut answer = Vec::new();
        // A connection that breaks has no more to say.
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        (status.unwrap_or(0), head.to_owned(), body.to_owned())
    }

    /// Gets a path whose answer has no end: what comes behind its headers.
    #[track_caller]
    pub fn stream(&self, path: &str) -> BufReader<TcpStream> {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        let request = format!("GET {path} HTTP/1.0\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            let read = reader.read_line(&mut line).expect("it answers");
            assert!(read > 0, "the answer has no body");
        }
        reader
    }

    /// Gets a path, with further header lines.
    #[track_caller]
    pub fn get_with(&self, path: &str, headers: &str) -> (u16, String) {
        let (status, _, body) = self.send(&format!("GET {path} HTTP/1.0\r\n{headers}\r\n"));
        (status, body)
    }

    /// Gets a path.
    #[track_caller]
    pub fn get(&self, path: &str) -> (u16, Value) {
        let (status, body) = self.get_with(path, "");
        (
            status,
            serde_json::from_str(&body).unwrap_or(Value::String(body)),
        )
    }

    /// Posts JSON to a path.
    #[track_caller]
    pub fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.post_text(path, &body.to_string())
    }

    /// Posts a text that is said to be JSON.
    #[track_caller]
    pub fn post_text(&self, path: &str, body: &str) -> (u16, Value) {
        let head = format!(
            "POST {path} HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let (status, _, body) = self.send(&(head + body));
        (
            status,
            serde_json::from_str(&body).unwrap_or(Value::String(body)),
        )
    }

    /// Asks it to end.
    #[track_caller]
    pub fn interrupt(&self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).expect("it runs");
    }

    /// Waits for its end, and tells its exit code.
    #[track_caller]
    pub fn ended(mut self) -> Option<i32> {
        self.child.wait().expect("it can be waited for").code()
    }

    /// Asks it to end, and tells its exit code.
    #[track_caller]
    pub fn stop(self) -> Option<i32> {
        self.interrupt();
        self.ended()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
