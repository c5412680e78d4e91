//! What every route needs: the computes that are served.

use std::collections::BTreeMap;
use std::sync::Arc;

use ffbatch_dispatcher::compute::Compute;
use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::dispatch::{DispatchError, Dispatcher};
use ffbatch_dispatcher::job::Bounds;
use ffbatch_dispatcher::registry::Families;
use ffbatch_storage::Stores;

use tokio::sync::{OnceCell, watch};

use crate::answer::Refusal;
use crate::export::{Exporter, Exports};
use crate::settings::Settings;
use crate::watch::Watch;

/// The computes that are served, and how.
#[derive(Clone)]
pub struct App {
    inner: Arc<Inner>,
}

struct Inner {
    computes: BTreeMap<String, Served>,
    config: Config,
    bounds: Bounds,
    benches: BTreeMap<String, String>,
    stores: OnceCell<Stores>,
    watch: Watch,
    closing: watch::Sender<bool>,
    exports: Exports,
}

struct Served {
    summary: &'static str,
    is_elsewhere: bool,
    compute: Box<dyn Compute>,
}

impl App {
    /// Connects to the computes that the settings name. Nothing is asked of them yet. The exporter is for the traces of those elsewhere.
    pub fn new(
        config: Config,
        settings: &Settings,
        exporter: Exporter,
    ) -> Result<Self, DispatchError> {
        let dispatcher = Dispatcher::new(Families::linked()?, config.clone());
        let mut computes = BTreeMap::new();
        for name in &settings.computes {
            let served = Served {
                summary: dispatcher.families().find(name)?.summary,
                is_elsewhere: dispatcher.is_elsewhere(name)?,
                compute: dispatcher.connect(name)?,
            };
            computes.insert(name.clone(), served);
        }
        // What runs here has written its traces itself.
        let exports = computes.values().any(|one| one.is_elsewhere);
        Ok(Self {
            inner: Arc::new(Inner {
                computes,
                config,
                bounds: Bounds {
                    roots: settings.roots.clone(),
                },
                benches: settings.benches.clone(),
                stores: OnceCell::new(),
                watch: Watch::default(),
                closing: watch::Sender::new(false),
                exports: Exports::new(exports.then_some(exporter)),
            }),
        })
    }

    /// Where documents of jobs are read. How AWS is reached is found out when the first one is.
    pub async fn stores(&self) -> &Stores {
        let made = || async {
            let aws = &self.inner.config.aws;
            let sdk = ffbatch_storage::cloud(aws).await;
            Stores::new(ffbatch_storage::s3_settings(aws, &sdk))
        };
        self.inner.stores.get_or_init(made).await
    }

    /// The compute of this name.
    pub fn compute(&self, name: &str) -> Result<&dyn Compute, Refusal> {
        let found = self
            .inner
            .computes
            .get(name)
            .map(|one| one.compute.as_ref());
        found.ok_or_else(|| {
            Refusal::missing(format!(
                "the compute `{name}` is not served here (served: {}; `computes` in the section `serve` of the configuration names more)",
                self.names().join(", ")
            ))
        })
    }

    /// Their names.
    pub fn names(&self) -> Vec<&str> {
        self.inner.computes.keys().map(String::as_str).collect()
    }

    /// All of them, by name.
    pub fn computes(&self) -> impl Iterator<Item = (&str, &dyn Compute)> {
        let all = self.inner.computes.iter();
        all.map(|(name, one)| (name.as_str(), one.compute.as_ref()))
    }

    /// What they are, by name.
    pub fn summaries(&self) -> impl Iterator<Item = (&str, &'static str)> {
        let all = self.inner.computes.iter();
        all.map(|(name, one)| (name.as_str(), one.summary))
    }

    /// Whether jobs of a compute run on other machines.
    pub fn is_elsewhere(&self, name: &str) -> bool {
        let found = self.inner.computes.get(name);
        found.is_some_and(|one| one.is_elsewhere)
    }

    /// What bounds the jobs of whoever has to show who they are.
    pub fn bounds(&self) -> &Bounds {
        &self.inner.bounds
    }

    /// Where the results of benchmarks lie, by their names.
    pub fn benches(&self) -> &BTreeMap<String, String> {
        &self.inner.benches
    }

    /// Exports of traces.
    pub fn exports(&self) -> &Exports {
        &self.inner.exports
    }

    /// What changes among all jobs.
    pub fn watch(&self) -> &Watch {
        &self.inner.watch
    }

    /// Becomes true when the server ends: streams that have no end by themselves end then.
    pub fn closing(&self) -> watch::Receiver<bool> {
        self.inner.closing.subscribe()
    }

    /// Ends all streams.
    pub fn close(&self) {
        self.inner.closing.send_replace(true);
    }

    /// The compute that knows a job, and the job's whole id.
    pub async fn owner(&self, job: &str) -> Result<(&str, &dyn Compute, String), Refusal> {
        // Clients of AWS Batch may name a job by its ARN.
        let id = job.rsplit_once("job/").map_or(job, |(_, id)| id);
        // Whoever is near answers at once, and does not wait for somebody far away who may not answer at all.
        let (far, near): (Vec<_>, Vec<_>) = self
            .computes()
            .partition(|(name, _)| self.is_elsewhere(name));
        let mut failed = None;
        for (name, compute) in near.into_iter().chain(far) {
            match compute.find(id).await {
                Ok(found) => {
                    if let Some(exact) = found.into_iter().find(|one| one.id == id) {
                        return Ok((name, compute, exact.id));
                    }
                }
                Err(error) => failed = Some(error),
            }
        }
        if let Some(error) = failed {
            return Err(error.into());
        }
        Err(Refusal::missing(format!(
            "there is no job `{id}` (GET /jobs lists the jobs)"
        )))
    }
}
