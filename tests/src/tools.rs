//! Where the programs are: ours beside the running test, the others where `make tools` puts them.

use std::path::{Path, PathBuf};

/// The root of the checkout.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("this package lies in the checkout's root")
}

/// The real ffmpeg: `$FFBATCH_FFMPEG`, else `.tools/ffmpeg`.
#[track_caller]
pub fn ffmpeg() -> PathBuf {
    outside("FFBATCH_FFMPEG", ".tools/ffmpeg")
}

/// The S3 server: `$FFBATCH_MOTO`, else `.tools/venv/bin/moto_server`.
#[track_caller]
pub fn moto_server() -> PathBuf {
    outside("FFBATCH_MOTO", ".tools/venv/bin/moto_server")
}

/// The Python that has the S3 server's modules: the one beside it.
#[track_caller]
pub fn python() -> PathBuf {
    moto_server().with_file_name("python")
}

/// A directory with one font, "Droid Sans Mono": a machine may have none, and then libass draws nothing.
#[track_caller]
pub fn fonts() -> PathBuf {
    let font = outside("FFBATCH_FONT", ".tools/fonts/DroidSansMono.ttf");
    font.parent()
        .expect("a file lies in a directory")
        .to_owned()
}

/// The OpenTelemetry collector: `$FFBATCH_COLLECTOR`, else `.tools/rotel`; `Err` says why this machine can have none.
#[track_caller]
pub fn collector() -> Result<PathBuf, String> {
    maybe("FFBATCH_COLLECTOR", ".tools/rotel")
}

/// The registry of container images: `$FFBATCH_REGISTRY`, else `.tools/docker-registry`; `Err` says why this machine can have none.
#[track_caller]
pub fn registry() -> Result<PathBuf, String> {
    maybe("FFBATCH_REGISTRY", ".tools/docker-registry")
}

/// What drives a browser: `$FFBATCH_CHROMEDRIVER`, else `.tools/chromedriver`; `Err` says why this machine can have none.
#[track_caller]
pub fn chromedriver() -> Result<PathBuf, String> {
    maybe("FFBATCH_CHROMEDRIVER", ".tools/chromedriver")
}

/// A program of the clients that try the server, such as `schemathesis`.
#[track_caller]
pub fn client(name: &str) -> PathBuf {
    outside("FFBATCH_CLIENTS", ".tools/clients/bin/python").with_file_name(name)
}

/// The program `ffbatch` of the same build as the running test.
#[track_caller]
pub fn ffbatch() -> PathBuf {
    own("ffbatch")
}

/// The program `ffbatch-worker` of the same build as the running test.
#[track_caller]
pub fn worker() -> PathBuf {
    own("ffbatch-worker")
}

/// The program `ffbatch-traces-export` of the same build as the running test.
#[track_caller]
pub fn traces_export() -> PathBuf {
    own("ffbatch-traces-export")
}

/// Where the tests keep what they make once.
#[track_caller]
pub fn fixtures() -> PathBuf {
    // target/PROFILE/deps/TEST-HASH.
    let test = std::env::current_exe().expect("a running program has a path");
    let directory = test
        .ancestors()
        .nth(3)
        .expect("cargo puts tests three directories deep")
        .join("fixtures");
    std::fs::create_dir_all(&directory).expect("the target directory is writable");
    directory
}

/// A program that not every machine can have.
#[track_caller]
fn maybe(variable: &str, usual: &str) -> Result<PathBuf, String> {
    let absent = repository().join(format!("{usual}.absent"));
    match std::fs::read_to_string(absent) {
        Ok(why) if std::env::var_os(variable).is_none() => Err(why.trim().to_owned()),
        _ => Ok(outside(variable, usual)),
    }
}

#[track_caller]
fn outside(variable: &str, usual: &str) -> PathBuf {
    if let Some(path) = std::env::var_os(variable)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
    {
        assert!(
            path.is_file(),
            "{variable} is `{}`, and there is no such file",
            path.display()
        );
        return path;
    }
    let path = repository().join(usual);
    assert!(
        path.is_file(),
        "there is no `{usual}` (run `make tools`, or set {variable})"
    );
    path
}

#[track_caller]
fn own(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a running program has a path");
    // target/PROFILE/deps/TEST-HASH: the programs stand in target/PROFILE.
    let profile = test
        .parent()
        .and_then(Path::parent)
        .expect("cargo puts tests two directories deep");
    let path = profile.join(name);
    assert!(
        path.is_file(),
        "there is no `{}` (run `make test`, or `cargo build --workspace --bins`)",
        path.display()
    );
    path
}
