//! An account with a compute, and a machine from which somebody submits.

use std::collections::{BTreeMap, BTreeSet};

use ffbatch_tests::aws::{Aws, BUCKET, Jobs, text};
use ffbatch_tests::ended::Ended;
use ffbatch_tests::sandbox::Sandbox;
use serde_json::{Value, json};

/// Both.
pub struct Place {
    pub aws: Aws,
    pub sandbox: Sandbox,
}

impl Place {
    /// With jobs that wait for ever, and no container.
    #[track_caller]
    pub fn new() -> Self {
        Self::of(Aws::start(Jobs::Stay("RUNNABLE")), "image")
    }

    /// With this account, whose workers are in this image.
    #[track_caller]
    pub fn of(aws: Aws, image: &str) -> Self {
        aws.s3().create(BUCKET);
        aws.compute("arm", image);
        let sandbox = aws.sandbox();
        Self { aws, sandbox }
    }

    /// Runs `ffbatch` with these words.
    pub fn ask(&self, words: &str) -> Ended {
        self.sandbox.ffbatch(words.split(' '))
    }

    /// Runs `ffbatch VERB --compute arm -- ffmpeg COMMAND`.
    pub fn ffmpeg(&self, verb: &str, command: &str) -> Ended {
        self.ask(&format!("{verb} --compute arm -- ffmpeg {command}"))
    }

    /// Submits a command and returns the job's id.
    #[track_caller]
    pub fn submit(&self, command: &str) -> String {
        let submitted = self.ffmpeg("submit", command);
        submitted.ok().stdout.trim().to_owned()
    }

    /// Waits for jobs.
    pub fn wait(&self, jobs: &str) -> Ended {
        self.ask(&format!("wait --compute arm {jobs}"))
    }

    /// Ends a job well.
    pub fn succeed(&self, job: &str) {
        self.end(job, "SUCCEEDED", 0);
    }

    /// Ends a job.
    pub fn end(&self, job: &str, status: &str, code: i32) {
        let how = json!({ "jobs": [job], "status": status, "exitCode": code });
        self.aws.place(&how);
    }

    /// The keys that were written below `inputs/`, without their hashes, as often as they were.
    #[track_caller]
    pub fn uploaded(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .aws
            .stored(BUCKET)
            .iter()
            .filter_map(|key| key.strip_prefix("inputs/"))
            .map(|key| {
                let (hash, name) = key.split_once('/').expect("a name follows the hash");
                assert_eq!(hash.len(), 64, "{key}");
                name.to_owned()
            })
            .collect();
        names.sort();
        names
    }

    /// What the jobs were submitted with, in their order.
    pub fn sent(&self) -> Vec<Value> {
        self.aws.parameters("SubmitJob")
    }

    /// The text of an object by its URL.
    #[track_caller]
    pub fn object(&self, url: &str) -> String {
        let key = url
            .strip_prefix("s3://media/")
            .expect("it is in the bucket");
        let bytes = self.aws.s3().get(BUCKET, key);
        String::from_utf8(bytes).expect("it is a text")
    }

    /// Leaves a result of a job of the submission that was made last but so many.
    #[track_caller]
    pub fn leave(&self, submission: &str, name: &str, bytes: &str) {
        let key = format!("results/{submission}/{name}");
        self.aws.s3().put(BUCKET, &key, bytes);
    }

    /// The submissions of which this machine knows where their results belong.
    pub fn records(&self) -> BTreeSet<String> {
        let directory = self.sandbox.directory("state").join("staged");
        let entries = std::fs::read_dir(directory).into_iter().flatten();
        let names = entries.map(|entry| entry.expect("it can be listed").file_name());
        names
            .map(|name| name.to_string_lossy().trim_end_matches(".json").to_owned())
            .collect()
    }

    /// The only one.
    #[track_caller]
    pub fn submission(&self) -> String {
        let records = self.records();
        assert_eq!(records.len(), 1, "{records:?}");
        records.into_iter().next().expect("one")
    }

    /// The text of a file of this machine.
    #[track_caller]
    pub fn read(&self, name: &str) -> String {
        let path = self.sandbox.path(name);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Asserts that nothing private is left here, and that nothing was asked of AWS that it would have refused.
    #[track_caller]
    pub fn end_clean(&self) {
        self.sandbox.assert_clean();
        assert_eq!(self.aws.violations(), Vec::<String>::new());
    }
}

/// The words of the first command of a job that was submitted as a document.
#[track_caller]
pub fn words(asked: &Value) -> Vec<String> {
    let job: Value = serde_json::from_str(&text(&asked["parameters"], "job")).expect("JSON");
    let words = job["commands"][0].as_array().expect("words");
    let words = words.iter().map(|word| word.as_str().expect("a word"));
    words.map(str::to_owned).collect()
}

/// The files below a directory of the sandbox and what is in them.
#[track_caller]
pub fn files(place: &Place, directory: &str) -> BTreeMap<String, String> {
    let all = place.sandbox.files().into_iter();
    let below = all.filter(|name| name.starts_with(directory));
    below
        .map(|name| {
            let text = place.read(&name);
            (name, text)
        })
        .collect()
}
