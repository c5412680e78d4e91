//! Whether somebody sits there, and what they answer.

use std::io::{IsTerminal, stderr, stdin};

use crate::speak;

/// Whether somebody can be asked: they see the question, and what is read is what they type.
pub fn can_ask() -> bool {
    stdin().is_terminal() && stderr().is_terminal()
}

/// Whether somebody says yes to a question.
pub async fn agrees(question: &str) -> bool {
    speak::ask(&format!("{question} [y/N] "));
    let answer = line().await;
    answer.is_some_and(|answer| answer == "y" || answer == "yes")
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
