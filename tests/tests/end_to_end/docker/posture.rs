//! What a container may do, and what others are told of it.

use std::fs;
use std::process::Command;

use ffbatch_tests::clip::LONG;
use ffbatch_tests::docker::docker;
use ffbatch_tests::media::frames;
use ffbatch_tests::tools;
use std::os::unix::fs::MetadataExt;

use super::place::{Place, inspect, try_docker};

const SLOW: &str = "-- ffmpeg -re -i in.mp4 -c:v libx264 -preset ultrafast out/o.mp4";

#[test]
fn a_job_on_files_has_no_network_no_right_and_a_root_that_it_cannot_change() {
    let Some(place) = Place::with(LONG) else {
        return;
    };
    let job = place.submit(SLOW);
    let container = place.encoding(&job);
    let told = inspect(&container);
    // Not what was asked for counts, but what the kernel says of the worker.
    let worker = told["State"]["Pid"].as_i64().expect("it runs");
    let devices = fs::read_to_string(format!("/proc/{worker}/net/dev")).expect("it runs");
    let devices: Vec<&str> = devices
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, _)| name.trim())
        .collect();
    assert_eq!(devices, ["lo"]);
    let status = fs::read_to_string(format!("/proc/{worker}/status")).expect("it runs");
    for line in [
        "CapEff:\t0000000000000000",
        "CapBnd:\t0000000000000000",
        "NoNewPrivs:\t1",
    ] {
        assert!(status.contains(line), "{line}: {status}");
    }
    let writes = |path: &str| {
        let words = "-nostdin -v error -f lavfi -i testsrc -frames:v 1 -update 1";
        let program = ["exec", &container, "/usr/bin/ffmpeg"];
        let words = program.into_iter().chain(words.split(' ')).chain([path]);
        try_docker(&words.collect::<Vec<_>>())
    };
    let output = place.sandbox.path("out");
    assert!(!output.exists(), "nothing is made before it is published");
    let beside = place.sandbox.path("beside.png");
    assert!(writes(&beside.to_string_lossy()), "the output's directory");
    for path in ["/root.png", "/usr/bin/root.png", "/etc/root.png"] {
        assert!(!writes(path), "{path}");
    }
    place.ask(&format!("cancel {job}")).ok();
    place.ask(&format!("wait {job}"));
    place.end_clean();
}

#[test]
fn inputs_cannot_be_written_to_and_neighbours_cannot_be_seen() {
    let Some(place) = Place::with(LONG) else {
        return;
    };
    let at = |name: &str| place.sandbox.path(name).to_string_lossy().into_owned();
    for directory in ["in", "other", "out"] {
        fs::create_dir(at(directory)).expect("our own");
    }
    fs::rename(at("in.mp4"), at("in/in.mp4")).expect("our own");
    fs::copy(at("in/in.mp4"), at("in/other.mp4")).expect("our own");
    let job = place.submit("-- ffmpeg -re -i in/in.mp4 -c:v libx264 -preset ultrafast out/o.mp4");
    let container = place.encoding(&job);
    let ffmpeg = |words: &[&str]| {
        let program = [
            "exec",
            &container,
            "/usr/bin/ffmpeg",
            "-nostdin",
            "-v",
            "error",
        ];
        docker(program.iter().chain(words)).status.success()
    };
    let (input, neighbour) = (at("in/in.mp4"), at("in/other.mp4"));
    assert!(ffmpeg(&["-i", &input, "-frames:v", "1", "-f", "null", "-"]));
    assert!(!ffmpeg(&["-i", &neighbour, "-f", "null", "-"]));
    let source = ["-f", "lavfi", "-i", "testsrc", "-frames:v", "1", "-y"];
    assert!(!ffmpeg(&[&source[..], &[&*input]].concat()));
    assert_eq!(frames(place.sandbox.path("in/in.mp4").as_path()), 750);
    place.ask(&format!("cancel {job}")).ok();
    place.ask(&format!("wait {job}"));
    place.end_clean();
}

#[test]
fn nothing_secret_is_told_of_a_container() {
    let Some(mut place) = Place::with(LONG) else {
        return;
    };
    let secrets = [
        ("AWS_ACCESS_KEY_ID", "AKIAVERYOWNKEY"),
        ("AWS_SECRET_ACCESS_KEY", "very-own-secret"),
        ("AWS_SESSION_TOKEN", "very-own-token"),
        ("GITHUB_TOKEN", "very-own-github"),
    ];
    place.sandbox.set_all(secrets);
    let job = place.submit(&format!("--name open {SLOW}"));
    let container = place.encoding(&job);
    let told = inspect(&container).to_string();
    for (_, secret) in secrets {
        assert!(!told.contains(secret), "`{secret}` is in {told}");
    }
    assert!(!told.contains("libx264"), "the command is in {told}");
    assert!(told.contains("\"ffbatch.name\":\"open\""), "{told}");
    place.ask(&format!("cancel {job}")).ok();
    place.ask(&format!("wait {job}"));
    place.end_clean();
}

#[test]
fn a_user_who_is_nobody_special() {
    /// Nobody has this id.
    const USER: &str = "43210";
    let Some(mut place) = Place::with(LONG) else {
        return;
    };
    let Ok(socket) = fs::metadata("/var/run/docker.sock") else {
        eprintln!("SKIPPED: the engine is not at /var/run/docker.sock");
        return;
    };
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED: only root can become another user");
        return;
    }
    place.sandbox.open_to_all();
    let own = |name: &str| place.sandbox.directory(name).join("own");
    let (work, state) = (own("work"), own("state"));
    place.sandbox.set("FFBATCH_WORK_DIR", work);
    place.sandbox.set("FFBATCH_STATE_DIR", state);
    let mut command: Command = place.sandbox.command("setpriv".as_ref());
    command
        .args(["--reuid", USER, "--regid", USER, "--groups"])
        .arg(socket.gid().to_string())
        .arg("--")
        .arg(tools::ffbatch());
    command.args(["run", "--json", "--", "ffmpeg", "-i", "in.mp4"]);
    let ran = place
        .sandbox
        .end(command.args(["-c", "copy", "-t", "1", "out/o.mp4"]));
    ran.ok();
    let output = place.sandbox.path("out/o.mp4");
    let there = fs::metadata(output).expect("it is there");
    assert_eq!(there.uid().to_string(), USER);
}
