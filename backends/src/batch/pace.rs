//! Not more calls a second than the account may make.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

/// The pause between two calls of `SubmitJob`: 50 a second are allowed for each account and Region (AWS Batch User Guide,
/// "Service quotas"); a little is left for others.
const EVERY: Duration = Duration::from_millis(22);

/// Lets one call pass after the other.
#[derive(Debug, Default)]
pub struct Pace(Mutex<Option<Instant>>);

impl Pace {
    /// Waits until the next call may be made.
    pub async fn wait(&self) {
        let mut next = self.0.lock().await;
        let now = Instant::now();
        let mine = next.map_or(now, |next| next.max(now));
        *next = Some(mine + EVERY);
        drop(next);
        tokio::time::sleep_until(mine).await;
    }
}
