//! Jobs as lines of JSON, as another program writes them to standard input: one job a line.
//!
//! A line holds the keys of a job in a job file, or a whole [`Job`], which its `version` tells. Names may repeat, as long as no
//! job needs one that does.

use ffbatch_dispatcher::job::{Job, JobError, VERSION};

use crate::deserialize::from_node;
use crate::entry::{Body, Entry};
use crate::error::{FileError, Problem};
use crate::file::JobFile;
use crate::format::{Format, json};
use crate::node::{Node, Value};
use crate::wrong::unexpected;

/// Reads jobs, one a line; empty lines are passed over. `name` is how messages call the text.
pub fn ndjson(text: &str, name: &str) -> Result<JobFile, FileError> {
    let mut file = JobFile::empty(name);
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let node = json(line, index + 1).map_err(|error| {
            let problem = Problem::Syntax {
                what: "line",
                format: Format::Json,
                message: error.message,
            };
            FileError::of(name, Some(error.at), problem)
        })?;
        file.read_line(&node)?;
    }
    if file.entries.is_empty() {
        let problem =
            Problem::NoJobs("write one a line: {\"command\": \"ffmpeg -i in.mp4 out.mp4\"}");
        return Err(FileError::of(name, None, problem));
    }
    Ok(file)
}

impl JobFile {
    fn read_line(&mut self, node: &Node) -> Result<(), FileError> {
        let Value::Table(pairs) = &node.value else {
            return Err(self.wrong(
                &unexpected(node, "an object with the keys of a job"),
                "a job",
            ));
        };
        let Some((key, version)) = pairs.iter().find(|(key, _)| key.text == "version") else {
            return self.read_job(node);
        };
        // The version comes first: a newer job may hold fields that this program does not know.
        let number: u32 =
            from_node(version).map_err(|wrong| self.wrong(&wrong.beneath("version"), "a job"))?;
        if number == 0 || number > VERSION {
            let problem = Problem::Job {
                input: None,
                error: Box::new(JobError::Version(number)),
            };
            return Err(FileError::of(&self.file, Some(key.at), problem));
        }
        let job: Job = from_node(node).map_err(|wrong| self.wrong(&wrong, "a job"))?;
        let entry = Entry::of(node, self.entries.len() + 1, Body::Whole(Box::new(job)));
        self.entries.push(entry);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
