//! Whether somebody sits there, and what they answer.

use std::io::{IsTerminal, stderr, stdin};

/// Whether somebody can be asked: they see the question, and what is read is what they type.
pub fn can_ask() -> bool {
    stdin().is_terminal() && stderr().is_terminal()
}

/// A line that was typed, without its blanks; `None` at the end of the input.
///
/// It waits on a thread of its own: a person may take their time, or never answer.
pub async fn line() -> Option<String> {
    let (send, receive) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let line = stdin().lines().next().and_then(Result::ok);
        // Whoever asked may have gone on without an answer.
        let _ = send.send(line.map(|line| line.trim().to_lowercase()));
    });
    receive.await.ok().flatten()
}
