//! Jobs from their submission to their end, by every route.

use std::collections::BTreeSet;
use std::io::BufRead;

use ffbatch_tests::queue::{self, Who};
use ffbatch_tests::sandbox::until;
use ffbatch_tests::server::Server;
use serde_json::{Value, json};

use super::ground::{copy, ended, room, submitted};

#[test]
fn a_job_by_every_route() {
    let (sandbox, server) = room();
    for (at, path) in [
        "/local/ffmpeg",
        "/batch/execute/local",
        "/prod/local/ffmpeg",
    ]
    .iter()
    .enumerate()
    {
        let output = format!("out{at}.mp4");
        let id = submitted(&server, path, &copy(&sandbox, "100", &output));
        let job = ended(&server, &id);
        assert_eq!(
            (&job["status"], &job["exitCode"]),
            (&json!("SUCCEEDED"), &json!(0)),
            "{job}"
        );
        assert!(job["createdAt"].as_i64() <= job["stoppedAt"].as_i64());
        let attempts = job["attempts"].as_array().expect("it was described");
        assert_eq!(attempts.len(), 1, "{job}");
        assert_eq!(attempts[0]["container"]["exitCode"], 0, "{job}");
        assert!(job["logStreamName"].is_string(), "{job}");
        assert!(sandbox.path(output).is_file());
        // By its ARN, too.
        let arn = format!("arn:ffbatch:batch:local::job/{id}");
        assert_eq!(
            server
                .post("/prod/batch/describe", &json!({ "jobId": arn }))
                .0,
            200
        );
        let (status, detail) = server.get(&format!("/jobs/{id}"));
        assert_eq!(status, 200);
        assert!(
            detail["commands"][0]
                .as_str()
                .expect("a command")
                .contains("-c copy")
        );
        let (status, report) = server.get(&format!("/jobs/{id}/report"));
        assert_eq!((status, &report["exit"]), (200, &json!("succeeded")));
    }
    let (status, jobs) = server.get("/jobs?status=SUCCEEDED&limit=2");
    assert_eq!(status, 200);
    assert_eq!(jobs["jobs"].as_array().map(Vec::len), Some(2));
    assert_eq!(jobs["counts"]["SUCCEEDED"], 3);
    let (status, metrics) = server.get_with("/metrics", "");
    assert_eq!(status, 200);
    assert!(
        metrics.contains("ffbatch_jobs{compute=\"local\",state=\"SUCCEEDED\"} 3"),
        "{metrics}"
    );
    assert_eq!(server.stop(), Some(0));
    sandbox.assert_clean();
}

/// The runner ends with each of them; a job that came just then waited for one that nobody had started.
#[test]
fn one_job_after_the_other_runs_though_nobody_asks_for_a_runner() {
    let (sandbox, server) = room();
    for number in 0..12 {
        let output = format!("out{number}.mp4");
        let id = submitted(&server, "/local/ffmpeg", &copy(&sandbox, "1000", &output));
        until("the job has succeeded", || {
            let (status, detail) = server.get(&format!("/jobs/{id}"));
            assert_eq!(status, 200, "{detail}");
            detail["job"]["status"] == "SUCCEEDED"
        });
    }
}

#[test]
fn a_job_is_followed_stopped_and_tried_again() {
    let (sandbox, server) = room();
    let id = submitted(&server, "/local/ffmpeg", &copy(&sandbox, "1", "slow.mp4"));
    let events = std::thread::scope(|scope| {
        let events = scope.spawn(|| server.get_with(&format!("/jobs/{id}/events"), "").1);
        until("it runs", || {
            server.get(&format!("/jobs/{id}")).1["job"]["status"] == "RUNNING"
        });
        let (status, answer) = server.post(&format!("/jobs/{id}/cancel"), &json!({}));
        assert_eq!((status, &answer["jobId"]), (202, &json!(id)));
        events.join().expect("it was read")
    });
    assert!(events.contains("event: stage-started\ndata: {"), "{events}");
    let end = events
        .rsplit_once("event: end\ndata: ")
        .expect("it ended")
        .1;
    let end: Value = serde_json::from_str(end.trim()).expect("JSON");
    assert_eq!(end["exitCode"], 75, "{events}");
    let job = ended(&server, &id);
    assert_eq!(job["statusReason"], "somebody asked the server to stop it");
    let (status, again) = server.post(&format!("/jobs/{id}/retry"), &json!({}));
    assert_eq!(status, 200, "{again}");
    let again = again["jobId"].as_str().expect("an id");
    assert_eq!(ended(&server, again)["status"], "SUCCEEDED");
    let (_, detail) = server.get(&format!("/jobs/{again}"));
    assert_eq!(detail["retryOf"], json!(id));
}

#[test]
fn a_server_that_was_killed_finds_everything_as_it_was() {
    let (sandbox, server) = room();
    let id = submitted(&server, "/local/ffmpeg", &copy(&sandbox, "1", "out.mp4"));
    drop(server);
    let server = Server::start(&sandbox, &[]);
    assert_eq!(ended(&server, &id)["status"], "SUCCEEDED");
    assert!(sandbox.path("out.mp4").is_file());
}

/// As after a restart of the machine: nobody asks for the job, and there is no runner.
#[test]
fn jobs_go_on_though_everything_was_killed() {
    let (mut sandbox, server) = room();
    drop(server);
    sandbox.set("FFBATCH_BACKENDS__LOCAL__VCPUS", "1");
    let server = Server::start(&sandbox, &[]);
    submitted(&server, "/local/ffmpeg", &copy(&sandbox, "0.1", "slow.mp4"));
    let waiting = submitted(&server, "/local/ffmpeg", &copy(&sandbox, "1000", "out.mp4"));
    until("the first one runs", || {
        !queue::processes(&sandbox, Who::Worker).is_empty()
    });
    drop(server);
    for who in [Who::Runner, Who::Worker] {
        queue::kill(&sandbox, who);
    }
    let server = Server::start(&sandbox, &[]);
    until("the second one has succeeded", || {
        let (_, detail) = server.get(&format!("/jobs/{waiting}"));
        detail["job"]["status"] == "SUCCEEDED"
    });
}

#[test]
fn a_job_as_it_is_typed() {
    let (sandbox, server) = room();
    let (status, computes) = server.get("/computes");
    assert_eq!((status, &computes[0]["name"]), (200, &json!("local")));
    let (input, output) = (sandbox.path("in.mp4"), sandbox.path("a b.mp4"));
    let command = format!(
        "ffmpeg -i {} -an -c:v libx264 '{}'",
        input.display(),
        output.display()
    );
    let typed = json!({ "command": command, "name": "mine", "quality": ["psnr"] });
    let (status, answer) = server.post("/jobs", &typed);
    assert_eq!(
        (status, &answer["jobName"]),
        (200, &json!("mine")),
        "{answer}"
    );
    let id = answer["jobId"].as_str().expect("an id");
    assert_eq!(ended(&server, id)["status"], "SUCCEEDED");
    assert!(output.is_file());
    let (status, frames) = server.get(&format!("/jobs/{id}/frames"));
    assert_eq!(status, 200);
    assert!(
        frames["psnr"]
            .as_array()
            .is_some_and(|frames| frames.len() > 10)
    );
    for (command, part) in [
        ("ffmpeg -i 'x", "never closed"),
        ("ffmpeg -i in.mp4 /tmp/o.mp4", "is a relative path"),
        ("ffmpeg -i /in.mp4 o.mp4", "is a relative path"),
        ("ffmpeg -i /in.mp4", "output"),
    ] {
        let (status, answer) = server.post("/jobs", &json!({ "command": command }));
        let said = answer["message"].as_str().unwrap_or_default();
        assert!(
            status == 400 && said.contains(part),
            "{command}: {status} {answer}"
        );
    }
    let (status, answer) = server.post(
        "/jobs",
        &json!({ "command": command, "quality": ["beauty"] }),
    );
    assert_eq!(status, 400, "{answer}");
}

#[test]
fn whoever_watches_sees_what_changes_and_does_not_keep_the_server() {
    let (sandbox, server) = room();
    let mut lines = server.stream("/events").lines().map_while(Result::ok);
    let id = submitted(&server, "/local/ffmpeg", &copy(&sandbox, "1", "out.mp4"));
    let (mut kind, mut kinds) = (String::new(), BTreeSet::new());
    let ended = lines.by_ref().any(|line| {
        if let Some(name) = line.strip_prefix("event: ") {
            name.clone_into(&mut kind);
        }
        let Some(data) = line.strip_prefix("data: ") else {
            return false;
        };
        kinds.insert(kind.clone());
        let value: Value = serde_json::from_str(data).expect("JSON");
        assert_eq!(value["jobId"], json!(id), "{line}");
        value["status"] == "SUCCEEDED"
    });
    assert!(ended && kinds.contains("progress"), "{kinds:?}");
    server.interrupt();
    assert_eq!(
        lines.find(|line| !line.is_empty()),
        None,
        "the stream ends with the server"
    );
    assert_eq!(server.ended(), Some(0));
}
