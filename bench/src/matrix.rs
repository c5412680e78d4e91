//! From a file to the cells of a matrix: every input by every variant of every command on every compute.
//!
//! A cell is named by what it does and where, not by how it is called: its [`id`](Cell::id) is a digest of input, commands and place. So a
//! benchmark whose file was changed measures what is new and keeps what is the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ffbatch_dispatcher::command::{Command, words};
use ffbatch_dispatcher::job::Job;
use ffbatch_dispatcher::location::Location;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::file::{BenchFile, ComputeEntry, FileError, InputEntry, VariantEntry};
use crate::run::Run;
use crate::template::fill;

/// Keys of `values` along which quality usually goes up and down, in the order in which they are looked for.
pub const LADDERS: [&str; 7] = ["crf", "qp", "cq", "q", "global_quality", "bitrate", "rate"];

/// What stands for the input, and for where the output lies without its extension.
pub const INPUT: &str = "input";
/// See [`INPUT`].
pub const OUTPUT: &str = "output";

/// One thing that is measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// 12 hexadecimal digits.
    pub id: String,
    /// What is encoded.
    pub input: Input,
    /// By which variant, without the step of its ladder.
    pub variant: String,
    /// Where on its ladder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rung: Option<Rung>,
    /// Where.
    pub place: Place,
    /// What follows `ffmpeg` in each command, with `{output}` in place.
    pub commands: Vec<Vec<String>>,
}

/// Something to encode.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// What it is called.
    pub name: String,
    /// Where it is; a path is absolute.
    pub url: String,
    /// How long it is, in seconds, as far as that is known beforehand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_secs: Option<f64>,
}

/// A step of a ladder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rung {
    /// Such as `crf`.
    pub key: String,
    /// Such as `23`.
    pub value: String,
}

/// Where a cell runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// The compute.
    pub compute: String,
    /// The instance type that its jobs own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_type: Option<String>,
    /// For how many processors ffmpeg chooses its threads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threads: Option<u32>,
    /// Virtual processors of a job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vcpus: Option<u32>,
    /// Memory of a job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_mib: Option<u32>,
    /// What an hour of it costs, as the file says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usd_per_hour: Option<f64>,
    /// What the machine draws at rest and with all processors busy, as the file says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watts: Option<(f64, f64)>,
}

impl Place {
    /// What people call it: compute, instance type, and what else sets it apart.
    pub fn label(&self) -> String {
        let mut label = self.compute.clone();
        if let Some(instance) = &self.instance_type {
            label = format!("{label} {instance}");
        }
        if let Some(vcpus) = self.vcpus {
            label = format!("{label} {vcpus} vCPU");
        }
        if let Some(memory) = self.memory_mib {
            label = format!("{label} {memory} MiB");
        }
        match self.threads {
            None => label,
            Some(1) => format!("{label} 1 thread"),
            Some(threads) => format!("{label} {threads} threads"),
        }
    }
}

impl Cell {
    /// What people call it.
    pub fn label(&self) -> String {
        let rung = self.rung.as_ref();
        let rung = rung.map_or_else(String::new, |rung| format!(" {}={}", rung.key, rung.value));
        format!(
            "{}{rung}, {}, {}",
            self.variant,
            self.place.label(),
            self.input.name
        )
    }

    /// The commands with an output at this place.
    pub fn commands_to(&self, output: &str) -> Vec<Vec<String>> {
        let slot = format!("{{{OUTPUT}}}");
        let with = |word: &String| word.replace(&slot, output);
        self.commands
            .iter()
            .map(|words| words.iter().map(with).collect())
            .collect()
    }
}

/// The cells of a benchmark, in the order in which they run: inputs, then variants, then computes.
pub fn cells(bench: &BenchFile, file: &Path, usual: &str) -> Result<Vec<Cell>, FileError> {
    let wrong = |what: String| FileError::new(file, what);
    let inputs = inputs(&bench.inputs, &bench.directory).map_err(wrong)?;
    let places = places(&bench.computes, usual);
    let mut cells = Vec::new();
    let mut names = BTreeSet::new();
    for entry in &bench.variants {
        if !names.insert(&entry.name) {
            let what = format!(
                "two variants are called `{}` (rename one of them)",
                entry.name
            );
            return Err(wrong(what));
        }
    }
    for input in &inputs {
        for entry in &bench.variants {
            let variants = variants(entry, input, !bench.quality.is_empty())
                .map_err(|what| wrong(format!("the variant `{}` {what}", entry.name)))?;
            for variant in &variants {
                variant.check().map_err(|what| {
                    wrong(format!("the variant `{}` cannot run: {what}", variant.name))
                })?;
                cells.extend(places.iter().map(|place| variant.on(input, place, bench)));
            }
        }
    }
    let mut seen = BTreeMap::new();
    for cell in &cells {
        if let Some(first) = seen.insert(&cell.id, cell.label()) {
            let what = format!(
                "`{first}` and `{}` are the same (leave one of them out)",
                cell.label()
            );
            return Err(wrong(what));
        }
    }
    Ok(cells)
}

/// The runs of these cells, each as its cell is called and priced now; others are left out.
pub fn of_cells(runs: Vec<Run>, cells: &[Cell]) -> Vec<Run> {
    let known = |mut run: Run| {
        run.cell = cells.iter().find(|cell| cell.id == run.cell.id)?.clone();
        Some(run)
    };
    runs.into_iter().filter_map(known).collect()
}

/// The base name without its extension.
pub fn stem(url: &str) -> &str {
    let base = url.rsplit('/').next().unwrap_or(url);
    base.rsplit_once('.').map_or(base, |(stem, _)| stem)
}

fn inputs(entries: &[InputEntry], directory: &Path) -> Result<Vec<Input>, String> {
    let mut inputs: Vec<Input> = Vec::new();
    for entry in entries {
        let location: Location = entry.url.parse().map_err(|error| format!("{error}"))?;
        let url = match &location {
            Location::Path(path) => directory.join(path).to_string_lossy().into_owned(),
            Location::Live(_) => {
                return Err(format!(
                    "`{location}` is live, so that no two runs would encode the same (record it into a file)"
                ));
            }
            other => other.to_string(),
        };
        let name = entry
            .name
            .clone()
            .unwrap_or_else(|| stem(&entry.url).to_owned());
        if inputs.iter().any(|other| other.name == name) {
            return Err(format!(
                "two inputs are called `{name}` (give each a `name`)"
            ));
        }
        inputs.push(Input {
            name,
            url,
            duration_secs: entry.duration_secs,
        });
    }
    Ok(inputs)
}

fn places(entries: &[ComputeEntry], usual: &str) -> Vec<Place> {
    let here = [ComputeEntry {
        compute: usual.to_owned(),
        ..ComputeEntry::default()
    }];
    let entries = if entries.is_empty() { &here } else { entries };
    let mut places = Vec::new();
    for entry in entries {
        for instance_type in or_none(&entry.instance_types) {
            for threads in or_none(&entry.threads) {
                places.push(Place {
                    compute: entry.compute.clone(),
                    instance_type: instance_type.clone(),
                    threads,
                    vcpus: entry.vcpus,
                    memory_mib: entry.memory_mib,
                    usd_per_hour: entry.usd_per_hour,
                    watts: entry.watts_idle.zip(entry.watts_max),
                });
            }
        }
    }
    places
}

/// Each of a list, or nothing once.
fn or_none<T: Clone>(list: &[T]) -> Vec<Option<T>> {
    if list.is_empty() {
        return vec![None];
    }
    list.iter().cloned().map(Some).collect()
}

/// One combination of an entry's values, for one input.
struct Variant {
    name: String,
    rung: Option<Rung>,
    commands: Vec<Vec<String>>,
}

fn variants(entry: &VariantEntry, input: &Input, scored: bool) -> Result<Vec<Variant>, String> {
    let slot = format!("{{{OUTPUT}}}");
    let mut texts = entry
        .values
        .values()
        .flatten()
        .map(|value| &value.0)
        .chain([&input.url]);
    if let Some(text) = texts.find(|text| text.contains(&slot)) {
        return Err(format!(
            "has `{slot}` in `{text}`, where the output would be put (call it otherwise)"
        ));
    }
    if let Some((key, _)) = entry.values.iter().find(|(_, values)| values.is_empty()) {
        return Err(format!(
            "has no value for `{key}` (list some, or leave the key out)"
        ));
    }
    let own = [INPUT, OUTPUT];
    if let Some(key) = own.iter().find(|key| entry.values.contains_key(**key)) {
        return Err(format!(
            "has values for `{key}`, which has a meaning of its own (call it otherwise)"
        ));
    }
    let ladder = ladder(entry)?;
    let mut lines = Vec::new();
    for line in std::iter::once(&entry.command).chain(&entry.then) {
        let words = words::split(line).map_err(|error| format!("cannot be read: {error}"))?;
        lines.push(words);
    }
    let keys: Vec<&str> = entry.values.keys().map(String::as_str).chain(own).collect();
    let mut used = BTreeSet::new();
    for word in lines.iter().flatten() {
        used.extend(fill(word, &keys, |_| String::new())?.1);
    }
    // What is not scored may go nowhere (`-f null -`).
    let needed = |key: &&&str| **key != OUTPUT || scored;
    if let Some(key) = keys.iter().filter(needed).find(|key| !used.contains(**key)) {
        let fix = format!("write `{{{key}}}` where it belongs");
        return Err(format!("never uses `{key}` in its command ({fix})"));
    }
    let mut variants = Vec::new();
    for chosen in combinations(&entry.values, ladder) {
        let value = |key: &str| match key {
            INPUT => input.url.clone(),
            OUTPUT => format!("{{{OUTPUT}}}"),
            key => chosen[key].clone(),
        };
        let mut commands = Vec::new();
        for line in &lines {
            let filled: Result<Vec<String>, String> = line
                .iter()
                .map(|word| Ok(fill(word, &keys, value)?.0))
                .collect();
            let mut words = filled?;
            match words.first().map(String::as_str) {
                Some("ffmpeg") => words.remove(0),
                _ => return Err("is no ffmpeg command (begin it with `ffmpeg`)".to_owned()),
            };
            commands.push(words);
        }
        let others = chosen.iter().filter(|(key, _)| Some(**key) != ladder);
        let others = others.map(|(key, value)| format!(" {key}={value}"));
        let several = |key: &str| entry.values.get(key).is_some_and(|values| values.len() > 1);
        variants.push(Variant {
            name: std::iter::once(entry.name.clone()).chain(others).collect(),
            rung: ladder.filter(|key| several(key)).map(|key| Rung {
                key: key.to_owned(),
                value: chosen[key].clone(),
            }),
            commands,
        });
    }
    Ok(variants)
}

/// The key of the ladder.
fn ladder(entry: &VariantEntry) -> Result<Option<&str>, String> {
    match &entry.ladder {
        Some(key) if !entry.values.contains_key(key) => {
            Err(format!("has no values for its ladder `{key}`"))
        }
        Some(key) => Ok(Some(key)),
        None => Ok(LADDERS.into_iter().find(|key| {
            entry
                .values
                .get(*key)
                .is_some_and(|values| values.len() > 1)
        })),
    }
}

/// Every combination of values, the ladder's changing fastest.
fn combinations<'a>(
    values: &'a BTreeMap<String, Vec<crate::file::Scalar>>,
    ladder: Option<&str>,
) -> Vec<BTreeMap<&'a str, String>> {
    let (steps, others): (Vec<_>, Vec<_>) = values
        .iter()
        .partition(|(key, _)| Some(key.as_str()) == ladder);
    let mut all = vec![BTreeMap::new()];
    for (key, values) in others.into_iter().chain(steps) {
        all = all
            .iter()
            .flat_map(|chosen| {
                values.iter().map(move |value| {
                    let mut chosen: BTreeMap<&str, String> = chosen.clone();
                    chosen.insert(key, value.0.clone());
                    chosen
                })
            })
            .collect();
    }
    all
}

/// The id of a cell that does this: 12 hexadecimal digits.
pub fn cell_id(what: &serde_json::Value) -> String {
    let digest = Sha256::digest(what.to_string());
    let digits: Vec<String> = digest
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    digits.concat()
}

impl Variant {
    /// Finds what makes no job, before any runs.
    fn check(&self) -> Result<(), String> {
        let output = |word: &String| word.replace(&format!("{{{OUTPUT}}}"), OUTPUT);
        let words = |words: &Vec<String>| Command::new(words.iter().map(output));
        let job = Job::of(self.commands.iter().map(words).collect());
        job.check().map(drop).map_err(|error| error.to_string())
    }

    fn on(&self, input: &Input, place: &Place, bench: &BenchFile) -> Cell {
        let what = serde_json::json!({
            "input": input.url,
            "commands": self.commands,
            "compute": place.compute,
            "instance_type": place.instance_type,
            "threads": place.threads,
            "vcpus": place.vcpus,
            "memory_mib": place.memory_mib,
            "quality": bench.quality,
            "vmaf_model": bench.vmaf_model,
        });
        Cell {
            id: cell_id(&what),
            input: input.clone(),
            variant: self.name.clone(),
            rung: self.rung.clone(),
            place: place.clone(),
            commands: self.commands.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
