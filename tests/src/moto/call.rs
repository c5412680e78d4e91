//! Calls of APIs that no SDK is linked for, by hand.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use super::Moto;

/// What the server answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status; 0 where the connection broke without an answer.
    pub status: u16,
    /// The body.
    pub body: String,
}

impl Answer {
    /// The body of a success.
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.status, 200, "the call failed: {}", self.body);
        self.body
    }

    /// The JSON of a success.
    #[track_caller]
    pub fn json(self) -> Value {
        let body = self.ok();
        serde_json::from_str(&body)
            .unwrap_or_else(|error| panic!("the answer is not JSON: {error}: {body}"))
    }
}

impl Moto {
    /// One call: a service's name, a path, header lines (each ends with a line break), a body. A path of the server's own has no service.
    #[track_caller]
    pub fn call(&self, service: &str, path: &str, headers: &str, body: &str) -> Answer {
        let method = if body.is_empty() { "GET" } else { "POST" };
        // The credential's scope says which service is meant; nobody looks at the signature.
        let request = format!(
            "{method} {path} HTTP/1.0\r\nAuthorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{service}/aws4_request, \
             SignedHeaders=host, Signature=none\r\n{headers}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let address = self.endpoint.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).expect("the server listens");
        stream
            .write_all(request.as_bytes())
            .expect("the server reads");
        let mut answer = Vec::new();
        // A connection that breaks has no more to say.
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8(answer).expect("the server answers in UTF-8");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        Answer {
            status: status.unwrap_or(0),
            body: body.to_owned(),
        }
    }
}
