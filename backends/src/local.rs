//! `local`: this machine. The queue's runner starts the worker as a child process, exactly as a container would: same flags,
//! same environment.

use async_trait::async_trait;
use ffbatch_dispatcher::compute::{Compute, ComputeError, Family, Request};
use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::infra::Infra;

use crate::queue::environment::Environment;
use crate::queue::place::Place;
use crate::queue::{Kind, Queue, find};

/// The name of the compute.
const NAME: &str = "local";

inventory::submit! {
    Family {
        name: NAME,
        summary: "this machine: a durable queue, the worker as a child process",
        infra: Infra::default,
        connect,
    }
}

fn connect(_: &Family, config: &Config) -> Result<Box<dyn Compute>, ComputeError> {
    Ok(Box::new(Queue::new(&Local, config)?))
}

/// The queue of processes.
pub struct Local;

#[async_trait]
impl Kind for Local {
    fn compute(&self) -> &'static str {
        NAME
    }

    fn directory(&self) -> &'static str {
        "queue"
    }

    async fn environment(
        &self,
        config: &Config,
        place: &Place,
        _: &[Request],
    ) -> Result<Environment, ComputeError> {
        Environment::own(find::worker(config)?, config, place)
    }
}
