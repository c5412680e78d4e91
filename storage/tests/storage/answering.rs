//! A peer that replays fixed answers, one for each connection, and keeps what it was asked.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

/// The peer; its thread ends after the last answer.
pub struct Answering {
    pub url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Answering {
    /// Answers the first connection with the first text, and so on, closing each one after its answer.
    pub fn with(answers: Vec<String>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&asked);
        std::thread::spawn(move || {
            for answer in answers {
                let (mut socket, _) = listener.accept().expect("a connection");
                let mut request = Vec::new();
                let mut byte = [0];
                while !request.ends_with(b"\r\n\r\n")
                    && socket.read(&mut byte).expect("readable") > 0
                {
                    request.push(byte[0]);
                }
                notes
                    .lock()
                    .expect("no panic")
                    .push(String::from_utf8_lossy(&request).to_lowercase());
                socket.write_all(answer.as_bytes()).expect("writable");
            }
        });
        Self { url, asked }
    }

    /// The requests so far, in lower case.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no panic").clone()
    }
}

/// An answer with these header lines and this body; `Content-Length` must be among the headers.
pub fn answer(status: &str, headers: &[&str], body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nConnection: close\r\n{}\r\n\r\n{body}",
        headers.join("\r\n")
    )
}
