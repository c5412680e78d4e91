//! Where ffmpeg writes before its files appear under their final names.
//!
//! Every destination directory has a mirror: a private directory with the same shape below a common root. Relative references
//! between the files of one output (a playlist and its segments) therefore come out as they will be right at the destination.
//! Directories that lie in one bucket, or below each other on disk, share a tree. A tree for local destinations stands
//! on the same file system as they do, so that publishing is a rename.
//!
//! A component that no file system takes (empty, `..`, too long; S3 keys may hold any) is mirrored under a stand-in name.

mod directory;
mod tree;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::location::Location;

use directory::{Directory, split};
use tree::{Tree, unwritable};

use crate::failure::Failure;
use crate::scratch::Scratch;

pub use directory::file_name;

/// The prefix of the hidden directories beside local destinations.
pub const PREFIX: &str = ".ffbatch-";

/// Destination directories that will share a tree.
#[derive(Debug)]
struct Set {
    /// What they have in common.
    root: Directory,
    members: Vec<Directory>,
    /// The first destination among them, for messages.
    first: Location,
}

/// All the trees of a job.
#[derive(Debug)]
pub struct Staging {
    trees: Vec<Tree>,
}

/// A destination that cannot be staged.
#[derive(Debug, thiserror::Error)]
pub enum StagingError {
    /// Only paths and S3 can be written.
    #[error("`{0}` cannot be written to (give a path or an s3:// URL as output)")]
    Kind(Location),
    /// A path with `..` behind a directory that does not exist.
    #[error("`{0}` climbs out of a directory that does not exist (write the path without `..`)")]
    Climbs(String),
    /// The private directory could not be made.
    #[error(
        "there is no place to stage `{destination}`: `{directory}` cannot be written to ({source})"
    )]
    Unwritable {
        /// The directory in which the private directory should stand.
        directory: String,
        /// The destination.
        destination: String,
        /// What the system says.
        source: io::Error,
    },
}

impl From<StagingError> for Failure {
    fn from(error: StagingError) -> Self {
        Self::because(Exit::Output, &error)
    }
}

impl Staging {
    /// Makes the mirrors of all destinations. Locations of one group (an output and its side files) share a tree.
    pub fn make(groups: &[Vec<Location>], scratch: &Scratch, id: &str) -> Result<Self, Failure> {
        let mut sets: Vec<Set> = Vec::new();
        for group in groups {
            let mut of_group: Vec<Set> = Vec::new();
            for location in group {
                let (directory, _) = split(location)?;
                let set = Set {
                    root: directory.clone(),
                    members: vec![directory],
                    first: location.clone(),
                };
                join(&mut of_group, set, |own, new| own.bucket == new.bucket);
            }
            for set in of_group {
                join(&mut sets, set, |own, new| {
                    own.bucket == new.bucket && (own.bucket.is_some() || own.nests(new))
                });
            }
        }
        let mut trees = Vec::new();
        for (
            index,
            Set {
                root,
                members,
                first,
            },
        ) in sets.into_iter().enumerate()
        {
            let mut tree =
                Tree::open(root, &members[0], &first, scratch, &format!("{id}-{index}"))?;
            for member in &members {
                tree.make(member)
                    .map_err(|source| unwritable(&tree.mirror, &first, source))?;
            }
            trees.push(tree);
        }
        let mut staging = Self { trees };
        for location in groups.iter().flatten() {
            staging.name(location)?;
        }
        Ok(staging)
    }

    /// The mirrored path of a destination for which [`Staging::make`] was told to make room.
    pub fn local(&self, location: &Location) -> Result<PathBuf, StagingError> {
        let (directory, name) = split(location)?;
        let tree = self
            .trees
            .iter()
            .find(|tree| tree.root.holds(&directory))
            .ok_or_else(|| StagingError::Kind(location.clone()))?;
        Ok(tree.mirror_of(&directory).join(file_name(&name)))
    }

    /// The directories that ffmpeg may write to.
    pub fn directories(&self) -> impl Iterator<Item = &Path> {
        self.trees.iter().map(|tree| tree.mirror.as_path())
    }

    /// Whether two mirrored paths lie in one tree.
    pub fn share(&self, one: &Path, other: &Path) -> bool {
        self.directories()
            .any(|mirror| one.starts_with(mirror) && other.starts_with(mirror))
    }

    /// Every regular file below the mirrors, with its destination. Links are what was put there for ffmpeg to read.
    pub fn written(&self) -> io::Result<Vec<(PathBuf, Location)>> {
        let mut found = Vec::new();
        for tree in &self.trees {
            let mut pending = vec![tree.mirror.clone()];
            while let Some(directory) = pending.pop() {
                for entry in fs::read_dir(directory)? {
                    let entry = entry?;
                    let kind = entry.file_type()?;
                    if kind.is_dir() {
                        pending.push(entry.path());
                    } else if kind.is_file() {
                        found.push((entry.path(), tree.destination(&entry.path())));
                    }
                }
            }
        }
        found.sort();
        Ok(found)
    }

    /// Remembers the stand-in of a file's own name.
    fn name(&mut self, location: &Location) -> Result<(), StagingError> {
        let (directory, name) = split(location)?;
        if let Some(tree) = self
            .trees
            .iter_mut()
            .find(|tree| tree.root.holds(&directory))
            && file_name(&name) != name
        {
            let path = tree.mirror_of(&directory).join(file_name(&name));
            let path = path.strip_prefix(&tree.mirror).unwrap_or(&path).to_owned();
            tree.stand_ins.insert(path, name);
        }
        Ok(())
    }
}

/// Adds a set to the others, joined with all those that belong together with it. Joining widens a root, so that a further
/// set may belong to it then.
fn join(sets: &mut Vec<Set>, mut set: Set, together: impl Fn(&Directory, &Directory) -> bool) {
    while let Some(at) = sets
        .iter()
        .position(|other| together(&other.root, &set.root))
    {
        let earlier = sets.remove(at);
        set = Set {
            root: earlier.root.common(&set.root),
            members: earlier.members.into_iter().chain(set.members).collect(),
            first: earlier.first,
        };
    }
    sets.push(set);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Location {
        text.parse().expect("a location")
    }

    fn stage(scratch: &Scratch, groups: &[&[&str]]) -> Staging {
        let groups: Vec<Vec<Location>> = groups
            .iter()
            .map(|group| group.iter().map(|text| at(text)).collect())
            .collect();
        Staging::make(&groups, scratch, "id").expect("stages")
    }

    #[track_caller]
    fn check_round_trip(destinations: &[&str]) {
        let work_dir = tempfile::tempdir().expect("a directory");
        let scratch = Scratch::new(work_dir.path(), "id");
        let staging = stage(&scratch, &[destinations]);
        for text in destinations {
            fs::write(staging.local(&at(text)).expect("staged"), *text)
                .expect("its directory is there");
        }
        let written = staging.written().expect("readable");
        let mut got: Vec<String> = written
            .iter()
            .map(|(_, destination)| destination.to_string())
            .collect();
        let mut expected: Vec<String> =
            destinations.iter().map(|text| (*text).to_owned()).collect();
        got.sort();
        expected.sort();
        assert_eq!(got, expected);
        for (path, destination) in written {
            assert!(
                path.starts_with(work_dir.path()),
                "`{}` escaped",
                path.display()
            );
            assert_eq!(
                fs::read_to_string(path).expect("readable"),
                destination.to_string()
            );
        }
    }

    #[test]
    fn any_s3_key_comes_out_as_it_went_in() {
        check_round_trip(&["s3://b/out.mp4"]);
        check_round_trip(&["s3://b/a/x.m3u8", "s3://b/a/sub/x0.ts", "s3://b/c/y.ts"]);
        check_round_trip(&[
            "s3://b/../../etc/x",
            "s3://b/a//b",
            "s3://b//c",
            "s3://b/./d",
            "s3://b/a b/ü?#%41,+.mp4",
        ]);
        let long = format!("s3://b/{}.mp4", "k".repeat(1000));
        check_round_trip(&[&long]);
        let deep = format!("s3://b/{}/x.mp4", vec!["d".repeat(300); 3].join("/"));
        check_round_trip(&[&deep]);
    }

    #[test]
    fn siblings_of_one_output_keep_their_relation() {
        let place = tempfile::tempdir().expect("a directory");
        let (playlist, segment) = (
            format!("{}/hls/x.m3u8", place.path().display()),
            format!("{}/seg/x0.ts", place.path().display()),
        );
        let scratch = Scratch::new(place.path(), "id");
        let staging = stage(&scratch, &[&[&playlist, &segment]]);
        assert_eq!(staging.directories().count(), 1);
        let (playlist, segment) = (
            staging.local(&at(&playlist)).expect("staged"),
            staging.local(&at(&segment)).expect("staged"),
        );
        assert_eq!(
            playlist.parent().and_then(Path::parent),
            segment.parent().and_then(Path::parent)
        );
    }

    #[test]
    fn a_local_tree_stands_beside_its_destination_and_vanishes() {
        let place = tempfile::tempdir().expect("a directory");
        let output = format!("{}/new/dir/out.mp4", place.path().display());
        let scratch = Scratch::new(Path::new("/nowhere"), "id");
        let staging = stage(&scratch, &[&[&output]]);
        let staged = staging.local(&at(&output)).expect("staged");
        assert!(staged.starts_with(place.path().canonicalize().expect("exists")));
        assert!(
            !place.path().join("new").exists(),
            "nothing is made before publishing"
        );
        drop(staging);
        assert_eq!(fs::read_dir(place.path()).expect("readable").count(), 0);
    }

    #[test]
    fn a_link_put_there_for_reading_is_not_an_output() {
        let work_dir = tempfile::tempdir().expect("a directory");
        let scratch = Scratch::new(work_dir.path(), "id");
        let staging = stage(&scratch, &[&["s3://b/out.mp4"]]);
        let directory = staging.directories().next().expect("one tree").to_owned();
        std::os::unix::fs::symlink("/etc/hostname", directory.join("subs.srt")).expect("linked");
        assert_eq!(staging.written().expect("readable"), []);
    }
}
