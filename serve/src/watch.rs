//! One look at all jobs for everybody who watches: what changed, and how far those are that run.
//!
//! Browsers open six connections to a server at most, so that a page needs one stream for everything. Nobody looks while nobody
//! watches: the first one that comes starts the watch, and it ends a moment after the last one has gone.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ffbatch_dispatcher::detail::{Filter, JobSummary};
use ffbatch_dispatcher::event::Event;
use ffbatch_dispatcher::state::State;
use serde_json::{Value, json};
use tokio::sync::broadcast::{self, Receiver, Sender};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::app::App;
use crate::routes::Job;

/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(500);

/// The pause where looking costs calls of a service that others use too, or has failed.
const FAR_PAUSE: Duration = Duration::from_secs(5);

/// So many changes may wait for a slow reader; one that falls further behind is told to read anew.
const BEHIND: usize = 4096;

/// The newest jobs that are watched.
const WATCHED: usize = 1000;

/// So many running jobs are followed for their progress.
const FOLLOWED: usize = 32;

/// What happened.
#[derive(Debug, Clone)]
pub struct Change {
    /// `job` or `progress`.
    pub kind: &'static str,
    /// The job, or its id with how far it is.
    pub value: Value,
}

/// The watch, if there is one.
#[derive(Debug, Default)]
pub struct Watch {
    running: Mutex<Option<Sender<Change>>>,
}

impl Watch {
    /// Everything that changes from now on.
    pub async fn subscribe(&self, app: &App) -> Receiver<Change> {
        let (receiver, looked) = self.join(app);
        if let Some(looked) = looked {
            // It cannot be told where the server ends at this moment.
            let _ = looked.await;
        }
        receiver
    }

    /// Joins the watch, or starts it: then with what is told once it has looked for the first time.
    fn join(&self, app: &App) -> (Receiver<Change>, Option<oneshot::Receiver<()>>) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = &*running {
            return (sender.subscribe(), None);
        }
        let (sender, receiver) = broadcast::channel(BEHIND);
        *running = Some(sender.clone());
        let (ready, looked) = oneshot::channel();
        tokio::spawn(look(app.clone(), sender, ready));
        (receiver, Some(looked))
    }

    /// Ends the watch where nobody watches any more.
    fn ends(&self) -> bool {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let alone = running
            .as_ref()
            .is_none_or(|sender| sender.receiver_count() == 0);
        if alone {
            *running = None;
        }
        alone
    }
}

/// Looks again and again.
async fn look(app: App, sender: Sender<Change>, ready: oneshot::Sender<()>) {
    let mut seen = Seen::default();
    let mut ready = Some(ready);
    while !app.watch().ends() {
        seen.once(&app, &sender).await;
        // Whoever came first may have gone.
        let _ = ready.take().map(|ready| ready.send(()));
        tokio::time::sleep(PAUSE).await;
    }
    for (_, follower) in seen.followed {
        follower.abort();
    }
}

/// What was seen last.
#[derive(Default)]
struct Seen {
    /// By compute.
    computes: HashMap<String, Known>,
    followed: HashMap<String, JoinHandle<()>>,
}

/// The jobs of a compute.
struct Known {
    /// By their ids; absent before the first look, which tells nobody anything new.
    jobs: Option<HashMap<String, Value>>,
    /// When to look again.
    next: Instant,
}

impl Seen {
    async fn once(&mut self, app: &App, sender: &Sender<Change>) {
        let filter = Filter {
            limit: Some(WATCHED),
            ..Filter::default()
        };
        for (name, compute) in app.computes() {
            let now = Instant::now();
            let first = || Known {
                jobs: None,
                next: now,
            };
            let mut known = self.computes.remove(name).unwrap_or_else(first);
            if known.next <= now {
                let listed = compute.list(&filter).await;
                let is_near = !app.is_elsewhere(name) && listed.is_ok();
                known.next = Instant::now() + if is_near { PAUSE } else { FAR_PAUSE };
                match listed {
                    Ok(listing) => self.news(app, name, listing.jobs, &mut known, sender),
                    // What is not seen now stays as it was.
                    Err(error) => {
                        tracing::warn!(compute = name, %error, "jobs cannot be watched");
                    }
                }
            }
            self.computes.insert(name.to_owned(), known);
        }
        self.followed.retain(|_, follower| !follower.is_finished());
    }

    /// Tells what is new of a compute's jobs.
    fn news(
        &mut self,
        app: &App,
        name: &str,
        jobs: Vec<JobSummary>,
        known: &mut Known,
        sender: &Sender<Change>,
    ) {
        let mut now = HashMap::with_capacity(jobs.len());
        for job in jobs {
            if job.state == State::Running {
                self.follow(app, name, &job.id, sender);
            }
            let value = json!(Job::of(name, &job));
            let before = known.jobs.as_ref();
            if before.is_some_and(|before| before.get(&job.id) != Some(&value)) {
                // Nobody may be left to hear it.
                let _ = sender.send(Change {
                    kind: "job",
                    value: value.clone(),
                });
            }
            now.insert(job.id, value);
        }
        known.jobs = Some(now);
    }

    /// Follows a job that runs, once.
    fn follow(&mut self, app: &App, compute: &str, job: &str, sender: &Sender<Change>) {
        if self.followed.contains_key(job) || self.followed.len() >= FOLLOWED {
            return;
        }
        let (app, sender) = (app.clone(), sender.clone());
        let (name, id) = (compute.to_owned(), job.to_owned());
        let follower = tokio::spawn(async move {
            let Ok(compute) = app.compute(&name) else {
                return;
            };
            let mut on = |event| {
                if let Event::Progress(progress) = event {
                    let value = json!({ "jobId": id, "progress": progress });
                    // As above.
                    let _ = sender.send(Change {
                        kind: "progress",
                        value,
                    });
                }
            };
            if let Err(error) = compute.follow(&id, &mut on).await {
                tracing::debug!(job = id, %error, "a job cannot be followed");
            }
        });
        self.followed.insert(job.to_owned(), follower);
    }
}
