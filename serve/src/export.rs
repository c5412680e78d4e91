//! Traces of a stack that others wrote to X-Ray, brought into its bucket when somebody asks for it.
//!
//! One export runs at a time. It belongs to this process: where that ends, the next one goes on from where the bucket says.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use uuid::Uuid;

/// Exports what is new, and tells what that was, or why it could not, in one sentence.
pub type Exporter = Arc<dyn Fn() -> BoxFuture<'static, Result<String, String>> + Send + Sync>;

/// What is said where every job has written its trace itself.
const NOTHING: &str = "nothing is left to export: every job here writes its trace itself, below metrics/xray/ where its reports lie";

/// The exports of a server.
pub struct Exports {
    exporter: Option<Exporter>,
    state: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    running: Option<String>,
    last: Option<Result<String, String>>,
}

impl Exports {
    /// None yet; without an exporter there never is one.
    pub fn new(exporter: Option<Exporter>) -> Self {
        Self {
            exporter,
            state: Arc::default(),
        }
    }

    /// Starts an export where none runs: what is said of it, and its id.
    pub fn start(&self) -> (String, String) {
        let id = Uuid::new_v4().to_string();
        let Some(exporter) = &self.exporter else {
            return (NOTHING.to_owned(), id);
        };
        let mut seen = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let last = match &seen.last {
            None => String::new(),
            Some(Ok(said)) => format!(" (the last one: {said})"),
            Some(Err(why)) => format!(" (the last one failed: {why})"),
        };
        if let Some(running) = &seen.running {
            return (format!("an export is under way{last}"), running.clone());
        }
        seen.running = Some(id.clone());
        let (exporting, state) = (exporter(), Arc::clone(&self.state));
        tokio::spawn(async move {
            let ended = exporting.await;
            match &ended {
                Ok(said) => tracing::info!("traces were exported: {said}"),
                Err(why) => tracing::warn!("traces were not exported: {why}"),
            }
            let mut seen = state.lock().unwrap_or_else(PoisonError::into_inner);
            (seen.running, seen.last) = (None, Some(ended));
        });
        (format!("an export was started{last}"), id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_at_a_time_and_the_last_one_is_told() {
        let (say, mut told) = tokio::sync::mpsc::channel::<()>(1);
        let gate = Arc::new(tokio::sync::Semaphore::new(0));
        let opened = Arc::clone(&gate);
        let exports = Exports::new(Some(Arc::new(move || {
            let (say, gate) = (say.clone(), Arc::clone(&gate));
            Box::pin(async move {
                let _permit = gate.acquire().await;
                drop(say);
                Err("no Region is known".to_owned())
            })
        })));
        let (said, first) = exports.start();
        assert_eq!(said, "an export was started");
        assert_eq!(
            exports.start(),
            ("an export is under way".to_owned(), first.clone())
        );
        opened.add_permits(1);
        while exports.state.lock().expect("it is whole").running.is_some() {
            tokio::task::yield_now().await;
        }
        let (said, second) = exports.start();
        assert_eq!(
            said,
            "an export was started (the last one failed: no Region is known)"
        );
        assert_ne!(first, second);
        told.close();
        assert!(Exports::new(None).start().0.starts_with("nothing is left"));
    }
}
