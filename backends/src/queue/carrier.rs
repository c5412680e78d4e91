//! The seam for attempts that outlive the runner by themselves: containers, which an engine keeps.

use async_trait::async_trait;
use tokio::sync::watch;

use super::place::Files;
use super::store::attempts::{Candidate, Ended, Work};

/// An attempt that has to be carried out.
#[derive(Debug, Clone)]
pub struct Order {
    /// The job.
    pub job: Candidate,
    /// The attempt's number, from 1.
    pub number: u32,
    /// What the worker is started with.
    pub work: Work,
    /// The attempt's files.
    pub files: Files,
    /// Whether an earlier runner has, or may have, begun it.
    pub resumed: bool,
    /// Whether the machine was started since.
    pub restarted: bool,
}

/// Carries attempts out.
///
/// # Behavior
/// - An attempt has begun at most once, however often it is carried: one that was begun is taken up where it is.
/// - What the worker writes to its standard output and its standard error is in the attempt's files by the time that it has ended, each byte
///   once.
/// - Nothing of the attempt runs any more when it has ended.
#[async_trait]
pub trait Carrier: Send + Sync {
    /// Carries an attempt to its end; once `asked` is true, to an early one. Dropping the future leaves the attempt alone.
    async fn carry(&self, order: Order, asked: watch::Receiver<bool>) -> Ended;
}
