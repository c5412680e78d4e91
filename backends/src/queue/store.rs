//! The queue's database: one SQLite file that every `ffbatch` of this user shares.
//!
//! - Every change is one transaction that either happens whole or not at all, whatever is killed and however full the disk.
//! - A job's state changes only by a step of [`Life`](super::life::Life), in [`advance`].
//! - Whoever submits or cancels waits until the disk has it (`synchronous=FULL`). The runner does not: what it learns can be
//!   learned again from the files of the attempts, so a power cut costs a job at most another run.
//! - No clock decides anything here but what is taken out as old; see [`prune`].

use std::collections::HashMap;
use std::fmt;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use ffbatch_dispatcher::compute::ComputeError;
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::retry::RetryStrategy;
use ffbatch_dispatcher::state::State;
use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, Transaction, TransactionBehavior};

use super::place::Place;

pub mod advance;
pub mod again;
pub mod attempts;
pub mod cancel;
pub mod prune;
pub mod read;
pub mod submit;

mod file;

#[cfg(test)]
mod tests;

/// How long another program may keep the database to itself. The longest is a submission of 100,000 jobs: seconds.
const PATIENCE: Duration = Duration::from_mins(1);

/// What the log of changes is cut back to after a large one, in bytes.
const LONGEST_LOG: i64 = 16 << 20;

/// Prepared statements that are kept.
const STATEMENTS: usize = 64;

/// An open queue.
pub struct Store {
    place: Place,
    /// Which file it is: device and inode.
    identity: Option<(u64, u64)>,
    connection: Connection,
    retries: HashMap<i64, RetryStrategy>,
}

/// A database that failed; becomes a [`ComputeError`] with the queue's name at the edge of [`Store`].
type Sql<T> = rusqlite::Result<T>;

impl fmt::Debug for Store {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Store")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the queue, making it where there is none.
    pub fn open(place: &Place) -> Result<Self, ComputeError> {
        place.make()?;
        if !place.exists()? {
            file::make(place)?;
        }
        Self::connect(place)
    }

    /// Opens the queue where there is one.
    pub fn open_existing(place: &Place) -> Result<Option<Self>, ComputeError> {
        if place.exists()? {
            Self::connect(place).map(Some)
        } else {
            Ok(None)
        }
    }

    fn connect(place: &Place) -> Result<Self, ComputeError> {
        let connection = file::connect(place)?;
        let store = Self {
            place: place.clone(),
            identity: identity(place),
            connection,
            retries: HashMap::new(),
        };
        let ready = || {
            store.connection.busy_timeout(PATIENCE)?;
            store
                .connection
                .set_prepared_statement_cache_capacity(STATEMENTS);
            let settings = &store.connection;
            settings.pragma_update(None, "synchronous", "FULL")?;
            // The environment of a job that has left the queue leaves the disk too.
            settings.pragma_update(None, "secure_delete", "ON")?;
            settings.pragma_update(None, "journal_size_limit", LONGEST_LOG)?;
            store
                .connection
                .query_row("SELECT COUNT(*) FROM meta", [], |_| Ok(()))
        };
        ready().map_err(|error| store.broken(error))?;
        Ok(store)
    }

    /// Lets changes be lost with the power, as the runner may.
    pub fn relax(&self) -> Result<(), ComputeError> {
        self.connection
            .pragma_update(None, "synchronous", "NORMAL")
            .map_err(|error| self.broken(error))
    }

    /// Whether the file that is open still has its name.
    pub fn is_there(&self) -> bool {
        self.identity.is_some() && self.identity == identity(&self.place)
    }

    /// Where it is.
    pub const fn place(&self) -> &Place {
        &self.place
    }

    /// A number that changes whenever another program has changed something.
    pub fn version(&self) -> Result<i64, ComputeError> {
        self.ask(|connection| connection.pragma_query_value(None, "data_version", |row| row.get(0)))
    }

    /// Reads something.
    fn ask<T>(&self, question: impl FnOnce(&Connection) -> Sql<T>) -> Result<T, ComputeError> {
        question(&self.connection).map_err(|error| self.broken(error))
    }

    /// Changes something, whole or not at all.
    fn change<T, E>(
        &mut self,
        change: impl FnOnce(&Transaction<'_>, &mut HashMap<i64, RetryStrategy>) -> Result<T, E>,
    ) -> Result<T, ComputeError>
    where
        E: Into<Refused>,
    {
        let place = self.place.clone();
        let retries = &mut self.retries;
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|error| broken(&place, error))?;
        match change(&transaction, retries).map_err(Into::into) {
            Ok(done) => transaction
                .commit()
                .map(|()| done)
                .map_err(|error| broken(&place, error)),
            Err(Refused::Sql(error)) => Err(broken(&place, error)),
            Err(Refused::Asked(error)) => Err(error),
        }
    }

    fn broken(&self, error: rusqlite::Error) -> ComputeError {
        broken(&self.place, error)
    }
}

fn identity(place: &Place) -> Option<(u64, u64)> {
    let there = std::fs::metadata(place.database()).ok()?;
    Some((there.dev(), there.ino()))
}

/// Why a change did not happen.
#[derive(Debug)]
pub enum Refused {
    /// The database failed.
    Sql(rusqlite::Error),
    /// What was asked for is not possible.
    Asked(ComputeError),
}

impl From<rusqlite::Error> for Refused {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<ComputeError> for Refused {
    fn from(error: ComputeError) -> Self {
        Self::Asked(error)
    }
}

/// A database error in one sentence.
fn broken(place: &Place, error: rusqlite::Error) -> ComputeError {
    let file = place.database();
    let file = file.display();
    let sentence = match error.sqlite_error_code() {
        // A disk without room for the shared log's index fails as a broken one does.
        Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure) if place.is_full() => {
            format!(
                "the disk of the queue `{file}` is full (free some space and ask again; nothing was changed)"
            )
        }
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            format!("the queue `{file}` cannot be written (is it read-only, or its file system?)")
        }
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => format!(
            "the queue `{file}` is damaged (move its directory away to start a new queue; what can be read, `sqlite3 FILE .recover` tells)"
        ),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => format!(
            "another program has kept the queue `{file}` to itself for {} s (ask again)",
            PATIENCE.as_secs()
        ),
        Some(ErrorCode::CannotOpen) => {
            format!("the queue `{file}` cannot be opened (is its directory writable?)")
        }
        Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure) => {
            format!("the queue `{file}` cannot be read or written (does its disk work?)")
        }
        _ => format!("the queue `{file}` cannot be used"),
    };
    ComputeError {
        retry: matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy)),
        ..ComputeError::machine(sentence).because(error)
    }
}

/// States as they are stored: their place in [`State::ALL`].
fn number(state: State) -> i64 {
    State::ALL
        .iter()
        .position(|one| *one == state)
        .and_then(|position| i64::try_from(position).ok())
        .expect("every state is in the list of all")
}

fn state(row: &Row<'_>, column: &str) -> Sql<State> {
    let stored: usize = row.get(column)?;
    State::ALL.get(stored).copied().ok_or_else(|| {
        rusqlite::Error::IntegralValueOutOfRange(0, i64::try_from(stored).unwrap_or(i64::MAX))
    })
}

fn exit(row: &Row<'_>, column: &str) -> Sql<Option<Exit>> {
    Ok(row.get::<_, Option<i32>>(column)?.and_then(Exit::from_code))
}

/// The row of a job.
fn seq_of(connection: &Connection, id: &str) -> Sql<Option<i64>> {
    connection
        .prepare_cached("SELECT seq FROM jobs WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()
}

/// The retry strategy of this number.
fn retry(
    connection: &Connection,
    known: &mut HashMap<i64, RetryStrategy>,
    number: i64,
) -> Sql<RetryStrategy> {
    if let Some(retry) = known.get(&number) {
        return Ok(retry.clone());
    }
    let text: String = connection
        .prepare_cached("SELECT text FROM texts WHERE id = ?1")?
        .query_row([number], |row| row.get(0))?;
    let retry: RetryStrategy = parsed(&text)?;
    known.insert(number, retry.clone());
    Ok(retry)
}

/// Reads JSON that this program has written.
fn parsed<T: serde::de::DeserializeOwned>(text: &str) -> Sql<T> {
    serde_json::from_str(text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, error.into())
    })
}

/// The answer for a job that is not in the queue.
pub fn unknown(job: &str) -> ComputeError {
    ComputeError::rejected(format!(
        "there is no job `{job}` in the queue (`ffbatch list` shows the jobs)"
    ))
}
