//! A part of a destination and its mirror on this machine.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ffbatch_dispatcher::location::Location;

use super::directory::{Directory, existing, file_name};
use super::{PREFIX, StagingError};
use crate::failure::Failure;
use crate::room::Room;
use crate::scratch::Scratch;

/// A part of a destination and its mirror.
#[derive(Debug)]
pub struct Tree {
    /// The destination's part that this tree mirrors.
    pub root: Directory,
    /// The mirror of `root`.
    pub mirror: PathBuf,
    /// Mirrored paths, relative to `mirror`, whose last component is a stand-in: what it stands for.
    pub stand_ins: BTreeMap<PathBuf, String>,
    /// Keeps the mirror alive.
    _room: Option<Room>,
}

impl Tree {
    /// Opens the mirror of `root`, beside `first` for a local destination.
    pub fn open(
        root: Directory,
        first: &Directory,
        at: &Location,
        scratch: &Scratch,
        id: &str,
    ) -> Result<Self, Failure> {
        let (own, mirror) = if root.bucket.is_some() {
            (None, scratch.path()?.join("out").join(id))
        } else {
            // The root itself may be somewhere like `/`. The first output's directory is where the user means to write.
            let host =
                existing(&PathBuf::from("/").join(first.components.iter().collect::<PathBuf>()));
            let own =
                Room::open(&host, PREFIX, id).map_err(|source| unwritable(&host, at, source))?;
            let mirror = own.path().to_owned();
            (Some(own), mirror)
        };
        fs::create_dir_all(&mirror).map_err(|source| unwritable(&mirror, at, source))?;
        Ok(Self {
            root,
            mirror,
            stand_ins: BTreeMap::new(),
            _room: own,
        })
    }

    /// Mirrors one directory of this tree.
    pub fn make(&mut self, directory: &Directory) -> io::Result<()> {
        let mut path = PathBuf::new();
        for component in &directory.components[self.root.components.len()..] {
            path.push(file_name(component));
            if file_name(component) != *component {
                self.stand_ins.insert(path.clone(), component.clone());
            }
        }
        fs::create_dir_all(self.mirror.join(path))
    }

    /// Where a directory of this tree is mirrored.
    pub fn mirror_of(&self, directory: &Directory) -> PathBuf {
        let below = &directory.components[self.root.components.len()..];
        below.iter().fold(self.mirror.clone(), |path, component| {
            path.join(file_name(component))
        })
    }

    /// What a mirrored path stands for.
    pub fn destination(&self, path: &Path) -> Location {
        let relative = path.strip_prefix(&self.mirror).unwrap_or(path);
        let mut below = Vec::new();
        let mut prefix = PathBuf::new();
        for component in relative.components() {
            prefix.push(component);
            let own = component.as_os_str().to_string_lossy().into_owned();
            below.push(self.stand_ins.get(&prefix).cloned().unwrap_or(own));
        }
        self.root.location(&below)
    }
}

/// The error of a place that cannot be written to.
pub fn unwritable(directory: &Path, destination: &Location, source: io::Error) -> StagingError {
    StagingError::Unwritable {
        directory: directory.display().to_string(),
        destination: destination.to_string(),
        source,
    }
}
