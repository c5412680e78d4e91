//! An engine that is not there, goes away in the middle, or has another image.

use std::io::{self, ErrorKind};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use ffbatch_dispatcher::exit::Exit;
use ffbatch_tests::clip::{LONG, SHORT};
use ffbatch_tests::docker::done;
use ffbatch_tests::image;
use ffbatch_tests::media::frames;

use super::place::{Place, container};

#[test]
fn what_is_missing_is_said_before_a_job_is_accepted() {
    let Some(mut place) = Place::with(SHORT) else {
        return;
    };
    let mut check = |name: &str, value: &str, part: &str| {
        let before = std::env::var(name).unwrap_or_default();
        place.sandbox.set(name, value);
        place
            .run("-i in.mp4 -c copy out.mp4")
            .fails(Exit::Machine, part);
        place.sandbox.set(name, before);
    };
    check(
        "DOCKER_HOST",
        "unix:///nowhere/engine.sock",
        "no container engine runs at `/nowhere/engine.sock` (start one",
    );
    check(
        "DOCKER_HOST",
        "tcp://192.0.2.1:2375",
        "is none of this machine",
    );
    check(
        "FFBATCH_BACKENDS__DOCKER__IMAGE",
        "ffbatch:none",
        "has no image `ffbatch:none` (bring it with `docker load`",
    );
    assert!(!place.sandbox.directory("state/docker").exists());
}

#[test]
fn an_image_of_somebody_else_is_told_from_ours() {
    let Some(mut place) = Place::with(SHORT) else {
        return;
    };
    let ours = image::worker();
    // In it ffmpeg itself stands where the worker should.
    let stranger = format!("ffbatch-test-stranger:{}", std::process::id());
    let container = done(["create", &ours]);
    let entry = "ENTRYPOINT [\"/usr/bin/ffmpeg\"]";
    done(["commit", "--change", entry, &container, &stranger]);
    done(["rm", &container]);
    place
        .sandbox
        .set("FFBATCH_BACKENDS__DOCKER__IMAGE", &stranger);
    let ran = place.run("-i in.mp4 -c copy out.mp4");
    done(["rmi", &stranger]);
    let part = format!("`{stranger}` is not a worker of this version");
    ran.fails(Exit::Machine, &part);
    ran.fails(Exit::Machine, "`image` in the section `backends.docker`");
    place.end_clean();
}

#[test]
fn an_engine_without_graphics_cards_says_what_it_lacks() {
    let Some(place) = Place::with(SHORT) else {
        return;
    };
    if done(["info", "--format", "{{json .Runtimes}}"]).contains("nvidia") {
        eprintln!("SKIPPED: this engine has GPUs");
        return;
    }
    let ran = place.ask("run --gpus 1 -- ffmpeg -i in.mp4 -c copy out.mp4");
    ran.fails(Exit::Machine, "NVIDIA Container Toolkit");
    let listed = place.ask("list --json");
    let job = ffbatch_tests::queue::list(&place.sandbox).jobs.remove(0);
    assert_eq!(job.attempt, 1, "it was tried again in vain: {listed}");
    assert_eq!(place.detail(&job.id).terms.gpus, Some(1));
    place.end_clean();
}

#[test]
fn an_engine_that_goes_away_in_the_middle_is_waited_for() {
    let Some(mut place) = Place::with(LONG) else {
        return;
    };
    let door = Door::new(&place.sandbox.directory("engine.sock"));
    place
        .sandbox
        .set("DOCKER_HOST", format!("unix://{}", door.at));
    let job = place.submit("-- ffmpeg -re -i in.mp4 -t 4 -c:v libx264 -preset ultrafast out.mp4");
    let first = place.encoding(&job);
    door.shut();
    // It ends while nobody hears of it.
    done(["wait", &first]);
    assert_eq!(container(&job), Some(first[..12].to_owned()));
    door.open();
    place.ask(&format!("wait {job}")).ok();
    assert_eq!(place.detail(&job).attempts.len(), 1, "it ran twice");
    assert_eq!(frames(&place.sandbox.path("out.mp4")), 100);
    let logs = place.ask(&format!("logs --json {job}"));
    assert_eq!(logs.stdout.matches("\"finished\"").count(), 1, "{logs}");
    place.end_clean();
}

/// A way to the engine that can be shut.
struct Door {
    at: String,
    /// The connections that go through it; `None` while it is shut.
    through: Arc<Mutex<Option<Vec<UnixStream>>>>,
}

impl Door {
    fn new(at: &Path) -> Self {
        let listener = UnixListener::bind(at).expect("a sandbox is writable");
        let through = Arc::new(Mutex::new(Some(Vec::new())));
        let open = Arc::clone(&through);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if let Some(connections) = &mut *open.lock().expect("nobody panics with it") {
                    connections.extend(connect(client).expect("the engine listens"));
                }
            }
        });
        Self {
            at: at.display().to_string(),
            through,
        }
    }

    fn shut(&self) {
        let through = self.through.lock().expect("nobody panics with it").take();
        for connection in through.into_iter().flatten() {
            match connection.shutdown(std::net::Shutdown::Both) {
                Err(error) if error.kind() != ErrorKind::NotConnected => panic!("{error}"),
                _ => {}
            }
        }
    }

    fn open(&self) {
        *self.through.lock().expect("nobody panics with it") = Some(Vec::new());
    }
}

/// Connects a client to the engine, both ways.
fn connect(client: UnixStream) -> io::Result<[UnixStream; 2]> {
    let host = std::env::var("DOCKER_HOST").unwrap_or_default();
    let host = host
        .strip_prefix("unix://")
        .unwrap_or("/var/run/docker.sock");
    let engine = UnixStream::connect(host)?;
    let kept = [client.try_clone()?, engine.try_clone()?];
    for (mut from, mut to) in [(client.try_clone()?, engine.try_clone()?), (engine, client)] {
        thread::spawn(move || {
            // However it ends, the other side hears of it.
            let copied = io::copy(&mut from, &mut to);
            let _ = to.shutdown(std::net::Shutdown::Write);
            copied
        });
    }
    Ok(kept)
}
