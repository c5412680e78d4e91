//! Whether there is a Docker engine, in which jobs can be real containers.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

/// Set to `1` where a missing engine is a failure and no reason to skip.
const REQUIRED: &str = "FFBATCH_REQUIRE_DOCKER";

/// Whether the tests that need an engine can run. Where there is none it is said loudly, and is a failure where one is required.
#[track_caller]
pub fn present() -> bool {
    static ANSWERS: OnceLock<Result<(), String>> = OnceLock::new();
    match ANSWERS.get_or_init(answers) {
        Ok(()) => true,
        Err(why) => {
            let required = std::env::var_os(REQUIRED).is_some_and(|value| value == "1");
            assert!(
                !required,
                "there is no Docker engine, and {REQUIRED} is 1: {why}"
            );
            eprintln!("SKIPPED: there is no Docker engine here: {why}");
            false
        }
    }
}

/// Runs `docker` with these words to its end.
#[track_caller]
pub fn docker<W: AsRef<std::ffi::OsStr>>(words: impl IntoIterator<Item = W>) -> Output {
    let mut command = Command::new("docker");
    command.args(words).stdin(Stdio::null());
    command.output().expect("docker starts")
}

/// The same, where failing is not expected: what it printed.
#[track_caller]
pub fn done<W: AsRef<std::ffi::OsStr>>(words: impl IntoIterator<Item = W>) -> String {
    let output = docker(words);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "docker failed: {said}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Where the programs are that the search path of whoever runs the tests leads to.
pub fn search_path() -> String {
    std::env::var("PATH").unwrap_or_else(|_| "/usr/bin:/bin".to_owned())
}

fn answers() -> Result<(), String> {
    let found = search_path()
        .split(':')
        .any(|directory| Path::new(directory).join("docker").is_file());
    if !found {
        return Err("the program `docker` is not installed".to_owned());
    }
    let output = docker(["version", "--format", "{{.Server.Version}}"]);
    let said = String::from_utf8_lossy(&output.stderr);
    let why = said
        .lines()
        .next()
        .unwrap_or("`docker version` failed")
        .to_owned();
    output.status.success().then_some(()).ok_or(why)
}
