//! Reads what an attempt writes, from its beginning and as it grows: the worker's events and its log.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::PathBuf;

use ffbatch_dispatcher::event::Event;

use super::place::Files;

/// How much is read at once, in bytes.
const CHUNK: usize = 64 << 10;

/// The longest line that is waited for, in bytes; a longer one comes in pieces.
const LONGEST: usize = 1 << 20;

/// The files of an attempt, as far as they were read.
#[derive(Debug)]
pub struct Tail {
    events: Lines,
    log: Lines,
    /// The first line of the events is a greeting, or the program is no worker and what it says means nothing.
    greeted: bool,
}

impl Tail {
    /// Nothing was read yet.
    pub fn of(files: Files) -> Self {
        Self {
            events: Lines::of(files.events),
            log: Lines::of(files.log),
            greeted: false,
        }
    }

    /// Tells the rest of a last line that nobody has ended.
    pub fn finish(&mut self, on: &mut (dyn FnMut(Event) + Send)) {
        let rest = std::mem::take(&mut self.log.rest);
        if !rest.is_empty() {
            on(Event::Log {
                line: String::from_utf8_lossy(&rest).into_owned(),
            });
        }
    }

    /// Tells what is new, and whether there was anything.
    pub fn drain(&mut self, on: &mut (dyn FnMut(Event) + Send)) -> io::Result<bool> {
        let mut any = false;
        // The log first: the last event says that everything was said.
        self.log.drain(&mut |line| {
            any = true;
            on(Event::Log { line });
        })?;
        let greeted = &mut self.greeted;
        self.events.drain(&mut |line| {
            any = true;
            match serde_json::from_str::<Event>(&line) {
                Ok(event) if *greeted || matches!(event, Event::Hello { .. }) => {
                    *greeted = true;
                    on(event);
                }
                _ => on(Event::Log { line }),
            }
        })?;
        Ok(any)
    }
}

/// A file that grows, line by line.
#[derive(Debug)]
struct Lines {
    path: PathBuf,
    file: Option<File>,
    rest: Vec<u8>,
}

impl Lines {
    const fn of(path: PathBuf) -> Self {
        Self {
            path,
            file: None,
            rest: Vec::new(),
        }
    }

    fn drain(&mut self, on: &mut dyn FnMut(String)) -> io::Result<()> {
        if self.file.is_none() {
            self.file = match File::open(&self.path) {
                Ok(file) => Some(file),
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
                Err(error) => return Err(error),
            };
        }
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        let mut chunk = vec![0; CHUNK];
        loop {
            let read = file.read(&mut chunk)?;
            if read == 0 {
                return Ok(());
            }
            self.rest.extend(&chunk[..read]);
            let mut told = 0;
            while let Some(length) = self.rest[told..].iter().position(|byte| *byte == b'\n') {
                let line = &self.rest[told..told + length];
                on(String::from_utf8_lossy(line).into_owned());
                told += length + 1;
            }
            self.rest.drain(..told);
            if self.rest.len() > LONGEST {
                on(String::from_utf8_lossy(&std::mem::take(&mut self.rest)).into_owned());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_line_is_told_when_it_is_whole() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("log");
        let mut lines = Lines::of(path.clone());
        let mut told = Vec::new();
        let mut drain = |lines: &mut Lines| {
            let mut now = Vec::new();
            lines.drain(&mut |line| now.push(line)).expect("read");
            told.extend(now.clone());
            now
        };
        assert!(
            drain(&mut lines).is_empty(),
            "a file that is not there yet is no error"
        );
        let mut file = File::create(path).expect("made");
        file.write_all(b"one\ntw").expect("written");
        assert_eq!(drain(&mut lines), ["one"]);
        file.write_all(b"o\n\xff\n").expect("written");
        assert_eq!(drain(&mut lines), ["two", "\u{fffd}"]);
        assert!(drain(&mut lines).is_empty());
    }
}
