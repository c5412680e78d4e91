//! Any legal key goes there and comes back as it is.

use ffbatch_storage::{Meter, Stores};

use crate::moto::{Moto, object};
use crate::place::{Place, noise, read};

async fn check(stores: &Stores, place: &Place, key: &str) {
    let bytes = noise(key.len() + 1);
    let (to, meter) = (object(key), Meter::default());
    let store = stores.of(&to).expect("S3");
    store
        .put(&place.file("up", &bytes), &to, &meter)
        .await
        .unwrap_or_else(|error| panic!("`{key}`: {error}"));
    let size = store
        .get(&to, &place.at("down"), &meter)
        .await
        .unwrap_or_else(|error| panic!("`{key}`: {error}"));
    assert_eq!(size, bytes.len() as u64, "`{key}`");
    assert_eq!(read(&place.at("down")), bytes, "`{key}`");
    assert_eq!(meter.bytes(), 2 * size);
    let entry = store.stat(&to).await.expect("there");
    assert_eq!((entry.location, entry.size_bytes), (to.clone(), Some(size)));
    assert!(entry.etag.is_some());
    let listed = store.list(&to).await.expect("listed");
    assert!(
        listed.iter().any(|entry| entry.location == to),
        "`{key}` is not in {listed:?}"
    );
}

#[tokio::test]
async fn keys_are_verbatim() {
    let moto = Moto::start().await;
    let (stores, place) = (moto.stores(), Place::new());
    for key in [
        "plain.mp4",
        "with space.mp4",
        " leading and trailing ",
        "question?mark=1&x.mp4",
        "hash#mark.mp4",
        "percent%41%2Fnot/decoded.mp4",
        "100%",
        "plus+plus.mp4",
        "comma,semi;colon:at@dollar$eq=.mp4",
        "quote'double\"back\\slash`tick.mp4",
        "star*paren()bang!tilde~.mp4",
        "brace{}bracket[]pipe|caret^lt<gt>.mp4",
        "üñí/日本語/🎬.mp4",
        "e\u{301}-not-normalised.mp4",
        "../climbs/../out.mp4",
        "a/./b/../c.mp4",
        "tab\there.mp4",
        ".hidden",
        "ends/in/slash.mp4/",
    ] {
        check(&stores, &place, key).await;
    }
    check(&stores, &place, &"k".repeat(1024)).await;
    check(&stores, &place, &format!("{}.mp4", "deep/".repeat(200))).await;
    let error = stores
        .of(&object("x"))
        .expect("S3")
        .stat(&object(&"k".repeat(1025)))
        .await
        .expect_err("too long");
    assert!(
        error
            .to_string()
            .contains("a key of 1025 bytes (S3 allows 1,024; shorten it)"),
        "{error}"
    );
}

#[tokio::test]
async fn slashes_in_a_row_are_a_key_of_their_own() {
    let moto = Moto::start().await;
    let (stores, place) = (moto.stores(), Place::new());
    check(&stores, &place, "a//b.mp4").await;
    check(&stores, &place, "/leading.mp4").await;
    let store = stores.of(&object("x")).expect("S3");
    assert!(store.stat(&object("a/b.mp4")).await.is_err());
    assert!(store.stat(&object("leading.mp4")).await.is_err());
}
