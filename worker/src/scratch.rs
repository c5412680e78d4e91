//! The job's private directory in the work directory, made when something first needs it. A job between local files needs
//! none, and to such a job a directory that is made and removed for nothing costs more than all its checks.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use ffbatch_dispatcher::exit::Exit;

use crate::failure::Failure;
use crate::room::{self, Room};

/// The prefix of a job's directory in the work directory, which may be one that a user keeps other things in: what has this
/// prefix and no owner is swept away.
const PREFIX: &str = "ffbatch-job-";

/// A private directory that may not be there yet; it vanishes with this value.
#[derive(Debug)]
pub struct Scratch {
    work_dir: PathBuf,
    id: String,
    room: OnceLock<Room>,
}

impl Scratch {
    /// The promise of a directory below the work directory. What killed workers left there is removed now: the directory itself
    /// may never be needed.
    pub fn new(work_dir: &Path, id: &str) -> Self {
        room::tidy(work_dir, PREFIX);
        Self {
            work_dir: work_dir.to_owned(),
            id: id.to_owned(),
            room: OnceLock::new(),
        }
    }

    /// Where it is; made by the first call.
    pub fn path(&self) -> Result<&Path, Failure> {
        if let Some(room) = self.room.get() {
            return Ok(room.path());
        }
        let room = Room::make(&self.work_dir, PREFIX, &self.id).map_err(|error| {
            Failure::new(
                Exit::Machine,
                format!(
                    "no private directory can be made in `{}`: {error} (set FFBATCH_WORK_DIR)",
                    self.work_dir.display()
                ),
            )
        })?;
        Ok(self.room.get_or_init(|| room).path())
    }

    /// The directory for what is fetched, if anything was.
    pub fn inputs(&self) -> Option<PathBuf> {
        let inputs = inputs(self.room.get()?.path());
        inputs.is_dir().then_some(inputs)
    }

    /// A directory of its own for the fetched file of this number: two inputs with one base name must not meet. It is named,
    /// not made.
    pub fn input(&self, number: usize) -> Result<PathBuf, Failure> {
        Ok(inputs(self.path()?).join(number.to_string()))
    }
}

fn inputs(room: &Path) -> PathBuf {
    room.join("in")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_users_own_directory_in_the_work_directory_was_swept_away() {
        let work_dir = tempfile::tempdir().expect("a directory");
        let precious = work_dir.path().join("job-2024/cut.mov");
        std::fs::create_dir_all(precious.with_file_name("")).expect("made");
        std::fs::write(&precious, "x").expect("written");
        let scratch = Scratch::new(work_dir.path(), "id");
        scratch.path().expect("opens");
        drop(scratch);
        assert!(precious.exists());
    }

    #[test]
    fn nothing_is_made_before_it_is_needed() {
        let work_dir = tempfile::tempdir().expect("a directory");
        let scratch = Scratch::new(work_dir.path(), "id");
        assert_eq!(scratch.inputs(), None);
        assert_eq!(work_dir.path().read_dir().expect("readable").count(), 0);
        let first = scratch.input(0).expect("opens");
        let second = scratch.input(1).expect("is open");
        assert_eq!(first.parent(), second.parent(), "one room for all");
        assert!(scratch.path().expect("is open").is_dir());
    }
}
