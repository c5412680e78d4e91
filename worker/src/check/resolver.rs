//! From the places of a command to the names that ffmpeg will see.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use ffbatch_dispatcher::command::{Parsed, Pattern, Place, Role};
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::job::Job;
use ffbatch_dispatcher::list::{self, Form};
use ffbatch_dispatcher::location::Location;
use ffbatch_dispatcher::pattern;
use ffbatch_dispatcher::playlist::Content;
use ffbatch_storage::within;

use super::{Fetch, What, local, named, network};
use crate::failure::Failure;
use crate::scratch::Scratch;
use crate::staging::{Staging, file_name};

/// Resolves places one after the other, and collects what that takes.
#[derive(Debug)]
pub(super) struct Resolver<'a> {
    pub(super) job: &'a Job,
    pub(super) staging: &'a Staging,
    /// Where ffmpeg will run.
    pub(super) directory: &'a Path,
    /// Where the command was typed.
    pub(super) own: PathBuf,
    /// Where fetched files go.
    pub(super) scratch: &'a Scratch,
    pub(super) fetches: Vec<Fetch>,
    pub(super) reads: Vec<PathBuf>,
    pub(super) links: Vec<(PathBuf, PathBuf)>,
    pub(super) texts: Vec<(PathBuf, String)>,
    pub(super) ports: Vec<u16>,
    pub(super) manifests: Vec<String>,
    /// What earlier commands write.
    pub(super) produced: Vec<Location>,
    /// Where earlier commands keep the logs of their passes.
    prefixes: Vec<Location>,
    /// The side files by their names.
    pub(super) sides: Vec<(String, PathBuf)>,
    granted: BTreeSet<PathBuf>,
    directories: usize,
}

impl<'a> Resolver<'a> {
    /// Starts with the side files, which become links in the working directory.
    pub(super) fn new(
        job: &'a Job,
        staging: &'a Staging,
        directory: &'a Path,
        own: PathBuf,
        scratch: &'a Scratch,
    ) -> Result<Self, Failure> {
        let mut resolver = Self {
            job,
            staging,
            directory,
            own,
            scratch,
            fetches: Vec::new(),
            reads: Vec::new(),
            links: Vec::new(),
            texts: Vec::new(),
            ports: Vec::new(),
            manifests: Vec::new(),
            produced: Vec::new(),
            prefixes: Vec::new(),
            sides: Vec::new(),
            granted: BTreeSet::new(),
            directories: 0,
        };
        for file in &job.files {
            let target = if let Location::Path(path) = file {
                resolver.admit(path)?;
                local::readable(path, false)?;
                resolver.grant(Path::new(path));
                PathBuf::from(path)
            } else {
                resolver.fetch(file, What::File)?
            };
            let name = file_name(file.base_name());
            resolver.links.push((directory.join(&name), target.clone()));
            resolver.sides.push((name, target));
        }
        Ok(resolver)
    }

    /// The name that ffmpeg will see at a place.
    pub(super) fn resolve(&mut self, parsed: &Parsed, place: &Place) -> Result<String, Failure> {
        if let Location::Path(path) = &place.location
            && path.starts_with('/')
        {
            self.admit(path)?;
        }
        if place.role == Role::Prefix {
            self.logs(parsed, place)?;
        }
        if !place.role.is_read() {
            return self.written(place);
        }
        if self.produced.contains(&place.location) {
            return self.staged(&place.location);
        }
        let strict = list::is_strict(parsed, place);
        if let Some(form) = Form::of(place.role) {
            return self.list(place, form, strict);
        }
        let is_media = place.role == Role::Input || place.named_by.ends_with("movie");
        match &place.location {
            // The names of side files stay relative: they stand in the working directory.
            Location::Path(path) if !path.starts_with('/') => Ok(path.clone()),
            Location::Path(path) if is_media && !place.is_pattern() => match self.media(path)? {
                Content::Concat => self.list(place, Form::Concat, strict),
                _ => Ok(path.clone()),
            },
            Location::Path(path) => {
                for granted in local::check(place, path)? {
                    self.grant(&granted);
                }
                Ok(path.clone())
            }
            Location::Live(url) => {
                self.outside(url)?;
                self.ports.push(network::port(url)?);
                Ok(url.clone())
            }
            Location::Http(url) if network::is_manifest(&place.location) => {
                network::check(url)?;
                self.outside(url)?;
                self.manifests.push(url.clone());
                Ok(url.clone())
            }
            Location::S3 { bucket, key } if place.role == Role::ReadDirectory => {
                let all = Location::S3 {
                    bucket: bucket.clone(),
                    key: format!("{}/*", key.trim_end_matches('/')),
                };
                let local = self.fetch(&all, What::Pattern(Pattern::Glob))?;
                Ok(local.to_string_lossy().into_owned())
            }
            location if place.is_pattern() => {
                let to = self.fetch(location, What::Pattern(place.pattern))?;
                let local = to.join(tail(location, place.pattern));
                Ok(local.to_string_lossy().into_owned())
            }
            location => {
                let mut what = What::File;
                if is_media {
                    named::unsupported(Content::named(location), location)?;
                    what = What::of(location);
                }
                let local = self.fetch(location, what)?;
                Ok(local.to_string_lossy().into_owned())
            }
        }
    }

    /// Refuses a path of this machine that the job may not use.
    pub(super) fn admit(&self, path: &str) -> Result<(), Failure> {
        within(self.job.bounds.as_ref(), path).map_err(|why| Failure::new(Exit::Rejected, why))
    }

    /// Refuses a server of this machine where the job may use none.
    fn outside(&self, url: &str) -> Result<(), Failure> {
        match self.job.bounds {
            Some(_) => network::outside(url),
            None => Ok(()),
        }
    }

    /// Lets ffmpeg read a file or directory, and tells whether that is new.
    pub(super) fn grant(&mut self, path: &Path) -> bool {
        let new = self.granted.insert(path.to_owned());
        if new {
            self.reads.push(path.to_owned());
        }
        new
    }

    /// The directory for the next thing that is fetched.
    pub(super) fn next_directory(&mut self) -> Result<PathBuf, Failure> {
        let directory = self.scratch.input(self.directories)?;
        self.directories += 1;
        Ok(directory)
    }

    /// Plans to fetch a location to a path.
    pub(super) fn plan_fetch(&mut self, from: Location, to: PathBuf, what: What) -> String {
        let name = to.to_string_lossy().into_owned();
        self.fetches.push(Fetch { from, to, what });
        name
    }

    /// The log of a first pass that another job made (`-passlogfile`): it stands where this job's own would, as a link.
    fn logs(&mut self, parsed: &Parsed, place: &Place) -> Result<(), Failure> {
        let own = self.prefixes.contains(&place.location);
        self.prefixes.push(place.location.clone());
        let Location::Path(path) = &place.location else {
            return Ok(());
        };
        if own || !path.starts_with('/') || !parsed.passes().any(|pass| pass > 1) {
            return Ok(());
        }
        let staged = self
            .staging
            .local(&place.location)
            .map_err(|error| Failure::because(Exit::Rejected, &error))?;
        let (path, before) = (Path::new(path), self.links.len());
        let start = path.file_name().unwrap_or_default().to_string_lossy();
        let directory = path.parent().unwrap_or(Path::new("/"));
        let unlisted = |error: io::Error| {
            let why = format!("`{}` cannot be listed: {error}", directory.display());
            Failure::new(Exit::Input, why)
        };
        let entries = match directory.read_dir() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            listed => Some(listed.map_err(unlisted)?),
        };
        for entry in entries.into_iter().flatten() {
            let entry = entry.map_err(unlisted)?;
            let name = entry.file_name();
            if name.to_string_lossy().starts_with(&*start) && entry.path().is_file() {
                self.admit(&entry.path().to_string_lossy())?;
                self.grant(&entry.path());
                self.links.push((staged.with_file_name(name), entry.path()));
            }
        }
        if self.links.len() == before {
            return Err(Failure::new(
                Exit::Input,
                format!(
                    "there is no log of a first pass at `{}` (run `-pass 1` with this -passlogfile before)",
                    path.display()
                ),
            ));
        }
        Ok(())
    }

    fn written(&self, place: &Place) -> Result<String, Failure> {
        match &place.location {
            Location::Path(path) if !path.starts_with('/') => Ok(path.clone()),
            location => self.staged(location),
        }
    }

    /// The staged name, relative to the working directory where they share a tree: names that muxers write into playlists
    /// are then the names at the destination.
    fn staged(&self, location: &Location) -> Result<String, Failure> {
        let path = self
            .staging
            .local(location)
            .map_err(|error| Failure::because(Exit::Rejected, &error))?;
        let name = if self.staging.share(&path, self.directory) {
            relative(&path, self.directory)
        } else {
            path
        };
        Ok(name.to_string_lossy().into_owned())
    }

    /// Plans to fetch a location once, however often it is named.
    fn fetch(&mut self, location: &Location, what: What) -> Result<PathBuf, Failure> {
        if let Some(known) = self
            .fetches
            .iter()
            .find(|fetch| fetch.from == *location && fetch.what == what)
        {
            return Ok(known.to.clone());
        }
        let directory = self.next_directory()?;
        let to = match what {
            What::Pattern(_) => directory,
            _ => directory.join(file_name(location.base_name())),
        };
        self.plan_fetch(location.clone(), to.clone(), what);
        Ok(to)
    }
}

/// The part of a pattern that stands below the directory to which its files are fetched.
fn tail(location: &Location, kind: Pattern) -> PathBuf {
    let text = pattern::path(location);
    text[pattern::fixed(kind, text)..]
        .split('/')
        .map(file_name)
        .collect()
}

/// `path` as seen from `directory`, both in one tree.
fn relative(path: &Path, directory: &Path) -> PathBuf {
    let shared = path
        .components()
        .zip(directory.components())
        .take_while(|(own, other)| own == other)
        .count();
    let up = directory.components().count() - shared;
    let below: PathBuf = path.components().skip(shared).collect();
    (0..up)
        .fold(PathBuf::new(), |climbed, _| climbed.join(".."))
        .join(below)
}
