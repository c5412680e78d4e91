//! The container image of the tests: the worker of the same build as the running test, its companion, the real ffmpeg, and what all
//! of them need to start.
//!
//! It is made of files of this machine, since a test pulls nothing. ffmpeg lies in an image below, so that another build of the worker
//! costs a second. An image is named for the very files in it; older ones of the same checkout are removed,
//! and those of checkouts that are no more.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::clip::fingerprint;
use crate::docker::{docker, done};
use crate::tools;

/// The image with ffmpeg, and the one with the worker on top of it.
const BASE: &str = "ffbatch-test-base";
const WORKER: &str = "ffbatch-test-worker";

/// The label that says which checkout an image is of.
const LABEL: &str = "ffbatch-test-checkout";

/// The name of the image, which is made first where it is missing.
#[track_caller]
pub fn worker() -> String {
    let (ffmpeg, worker, export) = (tools::ffmpeg(), tools::worker(), tools::traces_export());
    let base = format!("{BASE}:{}", key(&[&ffmpeg]));
    let image = format!("{WORKER}:{}", key(&[&ffmpeg, &worker, &export]));
    let directory = tools::fixtures();
    let lock =
        File::create(directory.join("image.lock")).expect("the target directory is writable");
    lock.lock().expect("files can be locked");
    if exists(&image) {
        return image;
    }
    if !exists(&base) {
        import(&base, &ffmpeg, &[&worker, &export], &directory);
    }
    let programs = [
        (worker.as_path(), "ffbatch-worker"),
        (&export, "ffbatch-traces-export"),
    ];
    lay_over(&image, &base, &programs, &directory);
    remove_all_but([&image, &base]);
    image
}

/// An image whose only layer is ffmpeg and what every program needs. The programs that are laid over it are linked to libraries here,
/// other than those of a release.
#[track_caller]
fn import(image: &str, ffmpeg: &Path, others: &[&Path], scratch: &Path) {
    let root = tree(ffmpeg, others, scratch);
    let write = |path: &str, text: &str| {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().expect("it lies in a directory")).expect("our own");
        fs::write(path, text).expect("a new directory is writable");
    };
    write(
        "etc/passwd",
        "root:x:0:0::/:/none\nffbatch:x:1000:1000::/tmp:/none\n",
    );
    write("etc/group", "root:x:0:\nffbatch:x:1000:\n");
    write("etc/nsswitch.conf", "hosts: files dns\n");
    // A machine without a bundle has tests without HTTPS.
    let bundle = fs::read_to_string("/etc/ssl/certs/ca-certificates.crt").unwrap_or_default();
    write("etc/ssl/certs/ca-certificates.crt", &bundle);
    let tmp = root.path().join("tmp");
    fs::create_dir(&tmp).expect("a new directory is writable");
    fs::set_permissions(tmp, Permissions::from_mode(0o1777)).expect("our own directory");
    fs::set_permissions(root.path(), Permissions::from_mode(0o755)).expect("our own directory");
    let mut tar = Command::new("tar")
        .args(["--create", "--owner=0", "--group=0", "--directory"])
        .arg(root.path())
        .arg(".")
        .stdout(Stdio::piped())
        .spawn()
        .expect("tar starts");
    let output = Command::new("docker")
        .args([
            "import",
            "--change",
            &format!("LABEL {}", label()),
            "-",
            image,
        ])
        .stdin(tar.stdout.take().expect("it was piped"))
        .output()
        .expect("docker starts");
    let packed = tar.wait().expect("tar ends");
    assert!(
        packed.success() && output.status.success(),
        "the image cannot be made: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// An image that has the programs over another one, as users are told to make one of their own.
#[track_caller]
fn lay_over(image: &str, base: &str, programs: &[(&Path, &str)], scratch: &Path) {
    let room = room(scratch);
    for (program, name) in programs {
        put(program, &room.path().join(name));
    }
    let recipe = tools::repository().join("examples/Dockerfile");
    let (base, label) = (format!("BASE={base}"), label());
    let mut command = Command::new("docker");
    command
        // The builder that every engine has.
        .env("DOCKER_BUILDKIT", "0")
        .args(["build", "--quiet", "--tag", image, "--build-arg", &base])
        .args(["--label", &label, "--file"])
        .arg(recipe)
        .arg(room.path())
        .stdin(Stdio::null());
    let output = command.output().expect("docker starts");
    assert!(
        output.status.success(),
        "the image cannot be made: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[track_caller]
fn room(scratch: &Path) -> TempDir {
    tempfile::Builder::new()
        .prefix("image-")
        .tempdir_in(scratch)
        .expect("the target directory is writable")
}

/// A directory with ffmpeg in `usr/bin`, and the libraries that it and others are linked to, where they look for them.
#[track_caller]
fn tree(ffmpeg: &Path, others: &[&Path], scratch: &Path) -> TempDir {
    let root = room(scratch);
    put(ffmpeg, &root.path().join("usr/bin/ffmpeg"));
    for program in [&[ffmpeg], others].concat() {
        for library in libraries(program) {
            let inside = library.strip_prefix("/").expect("ldd prints whole paths");
            let to = root.path().join(inside);
            // Of two names of one file, none may be copied over the other.
            if !to.exists() {
                put(&library, &to);
            }
        }
    }
    root
}

/// What the dynamic linker would load; nothing for a static program.
#[track_caller]
fn libraries(program: &Path) -> Vec<PathBuf> {
    let output = Command::new("ldd")
        .arg(program)
        .output()
        .expect("ldd starts");
    let text = String::from_utf8_lossy(&output.stdout);
    // `NAME => PATH (ADDRESS)`, or `PATH (ADDRESS)` for the linker itself.
    let path = |word: &str| word.starts_with('/').then(|| PathBuf::from(word));
    text.lines()
        .filter_map(|line| line.split_whitespace().find_map(path))
        .collect()
}

#[track_caller]
fn put(file: &Path, to: &Path) {
    fs::create_dir_all(to.parent().expect("it lies in a directory"))
        .expect("a new directory is writable");
    let real = file.canonicalize().expect("it is there");
    // Another file system, or one that has no second names for a file.
    if fs::hard_link(&real, to).is_err() {
        fs::copy(&real, to).expect("there is space");
    }
}

/// What changes when one of the files does.
#[track_caller]
fn key(files: &[&Path]) -> String {
    let about = |file: &&Path| {
        let real = file.canonicalize().expect("it is there");
        let metadata = real.metadata().expect("it is there");
        let (secs, nanos) = (metadata.mtime(), metadata.mtime_nsec());
        format!("{} {} {secs} {nanos}", real.display(), metadata.len())
    };
    let all: Vec<String> = files.iter().map(about).collect();
    format!("{:08x}", fingerprint(&all.join("\n")))
}

fn label() -> String {
    let checkout = tools::repository().display();
    format!("{LABEL}={checkout}")
}

fn exists(image: &str) -> bool {
    docker(["image", "inspect", image]).status.success()
}

/// Removes the images of older builds, and those of checkouts that are no more.
#[track_caller]
fn remove_all_but(kept: [&String; 2]) {
    let format = format!(
        "{{{{index .Config.Labels \"{LABEL}\"}}}}\t{{{{range .RepoTags}}}}{{{{.}}}}{{{{end}}}}"
    );
    let filter = format!("label={LABEL}");
    let all = done(["images", "--quiet", "--filter", &filter]);
    let inspect = ["image", "inspect", "--format", &format];
    let listed = docker(inspect.into_iter().chain(all.lines()));
    // What is laid over another image has to go before it.
    let mut old: Vec<&str> = Vec::new();
    let text = String::from_utf8_lossy(&listed.stdout);
    for (checkout, image) in text.lines().filter_map(|line| line.split_once('\t')) {
        let ours = Path::new(checkout) == tools::repository();
        if !image.is_empty()
            && !kept.iter().any(|one| *one == image)
            && (ours || !Path::new(checkout).exists())
        {
            old.push(image);
        }
    }
    old.sort_by_key(|image| image.starts_with(BASE));
    for image in old {
        // One that a container still uses goes the next time.
        let _ = docker(["rmi", image]);
    }
}
