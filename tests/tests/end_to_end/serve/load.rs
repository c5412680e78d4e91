//! Many at once.

use std::collections::BTreeSet;
use std::io::BufRead;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use ffbatch_tests::sandbox::until;
use ffbatch_tests::server::Server;
use serde_json::Value;

use super::ground::{copy, room};

/// Clients that ask at the same time.
const CLIENTS: usize = 6;

/// Jobs that are taken before the server is killed.
const TAKEN: usize = 40;

#[test]
fn nothing_that_was_answered_is_lost_when_the_server_is_killed_under_load() {
    let (sandbox, server) = room();
    let (answered, killed) = (Mutex::new(BTreeSet::new()), AtomicBool::new(false));
    let address = server.url();
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (answered, killed, sandbox, address) = (&answered, &killed, &sandbox, &address);
            scope.spawn(move || {
                for number in 0.. {
                    if killed.load(Ordering::SeqCst) {
                        return;
                    }
                    let body = copy(sandbox, "1000", &format!("out/{client}-{number}.mp4"));
                    // Whoever gets no answer has no job, or one that it does not know of.
                    let Some((200, answer)) = Server::try_post(address, "/local/ffmpeg", &body)
                    else {
                        continue;
                    };
                    let id = answer["jobId"].as_str().expect("an id").to_owned();
                    answered.lock().expect("nobody has panicked").insert(id);
                }
            });
        }
        until("enough jobs are taken", || {
            answered.lock().expect("nobody has panicked").len() >= TAKEN
        });
        drop(server);
        killed.store(true, Ordering::SeqCst);
    });
    let answered = answered.into_inner().expect("nobody has panicked");
    let server = Server::start(&sandbox, &[]);
    until("all jobs have succeeded", || {
        let (_, jobs) = server.get("/jobs?limit=1000");
        let jobs = jobs["jobs"].as_array().cloned().unwrap_or_default();
        let done: BTreeSet<&str> = jobs
            .iter()
            .filter(|job| job["status"] == "SUCCEEDED")
            .filter_map(|job| job["jobId"].as_str())
            .collect();
        let failed = jobs.iter().find(|job| job["status"] == "FAILED");
        assert_eq!(failed, None);
        answered.iter().all(|id| done.contains(&id[..]))
    });
}

#[test]
fn two_hundred_watch_one_job() {
    let (sandbox, server) = room();
    let mut streams: Vec<_> = (0..200).map(|_| server.stream("/events").lines()).collect();
    let (status, answer) = server.post("/local/ffmpeg", &copy(&sandbox, "2", "out.mp4"));
    assert_eq!(status, 200, "{answer}");
    for lines in &mut streams {
        let end = lines.by_ref().map_while(Result::ok).any(|line| {
            let value: Option<Value> = line
                .strip_prefix("data: ")
                .and_then(|data| serde_json::from_str(data).ok());
            value.is_some_and(|value| {
                value["jobId"] == answer["jobId"] && value["status"] == "SUCCEEDED"
            })
        });
        assert!(end, "a stream that did not tell the end");
    }
    assert_eq!(server.stop(), Some(0));
}
