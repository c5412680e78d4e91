//! What of this machine a container sees: what its job reads, read-only, and the directories that it writes to, each under its own path.
//! So a job says and reports the same names as one that runs without a container.
//!
//! What is read in a directory that is written to is seen through that one. That no input is replaced is for the worker to see, as
//! everywhere.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use ffbatch_dispatcher::command::{Owner, Parsed, Place};
use ffbatch_dispatcher::job::Job;
use ffbatch_dispatcher::location::Location;
use ffbatch_storage::within;

use crate::batch::stage::read_here;
use crate::queue::environment::Environment;

/// Where an image has what its programs need: no directory is laid over it.
const OWN: [&str; 9] = [
    "/usr/bin",
    "/usr/lib",
    "/bin",
    "/lib",
    "/lib64",
    "/etc/ssl",
    "/nix/store",
    "/dev/null",
    "/run/ffbatch",
];

/// What the kernel makes up for each container by itself.
const OF_KERNEL: [&str; 2] = ["/proc", "/sys"];

/// From how many files on they come with their directories: each mount takes time.
const MANY: usize = 64;

/// Something of this machine in a container.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mount {
    /// Where it is in the container.
    pub target: PathBuf,
    /// Where it is here, without a link in its path; `None` for an empty directory.
    pub source: Option<PathBuf>,
    /// Whether it may be written to.
    pub writable: bool,
}

/// Refuses a job that writes where nothing can be mounted.
pub fn check(job: &Job, environment: &Environment) -> Result<(), String> {
    of(job, environment, &[]).map(|_| ())
}

/// What the container of a job sees, and the directories in `written` besides.
pub fn of(job: &Job, environment: &Environment, written: &[PathBuf]) -> Result<Vec<Mount>, String> {
    let own = environment.directory.to_string_lossy();
    // A job that is wrong is refused by the worker, which needs nothing for it.
    let anchored = job.clone().anchored(&own);
    let job = anchored.as_ref().unwrap_or(job);
    let parsed = job.check().unwrap_or_default();
    let mut seen = Seen::default();
    let groups = groups(&parsed);
    for directory in groups.iter().map(PathBuf::as_path) {
        seen.write(directory)?;
    }
    for directory in written {
        seen.write(directory)?;
    }
    let named = named(job, &parsed);
    let reads = named.iter().filter(|path| path.exists()).cloned();
    let reads: Vec<PathBuf> = reads
        .chain(read_here(job, &environment.directory))
        .collect();
    let places = parsed.iter().flat_map(|one| &one.places);
    let places: Vec<PathBuf> = places
        .filter_map(|place| own_path(&place.location))
        .collect();
    for path in reads.iter().chain(&places) {
        within(job.bounds.as_ref(), &path.to_string_lossy())?;
    }
    for path in together(reads) {
        seen.read(&path)?;
    }
    for path in named.iter().chain(&places) {
        seen.lead_to(path, &environment.directory);
    }
    Ok(seen.mounts.into_values().collect())
}

/// What is read by its own name.
fn named(job: &Job, parsed: &[Parsed]) -> Vec<PathBuf> {
    let places = parsed.iter().flat_map(|one| &one.places);
    let places = places.filter(|place| place.role.is_read() && !place.is_pattern());
    let places = places.filter_map(|place| own_path(&place.location));
    let files = job.files.iter().filter_map(own_path);
    let model = job.vmaf_model.iter().map(PathBuf::from);
    let model = model.filter(|path| path.is_absolute());
    places.chain(files).chain(model).collect()
}

fn own_path(location: &Location) -> Option<PathBuf> {
    match location {
        Location::Path(path) if path.starts_with('/') => Some(path.into()),
        _ => None,
    }
}

/// For each output with its side files the directory that all of them have in common: what the worker stages for them lies there.
fn groups(parsed: &[Parsed]) -> BTreeSet<PathBuf> {
    let mut groups: BTreeMap<(usize, Option<usize>, usize), PathBuf> = BTreeMap::new();
    for (command, one) in parsed.iter().enumerate() {
        for (index, place) in one.places.iter().enumerate() {
            let Some(directory) = directory(place).filter(|_| !place.role.is_read()) else {
                continue;
            };
            let key = match place.owner {
                Owner::Output(output) => (command, Some(output), 0),
                Owner::Command | Owner::Input(_) => (command, None, index),
            };
            let root = groups.entry(key).or_insert_with(|| directory.clone());
            while !directory.starts_with(&*root) && root.pop() {}
        }
    }
    groups.into_values().collect()
}

/// The directory in which a place writes; of a pattern the one above the first that has a part of it in its name.
fn directory(place: &Place) -> Option<PathBuf> {
    let path = plain(&own_path(&place.location)?);
    let mut directory = path.parent()?.to_owned();
    while place.is_pattern() && directory.to_string_lossy().contains('%') && directory.pop() {}
    Some(directory)
}

/// A path without `.` and `..`, which a container has no other use for: links are not in it.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::from("/");
    for component in path.components() {
        match component {
            Component::ParentDir => {
                plain.pop();
            }
            Component::Normal(name) => plain.push(name),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    plain
}

/// Files, or of many those directories that have several of them.
fn together(paths: Vec<PathBuf>) -> BTreeSet<PathBuf> {
    let paths: BTreeSet<PathBuf> = paths.into_iter().collect();
    if paths.len() <= MANY {
        return paths;
    }
    let above = |path: &PathBuf| path.parent().unwrap_or(path).to_owned();
    let mut counts: BTreeMap<PathBuf, usize> = BTreeMap::new();
    for path in &paths {
        *counts.entry(above(path)).or_default() += 1;
    }
    let shared = |path: PathBuf| match above(&path) {
        directory if counts[&directory] > 1 => directory,
        _ => path,
    };
    paths.into_iter().map(shared).collect()
}

/// Mounts by their targets.
#[derive(Debug, Default)]
struct Seen {
    mounts: BTreeMap<PathBuf, Mount>,
}

impl Seen {
    /// Adds the nearest directory there is, to be written to.
    fn write(&mut self, path: &Path) -> Result<(), String> {
        let path = plain(path);
        let there = path.ancestors().find(|above| above.is_dir());
        let directory = there.unwrap_or(Path::new("/"));
        let hidden = |own: &&&str| Path::new(own).starts_with(directory);
        let made_up = |own: &&&str| directory.starts_with(own);
        let own = OWN.iter().find(hidden);
        if let Some(own) = own.or(OF_KERNEL.iter().find(made_up)) {
            return Err(format!(
                "a container cannot write to `{}`, since it has files of its own at `{own}` (write to another directory; it has to be there)",
                path.display()
            ));
        }
        self.add(directory, true)
    }

    /// Adds a file or directory to be read.
    fn read(&mut self, path: &Path) -> Result<(), String> {
        let path = plain(path);
        let made_up = OF_KERNEL.iter().any(|own| path.starts_with(own));
        let hides = OWN.iter().find(|own| Path::new(own).starts_with(&path));
        match hides {
            _ if made_up => Ok(()),
            Some(own) => Err(format!(
                "a container cannot read the whole of `{}`, since it has files of its own at `{own}` (put what the job reads into a directory of its own)",
                path.display()
            )),
            None => self.add(&path, false),
        }
    }

    fn add(&mut self, target: &Path, writable: bool) -> Result<(), String> {
        let source = target
            .canonicalize()
            .map_err(|error| format!("`{}` cannot be read: {error}", target.display()))?;
        let above = self.above(target);
        // What is seen through a directory is there already; but a link in it may lead out of it.
        let target = match above {
            Some((above, from)) if source.starts_with(from) && (above || !writable) => {
                return Ok(());
            }
            Some(_)
                if self
                    .above(&source)
                    .is_some_and(|(_, from)| source.starts_with(from)) =>
            {
                return Ok(());
            }
            Some(_) => source.clone(),
            None => target.to_owned(),
        };
        // The other way round: what was mounted below is now seen through this one.
        self.mounts.retain(|below, mount| {
            let inside = mount
                .source
                .as_ref()
                .is_some_and(|from| from.starts_with(&source));
            !(below.starts_with(&target) && inside && (writable || !mount.writable))
        });
        let mount = Mount {
            target: target.clone(),
            source: Some(source),
            writable,
        };
        self.mounts.insert(target, mount);
        Ok(())
    }

    /// The nearest mounted directory at or above a target: whether it can be written to, and what it is here.
    fn above(&self, target: &Path) -> Option<(bool, &Path)> {
        let mut above = target.ancestors();
        let mount = above.find_map(|above| self.mounts.get(above))?;
        Some((mount.writable, mount.source.as_deref()?))
    }

    /// Makes the directories that a path with `..` passes on its way.
    fn lead_to(&mut self, path: &Path, own: &Path) {
        let mut way = PathBuf::new();
        for component in path.components() {
            if component == Component::ParentDir {
                let passed = plain(&way);
                let leads = |target: &Path| target.starts_with(&passed);
                let known = self.above(&passed).is_some()
                    || leads(own)
                    || self.mounts.keys().any(|target| leads(target));
                if !known {
                    let mount = Mount {
                        target: passed.clone(),
                        source: None,
                        writable: false,
                    };
                    self.mounts.insert(passed, mount);
                }
            }
            way.push(component);
        }
    }
}

#[cfg(test)]
mod tests;
