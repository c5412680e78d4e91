//! A server in a room of its own, and what is asked of it again and again.

use ffbatch_tests::clip::SHORT;
use ffbatch_tests::sandbox::{Sandbox, until};
use ffbatch_tests::server::Server;
use serde_json::{Value, json};

pub fn room() -> (Sandbox, Server) {
    let mut sandbox = Sandbox::with(SHORT, "in.mp4");
    sandbox.set("AWS_EC2_METADATA_DISABLED", "true");
    let server = Server::start(&sandbox, &[]);
    (sandbox, server)
}

/// A job that copies the clip, read at this rate.
pub fn copy(sandbox: &Sandbox, rate: &str, output: &str) -> Value {
    json!({
        "input_file_options": format!("-readrate {rate}"),
        "input_url": sandbox.path("in.mp4"),
        "output_file_options": "-c copy",
        "output_url": sandbox.path(output),
    })
}

#[track_caller]
pub fn submitted(server: &Server, path: &str, body: &Value) -> String {
    let (status, answer) = server.post(path, body);
    assert_eq!(status, 200, "{answer}");
    let id = answer["jobId"].as_str().expect("an id").to_owned();
    assert!(answer["jobArn"].as_str().expect("an ARN").ends_with(&id));
    assert!(
        answer["jobName"]
            .as_str()
            .expect("a name")
            .starts_with("ffbatch-local-")
    );
    id
}

#[track_caller]
pub fn ended(server: &Server, id: &str) -> Value {
    let mut last = Value::Null;
    until("the job has ended", || {
        let (status, answer) = server.post("/batch/describe", &json!({ "jobId": id }));
        assert_eq!(status, 200, "{answer}");
        last = answer;
        last["status"] == "SUCCEEDED" || last["status"] == "FAILED"
    });
    last
}
