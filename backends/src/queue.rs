//! A durable queue on this machine, of which each compute of this machine has one: [`Kind`] is what makes them different.
//!
//! - Jobs stand in a database that every `ffbatch` of this user shares ([`store`]); `submit` returns when the disk has them.
//! - A [`runner`], one for each queue, runs them: started when it is needed, gone when there is nothing to do, or kept by
//!   `ffbatch agent`. Whoever waits for a job sees to it that there is one.
//! - A worker depends on nobody: not on who follows it, nor on the runner. Each of them can be killed at any moment. It is a process,
//!   or whatever the kind's [`Carrier`] makes of it.
//!
//! The directory must be on a file system of this machine: SQLite's shared log and the locks that follow open files do not work
//! over NFS.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use ffbatch_dispatcher::compute::{Compute, ComputeError, Outcome, Request};
use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::detail::{Filter, JobDetail, JobSummary, Listing};
use ffbatch_dispatcher::event::Event;
use jiff::Timestamp;

use self::environment::Environment;
use self::place::Place;
use self::settings::Settings;
use self::store::Store;

pub use agent::Mode;
pub use carrier::{Carrier, Order};
pub use runner::Left;

pub mod agent;
mod bell;
pub mod carrier;
pub mod ending;
pub mod environment;
pub mod files;
pub mod find;
mod follow;
mod life;
pub mod place;
mod process;
mod runner;
mod settings;
pub mod store;
mod tail;
mod why;

/// What makes a queue that of one compute.
#[async_trait]
pub trait Kind: Send + Sync {
    /// The name of the compute.
    fn compute(&self) -> &'static str;

    /// The queue's directory below the state directory.
    fn directory(&self) -> &'static str;

    /// The keys of the compute's section that are not those of every queue.
    fn keys(&self) -> &'static [&'static str] {
        &[]
    }

    /// Whether a job can have GPUs.
    fn has_gpus(&self) -> bool {
        false
    }

    /// What jobs take along from their submission. What keeps every one of them from running is an error.
    async fn environment(
        &self,
        config: &Config,
        place: &Place,
        requests: &[Request],
    ) -> Result<Environment, ComputeError>;

    /// Who carries attempts out; `None` where the runner starts the worker as a process.
    fn carrier(&self) -> Option<Arc<dyn Carrier>> {
        None
    }
}

/// The queue of this user. The database is opened when the first question needs it.
pub struct Queue {
    kind: &'static dyn Kind,
    config: Config,
    settings: Settings,
    store: Mutex<Option<Store>>,
    starts: Mutex<agent::Starts>,
}

#[async_trait]
impl Compute for Queue {
    async fn submit(&self, requests: &[Request]) -> Result<Vec<String>, ComputeError> {
        let place = self.place()?;
        for request in requests {
            store::submit::fits(request, self.kind, self.settings)?;
        }
        let environment = self
            .kind
            .environment(&self.config, &place, requests)
            .await?;
        find::own()?;
        let ids = self
            .open(&place)?
            .with(|store| store.submit(requests, &environment, Timestamp::now()))?;
        self.ensure_later();
        Ok(ids)
    }

    async fn follow(
        &self,
        job: &str,
        on: &mut (dyn FnMut(Event) + Send),
    ) -> Result<Outcome, ComputeError> {
        follow::follow(self, job, on).await
    }

    async fn events(
        &self,
        job: &str,
        attempt: Option<u32>,
        on: &mut (dyn FnMut(Event) + Send),
    ) -> Result<(), ComputeError> {
        follow::events(self, job, attempt, on)
    }

    async fn list(&self, filter: &Filter) -> Result<Listing, ComputeError> {
        let Some(mut store) = self.existing()? else {
            return Ok(Listing::default());
        };
        store.with(|store| {
            let mut listing = store.list(filter)?;
            listing.notes = why::notes(store, &listing, self.kind, self.settings)?;
            Ok(listing)
        })
    }

    async fn find(&self, text: &str) -> Result<Vec<JobSummary>, ComputeError> {
        match self.existing()? {
            Some(mut store) => store.with(|store| store.find(text)),
            None => Ok(Vec::new()),
        }
    }

    async fn states(&self, jobs: &[String]) -> Result<Vec<JobSummary>, ComputeError> {
        let states = self.known(jobs)?.with(|store| store.summaries(jobs))?;
        // Whoever asks again and again waits for an end, which without a runner would never come.
        if states.iter().any(|job| !job.state.is_ended()) {
            self.ensure()?;
        }
        Ok(states)
    }

    async fn describe(&self, job: &str) -> Result<JobDetail, ComputeError> {
        self.known(&[job.to_owned()])?.with(|store| {
            let mut detail = store.describe(job)?;
            for attempt in &mut detail.attempts {
                let log = store.place().files(job, attempt.number).log;
                attempt.log_at = log.exists().then(|| log.display().to_string());
            }
            detail.why = why::explain(store, &detail, self.settings)?;
            Ok(detail)
        })
    }

    async fn cancel(&self, jobs: &[String], reason: &str) -> Result<(), ComputeError> {
        self.known(jobs)?
            .with(|store| store.cancel(jobs, reason, Timestamp::now()))?;
        self.ensure_if_needed()
    }

    async fn resubmit(&self, job: &str) -> Result<String, ComputeError> {
        let id = uuid::Uuid::new_v4().to_string();
        self.known(&[job.to_owned()])?
            .with(|store| store.resubmit(job, &id, Timestamp::now()))?;
        self.ensure_later();
        Ok(id)
    }
}

/// The open queue, while somebody asks it something.
struct Opened<'a>(MutexGuard<'a, Option<Store>>);

impl Opened<'_> {
    fn with<T>(
        &mut self,
        ask: impl FnOnce(&mut Store) -> Result<T, ComputeError>,
    ) -> Result<T, ComputeError> {
        ask(self.0.as_mut().expect("it was opened before this was made"))
    }
}

impl Queue {
    /// The queue of a kind, as the configuration says; touches nothing.
    pub fn new(kind: &'static dyn Kind, config: &Config) -> Result<Self, ComputeError> {
        Ok(Self {
            kind,
            settings: Settings::of(config, kind)?,
            config: config.clone(),
            store: Mutex::default(),
            starts: Mutex::default(),
        })
    }

    fn place(&self) -> Result<Place, ComputeError> {
        Place::of(&self.config, self.kind)
    }

    /// The queue, made where there is none.
    fn open(&self, place: &Place) -> Result<Opened<'_>, ComputeError> {
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        if store.is_none() {
            *store = Some(Store::open(place)?);
        }
        Ok(Opened(store))
    }

    /// The queue, where there is one.
    fn existing(&self) -> Result<Option<Opened<'_>>, ComputeError> {
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        if store.is_none() {
            *store = Store::open_existing(&self.place()?)?;
        }
        Ok(store.is_some().then(|| Opened(store)))
    }

    /// The queue in which these jobs must be.
    fn known(&self, jobs: &[String]) -> Result<Opened<'_>, ComputeError> {
        self.existing()?
            .ok_or_else(|| store::unknown(jobs.first().map_or("", String::as_str)))
    }
}
