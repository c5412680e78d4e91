//! An image comes into a registry.

use futures_util::{StreamExt, TryStreamExt, stream};
use oci_client::manifest::OCI_IMAGE_INDEX_MEDIA_TYPE;

use crate::image::{Blob, Image, digest};
use crate::{ImageError, Registry, Source};

/// How many blobs move at once.
const AT_ONCE: usize = 3;

/// What a push has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// The tag names this image from now on.
    New,
    /// It did so before.
    There,
}

/// Brings an image into a registry, and tells `moved` of every so many bytes that are there.
///
/// # Behavior
/// - A tag never changes: one that names something else is an error, and nothing is sent.
/// - What is there already is not sent again, but told as moved.
/// - The tag comes last. Dropping the future leaves blobs that no tag names, which the next push finds.
pub async fn push(
    image: &Image,
    from: &Source,
    to: &Registry,
    moved: &(dyn Fn(u64) + Sync),
) -> Result<Pushed, ImageError> {
    to.ready().await?;
    let (index, name) = (image.index(), to.name(&image.tag));
    if !is_free(to, &image.tag, &digest(&index)).await? {
        return Ok(Pushed::There);
    }
    let mut missing = Vec::new();
    for part in &image.parts {
        let tag = part.tag(&image.tag);
        if is_free(to, &tag, &digest(&part.manifest)).await? {
            missing.push((tag, part));
        }
    }
    let is_missing = |blob: &Blob| missing.iter().any(|(_, part)| part.blobs.contains(blob));
    let (to_bring, there): (Vec<&Blob>, Vec<&Blob>) =
        image.blobs().into_iter().partition(|blob| is_missing(blob));
    moved(there.iter().map(|blob| blob.size_bytes).sum());
    stream::iter(
        to_bring
            .into_iter()
            .map(|blob| bring(blob, from, to, moved)),
    )
    .buffer_unordered(AT_ONCE)
    .try_collect::<Vec<()>>()
    .await?;
    for (tag, part) in missing {
        to.put_manifest(&tag, part.manifest.clone(), &part.media_type)
            .await?;
    }
    to.put_manifest(&image.tag, index.clone(), OCI_IMAGE_INDEX_MEDIA_TYPE)
        .await?;
    match to.digest(&image.tag).await? {
        Some(there) if there == digest(&index) => Ok(Pushed::New),
        _ => Err(ImageError::new(format!(
            "`{name}` names another image than the one that was pushed (somebody else pushes there?)"
        ))),
    }
}

/// Whether a tag names nothing yet, and not this already.
async fn is_free(to: &Registry, tag: &str, digest: &str) -> Result<bool, ImageError> {
    match to.digest(tag).await? {
        None => Ok(true),
        Some(there) if there == digest => Ok(false),
        Some(there) => Err(ImageError::new(format!(
            "`{}` is another image there, {there}, not {digest} (a tag never changes: remove it there, or name the image by a tag of its own)",
            to.name(tag)
        ))),
    }
}

async fn bring(
    blob: &Blob,
    from: &Source,
    to: &Registry,
    moved: &(dyn Fn(u64) + Sync),
) -> Result<(), ImageError> {
    if !to.has(blob).await? {
        to.put(blob, from.blob(blob).await?).await?;
    }
    moved(blob.size_bytes);
    Ok(())
}
