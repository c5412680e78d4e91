//! What jobs from other machines may name of the server's.

use std::os::unix::fs::symlink;

use ffbatch_tests::clip::SHORT;
use ffbatch_tests::sandbox::Sandbox;
use ffbatch_tests::server::Server;
use serde_json::{Value, json};

use super::ground::ended;

const TOKEN: &str = "0123456789abcdef0123";

fn room(more: &str) -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.set("AWS_EC2_METADATA_DISABLED", "true");
    sandbox.directory("media");
    sandbox.place(SHORT, "media/in.mp4");
    sandbox.place(SHORT, "secret.mp4");
    sandbox.write(
        "ffbatch.toml",
        format!("[serve]\ntokens = ['{TOKEN}']\n{more}"),
    );
    sandbox
}

/// A server for somebody on another machine, or `None` where this one has no network.
fn from_elsewhere(sandbox: &Sandbox) -> Option<Server> {
    match Server::elsewhere(sandbox, &[]) {
        Ok(server) => Some(server.showing(TOKEN)),
        Err(why) => {
            eprintln!("SKIPPED: {why}");
            None
        }
    }
}

fn section(root: &str) -> String {
    format!("[serve]\ntokens = ['{TOKEN}']\nroots = ['{root}']\n")
}

fn copy(from: &str, to: &str) -> Value {
    json!({ "input_url": from, "output_file_options": "-c copy", "output_url": to })
}

#[test]
fn without_roots_no_path_comes_over_the_network() {
    let sandbox = room("");
    let Some(server) = from_elsewhere(&sandbox) else {
        return;
    };
    let input = sandbox.path("media/in.mp4");
    let typed = json!({ "command": format!("ffmpeg -i {} /tmp/out.mp4", input.display()) });
    for (path, body) in [
        (
            "/local/ffmpeg",
            copy(&input.to_string_lossy(), "s3://b/o.mp4"),
        ),
        (
            "/local/ffmpeg",
            copy("https://example.org/in.mp4", "/tmp/o.mp4"),
        ),
        ("/jobs", typed),
    ] {
        let (status, answer) = server.post(path, &body);
        let said = answer["message"].as_str().unwrap_or_default();
        assert!(
            status == 403 && said.contains("may name none"),
            "{status} {answer}"
        );
    }
}

#[test]
fn roots_bound_whoever_comes_over_the_network() {
    let sandbox = room("");
    let root = sandbox.path("media").display().to_string();
    sandbox.write("ffbatch.toml", section(&root));
    let Some(server) = from_elsewhere(&sandbox) else {
        return;
    };
    let at = |name: &str| sandbox.path(name).display().to_string();
    let (status, answer) = server.post(
        "/local/ffmpeg",
        &copy(&at("media/in.mp4"), &at("media/new/out.mp4")),
    );
    assert_eq!(status, 200, "{answer}");
    let id = answer["jobId"].as_str().expect("an id");
    assert_eq!(ended(&server, id)["status"], "SUCCEEDED");
    assert!(sandbox.path("media/new/out.mp4").is_file());
    assert_eq!(server.get(&format!("/jobs/{id}/outputs/0")).0, 200);

    symlink(sandbox.path("secret.mp4"), sandbox.path("media/link.mp4")).expect("a link");
    let command = |words: String| json!({ "command": format!("ffmpeg {words}") });
    let inside = at("media/in.mp4");
    for (path, body) in [
        ("/local/ffmpeg", copy(&at("secret.mp4"), &at("media/o.mp4"))),
        (
            "/local/ffmpeg",
            copy(&at("media/link.mp4"), &at("media/o.mp4")),
        ),
        (
            "/local/ffmpeg",
            copy(&at("media/../secret.mp4"), &at("media/o.mp4")),
        ),
        ("/local/ffmpeg", copy(&inside, &at("o.mp4"))),
        (
            "/jobs",
            command(format!(
                "-i {inside} -vf movie={} {}",
                at("secret.mp4"),
                at("media/o.mp4")
            )),
        ),
        (
            "/jobs",
            command(format!(
                "-i {inside} -passlogfile {} {}",
                at("log"),
                at("media/o.mp4")
            )),
        ),
    ] {
        let (status, answer) = server.post(path, &body);
        let said = answer["message"].as_str().unwrap_or_default();
        assert!(
            status == 403 && said.contains("none of the files that this job may use"),
            "{body}: {status} {answer}"
        );
    }

    // What only the worker sees: the names in a list, and a link that was made after the job was taken.
    sandbox.write("media/list.txt", format!("file '{}'\n", at("secret.mp4")));
    let list = command(format!(
        "-f concat -safe 0 -i {} -c copy {}",
        at("media/list.txt"),
        at("media/o.mp4")
    ));
    let (status, answer) = server.post("/jobs", &list);
    assert_eq!(status, 200, "{answer}");
    let job = ended(&server, answer["jobId"].as_str().expect("an id"));
    let said = job["statusReason"].as_str().unwrap_or_default();
    assert!(
        job["exitCode"] == 3 && said.contains("none of the files that this job may use"),
        "{job}"
    );
    assert!(!sandbox.path("media/o.mp4").exists());

    // A server of this machine: whoever submits there may name everything, and nobody else may see or repeat that.
    drop(server);
    sandbox.write("ffbatch.toml", "");
    let server = Server::start(&sandbox, &[]);
    let (status, answer) = server.post("/local/ffmpeg", &copy(&at("secret.mp4"), &at("own.mp4")));
    assert_eq!(status, 200, "{answer}");
    let own = answer["jobId"].as_str().expect("an id").to_owned();
    assert_eq!(ended(&server, &own)["status"], "SUCCEEDED");
    drop(server);
    sandbox.write("ffbatch.toml", section(&root));
    let server = from_elsewhere(&sandbox).expect("it was there before");
    let (status, answer) = server.get(&format!("/jobs/{own}/outputs/0"));
    assert_eq!(
        status, 403,
        "what lies elsewhere is not handed out: {answer}"
    );
    let again = |id: &str| server.post(&format!("/jobs/{id}/retry"), &json!({}));
    let (status, answer) = again(&own);
    assert_eq!(status, 403, "{answer}");
    let (status, answer) = again(id);
    assert_eq!(status, 200, "its own job: {answer}");
    assert_eq!(
        ended(&server, answer["jobId"].as_str().expect("an id"))["status"],
        "SUCCEEDED"
    );
}

#[test]
fn servers_of_the_machine_are_none_of_their_business() {
    let sandbox = room("");
    let root = sandbox.path("media").display().to_string();
    sandbox.write("ffbatch.toml", section(&root));
    let server = Server::start(&sandbox, &[]).showing(TOKEN);
    let output = sandbox.path("media/out.mp4").display().to_string();
    for (input, part) in [
        ("http://127.0.0.1:9/in.mp4", "this machine"),
        ("http://localhost:9/in.mp4", "this machine"),
        ("http://[::1]:9/live.m3u8", "leads to the machine"),
        ("rtmp://localhost:9/live", "leads to the machine"),
    ] {
        let (status, answer) = server.post("/local/ffmpeg", &copy(input, &output));
        assert_eq!(status, 200, "{answer}");
        let job = ended(&server, answer["jobId"].as_str().expect("an id"));
        let said = job["statusReason"].as_str().unwrap_or_default();
        assert!(
            job["status"] == "FAILED" && said.contains(part),
            "{input}: {job}"
        );
    }
}
