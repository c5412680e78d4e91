//! Web inputs, from Python's own server and from peers that misbehave.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ffbatch_dispatcher::location::Location;
use ffbatch_storage::{Kind, Meter, StoreError, Stores};

use crate::answering::{Answering, answer};
use crate::moto::free_port;
use crate::place::{Place, noise, read};

/// `python3 -m http.server` over a directory.
struct Server(Child, String);

impl Server {
    async fn start(place: &Place) -> Self {
        let port = free_port();
        let child = Command::new("python3")
            .args([
                "-m",
                "http.server",
                "--bind",
                "127.0.0.1",
                &port.to_string(),
            ])
            .current_dir(place.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("python3 is installed");
        let server = Self(child, format!("http://127.0.0.1:{port}"));
        let start = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(
                start.elapsed() < Duration::from_secs(30),
                "the server does not listen"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn web(url: &str) -> Location {
    Location::Http(url.to_owned())
}

async fn get(url: &str, place: &Place) -> Result<u64, StoreError> {
    let from = web(url);
    let store = Stores::default().of(&from).expect("a web address");
    store.get(&from, &place.at("got"), &Meter::default()).await
}

#[track_caller]
fn check(error: &StoreError, kind: Kind, fragment: &str) {
    assert_eq!(error.kind, kind, "{error}");
    assert!(error.to_string().contains(fragment), "{error}");
}

#[tokio::test]
async fn files_of_a_real_server_arrive_whole() {
    let (place, home) = (Place::new(), Place::new());
    let server = Server::start(&home).await;
    for length in [0, 1, 3 << 20] {
        home.file("a b#.mp4", &noise(length));
        let url = format!("{}/a%20b%23.mp4?token=x", server.1);
        assert_eq!(get(&url, &place).await.expect("fetched"), length as u64);
        assert!(read(&place.at("got")) == noise(length));
        let store = Stores::default().of(&web(&url)).expect("a web address");
        assert_eq!(
            store.stat(&web(&url)).await.expect("there").size_bytes,
            Some(length as u64)
        );
    }
    let url = format!("{}/no.mp4?token=secret", server.1);
    let error = get(&url, &place).await.expect_err("missing");
    check(&error, Kind::NotFound, "does not exist (check the URL)");
    assert!(!error.to_string().contains("secret"), "{error}");
    assert_eq!(place.names(), ["got"]);
}

#[tokio::test]
async fn a_short_body_is_an_error() {
    let place = Place::new();
    let peer = Answering::with(vec![answer("200 OK", &["Content-Length: 10"], "12345")]);
    let error = get(&peer.url, &place).await.expect_err("cut");
    check(&error, Kind::Unreachable, "broke off after 5 of 10 bytes");
    assert!(error.retryable());
    assert_eq!(place.names(), [""; 0]);
    assert!(peer.asked()[0].contains(concat!("user-agent: ffbatch/", env!("CARGO_PKG_VERSION"))));
}

#[tokio::test]
async fn a_size_comes_from_a_range_where_there_is_one() {
    for (head, expected) in [
        (
            answer(
                "206 Partial Content",
                &[
                    "Content-Length: 1",
                    "Content-Range: bytes 0-0/1234",
                    "ETag: \"e\"",
                ],
                "x",
            ),
            Some(1234),
        ),
        (
            answer(
                "416 Range Not Satisfiable",
                &["Content-Length: 0", "Content-Range: bytes */0"],
                "",
            ),
            Some(0),
        ),
        (answer("200 OK", &["Content-Length: 7"], "1234567"), Some(7)),
        (
            answer("200 OK", &["Transfer-Encoding: chunked"], "0\r\n\r\n"),
            None,
        ),
    ] {
        let peer = Answering::with(vec![head]);
        let entry = Stores::default()
            .of(&web(&peer.url))
            .expect("web")
            .stat(&web(&peer.url))
            .await
            .expect("there");
        assert_eq!(entry.size_bytes, expected);
        assert!(peer.asked()[0].contains("range: bytes=0-0"));
    }
}

#[tokio::test]
async fn a_redirect_is_followed_but_not_to_credentials() {
    let place = Place::new();
    let goal = Answering::with(vec![answer("200 OK", &["Content-Length: 2"], "hi")]);
    let to_goal = format!("Location: {}/x", goal.url);
    let peer = Answering::with(vec![answer(
        "302 Found",
        &["Content-Length: 0", &to_goal],
        "",
    )]);
    assert_eq!(get(&peer.url, &place).await.expect("followed"), 2);
    for address in [
        "169.254.169.254",
        "169.254.170.2",
        "[fd00:ec2::254]",
        "[::ffff:169.254.169.254]",
        "2852039166",
    ] {
        let to_there = format!("Location: http://{address}/latest/meta-data/");
        let peer = Answering::with(vec![answer(
            "302 Found",
            &["Content-Length: 0", &to_there],
            "",
        )]);
        let start = Instant::now();
        let error = get(&peer.url, &place).await.expect_err("refused");
        check(&error, Kind::Denied, "credentials");
        assert!(start.elapsed() < Duration::from_secs(2), "it was tried");
        let error = get(&format!("http://{address}/latest/"), &place)
            .await
            .expect_err("refused");
        check(&error, Kind::Denied, "is refused");
    }
}

#[tokio::test]
async fn redirects_end() {
    let place = Place::new();
    let listener = Answering::with(
        (0..20)
            .map(|_| answer("302 Found", &["Content-Length: 0", "Location: /again"], ""))
            .collect(),
    );
    let error = get(&listener.url, &place).await.expect_err("endless");
    check(&error, Kind::Invalid, "redirects without an end");
}

#[tokio::test]
async fn statuses_have_kinds() {
    let place = Place::new();
    for (status, kind) in [
        ("404 Not Found", Kind::NotFound),
        ("410 Gone", Kind::NotFound),
        ("403 Forbidden", Kind::Denied),
        ("401 Unauthorized", Kind::Denied),
        ("503 Service Unavailable", Kind::Busy),
        ("429 Too Many Requests", Kind::Busy),
        ("204 No Content", Kind::Invalid),
    ] {
        let peer = Answering::with(vec![answer(status, &["Content-Length: 0"], "")]);
        check(&get(&peer.url, &place).await.expect_err(status), kind, "(");
    }
}

#[tokio::test]
async fn who_is_not_there_is_unreachable_within_seconds() {
    let place = Place::new();
    let start = Instant::now();
    let error = get("http://127.0.0.1:1/x", &place)
        .await
        .expect_err("refused");
    check(&error, Kind::Unreachable, "cannot be reached");
    let error = get("http://192.0.2.1/x", &place)
        .await
        .expect_err("no route");
    assert_eq!(error.kind, Kind::Unreachable, "{error}");
    let error = get("http://no-such-host.invalid/x", &place)
        .await
        .expect_err("no name");
    check(
        &error,
        Kind::Unreachable,
        "has a host name that cannot be found",
    );
    assert!(start.elapsed() < Duration::from_secs(10));
    let error = get("http://host:port/x", &place).await.expect_err("no URL");
    check(&error, Kind::Invalid, "is not a valid URL");
}

#[tokio::test]
async fn the_web_is_read_only() {
    let place = Place::new();
    let at = web("https://host/x");
    let store = Stores::default().of(&at).expect("web");
    let from = place.file("x", b"x");
    check(
        &store
            .put(&from, &at, &Meter::default())
            .await
            .expect_err("no"),
        Kind::Unsupported,
        "inputs only",
    );
    check(
        &store.list(&at).await.expect_err("no"),
        Kind::Unsupported,
        "knows no listing",
    );
}

#[tokio::test]
async fn a_part_of_a_page_came_from_its_start_where_the_server_knows_no_ranges() {
    let whole = "0123456789";
    let length = |count: usize| format!("Content-Length: {count}");
    let peer = Answering::with(vec![
        answer(
            "206 Partial Content",
            &["Content-Range: bytes 6-8/10", &length(3)],
            &whole[6..9],
        ),
        answer("200 OK", &[&length(10)], whole),
        answer("416 Range Not Satisfiable", &[&length(0)], ""),
        answer("404 Not Found", &[&length(0)], ""),
    ]);
    let at = web(&format!("{}/lines", peer.url));
    let store = Stores::default().of(&at).expect("a web address");
    for expected in ["678", "678", ""] {
        let part = store.read_range(&at, 6..9).await.expect("read");
        assert_eq!(part, expected.as_bytes());
    }
    let error = store.read_range(&at, 6..9).await.expect_err("no page");
    assert_eq!(error.kind, Kind::NotFound);
    assert!(peer.asked()[0].contains("range: bytes=6-8"));
}
