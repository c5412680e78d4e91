//! A client of the sample, against what was deployed.

use ffbatch_tests::aws::{Aws, text};
use ffbatch_tests::clip::{self, SHORT};
use ffbatch_tests::image;
use serde_json::json;

#[test]
fn a_client_of_the_samples_api_runs_a_job() {
    let Some(aws) = Aws::with_docker() else {
        return;
    };
    let sandbox = aws.sandbox();
    let own = format!(
        "[backends.intel]\nimage = '{}'\nmemory_mib = 1024\n",
        image::worker()
    );
    sandbox.write("ffbatch.toml", own);
    let api = aws.api(&sandbox, "--compute intel");
    let buckets = aws.s3().buckets();
    let [bucket] = &buckets[..] else {
        panic!("one bucket, not {buckets:?}");
    };
    aws.s3().put(bucket, "in.mp4", clip::bytes(SHORT));
    let url = format!("{}/", api.url());
    let options = "-t 00:00:00.8 -c:v copy -an -metadata title='\"$5\" # 日本'";
    let words = [&url, "intel", bucket, "in.mp4", "it's out.mp4", options];
    let job = aws.client("rest", &words);
    let asked = json!({ "jobId": job });
    aws.until(&job, "SUCCEEDED");
    let (_, told) = api.post("/batch/describe", &asked);
    assert_eq!(
        (&told["status"], &told["exitCode"]),
        (&json!("SUCCEEDED"), &json!(0))
    );
    let written = aws.s3().get(bucket, "it's out.mp4");
    let title = "\"$5\" # 日本".as_bytes();
    assert!(written.windows(title.len()).any(|part| part == title));
    // One that cannot work says so.
    let wrong = json!({ "input_url": format!("s3://{bucket}/none.mp4"), "output_url": format!("s3://{bucket}/x.mp4") });
    let (_, submitted) = api.post("/batch/execute/intel", &wrong);
    let job = text(&submitted, "jobId");
    aws.until(&job, "FAILED");
    let (_, told) = api.post("/batch/describe", &json!({ "jobId": job }));
    assert_eq!(told["status"], "FAILED");
    assert!(
        told["exitCode"].as_i64().is_some_and(|code| code > 0),
        "{told:#}"
    );
    assert_eq!(aws.violations(), Vec::<String>::new());
}
