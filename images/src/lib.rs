//! Container images on their way into a registry: from files as `docker save` writes them, or from another registry.
//!
//! An [`Image`] is a tag with a [`Part`] for each processor architecture. [`push()`] brings it where it belongs: what is there already is not
//! sent again, every part gets a tag of its own, and the tag itself comes last and names all parts by their digests (an OCI image index).
//! So whoever pulls the tag finds all of it or nothing, and a push that was broken off is taken up by the next.
//!
//! This crate makes no call of AWS, starts no container, and names no plugin: whoever calls it says where to, and by which login.

mod archive;
mod error;
mod image;
mod layer;
mod push;
mod registry;
mod source;

pub use archive::Archives;
pub use error::ImageError;
pub use image::{Blob, Image, Part, Platform};
pub use push::{Pushed, push};
pub use registry::{Login, Registry};
pub use source::Source;
