//! AWS as far as jobs on AWS Batch touch it: S3, Batch, logs, ECS, parameters, one for each test that asks for one.
//!
//! It is moto's server behind a front of ours (`tests/double/`), which refuses what AWS refuses, writes down what was called, fails
//! on demand, and does what AWS Batch does and moto does not. Nothing here links an SDK of Batch: a test states what it means as JSON.

use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::docker;
use crate::moto::{Answer, Moto, REGION};
use crate::registry::Registry;
use crate::sandbox::{Sandbox, until};
use crate::tools;

mod api;
mod stack;

pub use api::Api;
pub use stack::{BUCKET, computes, definition_name, infra, installed, queue_name};

/// What becomes of jobs.
#[derive(Debug, Clone, Copy)]
pub enum Jobs {
    /// They end at once with this exit code.
    End(i32),
    /// They stay in this state, until a test moves them.
    Stay(&'static str),
    /// They are containers, a few at a time.
    Docker,
}

/// An error as AWS answers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status; 0 where the connection broke without an answer.
    pub status: u16,
    /// The name of the error.
    pub code: String,
    /// What it says.
    pub message: String,
}

/// A running double.
#[derive(Debug)]
pub struct Aws {
    moto: Moto,
}

impl Aws {
    /// Starts a double in which no container runs.
    #[track_caller]
    pub fn start(jobs: Jobs) -> Self {
        let jobs = match jobs {
            Jobs::End(code) => code.to_string(),
            Jobs::Stay(state) => state.to_owned(),
            Jobs::Docker => "docker".to_owned(),
        };
        let mut command = Command::new("setpriv");
        // Not killed but asked to end: its containers must end with it.
        command
            .args(["--pdeathsig", "TERM", "--"])
            .arg(tools::python())
            .arg(tools::repository().join("tests/double/aws.py"))
            .args(["--jobs", &jobs])
            .env_clear()
            .env("PATH", docker::search_path())
            .env("PYTHONDONTWRITEBYTECODE", "1");
        for name in ["DOCKER_HOST", "HOME"] {
            command.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        Self {
            moto: Moto::of(&mut command),
        }
    }

    /// Starts a double whose jobs are containers; `None`, said loudly, on a machine without a Docker engine.
    #[track_caller]
    pub fn with_docker() -> Option<Self> {
        docker::present().then(|| Self::start(Jobs::Docker))
    }

    /// S3 and Systems Manager of the same account.
    pub fn s3(&self) -> &Moto {
        &self.moto
    }

    /// What a program needs in its environment to talk to this account.
    pub fn environment(&self) -> [(&'static str, String); 4] {
        self.moto.environment()
    }

    /// A sandbox whose programs talk to this account.
    #[track_caller]
    pub fn sandbox(&self) -> Sandbox {
        let mut sandbox = Sandbox::new();
        sandbox.set_all(self.environment());
        sandbox
    }

    /// Runs `ffbatch` with these words, presses Ctrl-C once its job is submitted, and tells what it said on standard error as it left.
    #[track_caller]
    pub fn left(&self, sandbox: &Sandbox, words: &str) -> String {
        let mut command = sandbox.command(&tools::ffbatch());
        let waiting = command
            .args(words.split(' '))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        until("the job is submitted", || self.count("DescribeJobs") > 0);
        kill_process(Pid::from_child(&waiting), Signal::INT).expect("it runs");
        let ended = waiting.wait_with_output().expect("it ends");
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(75), "{said}");
        said
    }

    /// One call of AWS Batch, by the operation's name.
    pub fn try_batch(&self, operation: &str, asked: &Value) -> Result<Value, Refusal> {
        let path = format!("/v1/{}", operation.to_lowercase());
        self.try_path("batch", &path, asked)
    }

    /// One call of a service whose protocol names the operation by its path.
    pub fn try_path(&self, service: &str, path: &str, asked: &Value) -> Result<Value, Refusal> {
        let headers = "Content-Type: application/json\r\n";
        read(&self.moto.call(service, path, headers, &asked.to_string()))
    }

    /// The same, where an error is not expected.
    #[track_caller]
    pub fn batch(&self, operation: &str, asked: &Value) -> Value {
        self.try_batch(operation, asked)
            .unwrap_or_else(|refusal| panic!("{operation} was refused: {refusal:?}"))
    }

    /// One call of a service whose protocol names the operation in a header, such as `Logs_20140328.GetLogEvents`.
    pub fn try_target(&self, service: &str, target: &str, asked: &Value) -> Result<Value, Refusal> {
        let headers =
            format!("Content-Type: application/x-amz-json-1.1\r\nX-Amz-Target: {target}\r\n");
        read(&self.moto.call(service, "/", &headers, &asked.to_string()))
    }

    /// Runs a client that knows nothing of ffbatch (`tests/fixtures/clients/`) and returns the id of the job that it submits.
    #[track_caller]
    pub fn client(&self, name: &str, words: &[&str]) -> String {
        let client = format!("tests/fixtures/clients/{name}.py");
        let ran = Command::new(tools::python())
            .arg(tools::repository().join(client))
            .args(words)
            .envs(self.environment())
            .env("AWS_DEFAULT_REGION", REGION)
            .output()
            .expect("Python starts");
        let said = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "{said}");
        String::from_utf8_lossy(&ran.stdout).trim().to_owned()
    }

    /// Submits a job and returns its id.
    #[track_caller]
    pub fn submit(&self, asked: &Value) -> String {
        text(&self.batch("SubmitJob", asked), "jobId")
    }

    /// What `DescribeJobs` says of a job.
    #[track_caller]
    pub fn describe(&self, job: &str) -> Value {
        self.batch("DescribeJobs", &json!({ "jobs": [job] }))["jobs"][0].clone()
    }

    /// Waits until a job is in a state, and describes it.
    #[track_caller]
    pub fn until(&self, job: &str, state: &str) -> Value {
        let mut seen = Value::Null;
        until(&format!("the job is {state}"), || {
            seen = self.describe(job);
            let now = seen["status"].as_str().unwrap_or_default();
            assert!(
                now == state || !["SUCCEEDED", "FAILED"].contains(&now),
                "the job should be {state}: {seen:#}\n{:#?}",
                self.log(&seen)
            );
            now == state
        });
        seen
    }

    /// The lines of the log stream that something described names; none where it names none, or where there is none yet.
    pub fn log(&self, described: &Value) -> Vec<String> {
        let Some(stream) = described["container"]["logStreamName"].as_str() else {
            return Vec::new();
        };
        let asked = json!({ "logGroupName": "/aws/batch/job", "logStreamName": stream, "startFromHead": true });
        let events = self.try_target("logs", "Logs_20140328.GetLogEvents", &asked);
        let events = events.map_or(Value::Null, |mut events| events["events"].take());
        let lines = events.as_array().into_iter().flatten();
        lines.map(|event| text(event, "message")).collect()
    }

    /// How often an operation was called.
    #[track_caller]
    pub fn count(&self, operation: &str) -> u64 {
        let calls = self.calls();
        calls["operations"][operation]["count"]
            .as_u64()
            .unwrap_or(0)
    }

    /// What was called how often and how fast, and what was refused.
    #[track_caller]
    pub fn calls(&self) -> Value {
        self.moto.call("double", "/double/calls", "", "").json()
    }

    /// The parameters of every call of an operation, in their order.
    #[track_caller]
    pub fn parameters(&self, operation: &str) -> Vec<Value> {
        let path = format!("/double/calls?bodies={operation}");
        let mut calls = self.moto.call("double", &path, "", "").json();
        let bodies = calls["operations"][operation]["bodies"].take();
        bodies.as_array().cloned().unwrap_or_default()
    }

    /// The keys of all objects that were written to a bucket, as often as they were; parts of one are written as it.
    #[track_caller]
    pub fn stored(&self, bucket: &str) -> Vec<String> {
        let mut calls = self.calls();
        let list = calls["stored"].take();
        let paths = list.as_array().into_iter().flatten();
        let paths = paths.filter_map(|path| path.as_str()?.strip_prefix(&format!("/{bucket}/")));
        // The bucket itself was made in the same way.
        let keys = paths.filter(|key| !key.is_empty());
        keys.map(str::to_owned).collect()
    }

    /// What AWS would have refused, as `OPERATION: SENTENCE`.
    #[track_caller]
    pub fn violations(&self) -> Vec<String> {
        let mut calls = self.calls();
        let list = calls["violations"].take();
        let each = list.as_array().into_iter().flatten();
        each.map(|one| format!("{}: {}", text(one, "operation"), text(one, "message")))
            .collect()
    }

    /// Makes calls fail: `operation` (`*`: any), `times`, and `status`, `code`, `message`, or `lose` (done, and not answered), or `drop`
    /// (not even arrived), or `delay_ms`.
    #[track_caller]
    pub fn fault(&self, fault: &Value) {
        self.change("faults", &json!([fault]));
    }

    /// Moves jobs by hand: `jobs`, `status`, `reason`, `containerReason`, `exitCode`, `log`.
    #[track_caller]
    pub fn place(&self, jobs: &Value) {
        self.change("jobs", jobs);
    }

    /// Takes the host of a running job away, so many seconds after a notice.
    #[track_caller]
    pub fn reclaim(&self, job: &str, notice_secs: f64) {
        self.change(
            "reclaim",
            &json!({ "job": job, "notice_secs": notice_secs }),
        );
    }

    /// Changes how the double behaves: `jobs`, `slots`, `grace_secs`, `second`, `submit_per_second`.
    #[track_caller]
    pub fn set(&self, settings: &Value) {
        self.change("settings", settings);
    }

    /// From now on the images of this account's repositories lie in a registry.
    #[track_caller]
    pub fn images_in(&self, registry: &Registry) {
        self.change("registry", &json!({ "at": registry.host() }));
    }

    /// Changes X-Ray: `destination`, where traces go from now on (`XRay` or `CloudWatchLogs`), and `held`, the ids of those that are not
    /// handed out.
    #[track_caller]
    pub fn trace(&self, how: &Value) {
        self.change("traces", how);
    }

    #[track_caller]
    fn change(&self, what: &str, how: &Value) {
        let path = format!("/double/{what}");
        self.moto.call("double", &path, "", &how.to_string()).ok();
    }
}

impl Drop for Aws {
    fn drop(&mut self) {
        self.moto.end();
    }
}

/// A member that is a text.
#[track_caller]
pub fn text(value: &Value, member: &str) -> String {
    let found = value[member].as_str();
    found
        .unwrap_or_else(|| panic!("there is no {member} in {value:#}"))
        .to_owned()
}

fn read(answer: &Answer) -> Result<Value, Refusal> {
    if answer.status == 200 {
        return Ok(serde_json::from_str(&answer.body).unwrap_or(Value::Null));
    }
    let body: Value = serde_json::from_str(&answer.body).unwrap_or(Value::Null);
    let said = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    Err(Refusal {
        status: answer.status,
        code: said("__type"),
        message: said("message"),
    })
}
