//! A repository of images in a registry (OCI Distribution Specification).

use std::env;
use std::fs::File;
use std::io::{self, BufReader, ErrorKind};
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use docker_credential::{CredentialRetrievalError, DockerCredential};
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt, stream};
use oci_client::client::{Client, ClientConfig, ClientProtocol};
use oci_client::errors::OciDistributionError;
use oci_client::manifest::{
    IMAGE_MANIFEST_LIST_MEDIA_TYPE, IMAGE_MANIFEST_MEDIA_TYPE, OCI_IMAGE_INDEX_MEDIA_TYPE,
    OCI_IMAGE_MEDIA_TYPE, OciImageManifest,
};
use oci_client::secrets::RegistryAuth;
use oci_client::{Reference, RegistryOperation};
use serde::Deserialize;

use crate::ImageError;
use crate::error::is_absent;
use crate::image::{Blob, Image, Part, Platform, digest};

/// How long a registry may take to be reached.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// How long it may be silent while something comes from it. What goes there has no such limit: the client counts it from the beginning of an
/// upload, which may take as long as a slow line needs for a layer.
const SILENCE_LIMIT: Duration = Duration::from_mins(1);

/// What may stand behind a tag.
const ACCEPTED: [&str; 4] = [
    OCI_IMAGE_INDEX_MEDIA_TYPE,
    IMAGE_MANIFEST_LIST_MEDIA_TYPE,
    OCI_IMAGE_MEDIA_TYPE,
    IMAGE_MANIFEST_MEDIA_TYPE,
];

/// A repository of images in a registry.
pub struct Registry {
    client: Client,
    /// The repository, with any tag.
    at: Reference,
    auth: RegistryAuth,
}

/// Who somebody is for a registry.
#[derive(Clone)]
pub struct Login {
    /// The user's name.
    pub user: String,
    /// The password.
    pub password: String,
}

/// What stands behind a tag: a list of images, or one image.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Behind {
    media_type: Option<String>,
    #[serde(default)]
    manifests: Vec<Entry>,
}

/// One image of a list.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    media_type: String,
    digest: String,
    platform: Option<Platform>,
}

impl Registry {
    /// A repository by its name, such as `registry.example.com/team/ffbatch`, with a login or else the one that `docker login` has kept. One
    /// on this machine itself (`localhost:5000/...`) is spoken to without encryption. Nothing is asked yet.
    pub fn open(name: &str, login: Option<Login>) -> Result<Self, ImageError> {
        let wrong = |why: &str| {
            ImageError::new(format!(
                "`{name}` is no repository: {why} (write HOST/NAME, without a tag)"
            ))
        };
        let host = name.split_once('/').map_or("", |(host, _)| host);
        if host != "localhost" && !host.contains(['.', ':']) {
            return Err(wrong("it names no registry"));
        }
        let at: Reference = name.parse().map_err(|_| wrong("it has other characters"))?;
        if name != format!("{}/{}", at.registry(), at.repository()) {
            return Err(wrong("it has more than a name"));
        }
        let registry = at.resolve_registry().to_owned();
        let is_here = matches!(registry.split(':').next(), Some("localhost" | "127.0.0.1"));
        let protocol = if is_here {
            ClientProtocol::HttpsExcept(vec![registry.clone()])
        } else {
            ClientProtocol::Https
        };
        // An error means that a provider is installed already, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::try_from(ClientConfig {
            protocol,
            // Amazon ECR takes no parts as small as the client would send otherwise.
            use_monolithic_push: true,
            connect_timeout: Some(CONNECT_LIMIT),
            user_agent: concat!("ffbatch/", env!("CARGO_PKG_VERSION")),
            ..ClientConfig::default()
        });
        let client = client.map_err(|error| ImageError::said(name, &registry, &error))?;
        let auth = match login {
            Some(Login { user, password }) => RegistryAuth::Basic(user, password),
            None => kept(&registry)?,
        };
        Ok(Self { client, at, auth })
    }

    /// The name of an image in it.
    pub fn name(&self, tag: &str) -> String {
        format!("{}/{}:{tag}", self.at.registry(), self.at.repository())
    }

    /// The digest of what stands behind a tag; `None` where nothing does.
    pub async fn digest(&self, tag: &str) -> Result<Option<String>, ImageError> {
        let at = self.tagged(tag);
        match self.client.fetch_manifest_digest(&at, &self.auth).await {
            Ok(digest) => Ok(Some(digest)),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(self.said(&self.name(tag), &error)),
        }
    }

    /// An image by its tag, with all of its architectures.
    pub async fn image(&self, tag: &str) -> Result<Image, ImageError> {
        let name = self.name(tag);
        let wrong = |why: String| ImageError::new(format!("`{name}` {why}"));
        let bytes = self.manifest(&self.tagged(tag)).await?;
        let behind: Behind = serde_json::from_slice(&bytes)
            .map_err(|error| wrong(format!("is no image: {error}")))?;
        let mut parts = Vec::new();
        for entry in &behind.manifests {
            // What else is in a list says how an image was made, and is none.
            let Some(platform) = entry.platform.clone() else {
                return Err(wrong(format!(
                    "does not say what `{}` is for",
                    entry.digest
                )));
            };
            if platform.os == "unknown" {
                continue;
            }
            let at = self.at.clone_with_digest(entry.digest.clone());
            let manifest = self.manifest(&at).await?;
            parts.push(part(platform, manifest, &entry.media_type).map_err(wrong)?);
        }
        if behind.manifests.is_empty() {
            let kind = behind.media_type.as_deref().unwrap_or(OCI_IMAGE_MEDIA_TYPE);
            let config = config(&bytes).map_err(wrong)?;
            let pulled = self.pull(&config).await?;
            let unread = |error: io::Error| wrong(format!("has no configuration: {error}"));
            let known: Vec<Bytes> = pulled.try_collect().await.map_err(unread)?;
            let platform = serde_json::from_slice(&known.concat())
                .map_err(|error| wrong(format!("has another configuration: {error}")))?;
            parts.push(part(platform, bytes, kind).map_err(wrong)?);
        }
        Image::of(tag, parts)
    }

    /// The bytes of a blob; they are checked on their way, and an error ends them where they are others.
    pub(crate) async fn pull(
        &self,
        blob: &Blob,
    ) -> Result<BoxStream<'static, io::Result<Bytes>>, ImageError> {
        let pulled = self
            .client
            .pull_blob_stream(&self.at, blob.digest.as_str())
            .await;
        let pulled = pulled.map_err(|error| self.said(&blob.digest, &error))?;
        let silent = || io::Error::new(ErrorKind::TimedOut, "the registry sends no more");
        let stream = stream::unfold(Some(pulled.stream), move |stream| async move {
            let mut stream = stream?;
            match tokio::time::timeout(SILENCE_LIMIT, stream.next()).await {
                Ok(Some(part)) => Some((part, Some(stream))),
                Ok(None) => None,
                Err(_) => Some((Err(silent()), None)),
            }
        });
        Ok(stream.boxed())
    }

    /// Whether it has a blob already.
    pub(crate) async fn has(&self, blob: &Blob) -> Result<bool, ImageError> {
        self.client
            .store_auth_if_needed(self.at.resolve_registry(), &self.auth)
            .await;
        let there = self.client.blob_exists(&self.at, &blob.digest).await;
        there.map_err(|error| self.said(&blob.digest, &error))
    }

    /// Makes sure that this login may write, before much is read.
    pub(crate) async fn ready(&self) -> Result<(), ImageError> {
        let push = RegistryOperation::Push;
        let asked = self.client.auth(&self.at, &self.auth, push).await;
        asked
            .map(|_| ())
            .map_err(|error| self.said(self.at.repository(), &error))
    }

    /// Takes a blob.
    pub(crate) async fn put(
        &self,
        blob: &Blob,
        bytes: BoxStream<'static, io::Result<Bytes>>,
    ) -> Result<(), ImageError> {
        let bytes = bytes.map_err(OciDistributionError::from);
        let size = Some(blob.size_bytes);
        let put = self
            .client
            .push_blob_stream(&self.at, bytes, &blob.digest, size);
        let put = put.await;
        put.map(|_| ()).map_err(|error| {
            if is_absent(&error) {
                let (host, name) = (self.at.registry(), self.at.repository());
                return ImageError::new(format!(
                    "there is no repository `{name}` in `{host}` (make it there first)"
                ));
            }
            self.said(&blob.digest, &error)
        })
    }

    /// Puts a manifest behind a tag.
    pub(crate) async fn put_manifest(
        &self,
        tag: &str,
        manifest: Vec<u8>,
        media_type: &str,
    ) -> Result<(), ImageError> {
        let at = self.tagged(tag);
        let kind = media_type
            .parse()
            .map_err(|_| ImageError::new(format!("`{media_type}` is the type of no manifest")))?;
        let put = self.client.push_manifest_raw(&at, manifest, kind).await;
        put.map(|_| ())
            .map_err(|error| self.said(&self.name(tag), &error))
    }

    async fn manifest(&self, at: &Reference) -> Result<Vec<u8>, ImageError> {
        let pulled = self
            .client
            .pull_manifest_raw(at, &self.auth, &ACCEPTED)
            .await;
        let (bytes, _) = pulled.map_err(|error| self.said(&at.whole(), &error))?;
        Ok(bytes.to_vec())
    }

    fn tagged(&self, tag: &str) -> Reference {
        let (registry, name) = (self.at.registry(), self.at.repository());
        Reference::with_tag(registry.to_owned(), name.to_owned(), tag.to_owned())
    }

    fn said(&self, what: &str, error: &OciDistributionError) -> ImageError {
        ImageError::said(what, self.at.registry(), error)
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry")
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

fn part(platform: Platform, manifest: Vec<u8>, media_type: &str) -> Result<Part, String> {
    let named = read(&manifest)?;
    let blobs = std::iter::once(&named.config).chain(&named.layers);
    Ok(Part {
        platform,
        blobs: blobs.map(Blob::of).collect(),
        media_type: media_type.to_owned(),
        manifest,
    })
}

fn config(manifest: &[u8]) -> Result<Blob, String> {
    read(manifest).map(|named| Blob::of(&named.config))
}

fn read(manifest: &[u8]) -> Result<OciImageManifest, String> {
    serde_json::from_slice(manifest).map_err(|error| {
        format!(
            "has a manifest ({}) that is none: {error}",
            digest(manifest)
        )
    })
}

/// The login that `docker login` has kept for a registry; without one anybody's.
fn kept(registry: &str) -> Result<RegistryAuth, ImageError> {
    let unreadable = |why: String| {
        ImageError::new(format!(
            "the login that is kept for `{registry}` cannot be read: {why} (`docker login {registry}` makes it anew)"
        ))
    };
    let home = || env::var_os("HOME").map(|home| PathBuf::from(home).join(".docker"));
    let directory = env::var_os("DOCKER_CONFIG")
        .map(PathBuf::from)
        .or_else(home);
    let Some(path) = directory.map(|directory| directory.join("config.json")) else {
        return Ok(RegistryAuth::Anonymous);
    };
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(RegistryAuth::Anonymous),
        Err(error) => return Err(unreadable(format!("`{}`: {error}", path.display()))),
    };
    match docker_credential::get_credential_from_reader(BufReader::new(file), registry) {
        Ok(DockerCredential::UsernamePassword(user, password)) => {
            Ok(RegistryAuth::Basic(user, password))
        }
        Ok(DockerCredential::IdentityToken(token)) => Ok(RegistryAuth::Bearer(token)),
        Err(CredentialRetrievalError::NoCredentialConfigured) => Ok(RegistryAuth::Anonymous),
        // What programs that keep logins say where they have none (`docker-credential-helpers`, `credentials/error.go`).
        Err(CredentialRetrievalError::HelperFailure { stdout, .. })
            if stdout.contains("credentials not found") =>
        {
            Ok(RegistryAuth::Anonymous)
        }
        // What such a program printed may be a secret.
        Err(CredentialRetrievalError::HelperFailure { helper, .. }) => Err(unreadable(format!(
            "the program `docker-credential-{helper}` fails"
        ))),
        Err(
            CredentialRetrievalError::HelperCommunicationError
            | CredentialRetrievalError::MalformedHelperResponse,
        ) => Err(unreadable(format!(
            "the program that `{}` names for it is missing, or answers something else",
            path.display()
        ))),
        Err(error) => Err(unreadable(format!("`{}`: {error}", path.display()))),
    }
}
