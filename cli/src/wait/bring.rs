//! Results of jobs that ran elsewhere come back to this machine.

use ffbatch_dispatcher::compute::Brought;
use ffbatch_dispatcher::dispatch::{self, DispatchError};

use crate::client::Client;
use crate::follower::Follower;
use crate::interrupt::Stops;

/// Brings the results of these jobs, as far as they have succeeded; until somebody asks to stop.
pub async fn bring(
    client: &Client,
    jobs: &[String],
    follower: &mut Follower,
    stops: &mut Stops,
) -> Result<Vec<Brought>, DispatchError> {
    let stop = async {
        stops.next().await;
    };
    follower.resume();
    let compute = client.compute.as_ref();
    let mut on = |event| follower.on(event);
    let brought = dispatch::collect(compute, &client.name, jobs, &mut on, stop).await;
    follower.finish();
    brought
}
