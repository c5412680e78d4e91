//! One job, from paths of this machine to places in the bucket.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;

use ffbatch_dispatcher::command::{Command, Owner, Parsed, Role};
use ffbatch_dispatcher::compute::ComputeError;
use ffbatch_dispatcher::job::Job;
use ffbatch_dispatcher::list::{Form, is_strict};
use ffbatch_dispatcher::location::Location;

use super::named::{has_other_names, is_rewritten};
use super::results::{self, Results};
use super::shelf::Shelf;
use super::source::{Source, Survey, Target};
use super::written::Reader;

/// A job with all that it reads and writes on this machine.
#[derive(Debug)]
pub struct Planned<'a> {
    job: &'a Job,
    parsed: Vec<Parsed>,
    /// Where its results will lie.
    pub results: Results,
    reads: BTreeMap<(usize, usize), Target>,
    files: BTreeMap<usize, Arc<Source>>,
    model: Option<Arc<Source>>,
    /// The inputs, by command and number, whose lists become ours: their names have been checked by the rules that hold for the
    /// list as it was typed, and ffmpeg would refuse the ones that stand there then.
    trusted: BTreeSet<(usize, usize)>,
}

/// What it was that could not be staged, in one sentence.
#[derive(Debug)]
pub enum Refusal {
    /// It is about what is read.
    Read(String),
    /// It is about what is asked for.
    Asked(String),
}

/// Whether a job names a path of this machine.
pub fn is_local(job: &Job) -> bool {
    let here = |location: &Location| own_path(location).is_some();
    let places = || {
        let parsed = job.check().unwrap_or_default();
        let mut places = parsed.iter().flat_map(|one| &one.places);
        places.any(|place| here(&place.location))
    };
    job.files.iter().any(here) || model(job).is_some() || places()
}

/// A path of this machine. Relative names are those of the job's own working directory.
fn own_path(location: &Location) -> Option<&str> {
    match location {
        Location::Path(path) if path.starts_with('/') => Some(path),
        _ => None,
    }
}

fn model(job: &Job) -> Option<&str> {
    job.vmaf_model
        .as_deref()
        .filter(|model| model.starts_with('/'))
}

impl<'a> Planned<'a> {
    /// A job whose results go under this prefix.
    pub fn new(job: &'a Job, prefix: &str) -> Result<Self, Refusal> {
        let parsed = job
            .check()
            .map_err(|error| Refusal::Asked(error.to_string()))?;
        let results = results::of(&parsed, prefix).map_err(Refusal::Asked)?;
        Ok(Self {
            job,
            parsed,
            results,
            reads: BTreeMap::new(),
            files: BTreeMap::new(),
            model: None,
            trusted: BTreeSet::new(),
        })
    }

    /// What it writes: locations with the keys under which they will lie, by the numbers of the commands.
    pub fn written(&self) -> impl Iterator<Item = (usize, &Location, &str)> {
        self.results.keys.iter().map(|((command, place), key)| {
            let location = &self.parsed[*command].places[*place].location;
            (*command, location, key.as_str())
        })
    }

    /// Looks at what it reads.
    pub fn survey(&mut self, survey: &mut Survey<'_>, reader: Reader) -> Result<(), Refusal> {
        self.side_files(survey, reader).map_err(Refusal::Read)?;
        if let Some(path) = model(self.job) {
            self.model = Some(survey.file(path, reader).map_err(Refusal::Read)?);
        }
        let mut logs = BTreeSet::new();
        for (command, one) in self.parsed.iter().enumerate() {
            let reader = Reader { command, ..reader };
            for (number, place) in one.places.iter().enumerate() {
                let Some(path) = own_path(&place.location) else {
                    continue;
                };
                if place.role == Role::Prefix {
                    let known = !logs.insert(path);
                    if !known && one.passes().any(|pass| pass > 1) {
                        return Err(Refusal::Asked(format!(
                            "the log of a first pass at `{path}` stays on this machine (give both passes in one job, with `--then` between them)"
                        )));
                    }
                }
                if !place.role.is_read() {
                    continue;
                }
                let target = survey
                    .place(one, place, path, reader)
                    .map_err(Refusal::Read)?;
                if let Owner::Input(input) = place.owner
                    && is_rewritten(&target)
                    && place.role == Role::ReadList
                {
                    self.trusted.insert((command, input));
                }
                self.reads.insert((command, number), target);
            }
        }
        self.replaces_no_input().map_err(Refusal::Asked)
    }

    /// Side files, of which some may be lists.
    fn side_files(&mut self, survey: &mut Survey<'_>, reader: Reader) -> Result<(), String> {
        let sides: Vec<&str> = self.job.files.iter().map(Location::base_name).collect();
        for (number, file) in self.job.files.iter().enumerate() {
            let Some(path) = own_path(file) else { continue };
            let own = Location::Path(sides[number].to_owned());
            let mut form = None;
            let mut inputs = Vec::new();
            for (command, one) in self.parsed.iter().enumerate() {
                for place in one.places.iter().filter(|place| place.location == own) {
                    let Some(found) = Form::of(place.role) else {
                        continue;
                    };
                    let strict = is_strict(one, place)
                        || form.is_some_and(|(_, strict): (Form, bool)| strict);
                    form = Some((found, strict));
                    if let Owner::Input(input) = place.owner {
                        inputs.push((command, input));
                    }
                }
            }
            let source = match form {
                Some((form, strict)) => survey.side_list(path, form, strict, &sides, reader)?,
                None => survey.file(path, reader)?,
            };
            if has_other_names(&source) && form.is_some_and(|(form, _)| form == Form::Concat) {
                self.trusted.extend(inputs);
            }
            self.files.insert(number, source);
        }
        Ok(())
    }

    /// A link, or a path that leads around, may give one file two names.
    fn replaces_no_input(&self) -> Result<(), String> {
        let same = |path: &Path| {
            let metadata = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
            Some((metadata.dev(), metadata.ino()))
        };
        let mut outputs = BTreeMap::new();
        for place in self.parsed.iter().flat_map(|one| &one.places) {
            if let Some(path) = results::written(place).filter(|_| !place.is_pattern()) {
                outputs.extend(same(Path::new(path)).map(|file| (file, path)));
            }
        }
        if outputs.is_empty() {
            return Ok(());
        }
        let sources = self.sources();
        let inputs = sources.flat_map(|source| source.files());
        for input in inputs {
            if let Some(path) = same(input).and_then(|file| outputs.get(&file)) {
                return Err(format!(
                    "`{path}` is the same file as the input `{}` (give the output another name)",
                    input.display()
                ));
            }
        }
        Ok(())
    }

    /// Everything of this machine that it reads.
    pub fn sources(&self) -> impl Iterator<Item = &Arc<Source>> {
        let reads = self.reads.values().filter_map(|target| match target {
            Target::Here(source) => Some(source),
            Target::There(_) => None,
        });
        reads.chain(self.files.values()).chain(&self.model)
    }

    /// The job as it runs elsewhere; what it reads is put on the shelf.
    pub fn elsewhere(&self, bucket: &str, inputs: &mut Shelf<'_>) -> Result<Job, ComputeError> {
        let mut job = self.job.clone();
        job.commands.clear();
        // No path of this machine is left.
        job.bounds = None;
        for (command, one) in self.parsed.iter().enumerate() {
            let mut names = Vec::with_capacity(one.places.len());
            for (number, place) in one.places.iter().enumerate() {
                let at = (command, number);
                names.push(match (self.reads.get(&at), self.results.keys.get(&at)) {
                    (Some(target), _) => inputs.url(target)?,
                    (None, Some(key)) => format!("s3://{bucket}/{key}"),
                    (None, None) => place.text.clone(),
                });
            }
            let mut names = names.into_iter();
            let mut words = one.rewrite(|place| names.next().unwrap_or(place.text.clone()));
            let trusted = self.trusted.iter().filter(|(of, _)| *of == command);
            // From behind, so that the numbers of the words before stay what they are.
            for (_, input) in trusted.rev() {
                let dash_i = one.inputs[*input].word - 1;
                words.splice(dash_i..dash_i, ["-safe".to_owned(), "0".to_owned()]);
            }
            job.commands.push(Command::new(words));
        }
        for (number, source) in &self.files {
            let url = inputs.url(&Target::Here(Arc::clone(source)))?;
            let wrong = |error| ComputeError::machine("an input has no URL").because(error);
            job.files[*number] = url.parse::<Location>().map_err(wrong)?;
        }
        if let Some(source) = &self.model {
            job.vmaf_model = Some(inputs.url(&Target::Here(Arc::clone(source)))?);
        }
        Ok(job)
    }
}
