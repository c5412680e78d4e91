//! Jobs of this machine go on whoever was killed: now and then the server sees to it that somebody runs them.
//!
//! Without it a job would wait where its runner was killed, or the machine restarted, until somebody asks for that job.

use std::time::Duration;

use ffbatch_dispatcher::compute::{Compute, ComputeError};
use ffbatch_dispatcher::detail::Filter;
use ffbatch_dispatcher::state::State;

use crate::app::App;

/// The pause between two looks.
const PAUSE: Duration = Duration::from_secs(30);

/// Looks until the server ends.
pub async fn keep(app: App) {
    let mut closing = app.closing();
    loop {
        for (name, compute) in app.computes().filter(|(name, _)| !app.is_elsewhere(name)) {
            if let Err(error) = once(compute).await {
                tracing::warn!(compute = name, %error, "nobody may be running its jobs");
            }
        }
        tokio::select! {
            _ = closing.wait_for(|closing| *closing) => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

/// Asks for one job that has not ended, if there is any: who asks so waits for its end, and the compute sees to it.
async fn once(compute: &dyn Compute) -> Result<(), ComputeError> {
    let open = Filter {
        states: State::ALL
            .into_iter()
            .filter(|state| !state.is_ended())
            .collect(),
        limit: Some(1),
        ..Filter::default()
    };
    let jobs = compute.list(&open).await?.jobs;
    let ids: Vec<String> = jobs.into_iter().map(|job| job.id).collect();
    if !ids.is_empty() {
        compute.states(&ids).await?;
    }
    Ok(())
}
