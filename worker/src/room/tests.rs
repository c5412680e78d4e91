use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

const PREFIX: &str = ".ffbatch-";

fn parent() -> tempfile::TempDir {
    tempfile::tempdir().expect("a directory")
}

#[track_caller]
fn open(parent: &Path, id: &str) -> Room {
    Room::open(parent, PREFIX, id).expect("opens")
}

#[track_caller]
fn names(parent: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(parent).expect("readable");
    entries
        .map(|entry| entry.expect("readable").file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .collect()
}

#[test]
fn a_room_vanishes_with_its_owner() {
    let parent = parent();
    let room = open(parent.path(), "a");
    fs::write(room.path().join("x"), "x").expect("writable");
    drop(room);
    assert_eq!(names(parent.path()), BTreeSet::new());
}

#[test]
fn the_living_are_left_alone() {
    let parent = parent();
    let living = open(parent.path(), "same");
    let other = open(parent.path(), "same");
    assert!(living.path().exists() && other.path().exists());
    assert_ne!(living.path(), other.path());
}

/// Every state in which a kill can leave a room, from its first lock file to its last.
#[test]
fn the_dead_are_swept_whenever_they_died() {
    let parent = parent();
    let at = |name: &str| parent.path().join(name);
    fs::write(at(".ffbatch-opening-0.lock"), "").expect("writable");
    fs::create_dir_all(at(".ffbatch-working-0/out")).expect("writable");
    fs::write(at(".ffbatch-working-0/out/x.mp4"), "half").expect("writable");
    fs::write(at(".ffbatch-working-0.lock"), "").expect("writable");
    drop(open(parent.path(), "next"));
    assert_eq!(names(parent.path()), BTreeSet::new());
}

#[test]
fn what_is_no_room_stays() {
    let (parent, elsewhere) = (parent(), parent());
    fs::write(elsewhere.path().join("precious"), "x").expect("writable");
    std::os::unix::fs::symlink(elsewhere.path(), parent.path().join(".ffbatch-link"))
        .expect("writable");
    fs::write(parent.path().join("out.lock"), "x").expect("writable");
    fs::write(parent.path().join(".ffbatch-partial"), "x").expect("writable");
    fs::create_dir(parent.path().join(".ffbatch-mine")).expect("writable");
    drop(open(parent.path(), "next"));
    assert_eq!(
        names(parent.path()),
        [
            ".ffbatch-link",
            ".ffbatch-mine",
            ".ffbatch-partial",
            "out.lock"
        ]
        .map(str::to_owned)
        .into()
    );
    assert!(elsewhere.path().join("precious").exists());
}

/// Many open and close rooms of one name side by side, each sweeping before. A room that is swept while it lives, or opened
/// while it is swept, loses the file that its owner put there.
#[test]
fn owners_and_sweepers_do_not_disturb_each_other() {
    let parent = parent();
    let going = AtomicBool::new(true);
    std::thread::scope(|scope| {
        let sweepers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    while going.load(Ordering::Relaxed) {
                        sweep(parent.path(), PREFIX).expect("sweeps");
                    }
                })
            })
            .collect();
        let owners: Vec<_> = (0..4)
            .map(|owner: u32| {
                let parent = parent.path();
                scope.spawn(move || {
                    for _ in 0..200 {
                        let room = open(parent, "same");
                        let file = room.path().join("whose");
                        fs::write(&file, owner.to_string()).expect("its own room is there");
                        std::thread::yield_now();
                        let read = fs::read_to_string(&file).expect("nobody swept a living room");
                        assert_eq!(read, owner.to_string(), "two owners in one room");
                    }
                })
            })
            .collect();
        let ended: Vec<_> = owners
            .into_iter()
            .map(std::thread::ScopedJoinHandle::join)
            .collect();
        going.store(false, Ordering::Relaxed);
        assert!(ended.iter().all(Result::is_ok), "an owner was disturbed");
        for sweeper in sweepers {
            sweeper.join().expect("a sweeper sweeps");
        }
    });
    assert_eq!(names(parent.path()), BTreeSet::new());
}
