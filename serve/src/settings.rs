//! The section `serve` of the configuration, with the flags over it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use ffbatch_dispatcher::config::{Config, wrong};
use figment::Figment;
use figment::providers::Serialized;
use figment::value::Dict;
use serde::{Deserialize, Serialize};

/// Where it listens that nobody tells otherwise.
const LISTEN: &str = "127.0.0.1:8080";

/// How a server shall be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where it listens.
    pub listen: String,
    /// The computes that it serves.
    pub computes: Vec<String>,
    /// Bearer tokens, one of which a request has to show; none are needed on the loopback.
    pub tokens: Vec<String>,
    /// Access keys and their secrets: what clients of the API on AWS sign with.
    pub keys: BTreeMap<String, String>,
    /// The certificate, where it speaks HTTPS.
    pub tls: Option<Tls>,
    /// Names by which clients reach it beside its address, such as `jobs.example.com`.
    pub hosts: Vec<String>,
    /// The directories below which jobs may name files of this machine where requests have to show who makes them; none, where there
    /// are none.
    pub roots: Vec<String>,
    /// Benchmarks whose reports are shown: names, and directories or `s3://` prefixes with their results.
    pub benches: BTreeMap<String, String>,
    /// How many requests a second each client may make that has to show who it is; 0 for as many as it likes.
    pub requests_per_second: u32,
}

/// A certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The file with the chain of certificates, in PEM.
    pub certificate: PathBuf,
    /// The file with its key, in PEM.
    pub key: PathBuf,
}

/// A section that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A key is unknown, or a value is of the wrong kind.
    #[error("the section `serve` cannot be used: {0}")]
    Section(String),
    /// Not an address.
    #[error(
        "`{0}` is no address to listen at (write HOST:PORT, such as 127.0.0.1:8080 or 0.0.0.0:8080)"
    )]
    Address(String),
    /// Everybody could come in.
    #[error(
        "`{0}` can be reached from other machines, and nobody has to show who they are (give `tokens` or `keys` in the section `serve`, or listen at 127.0.0.1)"
    )]
    Open(SocketAddr),
    /// A token that anybody could guess.
    #[error(
        "a token has fewer than {SHORTEST} characters (`openssl rand -hex 32` makes a good one)"
    )]
    Short,
    /// A secret that no client of AWS signs with.
    #[error(
        "the secret of the access key `{0}` has {1} characters, those of AWS have {SECRET} (`openssl rand -base64 30` makes one)"
    )]
    Secret(String, usize),
    /// A root that bounds nothing.
    #[error("`{0}` in `roots` is no directory of this machine (give its whole path)")]
    Root(String),
}

/// The length of secrets of AWS ("Managing access keys" in the IAM User Guide shows one).
const SECRET: usize = 40;

/// How many requests a second a client may make where nobody tells otherwise: a page that lives makes two or three.
const PACE: u32 = 100;

/// The shortest token.
const SHORTEST: usize = 16;

impl Settings {
    /// Reads the section, with flags over it.
    pub fn of(config: &Config, flags: Dict) -> Result<Self, SettingsError> {
        let usual = Self {
            listen: LISTEN.to_owned(),
            computes: vec![config.compute.clone()],
            tokens: Vec::new(),
            keys: BTreeMap::new(),
            tls: None,
            hosts: Vec::new(),
            roots: Vec::new(),
            benches: BTreeMap::new(),
            requests_per_second: PACE,
        };
        let layers = Figment::from(Serialized::defaults(usual))
            .merge(Serialized::defaults(&config.serve))
            .merge(Serialized::defaults(flags));
        let settings: Self = layers
            .extract()
            .map_err(|error| SettingsError::Section(wrong(&error)))?;
        if settings.tokens.iter().any(|token| token.len() < SHORTEST) {
            return Err(SettingsError::Short);
        }
        let mut secrets = settings.keys.iter();
        if let Some((key, secret)) = secrets.find(|(_, secret)| secret.len() != SECRET) {
            return Err(SettingsError::Secret(key.clone(), secret.len()));
        }
        let mut roots = settings.roots.iter();
        if let Some(root) = roots.find(|root| !root.starts_with('/') || !Path::new(root).is_dir()) {
            return Err(SettingsError::Root(root.clone()));
        }
        let address = settings.address()?;
        if !address.ip().is_loopback() && settings.tokens.is_empty() && settings.keys.is_empty() {
            return Err(SettingsError::Open(address));
        }
        Ok(settings)
    }

    /// Where it listens.
    pub fn address(&self) -> Result<SocketAddr, SettingsError> {
        let text = self.listen.replace("localhost", "127.0.0.1");
        text.parse()
            .map_err(|_| SettingsError::Address(self.listen.clone()))
    }
}
