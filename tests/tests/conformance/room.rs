//! A connected compute with a place for files: a directory where jobs run on this machine, else a bucket.

use ffbatch_dispatcher::command::Command;
use ffbatch_dispatcher::compute::{Compute, Family, Outcome, Request};
use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::detail::{JobDetail, JobSummary};
use ffbatch_dispatcher::dispatch;
use ffbatch_dispatcher::event::Event;
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::job::Job;
use ffbatch_tests::aws::{Aws, BUCKET};
use ffbatch_tests::clip::{self, Clip};
use ffbatch_tests::media::frames;
use ffbatch_tests::moto::REGION;
use ffbatch_tests::queue::{self, Who};
use ffbatch_tests::sandbox::{Sandbox, until};
use ffbatch_tests::{docker, image, tools};
use tokio::runtime::Runtime;

/// A compute, and where its jobs read and write.
pub struct Room {
    family: &'static str,
    /// The client.
    pub compute: Box<dyn Compute>,
    aws: Option<Aws>,
    sandbox: Sandbox,
    runtime: Runtime,
}

impl Room {
    /// A compute that nobody else uses; `None`, said loudly, where it needs containers and there is no engine for them.
    #[track_caller]
    pub fn of(family: &'static Family) -> Option<Self> {
        let sandbox = Sandbox::new();
        let mut config = Config::default();
        let on_batch = (family.infra)().batch.is_some();
        let aws = if on_batch {
            let aws = Aws::with_docker()?;
            aws.s3().create(BUCKET);
            aws.compute(family.name, &image::worker());
            let [(_, endpoint), ..] = aws.environment();
            config.aws.endpoint_url = Some(endpoint);
            config.aws.region = Some(REGION.to_owned());
            Some(aws)
        } else {
            if family.name == "docker" {
                if !docker::present() {
                    return None;
                }
                let section = config.backends.entry("docker".to_owned()).or_default();
                section.insert("image".to_owned(), image::worker().into());
            }
            config.worker = Some(tools::worker());
            config.ffmpeg = Some(tools::ffmpeg());
            config.state_dir = Some(sandbox.directory("state"));
            config.work_dir = Some(sandbox.directory("work"));
            None
        };
        let compute = (family.connect)(family, &config).expect("the compute connects");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime starts");
        Some(Self {
            family: family.name,
            compute,
            aws,
            sandbox,
            runtime,
        })
    }

    /// Asserts that nothing was asked of AWS that it would have refused, and that nothing is left.
    #[track_caller]
    pub fn end(self) {
        match &self.aws {
            Some(aws) => assert_eq!(aws.violations(), Vec::<String>::new()),
            None => until("the queue has no runner", || {
                queue::processes(&self.sandbox, Who::Runner).is_empty()
            }),
        }
    }

    /// Whether jobs are on AWS Batch.
    pub const fn is_on_batch(&self) -> bool {
        self.aws.is_some()
    }

    /// Waits for an answer of the compute.
    pub fn ask<T>(&self, answer: impl Future<Output = T>) -> T {
        self.runtime.block_on(answer)
    }

    /// How a job names a file.
    pub fn at(&self, name: &str) -> String {
        match &self.aws {
            Some(_) => format!("s3://{BUCKET}/{name}"),
            None => self.sandbox.path(name).display().to_string(),
        }
    }

    /// Takes the host away on which a job runs; whether that can be done here.
    #[track_caller]
    pub fn lose_host(&self, job: &str) -> bool {
        if let Some(aws) = &self.aws {
            aws.reclaim(job, 0.0);
        }
        self.is_on_batch()
    }

    /// Has the jobs of the family look for an image that nobody has; whether that can be done here.
    #[track_caller]
    pub fn lose_image(&self) -> bool {
        if let Some(aws) = &self.aws {
            aws.define(self.family, "nowhere.example/ffbatch:missing");
        }
        self.is_on_batch()
    }

    /// Puts a clip there.
    #[track_caller]
    pub fn put(&self, clip: Clip, name: &str) {
        match &self.aws {
            Some(aws) => aws.s3().put(BUCKET, name, clip::bytes(clip)),
            None => self.sandbox.place(clip, name),
        }
    }

    /// Whether there is such a file.
    #[track_caller]
    pub fn has(&self, name: &str) -> bool {
        match &self.aws {
            Some(aws) => aws.s3().keys(BUCKET).contains(name),
            None => self.sandbox.path(name).exists(),
        }
    }

    /// How many frames a file has.
    #[track_caller]
    pub fn frames(&self, name: &str) -> usize {
        if let Some(aws) = &self.aws {
            self.sandbox.write(name, aws.s3().get(BUCKET, name));
        }
        frames(&self.sandbox.path(name))
    }

    /// A job; `@` stands before the name of a file.
    #[track_caller]
    pub fn job(&self, words: &str) -> Job {
        let words = words.split(' ').map(|word| match word.strip_prefix('@') {
            Some(name) => self.at(name),
            None => word.to_owned(),
        });
        Job::of(vec![Command::new(words)])
    }

    /// A request for it.
    #[track_caller]
    pub fn request(&self, name: &str, words: &str) -> Request {
        self.array(name, &[words.to_owned()])
    }

    /// A request for several in one array.
    #[track_caller]
    pub fn array(&self, name: &str, children: &[String]) -> Request {
        let jobs: Vec<Job> = children.iter().map(|words| self.job(words)).collect();
        let id = uuid();
        Request {
            name: name.to_owned(),
            jobs: jobs.clone(),
            ..Request::of(id, jobs[0].clone())
        }
    }

    /// Submits requests, and tells the jobs' ids.
    #[track_caller]
    pub fn submit(&self, requests: &[Request]) -> Vec<String> {
        let ids = self.ask(self.compute.submit(requests));
        let ids = ids.expect("the jobs are accepted");
        assert_eq!(ids.len(), requests.len());
        ids
    }

    /// Submits one job.
    #[track_caller]
    pub fn submit_one(&self, name: &str, words: &str) -> String {
        self.submit(&[self.request(name, words)]).remove(0)
    }

    /// Follows a job to its end.
    #[track_caller]
    pub fn follow(&self, job: &str) -> (Vec<Event>, Outcome) {
        let mut events = Vec::new();
        let mut on = |event| events.push(event);
        let ended = self.ask(self.compute.follow(job, &mut on));
        (events, ended.expect("the job can be followed"))
    }

    /// Waits for the end of jobs.
    #[track_caller]
    pub fn wait(&self, jobs: &[String]) -> Vec<JobSummary> {
        let mut on = |_: &JobSummary| {};
        let ended = self.ask(dispatch::watch(self.compute.as_ref(), jobs, &mut on));
        ended.expect("the jobs can be watched")
    }

    /// Everything about a job.
    #[track_caller]
    pub fn describe(&self, job: &str) -> JobDetail {
        let detail = self.ask(self.compute.describe(job));
        detail.expect("the job can be described")
    }

    /// The events of an attempt so far.
    #[track_caller]
    pub fn events(&self, job: &str, attempt: Option<u32>) -> Vec<Event> {
        let mut events = Vec::new();
        let mut on = |event| events.push(event);
        let told = self.ask(self.compute.events(job, attempt, &mut on));
        told.expect("its events can be read");
        events
    }

    /// Asserts how a job ended, and tells how.
    #[track_caller]
    pub fn ends(&self, job: &str, exit: Exit, part: &str) -> Outcome {
        let (_, ended) = self.follow(job);
        let error = ended.error.clone().unwrap_or_default();
        assert_eq!(ended.exit, exit, "{error}");
        assert!(error.contains(part), "`{part}` is not in `{error}`");
        ended
    }
}

/// An id that nothing has yet.
pub fn uuid() -> String {
    uuid::Uuid::new_v4().to_string()
}
