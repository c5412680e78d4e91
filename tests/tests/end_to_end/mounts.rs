//! A data bucket that is mounted as a file system: its objects are read where they are, and what the mount has not is copied.
//!
//! To tell the two ways apart, the bucket holds noise of the same length where the mount holds media, or the other way around.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use ffbatch_dispatcher::event::Stage;
use ffbatch_dispatcher::infra::Surroundings;
use ffbatch_dispatcher::report::Report;
use ffbatch_tests::aws::{Aws, infra};
use ffbatch_tests::clip::{SHORT, bytes};
use ffbatch_tests::image;
use ffbatch_tests::moto::REGION;
use ffbatch_tests::site::{BUCKET, Site};
use serde_json::json;

/// A site whose bucket is mounted, and the mount.
fn mounted() -> (Site, PathBuf) {
    let mut site = Site::s3();
    let mount = site.sandbox.directory("mount");
    fs::create_dir_all(&mount).expect("a new directory");
    site.sandbox.set("S3_BUCKET", BUCKET);
    site.sandbox.set("FFBATCH_BUCKET_MOUNT", &mount);
    (site, mount)
}

fn noise(length: usize) -> Vec<u8> {
    b"noise ".iter().copied().cycle().take(length).collect()
}

/// Puts noise of these bytes' length into the bucket, and the bytes into the mount.
fn place(site: &Site, mount: &Path, name: &str, bytes: &[u8]) {
    site.put(name, &noise(bytes.len()));
    let path = mount.join(name);
    fs::create_dir_all(path.parent().expect("a directory")).expect("made");
    fs::write(path, bytes).expect("written");
}

#[track_caller]
fn report(site: &Site, flags: &str, line: &str) -> Report {
    site.job_with(flags, line).ok().report()
}

/// The inputs that were read at a path, without what stands before the mount's own names.
fn read_at(report: &Report, mount: &Path) -> BTreeMap<String, Option<String>> {
    let mount = mount.canonicalize().expect("there");
    let below = |path: &String| {
        let below = path.strip_prefix(&format!("{}/", mount.display()));
        below.expect("it lies in the mount").to_owned()
    };
    let inputs = report.inputs.iter();
    inputs
        .map(|input| {
            let name = input.location.rsplit('/').next().unwrap_or_default();
            (name.to_owned(), input.read_at.as_ref().map(below))
        })
        .collect()
}

#[track_caller]
fn fetched_bytes(report: &Report) -> u64 {
    let mut stages = report.stages.iter();
    let fetch = stages.find(|stage| stage.stage == Stage::Fetch);
    fetch.and_then(|fetch| fetch.bytes).expect("it was counted")
}

#[test]
fn an_object_of_the_data_bucket_is_read_without_a_copy() {
    let (site, mount) = mounted();
    place(&site, &mount, "in/a b#%?.mp4", &bytes(SHORT));
    let line = "-i @in/a\u{a0}b#%?.mp4 -c:v libx264 -preset ultrafast @out.mp4";
    let report = report(&site, "--quality psnr", line);
    let expected = ("a b#%?.mp4", Some("in/a b#%?.mp4"));
    let seen = read_at(&report, &mount);
    let seen: Vec<(&str, Option<&str>)> = seen
        .iter()
        .map(|(name, path)| (name.as_str(), path.as_deref()))
        .collect();
    assert_eq!(seen, [expected]);
    assert_eq!(fetched_bytes(&report), 0, "nothing moved");
    assert!(report.notes.is_empty(), "{:?}", report.notes);
    let quality = report.quality.expect("it was measured");
    assert_eq!(quality.refused, None);
    assert!(!site.bytes("out.mp4").is_empty(), "it was published to S3");
    assert!(!mount.join("out.mp4").exists(), "and not to the mount");
    assert_eq!(
        fs::read(mount.join("in/a b#%?.mp4")).expect("still there"),
        bytes(SHORT)
    );
}

#[test]
fn what_the_mount_does_not_have_yet_is_copied_and_said() {
    let (site, mount) = mounted();
    // One that the mount has not, one that was replaced since, one of another bucket.
    site.place(SHORT, "new.mp4");
    site.place(SHORT, "replaced.mp4");
    let old = mount.join("replaced.mp4");
    fs::write(&old, vec![b'x'; bytes(SHORT).len()]).expect("written");
    let yesterday = SystemTime::now() - Duration::from_hours(24);
    let file = File::options().write(true).open(&old);
    file.and_then(|file| file.set_modified(yesterday))
        .expect("dated");
    let moto = site.moto.as_ref().expect("it is in S3");
    moto.create("elsewhere");
    moto.put("elsewhere", "other.mp4", bytes(SHORT));
    let line = "-i @new.mp4 -i @replaced.mp4 -i s3://elsewhere/other.mp4 -map 0 -map 1:v -map 2:v -c copy @out.mp4";
    let report = report(&site, "", line);
    assert!(read_at(&report, &mount).values().all(Option::is_none));
    assert_eq!(fetched_bytes(&report), 3 * bytes(SHORT).len() as u64);
    let said: Vec<&String> = report
        .notes
        .iter()
        .filter(|note| note.contains("copied"))
        .collect();
    let [said] = said[..] else {
        panic!("one sentence: {:?}", report.notes)
    };
    assert!(
        said.starts_with(&format!(
            "`s3://{BUCKET}/new.mp4` and 1 more were copied, not read at"
        )),
        "{said}"
    );
}

#[test]
fn sequences_lists_and_playlists_are_read_in_the_mount() {
    let (site, mount) = mounted();
    let maker = Site::local();
    maker.place(SHORT, "in.mp4");
    maker.job("-i @in.mp4 -frames:v 4 @f%02d.png").ok();
    maker
        .job("-i @in.mp4 -c:v libx264 -g 5 -f hls -hls_time 0.2 -hls_playlist_type vod @i.m3u8")
        .ok();
    let mut segments = 0;
    for name in maker.names() {
        let kind = name.rsplit('.').next();
        if kind == Some("png") {
            place(&site, &mount, &format!("seq/{name}"), &maker.bytes(&name));
        } else if kind == Some("ts") {
            place(&site, &mount, &format!("hls/{name}"), &maker.bytes(&name));
            segments += 1;
        }
    }
    assert!(segments > 1, "{segments}");
    // Lists and playlists are read by the worker itself, in the bucket.
    site.put("hls/i.m3u8", &maker.bytes("i.m3u8"));
    place(&site, &mount, "part.mp4", &bytes(SHORT));
    site.put("list.txt", b"file part.mp4\nfile part.mp4\n");
    for (line, at_the_mount) in [
        ("-i @seq/f%02d.png -c:v libx264 @a.mp4", 4),
        ("-i @hls/i.m3u8 -c copy @b.mp4", segments),
        ("-f concat -i @list.txt -c copy @c.mp4", 1),
    ] {
        let report = report(&site, "", line);
        let there = read_at(&report, &mount).into_values().flatten().count();
        assert_eq!(there, at_the_mount, "{line}: {:?}", report.inputs);
        assert_eq!(
            fetched_bytes(&report) > 0,
            line.contains("hls") || line.contains("list"),
            "{line}"
        );
    }
}

#[test]
fn a_link_in_the_mount_leads_nowhere_else() {
    let (site, mount) = mounted();
    site.place(SHORT, "in.mp4");
    let outside = site.sandbox.directory("outside.mp4");
    fs::write(&outside, vec![b'x'; bytes(SHORT).len()]).expect("written");
    std::os::unix::fs::symlink(&outside, mount.join("in.mp4")).expect("linked");
    let report = report(&site, "", "-i @in.mp4 -c copy @out.mp4");
    assert!(read_at(&report, &mount).values().all(Option::is_none));
    assert!(
        report.notes.iter().any(|note| note.contains("leads out")),
        "{:?}",
        report.notes
    );
}

#[test]
fn a_job_in_a_container_reads_the_mount_of_its_instance() {
    let Some(aws) = Aws::with_docker() else {
        return;
    };
    aws.s3().create(BUCKET);
    aws.compute("arm", "image");
    let sandbox = aws.sandbox();
    let mount = sandbox.directory("mount");
    fs::create_dir_all(mount.join("in")).expect("made");
    fs::write(mount.join("in/a.mp4"), bytes(SHORT)).expect("written");
    sandbox.open_to_all();
    aws.s3().put(BUCKET, "in/a.mp4", noise(bytes(SHORT).len()));
    // The definition of a stack with the file system; the instance is this machine, which mounts elsewhere.
    let around = Surroundings {
        image: json!(image::worker()),
        bucket: json!(BUCKET),
        region: json!(REGION),
        shared_files: Some(json!("arn")),
        ..Surroundings::default()
    };
    let mut definition = infra("arm").definition(&around);
    definition["containerProperties"]["volumes"][0]["host"]["sourcePath"] = json!(mount);
    aws.register(&definition);
    let words =
        "run --compute arm --json -- ffmpeg -i s3://media/in/a.mp4 -c copy s3://media/b.mp4";
    let report = sandbox.ffbatch(words.split(' ')).ok().report();
    assert_eq!(
        report.inputs[0].read_at.as_deref(),
        Some("/mnt/ffbatch/in/a.mp4")
    );
    assert_eq!(fetched_bytes(&report), 0);
    assert_eq!(report.notes, Vec::<String>::new());
    assert_eq!(aws.violations(), Vec::<String>::new());
}
