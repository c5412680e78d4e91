//! How many bytes have moved, for whoever watches.

use std::sync::atomic::{AtomicU64, Ordering};

/// A counter of bytes that a transfer advances and a follower reads at any time.
///
/// It counts what is done: bytes written to the file on the way here, parts accepted by the other side on the way there. Work
/// that has to be done again is taken back, so that the counter ends at the number of bytes that were to be moved.
#[derive(Debug, Default)]
pub struct Meter(AtomicU64);

impl Meter {
    /// Bytes moved so far.
    pub fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Counts bytes that have moved.
    pub fn add(&self, bytes: u64) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Takes back bytes that will move again.
    pub(crate) fn take_back(&self, bytes: u64) {
        self.0.fetch_sub(bytes, Ordering::Relaxed);
    }
}
