//! The file itself: damaged, newer, half-written, not ours.

use super::*;

#[track_caller]
fn refused(queue: &Queue, change: impl FnOnce(&mut Vec<u8>)) -> String {
    let path = queue.place().database();
    let mut bytes = std::fs::read(&path).expect("there");
    change(&mut bytes);
    std::fs::write(&path, &bytes).expect("written");
    let error = Store::open(&queue.place()).expect_err("it must be refused");
    assert_eq!(
        std::fs::read(&path).expect("there"),
        bytes,
        "the file was changed"
    );
    error
        .to_string()
        .replace(&*queue.directory.path().to_string_lossy(), "[dir]")
}

/// A queue that nobody has open.
fn closed() -> Queue {
    let mut queue = Queue::new();
    queue.take(&[request("a", 1, &[])]);
    let elsewhere = Queue::new();
    let Queue { store, directory } = queue;
    drop(store);
    Queue {
        directory,
        ..elsewhere
    }
}

#[test]
fn a_file_that_cannot_be_read_is_left_as_it_is() {
    insta::assert_snapshot!(refused(&closed(), |bytes| bytes.truncate(0)), @"the queue `[dir]/queue/queue.db` is damaged: it has only 0 bytes (move its directory away to start a new queue); it was left as it is");
    insta::assert_snapshot!(refused(&closed(), |bytes| bytes.truncate(5000)).split(':').next().unwrap_or_default(), @"the queue `[dir]/queue/queue.db` is damaged");
    insta::assert_snapshot!(refused(&closed(), |bytes| bytes[63] = 2), @"the queue `[dir]/queue/queue.db` is of version 2, this program reads up to version 1 (update ffbatch); it was left as it is");
    insta::assert_snapshot!(refused(&closed(), |bytes| bytes[0] = b'x'), @"the queue `[dir]/queue/queue.db` is no queue of ffbatch (move its directory away to start a new queue); it was left as it is");
}

#[test]
fn another_users_directory_and_one_that_others_write_to_are_refused() {
    use std::os::unix::fs::PermissionsExt;

    let queue = closed();
    std::fs::set_permissions(queue.place().root(), std::fs::Permissions::from_mode(0o777))
        .expect("our own");
    let error = Store::open(&queue.place())
        .expect_err("others may write")
        .to_string();
    assert!(error.contains("others may write"), "{error}");
}

#[test]
fn many_programs_make_one_queue() {
    let directory = tempfile::tempdir().expect("a directory");
    let place = Place::at(directory.path().join("queue"));
    let open = || {
        let place = place.clone();
        std::thread::spawn(move || {
            Store::open(&place)
                .map(drop)
                .map_err(|error| error.to_string())
        })
    };
    let all: Vec<_> = (0..8).map(|_| open()).collect();
    for one in all {
        assert_eq!(one.join().expect("no panic"), Ok(()));
    }
}

#[test]
fn a_file_that_is_shorter_than_it_says_is_whole_while_its_log_is_there() {
    let mut queue = Queue::new();
    let many: Vec<Request> = (0..300)
        .map(|n| request(&format!("id-{n}"), 1, &[]))
        .collect();
    queue.take(&many);
    // As a checkpoint that was killed leaves it: the first page says how long the file will be, and its end is in the log.
    let copy = tempfile::tempdir().expect("a directory");
    let place = Place::at(copy.path().join("queue"));
    place.make().expect("made");
    let file = std::fs::read(queue.place().database()).expect("there");
    let log = std::fs::read(queue.place().log_of_database()).expect("there");
    let mut short = file.clone();
    short[28..32].copy_from_slice(&9999_u32.to_be_bytes());
    std::fs::write(place.database(), &short).expect("written");
    assert!(
        Store::open(&place).is_err(),
        "without its log it is damaged"
    );
    std::fs::write(place.log_of_database(), &log).expect("written");
    let store = Store::open(&place).expect("whole");
    assert_eq!(
        store.list(&Filter::default()).expect("listed").jobs.len(),
        300
    );
}
