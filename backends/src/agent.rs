//! Runs one of the queues of this machine, by the name of its compute.

use ffbatch_dispatcher::compute::ComputeError;
use ffbatch_dispatcher::config::Config;

use crate::docker::Docker;
use crate::local::Local;
use crate::queue::agent::agent;
use crate::queue::{Kind, Left, Mode};

/// The computes that have a queue on this machine.
const KINDS: [&dyn Kind; 2] = [&Local, &Docker];

/// Runs the queue of a compute until `stop` is ready, or it is empty and the mode says so.
pub async fn run(
    compute: &str,
    config: &Config,
    mode: Mode,
    stop: impl Future<Output = ()>,
) -> Result<Left, ComputeError> {
    let kind = KINDS.into_iter().find(|kind| kind.compute() == compute);
    let kind = kind.ok_or_else(|| {
        ComputeError::rejected(format!(
            "the compute `{compute}` has no queue on this machine (known: {})",
            KINDS.map(Kind::compute).join(", ")
        ))
    })?;
    agent(kind, config, mode, stop).await
}
