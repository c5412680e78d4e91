//! The checkout as text: tracked files, and the packages as cargo reads their manifests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::tools::repository;

/// Every file that belongs to the checkout, by its path from the root. New files that nobody ignores belong to it.
#[track_caller]
pub fn tracked() -> Vec<String> {
    let listed = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(repository())
        .output()
        .expect("git starts");
    assert!(
        listed.status.success(),
        "git cannot list the checkout: {}",
        String::from_utf8_lossy(&listed.stderr)
    );
    let text = String::from_utf8(listed.stdout).expect("paths here are UTF-8");
    let exists = |path: &&str| !path.is_empty() && repository().join(path).is_file();
    text.split('\0').filter(exists).map(str::to_owned).collect()
}

/// Every Rust file of the checkout and its text.
#[track_caller]
pub fn rust() -> Vec<(String, String)> {
    let is_rust = |path: &String| {
        Path::new(path)
            .extension()
            .is_some_and(|extension| extension == "rs")
    };
    tracked()
        .into_iter()
        .filter(is_rust)
        .map(|path| (text(&path), path))
        .map(|(text, path)| (path, text))
        .collect()
}

/// A file's text.
#[track_caller]
pub fn text(path: &str) -> String {
    std::fs::read_to_string(repository().join(path))
        .unwrap_or_else(|error| panic!("`{path}`: {error}"))
}

/// A Rust file without its tests, comments and documentation: what the compiler puts into the program.
pub fn code(text: &str) -> String {
    let program = text
        .split("#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or(text);
    let lines = program
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The packages of the workspace and what each needs outside of its tests.
#[track_caller]
pub fn packages() -> BTreeMap<String, BTreeSet<String>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let told = Command::new(cargo)
        .args([
            "metadata",
            "--no-deps",
            "--format-version",
            "1",
            "--offline",
        ])
        .current_dir(repository())
        .output()
        .expect("cargo starts");
    assert!(
        told.status.success(),
        "cargo cannot read the manifests: {}",
        String::from_utf8_lossy(&told.stderr)
    );
    let metadata: Value = serde_json::from_slice(&told.stdout).expect("cargo metadata is JSON");
    let packages = metadata["packages"]
        .as_array()
        .expect("cargo metadata lists packages");
    let name = |value: &Value| value["name"].as_str().expect("a name is a text").to_owned();
    let needs = |package: &Value| {
        let all = package["dependencies"].as_array().expect("a list").iter();
        all.filter(|needed| needed["kind"].as_str() != Some("dev"))
            .map(name)
            .collect()
    };
    packages
        .iter()
        .map(|package| (name(package), needs(package)))
        .collect()
}
