//! How somebody asks this program to stop.

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How somebody asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Ctrl-C: somebody sits there.
    Typed,
    /// By a signal of a program or of the system: SIGTERM, SIGQUIT, SIGHUP.
    Sent,
}

/// Hears of it from now on, not only once it is awaited: a signal between a job's start and the first look would end this
/// program and leave the job alone.
pub struct Stops {
    interrupt: Signal,
    quit: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Stops {
    /// Begins to listen.
    pub fn listen() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("signals cannot be received");
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            quit: listen(SignalKind::quit())?,
            terminate: listen(SignalKind::terminate())?,
            hangup: listen(SignalKind::hangup())?,
        })
    }

    /// Ready when somebody asks. Nothing is lost when it is not awaited to its end.
    pub async fn next(&mut self) -> Stop {
        tokio::select! {
            _ = self.interrupt.recv() => Stop::Typed,
            _ = self.quit.recv() => Stop::Sent,
            _ = self.terminate.recv() => Stop::Sent,
            _ = self.hangup.recv() => Stop::Sent,
        }
    }
}

/// Ready when somebody asks this program to stop, after `then` was called.
pub fn interrupt(then: impl FnOnce() + Send) -> anyhow::Result<impl Future<Output = ()> + Send> {
    let mut stops = Stops::listen()?;
    Ok(async move {
        stops.next().await;
        then();
    })
}
