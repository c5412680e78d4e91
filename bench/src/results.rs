//! Where results lie: one directory, or one prefix in S3.
//!
//! Each run is a file of its own with one line of JSON, replaced as a whole when it ends. So a program that is killed leaves no half
//! line, S3 (where nothing can be appended to) has the same form as a directory, and `cat runs/*.jsonl` is all there is.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Arc;

use ffbatch_dispatcher::location::Location;
use ffbatch_dispatcher::report::Report;
use ffbatch_storage::{Kind, Store, StoreError, Stores};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::matrix::Cell;
use crate::run::{Run, VERSION};

/// The largest document that is read, in bytes: a report with a long log, or the frames of a film.
const LIMIT: u64 = 256 << 20;

/// The benchmark's cells, in their order.
const CELLS: &str = "cells.json";

/// So many files are read at once.
const AT_ONCE: usize = 32;

/// Results that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ResultsError {
    /// They cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file among them is damaged.
    #[error("`{file}` is damaged: {why} (remove it, and what it held is made again)")]
    Damaged {
        /// The file.
        file: String,
        /// What is wrong with it.
        why: String,
    },
    /// A newer program wrote it.
    #[error(
        "`{file}` is of version {version}, this program reads up to version {VERSION} (update ffbatch)"
    )]
    Version {
        /// The file.
        file: String,
        /// Its version.
        version: u32,
    },
    /// The place is no place for results.
    #[error("`{0}` is no place for results (name a directory, or an s3://bucket/prefix)")]
    Place(String),
    /// Somebody else measures there.
    #[error(
        "another benchmark writes its results to `{0}` (wait for its end, or give --results another place)"
    )]
    Busy(String),
    /// A local file could not be made.
    #[error("`{0}` cannot be written: {1}")]
    File(String, std::io::Error),
}

/// Reports of jobs.
#[derive(Debug, Default)]
pub struct Found {
    /// Those that can be read.
    pub reports: Vec<Report>,
    /// Files that hold something else, and what is wrong with them.
    pub damaged: Vec<(String, String)>,
}

/// Where the results of a benchmark lie.
#[derive(Debug, Clone)]
pub struct Results {
    /// The directory or prefix, without a slash at its end.
    root: Location,
    store: Arc<dyn Store>,
    stores: Arc<Stores>,
}

impl Results {
    /// Results at a place: a directory, or `s3://bucket/prefix`.
    pub fn at(place: &str, stores: Arc<Stores>) -> Result<Self, ResultsError> {
        let trimmed = place.trim_end_matches('/');
        let wrong = || ResultsError::Place(place.to_owned());
        let root: Location = trimmed.parse().map_err(|_| wrong())?;
        let root = match root {
            Location::Path(path) => {
                let absolute =
                    std::path::absolute(&path).map_err(|error| ResultsError::File(path, error))?;
                Location::Path(absolute.to_string_lossy().into_owned())
            }
            Location::S3 { .. } => root,
            Location::Http(_) | Location::Live(_) => return Err(wrong()),
        };
        Ok(Self {
            store: stores.of(&root)?,
            root,
            stores,
        })
    }

    /// The place as people write it.
    pub fn place(&self) -> String {
        self.root.to_string()
    }

    /// The directory, where it is one.
    pub fn directory(&self) -> Option<&Path> {
        match &self.root {
            Location::Path(path) => Some(Path::new(path)),
            _ => None,
        }
    }

    /// Where something of these results lies.
    pub fn inside(&self, name: &str) -> Location {
        match &self.root {
            Location::S3 { bucket, key } => Location::S3 {
                bucket: bucket.clone(),
                key: format!("{key}/{name}"),
            },
            other => Location::Path(format!("{other}/{name}")),
        }
    }

    /// Every run that is there, in the order of their files.
    pub async fn runs(&self) -> Result<Vec<Run>, ResultsError> {
        if let Some(directory) = self.directory()
            && !directory.join("runs").is_dir()
        {
            return Ok(Vec::new());
        }
        let entries = self.store.list(&self.inside("runs/")).await?;
        let files = entries.into_iter().map(|entry| entry.location);
        let files = files.filter(|at| is_named(at, "jsonl"));
        let read = stream::iter(files).map(|at| async move { self.run(&at).await });
        read.buffered(AT_ONCE).try_collect().await
    }

    async fn run(&self, at: &Location) -> Result<Run, ResultsError> {
        let bytes = self.store.read(at, LIMIT).await?;
        let file = || at.to_string();
        let value: serde_json::Value =
            serde_json::from_slice(&bytes).map_err(|error| ResultsError::Damaged {
                file: file(),
                why: error.to_string(),
            })?;
        let version = value["version"].as_u64().unwrap_or_default();
        let version = u32::try_from(version).unwrap_or(u32::MAX);
        if version > VERSION {
            return Err(ResultsError::Version {
                file: file(),
                version,
            });
        }
        serde_json::from_value(value).map_err(|error| ResultsError::Damaged {
            file: file(),
            why: error.to_string(),
        })
    }

    /// Writes down which cells belong to the benchmark now, in their order and as they are called: those of an earlier form of its
    /// file stay where they are.
    pub async fn keep_cells(&self, cells: &[Cell]) -> Result<(), ResultsError> {
        let text = serde_json::to_vec(cells).expect("cells are plain data");
        self.write(CELLS, text, "application/json").await
    }

    /// What [`Self::keep_cells`] wrote; `None` where nobody did.
    pub async fn cells(&self) -> Result<Option<Vec<Cell>>, ResultsError> {
        let Some(bytes) = self.read(CELLS).await? else {
            return Ok(None);
        };
        let cells = serde_json::from_slice(&bytes).map_err(|error| ResultsError::Damaged {
            file: self.inside(CELLS).to_string(),
            why: error.to_string(),
        })?;
        Ok(Some(cells))
    }

    /// Keeps other benchmarks of this machine away from a directory, as long as what it gives lives. Nothing keeps anybody from a
    /// prefix in S3.
    pub fn lock(&self) -> Result<Option<File>, ResultsError> {
        let Some(directory) = self.directory() else {
            return Ok(None);
        };
        let path = directory.join(".lock");
        let failed = |error| ResultsError::File(path.display().to_string(), error);
        std::fs::create_dir_all(directory).map_err(failed)?;
        let file = File::create(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Err(ResultsError::Busy(self.place())),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// Writes a run over what was known of it.
    pub async fn keep(&self, run: &Run) -> Result<(), ResultsError> {
        let mut line = serde_json::to_vec(run).expect("a run is plain data with text keys");
        line.push(b'\n');
        let name = format!("runs/{}", run.file_name());
        self.write(&name, line, "application/x-ndjson").await
    }

    /// Writes a document.
    pub async fn write(&self, name: &str, bytes: Vec<u8>, kind: &str) -> Result<(), ResultsError> {
        self.store.write(bytes, &self.inside(name), kind).await?;
        Ok(())
    }

    /// Reads a document, of these results or wherever a job has left it; `None` where there is none.
    pub async fn read(&self, name: &str) -> Result<Option<Vec<u8>>, ResultsError> {
        let elsewhere = name.starts_with('/') || name.contains("://");
        let at = match name.parse::<Location>() {
            Ok(at) if elsewhere => at,
            _ => self.inside(name),
        };
        match self.stores.of(&at)?.read(&at, LIMIT).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind == Kind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes a document from wherever a job has left it.
    pub async fn take(&self, from: &Location, name: &str) -> Result<(), ResultsError> {
        let bytes = self.stores.of(from)?.read(from, LIMIT).await?;
        self.write(name, bytes, "application/json").await
    }

    /// Reports of jobs below a prefix of this place.
    pub async fn reports(&self, below: &str) -> Result<Found, ResultsError> {
        if let Some(directory) = self.directory()
            && !directory.join(below).is_dir()
        {
            return Ok(Found::default());
        }
        let entries = self.store.list(&self.inside(below)).await?;
        let files = entries.into_iter().map(|entry| entry.location);
        let files = files.filter(|at| is_named(at, "json"));
        let read = stream::iter(files).map(|at| async move {
            let bytes = self.store.read(&at, LIMIT).await?;
            let report = serde_json::from_slice::<Report>(&bytes);
            Ok::<_, ResultsError>(report.map_err(|error| (at.to_string(), error.to_string())))
        });
        let all: Vec<Result<Report, (String, String)>> =
            read.buffered(AT_ONCE).try_collect().await?;
        let mut found = Found::default();
        for one in all {
            match one {
                Ok(report) => found.reports.push(report),
                Err(damaged) => found.damaged.push(damaged),
            }
        }
        Ok(found)
    }

    /// Makes the directory in which outputs lie, where they lie on this machine.
    pub async fn make_room(&self) -> Result<(), ResultsError> {
        if let Some(directory) = self.directory() {
            let outputs = directory.join("outputs");
            let made = tokio::fs::create_dir_all(&outputs).await;
            made.map_err(|error| ResultsError::File(outputs.display().to_string(), error))?;
        }
        Ok(())
    }
}

/// Whether a file has this extension.
fn is_named(at: &Location, extension: &str) -> bool {
    let name = at.to_string();
    Path::new(&name)
        .extension()
        .is_some_and(|own| own == extension)
}
