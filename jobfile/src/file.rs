//! A job file that was read: its defaults, its entries, and the layers around them.

use std::collections::{BTreeSet, HashMap};

use crate::deserialize::from_node;
use crate::entry::{self, Body, Entry, Written};
use crate::error::{At, FileError, Problem};
use crate::format::Format;
use crate::layers;
use crate::node::{Key, Node, Value};
use crate::pattern::{Pattern, Source};
use crate::settings::{self, Overrides, Settings};
use crate::wrong::{Wrong, unexpected, unknown_key};

/// The keys at the top of a file.
const KEYS: [&str; 2] = ["defaults", "jobs"];

/// Many jobs, as a file or lines of JSON describe them.
#[derive(Debug, Clone)]
pub struct JobFile {
    /// How messages call it.
    pub(crate) file: String,
    pub(crate) defaults: Settings,
    pub(crate) variables: Vec<Settings>,
    pub(crate) flags: Settings,
    pub(crate) entries: Vec<Entry>,
}

/// Reads a job file; `name` is the file's name for messages.
pub fn read(text: &str, format: Format, name: &str) -> Result<JobFile, FileError> {
    let root = format.parse(text).map_err(|error| {
        let message = error.message;
        FileError::of(
            name,
            Some(error.at),
            Problem::Syntax {
                what: "file",
                format,
                message,
            },
        )
    })?;
    let mut file = JobFile::empty(name);
    let pairs = match &root.value {
        Value::Table(pairs) => pairs.as_slice(),
        Value::Null => &[],
        _ => return Err(file.wrong(&unexpected(&root, "a table with `jobs` in it"), "the file")),
    };
    for (key, node) in pairs {
        match key.text.as_str() {
            "defaults" => file.defaults = file.read_defaults(node)?,
            "jobs" => file.read_jobs(node)?,
            _ => return Err(file.misplaced(key)),
        }
    }
    if file.entries.is_empty() {
        let fix = match format {
            Format::Toml => "begin each with `[[jobs]]`",
            Format::Json | Format::Yaml => "list them under `jobs`",
        };
        return Err(FileError::of(name, None, Problem::NoJobs(fix)));
    }
    file.check_names()?;
    Ok(file)
}

impl JobFile {
    /// A file without any job yet.
    pub(crate) fn empty(name: &str) -> Self {
        Self {
            file: name.to_owned(),
            defaults: Settings::default(),
            variables: Vec::new(),
            flags: Settings::default(),
            entries: Vec::new(),
        }
    }

    /// Lays flags over what the file says.
    #[must_use]
    pub fn with(mut self, overrides: Overrides) -> Self {
        self.flags = overrides.into();
        self
    }

    /// Lays `FFBATCH_DEFAULTS__KEY` variables over the file's defaults; other variables and empty ones are passed over.
    pub fn with_variables(
        mut self,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, FileError> {
        self.variables = layers::variables(variables)?;
        Ok(self)
    }

    /// The patterns whose files or objects the caller has to list before the file can be expanded.
    pub fn patterns(&self) -> BTreeSet<Pattern> {
        let written = self.entries.iter().filter_map(|entry| match &entry.body {
            Body::Written(written) => written.inputs.as_ref(),
            Body::Whole(_) => None,
        });
        // A text that is no pattern is refused when the file is expanded, where the job it belongs to is known.
        written
            .flat_map(|texts| &texts.0)
            .filter_map(|text| match Source::of(text) {
                Ok(Source::Many(pattern)) => Some(pattern),
                _ => None,
            })
            .collect()
    }

    fn read_defaults(&self, node: &Node) -> Result<Settings, FileError> {
        if let Value::Table(pairs) = &node.value
            && let Some((key, _)) = pairs
                .iter()
                .find(|(key, _)| entry::KEYS.contains(&key.text.as_str()))
        {
            let message = format!(
                "`{}` belongs to a job, not to `defaults` (move it there)",
                key.text
            );
            return Err(FileError::of(
                &self.file,
                Some(key.at),
                Problem::Value(message),
            ));
        }
        from_node(node).map_err(|wrong| self.wrong(&wrong, "`defaults`"))
    }

    fn read_jobs(&mut self, node: &Node) -> Result<(), FileError> {
        let nodes = match &node.value {
            Value::List(nodes) => nodes,
            Value::Null => return Ok(()),
            _ => {
                let wrong =
                    unexpected(node, "a list of jobs (in TOML each begins with `[[jobs]]`)")
                        .beneath("jobs");
                return Err(self.wrong(&wrong, "the file"));
            }
        };
        for node in nodes {
            self.read_job(node)?;
        }
        Ok(())
    }

    /// Reads one entry in the keys of a job file.
    pub(crate) fn read_job(&mut self, node: &Node) -> Result<(), FileError> {
        let written: Written = from_node(node).map_err(|wrong| self.wrong(&wrong, "a job"))?;
        let checked = written.check();
        let entry = Entry::of(
            node,
            self.entries.len() + 1,
            Body::Written(Box::new(written)),
        );
        checked.map_err(|(key, problem)| entry.fault(&self.file, key, problem))?;
        self.entries.push(entry);
        Ok(())
    }

    pub(crate) fn wrong(&self, wrong: &Wrong, root: &str) -> FileError {
        FileError::of(&self.file, wrong.at, Problem::Value(wrong.message(root)))
    }

    /// Refuses a key at the top of the file.
    fn misplaced(&self, key: &Key) -> FileError {
        let text = key.text.as_str();
        let home = if settings::KEYS.contains(&text) {
            "under `defaults`, or in a job"
        } else if entry::KEYS.contains(&text) {
            "in a job, under `jobs`"
        } else {
            return self.wrong(&unknown_key(key, &KEYS), "the file");
        };
        let message = format!("`{text}` stands at the top of the file (put it {home})");
        FileError::of(&self.file, Some(key.at), Problem::Value(message))
    }

    fn check_names(&self) -> Result<(), FileError> {
        let mut seen: HashMap<&str, At> = HashMap::new();
        for entry in &self.entries {
            let Some(name) = entry.name() else { continue };
            if let Some(first) = seen.insert(name, entry.at) {
                return Err(entry.fault(&self.file, "name", Problem::Twice(first.line)));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
