//! Whoever waits for a job on AWS Batch may leave: the job goes on.

use std::process::{Command, Stdio};

use ffbatch_tests::aws::installed;
use ffbatch_tests::sandbox::until;
use ffbatch_tests::tools;
use rustix::process::{Pid, Signal, kill_process};

#[test]
fn a_job_that_is_elsewhere_was_stopped_by_whoever_left() {
    let (aws, sandbox) = installed("arm");
    let program = tools::ffbatch();
    let mut command: Command = sandbox.command(&program);
    let words = "run --compute arm --name clip -- ffmpeg -i s3://media/a.mp4 s3://media/b.mp4";
    let waiting = command
        .args(words.split(' '))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    until("the job is submitted", || aws.count("DescribeJobs") > 0);
    kill_process(Pid::from_child(&waiting), Signal::INT).expect("it runs");
    let ended = waiting.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(75), "{said}");
    let found = sandbox.ffbatch(["list", "--compute", "arm", "--json"]);
    let listing: serde_json::Value = serde_json::from_str(&found.stdout).expect("JSON");
    let job = &listing["jobs"][0];
    assert_eq!(
        (&job["name"], &job["state"]),
        (&"clip".into(), &"RUNNABLE".into())
    );
    let id = job["id"].as_str().expect("an id");
    // On this machine it would be tried once, since somebody waits.
    assert_eq!(aws.describe(id)["retryStrategy"]["attempts"], 3);
    assert!(
        said.contains(&format!(
            "`ffbatch wait {id} --compute arm` comes back to it"
        )),
        "{said}"
    );
    assert_eq!(aws.count("TerminateJob"), 0);
    assert_eq!(aws.violations(), Vec::<String>::new());
}
