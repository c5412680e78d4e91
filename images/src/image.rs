//! An image: a tag with a part for each processor architecture.

use std::fmt::{self, Display, Write as _};

use oci_client::manifest::{OCI_IMAGE_INDEX_MEDIA_TYPE, OciDescriptor};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::ImageError;

/// An image by its tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// The tag, such as `cpu-0.1.0`.
    pub tag: String,
    /// What it is on each architecture, in their order.
    pub parts: Vec<Part>,
}

/// What an image is on one architecture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The architecture.
    pub platform: Platform,
    /// The manifest, to the byte.
    pub manifest: Vec<u8>,
    /// Its media type.
    pub media_type: String,
    /// What it names: the configuration and the layers.
    pub blobs: Vec<Blob>,
}

/// Something that a manifest names by its digest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Blob {
    /// `sha256:` and 64 hexadecimal digits.
    pub digest: String,
    /// Its size.
    pub size_bytes: u64,
}

/// An operating system on a processor architecture, as images name them (OCI Image Specification, "Platform Variants").
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Platform {
    /// Such as `amd64` or `arm64`.
    pub architecture: String,
    /// Such as `linux`.
    pub os: String,
    /// Such as `v7`.
    #[serde(default)]
    pub variant: Option<String>,
}

impl Image {
    /// An image of these parts, of which no two may be for one platform.
    pub fn of(tag: &str, mut parts: Vec<Part>) -> Result<Self, ImageError> {
        if parts.is_empty() {
            return Err(ImageError::new(format!(
                "`{tag}` holds no image for any machine"
            )));
        }
        parts.sort_by(|one, other| one.platform.cmp(&other.platform));
        for pair in parts.windows(2) {
            if pair[0].platform == pair[1].platform && pair[0] != pair[1] {
                return Err(ImageError::new(format!(
                    "there are two images `{tag}` for {} (leave one out)",
                    pair[0].platform
                )));
            }
        }
        parts.dedup();
        Ok(Self {
            tag: tag.to_owned(),
            parts,
        })
    }

    /// What all of its parts name, each once.
    pub fn blobs(&self) -> Vec<&Blob> {
        let mut blobs: Vec<&Blob> = self.parts.iter().flat_map(|part| &part.blobs).collect();
        blobs.sort();
        blobs.dedup();
        blobs
    }

    /// The image index that names all parts (OCI Image Specification, "OCI Image Index Specification"); to the byte the same for the
    /// same parts.
    pub fn index(&self) -> Vec<u8> {
        let manifests: Vec<Value> = self.parts.iter().map(Part::entry).collect();
        let index = json!({ "schemaVersion": 2, "mediaType": OCI_IMAGE_INDEX_MEDIA_TYPE, "manifests": manifests });
        index.to_string().into_bytes()
    }

    /// The digest by which a registry knows it.
    pub fn digest(&self) -> String {
        digest(&self.index())
    }
}

impl Part {
    fn entry(&self) -> Value {
        let Platform {
            architecture,
            os,
            variant,
        } = &self.platform;
        let mut platform = json!({ "architecture": architecture, "os": os });
        if let Some(variant) = variant {
            platform["variant"] = json!(variant);
        }
        json!({
            "mediaType": self.media_type, "digest": digest(&self.manifest), "size": self.manifest.len(), "platform": platform,
        })
    }

    /// The tag of this part alone: that of the image with the architecture.
    pub fn tag(&self, image: &str) -> String {
        let Platform {
            architecture,
            variant,
            ..
        } = &self.platform;
        match variant.as_deref() {
            // The only variant of 64-bit ARM that anybody has.
            None | Some("v8") => format!("{image}-{architecture}"),
            Some(variant) => format!("{image}-{architecture}-{variant}"),
        }
    }
}

impl Blob {
    pub(crate) fn of(descriptor: &OciDescriptor) -> Self {
        Self {
            digest: descriptor.digest.clone(),
            size_bytes: u64::try_from(descriptor.size).unwrap_or_default(),
        }
    }
}

impl Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match &self.variant {
            Some(variant) => write!(f, "/{variant}"),
            None => Ok(()),
        }
    }
}

/// The digest of some bytes.
pub fn digest(bytes: &[u8]) -> String {
    named(Sha256::digest(bytes))
}

/// A digest as images write it.
pub fn named(sum: impl AsRef<[u8]>) -> String {
    let mut digest = "sha256:".to_owned();
    for byte in sum.as_ref() {
        write!(digest, "{byte:02x}").expect("a text takes everything");
    }
    digest
}
