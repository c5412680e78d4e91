//! The REST API on this machine, by its clients.

use std::collections::BTreeSet;
use std::io::BufRead;
use std::process::{Command, Output};

use ffbatch_dispatcher::infra::PARAMETERS;
use ffbatch_tests::clip::{SHORT, bytes};
use ffbatch_tests::moto::Moto;
use ffbatch_tests::sandbox::{Sandbox, until};
use ffbatch_tests::server::Server;
use ffbatch_tests::tools;
use serde_json::{Value, json};

fn room() -> (Sandbox, Server) {
    let mut sandbox = Sandbox::with(SHORT, "in.mp4");
    sandbox.set("AWS_EC2_METADATA_DISABLED", "true");
    let server = Server::start(&sandbox, &[]);
    (sandbox, server)
}

/// A job that copies the clip, read at this rate.
fn copy(sandbox: &Sandbox, rate: &str, output: &str) -> Value {
    json!({
        "input_file_options": format!("-readrate {rate}"),
        "input_url": sandbox.path("in.mp4"),
        "output_file_options": "-c copy",
        "output_url": sandbox.path(output),
    })
}

#[track_caller]
fn submitted(server: &Server, path: &str, body: &Value) -> String {
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
fn ended(server: &Server, id: &str) -> Value {
    let mut last = Value::Null;
    until("the job has ended", || {
        let (status, answer) = server.post("/batch/describe", &json!({ "jobId": id }));
        assert_eq!(status, 200, "{answer}");
        last = answer;
        last["status"] == "SUCCEEDED" || last["status"] == "FAILED"
    });
    last
}

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

#[test]
fn who_may() {
    let (sandbox, server) = room();
    let strange = |headers: &str| server.get_with("/health", headers).0;
    assert_eq!(strange("Host: localhost\r\n"), 200);
    assert_eq!(strange("Host: evil.example.org\r\n"), 403);
    assert_eq!(
        strange("Host: localhost\r\nOrigin: https://evil.example.org\r\n"),
        403
    );
    drop(server);
    sandbox.write(
        "ffbatch.toml",
        "[serve]\ntokens = ['0123456789abcdef0123']\n",
    );
    let server = Server::start(&sandbox, &[]);
    let shown = |headers: &str| server.get_with("/health", headers).0;
    assert_eq!(shown(""), 401);
    assert_eq!(shown("Authorization: Bearer 0123456789abcdef0124\r\n"), 403);
    assert_eq!(shown("Authorization: Bearer 0123456789abcdef0123\r\n"), 200);
    let open = |text: &str, part: &str| {
        sandbox.write("ffbatch.toml", text);
        sandbox
            .ffbatch(["serve"])
            .fails(ffbatch_dispatcher::exit::Exit::Rejected, part);
    };
    open(
        "[serve]\nlisten = '0.0.0.0:0'\n",
        "nobody has to show who they are",
    );
    open("[serve]\ntokens = ['short']\n", "fewer than 16 characters");
    open("[serve]\nkeys = { a = 'short' }\n", "has 5 characters");
    open("[serve]\nlisten = 'here'\n", "is no address to listen at");
    open("[serve]\ncomputes = ['moon']\n", "`moon`");
    open("[serve]\nlissten = 'x'\n", "unknown field: found `lissten`");
}

/// The client knows AWS alone, and signs its requests; here by this key.
fn client(moto: &Moto, server: &Server, secret: &str) -> Output {
    let url = format!("{}/prod/", server.url());
    Command::new(tools::python())
        .arg(tools::repository().join("tests/fixtures/clients/rest.py"))
        .args([&url, "local", "media", "in.mp4", "out.mp4", "-c copy"])
        .envs(moto.environment())
        .env("AWS_SECRET_ACCESS_KEY", secret)
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .output()
        .expect("Python starts")
}

#[test]
fn a_client_of_the_sample_runs_unchanged() {
    let moto = Moto::start();
    moto.create("media");
    moto.put("media", "in.mp4", bytes(SHORT));
    let mut sandbox = Sandbox::new();
    sandbox.set_all(moto.environment());
    sandbox.set("AWS_EC2_METADATA_DISABLED", "true");
    let runs = |server: &Server, secret: &str| {
        let ran = client(&moto, server, secret);
        assert!(
            ran.status.success(),
            "{}",
            String::from_utf8_lossy(&ran.stderr)
        );
        String::from_utf8_lossy(&ran.stdout).trim().to_owned()
    };
    // On the loopback nobody looks at the signature.
    let server = Server::start(&sandbox, &[]);
    let id = runs(&server, "whatever");
    assert_eq!(ended(&server, &id)["status"], "SUCCEEDED");
    assert!(moto.keys("media").contains("out.mp4"));
    drop(server);
    // With keys it has to be right.
    let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    let section = format!("[serve]\nkeys = {{ test = '{secret}' }}\n");
    sandbox.write("ffbatch.toml", section);
    let server = Server::start(&sandbox, &[]);
    runs(&server, secret);
    let refused = client(&moto, &server, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEX");
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && said.contains("403"), "{said}");
    assert_eq!(server.get_with("/health", "").0, 401);
}

/// What the stack's document asks for, this one takes; what that one answers, this one answers.
#[test]
fn the_document_is_that_of_the_stack_and_more() {
    let (_sandbox, server) = room();
    let (status, ours) = server.get("/openapi.json");
    assert_eq!(status, 200);
    let text = std::fs::read_to_string(tools::repository().join("docs/openapi.json"))
        .expect("it is committed");
    let theirs: Value = serde_json::from_str(&text).expect("JSON");
    let names = |document: &Value, schema: &str| -> Vec<String> {
        let properties = document["components"]["schemas"][schema]["properties"].as_object();
        properties
            .unwrap_or_else(|| panic!("no `{schema}`"))
            .keys()
            .cloned()
            .collect()
    };
    for (stack, here) in [
        ("SubmitIntel", "Submit"),
        ("Submitted", "Submitted"),
        ("Describe", "Describe"),
    ] {
        assert_eq!(names(&theirs, stack), names(&ours, here), "{stack}");
    }
    let submit = &ours["components"]["schemas"]["Submit"];
    assert_eq!(
        submit["required"],
        theirs["components"]["schemas"]["SubmitIntel"]["required"]
    );
    assert_eq!(submit["additionalProperties"], false);
    for parameter in PARAMETERS.iter().filter(|name| **name != "job") {
        assert!(
            names(&ours, "Submit").contains(&(*parameter).to_owned()),
            "{parameter}"
        );
    }
    for path in [
        "/{compute}/ffmpeg",
        "/batch/execute/{compute}",
        "/batch/describe",
    ] {
        let responses = ours["paths"][path]["post"]["responses"]
            .as_object()
            .expect("responses");
        for status in ["200", "400", "403", "415", "429", "502"] {
            assert!(responses.contains_key(status), "{path} {status}");
        }
    }
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

#[test]
fn the_page_needs_nobody_else() {
    let (_sandbox, server) = room();
    for path in ["/", "/assets/style.css", "/assets/app.js"] {
        let (status, head, body) = server.send(&format!("GET {path} HTTP/1.0\r\n\r\n"));
        assert_eq!(status, 200, "{path}");
        let head = head.to_ascii_lowercase();
        assert!(
            head.contains("content-security-policy: default-src 'none'"),
            "{head}"
        );
        for foreign in ["https://", "@import", "eval(", "innerHTML", "onclick="] {
            assert!(!body.contains(foreign), "{path} has `{foreign}`");
        }
    }
}

/// The certificate is one that this test makes; curl of Debian has to know it.
#[test]
fn by_https() {
    let mut sandbox = Sandbox::with(SHORT, "in.mp4");
    sandbox.set("AWS_EC2_METADATA_DISABLED", "true");
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
        ])
        .args([
            "-addext",
            "subjectAltName=DNS:localhost,IP:127.0.0.1",
            "-keyout",
            "key.pem",
            "-out",
            "cert.pem",
        ])
        .current_dir(sandbox.path(""))
        .output();
    match made {
        Ok(made) if made.status.success() => {}
        other => {
            eprintln!("SKIPPED: there is no openssl to make a certificate with: {other:?}");
            return;
        }
    }
    let section = |key: &str| {
        let file = |name: &str| sandbox.path(name).display().to_string();
        format!(
            "[serve]\ntls = {{ certificate = '{}', key = '{}' }}\n",
            file("cert.pem"),
            file(key)
        )
    };
    sandbox.write("ffbatch.toml", section("key.pem"));
    let server = Server::start(&sandbox, &[]);
    let url = server
        .url()
        .replace("http://127.0.0.1", "https://localhost");
    let answered = Command::new("curl")
        .args(["--silent", "--cacert"])
        .arg(sandbox.path("cert.pem"))
        .arg(format!("{url}/health"))
        .output()
        .expect("curl starts");
    let said = String::from_utf8_lossy(&answered.stdout).into_owned();
    assert!(
        said.contains("\"status\":\"ok\""),
        "{said} {}",
        String::from_utf8_lossy(&answered.stderr)
    );
    drop(server);
    sandbox.write("ffbatch.toml", section("in.mp4"));
    let words = ["serve", "--listen", "127.0.0.1:0"];
    sandbox
        .ffbatch(words)
        .fails(ffbatch_dispatcher::exit::Exit::Rejected, "cannot be used");
}
