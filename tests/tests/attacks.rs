//! Media that points elsewhere: what a file tells ffmpeg to open is not opened unless the job names it.
//!
//! Every attack is first run with bare ffmpeg, where it succeeds: a test of a harmless attack would prove nothing.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ffbatch_dispatcher::exit::Exit;
use ffbatch_tests::clip::{self, SHORT};
use ffbatch_tests::moto::Moto;
use ffbatch_tests::sandbox::Sandbox;
use ffbatch_tests::tools;

/// Makes ffmpeg's HLS demuxer as trusting as it can be.
const TRUSTING: [&str; 8] = [
    "-allowed_extensions",
    "ALL",
    "-allowed_segment_extensions",
    "ALL",
    "-extension_picky",
    "0",
    "-protocol_whitelist",
    "file,http,tcp,crypto,data,subfile,concat",
];

/// Runs bare ffmpeg in the sandbox; the listed output must come out.
#[track_caller]
fn bare(sandbox: &Sandbox, words: &[String], output: &str) {
    let mut command = sandbox.command(&tools::ffmpeg());
    let status = command
        .args(["-nostdin", "-y"])
        .args(words)
        .stderr(Stdio::null())
        .status()
        .expect("ffmpeg starts");
    let wrote = sandbox
        .path(output)
        .metadata()
        .is_ok_and(|file| file.len() > 0);
    assert!(
        status.success() && wrote,
        "the attack does not even succeed against bare ffmpeg: {words:?}"
    );
    std::fs::remove_file(sandbox.path(output)).expect("it was just written");
}

/// Runs the attack as a job; nothing may come out.
#[track_caller]
fn held(sandbox: &Sandbox, words: &[String], output: &str) {
    let ended = sandbox.job(words);
    assert!(
        !sandbox.path(output).exists(),
        "the attack succeeded\n{ended}"
    );
    assert_ne!(ended.code, Some(0), "{ended}");
    sandbox.assert_clean();
}

/// A sandbox with a secret outside of the directory in which the job works.
fn with_secret() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    let secret = sandbox.directory("home").join("secret.mp4");
    std::fs::write(&secret, clip::bytes(SHORT)).expect("a sandbox is writable");
    (sandbox, secret.to_string_lossy().into_owned())
}

fn words(text: &[&str]) -> Vec<String> {
    text.iter().map(|word| (*word).to_owned()).collect()
}

fn trusting(rest: &[&str]) -> Vec<String> {
    words(&TRUSTING).into_iter().chain(words(rest)).collect()
}

#[test]
fn a_playlist_that_names_a_local_file() {
    let (sandbox, secret) = with_secret();
    sandbox.write(
        "in.m3u8",
        format!("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{secret}\n#EXT-X-ENDLIST\n"),
    );
    let attack = trusting(&["-i", "in.m3u8", "-map", "0:v", "-c", "copy", "out.mkv"]);
    bare(&sandbox, &attack, "out.mkv");
    held(&sandbox, &attack, "out.mkv");
}

/// A list that lies on this machine is its user's word. One from elsewhere is somebody else's.
#[track_caller]
fn check_list(entry: impl Fn(&str) -> String) {
    let (mut sandbox, secret) = with_secret();
    let moto = Moto::with("media");
    sandbox.set_all(moto.environment());
    let list = format!("file '{}'\n", entry(&secret));
    sandbox.write("list.txt", &list);
    moto.put("media", "list.txt", list);
    let open = [
        "-protocol_whitelist",
        "file,subfile,concat,cache,async",
        "-f",
        "concat",
        "-safe",
        "0",
        "-i",
    ];
    let attack = |input: &str| {
        words(&[&open[..], &[input, "-map", "0:v", "-c", "copy", "out.mkv"]].concat())
    };
    bare(&sandbox, &attack("list.txt"), "out.mkv");
    held(&sandbox, &attack("s3://media/list.txt"), "out.mkv");
}

#[test]
fn a_list_from_elsewhere_that_names_a_local_file() {
    check_list(str::to_owned);
    check_list(|secret| format!("file:{secret}"));
    check_list(|secret| format!("subfile,,start,0,end,0,,:{secret}"));
    check_list(|secret| format!("concat:{secret}"));
    check_list(|secret| format!("cache:{secret}"));
}

#[test]
fn a_playlist_that_names_a_server_of_this_machine() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback is there");
    let port = listener.local_addr().expect("it is bound").port();
    let seen = Arc::new(AtomicUsize::new(0));
    let body = clip::bytes(SHORT);
    let counter = Arc::clone(&seen);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().filter_map(Result::ok) {
            counter.fetch_add(1, Ordering::SeqCst);
            let mut request = [0; 4096];
            let head = format!("HTTP/1.0 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
            // Whoever hangs up early has been counted already.
            let _ = stream
                .read(&mut request)
                .and_then(|_| stream.write_all(head.as_bytes()))
                .and_then(|()| stream.write_all(&body));
        }
    });
    let sandbox = Sandbox::new();
    let entry = format!("http://127.0.0.1:{port}/secret.mp4");
    sandbox.write(
        "in.m3u8",
        format!("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{entry}\n#EXT-X-ENDLIST\n"),
    );
    let attack = trusting(&["-i", "in.m3u8", "-map", "0:v", "-c", "copy", "out.mkv"]);
    bare(&sandbox, &attack, "out.mkv");
    let before = seen.load(Ordering::SeqCst);
    assert!(before > 0, "bare ffmpeg asks the server");
    held(&sandbox, &attack, "out.mkv");
    assert_eq!(seen.load(Ordering::SeqCst), before, "the server was asked");
}

#[test]
fn the_environment_is_no_input() {
    let sandbox = Sandbox::with(SHORT, "in.mp4");
    let parent = format!("/proc/{}/environ", std::process::id());
    for secret in [
        "/proc/self/environ",
        parent.as_str(),
        "/proc/self/../self/environ",
        "file:/proc/self/environ",
    ] {
        let attack = words(&[
            "-f", "data", "-i", secret, "-map", "0", "-c", "copy", "-f", "data", "out.bin",
        ]);
        bare(&sandbox, &attack, "out.bin");
        held(&sandbox, &attack, "out.bin");
    }
}

#[test]
fn a_link_to_the_environment_is_no_input() {
    let sandbox = Sandbox::new();
    std::os::unix::fs::symlink("/proc/self/environ", sandbox.path("in.bin"))
        .expect("a sandbox is writable");
    let attack = words(&[
        "-f", "data", "-i", "in.bin", "-map", "0", "-c", "copy", "-f", "data", "out.bin",
    ]);
    bare(&sandbox, &attack, "out.bin");
    held(&sandbox, &attack, "out.bin");
}

#[test]
fn the_addresses_of_cloud_metadata_are_no_input() {
    let sandbox = Sandbox::new();
    for host in ["169.254.169.254", "169.254.170.2", "[fd00:ec2::254]"] {
        let ended = sandbox.job([
            "-i",
            &format!("http://{host}/latest/meta-data/x.mp4"),
            "out.mp4",
        ]);
        ended.fails(Exit::Input, "is refused");
    }
}
