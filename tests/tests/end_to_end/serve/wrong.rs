//! Requests that are wrong, and what is said of them.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use super::ground::{copy, room};

#[track_caller]
fn check((status, answer): (u16, Value), expected: u16, part: &str) {
    let said = answer["message"].as_str().unwrap_or_default();
    assert!(
        status == expected && said.contains(part),
        "{status} `{answer}` lacks `{part}`"
    );
}

#[test]
fn what_is_wrong_is_said_as_the_command_line_says_it() {
    let (sandbox, server) = room();
    let with = |key: &str, value: Value| {
        let mut body = copy(&sandbox, "1", "out.mp4");
        body[key] = value;
        server.post("/local/ffmpeg", &body)
    };
    check(
        with("output_file_options", json!("-c \"copy")),
        400,
        "is never closed",
    );
    check(with("output_url", json!("")), 400, "output_url");
    check(
        with("presett", json!("fast")),
        400,
        "unknown field `presett`",
    );
    check(with("input_url", json!(3)), 400, "invalid type");
    check(
        with("compute", json!("arm")),
        400,
        "the path says the compute `local`",
    );
    check(
        with("instance_type", json!("c7g.large")),
        400,
        "an instance type",
    );
    check(
        with("input_url", json!("in.mp4")),
        400,
        "is a relative path",
    );
    check(
        with("input_url", json!("gopher://x/y")),
        400,
        "unknown scheme",
    );
    check(
        with("name", json!("n".repeat(8000))),
        400,
        "7168 are the most",
    );
    check(
        with("input_file_options", json!("x".repeat(2_000_000))),
        413,
        "",
    );
    check(
        server.post("/arm/ffmpeg", &copy(&sandbox, "1", "o.mp4")),
        404,
        "is not served here",
    );
    check(
        server.post_text("/local/ffmpeg", "{\"input_url\":"),
        400,
        "no JSON",
    );
    check(server.post("/local/ffmpeg", &json!([])), 400, "");
    check(
        server.post("/batch/describe", &json!({ "jobId": "no" })),
        404,
        "there is no job `no`",
    );
    check(server.get("/jobs/no/log"), 404, "there is no job `no`");
    check(server.get("/jobs?status=DONE"), 400, "is no state of a job");
    check(server.get("/jobs?limit=many"), 400, "limit");
    check(
        with(
            "output_file_options",
            json!("-f hls -hls_segment_filename s%d.ts"),
        ),
        400,
        "`s%d.ts` is a relative path",
    );
    let (status, _, body) =
        server.send("POST /local/ffmpeg HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}");
    assert_eq!(status, 415, "{body}");
    let (_, jobs) = server.get("/jobs");
    assert_eq!(jobs["jobs"], json!([]), "nothing was taken");
}

#[test]
fn paths_that_lead_nowhere() {
    let (_sandbox, server) = room();
    for path in [
        "/../etc/passwd",
        "/assets/../../etc/passwd",
        "/assets/%2e%2e%2f%2e%2e%2fetc/passwd",
        "/benches/../../etc/passwd",
    ] {
        check(server.get(path), 404, "there is no route");
    }
    check(server.get("/benches/..%2f..%2fetc"), 404, "no benchmark");
    check(server.get("/jobs/..%2f..%2fetc%2fpasswd"), 404, "no job");
    check(server.get("/jobs/%ff"), 400, "UTF-8");
    check(
        server.post("/health", &json!({})),
        405,
        "is not asked by POST",
    );
}

/// A client that stops in the middle is not waited for, and keeps nobody else from being answered.
#[test]
fn slow_clients_are_left() {
    let (_sandbox, server) = room();
    let address = server.url().replace("http://", "");
    let open = |text: &str| {
        let mut stream = TcpStream::connect(&address).expect("it listens");
        stream.write_all(text.as_bytes()).expect("it reads");
        stream
    };
    let mut halves: Vec<TcpStream> = (0..50)
        .map(|_| open("GET /health HTTP/1.1\r\nHo"))
        .collect();
    let head = "POST /local/ffmpeg HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{";
    let mut body = open(head);
    assert_eq!(server.get("/health").0, 200);
    let mut said = String::new();
    body.read_to_string(&mut said).expect("it is text");
    assert!(said.starts_with("HTTP/1.0 408"), "{said}");
    assert!(said.contains("the body has not come within 15 s"), "{said}");
    for half in &mut halves {
        // It may be told so, or not; but the connection ends.
        let _ = half.read_to_string(&mut said);
    }
    assert_eq!(server.get("/health").0, 200);
}
