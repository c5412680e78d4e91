//! `docker`: the worker image in the container engine of this machine, by the same durable queue as `local`.
//!
//! - The queue decides what runs, in which order and how often; [`carry`] makes of each attempt one container, whose name tells which
//!   attempt it is. The engine keeps it, whoever is killed; the next runner finds it by that name.
//! - A job sees the paths that it names, under the same names, and nothing else of this machine ([`mounts`]). It runs as the user who
//!   submitted it, without a network where it names no URL.
//! - What is secret stands neither in the container's environment nor in its command, which the engine tells to everybody who may ask it
//!   ([`surroundings`]).

use std::sync::Arc;

use async_trait::async_trait;
use ffbatch_dispatcher::compute::{Compute, ComputeError, Family, Request};
use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::infra::Infra;
use tokio::sync::watch;

use crate::queue::environment::Environment;
use crate::queue::place::Place;
use crate::queue::store::attempts::Ended;
use crate::queue::{Carrier, Kind, Order, Queue};

use settings::Settings;

mod carry;
mod container;
mod engine;
mod mounts;
mod output;
mod settings;
mod surroundings;

/// The name of the compute.
const NAME: &str = "docker";

inventory::submit! {
    Family {
        name: NAME,
        summary: "this machine: a durable queue, the worker image in the local container engine",
        infra,
        connect,
    }
}

fn infra() -> Infra {
    Infra {
        image: Some("cpu".to_owned()),
        batch: None,
    }
}

fn connect(_: &Family, config: &Config) -> Result<Box<dyn Compute>, ComputeError> {
    Settings::of(config)?;
    Ok(Box::new(Queue::new(&Docker, config)?))
}

/// The queue of containers.
pub struct Docker;

#[async_trait]
impl Kind for Docker {
    fn compute(&self) -> &'static str {
        NAME
    }

    fn directory(&self) -> &'static str {
        "docker"
    }

    fn keys(&self) -> &'static [&'static str] {
        &settings::KEYS
    }

    fn has_gpus(&self) -> bool {
        true
    }

    async fn environment(
        &self,
        config: &Config,
        place: &Place,
        requests: &[Request],
    ) -> Result<Environment, ComputeError> {
        let Settings { image, network } = Settings::of(config)?;
        let variable = |name: &str| std::env::var(name).ok();
        let host = engine::host(variable)?;
        engine::has_image(&host, &image).await?;
        let mut environment = Environment::own(image.into(), config, place)?;
        environment.set(engine::HOST, host.display().to_string());
        if let Some(network) = network {
            environment.set(settings::NETWORK, network);
        }
        for job in requests.iter().flat_map(|request| &request.jobs) {
            mounts::check(job, &environment).map_err(ComputeError::rejected)?;
        }
        Ok(environment)
    }

    fn carrier(&self) -> Option<Arc<dyn Carrier>> {
        Some(Arc::new(Self))
    }
}

#[async_trait]
impl Carrier for Docker {
    async fn carry(&self, order: Order, asked: watch::Receiver<bool>) -> Ended {
        carry::carry(&order, asked).await
    }
}
