//! One entry of a job file as it is written, and where its keys stand.

use std::collections::BTreeMap;

use ffbatch_dispatcher::command::Legacy;
use ffbatch_dispatcher::job::{Job, When, given};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::error::{At, FileError, Problem};
use crate::need::{Need, Needs};
use crate::node::{Node, Value};
use crate::settings::{Retry, Settings};
use crate::texts::{Names, Texts};

/// The keys that only a job has; the others are those of [`Settings`].
pub const KEYS: [&str; 10] = [
    "name",
    "inputs",
    "output",
    "command",
    "global_options",
    "input_file_options",
    "input_url",
    "output_file_options",
    "output_url",
    "needs",
];

/// An entry: what it says, and where.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Where it begins.
    pub at: At,
    /// What it is called where it has no name: its number from 1.
    pub number: usize,
    /// Where its keys stand.
    keys: Vec<(String, At)>,
    /// What it says.
    pub body: Body,
}

/// What an entry says.
#[derive(Debug, Clone)]
pub enum Body {
    /// In the keys of a job file.
    Written(Box<Written>),
    /// As the JSON that crosses into a container.
    Whole(Box<Job>),
}

/// A job, or one job for each input and compute.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Job")]
pub struct Written {
    /// What it is called, by people and in `needs`; may hold placeholders.
    pub name: Option<String>,
    /// What is read, one job for each: paths, globs, `s3://bucket/prefix/`, S3 globs, `https://` URLs.
    pub inputs: Option<Texts>,
    /// What is written, with placeholders such as `{stem}`; stands for `{output}` in the command.
    pub output: Option<String>,
    /// The ffmpeg command with `{input}` and `{output}` in it; a list is run in order, as passes of one job.
    pub command: Option<Texts>,
    /// Instead of `command`: options of the command as a whole.
    pub global_options: Option<String>,
    /// Instead of `command`: options before the first input.
    pub input_file_options: Option<String>,
    /// Instead of `command`: one input, or several with commas between them.
    pub input_url: Option<String>,
    /// Instead of `command`: options before the output.
    pub output_file_options: Option<String>,
    /// Instead of `command`: the output.
    pub output_url: Option<String>,
    /// The jobs that have to succeed before: names, or `{ job = "name", kind = "N_TO_N" }`.
    pub needs: Option<Needs>,
    /// Where it runs: the name of a compute, or several; one job for each.
    pub compute: Option<Names>,
    /// The metrics to measure, such as `vmaf`; `none` measures nothing.
    pub quality: Option<Names>,
    /// The model that VMAF judges by: a kind such as `neg` or `phone`, a name that libvmaf knows, or a file; by default the size
    /// of the pictures decides.
    pub vmaf_model: Option<String>,
    /// When quality is measured: after the encode, or inside it.
    #[schemars(with = "Option<crate::schema::WhenShape>")]
    pub measure: Option<When>,
    /// Whether an output that was scaled is compared at the size of its source, not at its own.
    pub at_source_size: Option<bool>,
    /// Virtual processors of one job.
    #[schemars(range(min = 1))]
    pub vcpus: Option<u32>,
    /// Memory of one job in MiB.
    #[schemars(range(min = 1))]
    pub memory_mib: Option<u32>,
    /// GPUs of one job.
    pub gpus: Option<u32>,
    /// The EC2 instance type that the job shall own, such as `c7g.4xlarge`.
    pub instance_type: Option<String>,
    /// The share of a fair-share queue of AWS Batch that it counts against.
    pub share: Option<String>,
    /// Tags of a job on AWS Batch, for whoever pays.
    pub tags: Option<BTreeMap<String, String>>,
    /// Of two jobs that can run, the one with the higher number comes first; 0 to 9999.
    #[schemars(range(max = 9999))]
    pub priority: Option<u16>,
    /// How long one attempt may take, in seconds.
    #[schemars(range(min = 1))]
    pub timeout_secs: Option<u32>,
    /// How often a job is tried, and after which failures again.
    pub retry: Option<Retry>,
    /// Whether to refuse to run ffmpeg where it cannot be confined fully.
    pub require_confinement: Option<bool>,
    /// Whether the jobs of all inputs become one array job for each compute, or one for every 10,000 of them.
    pub array: Option<bool>,
    /// Further files that stand under their base names in the working directory; may hold placeholders.
    pub files: Option<Texts>,
}

impl Entry {
    /// What a node says, with the checks that need nothing else.
    pub fn of(node: &Node, number: usize, body: Body) -> Self {
        let keys = match &node.value {
            Value::Table(pairs) => pairs
                .iter()
                .map(|(key, _)| (key.text.clone(), key.at))
                .collect(),
            _ => Vec::new(),
        };
        Self {
            at: node.at,
            number,
            keys,
            body,
        }
    }

    /// The name as the file has it.
    pub fn name(&self) -> Option<&str> {
        match &self.body {
            Body::Written(written) => given(written.name.as_ref()),
            Body::Whole(job) => Some(job.name.as_str()).filter(|name| !name.is_empty()),
        }
    }

    /// How messages call it.
    pub fn label(&self) -> String {
        match self.name() {
            Some(name) => format!("job `{name}`"),
            None => format!("job {}", self.number),
        }
    }

    /// A problem of this entry, at one of its keys where that is there.
    pub fn fault(&self, file: &str, key: &str, problem: Problem) -> FileError {
        let place = self.keys.iter().find(|(text, _)| text == key);
        FileError {
            file: file.to_owned(),
            at: Some(place.map_or(self.at, |(_, at)| *at)),
            entry: Some(self.label()),
            problem: Box::new(problem),
        }
    }

    /// The needs, of a written entry.
    pub fn needs(&self) -> &[Need] {
        match &self.body {
            Body::Written(written) => written.needs.as_ref().map_or(&[], |needs| &needs.0),
            Body::Whole(_) => &[],
        }
    }
}

impl Written {
    /// The keys that are laid over the defaults.
    pub fn settings(&self) -> Settings {
        Settings {
            compute: self.compute.clone(),
            quality: self.quality.clone(),
            vmaf_model: self.vmaf_model.clone(),
            measure: self.measure,
            at_source_size: self.at_source_size,
            vcpus: self.vcpus,
            memory_mib: self.memory_mib,
            gpus: self.gpus,
            instance_type: self.instance_type.clone(),
            share: self.share.clone(),
            tags: self.tags.clone(),
            priority: self.priority,
            timeout_secs: self.timeout_secs,
            retry: self.retry.clone(),
            require_confinement: self.require_confinement,
            array: self.array,
            files: self.files.clone(),
        }
    }

    /// The command in the parts of the original.
    pub fn legacy(&self) -> Legacy {
        Legacy {
            global_options: self.global_options.clone(),
            input_file_options: self.input_file_options.clone(),
            input_url: self.input_url.clone(),
            output_file_options: self.output_file_options.clone(),
            output_url: self.output_url.clone(),
        }
    }

    /// The key that is wrong, and why, as far as the entry alone can tell.
    pub fn check(&self) -> Result<(), (&'static str, Problem)> {
        let parts = [
            ("global_options", &self.global_options),
            ("input_file_options", &self.input_file_options),
            ("input_url", &self.input_url),
            ("output_file_options", &self.output_file_options),
            ("output_url", &self.output_url),
        ];
        let part = parts.into_iter().find(|(_, text)| text.is_some());
        match (&self.command, part) {
            (Some(_), Some((part, _))) => return Err((part, Problem::Both(part))),
            (None, None) => return Err(("", Problem::NoCommand)),
            _ => {}
        }
        let hollow = [
            (
                "command",
                self.command
                    .as_ref()
                    .is_some_and(|texts| texts.0.is_empty()),
            ),
            (
                "inputs",
                self.inputs.as_ref().is_some_and(|texts| texts.0.is_empty()),
            ),
            (
                "compute",
                self.compute
                    .as_ref()
                    .is_some_and(|names| names.0.is_empty()),
            ),
            ("output", self.output.as_deref() == Some("")),
        ];
        match hollow.into_iter().find(|(_, hollow)| *hollow) {
            Some((key, _)) => Err((key, Problem::Hollow(key))),
            None => Ok(()),
        }
    }
}
