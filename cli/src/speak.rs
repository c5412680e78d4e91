//! What people and programs read: standard output and standard error.
//!
//! `println!` and `eprintln!` panic when their reader is gone (`ffbatch run ... | head -1`). A job is not over because
//! nobody listens any more, and its exit code is its own.

use std::io::{ErrorKind, Write, stderr, stdout};

/// Writes a line to standard output. A reader that went away has what it wanted; anything else is said.
pub fn out(line: &str) {
    match writeln!(stdout().lock(), "{line}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            err(&format!("note: standard output cannot be written: {error}"));
        }
        _ => {}
    }
}

/// Writes a line to standard error. There is no further place to say that this failed.
pub fn err(line: &str) {
    let _ = writeln!(stderr().lock(), "{line}");
}

/// Writes a question to standard error; the answer is typed behind it.
pub fn ask(question: &str) {
    let _ = write!(stderr().lock(), "{question}");
}
