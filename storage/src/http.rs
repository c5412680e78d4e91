//! `http://` and `https://` inputs: fetched whole, never written.
//!
//! A file is asked for with one GET; the other side need not know ranges. Looking it up is a GET of its first byte, not a HEAD,
//! because presigned URLs are signed for GET alone.

use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use ffbatch_dispatcher::location::Location;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, ETAG, RANGE};
use reqwest::{Client, Response, StatusCode};
use tokio::sync::OnceCell;

use crate::error::{blocking, root};
use crate::file::too_large;
use crate::partial::Partial;
use crate::{Entry, Kind, Meter, Store, StoreError};

pub(crate) mod gate;
mod guard;
mod refusal;

/// How long a connection may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(4);

/// How long the other side may be silent.
const SILENCE_LIMIT: Duration = Duration::from_secs(30);

/// The store of web addresses.
#[derive(Debug, Default)]
pub(crate) struct HttpStore {
    /// For URLs elsewhere, which may not lead to this machine.
    elsewhere: OnceCell<Client>,
    /// For URLs of this machine.
    own: OnceCell<Client>,
    /// Whether URLs of this machine are refused.
    stays_outside: AtomicBool,
}

impl HttpStore {
    /// Refuses this machine's own servers from now on.
    pub(crate) fn stay_outside(&self) {
        self.stays_outside.store(true, Ordering::Relaxed);
    }

    async fn ask(&self, at: &Location, range: Option<&str>) -> Result<Response, StoreError> {
        let Location::Http(url) = at else {
            return Err(StoreError::new(
                Kind::Unsupported,
                at,
                "is not a web address (give an https:// URL)",
            ));
        };
        let url = reqwest::Url::parse(url).map_err(|error| {
            StoreError::new(
                Kind::Invalid,
                at,
                "is not a valid URL (check host, port and escapes)",
            )
            .because(error.to_string())
        })?;
        guard::check(&url).map_err(|error| refusal::refused(at, &error))?;
        let stays_outside = self.stays_outside.load(Ordering::Relaxed);
        if stays_outside {
            guard::check_elsewhere(&url).map_err(|error| refusal::refused(at, &error))?;
        }
        let own = !stays_outside && guard::leads_here(&url).await;
        let cell = if own { &self.own } else { &self.elsewhere };
        let client = cell.get_or_try_init(|| async { client(at, own) }).await?;
        // A compressed answer would not have the length that it names.
        let mut request = client.get(url).header(ACCEPT_ENCODING, "identity");
        if let Some(range) = range {
            request = request.header(RANGE, range);
        }
        request
            .send()
            .await
            .map_err(|error| refusal::failed(at, &error))
    }

    async fn open(&self, at: &Location) -> Result<Response, StoreError> {
        let response = self.ask(at, None).await?;
        if response.status() == StatusCode::OK {
            return Ok(response);
        }
        Err(refusal::status(at, response.status()))
    }
}

#[async_trait]
impl Store for HttpStore {
    async fn stat(&self, at: &Location) -> Result<Entry, StoreError> {
        let response = self.ask(at, Some("bytes=0-0")).await?;
        let header = |name| {
            response
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        let size_bytes = match response.status() {
            // `bytes 0-0/SIZE`, and `bytes */0` of an empty file (RFC 9110, section 14.4).
            StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE => {
                header(CONTENT_RANGE)
                    .and_then(|range| range.rsplit('/').next())
                    .and_then(|size| size.parse().ok())
            }
            StatusCode::OK => header(CONTENT_LENGTH).and_then(|size| size.parse().ok()),
            other => return Err(refusal::status(at, other)),
        };
        Ok(Entry {
            location: at.clone(),
            size_bytes,
            etag: header(ETAG).map(str::to_owned),
            modified: None,
        })
    }

    async fn get(&self, from: &Location, to: &Path, meter: &Meter) -> Result<u64, StoreError> {
        let mut response = self.open(from).await?;
        let expected = response.content_length();
        let target = to.to_owned();
        let partial = blocking(to, move || Partial::create(&target, expected.unwrap_or(0))).await?;
        let mut cursor = partial.cursor(0);
        let mut arrived = 0;
        while let Some(bytes) = response
            .chunk()
            .await
            .map_err(|error| broke(from, arrived, expected, &root(&error)))?
        {
            arrived += bytes.len() as u64;
            meter.add(bytes.len() as u64);
            cursor.push(bytes).await?;
        }
        cursor.flush().await?;
        if expected.is_some_and(|expected| expected != arrived) {
            return Err(broke(
                from,
                arrived,
                expected,
                "the answer has another length than it announced",
            ));
        }
        partial.finish()?;
        Ok(arrived)
    }

    async fn put(&self, _: &Path, to: &Location, _: &Meter) -> Result<(), StoreError> {
        Err(read_only(to))
    }

    async fn read(&self, at: &Location, limit_bytes: u64) -> Result<Vec<u8>, StoreError> {
        let response = self.open(at).await?;
        let bytes = collect(at, response, 0, limit_bytes.saturating_add(1)).await?;
        if bytes.len() as u64 > limit_bytes {
            return Err(too_large(at, limit_bytes));
        }
        Ok(bytes)
    }

    async fn read_range(&self, at: &Location, range: Range<u64>) -> Result<Vec<u8>, StoreError> {
        let Some(last) = range.end.checked_sub(1).filter(|last| *last >= range.start) else {
            return Ok(Vec::new());
        };
        let header = format!("bytes={}-{last}", range.start);
        let response = self.ask(at, Some(&header)).await?;
        let skipped = match response.status() {
            StatusCode::PARTIAL_CONTENT => 0,
            // A server that does not know ranges sends everything.
            StatusCode::OK => range.start,
            StatusCode::RANGE_NOT_SATISFIABLE => return Ok(Vec::new()),
            other => return Err(refusal::status(at, other)),
        };
        collect(at, response, skipped, range.end - range.start).await
    }

    async fn write(&self, _: Vec<u8>, to: &Location, _: &str) -> Result<(), StoreError> {
        Err(read_only(to))
    }

    async fn create(&self, _: Vec<u8>, to: &Location, _: &str) -> Result<bool, StoreError> {
        Err(read_only(to))
    }

    async fn list(&self, prefix: &Location) -> Result<Vec<Entry>, StoreError> {
        Err(StoreError::new(
            Kind::Unsupported,
            prefix,
            "cannot be listed, the web knows no listing (name each file)",
        ))
    }
}

/// The bytes of an answer behind the skipped ones, at most so many.
async fn collect(
    at: &Location,
    mut response: Response,
    mut skipped_bytes: u64,
    limit_bytes: u64,
) -> Result<Vec<u8>, StoreError> {
    let expected = response.content_length();
    let limit = usize::try_from(limit_bytes).unwrap_or(usize::MAX);
    let mut arrived = 0;
    let mut bytes = Vec::new();
    while bytes.len() < limit
        && let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| broke(at, arrived, expected, &root(&error)))?
    {
        arrived += chunk.len() as u64;
        let skip = usize::try_from(skipped_bytes).map_or(chunk.len(), |skip| skip.min(chunk.len()));
        skipped_bytes -= skip as u64;
        let wanted = &chunk[skip..];
        bytes.extend_from_slice(&wanted[..wanted.len().min(limit - bytes.len())]);
    }
    Ok(bytes)
}

fn read_only(to: &Location) -> StoreError {
    StoreError::new(
        Kind::Unsupported,
        to,
        "cannot be written, web addresses are inputs only (give a path or an s3:// URL as output)",
    )
}

fn broke(at: &Location, arrived: u64, expected: Option<u64>, said: &str) -> StoreError {
    let expected = expected.map_or(String::new(), |size| format!(" of {size}"));
    StoreError::new(
        Kind::Unreachable,
        at,
        format!(
            "broke off after {arrived}{expected} bytes (run again; if it stays, check the server)"
        ),
    )
    .because(said)
}

/// A client that may go to this machine itself, or may not.
fn client(at: &Location, own: bool) -> Result<Client, StoreError> {
    // An error means that a provider is installed already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .user_agent(concat!("ffbatch/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_LIMIT)
        .read_timeout(SILENCE_LIMIT)
        .redirect(guard::redirects(own))
        .dns_resolver(guard::Resolver { own })
        .build()
        .map_err(|error| {
            StoreError::new(
                Kind::Other,
                at,
                "cannot be fetched, this machine has no usable TLS (install the CA certificates, or set SSL_CERT_FILE)",
            )
            .because(root(&error))
        })
}
