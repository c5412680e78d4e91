//! The lock that makes a runner the only one of its queue.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;

use ffbatch_dispatcher::compute::ComputeError;

use crate::queue::place::Place;

/// Takes the lock; `None` while another runner has it. Dropping the file releases it.
pub fn take(place: &Place) -> Result<Option<File>, ComputeError> {
    let path = place.lock();
    let cannot = |error: std::io::Error| {
        ComputeError::machine(format!("`{}` cannot be locked", path.display())).because(error)
    };
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(cannot)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(cannot(error)),
    }
}
