//! The computes of a benchmark: whom to ask, where they are, what they cost.

use std::collections::BTreeMap;

use ffbatch_bench::figures::{Charged, Rate};
use ffbatch_bench::matrix::Cell;
use ffbatch_bench::plan::Whereabouts;
use ffbatch_bench::runner::Client;
use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::dispatch::Dispatcher;
use ffbatch_dispatcher::infra::{Architecture, BatchFamily, Launch};
use ffbatch_dispatcher::registry::Families;
use ffbatch_dispatcher::settings::Settings;
use ffbatch_prices::{Paid, Prices};

use crate::prices;

/// What stands for an instance type where there is none.
const FARGATE: &str = "fargate";

/// The computes of a benchmark.
pub struct Computes {
    clients: BTreeMap<String, Client>,
    families: BTreeMap<String, BatchFamily>,
    prices: Prices,
    /// The storage of a job on Fargate, in GiB.
    scratch_gib: u32,
}

impl Computes {
    /// Connects to those that cells name.
    pub async fn connect(config: &Config, cells: &[Cell]) -> anyhow::Result<Self> {
        let dispatcher = Dispatcher::new(Families::linked()?, config.clone());
        let mut found = Self {
            clients: BTreeMap::new(),
            families: BTreeMap::new(),
            prices: prices::everywhere(config)?,
            scratch_gib: BatchFamily::fargate(FARGATE, Architecture::X86).scratch_gib,
        };
        for cell in cells {
            let name = &cell.place.compute;
            if found.clients.contains_key(name) {
                continue;
            }
            let elsewhere = dispatcher.is_elsewhere(name)?;
            let mut region = None;
            if elsewhere {
                let settings = Settings::of(dispatcher.families().find(name)?, config)?;
                region = ffbatch_storage::region(&settings.aws).await;
                if settings.family.launch.is_fargate() {
                    found.scratch_gib = settings.family.scratch_gib;
                }
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
            elsewhere: client.is_some_and(|client| client.elsewhere),
            region: client.and_then(|client| client.region.as_deref()),
            fargate: fargate.map(|family| family.architecture),
            usual: family.map_or((1, 1024), |family| (family.vcpus, family.memory_mib)),
            spot: family
                .is_some_and(|family| matches!(family.launch, Launch::Spot | Launch::FargateSpot)),
        }
    }

    /// What an hour of something costs.
    pub fn price(&self, charged: Charged<'_>) -> Option<Rate> {
        let paid = if charged.spot {
            Paid::Spot
        } else {
            Paid::OnDemand
        };
        // Spot prices are known only where somebody asked for them lately.
        let usual = || self.paid(charged, Paid::OnDemand, " (it ran on Spot)");
        let rate = self.paid(charged, paid, "");
        rate.or_else(|| charged.spot.then(usual).flatten())
    }

    fn paid(&self, charged: Charged<'_>, paid: Paid, remark: &str) -> Option<Rate> {
        let way = match paid {
            Paid::Spot => "Spot",
            Paid::OnDemand => "On-Demand",
        };
        let Charged {
            region,
            instance_type: name,
            share,
            ..
        } = charged;
        let (usd_per_hour, source, date) = if name == FARGATE {
            let price = self
                .prices
                .fargate(region, architecture(charged.arm), paid)?;
            let memory_mib = memory_mib(charged.memory_gib?);
            let usd = price.usd_per_hour(charged.vcpus, memory_mib, self.scratch_gib)?;
            (usd, price.source, price.date)
        } else {
            let price = self.prices.instance(region, name, paid)?;
            (price.usd_per_hour * share, price.source, price.date)
        };
        let part = if share < 1.0 {
            format!("{:.0} % of ", 100.0 * share)
        } else {
            String::new()
        };
        Some(Rate {
            usd_per_hour,
            source: format!("{part}{name} {way} in {region}{remark}: {source}"),
            date: Some(date),
        })
    }
}

const fn architecture(arm: bool) -> Architecture {
    if arm {
        Architecture::Arm
    } else {
        Architecture::X86
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it was a whole number of MiB"
)]
fn memory_mib(gib: f64) -> u32 {
    (gib * 1024.0).round() as u32
}
