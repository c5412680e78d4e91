//! Whoever waits for a job on AWS Batch may leave: the job goes on.

use ffbatch_tests::aws::installed;

#[test]
fn a_job_that_is_elsewhere_was_stopped_by_whoever_left() {
    let (aws, sandbox) = installed("arm");
    let words = "run --compute arm --name clip -- ffmpeg -i s3://media/a.mp4 s3://media/b.mp4";
    let said = aws.left(&sandbox, words);
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
