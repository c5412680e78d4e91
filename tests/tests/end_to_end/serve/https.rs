//! HTTPS, with a certificate that these tests make, and curl as the client that knows it.

use std::process::Command;

use ffbatch_dispatcher::exit::Exit;
use ffbatch_tests::sandbox::Sandbox;
use ffbatch_tests::server::Server;

/// A room with a certificate; `None`, said loudly, where nothing makes one.
fn room() -> Option<Sandbox> {
    let mut sandbox = Sandbox::new();
    sandbox.set("AWS_EC2_METADATA_DISABLED", "true");
    let made = Command::new("openssl")
        .args("req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost".split(' '))
        .args("-addext subjectAltName=DNS:localhost,IP:127.0.0.1".split(' '))
        .args("-keyout key.pem -out cert.pem".split(' '))
        .current_dir(sandbox.path(""))
        .output();
    match made {
        Ok(made) if made.status.success() => Some(sandbox),
        other => {
            eprintln!("SKIPPED: there is no openssl to make a certificate with: {other:?}");
            None
        }
    }
}

/// Writes the section `serve` with this key, and what more there is.
fn configure(sandbox: &Sandbox, key: &str, more: &str) {
    let file = |name: &str| sandbox.path(name).display().to_string();
    let (certificate, key) = (file("cert.pem"), file(key));
    let section =
        format!("[serve]\ntls = {{ certificate = '{certificate}', key = '{key}' }}\n{more}");
    sandbox.write("ffbatch.toml", section);
}

fn url(server: &Server) -> String {
    server
        .url()
        .replace("http://127.0.0.1", "https://localhost")
}

/// What curl says of an address, and behind it the version of HTTP and the status.
fn asked(sandbox: &Sandbox, address: &str, words: &[&str]) -> String {
    let ran = Command::new("curl")
        .args("--silent --show-error --cookie-jar jar --cookie jar --cacert cert.pem".split(' '))
        .args(["--write-out", " %{http_version} %{http_code}"])
        .args(words)
        .arg(address)
        .current_dir(sandbox.path(""))
        .output()
        .expect("curl starts");
    let [said, wrong] =
        [ran.stderr, ran.stdout].map(|text| String::from_utf8_lossy(&text).into_owned());
    said + &wrong
}

#[test]
fn by_files() {
    let Some(sandbox) = room() else { return };
    configure(&sandbox, "key.pem", "");
    let server = Server::start(&sandbox, &[]);
    let said = asked(&sandbox, &format!("{}/health", url(&server)), &[]);
    assert!(said.contains("\"status\":\"ok\""), "{said}");
    drop(server);
    configure(&sandbox, "cert.pem", "");
    let words = ["serve", "--listen", "127.0.0.1:0"];
    sandbox
        .ffbatch(words)
        .fails(Exit::Rejected, "cannot be used");
}

/// Browsers speak HTTP/2 there, which has no `Host`: sessions and signatures hold all the same.
#[test]
fn who_may_by_http_2() {
    let Some(sandbox) = room() else { return };
    let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    let more = format!("tokens = ['0123456789abcdef0123']\nkeys = {{ test = '{secret}' }}\n");
    configure(&sandbox, "key.pem", &more);
    let server = Server::start(&sandbox, &[]);
    let check = |path: &str, words: &[&str], status: u16| {
        let said = asked(
            &sandbox,
            &format!("{}{path}", url(&server)),
            &[&["--http2"], words].concat(),
        );
        assert!(said.ends_with(&format!(" 2 {status}")), "{said}");
    };
    let json = ["--header", "Content-Type: application/json", "--data"];
    check("/health", &[], 401);
    let token = "{\"token\": \"0123456789abcdef0123\"}";
    check("/session", &[&json[..], &[token]].concat(), 204);
    let origin = format!("Origin: {}", url(&server));
    let describe = [&json[..], &["{\"jobId\": \"no\"}", "--header"]].concat();
    check(
        "/batch/describe",
        &[&describe[..], &[&origin]].concat(),
        404,
    );
    let strange = "Origin: https://localhost:1";
    check(
        "/batch/describe",
        &[&describe[..], &[strange]].concat(),
        401,
    );
    std::fs::remove_file(sandbox.path("jar")).expect("it was kept");
    let user = format!("test:{secret}");
    let signed = ["--aws-sigv4", "aws:amz:eu-west-1:execute-api", "--user"];
    check("/health", &[&signed[..], &[&user]].concat(), 200);
    check("/health", &[&signed[..], &["test:wrong"]].concat(), 403);
}
