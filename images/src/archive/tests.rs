use super::*;

/// An archive of an image for an architecture, as `docker save` writes it, with one layer that holds these bytes.
fn save(directory: &Path, architecture: &str, tag: &str, layer: &[u8]) -> PathBuf {
    let config = json!({
        "architecture": architecture, "os": "linux", "config": { "User": "1000:1000" },
        "rootfs": { "type": "layers", "diff_ids": [digest(layer)] },
    });
    let listed = json!([{ "Config": "c.json", "RepoTags": [format!("ffbatch:{tag}")], "Layers": ["x/layer.tar"] }]);
    let path = directory.join(format!("{architecture}.tar"));
    let mut archive = tar::Builder::new(File::create(&path).expect("a new file"));
    for (name, bytes) in [
        ("x/layer.tar", layer),
        ("c.json", config.to_string().as_bytes()),
        (MANIFEST, listed.to_string().as_bytes()),
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive
            .append_data(&mut header, name, bytes)
            .expect("written");
    }
    archive.finish().expect("written");
    path
}

#[test]
fn two_archives_of_one_tag_are_one_image() {
    let room = tempfile::tempdir().expect("a directory");
    let paths = ["arm64", "amd64"].map(|one| save(room.path(), one, "cpu-1", one.as_bytes()));
    let archives = Archives::read(&paths).expect("two images");
    let [image] = &archives.images[..] else {
        panic!("{:?}", archives.images)
    };
    let tags: Vec<String> = image.parts.iter().map(|part| part.tag("cpu-1")).collect();
    assert_eq!(tags, ["cpu-1-amd64", "cpu-1-arm64"]);
    for blob in image.parts.iter().flat_map(|part| &part.blobs) {
        let bytes = fs::read(archives.blob(blob)).expect("it is there");
        assert_eq!(
            (digest(&bytes), bytes.len() as u64),
            (blob.digest.clone(), blob.size_bytes)
        );
    }
    // The same archives in another order, and packed, are the same image.
    let packed = room.path().join("arm64.tar.gz");
    let mut gzip = flate2::write::GzEncoder::new(
        File::create(&packed).expect("a new file"),
        flate2::Compression::fast(),
    );
    io::copy(&mut File::open(&paths[0]).expect("there"), &mut gzip).expect("packed");
    gzip.finish().expect("packed");
    let again = Archives::read(&[paths[1].clone(), packed]).expect("two images");
    assert_eq!(again.images[0].digest(), image.digest());
}

#[track_caller]
fn refused(paths: &[PathBuf], expected: &str) {
    let why = Archives::read(paths)
        .expect_err("it is refused")
        .to_string();
    assert!(why.contains(expected), "{why}");
}

#[test]
fn what_is_no_archive_of_images_is_refused() {
    let room = tempfile::tempdir().expect("a directory");
    let path = |name: &str| room.path().join(name);
    refused(&[path("none.tar")], "cannot be unpacked: No such file");
    fs::write(path("text.tar"), "no archive at all".repeat(99)).expect("written");
    refused(&[path("text.tar")], "cannot be unpacked");
    fs::write(path("empty.tar"), [0; 1024]).expect("written");
    refused(&[path("empty.tar")], "holds no image");
    let mut none = tar::Builder::new(File::create(path("none.tar")).expect("a new file"));
    let mut header = tar::Header::new_gnu();
    header.set_size(2);
    let listed = none.append_data(&mut header, MANIFEST, &b"[]"[..]);
    listed.and_then(|()| none.finish()).expect("written");
    refused(&[path("none.tar")], "holds no image");
    let whole = fs::read(save(room.path(), "amd64", "cpu-1", &[7; 9000])).expect("there");
    fs::write(path("short.tar"), &whole[..5000]).expect("written");
    refused(&[path("short.tar")], "cannot be unpacked");
    let mut other = whole;
    other[700] = 8;
    fs::write(path("other.tar"), other).expect("written");
    refused(&[path("other.tar")], "`x/layer.tar` is not `sha256:");
}

#[test]
fn an_image_for_no_machine_was_pushed() {
    let why = Image::of("cpu-1", Vec::new()).expect_err("it is empty");
    assert!(
        why.to_string().contains("no image for any machine"),
        "{why}"
    );
}

#[test]
fn two_images_for_one_architecture_are_refused() {
    let (one, other) = (tempfile::tempdir(), tempfile::tempdir());
    let paths = [one, other].map(|room| room.expect("a directory").keep());
    let archives = [
        save(&paths[0], "amd64", "cpu-1", b"a"),
        save(&paths[1], "amd64", "cpu-1", b"b"),
    ];
    refused(&archives, "two images `cpu-1` for linux/amd64");
    for path in paths {
        fs::remove_dir_all(path).expect("our own");
    }
}
