//! Results by parts, as players ask for them.

use ffbatch_tests::clip::{SHORT, bytes};
use ffbatch_tests::moto::Moto;
use ffbatch_tests::sandbox::Sandbox;
use ffbatch_tests::server::Server;
use serde_json::json;

use super::ground::{copy, ended, room, submitted};

#[test]
fn a_result_on_this_machine() {
    let (sandbox, server) = room();
    let id = submitted(&server, "/local/ffmpeg", &copy(&sandbox, "100", "out.mp4"));
    assert_eq!(ended(&server, &id)["status"], "SUCCEEDED");
    let whole = std::fs::read(sandbox.path("out.mp4")).expect("it is there");
    let path = format!("/jobs/{id}/outputs/0");
    let size = whole.len();
    let (head, body) = server.bytes(&path, "");
    assert!(
        head.starts_with("http/1.1 200") || head.starts_with("http/1.0 200"),
        "{head}"
    );
    assert!(
        head.contains(&format!("content-length: {size}\r\n")),
        "{head}"
    );
    assert!(
        head.contains("content-type: video/mp4\r\n") && head.contains("accept-ranges: bytes\r\n")
    );
    assert!(body == whole, "{} of {size} bytes", body.len());
    let (head, body) = server.bytes(&path, "Range: bytes=100-199\r\n");
    assert!(
        head.contains(" 206 ") && head.contains(&format!("content-range: bytes 100-199/{size}")),
        "{head}"
    );
    assert_eq!(body, whole[100..200]);
    let (head, body) = server.bytes(&path, "Range: bytes=-7\r\n");
    assert!(head.contains(" 206 "), "{head}");
    assert_eq!(body, whole[size - 7..]);
    let (head, _) = server.bytes(&path, &format!("Range: bytes={size}-\r\n"));
    assert!(
        head.contains(" 416 ") && head.contains(&format!("content-range: bytes */{size}")),
        "{head}"
    );
    for path in [
        format!("/jobs/{id}/outputs/1"),
        format!("/jobs/{id}/outputs/-1"),
        format!("/jobs/{id}/outputs/x"),
        format!("/jobs/{id}/outputs/..%2f..%2fetc%2fpasswd"),
        "/jobs/none/outputs/0".to_owned(),
    ] {
        let (status, answer) = server.get(&path);
        assert_eq!(status, 404, "{path}: {answer}");
    }
    std::fs::remove_file(sandbox.path("out.mp4")).expect("it was there");
    let (status, answer) = server.get(&path);
    assert_eq!(status, 404, "{answer}");
}

/// A job may name its result as it likes; a browser must not run it.
#[test]
fn what_a_browser_would_run_is_a_file_to_keep() {
    let (sandbox, server) = room();
    let command = format!(
        "ffmpeg -i {} -map 0:v -c copy -f data {}",
        sandbox.path("in.mp4").display(),
        sandbox.path("page.html").display()
    );
    let (status, answer) = server.post("/jobs", &json!({ "command": command }));
    assert_eq!(status, 200, "{answer}");
    let id = answer["jobId"].as_str().expect("an id");
    assert_eq!(ended(&server, id)["status"], "SUCCEEDED");
    let (head, _) = server.bytes(&format!("/jobs/{id}/outputs/0"), "");
    for line in [
        "content-disposition: attachment",
        "x-content-type-options: nosniff",
        "content-security-policy: default-src 'none'; sandbox",
        "content-type: application/octet-stream",
    ] {
        assert!(head.contains(line), "{head} lacks {line}");
    }
}

#[test]
fn a_result_in_s3() {
    let moto = Moto::with("media");
    moto.put("media", "in.mp4", bytes(SHORT));
    let mut sandbox = Sandbox::new();
    sandbox.set_all(moto.environment());
    sandbox.set("AWS_EC2_METADATA_DISABLED", "true");
    let server = Server::start(&sandbox, &[]);
    let body = json!({
        "input_url": "s3://media/in.mp4", "output_file_options": "-c copy", "output_url": "s3://media/a b.mp4",
    });
    let id = submitted(&server, "/local/ffmpeg", &body);
    assert_eq!(ended(&server, &id)["status"], "SUCCEEDED");
    let whole = moto.get("media", "a b.mp4");
    let path = format!("/jobs/{id}/outputs/0");
    let (head, body) = server.bytes(&path, "");
    assert!(
        head.contains(" 200 ") && head.contains("etag: \""),
        "{head}"
    );
    assert!(body == whole);
    let (head, body) = server.bytes(&path, "Range: bytes=10-19\r\n");
    assert!(head.contains(" 206 "), "{head}");
    assert_eq!(body, whole[10..20]);
}
