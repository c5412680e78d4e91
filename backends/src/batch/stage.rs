//! Paths of this machine on a compute in the cloud: what jobs read goes into the bucket before they are submitted, what they wrote
//! comes back when they have succeeded.
//!
//! - [`source`] finds what a job reads ([`named`]: with what that names), and refuses what cannot come along. Nothing has moved then.
//! - [`hashes`] and [`shelf`] give it its place, `inputs/<sha256>/<name>`: the same file is sent once, by whoever. [`upload`] sends it.
//! - [`results`] gives what a job writes its place, `results/<submission>/<index>/`; [`written`] lets jobs of one submission read it there.
//! - [`planned`] puts all of this into a job in the place of its paths. A worker sees S3 and nothing else.
//! - [`record`] keeps where results belong, and [`collect`](mod@collect) brings them there.
//!
//! The bucket keeps all of it: what was uploaded is there for the next job, and the results for whoever waits. Only the owner's
//! lifecycle rules remove anything.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ffbatch_dispatcher::compute::{ComputeError, Request};
use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::event::{Event, Stage};
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::job::Job;
use ffbatch_storage::{Meter, within};

use self::hashes::Hashes;
use self::planned::{Planned, Refusal, is_local};
use self::record::{Record, Records};
use self::shelf::Shelf;
use self::source::{Source, Survey};
use self::upload::There;
use self::written::{Reader, Written};
use super::client::Client;
use crate::state;

pub mod collect;
mod hashes;
mod named;
mod planned;
mod progress;
pub mod record;
mod results;
mod shelf;
mod source;
mod upload;
mod written;

/// Under what results lie.
const RESULTS: &str = "results";

/// The staging of one compute, and what it has learnt so far: a file that was read, or is there, is so the next time too.
#[derive(Debug)]
pub struct Staging {
    config: Config,
    hashes: Hashes,
    there: There,
}

/// Every file and directory of this machine that a job reads, as far as it can be told: of what belongs together the directory. What
/// cannot be read is left to whoever runs the job, and so is what an earlier command of the job has yet to write.
pub fn read_here(job: &Job, own: &Path) -> Vec<PathBuf> {
    let mut written = Written::default();
    let reader = Reader {
        request: 0,
        index: 0,
        command: 0,
        waits: false,
    };
    let Ok(mut planned) = Planned::new(job, RESULTS) else {
        return Vec::new();
    };
    for (command, location, key) in planned.written() {
        let writer = Reader { command, ..reader };
        written.add(location, writer, key.to_owned());
    }
    // What was seen before the refusal counts all the same; the worker will say what is wrong.
    if let Err(Refusal::Read(why) | Refusal::Asked(why)) =
        planned.survey(&mut Survey::new(own, &written), reader)
    {
        tracing::debug!("what the job reads is not known in full: {why}");
    }
    planned.sources().flat_map(|source| source.here()).collect()
}

/// A request as it is submitted.
#[derive(Debug)]
pub struct Staged<'a> {
    /// The request, without a path of this machine.
    pub request: Cow<'a, Request>,
    /// Where its results belong; absent where all of them stay where they are.
    pub record: Option<Record>,
}

impl Staging {
    /// Touches nothing.
    pub fn of(config: &Config) -> Self {
        Self {
            config: config.clone(),
            hashes: Hashes::default(),
            there: There::default(),
        }
    }

    /// What is remembered here.
    pub fn records(&self) -> Result<Records, ComputeError> {
        let state = state::directory(&self.config, "what is remembered of a job")?;
        Ok(Records::below(&state))
    }

    /// Brings what these requests read into the bucket, and puts places there for their paths of this machine. Requests without any
    /// stay as they are, and ask for no bucket.
    pub async fn stage<'a>(
        &self,
        client: &Client,
        requests: Vec<&'a Request>,
        on: &mut (dyn FnMut(Event) + Send),
    ) -> Result<Vec<Staged<'a>>, ComputeError> {
        let local = |request: &&Request| request.jobs.iter().any(is_local);
        if !requests.iter().any(local) {
            let as_it_is = |request| Staged {
                request: Cow::Borrowed(request),
                record: None,
            };
            return Ok(requests.into_iter().map(as_it_is).collect());
        }
        let bucket = client.bucket().await?;
        let own = std::env::current_dir().map_err(|error| {
            ComputeError::machine("the current directory is gone").because(error)
        })?;
        let planned = plan(&requests, &bucket, &own)?;
        self.read(&planned, on).await?;
        let mut inputs = Shelf::new(&bucket, &self.hashes);
        let mut staged = Vec::with_capacity(requests.len());
        for (request, jobs) in requests.into_iter().zip(planned) {
            let mut elsewhere = request.clone();
            let mut roots = Vec::with_capacity(jobs.len());
            for (job, plan) in elsewhere.jobs.iter_mut().zip(jobs) {
                *job = plan.elsewhere(&bucket, &mut inputs)?;
                roots.push(plan.results.roots);
            }
            let any = roots.iter().any(|roots| !roots.is_empty());
            staged.push(Staged {
                request: Cow::Owned(elsewhere),
                record: any.then(|| Record::new(bucket.clone(), roots)),
            });
        }
        let contents = inputs.contents;
        upload::upload(client, &bucket, contents, &self.there, on).await?;
        Ok(staged)
    }

    /// Reads what has not been read yet.
    async fn read(
        &self,
        planned: &[Vec<Planned<'_>>],
        on: &mut (dyn FnMut(Event) + Send),
    ) -> Result<(), ComputeError> {
        let sources = planned.iter().flatten().flat_map(Planned::sources);
        let mut distinct: Vec<&Arc<Source>> = sources.collect();
        distinct.sort_by_key(|source| Arc::as_ptr(source).addr());
        distinct.dedup_by_key(|source| Arc::as_ptr(source).addr());
        let mut files: Vec<&Path> = distinct.iter().flat_map(|source| source.files()).collect();
        files.sort_unstable();
        files.dedup();
        let unknown: Vec<(PathBuf, u64)> = self.hashes.unknown(files.into_iter());
        if unknown.is_empty() {
            return Ok(());
        }
        let total = unknown.iter().map(|(_, bytes)| bytes).sum();
        let meter = Arc::new(Meter::default());
        let reading = self.hashes.learn(unknown, &meter);
        progress::watched(Stage::Check, reading, &meter, total, on).await
    }
}

/// What each job of each request reads and writes here.
fn plan<'a>(
    requests: &[&'a Request],
    bucket: &str,
    own: &Path,
) -> Result<Vec<Vec<Planned<'a>>>, ComputeError> {
    let mut written = Written::default();
    let mut planned: Vec<Vec<Planned<'a>>> = Vec::with_capacity(requests.len());
    for (number, request) in requests.iter().enumerate() {
        let mut jobs = Vec::with_capacity(request.jobs.len());
        for (index, job) in request.jobs.iter().enumerate() {
            let prefix = format!("{RESULTS}/{}/{index}", request.id);
            let plan = Planned::new(job, &prefix).map_err(|why| refused(request, index, why))?;
            for (command, location, key) in plan.written() {
                let writer = reader(number, index, command, request);
                written.add(location, writer, format!("s3://{bucket}/{key}"));
            }
            jobs.push(plan);
        }
        planned.push(jobs);
    }
    let mut survey = Survey::new(own, &written);
    for (number, (request, jobs)) in requests.iter().zip(&mut planned).enumerate() {
        for (index, plan) in jobs.iter_mut().enumerate() {
            plan.survey(&mut survey, reader(number, index, 0, request))
                .map_err(|why| refused(request, index, why))?;
            let bounds = request.jobs[index].bounds.as_ref();
            for file in plan.sources().flat_map(|source| source.files()) {
                within(bounds, &file.to_string_lossy())
                    .map_err(|why| refused(request, index, Refusal::Asked(why)))?;
            }
        }
    }
    Ok(planned)
}

fn reader(number: usize, index: usize, command: usize, request: &Request) -> Reader {
    Reader {
        request: number,
        index,
        command,
        waits: !request.terms.depends_on.is_empty(),
    }
}

fn refused(request: &Request, index: usize, why: Refusal) -> ComputeError {
    let (exit, why) = match why {
        Refusal::Read(why) => (Exit::Input, why),
        Refusal::Asked(why) => (Exit::Rejected, why),
    };
    let name = match &request.jobs[index].name {
        name if name.is_empty() => &request.name,
        name => name,
    };
    let of = if request.is_array() {
        format!("child {index} of job `{}`: ", request.name)
    } else if name.is_empty() {
        String::new()
    } else {
        format!("job `{name}`: ")
    };
    ComputeError {
        exit,
        ..ComputeError::machine(format!("{of}{why}"))
    }
}
