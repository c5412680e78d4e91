//! What this machine remembers of a submission whose results have to come back: `staged/<submission>.json` in the state directory, which
//! only its user can read.
//!
//! It is written before the job is submitted, so that no job is without it, and it appears whole or not at all.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder};
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use ffbatch_dispatcher::compute::ComputeError;
use serde::{Deserialize, Serialize};

use super::results::Root;

/// The directory of all records, below the state directory.
const NAME: &str = "staged";

/// The version that this code writes and the newest that it reads.
const VERSION: u32 = 1;

/// One submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    version: u32,
    /// The bucket.
    pub bucket: String,
    /// Where the results of each job lie and belong, in the order of the children; a single job is one.
    pub jobs: Vec<Vec<Root>>,
    /// The jobs whose results have come.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub collected: BTreeSet<usize>,
}

/// All records.
#[derive(Debug, Clone)]
pub struct Records {
    directory: PathBuf,
}

impl Record {
    /// A record of jobs of which nothing has come yet.
    pub const fn new(bucket: String, jobs: Vec<Vec<Root>>) -> Self {
        Self {
            version: VERSION,
            bucket,
            jobs,
            collected: BTreeSet::new(),
        }
    }

    /// That of a submission of some of the jobs once more: they write where they wrote before, so that a job that reads what they
    /// write still does.
    #[must_use]
    pub fn again(&self, jobs: &[usize]) -> Self {
        let jobs = jobs.iter();
        let jobs = jobs.map(|job| self.jobs.get(*job).cloned().unwrap_or_default());
        Self::new(self.bucket.clone(), jobs.collect())
    }
}

impl Records {
    /// Those of this state directory.
    pub fn below(state: &Path) -> Self {
        Self {
            directory: state.join(NAME),
        }
    }

    /// The record of a submission; `None` where there is none here.
    pub fn read(&self, submission: &str) -> Result<Option<Record>, ComputeError> {
        let Some(path) = self.path(submission) else {
            return Ok(None);
        };
        let unread = |error: Box<dyn std::error::Error + Send + Sync>| {
            ComputeError::machine(format!("the record `{}` cannot be read", path.display()))
                .because(error)
        };
        let text = match fs::read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|error| unread(error.into()))?,
        };
        let record: Record = serde_json::from_slice(&text).map_err(|error| unread(error.into()))?;
        if record.version > VERSION {
            return Err(ComputeError::machine(format!(
                "the record `{}` is of version {}, this program reads up to version {VERSION} (update ffbatch)",
                path.display(),
                record.version
            )));
        }
        Ok(Some(record))
    }

    /// Writes the record of a submission, over the one that is there.
    pub fn write(&self, submission: &str, record: &Record) -> Result<(), ComputeError> {
        let unwritten = |error: Box<dyn std::error::Error + Send + Sync>| {
            ComputeError::machine(format!(
                "where the results belong cannot be written down in `{}` (set FFBATCH_STATE_DIR to a directory that can be written)",
                self.directory.display()
            ))
            .because(error)
        };
        let Some(path) = self.path(submission) else {
            return Err(ComputeError::rejected(format!(
                "`{submission}` is no id of a submission"
            )));
        };
        let write = || -> std::io::Result<()> {
            let mut builder = DirBuilder::new();
            builder.recursive(true).mode(0o700);
            builder.create(&self.directory)?;
            // Such a file has the mode 0600.
            let mut file = tempfile::Builder::new()
                .prefix(".ffbatch-")
                .tempfile_in(&self.directory)?;
            serde_json::to_writer(&mut file, record)?;
            file.write_all(b"\n")?;
            file.as_file().sync_data()?;
            file.persist(&path)?;
            Ok(())
        };
        write().map_err(|error| unwritten(error.into()))
    }

    /// Forgets a submission that was refused.
    pub fn remove(&self, submission: &str) {
        let Some(path) = self.path(submission) else {
            return;
        };
        if let Err(error) = fs::remove_file(&path)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!("`{}` cannot be removed: {error}", path.display());
        }
    }

    /// The file of a submission. Its id comes from elsewhere, so it must be no path.
    fn path(&self, submission: &str) -> Option<PathBuf> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let fits = !submission.is_empty() && submission.chars().all(plain);
        fits.then(|| self.directory.join(format!("{submission}.json")))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn root(number: usize) -> Vec<Root> {
        vec![Root {
            from: format!("results/id/{number}/"),
            to: "/out".to_owned(),
        }]
    }

    #[test]
    fn a_record_comes_back_and_is_nobody_elses() {
        let state = tempfile::tempdir().expect("a directory");
        let records = Records::below(state.path());
        let record = Record::new("media".to_owned(), vec![root(0), root(1), root(2)]);
        assert_eq!(records.read("id").expect("no error"), None);
        records.write("id", &record).expect("it can be written");
        assert_eq!(records.read("id").expect("no error"), Some(record.clone()));
        let mode = |name: &str| {
            let there = fs::metadata(state.path().join(name)).expect("it is there");
            there.permissions().mode() & 0o777
        };
        assert_eq!((mode("staged"), mode("staged/id.json")), (0o700, 0o600));
        assert_eq!(record.again(&[2, 0]).jobs, [root(2), root(0)]);
        records.remove("id");
        let left = fs::read_dir(state.path().join("staged")).expect("it is there");
        assert_eq!(left.count(), 0);
    }

    #[test]
    fn an_id_from_elsewhere_is_no_path() {
        let state = tempfile::tempdir().expect("a directory");
        let records = Records::below(&state.path().join("state"));
        fs::write(state.path().join("x.json"), "{}").expect("written");
        assert_eq!(records.read("../../x").expect("no error"), None);
        assert_eq!(records.read("").expect("no error"), None);
    }
}
