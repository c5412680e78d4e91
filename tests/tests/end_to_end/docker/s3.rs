//! Objects in S3, from a container.

use ffbatch_tests::clip::{self, LONG, SHORT};
use ffbatch_tests::media::frames;
use ffbatch_tests::moto::Moto;
use ffbatch_tests::sandbox::Sandbox;

use super::place::{Place, inspect};

const BUCKET: &str = "media";

/// A machine on whose loopback there is a bucket: a container reaches it by the network of its host.
#[track_caller]
fn place() -> Option<(Moto, Place)> {
    let moto = Moto::with(BUCKET);
    let mut sandbox = Sandbox::new();
    sandbox.set_all(moto.environment());
    sandbox.set("FFBATCH_BACKENDS__DOCKER__NETWORK", "host");
    let place = Place::of(sandbox)?;
    Some((moto, place))
}

#[test]
fn objects_come_and_go_and_so_do_files() {
    let Some((moto, place)) = place() else {
        return;
    };
    moto.put(BUCKET, "in.mp4", clip::bytes(SHORT));
    place
        .run("-i s3://media/in.mp4 -c copy s3://media/out/one.mp4 -c copy here/two.mkv")
        .ok();
    assert_eq!(frames(&place.sandbox.path("here/two.mkv")), 50);
    place
        .sandbox
        .write("one.mp4", moto.get(BUCKET, "out/one.mp4"));
    assert_eq!(frames(&place.sandbox.path("one.mp4")), 50);
    place
        .run("-i one.mp4 -c copy -f hls -hls_time 0.4 -hls_segment_filename s3://media/hls/%d.ts s3://media/hls/i.m3u8")
        .ok();
    assert!(moto.keys(BUCKET).contains("hls/4.ts"));
    // A list on this machine of what is in the bucket.
    place
        .sandbox
        .write("l.txt", "file s3://media/in.mp4\nfile one.mp4\n");
    place
        .run("-f concat -safe 0 -i l.txt -map 0:v -c copy both.mp4")
        .ok();
    assert_eq!(frames(&place.sandbox.path("both.mp4")), 100);
    place.end_clean();
}

#[test]
fn records_go_to_the_bucket_and_credentials_are_told_to_nobody() {
    let Some((moto, mut place)) = place() else {
        return;
    };
    place.sandbox.set("S3_BUCKET", BUCKET);
    place
        .sandbox
        .set("AWS_SECRET_ACCESS_KEY", "very-own-secret");
    place.sandbox.place(LONG, "in.mp4");
    let job = place
        .submit("-- ffmpeg -re -i in.mp4 -t 3 -c:v libx264 -preset ultrafast s3://media/o.mp4");
    let told = inspect(&place.encoding(&job)).to_string();
    assert!(!told.contains("very-own-secret"), "{told}");
    place.ask(&format!("wait {job}")).ok();
    let keys = moto.keys(BUCKET);
    for part in ["metrics/jobs/", "metrics/xray/", "o.mp4"] {
        assert!(keys.iter().any(|key| key.starts_with(part)), "{keys:?}");
    }
    let reported = place.detail(&job).attempts.remove(0).report_at;
    assert!(
        reported.is_some_and(|at| at.starts_with("s3://media/metrics/jobs/")),
        "the report is elsewhere"
    );
    place.end_clean();
}
