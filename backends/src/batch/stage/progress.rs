//! Tells how far a transfer is while it goes on.

use std::time::{Duration, Instant};

use ffbatch_dispatcher::event::{Event, Progress, Stage};
use ffbatch_storage::Meter;

/// How often.
const EVERY: Duration = Duration::from_millis(500);

/// Runs something to its end as a stage of so many bytes, which a meter counts.
pub async fn watched<T, E>(
    stage: Stage,
    moving: impl Future<Output = Result<T, E>>,
    meter: &Meter,
    total: u64,
    on: &mut (dyn FnMut(Event) + Send),
) -> Result<T, E> {
    let began = Instant::now();
    on(Event::StageStarted { stage });
    let mut tick = tokio::time::interval(EVERY);
    let mut moving = std::pin::pin!(moving);
    let done = loop {
        tokio::select! {
            done = &mut moving => break done,
            _ = tick.tick() => on(Event::Progress(Progress {
                bytes: Some(meter.bytes()),
                total_bytes: (total > 0).then_some(total),
                ..Progress::of(stage)
            })),
        }
    };
    on(Event::StageFinished {
        stage,
        seconds: began.elapsed().as_secs_f64(),
        ok: done.is_ok(),
    });
    done
}
