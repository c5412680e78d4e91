//! A real S3 server for one test.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ffbatch_dispatcher::location::Location;
use ffbatch_storage::{Keys, S3Settings, Stores};

/// How long the server may take to start.
const START_LIMIT: Duration = Duration::from_mins(1);

/// The server; it ends with the test.
pub struct Moto {
    child: Child,
    pub url: String,
}

impl Moto {
    /// Starts a server with a bucket `films`.
    pub async fn start() -> Self {
        let program = program();
        let port = free_port();
        let child = Command::new(&program)
            .env("MOTO_PORT", port.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| {
                panic!(
                    "`{}` does not start: {error}: run `make tools`",
                    program.display()
                )
            });
        let moto = Self {
            child,
            url: format!("http://127.0.0.1:{port}"),
        };
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(start.elapsed() < START_LIMIT, "moto does not listen");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        moto.send("PUT", "/films", "s3", "").await;
        moto
    }

    /// Settings with parts small enough that a test needs few bytes.
    pub fn settings(&self) -> S3Settings {
        S3Settings {
            endpoint: Some(self.url.clone()),
            region: Some("us-east-1".to_owned()),
            keys: Some(Keys {
                access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
                secret_access_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
                session_token: None,
            }),
            part_bytes: 5 << 20,
            single_bytes: 6 << 20,
            ..S3Settings::default()
        }
    }

    pub fn stores(&self) -> Stores {
        Stores::new(self.settings())
    }

    /// A request straight to the server, as if signed for a service; returns the answer's body.
    pub async fn send(&self, method: &str, path: &str, service: &str, body: &str) -> String {
        // The client is built with this provider; a second installation is refused, and the first serves.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let content_type = match service {
            "iam" => "application/x-www-form-urlencoded",
            _ => "text/plain",
        };
        let method = method.parse().expect("a method");
        // Before it is told otherwise, moto reads the service from a signature and checks nothing.
        let signature = format!(
            "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=b"
        );
        reqwest::Client::new()
            .request(method, format!("{}{path}", self.url))
            .header("Authorization", signature)
            .header("Content-Type", content_type)
            .body(body.to_owned())
            .send()
            .await
            .expect("moto answers")
            .text()
            .await
            .expect("a text")
    }

    /// The uploads that were begun and neither completed nor aborted.
    pub async fn open_uploads(&self) -> usize {
        self.send("GET", "/films?uploads", "s3", "")
            .await
            .matches("<UploadId>")
            .count()
    }

    /// The content type of an object.
    pub async fn content_type(&self, key: &str) -> Option<String> {
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(aws_sdk_s3::config::BehaviorVersion::latest())
            .endpoint_url(&self.url)
            .region(aws_sdk_s3::config::Region::new("us-east-1"))
            .force_path_style(true)
            .credentials_provider(
                aws_sdk_s3::config::Credentials::builder()
                    .access_key_id("a")
                    .secret_access_key("b")
                    .provider_name("test")
                    .build(),
            )
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        let client = aws_sdk_s3::Client::from_conf(config);
        let head = client
            .head_object()
            .bucket("films")
            .key(key)
            .send()
            .await
            .expect("there");
        head.content_type
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        // It may have ended by itself, which the test will have noticed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn object(key: &str) -> Location {
    Location::S3 {
        bucket: "films".to_owned(),
        key: key.to_owned(),
    }
}

fn program() -> PathBuf {
    let program = std::env::var_os("FFBATCH_MOTO").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools/venv/bin/moto_server"),
        PathBuf::from,
    );
    assert!(
        program.is_file(),
        "there is no `{}`: run `make tools`",
        program.display()
    );
    program
}

pub fn free_port() -> u16 {
    let socket = TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
    socket.local_addr().expect("bound").port()
}
