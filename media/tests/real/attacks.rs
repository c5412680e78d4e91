//! Commands and files that reach for what is not theirs. Each one must succeed without the confinement, or the test would
//! prove nothing, and must get nothing with it.

use std::io::Read as _;
use std::net::{TcpListener, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use ffbatch_media::confine::{Confinement, Network, available};
use ffbatch_media::find::Ffmpeg;
use ffbatch_media::run::RunError;

use crate::setup::{Room, go};

/// Copies the bytes of any file.
const COPY: &str = "-f data -i FILE -map 0 -c copy -f data JOB/stolen";

/// The output of a command, empty when there is none.
fn stolen(room: &Room) -> String {
    let bytes = std::fs::read(room.mine("stolen")).unwrap_or_default();
    // Removed, so that a second run cannot inherit it.
    let _ = std::fs::remove_file(room.mine("stolen"));
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A command that shall write what it got into `JOB/stolen`.
#[track_caller]
fn check_read(room: &Room, command: &str) {
    assert!(room.unconfined(command), "it works without confinement");
    assert!(
        !stolen(room).is_empty(),
        "it gets something without confinement"
    );
    let (finished, _) = room.confined(command);
    let got = stolen(room);
    assert!(
        got.is_empty(),
        "got {} bytes; {:?}",
        got.len(),
        finished.stderr_tail
    );
    assert!(!finished.exit.success(), "{:?}", finished.stderr_tail);
}

#[test]
fn this_machine_confines_fully() {
    // Where it does not, the other tests here cannot hold, and this one says why.
    assert_eq!(available(), Confinement::Full);
}

#[test]
fn own_environment() {
    let room = Room::new();
    let command = COPY.replace("FILE", "/proc/self/environ");
    assert!(room.unconfined(&command));
    assert!(stolen(&room).contains("swordfish"));
    let (finished, _) = room.confined(&command);
    assert!(!finished.exit.success());
    assert_eq!(stolen(&room), "");
}

#[test]
fn environment_of_the_parent() {
    let room = Room::new();
    let parent = format!("/proc/{}/environ", std::process::id());
    check_read(&room, &COPY.replace("FILE", &parent));
}

#[test]
fn memory_of_the_parent() {
    let room = Room::new();
    let parent = format!("/proc/{}/maps", std::process::id());
    check_read(&room, &COPY.replace("FILE", &parent));
}

#[test]
fn system_files() {
    let room = Room::new();
    check_read(&room, &COPY.replace("FILE", "/etc/passwd"));
}

#[test]
fn a_symbolic_link_among_the_inputs() {
    let room = Room::new();
    std::os::unix::fs::symlink("/etc/passwd", room.mine("innocent")).expect("a link");
    check_read(&room, &COPY.replace("FILE", "JOB/innocent"));
}

#[test]
fn protocols_that_open_other_files() {
    let room = Room::new();
    let clip = room.make_theirs("clip.ts");
    let copy = "-map 0 -c copy -f mpegts JOB/stolen";
    check_read(&room, &format!("-i concat:{clip} {copy}"));
    check_read(&room, &format!("-i subfile,,start,0,end,0,,:{clip} {copy}"));
    check_read(&room, &format!("-i async:{clip} {copy}"));
    check_read(
        &room,
        &format!("-f lavfi -i movie={clip} -f rawvideo JOB/stolen"),
    );
}

#[test]
fn files_that_name_other_files() {
    let room = Room::new();
    let clip = room.make_theirs("clip.ts");
    let copy = "-map 0 -c copy -f mpegts JOB/stolen";

    std::fs::write(room.mine("list.txt"), format!("file '{clip}'\n")).expect("a list");
    check_read(&room, &format!("-f concat -safe 0 -i JOB/list.txt {copy}"));

    let playlist =
        format!("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{clip}\n#EXT-X-ENDLIST\n");
    std::fs::write(room.mine("in.m3u8"), playlist).expect("a playlist");
    check_read(&room, &format!("-i JOB/in.m3u8 {copy}"));
}

#[test]
fn filters_that_read_files() {
    let room = Room::new();
    let picture = "-f rawvideo JOB/stolen";
    let source = "-f lavfi -i color=s=64x48:d=0.04";
    std::fs::write(room.theirs("commands.txt"), "0.0 null x y;\n").expect("a file");
    check_read(
        &room,
        &format!("{source} -vf sendcmd=f=OUTSIDE/commands.txt,null {picture}"),
    );
    std::fs::write(
        room.theirs("identity.cube"),
        "LUT_3D_SIZE 2\n0 0 0\n1 0 0\n0 1 0\n1 1 0\n0 0 1\n1 0 1\n0 1 1\n1 1 1\n",
    )
    .expect("a table");
    check_read(
        &room,
        &format!("{source} -vf lut3d=OUTSIDE/identity.cube {picture}"),
    );
}

#[test]
fn writing_outside() {
    let room = Room::new();
    let command = "-f lavfi -i testsrc2=s=64x48:d=0.2 -c:v mpeg2video OUTSIDE/planted.ts";
    let planted = room.theirs("planted.ts");
    assert!(room.unconfined(command) && Path::new(&planted).exists());
    std::fs::remove_file(&planted).expect("it is there");
    let (finished, _) = room.confined(command);
    assert!(!finished.exit.success());
    assert!(!Path::new(&planted).exists());
}

/// An ffmpeg that a broken file has taken over runs code of somebody else. The program of this test is a script, since ffmpeg
/// itself makes no links.
#[test]
fn links_and_pipes_left_for_the_worker_to_follow() {
    let room = Room::new();
    let script = room.theirs("ffmpeg");
    let body = "#!/bin/sh\necho made > plain\nln -s /etc/passwd link\nmkfifo pipe\nexit 0\n";
    std::fs::write(&script, body).expect("a script");
    std::fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).expect("a mode");
    let names =
        || ["plain", "link", "pipe"].map(|name| std::fs::symlink_metadata(room.mine(name)).is_ok());

    let unconfined = Command::new(&script).current_dir(room.job.path()).status();
    assert!(unconfined.expect("it starts").success());
    assert_eq!(names(), [true; 3], "it works without confinement");
    for name in ["plain", "link", "pipe"] {
        std::fs::remove_file(room.mine(name)).expect("it is there");
    }

    let mut asked = room.run("");
    asked.ffmpeg = Ffmpeg::at(script).expect("an executable");
    go(&asked).0.expect("it starts");
    assert_eq!(names(), [true, false, false]);
}

#[test]
fn emptying_a_file_outside() {
    let room = Room::new();
    let victim = room.theirs("victim");
    let command = "-f lavfi -i testsrc2=s=64x48:d=0.2 -f rawvideo -truncate 1 OUTSIDE/victim";
    std::fs::write(&victim, "precious").expect("a file");
    let (finished, _) = room.confined(command);
    assert!(!finished.exit.success());
    assert_eq!(
        std::fs::read_to_string(&victim).expect("it is there"),
        "precious"
    );
    assert!(room.unconfined(command));
    assert_ne!(std::fs::read(&victim).expect("it is there"), b"precious");
}

/// What a command sends to a TCP listener; `None` when nobody connects.
fn heard_by_tcp(attack: impl FnOnce(u16)) -> bool {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let waiting = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let mut bytes = Vec::new();
        // A sender that is cut off has still been heard.
        let _ = stream.read_to_end(&mut bytes);
        bytes
    });
    attack(port);
    if waiting.is_finished() {
        return !waiting.join().expect("a listener").is_empty();
    }
    // Ends the listener: an empty connection is what it hears when ffmpeg never came.
    drop(std::net::TcpStream::connect(("127.0.0.1", port)));
    !waiting.join().expect("a listener").is_empty()
}

const SEND: &str = "-f lavfi -i testsrc2=s=64x48:d=0.2 -c:v mpeg2video -f mpegts";

#[test]
fn tcp() {
    let room = Room::new();
    assert!(heard_by_tcp(|port| {
        room.unconfined(&format!("{SEND} tcp://127.0.0.1:{port}"));
    }));
    assert!(!heard_by_tcp(|port| {
        let (finished, _) = room.confined(&format!("{SEND} tcp://127.0.0.1:{port}"));
        assert!(!finished.exit.success());
    }));
}

#[test]
fn udp() {
    let room = Room::new();
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    socket
        .set_read_timeout(Some(Duration::from_millis(500)))
        .expect("a time-out");
    let port = socket.local_addr().expect("an address").port();
    let command = format!("{SEND} udp://127.0.0.1:{port}");
    let mut bytes = [0; 2000];
    room.unconfined(&command);
    assert!(socket.recv(&mut bytes).is_ok());
    while socket.recv(&mut bytes).is_ok() {}
    let (finished, _) = room.confined(&command);
    assert!(!finished.exit.success());
    assert!(socket.recv(&mut bytes).is_err());
}

#[test]
fn unix_sockets() {
    let room = Room::new();
    let path = room.mine("socket");
    let listener = UnixListener::bind(&path).expect("a socket");
    listener.set_nonblocking(true).expect("a mode");
    let command = format!("{SEND} unix:{path}");
    room.unconfined(&command);
    assert!(listener.accept().is_ok());
    let (finished, _) = room.confined(&command);
    assert!(!finished.exit.success());
    assert!(listener.accept().is_err());
}

#[test]
fn only_the_named_ports_with_network() {
    let room = Room::new();
    let attack = |named: fn(u16) -> u16| {
        heard_by_tcp(|port| {
            let mut run = room.run(&format!("{SEND} tcp://127.0.0.1:{port}"));
            run.policy.network = Network::Ports(vec![named(port)]);
            go(&run).0.expect("ffmpeg starts");
        })
    };
    assert!(attack(|port| port));
    assert!(!attack(|port| port ^ 1));
}

#[test]
fn other_sockets_stay_closed_with_network() {
    let room = Room::new();
    let path = room.mine("socket");
    let listener = UnixListener::bind(&path).expect("a socket");
    listener.set_nonblocking(true).expect("a mode");
    let mut run = room.run(&format!("{SEND} unix:{path}"));
    run.policy.network = Network::Ports(vec![80]);
    go(&run).0.expect("ffmpeg starts");
    assert!(listener.accept().is_err());
}

#[test]
fn what_cannot_start_is_told_apart_from_what_fails() {
    let room = Room::new();
    std::fs::write(room.mine("ffmpeg"), "no program").expect("a file");
    let mut run = room.run("-version");
    run.ffmpeg.path = room.job.path().join("ffmpeg");
    let error = go(&run).0.expect_err("it is no program");
    let RunError::NotStarted(reason) = &error else {
        panic!("{error}");
    };
    assert!(reason.contains("cannot be started"), "{reason}");
    assert!(reason.contains("ermission denied"), "{reason}");
}
