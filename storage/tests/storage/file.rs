//! Local paths.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use ffbatch_dispatcher::location::Location;
use ffbatch_storage::{Kind, Meter, Stores};

use crate::place::{Place, noise, read};

async fn put(from: &Path, to: &Location) -> Result<(), (Kind, String)> {
    let stores = Stores::default();
    let store = stores.of(to).expect("a path");
    store
        .put(from, to, &Meter::default())
        .await
        .map_err(|error| (error.kind, error.to_string()))
}

#[tokio::test]
async fn a_put_replaces_at_once_and_keeps_nothing_behind() {
    let place = Place::new();
    place.file("out.mp4", b"old");
    let meter = Meter::default();
    let (stores, to) = (Stores::default(), place.location("out.mp4"));
    let from = place.file("new", &noise(1000));
    stores
        .of(&to)
        .expect("a path")
        .put(&from, &to, &meter)
        .await
        .expect("published");
    assert_eq!(read(&place.at("out.mp4")), noise(1000));
    assert_eq!(place.names(), ["out.mp4"]);
    assert_eq!(meter.bytes(), 1000);
}

#[tokio::test]
async fn a_put_makes_directories() {
    let place = Place::new();
    let from = place.file("new", b"x");
    put(&from, &place.location("a/b/c/out.mp4"))
        .await
        .expect("published");
    assert_eq!(read(&place.at("a/b/c/out.mp4")), b"x");
}

#[tokio::test]
async fn a_put_follows_a_link_at_its_target() {
    let place = Place::new();
    std::fs::create_dir(place.at("disk")).expect("made");
    symlink("disk/real.mp4", place.at("out.mp4")).expect("linked");
    for bytes in [b"one", b"two"] {
        put(&place.file("new", bytes), &place.location("out.mp4"))
            .await
            .expect("published");
        assert_eq!(read(&place.at("disk/real.mp4")), bytes);
    }
    assert!(place.at("out.mp4").is_symlink());
}

#[tokio::test]
async fn a_put_of_a_link_publishes_what_it_leads_to() {
    let place = Place::new();
    place.file("real", b"x");
    symlink("real", place.at("link")).expect("linked");
    put(&place.at("link"), &place.location("dir/out.mp4"))
        .await
        .expect("published");
    assert!(!place.at("dir/out.mp4").is_symlink());
    assert_eq!(read(&place.at("dir/out.mp4")), b"x");
}

#[tokio::test]
async fn a_put_refuses_what_is_no_file() {
    let place = Place::new();
    std::fs::create_dir(place.at("dir")).expect("made");
    let from = place.file("new", b"x");
    let (kind, text) = put(&from, &place.location("dir"))
        .await
        .expect_err("a directory");
    assert_eq!(kind, Kind::IsDirectory, "{text}");
    assert!(
        text.contains("it is a directory (name a file in it)"),
        "{text}"
    );
    let (kind, text) = put(&from, &place.location("other/"))
        .await
        .expect_err("ends in a slash");
    assert_eq!(kind, Kind::IsDirectory, "{text}");
    let (kind, text) = put(&from, &Location::Path("/dev/null".to_owned()))
        .await
        .expect_err("a device");
    assert_eq!(kind, Kind::Invalid, "{text}");
    let (kind, text) = put(&from, &place.location("new/below"))
        .await
        .expect_err("below a file");
    assert_eq!(kind, Kind::Invalid, "{text}");
    let (kind, text) = put(&from, &place.location(&"n".repeat(256)))
        .await
        .expect_err("a long name");
    assert_eq!(kind, Kind::Invalid, "{text}");
    assert_eq!(place.names(), ["dir", "new"]);
}

#[tokio::test]
async fn a_put_across_file_systems_copies() {
    let shm = Path::new("/dev/shm");
    assert!(
        shm.is_dir(),
        "this test needs a second file system at /dev/shm"
    );
    let there = tempfile::tempdir_in(shm).expect("a directory");
    let place = Place::new();
    let bytes = noise((8 << 20) + 17);
    let from = place.file("new", &bytes);
    let to = Location::Path(there.path().join("out.mp4").display().to_string());
    put(&from, &to).await.expect("published");
    assert_eq!(read(&there.path().join("out.mp4")), bytes);
    assert_eq!(
        std::fs::read_dir(there.path()).expect("readable").count(),
        1
    );
}

#[tokio::test]
async fn a_get_copies_whole_files() {
    let place = Place::new();
    let stores = Stores::default();
    for length in [0, 1, (8 << 20) + 1] {
        let bytes = noise(length);
        place.file("in", &bytes);
        let (from, meter) = (place.location("in"), Meter::default());
        let store = stores.of(&from).expect("a path");
        let size = store
            .get(&from, &place.at("copy"), &meter)
            .await
            .expect("copied");
        assert_eq!((size, meter.bytes()), (length as u64, length as u64));
        assert!(read(&place.at("copy")) == bytes);
        assert_eq!(
            store.stat(&from).await.expect("there").size_bytes,
            Some(length as u64)
        );
    }
    assert_eq!(place.names(), ["copy", "in"]);
    let mode = std::fs::metadata(place.at("copy"))
        .expect("there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o400, 0o400);
    assert_eq!(mode & 0o111, 0);
}

#[track_caller]
fn check_missing(error: &ffbatch_storage::StoreError, kind: Kind, fragment: &str) {
    assert_eq!(error.kind, kind);
    assert!(error.to_string().contains(fragment), "{error}");
    assert!(!error.retryable());
}

#[tokio::test]
async fn what_cannot_be_read_says_why() {
    let place = Place::new();
    let stores = Stores::default();
    let missing = place.location("no.mp4");
    let store = stores.of(&missing).expect("a path");
    let target = place.at("copy");
    let error = store
        .get(&missing, &target, &Meter::default())
        .await
        .expect_err("missing");
    check_missing(&error, Kind::NotFound, "it is not there (check the path)");
    let error = store
        .stat(&place.location(""))
        .await
        .expect_err("a directory");
    check_missing(&error, Kind::IsDirectory, "it is a directory");
    place.file("big", &noise(11));
    let error = store
        .read(&place.location("big"), 10)
        .await
        .expect_err("too large");
    check_missing(&error, Kind::Invalid, "larger than the 10 bytes");
    assert_eq!(
        store.read(&place.location("big"), 11).await.expect("fits"),
        noise(11)
    );
    let error = store
        .list(&place.location("no/x"))
        .await
        .expect_err("no directory");
    check_missing(&error, Kind::NotFound, "cannot be listed");
    let live: Location = "rtmp://host/live".parse().expect("a location");
    check_missing(
        &stores.of(&live).expect_err("live"),
        Kind::Unsupported,
        "only ffmpeg can open",
    );
}

#[tokio::test]
async fn documents_are_written_once_or_over() {
    let place = Place::new();
    let stores = Stores::default();
    let at = place.location("new/claim.json");
    let store = stores.of(&at).expect("a path");
    assert!(
        store
            .create(b"one".to_vec(), &at, "application/json")
            .await
            .expect("works")
    );
    assert!(
        !store
            .create(b"two".to_vec(), &at, "application/json")
            .await
            .expect("works")
    );
    assert_eq!(read(&place.at("new/claim.json")), b"one");
    store
        .write(b"three".to_vec(), &at, "application/json")
        .await
        .expect("works");
    assert_eq!(read(&place.at("new/claim.json")), b"three");
    assert_eq!(
        std::fs::read_dir(place.at("new"))
            .expect("readable")
            .count(),
        1
    );
}

#[tokio::test]
async fn a_listing_is_by_text_and_through_all_levels() {
    let place = Place::new();
    std::fs::create_dir_all(place.at("a/b")).expect("made");
    for name in ["a/b/1.png", "a/b/2.png", "a/b2.png", "a/c.png", "x"] {
        place.file(name, b"1");
    }
    symlink("nowhere", place.at("a/b3")).expect("linked");
    let prefix = place.location("a/b");
    let found = Stores::default()
        .of(&prefix)
        .expect("a path")
        .list(&prefix)
        .await
        .expect("listed");
    let found: Vec<Location> = found.into_iter().map(|entry| entry.location).collect();
    assert_eq!(
        found,
        ["a/b/1.png", "a/b/2.png", "a/b2.png"].map(|name| place.location(name))
    );
}

#[tokio::test]
async fn a_full_disk_says_so_before_the_first_byte() {
    let place = Place::new();
    // A sparse file that is larger than any disk that runs this test.
    let huge = std::fs::File::create(place.at("huge")).expect("made");
    huge.set_len(8 << 40).expect("sparse");
    let (from, meter) = (place.location("huge"), Meter::default());
    let store = Stores::default().of(&from).expect("a path");
    let error = store
        .get(&from, &place.at("copy"), &meter)
        .await
        .expect_err("no space");
    assert_eq!(error.kind, Kind::NoSpace, "{error}");
    assert_eq!(meter.bytes(), 0);
    assert_eq!(place.names(), ["huge"]);
}

#[tokio::test]
async fn a_part_of_a_file_is_what_is_there_of_it() {
    let place = Place::new();
    place.file("lines", b"0123456789");
    let at = place.location("lines");
    let stores = Stores::default();
    let store = stores.of(&at).expect("a path");
    for (range, expected) in [
        (0..4, "0123"),
        (6..10, "6789"),
        (8..20, "89"),
        (10..20, ""),
        (99..100, ""),
        (5..5, ""),
    ] {
        let part = store.read_range(&at, range.clone()).await.expect("read");
        assert_eq!(part, expected.as_bytes(), "{range:?}");
    }
    let none = place.location("none");
    let error = store.read_range(&none, 0..4).await.expect_err("no file");
    assert_eq!(error.kind, Kind::NotFound);
}
