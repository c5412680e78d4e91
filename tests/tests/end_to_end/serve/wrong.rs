//! Requests that are wrong, and what is said of them.

use serde_json::{Value, json};

use super::ground::{copy, room};

#[test]
fn what_is_wrong_is_said_as_the_command_line_says_it() {
    let (sandbox, server) = room();
    let with = |key: &str, value: Value| {
        let mut body = copy(&sandbox, "1", "out.mp4");
        body[key] = value;
        server.post("/local/ffmpeg", &body)
    };
    let check = |(status, answer): (u16, Value), expected: u16, part: &str| {
        let said = answer["message"].as_str().unwrap_or_default().to_owned();
        assert!(
            status == expected && said.contains(part),
            "{status} `{answer}` lacks `{part}`"
        );
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
    check(server.get("/../etc/passwd"), 404, "there is no route");
    let (status, _, body) =
        server.send("POST /local/ffmpeg HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}");
    assert_eq!(status, 415, "{body}");
    let (_, jobs) = server.get("/jobs");
    assert_eq!(jobs["jobs"], json!([]), "nothing was taken");
}
