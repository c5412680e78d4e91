//! What a job takes along from whoever submitted it: the environment, the directory, the worker program.
//!
//! A job runs later, started by a runner that somebody else may have started. It has to find the credentials, the `PATH` and
//! the settings of its submission and no others, as with `at(1)`. So all variables are kept, in a file that only this user
//! can read, as long as one of the jobs is remembered.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use ffbatch_dispatcher::compute::ComputeError;
use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::variable::SUBMISSION;

use super::place::Place;

/// Variables that say something about one terminal, one process or one submission, not about the job.
const LEFT_OUT: [&str; 5] = ["_", "SHLVL", "OLDPWD", "TRACEPARENT", SUBMISSION];

/// How the variables begin that say which job of AWS Batch this process is, if it is one. Its jobs are others.
const BATCH: &[u8] = b"AWS_BATCH_";

/// How those begin that configure a server, with its secrets.
const SERVE: &[u8] = b"FFBATCH_SERVE__";

/// The environment of a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// The worker program, or the image that has it.
    pub worker: PathBuf,
    /// The directory in which relative paths in variables count.
    pub directory: PathBuf,
    /// All variables, in the order of their names.
    pub variables: Vec<(OsString, OsString)>,
}

impl Environment {
    /// The variable of this name, where it is text.
    pub fn variable(&self, name: &str) -> Option<&str> {
        let found = self.variables.iter().find(|(known, _)| known == name);
        found.and_then(|(_, value)| value.to_str())
    }

    /// Sets a variable.
    pub fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.into(), value.into()));
        self.variables.sort();
    }

    /// This process's own, with what the configuration says for workers.
    pub fn own(worker: PathBuf, config: &Config, place: &Place) -> Result<Self, ComputeError> {
        let directory = std::env::current_dir().map_err(|error| {
            ComputeError::machine("the current directory is gone").because(error)
        })?;
        let mut variables: Vec<(OsString, OsString)> = std::env::vars_os()
            .filter(|(name, _)| !LEFT_OUT.iter().any(|left| name == left))
            .filter(|(name, _)| {
                ![BATCH, SERVE]
                    .iter()
                    .any(|of| name.as_bytes().starts_with(of))
            })
            .collect();
        let state = Some(place.state_dir().to_owned());
        let configured = [
            ("FFBATCH_STATE_DIR", &state),
            ("FFBATCH_WORK_DIR", &config.work_dir),
            ("FFBATCH_FFMPEG", &config.ffmpeg),
        ];
        for (name, value) in configured {
            if let Some(value) = value {
                variables.retain(|(known, _)| known != name);
                variables.push((name.into(), value.clone().into_os_string()));
            }
        }
        variables.sort();
        Ok(Self {
            worker,
            directory,
            variables,
        })
    }

    /// As the queue keeps it: worker, directory, and the variables as `environ(7)` has them, `NAME=VALUE` with a zero byte behind.
    pub fn to_bytes(&self) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
        let mut variables = Vec::new();
        for (name, value) in &self.variables {
            variables.extend(name.as_bytes());
            variables.push(b'=');
            variables.extend(value.as_bytes());
            variables.push(0);
        }
        (bytes(&self.worker), bytes(&self.directory), variables)
    }

    /// Reads what [`Environment::to_bytes`] has written.
    pub fn from_bytes(worker: Vec<u8>, directory: Vec<u8>, variables: &[u8]) -> Self {
        let pair = |entry: &[u8]| {
            let at = entry.iter().position(|byte| *byte == b'=')?;
            let text = |part: &[u8]| OsStr::from_bytes(part).to_owned();
            Some((text(&entry[..at]), text(&entry[at + 1..])))
        };
        Self {
            worker: OsString::from_vec(worker).into(),
            directory: OsString::from_vec(directory).into(),
            variables: variables
                .split(|byte| *byte == 0)
                .filter_map(pair)
                .collect(),
        }
    }
}

fn bytes(path: &std::path::Path) -> Vec<u8> {
    path.as_os_str().as_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_back_whatever_is_in_it() {
        let variable = |name: &str, value: &[u8]| (name.into(), OsString::from_vec(value.to_vec()));
        let environment = Environment {
            worker: "/bin/w".into(),
            directory: OsString::from_vec(b"/d\xff".to_vec()).into(),
            variables: vec![
                variable("A", b"x=y\n z"),
                variable("B", b"\xff"),
                variable("C", b""),
            ],
        };
        let (worker, directory, variables) = environment.to_bytes();
        let read = Environment::from_bytes(worker, directory, &variables);
        assert_eq!(read, environment);
    }
}
