//! What the worker is asked to do, and whether whoever asks speaks its language.

use ffbatch_dispatcher::event::{PROTOCOL, PROTOCOL_VARIABLE};
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::job::manifest::{self, ManifestError};
use ffbatch_dispatcher::job::{Job, Parameters};
use ffbatch_dispatcher::location::Location;
use ffbatch_storage::{Kind, Store, StoreError, Stores};

use crate::environment::variable;
use crate::failure::Failure;

/// The largest job document that is read from a URL, in bytes; also the longest line of a manifest.
const JOB_LIMIT: u64 = 4 << 20;

/// Tells a child of an array which one it is, from 0 (AWS Batch User Guide, "Job environment variables").
pub const ARRAY_INDEX: &str = "AWS_BATCH_JOB_ARRAY_INDEX";

/// The job: from the parameters of a command, from JSON, from the URL of one, or from the URL of a manifest whose line is that of
/// this child of an array. A name that is given beside it is its name.
pub async fn job(parameters: &Parameters, stores: &Stores) -> Result<Job, Failure> {
    find(parameters, variable(ARRAY_INDEX).as_deref(), stores).await
}

async fn find(
    parameters: &Parameters,
    child: Option<&str>,
    stores: &Stores,
) -> Result<Job, Failure> {
    if let Some(job) = parameters.command_job()? {
        return Ok(job);
    }
    let text = parameters.job().unwrap_or_default();
    let mut job = if text.trim_start().starts_with('{') {
        Job::from_json(text)?
    } else {
        let at: Location = text
            .parse()
            .map_err(|error| Failure::because(Exit::Rejected, &error))?;
        let store = stores.of(&at).map_err(|error| unread(&error))?;
        match child {
            Some(child) => of_child(number(child)?, &at, &*store).await?,
            None => document(&at, &*store).await?,
        }
    };
    if let Some(name) = parameters.name() {
        name.clone_into(&mut job.name);
    }
    Ok(job)
}

fn unread(error: &StoreError) -> Failure {
    Failure::store(Exit::Input, error)
}

fn number(child: &str) -> Result<u64, Failure> {
    child.parse().map_err(|_| {
        Failure::new(
            Exit::Rejected,
            format!(
                "`{ARRAY_INDEX}` is `{child}`, which is no number of a child (AWS Batch sets it; unset it elsewhere)"
            ),
        )
    })
}

/// The job that is the whole of a file.
async fn document(at: &Location, store: &dyn Store) -> Result<Job, Failure> {
    let bytes = store
        .read(at, JOB_LIMIT)
        .await
        .map_err(|error| unread(&error))?;
    let text = String::from_utf8(bytes).map_err(|_| {
        Failure::new(
            Exit::Rejected,
            format!("`{at}` is not a job: it is not UTF-8 text"),
        )
    })?;
    Ok(Job::from_json(&text)?)
}

/// The job of a child: its line, where the file has an index beside it that makes it a manifest, else the whole.
async fn of_child(child: u64, at: &Location, store: &dyn Store) -> Result<Job, Failure> {
    let index = manifest::index_of(at);
    let entry = match store.read_range(&index, manifest::entry(child)).await {
        Ok(entry) => entry,
        // S3 denies what is not there to those who may not list.
        Err(missing) if matches!(missing.kind, Kind::NotFound | Kind::Denied) => {
            return document(at, store)
                .await
                .map_err(|failure| Failure {
                    message: format!(
                        "`{at}` is no job that all children of an array share, and no manifest of theirs, because its index cannot be read (upload the index beside it): {missing}; {failure}"
                    ),
                    ..failure
                });
        }
        Err(error) => return Err(unread(&error)),
    };
    let wrong =
        |error: ManifestError| Failure::new(Exit::Rejected, format!("the manifest `{at}` {error}"));
    let line = manifest::line(child, &entry).map_err(wrong)?;
    if line.end - line.start > JOB_LIMIT {
        return Err(Failure::new(
            Exit::Rejected,
            format!(
                "the manifest `{at}` has a line of {} bytes, a job may have {JOB_LIMIT} (check that it is the right file)",
                line.end - line.start
            ),
        ));
    }
    let bytes = store
        .read_range(at, line)
        .await
        .map_err(|error| unread(&error))?;
    manifest::job(child, &bytes).map_err(wrong)
}

/// Refuses a follower of another protocol.
pub fn protocol() -> Result<(), Failure> {
    match variable(PROTOCOL_VARIABLE) {
        Some(spoken) if spoken != PROTOCOL.to_string() => Err(Failure::new(
            Exit::Rejected,
            format!(
                "whoever started this worker speaks protocol {spoken}, the worker {PROTOCOL} (install the same version of both)"
            ),
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use ffbatch_dispatcher::command::Command;

    use super::*;

    #[tokio::test]
    async fn a_job_that_is_named_from_outside_lost_its_name() {
        for (given, expected) in [(Some("clip"), "clip"), (Some("null"), "own"), (None, "own")] {
            let parameters = Parameters {
                job: Some(
                    r#"{"version":1,"name":"own","commands":[["-i","a","b.mp4"]]}"#.to_owned(),
                ),
                name: given.map(str::to_owned),
                ..Parameters::default()
            };
            let job = job(&parameters, &Stores::default()).await.expect("a job");
            assert_eq!(job.name, expected);
        }
    }

    const JOBS: [&str; 2] = ["one", "two"];

    /// A directory with a manifest of [`JOBS`] and its index.
    fn array() -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().expect("a directory");
        let at = directory.path().join("jobs.ndjson");
        let jobs = JOBS.map(|name| Job {
            name: name.to_owned(),
            ..Job::of(vec![Command::new(vec!["-i".to_owned(), name.to_owned()])])
        });
        let (lines, index) = manifest::manifest(&jobs);
        fs::write(&at, lines).expect("written");
        fs::write(at.with_extension("ndjson.idx"), index).expect("written");
        (directory, at)
    }

    async fn asked(job: &str, child: &str) -> Result<Job, Failure> {
        let parameters = Parameters {
            job: Some(job.to_owned()),
            ..Parameters::default()
        };
        find(&parameters, Some(child), &Stores::default()).await
    }

    #[track_caller]
    fn check(asked: Result<Job, Failure>, exit: Exit, fragment: &str) {
        let failure = asked.expect_err("it must be refused");
        assert_eq!(failure.exit, exit, "{failure}");
        assert!(failure.message.contains(fragment), "{failure}");
        assert!(!failure.message.contains('\n'), "{failure}");
    }

    #[tokio::test]
    async fn a_child_does_its_own_line() {
        let (_directory, at) = array();
        let at = at.to_string_lossy();
        for (child, name) in [("0", "one"), ("1", "two")] {
            assert_eq!(asked(&at, child).await.expect("a job").name, name);
        }
        let past = "has no line 3 (give the array as many children";
        check(asked(&at, "2").await, Exit::Rejected, past);
        check(
            asked(&at, "-1").await,
            Exit::Rejected,
            "no number of a child",
        );
    }

    #[tokio::test]
    async fn a_job_that_all_children_share_was_taken_for_a_manifest() {
        let (_directory, at) = array();
        let text = fs::read_to_string(&at).expect("there");
        let one = text.lines().next().expect("a line");
        assert_eq!(asked(one, "7").await.expect("inline").name, "one");
        let alone = at.with_file_name("job.json");
        fs::write(&alone, one).expect("written");
        let job = asked(&alone.to_string_lossy(), "7").await;
        assert_eq!(job.expect("a file").name, "one");
    }

    #[tokio::test]
    async fn a_manifest_without_its_index_is_told_from_a_file_that_is_not_there() {
        let (directory, at) = array();
        fs::remove_file(at.with_extension("ndjson.idx")).expect("removed");
        let missing = "its index cannot be read (upload the index beside it)";
        check(
            asked(&at.to_string_lossy(), "1").await,
            Exit::Rejected,
            missing,
        );
        let none = directory.path().join("none").display().to_string();
        check(
            asked(&none, "1").await,
            Exit::Input,
            "none` cannot be read: it is not there",
        );
    }

    #[tokio::test]
    async fn a_manifest_that_was_written_anew_without_its_index_is_refused() {
        let (_directory, at) = array();
        let text = fs::read_to_string(&at).expect("there");
        fs::write(&at, text.replace("one", "another")).expect("written");
        let changed = "and its index are not of one piece at line 2";
        check(
            asked(&at.to_string_lossy(), "1").await,
            Exit::Rejected,
            changed,
        );
        fs::write(&at, text.replace("version", "edition")).expect("written");
        let wrong = "has no job in line 2: ";
        check(
            asked(&at.to_string_lossy(), "1").await,
            Exit::Rejected,
            wrong,
        );
    }
}
