//! What goes wrong with S3, each with its one sentence, and none with a wait.

use std::time::{Duration, Instant};

use ffbatch_dispatcher::exit::Exit;
use ffbatch_tests::clip::{SHORT, bytes};
use ffbatch_tests::moto::Moto;
use ffbatch_tests::sandbox::Sandbox;
use ffbatch_tests::site::Site;

/// No failure may take longer before it is said.
const LIMIT: Duration = Duration::from_secs(20);

/// Runs a job against a server that is there, and asserts that its failure is said in time.
#[track_caller]
fn s3(site: &Site, words: &[&str]) -> String {
    let start = Instant::now();
    let ended = site.sandbox.job(words);
    assert!(
        start.elapsed() < LIMIT,
        "it took {:?} to fail\n{ended}",
        start.elapsed()
    );
    site.sandbox.assert_clean();
    ended.said()
}

#[test]
fn wrong_places_in_s3() {
    let site = Site::s3();
    site.place(SHORT, "in.mp4");
    site.put("empty.mp4", b"");
    insta::assert_snapshot!(s3(&site, &["-i", "s3://media/no.mp4", "s3://media/out.mp4"]), @"3: `s3://media/no.mp4` does not exist (check the key, case and slashes count): S3 answered 404 NoSuchKey: The specified key does not exist (request [id])");
    insta::assert_snapshot!(s3(&site, &["-i", "s3://nobucket/no.mp4", "s3://media/out.mp4"]), @"3: `s3://nobucket/no.mp4` cannot be read: there is no bucket `nobucket` (check the name, or make it: `aws s3 mb s3://nobucket`): S3 answered 404 NoSuchBucket: The specified bucket does not exist (request [id])");
    let sentence = s3(
        &site,
        &[
            "-i",
            "s3://media/in.mp4",
            "-c",
            "copy",
            "s3://nobucket/out.mp4",
        ],
    );
    assert!(
        sentence.starts_with(
            "5: `s3://nobucket/out.mp4` cannot be written: there is no bucket `nobucket`"
        ),
        "{sentence}"
    );
    insta::assert_snapshot!(s3(&site, &["-i", "s3://media/empty.mp4", "s3://media/out.mp4"]), @"3: `s3://media/empty.mp4` is empty (0 bytes)");
    insta::assert_snapshot!(s3(&site, &["-i", "s3://media/in.mp4", "-c", "copy", "s3://media/"]), @"2: the output cannot be used: `s3://media/` is not a whole S3 URL (write s3://BUCKET/KEY)");
    insta::assert_snapshot!(s3(&site, &["-i", "s3://media/in.mp4", "-c", "copy", "s3://media"]), @"2: the output cannot be used: `s3://media` is not a whole S3 URL (write s3://BUCKET/KEY)");
    site.assert_names(["empty.mp4", "in.mp4"]);
}

#[test]
fn a_server_that_does_not_answer() {
    let moto = Moto::with("media");
    let mut sandbox = Sandbox::new();
    sandbox.set_all(moto.environment());
    let [(_, endpoint), ..] = moto.environment();
    drop(moto);
    let start = Instant::now();
    let sentence = sandbox.job(["-i", "s3://media/in.mp4", "out.mp4"]).said();
    assert!(start.elapsed() < LIMIT, "it took {:?}", start.elapsed());
    assert!(sentence.starts_with("3: "), "{sentence}");
    insta::assert_snapshot!(sentence.replace(&endpoint, "[endpoint]"), @"3: `s3://media/in.mp4` cannot be read: the S3 endpoint `[endpoint]` cannot be reached (check the network, AWS_REGION and AWS_ENDPOINT_URL): Connection refused (os error 111)");
}

#[test]
fn an_address_that_swallows_everything() {
    let mut sandbox = Sandbox::new();
    sandbox.set_all([
        // TEST-NET-1 (RFC 5737): nothing answers there, not even with a refusal.
        ("AWS_ENDPOINT_URL", "http://192.0.2.1"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
    ]);
    let start = Instant::now();
    let ended = sandbox.job(["-i", "s3://media/in.mp4", "out.mp4"]);
    assert!(
        start.elapsed() < LIMIT,
        "it took {:?} to fail\n{ended}",
        start.elapsed()
    );
    assert_eq!(ended.code, Some(i32::from(Exit::Input.code())), "{ended}");
}

#[test]
fn nobody_said_who_asks() {
    let moto = Moto::with("media");
    let mut sandbox = Sandbox::new();
    let [endpoint, region, ..] = moto.environment();
    sandbox.set_all([endpoint, region]);
    sandbox.set("AWS_EC2_METADATA_DISABLED", "true");
    let sentence = sandbox.job(["-i", "s3://media/in.mp4", "out.mp4"]).said();
    assert!(sentence.starts_with("3: `s3://media/in.mp4` cannot be read: there are no AWS credentials (run `aws configure`"), "{sentence}");
}

#[test]
fn nobody_said_which_region() {
    let mut sandbox = Sandbox::new();
    sandbox.set("AWS_ACCESS_KEY_ID", "test");
    sandbox.set("AWS_SECRET_ACCESS_KEY", "test");
    sandbox.set("AWS_EC2_METADATA_DISABLED", "true");
    insta::assert_snapshot!(sandbox.job(["-i", "s3://media/in.mp4", "out.mp4"]).said(), @"3: no AWS Region is known (set AWS_REGION, or `region` in ~/.aws/config)");
}

#[test]
fn credentials_that_are_wrong_or_allow_nothing() {
    let (moto, keys) = Moto::guarded("media", "in.mp4", bytes(SHORT));
    let fails = |id: &str, secret: &str, expected: &str| {
        let mut sandbox = Sandbox::new();
        sandbox.set_all(moto.environment());
        sandbox.set("AWS_ACCESS_KEY_ID", id);
        sandbox.set("AWS_SECRET_ACCESS_KEY", secret);
        let sentence = sandbox.job(["-i", "s3://media/in.mp4", "out.mp4"]).said();
        assert!(
            sentence.starts_with("3: ") && sentence.contains(expected),
            "{sentence}"
        );
    };
    fails("unknown", "unknown", "the AWS credentials are wrong");
    fails(&keys.id, "unknown", "the AWS credentials are wrong");
    fails(
        &keys.id,
        &keys.secret,
        "access is denied (allow `s3:GetObject` on `arn:aws:s3:::media/in.mp4`",
    );
}
