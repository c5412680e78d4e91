//! Images in files, as `docker save` and Nix write them (Docker Image Specification v1.2, "Combined Image JSON + Filesystem Changeset
//! Format").

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use oci_client::manifest::{
    IMAGE_CONFIG_MEDIA_TYPE, IMAGE_LAYER_GZIP_MEDIA_TYPE, OCI_IMAGE_MEDIA_TYPE,
};
use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::image::{Blob, Image, Part, Platform, digest};
use crate::{ImageError, layer};

/// The file that lists the images of an archive.
const MANIFEST: &str = "manifest.json";

/// Images of some archives, unpacked into a directory that goes with this value.
#[derive(Debug)]
pub struct Archives {
    /// The images by their tags.
    pub images: Vec<Image>,
    blobs: TempDir,
}

/// What an archive says of one image.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    config: String,
    repo_tags: Option<Vec<String>>,
    layers: Vec<String>,
}

/// What an image's configuration tells here.
#[derive(Debug, Deserialize)]
struct Configuration {
    rootfs: RootFs,
}

/// Its layers, by their own digests.
#[derive(Debug, Deserialize)]
struct RootFs {
    diff_ids: Vec<String>,
}

impl Archives {
    /// Reads archives, which may be packed by gzip. Images of one tag in several are one image for several architectures. This takes the
    /// processor for as long as packing takes, and as much room in the directory of temporary files as the images have.
    pub fn read(paths: &[PathBuf]) -> Result<Self, ImageError> {
        let unwritable = |error: io::Error| {
            ImageError::new(format!(
                "no directory can be made for images: {error} (set TMPDIR)"
            ))
        };
        let blobs = tempfile::tempdir().map_err(unwritable)?;
        let mut parts: BTreeMap<String, Vec<Part>> = BTreeMap::new();
        for path in paths {
            let room = tempfile::tempdir().map_err(unwritable)?;
            for (tag, part) in archive(path, room.path(), blobs.path())
                .map_err(|why| ImageError::new(format!("`{}` {why}", path.display())))?
            {
                parts.entry(tag).or_default().push(part);
            }
        }
        let images = parts.into_iter().map(|(tag, parts)| Image::of(&tag, parts));
        Ok(Self {
            images: images.collect::<Result<_, _>>()?,
            blobs,
        })
    }

    /// An image by its tag.
    pub fn image(&self, tag: &str) -> Result<&Image, ImageError> {
        let found = self.images.iter().find(|image| image.tag == tag);
        found.ok_or_else(|| {
            let all = self.images.iter().map(|image| image.tag.as_str());
            let known = all.collect::<Vec<&str>>().join(", ");
            ImageError::new(format!(
                "no archive holds an image `{tag}` (there is {known})"
            ))
        })
    }

    /// Where a blob lies.
    pub(crate) fn blob(&self, blob: &Blob) -> PathBuf {
        self.blobs.path().join(&blob.digest)
    }
}

/// The images of one archive, which is unpacked into `room` on the way.
fn archive(path: &Path, room: &Path, blobs: &Path) -> Result<Vec<(String, Part)>, String> {
    unpack(path, room).map_err(|error| format!("cannot be unpacked: {error}"))?;
    let Ok(listed) = fs::read(room.join(MANIFEST)) else {
        return Err(format!(
            "holds no image: there is no {MANIFEST} in it (make it with `docker save`)"
        ));
    };
    let listed: Vec<Listed> = serde_json::from_slice(&listed)
        .map_err(|error| format!("has a {MANIFEST} that nobody can read: {error}"))?;
    if listed.is_empty() {
        return Err("holds no image (make it with `docker save`)".to_owned());
    }
    let mut found = Vec::new();
    for one in listed {
        let names = one.repo_tags.as_deref().unwrap_or_default();
        let tags: Vec<&str> = names
            .iter()
            .filter_map(|name| Some(name.rsplit_once(':')?.1))
            .collect();
        let [tag] = tags[..] else {
            return Err(format!(
                "holds an image with {} tags (save it by one: `docker save NAME:TAG`)",
                tags.len()
            ));
        };
        found.push((tag.to_owned(), part(&one, room, blobs)?));
    }
    Ok(found)
}

fn part(one: &Listed, room: &Path, blobs: &Path) -> Result<Part, String> {
    let broken = |name: &str, why: String| format!("is broken: `{name}` {why}");
    let config = within(room, &one.config)
        .and_then(fs::read)
        .map_err(|error| broken(&one.config, format!("cannot be read: {error}")))?;
    let unknown = |error| broken(&one.config, format!("is no configuration: {error}"));
    let platform: Platform = serde_json::from_slice(&config).map_err(unknown)?;
    let known: Configuration = serde_json::from_slice(&config).map_err(unknown)?;
    if known.rootfs.diff_ids.len() != one.layers.len() {
        return Err(broken(
            &one.config,
            "names another number of layers".to_owned(),
        ));
    }
    let own = Blob {
        digest: digest(&config),
        size_bytes: config.len() as u64,
    };
    fs::write(blobs.join(&own.digest), &config)
        .map_err(|error| broken(&one.config, format!("cannot be kept: {error}")))?;
    let mut all = vec![own];
    for (name, expected) in one.layers.iter().zip(&known.rootfs.diff_ids) {
        let (blob, found) = within(room, name)
            .and_then(|path| layer::pack(&path, blobs))
            .map_err(|error| broken(name, format!("cannot be packed: {error}")))?;
        if found != *expected {
            return Err(broken(name, format!("is not `{expected}`")));
        }
        all.push(blob);
    }
    Ok(Part {
        platform,
        manifest: manifest(&all[0], &all[1..]),
        media_type: OCI_IMAGE_MEDIA_TYPE.to_owned(),
        blobs: all,
    })
}

/// The manifest of an image (OCI Image Specification, "OCI Image Manifest Specification").
fn manifest(config: &Blob, layers: &[Blob]) -> Vec<u8> {
    let describe = |blob: &Blob, kind: &str| json!({ "mediaType": kind, "digest": blob.digest, "size": blob.size_bytes });
    let layers: Vec<Value> = layers
        .iter()
        .map(|layer| describe(layer, IMAGE_LAYER_GZIP_MEDIA_TYPE))
        .collect();
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": OCI_IMAGE_MEDIA_TYPE,
        "config": describe(config, IMAGE_CONFIG_MEDIA_TYPE),
        "layers": layers,
    });
    manifest.to_string().into_bytes()
}

fn unpack(path: &Path, room: &Path) -> io::Result<()> {
    let mut file = File::open(path)?;
    let packed = layer::is_packed(&mut file)?;
    let file = io::BufReader::new(file);
    let from: Box<dyn Read> = if packed {
        Box::new(MultiGzDecoder::new(file))
    } else {
        Box::new(file)
    };
    let mut archive = tar::Archive::new(from);
    archive.set_preserve_permissions(false);
    archive.set_preserve_mtime(false);
    // Names that lead out of the room are left out.
    archive.unpack(room)
}

/// A file of the room, also by a link, but not outside of it.
fn within(room: &Path, name: &str) -> io::Result<PathBuf> {
    let path = room.join(name).canonicalize()?;
    if path.starts_with(room.canonicalize()?) {
        Ok(path)
    } else {
        Err(io::Error::other("it lies outside of the archive"))
    }
}

#[cfg(test)]
mod tests;
