//! How much room a disk has left.

use std::path::Path;

use crate::StoreError;

/// Bytes that an unprivileged process can still write on the file system that holds `path` (`f_bavail` of `statvfs(3)`). A
/// path that does not exist yet is asked about at its nearest existing directory. Where nobody knows, [`u64::MAX`].
pub fn free_bytes(path: &Path) -> Result<u64, StoreError> {
    let there = path
        .ancestors()
        .find(|ancestor| ancestor.exists())
        .unwrap_or(Path::new("."));
    let status = rustix::fs::statvfs(there).map_err(|error| {
        StoreError::io("cannot be asked for its free space", there, error.into())
    })?;
    // A file system without a size (`proc(5)`, some network mounts) does not tell; asking it to hold something will.
    if status.f_blocks == 0 {
        return Ok(u64::MAX);
    }
    Ok(status.f_bavail.saturating_mul(status.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_is_not_there_yet_has_the_room_of_its_parent() {
        let place = tempfile::tempdir().expect("a directory");
        let free = free_bytes(&place.path().join("not/there")).expect("known");
        assert!(free > 0);
        assert!(free_bytes(Path::new("relative-and-missing")).expect("known") > 0);
    }
}
