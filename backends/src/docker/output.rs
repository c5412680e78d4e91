//! What a container wrote, copied from the engine's log to a file of the attempt: each byte once, however often it is read.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use crate::queue::files;

/// A file of an attempt, and how much of the stream stands in it already.
#[derive(Debug)]
pub struct Output {
    file: File,
    /// What of the stream is still to be passed over, in bytes.
    known: u64,
}

impl Output {
    /// A file that takes up where it is; what is read begins with the stream's first byte.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = files::open(path)?;
        let known = file.metadata()?.len();
        Ok(Self { file, known })
    }

    /// Takes the next bytes of the stream.
    pub fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        let skipped = usize::try_from(self.known)
            .unwrap_or(usize::MAX)
            .min(bytes.len());
        self.known -= skipped as u64;
        self.file.write_all(&bytes[skipped..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_twice_stands_once() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("deep/events");
        for stream in [["ab", "c"], ["a", "bcde"], ["abcde", ""]] {
            let mut output = Output::open(&path).expect("opens");
            for bytes in stream {
                output.take(bytes.as_bytes()).expect("written");
            }
        }
        assert_eq!(std::fs::read_to_string(path).expect("there"), "abcde");
    }
}
