//! The worker's standard output: one event a line.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

use ffbatch_dispatcher::event::Event;

/// Whether anybody still reads. A follower may go away while the job goes on.
static HEARD: AtomicBool = AtomicBool::new(true);

/// Writes one event.
///
/// When the reader is gone the job goes on in silence: its results and its report do not depend on who watches.
pub fn emit(event: &Event) {
    if !HEARD.load(Ordering::Relaxed) {
        return;
    }
    let mut line = serde_json::to_string(event).expect("an event is plain data with text keys");
    line.push('\n');
    if let Err(error) = std::io::stdout().lock().write_all(line.as_bytes()) {
        HEARD.store(false, Ordering::Relaxed);
        tracing::warn!("nobody reads the worker's events any more: {error}");
    }
}

/// Writes a sentence worth knowing, as an event and into the report's notes.
pub fn note(notes: &mut Vec<String>, message: impl Into<String>) {
    let message = message.into();
    emit(&Event::Note {
        message: message.clone(),
    });
    notes.push(message);
}

/// Passes a line of ffmpeg's log through.
///
/// A follower that is gone took its ends of both pipes with it: the line is lost, and the job is not.
pub fn log(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
