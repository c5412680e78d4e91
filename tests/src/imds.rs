//! A double of the instance metadata service of Amazon EC2, version 2, on a port of this machine: a real HTTP server that insists on
//! what the real one insists on (Amazon EC2 User Guide, "Use the Instance Metadata Service").

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The token that it gives.
const TOKEN: &str = "AQAEAHbZ";

/// How the server behaves.
#[derive(Debug, Clone, Default)]
pub struct Manner {
    /// What it says below `/latest/meta-data/`; everything else is 404.
    pub values: Vec<(&'static str, &'static str)>,
    /// How long it waits before every answer.
    pub pause: Duration,
    /// True for a server of version 1, which knows no tokens and asks for none.
    pub first_version: bool,
}

/// A running server.
#[derive(Debug)]
pub struct Imds {
    address: SocketAddr,
    questions: Arc<AtomicUsize>,
    tokens: Arc<Mutex<Vec<String>>>,
}

impl Imds {
    /// Starts a server.
    #[track_caller]
    pub fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener
            .local_addr()
            .expect("a bound socket has an address");
        let (questions, tokens) = (Arc::<AtomicUsize>::default(), Arc::<Mutex<_>>::default());
        let (counted, kept) = (Arc::clone(&questions), Arc::clone(&tokens));
        // It ends with the process: one test, one process.
        std::thread::spawn(move || {
            for stream in listener.incoming().filter_map(Result::ok) {
                let (manner, counted, kept) = (manner.clone(), counted.clone(), kept.clone());
                std::thread::spawn(move || serve(&stream, &manner, &counted, &kept));
            }
        });
        Self {
            address,
            questions,
            tokens,
        }
    }

    /// Its address as a URL.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many requests came.
    pub fn questions(&self) -> usize {
        self.questions.load(Ordering::Relaxed)
    }

    /// For how many seconds tokens were asked for, as it was written.
    pub fn lifetimes(&self) -> Vec<String> {
        let tokens = self.tokens.lock();
        tokens.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Answers the requests of one connection.
fn serve(
    stream: &TcpStream,
    manner: &Manner,
    questions: &AtomicUsize,
    tokens: &Mutex<Vec<String>>,
) {
    let mut reader = BufReader::new(stream);
    while let Some(request) = request(&mut reader) {
        questions.fetch_add(1, Ordering::Relaxed);
        std::thread::sleep(manner.pause);
        let (status, body) = answer(&request, manner, tokens);
        let length = body.len();
        let written = write!(
            &mut &*stream,
            "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        if written.is_err() {
            return;
        }
    }
}

/// A request: its first line and its headers, in small letters.
type Request = Vec<String>;

fn request(reader: &mut impl BufRead) -> Option<Request> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        lines.push(line.to_ascii_lowercase());
    }
    let length = header(&lines, "content-length").and_then(|length| length.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    Some(lines)
}

fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.iter().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        (found == name).then_some(value.trim())
    })
}

fn answer(
    request: &Request,
    manner: &Manner,
    tokens: &Mutex<Vec<String>>,
) -> (&'static str, String) {
    let line = request.first().map_or("", String::as_str);
    let mut words = line.split(' ');
    let (method, path) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let none = || ("404 Not Found", "404 - Not Found".to_owned());
    if path == "/latest/api/token" {
        if manner.first_version {
            return none();
        }
        let lifetime = header(request, "x-aws-ec2-metadata-token-ttl-seconds");
        let Some(lifetime) = lifetime.filter(|_| method == "put") else {
            return ("400 Bad Request", String::new());
        };
        let mut tokens = tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.push(lifetime.to_owned());
        // The client needs to know how long the token lives.
        return (
            "200 OK\r\nX-aws-ec2-metadata-token-ttl-seconds: 21600",
            TOKEN.to_owned(),
        );
    }
    let token = header(request, "x-aws-ec2-metadata-token");
    if !manner.first_version && token != Some(&TOKEN.to_ascii_lowercase()) {
        return ("401 Unauthorized", String::new());
    }
    let name = path.strip_prefix("/latest/meta-data/");
    let value = manner.values.iter().find(|(known, _)| Some(*known) == name);
    value.map_or_else(none, |(_, value)| ("200 OK", (*value).to_owned()))
}
