//! Stage *check*: the command is parsed and every place in it resolved, before a byte moves.
//!
//! The result is a [`Plan`]: for every place the local name that ffmpeg will see, what has to be fetched first, where the
//! outputs are staged, and what ffmpeg may touch. The later stages only carry it out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ffbatch_dispatcher::command::{Owner, Parsed, Pattern, Place, Role};
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::job::Job;
use ffbatch_dispatcher::list::Form;
use ffbatch_dispatcher::location::Location;
use ffbatch_dispatcher::playlist::Content;
use ffbatch_media::confine::Network;
use ffbatch_media::find::Ffmpeg;

use crate::failure::Failure;
use crate::scratch::Scratch;
use crate::staging::Staging;

use resolver::Resolver;

mod beside;
pub mod list;
mod local;
mod media;
pub mod named;
mod network;
mod outputs;
mod remarks;
mod resolver;

/// Everything that the later stages need to know.
#[derive(Debug)]
pub struct Plan {
    /// The commands, in order.
    pub commands: Vec<Planned>,
    /// What must be here before ffmpeg starts.
    pub fetches: Vec<Fetch>,
    /// Names under which files stand in the working directory or beside a list, and the files.
    pub links: Vec<(PathBuf, PathBuf)>,
    /// Lists with other names in them: where they go, and their text.
    pub texts: Vec<(PathBuf, String)>,
    /// Local files and directories that ffmpeg may read, besides what is fetched.
    pub reads: Vec<PathBuf>,
    /// The mirrors of the destinations.
    pub staging: Staging,
    /// The working directory of all commands.
    pub directory: PathBuf,
    /// Manifests behind `http(s)`, which ffmpeg reads through a proxy.
    pub manifests: Vec<String>,
    /// What of the network ffmpeg may reach besides.
    pub network: Network,
    /// The ffmpeg that will run.
    pub ffmpeg: Ffmpeg,
    /// The program that confines it: this one.
    pub launcher: PathBuf,
    /// What a person might miss, in sentences.
    pub remarks: Vec<String>,
    /// The job's private directory; it vanishes with the plan.
    pub scratch: Scratch,
}

/// One command, ready to run.
#[derive(Debug)]
pub struct Planned {
    /// As parsed.
    pub parsed: Parsed,
    /// The local name for each place, in the order of [`Parsed::places`].
    pub names: Vec<String>,
}

/// A file that must be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch {
    /// Where it is.
    pub from: Location,
    /// Where it goes; for a pattern a directory.
    pub to: PathBuf,
    /// What it is.
    pub what: What,
}

/// What is fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// One file.
    File,
    /// Every object that a pattern matches.
    Pattern(Pattern),
    /// A playlist, with all that it names.
    Playlist,
    /// A list, with all that it names.
    List {
        /// How it names files.
        form: Form,
        /// Whether ffmpeg will refuse names that are not plain.
        strict: bool,
        /// Names that stand for side files, and where these are.
        sides: Vec<(String, PathBuf)>,
    },
}

impl What {
    /// What an input is, by its name.
    pub fn of(location: &Location) -> Self {
        match Content::named(location) {
            Content::Hls => Self::Playlist,
            _ => Self::File,
        }
    }
}

impl Planned {
    /// The words for ffmpeg, with local names.
    pub fn words(&self) -> Vec<String> {
        let mut names = self.names.iter();
        self.parsed
            .rewrite(|place| names.next().unwrap_or(&place.text).clone())
    }
}

/// Resolves a job on this machine.
pub fn check(job: &Job, id: &str, work_dir: &Path) -> Result<Plan, Failure> {
    let own = std::env::current_dir().map_err(|error| {
        Failure::new(
            Exit::Machine,
            format!("the current directory is gone: {error}"),
        )
    })?;
    let job = job.clone().anchored(&own.to_string_lossy())?;
    let parsed = job.check()?;
    let ffmpeg = Ffmpeg::find().map_err(|error| Failure::because(Exit::Machine, &error))?;
    let launcher = std::env::current_exe().map_err(|error| {
        Failure::new(
            Exit::Machine,
            format!("the worker cannot find itself: {error}"),
        )
    })?;
    let scratch = Scratch::new(work_dir, id);
    let staging = Staging::make(&groups(&parsed), &scratch, id)?;
    let directory = directory(&parsed, &staging, &scratch)?;
    beside::make(&parsed, &staging)?;
    let mut resolver = Resolver::new(&job, &staging, &directory, own, &scratch)?;
    let remarks = remarks::remarks(&parsed);
    let mut commands = Vec::new();
    for one in parsed {
        let names = one
            .places
            .iter()
            .map(|place| resolver.resolve(&one, place))
            .collect::<Result<_, _>>()?;
        resolver.produced.extend(
            one.places
                .iter()
                .filter(|place| place.role.is_write())
                .map(|place| place.location.clone()),
        );
        commands.push(Planned { parsed: one, names });
    }
    let Resolver {
        fetches,
        links,
        texts,
        reads,
        ports,
        manifests,
        ..
    } = resolver;
    let network = network::allowed(ports);
    outputs::check(&commands, &reads)?;
    Ok(Plan {
        commands,
        fetches,
        links,
        texts,
        reads,
        staging,
        directory,
        manifests,
        network,
        ffmpeg,
        launcher,
        remarks,
        scratch,
    })
}

/// Destinations that must keep their relation to each other: those of one output with its side files.
fn groups(parsed: &[Parsed]) -> Vec<Vec<Location>> {
    let mut groups: BTreeMap<(usize, Option<usize>, usize), Vec<Location>> = BTreeMap::new();
    for (command, one) in parsed.iter().enumerate() {
        for (index, place) in one.places.iter().enumerate() {
            let relative =
                matches!(&place.location, Location::Path(path) if !path.starts_with('/'));
            if place.role.is_read() || relative {
                continue;
            }
            let key = match place.owner {
                Owner::Output(output) => (command, Some(output), 0),
                // Side files of the command as a whole have no relation to each other.
                Owner::Command | Owner::Input(_) => (command, None, index),
            };
            let group = groups.entry(key).or_default();
            group.push(place.location.clone());
            group.extend(above_pattern(place));
        }
    }
    // Outputs come before the side files of whole commands: the first group gives the working directory.
    let (with, without): (Vec<_>, Vec<_>) = groups
        .into_iter()
        .partition(|((_, output, _), _)| output.is_some());
    with.into_iter()
        .chain(without)
        .map(|(_, group)| group)
        .collect()
}

/// A name beside the first directory whose own name is a part of the pattern (`v%v/index.m3u8`): what ffmpeg makes of such a
/// directory, and what it writes beside it, needs room in the same tree.
fn above_pattern(place: &Place) -> Option<Location> {
    let text = place.location.to_string();
    let (directory, name) = text.rsplit_once('/')?;
    let pattern = directory.find('%').filter(|_| place.is_pattern())?;
    let (above, _) = directory[..pattern].rsplit_once('/')?;
    format!("{above}/{name}").parse().ok()
}

/// The first output's staging directory, or a private one where nothing is written to a file.
///
/// A directory whose name is a part of the pattern (`v%v/index.m3u8`) is none to work in: ffmpeg must see the whole pattern.
fn directory(parsed: &[Parsed], staging: &Staging, scratch: &Scratch) -> Result<PathBuf, Failure> {
    let output = parsed
        .iter()
        .flat_map(|one| &one.places)
        .find(|place| place.role == Role::Output);
    let directory = match output {
        Some(place) => {
            let staged = staging
                .local(&place.location)
                .map_err(|error| Failure::because(Exit::Rejected, &error))?;
            let mirror = staging
                .directories()
                .find(|mirror| staged.starts_with(mirror));
            let whole = |directory: &&Path| {
                let below = mirror.and_then(|mirror| directory.strip_prefix(mirror).ok());
                !place.is_pattern()
                    || below.is_none_or(|below| !below.to_string_lossy().contains('%'))
            };
            match staged.ancestors().skip(1).find(whole) {
                Some(directory) => directory.to_owned(),
                None => scratch.path()?.to_owned(),
            }
        }
        None => scratch.path()?.join("cwd"),
    };
    std::fs::create_dir_all(&directory).map_err(|error| {
        Failure::new(
            Exit::Machine,
            format!("`{}` cannot be made: {error}", directory.display()),
        )
    })?;
    Ok(directory)
}
