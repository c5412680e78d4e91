//! One run: its job is submitted, or found again, followed to its end, and kept.

use std::pin::pin;

use ffbatch_dispatcher::chain::chain;
use ffbatch_dispatcher::command::Command;
use ffbatch_dispatcher::compute::{ComputeError, Outcome, Request};
use ffbatch_dispatcher::detail::JobSummary;
use ffbatch_dispatcher::event::Event;
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::job::Job;
use ffbatch_dispatcher::location::Location;
use ffbatch_dispatcher::retry::RetryStrategy;
use ffbatch_dispatcher::terms::Terms;
use ffbatch_dispatcher::variable::THREADS;
use jiff::Timestamp;

use super::encoder::Encoders;
use super::{Client, JOB_PREFIX, Runner, RunnerError, Told};
use crate::matrix::Cell;
use crate::run::{Ended, Given, Run, VERSION};

/// What a job shows that was stopped together with its benchmark.
const STOPPED: &str = "the benchmark was stopped";

impl Runner<'_> {
    /// Makes one run, and keeps how it ended.
    pub(super) async fn one(&self, cell: &Cell, round: u32) -> Result<(), RunnerError> {
        if *self.stop.borrow() {
            return Err(RunnerError::Stopped);
        }
        let client = self.client(cell)?;
        (self.tell)(Told::Began(cell, round));
        let (mut run, taken) = match self.begun(client, cell, round).await? {
            Some(found) => found,
            None => self.begin(client, cell, round).await?,
        };
        let ended = match taken {
            Ok(job) => self.follow(client, cell, &job).await?,
            Err(refused) => refusal(&refused),
        };
        let frames = frames_of(&ended);
        run.ended = Some(ended);
        if let Some(from) = frames {
            let name = format!("frames/{}.json", cell.id);
            match self.results.take(&from, &name).await {
                Ok(()) => {
                    if let Some(ended) = &mut run.ended {
                        ended.frames_at = Some(name);
                    }
                }
                Err(error) => (self.tell)(Told::Note(format!(
                    "the values of every frame of `{}` are lost: {error}",
                    cell.label()
                ))),
            }
        }
        self.results.keep(&run).await?;
        (self.tell)(Told::Ended(&run));
        self.remember(run);
        Ok(())
    }

    fn client(&self, cell: &Cell) -> Result<&Client, RunnerError> {
        let name = &cell.place.compute;
        self.clients.get(name).ok_or_else(|| {
            ComputeError::rejected(format!("there is no client of the compute `{name}`")).into()
        })
    }

    /// The run that somebody began who did not see its end, with its job.
    async fn begun(
        &self,
        client: &Client,
        cell: &Cell,
        round: u32,
    ) -> Result<Option<(Run, Taken)>, RunnerError> {
        let Some(run) = self.open(cell, round) else {
            return Ok(None);
        };
        let found = client.compute.find(&run.job_name).await?;
        match found.into_iter().next() {
            Some(job) if was_stopped(&job) => Ok(None),
            Some(job) => Ok(Some((run, Ok(job.id)))),
            // Written down and not submitted, as far as anybody can see. The same submission may be sent again.
            None => {
                let job = submit(client, self.request(cell, &run)?).await?;
                Ok(Some((run, job)))
            }
        }
    }

    /// Writes down that a run begins, and submits its job.
    async fn begin(
        &self,
        client: &Client,
        cell: &Cell,
        round: u32,
    ) -> Result<(Run, Taken), RunnerError> {
        let submission = uuid::Uuid::new_v4().to_string();
        let own = &submission[..8];
        let run = Run {
            version: VERSION,
            cell: cell.clone(),
            round,
            job_name: format!("{JOB_PREFIX}{}-{round}-{own}", cell.id),
            submission,
            submitted: Timestamp::now(),
            region: client.region.clone(),
            ended: None,
        };
        let request = self.request(cell, &run)?;
        self.results.keep(&run).await?;
        let job = submit(client, request).await?;
        Ok((run, job))
    }

    /// The request of a run; the first one of its cell measures quality.
    fn request(&self, cell: &Cell, run: &Run) -> Result<Request, RunnerError> {
        let output = self.results.inside(&format!("outputs/{}", cell.id));
        let commands = cell.commands_to(&output.to_string());
        let mut job = Job::of(commands.into_iter().map(Command::new).collect());
        job.name.clone_from(&run.job_name);
        job.quality = Some(if self.is_scored(cell) {
            Vec::new()
        } else {
            self.bench.quality.clone()
        });
        job.vmaf_model = match &job.quality {
            Some(metrics) if metrics.iter().any(|name| name == "vmaf") => {
                self.bench.vmaf_model.clone()
            }
            _ => None,
        };
        let wrong = |error| ComputeError::rejected(format!("`{}`: {error}", cell.label()));
        let directory = self.bench.directory.to_string_lossy();
        let job = job.anchored(&directory).map_err(wrong)?;
        let mut request = Request::of(run.submission.clone(), job);
        request.terms = Terms {
            vcpus: cell.place.vcpus,
            memory_mib: cell.place.memory_mib,
            instance_type: cell.place.instance_type.clone(),
            retry: RetryStrategy::default(),
            ..Terms::default()
        };
        if let Some(threads) = cell.place.threads {
            let threads = (THREADS.to_owned(), threads.to_string());
            request.environment.extend([threads]);
        }
        Ok(request)
    }

    /// Follows a job to its end. Where somebody stops the benchmark, a job of this machine is stopped too.
    async fn follow(&self, client: &Client, cell: &Cell, job: &str) -> Result<Ended, RunnerError> {
        let mut stop = self.stop.clone();
        let mut encoders = Encoders::default();
        let mut on = |event: Event| match event {
            Event::Progress(progress) => (self.tell)(Told::Progress(cell, &progress)),
            Event::Log { line } => encoders.read(&line),
            _ => {}
        };
        let outcome = {
            let mut followed = pin!(client.compute.follow(job, &mut on));
            tokio::select! {
                outcome = &mut followed => outcome?,
                _ = stop.wait_for(|stop| *stop) => {
                    if !client.elsewhere {
                        client.compute.cancel(&[job.to_owned()], STOPPED).await?;
                        followed.await?;
                    }
                    return Err(RunnerError::Stopped);
                }
            }
        };
        let Outcome {
            exit,
            error,
            report,
            ..
        } = outcome;
        if exit == Exit::Interrupted && *self.stop.borrow() {
            return Err(RunnerError::Stopped);
        }
        let detail = client.compute.describe(job).await?;
        let summary = &detail.summary;
        let queued = summary
            .started
            .map(|started| started.duration_since(summary.created));
        Ok(Ended {
            job: job.to_owned(),
            exit,
            error,
            attempts: summary.attempt,
            given: Given {
                vcpus: detail.terms.vcpus,
                memory_mib: detail.terms.memory_mib,
            },
            queued_secs: queued.map(|queued| queued.as_secs_f64()),
            encoders: encoders.found(),
            report,
            frames_at: None,
        })
    }
}

/// Whether a job ended because somebody stopped it, or its machine was lost: nothing was measured.
fn was_stopped(job: &JobSummary) -> bool {
    job.state.is_ended() && matches!(job.exit, None | Some(Exit::Interrupted))
}

/// The id of a job that a compute took, or why it never will.
type Taken = Result<String, ComputeError>;

async fn submit(client: &Client, request: Request) -> Result<Taken, RunnerError> {
    match client.compute.submit(&[request]).await {
        Ok(ids) => Ok(Ok(ids.into_iter().next().unwrap_or_default())),
        // Asked again it may be taken: that ends the benchmark, which goes on from there.
        Err(busy) if busy.retry => Err(busy.into()),
        Err(refused) => Ok(Err(refused)),
    }
}

/// A run whose job no compute took.
fn refusal(refused: &ComputeError) -> Ended {
    Ended {
        job: String::new(),
        exit: refused.exit,
        error: Some(chain(refused)),
        attempts: 0,
        given: Given::default(),
        queued_secs: None,
        encoders: Vec::new(),
        report: None,
        frames_at: None,
    }
}

/// Where a job has left the values of every frame of its first video.
fn frames_of(ended: &Ended) -> Option<Location> {
    let quality = ended.report.as_ref()?.quality.as_ref()?;
    let at = quality.outputs.first()?.frames_at.as_ref()?;
    at.parse().ok()
}
