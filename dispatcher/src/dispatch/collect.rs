//! Results of jobs elsewhere come back to this machine, unless whoever waits for them leaves.

use std::future::Future;
use std::pin::pin;

use super::DispatchError;
use crate::compute::{Brought, Compute};
use crate::event::Event;

/// Brings the results of jobs that have ended, as far as they have succeeded, and tells what lies where. What was not brought when
/// `stop` became ready, or when something went wrong, is there for the next time.
///
/// `name` is that of the compute.
pub async fn collect(
    compute: &dyn Compute,
    name: &str,
    jobs: &[String],
    on: &mut (dyn FnMut(Event) + Send),
    stop: impl Future<Output = ()> + Send,
) -> Result<Vec<Brought>, DispatchError> {
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
    let stop = pin!(stop);
    let because = tokio::select! {
        brought = compute.collect(jobs, on) => match brought {
            Ok(brought) => return Ok(brought),
            Err(error) => Some(Box::new(error)),
        },
        () = stop => None,
    };
    Err(DispatchError::Uncollected {
        compute: name.to_owned(),
        jobs: jobs.to_vec(),
        because,
    })
}
