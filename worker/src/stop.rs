//! How a job is asked to stop, and what becomes of work that is under way then.

use std::time::Duration;

use ffbatch_media::run::GRACE;
use futures_util::future::select_all;
use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::emit::release;
use crate::failure::Failure;

/// How much longer than an ffmpeg that is asked to stop the work around it may take.
const LATE: Duration = Duration::from_secs(1);

/// What the thread needs that waits for signals.
const STACK_BYTES: usize = 128 << 10;

/// Cancelled when the job shall stop: SIGTERM from an engine or AWS Batch, SIGINT, SIGQUIT and SIGHUP from a terminal.
///
/// A thread of its own listens: the one that runs the job may be waiting for a reader who does not read.
pub fn signals() -> std::io::Result<CancellationToken> {
    let stop = CancellationToken::new();
    let runtime = Builder::new_current_thread().enable_io().build()?;
    let kinds = [
        SignalKind::terminate(),
        SignalKind::interrupt(),
        SignalKind::quit(),
        SignalKind::hangup(),
    ];
    // From here on they are received, also before the thread runs.
    let entered = runtime.enter();
    let mut received: Vec<Signal> = kinds.into_iter().map(signal).collect::<Result<_, _>>()?;
    drop(entered);
    let asked = stop.clone();
    std::thread::Builder::new()
        .name("signals".to_owned())
        .stack_size(STACK_BYTES)
        .spawn(move || {
            loop {
                let any = received.iter_mut().map(|signal| Box::pin(signal.recv()));
                runtime.block_on(select_all(any));
                // First the deed: a log that nobody reads may block.
                asked.cancel();
                release();
                tracing::warn!("asked to stop");
            }
        })?;
    Ok(stop)
}

/// The work's result, unless the job is asked to stop before.
pub async fn unless<T>(
    stop: &CancellationToken,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::select! {
        biased;
        () = stop.cancelled() => Err(Failure::interrupted()),
        result = work => result,
    }
}

/// The same for work that hears of the stop itself: it has a little longer than it gives to ffmpeg.
pub async fn unless_late<T>(
    stop: &CancellationToken,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let late = async {
        stop.cancelled().await;
        tokio::time::sleep(GRACE + LATE).await;
    };
    tokio::select! {
        biased;
        result = work => result,
        () = late => Err(Failure::interrupted()),
    }
}
