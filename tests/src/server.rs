//! `ffbatch serve` in a room, and requests to it as bytes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpStream, UdpSocket};
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
    /// Header lines of every request.
    headers: String,
}

impl Server {
    /// Starts a server of the room at a free port, with these flags, and waits until it listens.
    #[track_caller]
    pub fn start(sandbox: &Sandbox, flags: &[&str]) -> Self {
        Self::listening(sandbox, "127.0.0.1:0", flags)
    }

    /// The same at an address of this machine that is not the loopback, so that whoever asks comes from elsewhere; `Err` says why
    /// there is none.
    #[track_caller]
    pub fn elsewhere(sandbox: &Sandbox, flags: &[&str]) -> Result<Self, String> {
        // Nothing is sent; the system chooses the address from which it would be (RFC 5737: nobody has the other one).
        let own = UdpSocket::bind("0.0.0.0:0")
            .and_then(|socket| {
                socket.connect("192.0.2.1:9")?;
                socket.local_addr()
            })
            .map_err(|error| format!("this machine has no address but the loopback: {error}"))?;
        Ok(Self::listening(sandbox, &format!("{}:0", own.ip()), flags))
    }

    #[track_caller]
    fn listening(sandbox: &Sandbox, listen: &str, flags: &[&str]) -> Self {
        let mut child = sandbox
            .command(&tools::ffbatch())
            .args(["serve", "--listen", listen])
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
            headers: String::new(),
        }
    }

    /// Every request shows this token from now on.
    #[must_use]
    pub fn showing(mut self, token: &str) -> Self {
        self.headers = format!("Authorization: Bearer {token}\r\n");
        self
    }

    /// Its address as a URL, without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Sends a request as it is, and tells status, headers and body.
    #[track_caller]
    pub fn send(&self, request: &str) -> (u16, String, String) {
        let answer = self.answer(request);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (status, head, body) = parts(&answer).unwrap_or_default();
        (status, head.to_owned(), body.to_owned())
    }

    /// Everything that comes back for a request.
    #[track_caller]
    fn answer(&self, request: &str) -> Vec<u8> {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut answer = Vec::new();
        // A connection that breaks has no more to say.
        let _ = stream.read_to_end(&mut answer);
        answer
    }

    /// Gets a path: the headers in lower case, with the line of the status, and the body as it is.
    #[track_caller]
    pub fn bytes(&self, path: &str, headers: &str) -> (String, Vec<u8>) {
        let request = format!("GET {path} HTTP/1.0\r\n{}{headers}\r\n", self.headers);
        let answer = self.answer(&request);
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
        let end = end.expect("an answer has a head") + 4;
        let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
        (head, answer[end..].to_vec())
    }

    /// Gets a path whose answer has no end: what comes behind its headers.
    #[track_caller]
    pub fn stream(&self, path: &str) -> BufReader<TcpStream> {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        let request = format!("GET {path} HTTP/1.0\r\n{}\r\n", self.headers);
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
        let (status, _, body) = self.send(&format!(
            "GET {path} HTTP/1.0\r\n{}{headers}\r\n",
            self.headers
        ));
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
        let (status, _, body) = self.send(&posting(path, &self.headers, body));
        (
            status,
            serde_json::from_str(&body).unwrap_or(Value::String(body)),
        )
    }

    /// Posts JSON to a server at a URL that may be gone: `None` where it does not answer.
    pub fn try_post(url: &str, path: &str, body: &Value) -> Option<(u16, Value)> {
        let mut stream = TcpStream::connect(url.trim_start_matches("http://")).ok()?;
        let request = posting(path, "", &body.to_string());
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (status, _, body) = parts(&answer)?;
        Some((status, serde_json::from_str(body).ok()?))
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

/// A request with JSON as its body, and further header lines.
pub fn posting(path: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.0\r\n{headers}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

/// Status, headers and body of an answer.
fn parts(answer: &str) -> Option<(u16, &str, &str)> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, head, body))
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
