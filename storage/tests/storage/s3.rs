//! Objects of all sizes, and all that can be wrong, against a real S3 server.

use std::time::{Duration, Instant};

use ffbatch_dispatcher::location::Location;
use ffbatch_storage::{Keys, Kind, Meter, S3Settings, StoreError, Stores};

use crate::moto::{Moto, object};
use crate::place::{Place, noise, read};

const MIB: usize = 1 << 20;

#[track_caller]
fn check(error: &StoreError, kind: Kind, fragment: &str) {
    assert_eq!(error.kind, kind, "{error}");
    assert!(error.to_string().contains(fragment), "{error}");
    assert!(
        error.to_string().ends_with(')'),
        "the fix is missing: {error}"
    );
}

async fn check_size(stores: &Stores, place: &Place, length: usize) {
    let bytes = noise(length);
    let (to, up, down) = (
        object(&format!("{length}.mp4")),
        Meter::default(),
        Meter::default(),
    );
    let store = stores.of(&to).expect("S3");
    store
        .put(&place.file("up", &bytes), &to, &up)
        .await
        .unwrap_or_else(|error| panic!("{length}: {error}"));
    let size = store
        .get(&to, &place.at("down"), &down)
        .await
        .unwrap_or_else(|error| panic!("{length}: {error}"));
    assert!(read(&place.at("down")) == bytes, "{length} bytes differ");
    assert_eq!([size, up.bytes(), down.bytes()], [length as u64; 3]);
    assert_eq!(
        store.stat(&to).await.expect("there").size_bytes,
        Some(length as u64)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_of_any_size_go_there_and_back() {
    let moto = Moto::start().await;
    let (stores, place) = (moto.stores(), Place::new());
    for length in [
        0,
        1,
        MIB,
        6 * MIB,
        6 * MIB + 1,
        10 * MIB,
        10 * MIB + 1,
        23 * MIB + 17,
    ] {
        check_size(&stores, &place, length).await;
    }
    assert_eq!(place.names(), ["down", "up"]);
    for name in ["1.mp4".to_owned(), format!("{}.mp4", 10 * MIB)] {
        assert_eq!(
            moto.content_type(&name).await.as_deref(),
            Some("video/mp4"),
            "{name}"
        );
    }
    assert_eq!(moto.open_uploads().await, 0);
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let moto = Moto::start().await;
    let (stores, place) = (moto.stores(), Place::new());
    let (key, bucket): (Location, Location) = (
        object("no.mp4"),
        "s3://no-such-bucket/x.mp4".parse().expect("a location"),
    );
    let store = stores.of(&key).expect("S3");
    let (target, meter) = (place.at("got"), Meter::default());
    check(
        &store.stat(&key).await.expect_err("no key"),
        Kind::NotFound,
        "`s3://films/no.mp4` does not exist",
    );
    check(
        &store.get(&key, &target, &meter).await.expect_err("no key"),
        Kind::NotFound,
        "does not exist",
    );
    check(
        &store.read(&key, 9).await.expect_err("no key"),
        Kind::NotFound,
        "does not exist",
    );
    for error in [
        store.stat(&bucket).await.expect_err("no bucket"),
        store
            .get(&bucket, &target, &meter)
            .await
            .expect_err("no bucket"),
        store.list(&bucket).await.expect_err("no bucket"),
        store
            .write(vec![1], &bucket, "text/plain")
            .await
            .expect_err("no bucket"),
        store
            .put(&place.file("small", b"x"), &bucket, &meter)
            .await
            .expect_err("no bucket"),
        store
            .put(&place.file("large", &noise(7 * MIB)), &bucket, &meter)
            .await
            .expect_err("no bucket"),
    ] {
        check(
            &error,
            Kind::NoBucket,
            "there is no bucket `no-such-bucket`",
        );
    }
    let error = store
        .put(&place.at("nothing"), &key, &meter)
        .await
        .expect_err("no file");
    check(&error, Kind::NotFound, "cannot be published");
    let error = store
        .put(place.path(), &key, &meter)
        .await
        .expect_err("a directory");
    check(&error, Kind::IsDirectory, "it is a directory");
    assert_eq!(place.names(), ["large", "small"]);
}

#[tokio::test]
async fn wrong_keys_and_missing_permission_are_told_apart() {
    let moto = Moto::start().await;
    let user = moto
        .send(
            "POST",
            "/",
            "iam",
            "Action=CreateUser&UserName=film&Version=2010-05-08",
        )
        .await;
    assert!(user.contains("<UserName>film"), "{user}");
    let made = moto
        .send(
            "POST",
            "/",
            "iam",
            "Action=CreateAccessKey&UserName=film&Version=2010-05-08",
        )
        .await;
    let between = |from: &str, to: &str| {
        let start = made.find(from).expect(from) + from.len();
        made[start..start + made[start..].find(to).expect(to)].to_owned()
    };
    let keys = Keys {
        access_key_id: between("<AccessKeyId>", "<"),
        secret_access_key: between("<SecretAccessKey>", "<"),
        session_token: None,
    };
    moto.send("POST", "/moto-api/reset-auth", "s3", "0").await;
    let at = object("x.mp4");
    let store = moto.stores().of(&at).expect("S3");
    check(
        &store.stat(&at).await.expect_err("unknown key"),
        Kind::Credentials,
        "the AWS credentials are wrong",
    );
    let secret = Keys {
        secret_access_key: "wrong".to_owned(),
        ..keys.clone()
    };
    let store = Stores::new(S3Settings {
        keys: Some(secret),
        ..moto.settings()
    })
    .of(&at)
    .expect("S3");
    check(
        &store.stat(&at).await.expect_err("wrong secret"),
        Kind::Credentials,
        "the AWS credentials are wrong",
    );
    let store = Stores::new(S3Settings {
        keys: Some(keys),
        ..moto.settings()
    })
    .of(&at)
    .expect("S3");
    check(
        &store.stat(&at).await.expect_err("no policy"),
        Kind::Denied,
        "allow `s3:GetObject` on `arn:aws:s3:::films/x.mp4`",
    );
    let error = store
        .write(vec![1], &at, "text/plain")
        .await
        .expect_err("no policy");
    check(&error, Kind::Denied, "allow `s3:PutObject`");
    check(
        &store.list(&at).await.expect_err("no policy"),
        Kind::Denied,
        "allow `s3:ListBucket` on `arn:aws:s3:::films`",
    );
}

#[tokio::test]
async fn an_unreachable_endpoint_fails_within_seconds() {
    let at = object("x.mp4");
    for endpoint in [
        "http://127.0.0.1:1",
        "http://192.0.2.1",
        "https://192.0.2.1",
        "http://no-such-host.invalid",
    ] {
        let settings = S3Settings {
            endpoint: Some(endpoint.to_owned()),
            keys: Some(Keys {
                access_key_id: "a".to_owned(),
                secret_access_key: "b".to_owned(),
                session_token: None,
            }),
            ..S3Settings::default()
        };
        let start = Instant::now();
        let error = Stores::new(settings)
            .of(&at)
            .expect("S3")
            .stat(&at)
            .await
            .expect_err("nobody there");
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "{endpoint} took {:?}",
            start.elapsed()
        );
        check(
            &error,
            Kind::Unreachable,
            &format!("the S3 endpoint `{endpoint}`"),
        );
        assert!(error.retryable());
    }
}

#[tokio::test]
async fn an_endpoint_that_is_no_url_is_named() {
    for endpoint in ["nonsense", "host:9000", "ftp://host"] {
        let settings = S3Settings {
            endpoint: Some(endpoint.to_owned()),
            ..S3Settings::default()
        };
        let at = object("x.mp4");
        let store = Stores::new(settings).of(&at).expect("S3");
        let error = store.stat(&at).await.expect_err("no URL");
        check(
            &error,
            Kind::Invalid,
            &format!("the S3 endpoint `{endpoint}` is no URL"),
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_replaced_in_mid_download_is_an_error() {
    let moto = Moto::start().await;
    let place = Place::new();
    let settings = S3Settings {
        part_bytes: 128 << 10,
        single_bytes: 128 << 10,
        parallel: 1,
        ..moto.settings()
    };
    let (at, meter) = (object("x.mp4"), Meter::default());
    let store = moto.stores().of(&at).expect("S3");
    store
        .put(&place.file("old", &noise(30 * MIB)), &at, &meter)
        .await
        .expect("published");
    let reader = Stores::new(settings).of(&at).expect("S3");
    let (meter, target) = (Meter::default(), place.at("got"));
    let replace = async {
        while meter.bytes() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        store
            .write(b"short".to_vec(), &at, "video/mp4")
            .await
            .expect("replaced");
    };
    let (got, ()) = tokio::join!(reader.get(&at, &target, &meter), replace);
    let error = got.expect_err("a mixture");
    check(&error, Kind::Changed, "was replaced while it was read");
    assert!(error.retryable());
    assert_eq!(place.names(), ["old"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_transfer_leaves_nothing() {
    let moto = Moto::start().await;
    let (stores, place) = (moto.stores(), Place::new());
    let (at, meter) = (object("x.mp4"), Meter::default());
    let from = place.file("large", &noise(60 * MIB));
    let store = stores.of(&at).expect("S3");
    let started = async {
        while meter.bytes() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        done = store.put(&from, &at, &meter) => panic!("too fast to be dropped: {done:?}"),
        () = started => {}
    }
    assert!(stores.settle(Duration::from_secs(10)).await);
    assert_eq!(moto.open_uploads().await, 0);
    check(
        &store.stat(&at).await.expect_err("nothing"),
        Kind::NotFound,
        "does not exist",
    );
    store.put(&from, &at, &meter).await.expect("published");
    let (meter, target) = (Meter::default(), place.at("got"));
    let started = async {
        while meter.bytes() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        done = store.get(&at, &target, &meter) => panic!("too fast to be dropped: {done:?}"),
        () = started => {}
    }
    assert_eq!(place.names(), ["large"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_creators_one_wins() {
    let moto = Moto::start().await;
    let stores = moto.stores();
    let at = object("claims/1/0");
    let store = stores.of(&at).expect("S3");
    let claims = (0..8_u8).map(|claimer| store.create(vec![claimer], &at, "text/plain"));
    let won = futures_util::future::try_join_all(claims)
        .await
        .expect("answered");
    assert_eq!(won.iter().filter(|won| **won).count(), 1, "{won:?}");
    let winner = won.iter().position(|won| *won).expect("one");
    assert_eq!(
        store.read(&at, 10).await.expect("there"),
        [u8::try_from(winner).expect("small")]
    );
    assert!(
        !store
            .create(vec![9], &at, "text/plain")
            .await
            .expect("answered")
    );
    store
        .write(b"over".to_vec(), &at, "text/plain")
        .await
        .expect("written");
    assert_eq!(store.read(&at, 4).await.expect("there"), b"over");
    check(
        &store.read(&at, 3).await.expect_err("too large"),
        Kind::Invalid,
        "larger than the 3 bytes",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_an_object_is_what_is_there_of_it() {
    let moto = Moto::start().await;
    let stores = moto.stores();
    let at = object("lines");
    let store = stores.of(&at).expect("S3");
    store
        .write(b"0123456789".to_vec(), &at, "text/plain")
        .await
        .expect("written");
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
    let error = store
        .read_range(&object("none"), 0..4)
        .await
        .expect_err("no key");
    check(&error, Kind::NotFound, "does not exist");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_has_all_pages() {
    let moto = Moto::start().await;
    let stores = moto.stores();
    let prefix = object("frames/");
    let store = stores.of(&prefix).expect("S3");
    let names: Vec<Location> = (0..1100)
        .map(|index| object(&format!("frames/{index:05}.png")))
        .collect();
    for group in names.chunks(50) {
        let writes = group
            .iter()
            .map(|name| store.write(vec![1], name, "image/png"));
        futures_util::future::try_join_all(writes)
            .await
            .expect("written");
    }
    store
        .write(vec![], &prefix, "text/plain")
        .await
        .expect("a folder as a console draws it");
    let found = store.list(&prefix).await.expect("listed");
    assert!(
        found
            .iter()
            .all(|entry| entry.size_bytes == Some(1) && entry.etag.is_some())
    );
    let found: Vec<Location> = found.into_iter().map(|entry| entry.location).collect();
    assert!(found == names, "{} of {}", found.len(), names.len());
    assert_eq!(
        store
            .list(&object("nothing/"))
            .await
            .expect("an empty list"),
        []
    );
}

#[tokio::test]
async fn a_target_that_cannot_be_written_is_named() {
    let moto = Moto::start().await;
    let at = object("x.mp4");
    let store = moto.stores().of(&at).expect("S3");
    store
        .write(vec![1], &at, "video/mp4")
        .await
        .expect("written");
    // A directory that takes no file at all.
    let error = store
        .get(&at, std::path::Path::new("/proc/got"), &Meter::default())
        .await
        .expect_err("no file there");
    assert!(
        matches!(error.kind, Kind::NotFound | Kind::Denied),
        "{error}"
    );
    assert_eq!(error.location, "/proc/got");
}
