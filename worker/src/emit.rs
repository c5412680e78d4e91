//! What the worker says: events on standard output, one a line, and ffmpeg's log on standard error.
//!
//! Each stream has a thread that writes it, because a reader decides how long a write takes. A slow reader slows the job, as
//! any pipe does; one that does not read at all must not keep the job from stopping when it is asked to, so from then on
//! nobody waits any more ([`release`]) and what finds no room is lost. A reader that goes away is not waited for either: results
//! and report do not depend on who watches.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ffbatch_dispatcher::event::Event;

/// How many lines wait for a slow reader.
const WAITING: usize = 256;

/// How many bytes of several lines are written at once: as many as no other writer of a pipe comes between (pipe(7), `PIPE_BUF`).
const AT_ONCE: usize = 4096;

/// How long the last lines may take once the job was asked to stop.
const LAST: Duration = Duration::from_secs(1);

static OUT: LazyLock<&'static Stream> =
    LazyLock::new(|| Stream::of(std::io::stdout().as_fd().try_clone_to_owned()));
static ERR: LazyLock<&'static Stream> =
    LazyLock::new(|| Stream::of(std::io::stderr().as_fd().try_clone_to_owned()));

/// Writes one event.
pub fn emit(event: &Event) {
    OUT.push(serde_json::to_string(event).expect("an event is plain data with text keys"));
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
pub fn log(line: &str) {
    ERR.push(line.to_owned());
}

/// From now on nobody waits for a reader.
pub fn release() {
    for stream in [*OUT, *ERR] {
        stream.state().released = true;
        stream.changed.notify_all();
    }
}

/// Waits until everything is written: as long as it takes, or for a moment once the job was asked to stop.
pub fn flush() {
    for stream in [*OUT, *ERR] {
        stream.flush();
    }
}

/// Lines on their way to a reader.
#[derive(Debug, Default)]
struct Stream {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    lines: VecDeque<String>,
    /// The thread is writing a line.
    writing: bool,
    /// Nobody reads any more, or nobody ever did.
    deaf: bool,
    released: bool,
}

impl Stream {
    /// A stream and its thread. A stream without a descriptor or a thread is one that nobody reads.
    fn of(descriptor: std::io::Result<OwnedFd>) -> &'static Self {
        let stream: &'static Self = Box::leak(Box::default());
        let started = descriptor.and_then(|descriptor| {
            std::thread::Builder::new()
                .name("speaker".to_owned())
                .stack_size(64 << 10)
                .spawn(move || stream.write(&mut File::from(descriptor)))
        });
        stream.state().deaf = started.is_err();
        stream
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, mut line: String) {
        line.push('\n');
        let mut state = self.state();
        while state.lines.len() >= WAITING && !state.released && !state.deaf {
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        // Of a released stream the newest lines count: they say how the job ended.
        if state.lines.len() >= WAITING {
            state.lines.pop_front();
        }
        // A thread that is writing looks again before it sleeps.
        let asleep = state.lines.is_empty() && !state.writing;
        state.lines.push_back(line);
        if asleep {
            self.changed.notify_all();
        }
    }

    fn write(&self, to: &mut File) {
        loop {
            let mut state = self.state();
            state.writing = false;
            if state.lines.is_empty() {
                self.changed.notify_all();
            }
            while state.lines.is_empty() {
                state = self
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            let full = state.lines.len() >= WAITING;
            let text = together(&mut state.lines);
            state.writing = true;
            drop(state);
            if full {
                self.changed.notify_all();
            }
            if to.write_all(text.as_bytes()).is_err() {
                // The other end is gone, or its disk is full. There is no place to say so: it was the place.
                self.state().deaf = true;
                self.changed.notify_all();
                return;
            }
        }
    }

    fn flush(&self) {
        let mut until = None;
        let mut state = self.state();
        while !state.deaf && (state.writing || !state.lines.is_empty()) {
            if state.released {
                let end = *until.get_or_insert_with(|| Instant::now() + LAST);
                let left = end.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return;
                }
                let waited = self.changed.wait_timeout(state, left);
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
            } else {
                state = self
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
            }
        }
    }
}

/// Takes the first lines, as many as may be written at once; a longer one alone.
fn together(lines: &mut VecDeque<String>) -> String {
    let mut text = lines.pop_front().unwrap_or_default();
    while let Some(line) = lines.pop_front_if(|line| text.len() + line.len() <= AT_ONCE) {
        text.push_str(&line);
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};

    use super::*;

    #[track_caller]
    fn check(lengths: &[usize], expected: &[usize]) {
        let mut lines: VecDeque<String> = lengths.iter().map(|count| "x".repeat(*count)).collect();
        let mut written = Vec::new();
        while !lines.is_empty() {
            written.push(together(&mut lines).len());
        }
        assert_eq!(written, expected);
    }

    #[test]
    fn what_is_written_at_once() {
        check(&[1, 2, 3], &[6]);
        check(&[4000, 96, 1], &[4096, 1]);
        check(&[9000, 1, 9000], &[9000, 1, 9000]);
    }

    #[test]
    fn lines_arrive_whole_and_in_order() {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        let stream = Stream::of(Ok(OwnedFd::from(writer)));
        let lines: Vec<String> = (0..5000).map(|number| format!("line {number}")).collect();
        let count = lines.len();
        let reading = std::thread::spawn(move || {
            let read = BufReader::new(reader).lines().take(count);
            read.collect::<Result<Vec<String>, _>>().expect("text")
        });
        for line in &lines {
            stream.push(line.clone());
        }
        stream.flush();
        assert_eq!(reading.join().expect("read"), lines);
    }
}
