//! The one place in which a busy service is asked again.

use std::time::Duration;

use ffbatch_storage::CallError;

/// How long to wait before each further attempt. AWS advises to double the time ("Error retries and exponential backoff in AWS").
const PAUSES: [Duration; 5] = [
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
    Duration::from_millis(1600),
    Duration::from_millis(3200),
];

/// Asks until the service is not busy, or has been so too often.
pub async fn patiently<T, F>(mut ask: impl FnMut() -> F) -> Result<T, CallError>
where
    F: Future<Output = Result<T, CallError>>,
{
    for pause in PAUSES {
        match ask().await {
            Err(error) if error.busy => tokio::time::sleep(pause).await,
            other => return other,
        }
    }
    ask().await
}
