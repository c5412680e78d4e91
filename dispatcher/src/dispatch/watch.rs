//! Many jobs at once: asks where they are until all have ended, and tells what changed.

use std::collections::HashMap;
use std::time::Duration;

use crate::compute::{Compute, ComputeError};
use crate::detail::JobSummary;
use crate::state::State;

/// The pause between two questions about a handful of jobs.
const SHORTEST: Duration = Duration::from_millis(50);

/// The longest pause, for as many jobs as there may be.
const LONGEST: Duration = Duration::from_secs(2);

/// How much longer the pause is for each job that has not ended: a thousand are asked for once a second.
const EACH: Duration = Duration::from_millis(1);

/// Watches jobs until all have ended, and tells of each change, in the end of each job at least once. What it returns is in
/// the order of `jobs`.
///
/// It changes nothing: whoever stops watching leaves the jobs as they are.
pub async fn watch(
    compute: &dyn Compute,
    jobs: &[String],
    on: &mut (dyn FnMut(&JobSummary) + Send),
) -> Result<Vec<JobSummary>, ComputeError> {
    let mut known: HashMap<String, JobSummary> = HashMap::with_capacity(jobs.len());
    let mut open: Vec<String> = jobs.to_vec();
    while !open.is_empty() {
        for job in compute.states(&open).await? {
            let changed = known
                .get(&job.id)
                .is_none_or(|before| mark(before) != mark(&job));
            if changed {
                on(&job);
                known.insert(job.id.clone(), job);
            }
        }
        open.retain(|id| known.get(id).is_none_or(|job| !job.state.is_ended()));
        if !open.is_empty() {
            let count = u32::try_from(open.len()).unwrap_or(u32::MAX);
            let pause = SHORTEST.saturating_add(EACH.saturating_mul(count));
            tokio::time::sleep(pause.min(LONGEST)).await;
        }
    }
    Ok(jobs.iter().filter_map(|id| known.remove(id)).collect())
}

/// What makes a job worth telling of again.
fn mark(job: &JobSummary) -> (State, u32, Option<&std::collections::BTreeMap<State, u32>>) {
    (job.state, job.attempt, job.array.as_ref())
}
