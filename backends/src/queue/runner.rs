//! The runner: owns the execution of one queue's jobs, one runner at a time.
//!
//! It holds the lock of `runner.lock`, which the kernel releases when it dies, however it does. What it knows is in the database and
//! in the files of the attempts, and a worker lives on without it; so it can be killed at any moment, and the next one
//! goes on where it was:
//!
//! 1. An attempt is noted as begun (`STARTING`) *before* its worker is started. The worker's standard output is the file of its
//!    events, which the runner has locked; the lock lives as long as the worker does. So the next runner can tell of
//!    every attempt, also of one whose worker was started a moment ago and never noted, whether it is under way.
//! 2. An attempt is over when its worker is. How, its exit status and its last event say; see [`ending`].
//! 3. What cannot be noted (a full disk) is kept and noted later. Nothing is started that could not be noted.
//!
//! Jobs start strictly by priority and order of submission. One that does not fit yet is waited for, so that small jobs never
//! keep a large one from running.

use std::collections::HashMap;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ffbatch_dispatcher::compute::ComputeError;
use jiff::Timestamp;
use tokio::net::UnixDatagram;
use tokio::sync::watch;
use tokio::task::JoinSet;

use self::attempt::Attempt;
use self::capacity::Capacity;
use super::bell;
use super::carrier::{Carrier, Order};
use super::ending;
use super::place::Place;
use super::process::{Identity, Moment};
use super::settings::Settings;
use super::store::Store;
use super::store::attempts::{Candidate, Ended};

pub mod capacity;

mod attempt;
mod lock;
mod start;
mod tend;

/// How often the runner looks by itself: at workers that are not its children, at jobs whose time may be over.
const TICK: Duration = Duration::from_millis(200);

/// How soon it is noted that a worker runs that is still there by then. Shorter jobs are noted once, when they end.
const NOTED_AFTER: Duration = Duration::from_millis(25);

/// How often it looks while nothing runs. Whoever brings work rings the bell.
const IDLE_TICK: Duration = Duration::from_secs(5);

/// The pause before the database is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// How often the database is tried again where nothing runs that somebody has to wait for.
const TRIES: u32 = 30;

/// How often old jobs are looked for.
const PRUNE_EVERY: Duration = Duration::from_hours(1);

/// How a runner came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// There is nothing more to run.
    Idle,
    /// Another runner is at work, and this one was not to wait for its end.
    Taken,
    /// It was asked to stop. Workers that run go on, and the next runner takes them over.
    Stopped {
        /// How many.
        running: usize,
    },
}

/// A runner at work.
struct Runner {
    store: Store,
    settings: Settings,
    carrier: Option<Arc<dyn Carrier>>,
    attempts: HashMap<i64, Attempt>,
    under_way: JoinSet<(i64, Over)>,
    /// Ends that are not noted yet.
    ended: Vec<(i64, Ended)>,
    /// Workers that are not noted yet.
    spawned: Vec<(i64, Option<Identity>)>,
    /// Whether a worker could not be started in this turn.
    stumbled: bool,
    /// The state of the database when it was last looked at.
    version: Option<i64>,
    pruned: Option<Instant>,
}

/// How something came to its end that was waited for.
enum Over {
    /// A worker that is a child of this process.
    Process(std::io::Result<ExitStatus>),
    /// An attempt that was carried.
    Carried(Ended),
}

/// Runs a queue: until `stop` is ready, and unless `stays`, until there is nothing more to run.
pub async fn serve(
    place: &Place,
    settings: Settings,
    carrier: Option<Arc<dyn Carrier>>,
    stays: bool,
    stop: impl Future<Output = ()>,
) -> Result<Left, ComputeError> {
    let mut stop = std::pin::pin!(stop);
    let store = Store::open(place)?;
    store.relax()?;
    let mut runner = Runner {
        store,
        settings,
        carrier,
        attempts: HashMap::new(),
        under_way: JoinSet::new(),
        ended: Vec::new(),
        spawned: Vec::new(),
        stumbled: false,
        version: None,
        pruned: None,
    };
    loop {
        let mut told = false;
        let lock = loop {
            if let Some(lock) = lock::take(place)? {
                break lock;
            }
            if !stays {
                return Ok(Left::Taken);
            }
            if !std::mem::replace(&mut told, true) {
                tracing::info!("another runner is at work; this one waits until it leaves");
            }
            tokio::select! {
                () = &mut stop => return Ok(Left::Stopped { running: 0 }),
                () = tokio::time::sleep(PAUSE) => {}
            }
        };
        let bell = bell::hang(place)?;
        runner.adopt()?;
        let left = runner.work(&bell, stays, stop.as_mut()).await?;
        // The bell comes down before the last look, the lock after it is sure that somebody may take it.
        drop(bell);
        drop(lock);
        if left != Left::Idle || runner.store.is_idle()? {
            return Ok(left);
        }
    }
}

impl Runner {
    /// Runs jobs until there is nothing more to do or the runner is asked to stop.
    async fn work(
        &mut self,
        bell: &UnixDatagram,
        stays: bool,
        mut stop: std::pin::Pin<&mut impl Future<Output = ()>>,
    ) -> Result<Left, ComputeError> {
        let mut failures = 0;
        loop {
            let turned = self.turn();
            failures = if turned.is_ok() { 0 } else { failures + 1 };
            let pause = match turned {
                Ok(idle) if idle && !stays => return Ok(Left::Idle),
                Ok(idle) if idle => IDLE_TICK,
                // What keeps one worker from starting may keep all: a full disk, a program that is being replaced.
                Ok(_) if self.stumbled => PAUSE,
                Ok(_) if !self.spawned.is_empty() => NOTED_AFTER,
                Ok(_) => TICK,
                Err(error) if failures > TRIES && self.attempts.is_empty() => return Err(error),
                Err(error) => {
                    tracing::error!("{error}{}; trying again", source(&error));
                    // Nobody's ring makes a full disk empty.
                    tokio::select! {
                        () = &mut stop => return Ok(Left::Stopped { running: self.attempts.len() }),
                        () = tokio::time::sleep(PAUSE) => continue,
                    }
                }
            };
            tokio::select! {
                biased;
                () = &mut stop => {
                    self.note()?;
                    return Ok(Left::Stopped { running: self.attempts.len() });
                }
                Some(over) = self.under_way.join_next() => {
                    self.over(over);
                    // Whatever else has ended by now is noted with it.
                    while let Some(over) = self.under_way.try_join_next() {
                        self.over(over);
                    }
                }
                () = bell::heard(bell) => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// One turn: notes what has ended, starts what fits, stops what has to stop. Tells whether nothing is left to do.
    fn turn(&mut self) -> Result<bool, ComputeError> {
        self.look_after_adopted();
        self.stumbled = false;
        let is_gone = !self.store.is_there();
        // Whoever removed the queue does not want its jobs to start. Those that run are left alone.
        let filled = if is_gone { self.note() } else { self.fill() };
        // A worker that has to stop is stopped, also where nothing can be noted.
        let tended = self.tend();
        filled.and(tended)?;
        self.prune()?;
        if !self.attempts.is_empty() || !self.ended.is_empty() {
            return Ok(false);
        }
        if is_gone {
            return Err(ComputeError::machine(format!(
                "the queue `{}` is gone (somebody has removed or replaced it)",
                self.store.place().database().display()
            )));
        }
        self.store.is_idle()
    }

    /// Notes what has begun and ended, and starts what fits.
    ///
    /// That a worker runs is noted with whatever is noted next: one transaction a job is enough for short ones.
    fn fill(&mut self) -> Result<(), ComputeError> {
        let capacity = Capacity::beside(
            self.settings,
            self.attempts.values().map(|attempt| &attempt.job),
        );
        let unnoted = !self.ended.is_empty() || !self.spawned.is_empty();
        if !unnoted && (capacity.most() == 0 || self.store.next(1)?.is_empty()) {
            return Ok(());
        }
        let now = Moment::now();
        let begun =
            self.store
                .turn(&self.spawned, &self.ended, capacity, &now, Timestamp::now())?;
        self.spawned.clear();
        self.ended.clear();
        for (job, attempt) in begun {
            self.start(&job, attempt, now.clone());
        }
        Ok(())
    }

    /// Notes what has begun and ended, and starts nothing.
    fn note(&mut self) -> Result<(), ComputeError> {
        let none = Capacity::beside(
            Settings {
                vcpus: 0,
                ..self.settings
            },
            std::iter::empty(),
        );
        self.store.turn(
            &self.spawned,
            &self.ended,
            none,
            &Moment::now(),
            Timestamp::now(),
        )?;
        self.spawned.clear();
        self.ended.clear();
        Ok(())
    }

    /// Starts the worker of an attempt that was noted as begun.
    fn start(&mut self, job: &Candidate, number: u32, began: Moment) {
        let seq = job.seq;
        let started = match self.carrier.clone() {
            Some(carrier) => self.carry(carrier, job, number, began),
            None => self.spawn(job, number, began),
        };
        match started {
            Ok(attempt) => {
                tracing::info!("job {} runs (attempt {number})", job.id);
                self.spawned.push((seq, attempt.worker.clone()));
                self.attempts.insert(seq, attempt);
            }
            Err(why) => {
                tracing::warn!("job {} cannot be started: {why}", job.id);
                self.ended.push((seq, ending::not_started(&why)));
                self.stumbled = true;
            }
        }
    }

    /// Starts a worker as a child.
    fn spawn(&mut self, job: &Candidate, number: u32, began: Moment) -> Result<Attempt, String> {
        let (mut child, attempt) = start::start(&self.store, job, number, began)?;
        let worker = child
            .id()
            .and_then(|pid| i32::try_from(pid).ok())
            .and_then(Identity::of);
        let seq = job.seq;
        self.under_way
            .spawn(async move { (seq, Over::Process(child.wait().await)) });
        Ok(Attempt { worker, ..attempt })
    }

    /// Has a new attempt carried.
    fn carry(
        &mut self,
        carrier: Arc<dyn Carrier>,
        job: &Candidate,
        number: u32,
        began: Moment,
    ) -> Result<Attempt, String> {
        let work = self
            .store
            .work(job.seq)
            .map_err(|error| error.to_string())?;
        let order = Order {
            job: job.clone(),
            number,
            files: self.store.place().files(&job.id, number),
            work,
            resumed: false,
            restarted: false,
        };
        Ok(self.carried(carrier, order, began))
    }

    /// Has an attempt carried, from wherever it is.
    fn carried(&mut self, carrier: Arc<dyn Carrier>, order: Order, began: Moment) -> Attempt {
        let (leash, asked) = watch::channel(false);
        let attempt = Attempt {
            job: order.job.clone(),
            files: order.files.clone(),
            program: order.work.environment.worker.clone(),
            worker: None,
            began,
            timeout: order
                .work
                .timeout_secs
                .map(|seconds| Duration::from_secs(seconds.into())),
            is_child: true,
            leash: Some(leash),
            doomed: false,
            asked: None,
        };
        self.under_way.spawn(async move {
            let seq = order.job.seq;
            (seq, Over::Carried(carrier.carry(order, asked).await))
        });
        attempt
    }

    /// Something has ended that was waited for.
    fn over(&mut self, over: Result<(i64, Over), tokio::task::JoinError>) {
        let (seq, over) = match over {
            Ok(over) => over,
            Err(error) => {
                // Who waits no longer has let go of the leash, and the locks of their events tell which processes live.
                tracing::error!("the end of a worker was not told: {error}");
                self.attempts
                    .values_mut()
                    .for_each(|attempt| attempt.is_child &= attempt.leash.is_some());
                self.attempts.retain(|_, attempt| !attempt.is_dropped());
                if let Err(error) = self.adopt() {
                    tracing::error!("{error}");
                }
                return;
            }
        };
        let Some(attempt) = self.attempts.remove(&seq) else {
            return;
        };
        let ended = match over {
            Over::Process(status) => attempt.ended(status, self.store.place().is_full()),
            Over::Carried(ended) => ended,
        };
        // What keeps one container from being started may keep all.
        self.stumbled |= ending::is_not_started(&ended);
        tracing::info!("job {} {}", attempt.job.id, said(&ended));
        self.ended.push((seq, ended));
    }

    /// Takes old jobs out of the queue, some at a time.
    fn prune(&mut self) -> Result<(), ComputeError> {
        if self.pruned.is_some_and(|last| last.elapsed() < PRUNE_EVERY) {
            return Ok(());
        }
        let old = self.store.old(self.settings.keep_days, Timestamp::now())?;
        // The files first: what is still in the queue is found again.
        for (id, attempts) in &old.files {
            for number in 1..=*attempts {
                attempt::remove(&self.store.place().files(id, number));
            }
        }
        if old.jobs.is_empty() {
            self.pruned = Some(Instant::now());
        } else {
            self.store.forget(&old.jobs)?;
            tracing::info!(
                "{} jobs that ended more than {} days ago were taken out",
                old.jobs.len(),
                self.settings.keep_days
            );
        }
        Ok(())
    }
}

/// How an attempt ended, for the log.
fn said(ended: &Ended) -> String {
    match &ended.reason {
        Some(reason) => format!("ended: {reason}"),
        None => "ended well".to_owned(),
    }
}

fn source(error: &ComputeError) -> String {
    error
        .source
        .as_ref()
        .map_or_else(String::new, |source| format!(": {source}"))
}
