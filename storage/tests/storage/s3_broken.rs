//! Answers of S3 that a test server never gives: broken streams, another Region, no ranges.

use ffbatch_dispatcher::location::Location;
use ffbatch_storage::{Keys, Kind, Meter, S3Settings, Stores};

use crate::answering::{Answering, answer};
use crate::moto::object;
use crate::place::{Place, read};

fn stores(peer: &Answering, single_bytes: u64) -> Stores {
    Stores::new(S3Settings {
        endpoint: Some(peer.url.clone()),
        profile: None,
        region: Some("eu-west-1".to_owned()),
        keys: Some(Keys {
            access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret_access_key: "secret".to_owned(),
            session_token: None,
        }),
        part_bytes: 4,
        single_bytes,
        parallel: 1,
    })
}

fn part(range: &str, body: &str) -> String {
    let length = format!("Content-Length: {}", body.len());
    let range = format!("Content-Range: bytes {range}");
    answer(
        "206 Partial Content",
        &[&length, "ETag: \"one\"", &range],
        body,
    )
}

async fn get(
    stores: &Stores,
    place: &Place,
    meter: &Meter,
) -> Result<u64, ffbatch_storage::StoreError> {
    let at: Location = object("x.mp4");
    stores
        .of(&at)
        .expect("S3")
        .get(&at, &place.at("got"), meter)
        .await
}

#[tokio::test]
async fn a_broken_stream_goes_on_where_it_broke() {
    let place = Place::new();
    let peer = Answering::with(vec![
        answer("200 OK", &["Content-Length: 10", "ETag: \"one\""], "01"),
        part("2-3/10", "23"),
        part("4-7/10", "4567"),
        part("8-9/10", "89"),
    ]);
    let meter = Meter::default();
    assert_eq!(
        get(&stores(&peer, 4), &place, &meter).await.expect("whole"),
        10
    );
    assert_eq!(read(&place.at("got")), b"0123456789");
    assert_eq!(meter.bytes(), 10);
    let asked = peer.asked();
    for (request, range) in asked[1..].iter().zip(["2-3", "4-7", "8-9"]) {
        assert!(
            request.contains(&format!("range: bytes={range}\r\n")),
            "{request}"
        );
        assert!(request.contains("if-match: \"one\"\r\n"), "{request}");
    }
}

#[tokio::test]
async fn a_small_object_that_breaks_starts_again() {
    let place = Place::new();
    let whole = answer(
        "200 OK",
        &["Content-Length: 10", "ETag: \"one\""],
        "0123456789",
    );
    let peer = Answering::with(vec![whole[..whole.len() - 5].to_owned(), whole]);
    let meter = Meter::default();
    assert_eq!(
        get(&stores(&peer, 100), &place, &meter)
            .await
            .expect("whole"),
        10
    );
    assert_eq!(read(&place.at("got")), b"0123456789");
    assert_eq!(meter.bytes(), 10);
}

#[tokio::test]
async fn damaged_bytes_are_never_taken() {
    let place = Place::new();
    // The checksum is that of other bytes.
    let damaged = answer(
        "200 OK",
        &[
            "Content-Length: 10",
            "ETag: \"one\"",
            "x-amz-checksum-crc32: AAAAAA==",
            "x-amz-checksum-type: FULL_OBJECT",
        ],
        "0123456789",
    );
    let peer = Answering::with(vec![damaged; 6]);
    let error = get(&stores(&peer, 100), &place, &Meter::default())
        .await
        .expect_err("damaged");
    assert!(error.to_string().contains("arrives damaged"), "{error}");
    assert_eq!(place.names(), [""; 0]);
}

#[tokio::test]
async fn an_endpoint_without_ranges_is_refused() {
    let place = Place::new();
    let whole = answer(
        "200 OK",
        &["Content-Length: 10", "ETag: \"one\""],
        "0123456789",
    );
    let peer = Answering::with(vec![whole; 3]);
    let error = get(&stores(&peer, 4), &place, &Meter::default())
        .await
        .expect_err("a mixture");
    assert_eq!(error.kind, Kind::Unsupported, "{error}");
    assert_eq!(place.names(), [""; 0]);
}

#[tokio::test]
async fn a_bucket_in_another_region_is_followed_once_and_remembered() {
    let place = Place::new();
    let elsewhere =
        "<Error><Code>PermanentRedirect</Code><Message>use the other endpoint</Message></Error>";
    let length = format!("Content-Length: {}", elsewhere.len());
    let peer = Answering::with(vec![
        answer(
            "301 Moved Permanently",
            &[&length, "x-amz-bucket-region: ap-south-1"],
            elsewhere,
        ),
        answer("200 OK", &["Content-Length: 2", "ETag: \"one\""], "hi"),
        answer("200 OK", &["Content-Length: 2", "ETag: \"one\""], "hi"),
    ]);
    let stores = stores(&peer, 100);
    for _ in 0..2 {
        assert_eq!(
            get(&stores, &place, &Meter::default())
                .await
                .expect("followed"),
            2
        );
    }
    let regions: Vec<bool> = peer
        .asked()
        .iter()
        .map(|request| request.contains("/ap-south-1/s3/"))
        .collect();
    assert_eq!(regions, [false, true, true]);
}
