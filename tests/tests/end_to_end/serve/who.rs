//! Who may.

use std::process::{Command, Output};

use ffbatch_dispatcher::exit::Exit;
use ffbatch_tests::clip::{SHORT, bytes};
use ffbatch_tests::moto::Moto;
use ffbatch_tests::sandbox::Sandbox;
use ffbatch_tests::server::{Server, posting};
use ffbatch_tests::tools;

use serde_json::json;

use super::ground::{ended, room};

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
        sandbox.ffbatch(["serve"]).fails(Exit::Rejected, part);
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

/// The page keeps a token where its scripts cannot read it and no other page can send it.
#[test]
fn a_browser_keeps_its_token() {
    let (sandbox, server) = room();
    drop(server);
    sandbox.write(
        "ffbatch.toml",
        "[serve]\ntokens = ['0123456789abcdef0123']\n",
    );
    let server = Server::start(&sandbox, &[]);
    let enter = |token: &str| {
        let body = json!({ "token": token }).to_string();
        server.send(&posting("/session", "", &body))
    };
    assert_eq!(enter("0123456789abcdef0124").0, 403);
    let (status, head, _) = enter("0123456789abcdef0123");
    assert_eq!(status, 204, "{head}");
    let cookie = head
        .lines()
        .find_map(|line| line.strip_prefix("set-cookie: "))
        .expect("a cookie");
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
        "{cookie}"
    );
    let (pair, _) = cookie.split_once(';').expect("attributes");
    let shown = |more: &str| {
        let headers = format!("Host: 127.0.0.1\r\nCookie: {pair}\r\n{more}");
        server.get_with("/jobs", &headers).0
    };
    assert_eq!(shown(""), 200);
    assert_eq!(shown("Origin: http://127.0.0.1\r\n"), 200);
    assert_eq!(shown("Origin: https://evil.example.org\r\n"), 401);
}

#[test]
fn clients_have_a_pace() {
    let (sandbox, server) = room();
    let statuses = |server: &Server, headers: &str| -> Vec<u16> {
        (0..40)
            .map(|_| server.get_with("/health", headers).0)
            .collect()
    };
    assert!(statuses(&server, "").iter().all(|status| *status == 200));
    drop(server);
    sandbox.write(
        "ffbatch.toml",
        "[serve]\ntokens = ['0123456789abcdef0123']\nrequests_per_second = 5\n",
    );
    let server = Server::start(&sandbox, &[]);
    // Who guesses is slowed down as well.
    let guesses = statuses(&server, "Authorization: Bearer 0123456789abcdef0124\r\n");
    assert!(
        guesses.contains(&403) && guesses.contains(&429),
        "{guesses:?}"
    );
    let (status, head, body) = server.send("GET /health HTTP/1.0\r\n\r\n");
    assert!(
        status == 429 && head.contains("retry-after: 1") && body.contains("too many requests"),
        "{status} {head} {body}"
    );
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
