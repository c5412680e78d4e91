//! Runs what is missing: cells in turn (A B C, A B C), until each is known well enough.
//!
//! Runs are interleaved so that a machine that grows warm, or a neighbour that comes and goes, meets all cells alike. Cells that share a
//! machine wait for each other; cells of different machines do not. One lane holds those of one machine: this one, whether its jobs
//! run as processes or in containers, or an instance type of a compute, whose next job AWS Batch gives the instance of the last.
//!
//! What is about to run is written down before its job is submitted, under the id with which it is submitted. Whoever comes after a
//! program that was killed finds the job by it, and follows it: no run is lost, and none is made twice.

mod encoder;
mod one;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use ffbatch_dispatcher::compute::{Compute, ComputeError};
use ffbatch_dispatcher::detail::Filter;
use ffbatch_dispatcher::event::Progress;
use ffbatch_dispatcher::state::State;
use futures_util::future::join_all;
use tokio::sync::watch;

use crate::file::BenchFile;
use crate::matrix::Cell;
use crate::results::{Results, ResultsError};
use crate::run::Run;
use crate::statistics::Interval;

/// What the names of a benchmark's jobs begin with.
const JOB_PREFIX: &str = "bench-";

/// A benchmark that came to no end.
#[derive(Debug, thiserror::Error)]
pub enum RunnerError {
    /// A compute does not do what it is asked for.
    #[error(transparent)]
    Compute(#[from] ComputeError),
    /// Results cannot be kept.
    #[error(transparent)]
    Results(#[from] ResultsError),
    /// Somebody stopped it.
    #[error("stopped; what was measured is kept (the same command goes on from there)")]
    Stopped,
}

/// A compute that cells run on.
pub struct Client {
    /// Whom to ask.
    pub compute: Box<dyn Compute>,
    /// Whether its jobs run elsewhere, and go on without us.
    pub elsewhere: bool,
    /// Its Region; absent on this machine.
    pub region: Option<String>,
}

/// What a runner tells while it works.
#[derive(Debug)]
pub enum Told<'a> {
    /// A run begins.
    Began(&'a Cell, u32),
    /// How far it is.
    Progress(&'a Cell, &'a Progress),
    /// A run has ended, well or not.
    Ended(&'a Run),
    /// Something worth knowing.
    Note(String),
}

/// Runs a benchmark.
pub struct Runner<'a> {
    bench: &'a BenchFile,
    results: &'a Results,
    clients: &'a BTreeMap<String, Client>,
    tell: &'a (dyn Fn(Told<'_>) + Sync),
    stop: watch::Receiver<bool>,
    /// Runs that are known, by cell.
    known: Mutex<BTreeMap<String, Vec<Run>>>,
    /// Cells of which a run has failed: they are not tried again before somebody asks again.
    given_up: Mutex<BTreeSet<String>>,
}

impl<'a> Runner<'a> {
    /// A runner that knows these runs. It stops when `stop` becomes true.
    pub fn new(
        bench: &'a BenchFile,
        results: &'a Results,
        clients: &'a BTreeMap<String, Client>,
        runs: Vec<Run>,
        tell: &'a (dyn Fn(Told<'_>) + Sync),
        stop: watch::Receiver<bool>,
    ) -> Self {
        let mut known: BTreeMap<String, Vec<Run>> = BTreeMap::new();
        for run in runs {
            known.entry(run.cell.id.clone()).or_default().push(run);
        }
        Self {
            bench,
            results,
            clients,
            tell,
            stop,
            known: Mutex::new(known),
            given_up: Mutex::default(),
        }
    }

    /// Runs what is missing of these cells.
    pub async fn run(&self, cells: &[Cell]) -> Result<(), RunnerError> {
        self.results.make_room().await?;
        let mut lanes: BTreeMap<String, Vec<&Cell>> = BTreeMap::new();
        for cell in cells {
            lanes.entry(self.lane_of(cell)).or_default().push(cell);
        }
        self.look_around().await?;
        // A lane that fails leaves the others to end what they have begun.
        let ended = join_all(lanes.values().map(|cells| self.lane(cells))).await;
        ended.into_iter().collect()
    }

    /// Says so where other jobs share this machine: then times say little.
    async fn look_around(&self) -> Result<(), RunnerError> {
        for (name, client) in self.clients.iter().filter(|(_, client)| !client.elsewhere) {
            let open = State::ALL.into_iter().filter(|state| !state.is_ended());
            let filter = Filter {
                states: open.collect(),
                ..Filter::default()
            };
            let jobs = client.compute.list(&filter).await?.jobs;
            let others = jobs.iter().filter(|job| !self.is_ours(&job.name)).count();
            if others > 0 {
                (self.tell)(Told::Note(format!(
                    "{others} jobs of others run or wait on this machine, in the queue of `{name}`: times say little until they have ended (`ffbatch list --compute {name}`)"
                )));
            }
        }
        Ok(())
    }

    /// Whether a job is of a run that is known.
    fn is_ours(&self, name: &str) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut runs = known.values().flatten();
        runs.any(|run| run.job_name == name)
    }

    /// Everything that is known, in the order of cells and rounds.
    pub fn runs(self) -> Vec<Run> {
        let known = self.known.into_inner();
        let known = known.unwrap_or_else(PoisonError::into_inner);
        known.into_values().flatten().collect()
    }

    /// The machine that a cell runs on.
    fn lane_of(&self, cell: &Cell) -> String {
        match self.clients.get(&cell.place.compute) {
            Some(client) if client.elsewhere => {
                let instance = cell.place.instance_type.as_deref();
                format!("{} {}", cell.place.compute, instance.unwrap_or_default())
            }
            _ => String::new(),
        }
    }

    async fn lane(&self, cells: &[&Cell]) -> Result<(), RunnerError> {
        let first = u32::from(!self.bench.warmup);
        for round in first..=self.bench.max_repeats {
            for cell in cells {
                if self.wants(cell, round) {
                    self.one(cell, round).await?;
                }
            }
        }
        Ok(())
    }

    /// A run that was begun and has not ended, as far as is known.
    fn open(&self, cell: &Cell, round: u32) -> Option<Run> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut runs = known.get(&cell.id)?.iter();
        runs.find(|run| run.round == round && run.ended.is_none())
            .cloned()
    }

    /// Whether a cell has its scores.
    fn is_scored(&self, cell: &Cell) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut runs = known.get(&cell.id).into_iter().flatten();
        let has_quality = |run: &Run| {
            run.succeeded()
                .is_some_and(|report| report.quality.is_some())
        };
        runs.any(has_quality)
    }

    fn remember(&self, run: Run) {
        if run.succeeded().is_none() {
            let given_up = self.given_up.lock();
            let mut given_up = given_up.unwrap_or_else(PoisonError::into_inner);
            given_up.insert(run.cell.id.clone());
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let runs = known.entry(run.cell.id.clone()).or_default();
        runs.retain(|other| other.round != run.round);
        runs.push(run);
    }

    fn is_given_up(&self, cell: &Cell) -> bool {
        let given_up = self.given_up.lock();
        let given_up = given_up.unwrap_or_else(PoisonError::into_inner);
        given_up.contains(&cell.id)
    }

    /// Whether a cell has to run in a round.
    fn wants(&self, cell: &Cell, round: u32) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let runs = known.get(&cell.id).map_or(&[][..], Vec::as_slice);
        let is_there = |run: &Run| run.round == round && run.succeeded().is_some();
        if runs.iter().any(is_there) || self.is_given_up(cell) {
            return false;
        }
        round <= self.bench.repeats || !is_precise(runs, self.bench.precision_percent)
    }
}

/// Whether the time of a cell is known well enough.
pub fn is_precise(runs: &[Run], precision_percent: f64) -> bool {
    let timed: Vec<f64> = runs
        .iter()
        .filter(|run| run.round > 0)
        .filter_map(Run::encode_secs)
        .collect();
    let half = Interval::of(&timed).and_then(|interval| interval.half_width_percent());
    half.is_some_and(|half| half < precision_percent)
}
