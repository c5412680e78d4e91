//! How an entry makes a job of an input: its templates, read and checked once for all its jobs.

use ffbatch_dispatcher::command::Command;
use ffbatch_dispatcher::job::{Job, NAME_LIMIT};

use crate::entry::Written;
use crate::error::Problem;
use crate::input::{Input, as_path};
use crate::layers::Settled;
use crate::template::{Slot, Template, TemplateError};

/// A key of an entry and what is wrong with it.
pub type Fault = (&'static str, Problem);

/// The templates of an entry.
#[derive(Debug)]
pub struct Recipe {
    name: Option<Template>,
    output: Option<Template>,
    commands: Vec<Vec<Template>>,
    files: Vec<Template>,
}

/// What one job is made of.
#[derive(Debug, Clone, Copy)]
pub struct Ingredients<'a> {
    /// Absent where the entry has no inputs.
    pub input: Option<&'a Input>,
    /// The number of the input, from 0.
    pub index: usize,
    /// Where the job runs.
    pub compute: &'a str,
    /// The directory that relative paths count from.
    pub directory: &'a str,
}

impl Recipe {
    /// Reads the templates of an entry.
    pub fn of(written: &Written, settled: &Settled) -> Result<Self, Fault> {
        let one = |key, text: &str| Template::parse(text).map_err(|error| fault(key, error));
        let recipe = Self {
            name: written
                .name
                .as_deref()
                .map(|text| one("name", text))
                .transpose()?,
            output: written
                .output
                .as_deref()
                .map(|text| one("output", text))
                .transpose()?,
            commands: commands(written)?,
            files: settled
                .files
                .iter()
                .map(|text| one("files", text))
                .collect::<Result<_, _>>()?,
        };
        recipe.check(written, settled)?;
        Ok(recipe)
    }

    fn slots(&self) -> impl Iterator<Item = Slot> + '_ {
        self.commands.iter().flatten().flat_map(Template::slots)
    }

    fn check(&self, written: &Written, settled: &Settled) -> Result<(), Fault> {
        let early = |key, template: Option<&Template>, not: &[Slot]| {
            let slot =
                template.and_then(|template| template.slots().find(|slot| not.contains(slot)));
            slot.map_or(Ok(()), |slot| {
                Err(fault(key, TemplateError::Early(slot.name())))
            })
        };
        early("name", self.name.as_ref(), &[Slot::Name, Slot::Output])?;
        early("output", self.output.as_ref(), &[Slot::Output])?;
        let mut texts: Vec<(&'static str, Slot)> =
            self.slots().map(|slot| ("command", slot)).collect();
        let others = [("name", &self.name), ("output", &self.output)];
        let others = others
            .into_iter()
            .filter_map(|(key, one)| Some((key, one.as_ref()?)));
        for (key, template) in others.chain(self.files.iter().map(|file| ("files", file))) {
            texts.extend(template.slots().map(|slot| (key, slot)));
        }
        let unfilled = texts.iter().find_map(|(key, slot)| {
            if slot.is_of_input() && written.inputs.is_none() {
                Some((*key, slot, "inputs"))
            } else if *slot == Slot::Output && written.output.is_none() {
                Some((*key, slot, "output"))
            } else {
                None
            }
        });
        if let Some((at, slot, key)) = unfilled {
            let slot = slot.name();
            return Err((at, Problem::Unfilled { slot, key }));
        }
        if written.inputs.is_some() && !self.slots().any(Slot::is_of_input) {
            return Err(("inputs", Problem::UnusedInputs));
        }
        let outputs = texts.iter().any(|(_, slot)| *slot == Slot::Output);
        if written.output.is_some() && !outputs {
            return Err(("output", Problem::UnusedOutput));
        }
        let varies = self
            .name
            .as_ref()
            .and_then(|name| name.slots().find(|slot| slot.is_of_input()));
        match varies {
            Some(slot) if settled.array => Err(("name", Problem::ArrayName(slot.name()))),
            _ => Ok(()),
        }
    }

    /// The name of an array job.
    pub fn array_name(&self, compute: &str) -> String {
        let value = |slot| if slot == Slot::Compute { compute } else { "" };
        self.name
            .as_ref()
            .map_or_else(String::new, |name| name.fill(value))
    }

    /// One job, with its relative paths made absolute.
    pub fn job(&self, from: Ingredients<'_>, settled: &Settled) -> Result<Job, Fault> {
        let index = from.index.to_string();
        let of_input = |slot: Slot| match (slot, from.input) {
            (Slot::Input, Some(input)) => input.text.as_str(),
            (Slot::Stem, Some(input)) => &input.stem,
            (Slot::Ext, Some(input)) => &input.extension,
            (Slot::Dir, Some(input)) => &input.directory,
            (Slot::Index, Some(_)) => &index,
            (Slot::Compute, _) => from.compute,
            _ => "",
        };
        let name = match &self.name {
            Some(name) => name.fill(of_input),
            // Nobody chose this name, so nobody has to hear that it is too long.
            None => of_input(Slot::Stem).chars().take(NAME_LIMIT).collect(),
        };
        let named = |slot| {
            if slot == Slot::Name {
                name.as_str()
            } else {
                of_input(slot)
            }
        };
        let output = self.output.as_ref();
        let output =
            output.map_or_else(String::new, |template| safe(template, template.fill(named)));
        let value = |slot| {
            if slot == Slot::Output {
                output.as_str()
            } else {
                named(slot)
            }
        };
        let fill = |template: &Template| template.fill(value);
        let word = |template: &Template| {
            let filled = fill(template);
            if template.begins_with_name() {
                safe(template, filled)
            } else {
                filled
            }
        };
        let command = |words: &Vec<Template>| Command::new(words.iter().map(word));
        let side_file = |template: &Template| {
            let parsed = fill(template).parse();
            parsed.map_err(|error| {
                (
                    "files",
                    Problem::Location {
                        key: "files",
                        error,
                    },
                )
            })
        };
        let mut job = Job::of(self.commands.iter().map(command).collect());
        job.files = self.files.iter().map(side_file).collect::<Result<_, _>>()?;
        job.name.clone_from(&name);
        job.quality.clone_from(&settled.quality);
        job.vmaf_model.clone_from(&settled.vmaf_model);
        job.measure = settled.measure;
        job.at_source_size = settled.at_source_size;
        job.require_confinement = settled.require_confinement;
        job.anchored(from.directory).map_err(|error| {
            let input = from.input.map(|input| input.text.clone());
            let error = Box::new(error);
            ("command", Problem::Job { input, error })
        })
    }
}

/// Keeps a colon or a dash that an input brought along from making a path a URL or an option.
fn safe(template: &Template, text: String) -> String {
    if text == "-" || text.contains("://") || template.says(':') {
        text
    } else {
        as_path(&text)
    }
}

fn fault(key: &'static str, error: TemplateError) -> Fault {
    (key, Problem::Template { key, error })
}

/// The commands of an entry, word by word.
fn commands(written: &Written) -> Result<Vec<Vec<Template>>, Fault> {
    let lines = written.command.as_ref().map_or(&[][..], |texts| &texts.0);
    let count = lines.len().max(1);
    let wrong = |index, error| {
        (
            "command",
            Problem::Command {
                index,
                count,
                error,
            },
        )
    };
    let commands: Vec<Command> = if written.command.is_some() {
        let read = |(index, line): (usize, &String)| {
            Command::from_line(line).map_err(|error| wrong(index, error))
        };
        lines
            .iter()
            .enumerate()
            .map(read)
            .collect::<Result<_, _>>()?
    } else {
        vec![Command::from_legacy(&written.legacy()).map_err(|error| wrong(0, error))?]
    };
    let word = |word: &String| Template::parse(word).map_err(|error| fault("command", error));
    let words = |command: &Command| command.words().iter().map(word).collect();
    commands.iter().map(words).collect()
}
