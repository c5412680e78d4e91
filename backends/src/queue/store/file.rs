//! The database as a file: how it comes to be, and what is looked at before SQLite touches it.
//!
//! A file that this program cannot read is left exactly as it is. SQLite alone would not do so: it takes an empty file for a new
//! database, and it writes to a damaged one when it replays its log. So the header is read first (SQLite's "Database File
//! Format", section 1.3): it names the program, the version, and how long the file has to be.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::PermissionsExt;

use ffbatch_dispatcher::compute::ComputeError;
use rusqlite::{Connection, OpenFlags};

use super::{Sql, broken};
use crate::queue::place::Place;

/// `ffbq`: what makes a SQLite file one of ours (`PRAGMA application_id`).
const APPLICATION: u32 = 0x6666_6271;

/// The version of the tables that this program writes, and the newest that it reads.
pub const VERSION: u32 = 1;

/// The length of the header, in bytes.
const HEADER: usize = 100;

/// The tables. Times are milliseconds since 1970 (UTC).
///
/// `jobs.seq` is the order of submission. A child of an array job has `parent`, an array job `array_size` and no `job`. `waiting`,
/// `attempt` and `doomed` are those of `Life`. `texts` holds what many jobs share.
const TABLES: &str = "
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('pruned', 0);
CREATE TABLE texts (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE environments (id INTEGER PRIMARY KEY, worker BLOB NOT NULL, directory BLOB NOT NULL, variables BLOB NOT NULL,
    UNIQUE (variables, directory, worker));
CREATE TABLE jobs (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
    parent INTEGER, array_index INTEGER, array_size INTEGER,
    state INTEGER NOT NULL, waiting INTEGER NOT NULL, attempt INTEGER NOT NULL DEFAULT 0, doomed INTEGER NOT NULL DEFAULT 0,
    status_reason TEXT, exit_code INTEGER, exit INTEGER,
    priority INTEGER NOT NULL, vcpus INTEGER NOT NULL, memory_mib INTEGER NOT NULL, timeout_secs INTEGER,
    retry INTEGER NOT NULL, environment INTEGER NOT NULL, variables TEXT NOT NULL, report TEXT, job TEXT,
    created INTEGER NOT NULL, started INTEGER, stopped INTEGER, report_at TEXT, retry_of TEXT);
CREATE INDEX runnable ON jobs (priority DESC, seq) WHERE state = 2;
CREATE INDEX active ON jobs (seq) WHERE state IN (3, 4);
CREATE INDEX listed ON jobs (state) WHERE parent IS NULL;
CREATE INDEX named ON jobs (name) WHERE parent IS NULL;
CREATE INDEX children ON jobs (parent, array_index) WHERE parent IS NOT NULL;
CREATE INDEX counted ON jobs (parent, state) WHERE parent IS NOT NULL;
CREATE INDEX top ON jobs (seq) WHERE parent IS NULL;
CREATE TABLE dependencies (job INTEGER NOT NULL, needs INTEGER NOT NULL, kind INTEGER NOT NULL, PRIMARY KEY (job, needs)) WITHOUT ROWID;
CREATE INDEX dependents ON dependencies (needs);
CREATE TABLE attempts (
    job INTEGER NOT NULL, number INTEGER NOT NULL, started INTEGER NOT NULL, began_ms INTEGER NOT NULL, boot TEXT NOT NULL,
    pid INTEGER, pid_start INTEGER, stopped INTEGER, exit_code INTEGER, reason TEXT, report_at TEXT,
    PRIMARY KEY (job, number)) WITHOUT ROWID;
";

/// Makes an empty queue. Of several programs that try at once one wins, and all are content.
pub fn make(place: &Place) -> Result<(), ComputeError> {
    let file = place.database();
    let draft = place
        .root()
        .join(format!("queue.db.{}", uuid::Uuid::new_v4()));
    let cannot = |error: std::io::Error| {
        ComputeError::machine(format!(
            "the queue `{}` cannot be made (set FFBATCH_STATE_DIR to a directory that can be written)",
            file.display()
        ))
        .because(error)
    };
    let private = fs::Permissions::from_mode(0o600);
    let made = draft_at(&draft)
        .map_err(|error| broken(place, error))
        .and_then(|()| fs::set_permissions(&draft, private).map_err(cannot));
    // A link fails where there is a queue by now, and a file that is not whole never has the name.
    let linked = made.and_then(|()| match fs::hard_link(&draft, &file) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(cannot(error)),
        _ => Ok(()),
    });
    let removed = remove(&draft).map_err(cannot);
    linked.and(removed)
}

fn draft_at(draft: &std::path::Path) -> Sql<()> {
    let connection = Connection::open(draft)?;
    connection.pragma_update(None, "application_id", APPLICATION)?;
    connection.pragma_update(None, "user_version", VERSION)?;
    connection.execute_batch(TABLES)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // Closing writes the log back and removes it, so that the file alone is whole.
    connection.close().map_err(|(_, error)| error)
}

fn remove(draft: &std::path::Path) -> std::io::Result<()> {
    match fs::remove_file(draft) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Opens the file after a look at its header.
pub fn connect(place: &Place) -> Result<Connection, ComputeError> {
    inspect(place)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(place.database(), flags).map_err(|error| broken(place, error))
}

/// Refuses a file that is none of ours, of a newer version, or not whole.
fn inspect(place: &Place) -> Result<(), ComputeError> {
    let path = place.database();
    let cannot = |error: std::io::Error| {
        ComputeError::machine(format!("the queue `{}` cannot be read", path.display()))
            .because(error)
    };
    // Asked before the file is read, and again after: whoever closes the queue last writes the log back and removes it.
    let is_logged = || fs::metadata(place.log_of_database()).is_ok_and(|log| log.len() > 0);
    let was_logged = is_logged();
    let mut file = File::open(&path).map_err(cannot)?;
    let length = file.metadata().map_err(cannot)?.len();
    let mut header = [0; HEADER];
    let refused = |what: String| {
        Err(ComputeError::machine(format!(
            "the queue `{}` {what}; it was left as it is",
            path.display()
        )))
    };
    let aside = "(move its directory away to start a new queue)";
    let read = file.read_exact(&mut header);
    // Closing it would release the locks that SQLite holds on the same file in this process (POSIX locks, `fcntl(2)`).
    std::mem::forget(file);
    match read {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
            return refused(format!("is damaged: it has only {length} bytes {aside}"));
        }
        Err(error) => return Err(cannot(error)),
        Ok(()) => {}
    }
    let word = |at: usize| {
        u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
    };
    if &header[..16] != b"SQLite format 3\0" || word(68) != APPLICATION {
        return refused(format!("is no queue of ffbatch {aside}"));
    }
    let version = word(60);
    if version > VERSION {
        return refused(format!(
            "is of version {version}, this program reads up to version {VERSION} (update ffbatch)"
        ));
    }
    let page = match u16::from_be_bytes([header[16], header[17]]) {
        1 => 65536,
        size => u64::from(size),
    };
    let whole = page * u64::from(word(28));
    // The number of pages counts only where the same program wrote both of these. It is written before the pages that make the
    // file longer; until they are there, the log has them.
    let is_short = word(24) == word(92) && length < whole;
    if is_short && !was_logged && !is_logged() {
        return refused(format!(
            "is damaged: it has {length} of {whole} bytes {aside}"
        ));
    }
    Ok(())
}
