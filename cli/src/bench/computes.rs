//! The computes of a benchmark: whom to ask, where they are, what they cost.

use std::collections::BTreeMap;

use ffbatch_bench::figures::{Charged, Rate};
use ffbatch_bench::matrix::Cell;
use ffbatch_bench::plan::Whereabouts;
use ffbatch_bench::runner::Client;
use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::dispatch::{DispatchError, Dispatcher};
use ffbatch_dispatcher::infra::{BatchFamily, Launch};
use ffbatch_dispatcher::registry::Families;
use ffbatch_dispatcher::settings::Settings;

/// The computes of a benchmark.
pub struct Computes {
    clients: BTreeMap<String, Client>,
    families: BTreeMap<String, BatchFamily>,
}

impl Computes {
    /// Connects to those that cells name.
    pub async fn connect(config: &Config, cells: &[Cell]) -> Result<Self, DispatchError> {
        let families = Families::linked()?;
        let dispatcher = Dispatcher::new(Families::linked()?, config.clone());
        let mut found = Self {
            clients: BTreeMap::new(),
            families: BTreeMap::new(),
        };
        for cell in cells {
            let name = &cell.place.compute;
            if found.clients.contains_key(name) {
                continue;
            }
            let elsewhere = dispatcher.is_elsewhere(name)?;
            let mut region = None;
            if elsewhere {
                let settings = Settings::of(families.find(name)?, config)?;
                region = ffbatch_storage::region(&settings.aws).await;
                found.families.insert(name.clone(), settings.family);
            }
            let client = Client {
                compute: dispatcher.connect(name)?,
                elsewhere,
                region,
            };
            found.clients.insert(name.clone(), client);
        }
        Ok(found)
    }

    /// Whom to ask.
    pub const fn clients(&self) -> &BTreeMap<String, Client> {
        &self.clients
    }

    /// Where a compute is.
    pub fn whereabouts(&self, name: &str) -> Whereabouts<'_> {
        let family = self.families.get(name);
        let client = self.clients.get(name);
        let fargate = family.filter(|family| family.launch.is_fargate());
        Whereabouts {
            region: client.and_then(|client| client.region.as_deref()),
            fargate: fargate.map(|family| family.architecture),
            usual: family.map_or((1, 1024), |family| (family.vcpus, family.memory_mib)),
            spot: family
                .is_some_and(|family| matches!(family.launch, Launch::Spot | Launch::FargateSpot)),
        }
    }

    /// What an hour of something costs.
    pub fn price(&self, _charged: Charged<'_>) -> Option<Rate> {
        None
    }
}
