//! A job: one or more ffmpeg commands that run in order in one working directory. Versioned JSON that crosses into a container.
//!
//! A job holds its commands as typed, with their URLs in place: there is one grammar ([`crate::command`]) on both sides, and
//! no second notation of inputs and outputs that could disagree with it.

pub mod manifest;
mod parameters;
mod plain;

use std::collections::BTreeSet;
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::chain::chain;
use crate::command::{Command, CommandError, Parsed, Place, Role};
use crate::location::Location;

pub use parameters::{Parameters, given};

/// The version that this code writes and the newest that it reads.
pub const VERSION: u32 = 1;

/// The longest name that AWS Batch takes (`SubmitJob`, `jobName`).
pub const NAME_LIMIT: usize = 128;

/// The word that people write for no metric at all.
const NO_QUALITY: &str = "none";

/// What a worker is asked to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// [`VERSION`].
    pub version: u32,
    /// For people and for observability; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// What follows `ffmpeg` in each command.
    pub commands: Vec<Command>,
    /// Further files that stand under their base names in the working directory: subtitles, LUTs, lists, pass logs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<Location>,
    /// The metrics to measure, by name; an empty list measures nothing. Absent where the job says nothing of it and leaves it to
    /// the place where it runs: nothing is measured, unless that place has a switch that is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<Vec<String>>,
    /// The model for VMAF: a kind such as `neg` or `phone`, a name such as `vmaf_v0.6.1`, or a model file; absent where the size
    /// of the pictures decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vmaf_model: Option<String>,
    /// Whether an output that was scaled is compared at the size that the source has, and not at its own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub at_source_size: bool,
    /// When quality is measured.
    #[serde(default, skip_serializing_if = "When::is_after")]
    pub measure: When,
    /// Whether to refuse to run ffmpeg where it cannot be confined fully.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub require_confinement: bool,
    /// What bounds the job on the machine that runs it; absent of one that comes from whoever may do anything there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bounds: Option<Bounds>,
}

/// The bounds of a job that came over the network: it names no file of the machine but below the roots, and none of its servers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// The directories below which it may name files.
    #[serde(default)]
    pub roots: Vec<String>,
}

/// When quality is measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// After the outputs are published: the encode takes as long as without, and nothing can disturb it.
    #[default]
    After,
    /// While they are encoded, where that can be: the source is decoded once, and the encode takes longer.
    Inside,
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "after" => Ok(Self::After),
            "inside" => Ok(Self::Inside),
            _ => Err("give `after` or `inside`".to_owned()),
        }
    }
}

impl When {
    /// True for what holds where nobody says anything.
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde passes what it skips by reference"
    )]
    fn is_after(&self) -> bool {
        *self == Self::After
    }
}

/// A job that cannot be run as it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// The JSON is not a job.
    #[error("the job is not valid JSON of a job: {0}")]
    Json(serde_json::Error),
    /// A newer ffbatch wrote it.
    #[error(
        "the job is of version {0}, this program reads up to version {VERSION} (update ffbatch)"
    )]
    Version(u32),
    /// No command at all.
    #[error("the job has no command (give at least one: `ffmpeg -i in.mp4 out.mp4`)")]
    Empty,
    /// A command is wrong.
    #[error("{}{}", place(*index, *count), chain(error))]
    Command {
        /// Which, from 0.
        index: usize,
        /// How many there are.
        count: usize,
        /// What is wrong with it.
        error: CommandError,
    },
    /// Both forms at once.
    #[error(
        "`job` and `{0}` exclude each other (give the whole job, or the parameters of one command)"
    )]
    Both(&'static str),
    /// A placeholder of a job definition that nothing replaced.
    #[error(
        "the job definition has no default for the parameter `{0}`, which its command names (add `\"{0}\": \"null\"` to the definition's `parameters`, or give the job one)"
    )]
    Unreplaced(String),
    /// The name is too long.
    #[error("the name has {0} characters, AWS Batch allows {NAME_LIMIT} (shorten it)")]
    Name(usize),
    /// A second pass alone.
    #[error(
        "`-pass 2` has no first pass in this job, so there is no log to read (give both commands with `--then` between them, or bring the log with --file)"
    )]
    Pass,
    /// Two side files would stand under one name.
    #[error("two files would both be called `{0}` in the working directory (rename one of them)")]
    File(String),
    /// A side file would stand where ffmpeg writes an output.
    #[error("`{0}` is the name of a side file and of an output (rename one of them)")]
    Taken(String),
    /// A side file that ffmpeg cannot open by name.
    #[error("`{0}` cannot be a side file (give a path, an s3:// or an https:// URL of a file)")]
    FileKind(Location),
}

fn place(index: usize, count: usize) -> String {
    if count > 1 {
        format!("command {} of {count}: ", index + 1)
    } else {
        String::new()
    }
}

impl Job {
    /// A job of these commands and nothing else.
    pub fn of(commands: Vec<Command>) -> Self {
        Self {
            version: VERSION,
            name: String::new(),
            commands,
            files: Vec::new(),
            quality: None,
            vmaf_model: None,
            at_source_size: false,
            measure: When::After,
            require_confinement: false,
            bounds: None,
        }
    }

    /// The metrics that the job itself asks for, by name.
    pub fn metrics(&self) -> &[String] {
        self.quality.as_deref().unwrap_or_default()
    }

    /// Reads the JSON of a job.
    pub fn from_json(text: &str) -> Result<Self, JobError> {
        // The version comes first: a newer job may hold fields that this program does not know.
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        let Versioned { version } = serde_json::from_str(text).map_err(JobError::Json)?;
        if version == 0 || version > VERSION {
            return Err(JobError::Version(version));
        }
        serde_json::from_str(text).map_err(JobError::Json)
    }

    /// The job as one line of JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a job is plain data with text keys")
    }

    /// Finds everything that is wrong with a job before anything moves, and parses its commands.
    ///
    /// Pure: whether files exist is for the machine that has them.
    pub fn check(&self) -> Result<Vec<Parsed>, JobError> {
        let length = self.name.chars().count();
        if length > NAME_LIMIT {
            return Err(JobError::Name(length));
        }
        if self.commands.is_empty() {
            return Err(JobError::Empty);
        }
        let mut names = BTreeSet::new();
        for file in &self.files {
            if matches!(file, Location::Live(_)) {
                return Err(JobError::FileKind(file.clone()));
            }
            if !names.insert(file.base_name()) {
                return Err(JobError::File(file.base_name().to_owned()));
            }
        }
        let count = self.commands.len();
        let wrong = |index, error| JobError::Command {
            index,
            count,
            error,
        };
        let parsed: Vec<Parsed> = self
            .commands
            .iter()
            .enumerate()
            .map(|(index, command)| command.parse().map_err(|error| wrong(index, error)))
            .collect::<Result<_, _>>()?;
        let places = parsed.iter().flat_map(|one| &one.places);
        for output in places.filter(|place| place.role == Role::Output) {
            let name = output.location.base_name();
            if names.contains(name) {
                return Err(JobError::Taken(name.to_owned()));
            }
        }
        self.passes(&parsed)?;
        Ok(parsed)
    }

    /// A second pass needs the log of a first one: of an earlier command, of a side file, or of a named place.
    fn passes(&self, parsed: &[Parsed]) -> Result<(), JobError> {
        let mut first = false;
        for one in parsed {
            let named = one.places.iter().any(|place| place.role == Role::Prefix);
            let later = one.passes().any(|pass| matches!(pass, 2 | 3));
            if later && !first && !named && self.files.is_empty() {
                return Err(JobError::Pass);
            }
            first |= one.passes().any(|pass| pass == 1);
        }
        Ok(())
    }

    /// The same job with every relative local path made absolute, for a worker that runs in another directory.
    ///
    /// Two kinds of names stay relative: those of the job's own side files, which will stand in the working directory, and
    /// side outputs (`-hls_segment_filename`, `-passlogfile`) of a job whose outputs are not local: they belong beside them.
    pub fn anchored(mut self, directory: &str) -> Result<Self, JobError> {
        let parsed = self.check()?;
        let names: BTreeSet<&str> = self.files.iter().map(Location::base_name).collect();
        let local = |place: &Place| matches!(place.location, Location::Path(_));
        let outputs: Vec<&Place> = parsed
            .iter()
            .flat_map(|one| &one.places)
            .filter(|place| place.role == Role::Output)
            .collect();
        let writes_elsewhere = !outputs.is_empty() && !outputs.iter().any(|place| local(place));
        let anchor = |place: &Place| {
            let belongs_here =
                place.role.is_read() || place.role == Role::Output || !writes_elsewhere;
            match &place.location {
                Location::Path(path) if belongs_here && !names.contains(path.as_str()) => {
                    absolute(directory, path)
                }
                _ => place.text.clone(),
            }
        };
        let commands = parsed
            .iter()
            .map(|one| Command::new(one.rewrite(anchor)))
            .collect();
        self.commands = commands;
        for file in &mut self.files {
            if let Location::Path(path) = file {
                *path = absolute(directory, path);
            }
        }
        self.vmaf_model = self.vmaf_model.map(|typed| model_from(directory, typed));
        Ok(self)
    }
}

/// The metrics of a list as people write it: `none` alone measures nothing.
pub fn metrics_of(mut written: Vec<String>) -> Vec<String> {
    if written == [NO_QUALITY] {
        written.clear();
    }
    written
}

/// What was typed for [`Job::vmaf_model`] in this directory: the relative path of a file is made absolute.
pub fn model_from(directory: &str, typed: String) -> String {
    if is_file(&typed) {
        absolute(directory, &typed)
    } else {
        typed
    }
}

/// Whether what was typed for a model is a file of this machine: the name of a model has neither of these.
fn is_file(model: &str) -> bool {
    let ending = Path::new(model).extension();
    let is_json = ending.is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
    (model.contains('/') || is_json) && !model.contains("://")
}

/// Joins a path to a directory as text: nothing is resolved, links keep their meaning.
fn absolute(directory: &str, path: &str) -> String {
    if path.starts_with('/') {
        return path.to_owned();
    }
    let relative = path.trim_start_matches("./");
    format!("{}/{relative}", directory.trim_end_matches('/'))
}

#[cfg(test)]
mod tests;
