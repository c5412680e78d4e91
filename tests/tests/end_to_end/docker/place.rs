//! A machine with an engine, from which somebody runs jobs in containers.

use std::process::{Child, Stdio};

use ffbatch_dispatcher::detail::JobDetail;
use ffbatch_tests::clip::Clip;
use ffbatch_tests::docker::{docker, done, present};
use ffbatch_tests::ended::Ended;
use ffbatch_tests::sandbox::{Sandbox, until};
use ffbatch_tests::{image, queue, tools};
use serde_json::Value;

/// A sandbox whose jobs are containers.
pub struct Place {
    pub sandbox: Sandbox,
}

impl Place {
    /// With a clip at `in.mp4`; `None`, said loudly, without an engine.
    #[track_caller]
    pub fn with(clip: Clip) -> Option<Self> {
        let place = Self::of(Sandbox::new())?;
        place.sandbox.place(clip, "in.mp4");
        Some(place)
    }

    /// The same in this sandbox, without a clip.
    #[track_caller]
    pub fn of(mut sandbox: Sandbox) -> Option<Self> {
        if !present() {
            return None;
        }
        sandbox.set("FFBATCH_COMPUTE", "docker");
        sandbox.set("FFBATCH_BACKENDS__DOCKER__IMAGE", image::worker());
        if let Some(host) = std::env::var_os("DOCKER_HOST") {
            sandbox.set("DOCKER_HOST", host);
        }
        Some(Self { sandbox })
    }

    /// Runs `ffbatch` with these words.
    pub fn ask(&self, words: &str) -> Ended {
        self.sandbox.ffbatch(words.split(' '))
    }

    /// Runs a command as a job, for its report.
    pub fn run(&self, command: &str) -> Ended {
        self.ask(&format!("run --json -- ffmpeg {command}"))
    }

    /// Submits a job by these words and tells its id.
    #[track_caller]
    pub fn submit(&self, words: &str) -> String {
        let submitted = self.ask(&format!("submit {words}"));
        submitted.ok().stdout.trim().to_owned()
    }

    /// Everything about a job.
    #[track_caller]
    pub fn detail(&self, job: &str) -> JobDetail {
        queue::detail(&self.sandbox, job)
    }

    /// Starts `ffbatch` and leaves it running.
    #[track_caller]
    pub fn start(&self, words: &str) -> Child {
        let mut command = self.sandbox.command(&tools::ffbatch());
        command
            .args(words.split(' '))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command.spawn().expect("ffbatch starts")
    }

    /// The container of a job, once its ffmpeg has encoded something.
    #[track_caller]
    pub fn encoding(&self, job: &str) -> String {
        until("ffmpeg works", || {
            let logs = self.ask(&format!("logs --json {job}"));
            logs.stdout.contains("\"frame\":")
        });
        container(job).expect("it has a container")
    }

    /// Asserts that nothing is left: no container, no runner, no private file.
    #[track_caller]
    pub fn end_clean(&self) {
        let ids: Vec<String> = queue::list(&self.sandbox)
            .jobs
            .into_iter()
            .map(|job| job.id)
            .collect();
        for id in ids {
            assert_eq!(container(&id), None, "a container was left of job {id}");
        }
        self.sandbox.assert_clean();
        let state = self.sandbox.directory("state/docker/attempts");
        let left = ffbatch_tests::sandbox::files_below(&state);
        let secret = left.iter().find(|name| name.ends_with(".secrets"));
        assert_eq!(secret, None, "credentials were left");
    }
}

/// The container of a job.
#[track_caller]
pub fn container(job: &str) -> Option<String> {
    let filter = format!("label=ffbatch.job={job}");
    let ids = done(["ps", "--all", "--quiet", "--filter", &filter]);
    ids.lines().next().map(str::to_owned)
}

/// What the engine tells of a container.
#[track_caller]
pub fn inspect(container: &str) -> Value {
    let all: Value =
        serde_json::from_str(&done(["inspect", container])).expect("the engine answers in JSON");
    all[0].clone()
}

/// Whether the engine did it.
pub fn try_docker(words: &[&str]) -> bool {
    docker(words).status.success()
}
