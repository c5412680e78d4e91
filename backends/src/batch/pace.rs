//! Not more calls a second than the account may make.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

/// The pause between two calls of `SubmitJob`: 50 a second are allowed for each account and Region (AWS Batch User Guide,
/// "Service quotas"); a little is left for others.
const SUBMIT: Duration = Duration::from_millis(22);

/// The pause between two looks at the same jobs, each of which may take many calls.
const LOOK: Duration = Duration::from_secs(1);

/// Lets one call pass after the other.
#[derive(Debug)]
pub struct Pace {
    every: Duration,
    next: Mutex<Option<Instant>>,
}

impl Pace {
    /// The pace of submitting.
    pub fn of_submitting() -> Self {
        Self::of(SUBMIT)
    }

    /// The pace of looking again and again.
    pub fn of_looking() -> Self {
        Self::of(LOOK)
    }

    fn of(every: Duration) -> Self {
        Self {
            every,
            next: Mutex::default(),
        }
    }

    /// Waits until the next call may be made.
    pub async fn wait(&self) {
        let mut next = self.next.lock().await;
        let now = Instant::now();
        let mine = next.map_or(now, |next| next.max(now));
        *next = Some(mine + self.every);
        drop(next);
        tokio::time::sleep_until(mine).await;
    }
}
