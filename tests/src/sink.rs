//! The end of a trace's way: an HTTP server that takes OTLP requests in and keeps their spans.
//!
//! The requests are decoded with the message types that the OpenTelemetry project generates from its protocol, not with
//! anything of ours. With a certificate it speaks TLS.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use flate2::read::GzDecoder;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span, status::StatusCode};
use prost::Message;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::sandbox::until;
use crate::tools;

/// A span as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// `service.name` of its resource.
    pub service: String,
    /// Its name.
    pub name: String,
    /// 32 hexadecimal digits.
    pub trace: String,
    /// 16 hexadecimal digits.
    pub id: String,
    /// The parent's id; empty for a root.
    pub parent: String,
    /// The message of a status of error; `None` where the status is none.
    pub error: Option<String>,
    /// Its attributes that are texts.
    pub attributes: BTreeMap<String, String>,
}

/// A running server.
#[derive(Debug)]
pub struct Sink {
    address: SocketAddr,
    scheme: &'static str,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Debug, Default)]
struct Taken {
    requests: Vec<BTreeMap<String, String>>,
    spans: Vec<Received>,
}

impl Sink {
    /// Starts a server that speaks HTTP.
    #[track_caller]
    pub fn start() -> Self {
        Self::listen("http", |stream, taken| {
            serve(BufReader::new(stream), taken);
        })
    }

    /// Starts a server that speaks HTTPS, as `localhost` and `127.0.0.1`; `tests/fixtures/authority.pem` vouches for it.
    #[track_caller]
    pub fn start_tls() -> Self {
        let pem = tools::repository().join("tests/fixtures/localhost.pem");
        let certificate = CertificateDer::from_pem_file(&pem).expect("the fixture is committed");
        let key = PrivateKeyDer::from_pem_file(&pem).expect("the fixture is committed");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring speaks TLS")
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .expect("key and certificate fit");
        let config = Arc::new(config);
        Self::listen("https", move |stream, taken| {
            let session = ServerConnection::new(config.clone()).expect("the settings are valid");
            serve(BufReader::new(StreamOwned::new(session, stream)), taken);
        })
    }

    #[track_caller]
    fn listen(
        scheme: &'static str,
        serve: impl Fn(TcpStream, &Mutex<Taken>) + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener
            .local_addr()
            .expect("a bound socket has an address");
        let taken = Arc::<Mutex<Taken>>::default();
        let shared = Arc::clone(&taken);
        // It ends with the process: one test, one process.
        std::thread::spawn(move || {
            for stream in listener.incoming().filter_map(Result::ok) {
                serve(stream, &shared);
            }
        });
        Self {
            address,
            scheme,
            taken,
        }
    }

    /// Where it listens.
    pub fn endpoint(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// The headers of every request so far, names in lower case; the path stands under `:path`.
    pub fn requests(&self) -> Vec<BTreeMap<String, String>> {
        self.taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .requests
            .clone()
    }

    /// Waits for so many spans.
    #[track_caller]
    pub fn spans(&self, count: usize) -> Vec<Received> {
        let lock = || self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        until(&format!("{count} spans have arrived"), || {
            lock().spans.len() >= count
        });
        lock().spans.clone()
    }
}

/// Takes one request in and answers it. A client that goes away before it is answered is its own judge.
fn serve(mut stream: BufReader<impl Read + Write>, taken: &Mutex<Taken>) {
    let Some(headers) = head(&mut stream) else {
        return;
    };
    let length = headers
        .get("content-length")
        .and_then(|text| text.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    if stream.read_exact(&mut body).is_err() {
        return;
    }
    if headers
        .get("content-encoding")
        .is_some_and(|coding| coding == "gzip")
    {
        let mut plain = Vec::new();
        let unpacked = GzDecoder::new(&body[..]).read_to_end(&mut plain);
        unpacked.expect("what calls itself gzip is gzip");
        body = plain;
    }
    let decoded = ExportTraceServiceRequest::decode(&body[..]);
    let mut taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
    taken.requests.push(headers);
    let status = match decoded {
        Ok(request) => {
            let resources = request.resource_spans.iter();
            taken.spans.extend(resources.flat_map(received));
            "200 OK"
        }
        Err(_) => "400 Bad Request",
    };
    let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    let _ = stream.get_mut().write_all(answer.as_bytes());
    let _ = stream.get_mut().flush();
}

fn head(stream: &mut impl BufRead) -> Option<BTreeMap<String, String>> {
    let mut lines = stream
        .lines()
        .map_while(Result::ok)
        .take_while(|line| !line.is_empty());
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let pairs = lines.filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_ascii_lowercase(), value.trim().to_owned()))
    });
    Some(pairs.chain([(":path".to_owned(), path)]).collect())
}

fn received(resource: &ResourceSpans) -> Vec<Received> {
    let about = resource.resource.as_ref();
    let service = about
        .map(|about| texts(&about.attributes))
        .and_then(|mut texts| texts.remove("service.name"))
        .unwrap_or_default();
    let spans = resource.scope_spans.iter().flat_map(|scope| &scope.spans);
    spans.map(|span| one(span, &service)).collect()
}

fn one(span: &Span, service: &str) -> Received {
    let failed = span
        .status
        .as_ref()
        .filter(|status| status.code() == StatusCode::Error);
    Received {
        service: service.to_owned(),
        name: span.name.clone(),
        trace: hex(&span.trace_id),
        id: hex(&span.span_id),
        parent: hex(&span.parent_span_id),
        error: failed.map(|status| status.message.clone()),
        attributes: texts(&span.attributes),
    }
}

fn texts(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |pair: &KeyValue| match pair.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some((pair.key.clone(), text.clone())),
        _ => None,
    };
    attributes.iter().filter_map(text).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
