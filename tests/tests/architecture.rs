//! The rules that hold the house together, asserted on the manifests and sources themselves.
//!
//! Each crate's documentation states what is absent in it; here that is checked. A rule that fails names the file and what to do.

use std::collections::BTreeSet;

use ffbatch_backends as _;
use ffbatch_dispatcher::registry::{Families, Metrics};
use ffbatch_quality as _;
use ffbatch_tests::source::{code, packages, rust, text, tracked};

/// The only arrows between our packages. The tests may use everything.
const ARROWS: [(&str, &[&str]); 14] = [
    ("ffbatch-dispatcher", &[]),
    ("ffbatch-jobfile", &["ffbatch-dispatcher"]),
    ("ffbatch-storage", &["ffbatch-dispatcher"]),
    ("ffbatch-media", &["ffbatch-dispatcher"]),
    ("ffbatch-quality", &["ffbatch-dispatcher"]),
    (
        "ffbatch-backends",
        &["ffbatch-storage", "ffbatch-dispatcher"],
    ),
    ("ffbatch-deploy", &["ffbatch-storage", "ffbatch-dispatcher"]),
    ("ffbatch-traces", &["ffbatch-storage", "ffbatch-dispatcher"]),
    ("ffbatch-prices", &["ffbatch-storage", "ffbatch-dispatcher"]),
    ("ffbatch-images", &[]),
    ("ffbatch-serve", &["ffbatch-storage", "ffbatch-dispatcher"]),
    ("ffbatch-bench", &["ffbatch-storage", "ffbatch-dispatcher"]),
    (
        "ffbatch-worker",
        &[
            "ffbatch-media",
            "ffbatch-quality",
            "ffbatch-storage",
            "ffbatch-dispatcher",
        ],
    ),
    (
        "ffbatch",
        &[
            "ffbatch-jobfile",
            "ffbatch-deploy",
            "ffbatch-bench",
            "ffbatch-serve",
            "ffbatch-traces",
            "ffbatch-prices",
            "ffbatch-images",
            "ffbatch-backends",
            "ffbatch-quality",
            "ffbatch-media",
            "ffbatch-storage",
            "ffbatch-dispatcher",
        ],
    ),
];

/// No file is longer, in lines.
const LINES: usize = 600;

/// Names that say nothing about what is in a file.
const EMPTY_NAMES: [&str; 5] = ["mod.rs", "utils.rs", "util.rs", "helpers.rs", "common.rs"];

#[test]
fn code_depends_in_one_direction() {
    let packages = packages();
    let mut known: BTreeSet<&str> = ARROWS.iter().map(|(name, _)| *name).collect();
    known.insert("ffbatch-tests");
    assert_eq!(
        packages.keys().map(String::as_str).collect::<BTreeSet<_>>(),
        known,
        "a package without a place"
    );
    for (name, allowed) in ARROWS {
        let ours = packages[name]
            .iter()
            .filter(|needed| packages.contains_key(*needed));
        for needed in ours {
            assert!(
                allowed.contains(&needed.as_str()),
                "`{name}` must not depend on `{needed}`"
            );
        }
    }
}

#[test]
fn the_worker_links_nothing_that_it_does_not_need() {
    for unwanted in [
        "aws-sdk-batch",
        "aws-sdk-cloudformation",
        "aws-sdk-xray",
        "ffbatch-traces",
        "ffbatch-prices",
        "ffbatch-bench",
        "ffbatch-serve",
        "axum",
        "indicatif",
        "comfy-table",
        "ffbatch-jobfile",
    ] {
        let worker = &packages()["ffbatch-worker"];
        assert!(
            !worker.contains(unwanted),
            "the worker is pulled and started for every job and must not link `{unwanted}`"
        );
    }
}

/// Asserts that a text stands in the program code of no file but those below the allowed paths.
#[track_caller]
fn only_in(needle: &str, allowed: &[&str], why: &str) {
    for (path, text) in rust() {
        let inside = is_test(&path) || path.contains("/examples/");
        if inside || allowed.iter().any(|prefix| path.starts_with(prefix)) {
            continue;
        }
        assert!(
            !code(&text).contains(needle),
            "`{path}` says `{needle}`: {why}"
        );
    }
}

#[test]
fn absences() {
    only_in("aws_sdk_s3", &["storage/src/"], "only storage talks to S3");
    for client in ["aws_sdk_batch", "aws_sdk_cloudwatchlogs"] {
        only_in(
            client,
            &["backends/src/batch"],
            "one engine talks to AWS Batch, and a family is a file of data",
        );
    }
    only_in(
        "aws_sdk_xray",
        &["traces/src/"],
        "only the export talks to X-Ray",
    );
    only_in(
        "bollard::",
        &["backends/src/docker/"],
        "only the containers' compute talks to their engine",
    );
    only_in("reqwest::", &["storage/src/"], "only storage speaks HTTP");
    only_in(
        "inventory::iter",
        &["dispatcher/src/registry.rs"],
        "the registry is the only reader of plugins",
    );
    only_in(
        "inventory::submit!",
        &["quality/src/", "backends/src/"],
        "only plugins submit themselves",
    );
    only_in(
        "rusqlite",
        &["backends/src/"],
        "only the local queue keeps a database",
    );
    only_in(
        "landlock::",
        &["media/src/confine"],
        "confinement stands in one place",
    );
    only_in("unsafe {", &[], "safe Rust does it");
    only_in("macro_rules!", &[], "a function or a value does it");
    only_in("std::process::exit", &[], "destructors would not run");
    only_in("todo!(", &[], "finish it or leave it out");
    only_in("unimplemented!(", &[], "finish it or leave it out");
}

#[test]
fn processes_are_started_by_media_and_the_local_backend_alone() {
    let starts = |line: &str| line.contains("process::") && line.contains("Command");
    for (path, text) in rust() {
        let allowed = [
            "media/src/",
            "backends/src/queue",
            "worker/src/companion.rs",
        ];
        if is_test(&path)
            || path.contains("/examples/")
            || allowed.iter().any(|prefix| path.starts_with(prefix))
        {
            continue;
        }
        let line = code(&text)
            .lines()
            .find(|line| starts(line))
            .map(str::to_owned);
        assert_eq!(
            line, None,
            "`{path}` starts processes (that is for media and the backends)"
        );
    }
}

#[test]
fn pure_crates_touch_nothing() {
    // The dispatcher reads the configuration through figment, and the environment through arguments.
    for (path, text) in rust() {
        let pure = ["quality/src/", "dispatcher/src/", "jobfile/src/"];
        if !pure.iter().any(|prefix| path.starts_with(prefix)) {
            continue;
        }
        for touch in [
            "std::fs",
            "tokio::fs",
            "File::open",
            "tokio::net",
            "std::net::Tcp",
            "std::thread",
        ] {
            assert!(
                !code(&text).contains(touch),
                "`{path}` says `{touch}`, but its crate is pure"
            );
        }
    }
    for (path, text) in rust()
        .into_iter()
        .filter(|(path, _)| path.starts_with("quality/src/") || path.starts_with("jobfile/src/"))
    {
        for touch in ["tokio", "std::env", "std::process"] {
            assert!(
                !code(&text).contains(touch),
                "`{path}` says `{touch}`, but its crate is pure"
            );
        }
    }
}

#[test]
fn prices_are_told_without_a_file_or_a_clock() {
    for (path, text) in rust()
        .into_iter()
        .filter(|(path, _)| path.starts_with("prices/src/") && !is_test(path))
    {
        for touch in ["std::fs", "std::env", "File::open", "::now()", "process::"] {
            assert!(
                !code(&text).contains(touch),
                "`{path}` says `{touch}`: whoever asks for a price hands over documents and the day"
            );
        }
        let waits = path.starts_with("prices/src/refresh");
        for touch in ["async", "tokio", "ffbatch_storage"] {
            assert!(
                waits || !code(&text).contains(touch),
                "`{path}` says `{touch}`, but only a refresh calls AWS"
            );
        }
    }
}

#[test]
fn every_file_is_a_room_with_a_name() {
    for (path, text) in rust() {
        let name = path.rsplit('/').next().unwrap_or(&path);
        assert!(
            !EMPTY_NAMES.contains(&name),
            "`{path}`: name it after what is in it"
        );
        let lines = text.lines().count();
        assert!(
            lines <= LINES,
            "`{path}` has {lines} lines, {LINES} is the most (split it by purpose)"
        );
        // What a file of tests is for, its parent says.
        let said = text.starts_with("//!") || is_test(&path);
        assert!(said, "`{path}` does not begin with what it is for (`//!`)");
    }
}

#[test]
fn nothing_is_imported_wholesale() {
    for (path, text) in rust().into_iter().filter(|(path, _)| !is_test(path)) {
        let imports = |line: &&str| line.trim_start().starts_with("use ") && line.ends_with("::*;");
        let line = code(&text).lines().find(imports).map(str::to_owned);
        assert_eq!(line, None, "`{path}` imports everything");
    }
}

/// Whether a file holds tests and nothing else.
fn is_test(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/") || path.starts_with("tests/")
}

#[test]
fn every_package_keeps_the_lints() {
    for path in tracked()
        .into_iter()
        .filter(|path| path.ends_with("/Cargo.toml"))
    {
        assert!(
            text(&path).contains("[lints]\nworkspace = true\n"),
            "`{path}` does not inherit the workspace's lints"
        );
    }
    for program in ["cli/src/main.rs", "worker/src/main.rs"] {
        let denies = text(program).contains("#![deny(unused_crate_dependencies)]");
        assert!(
            denies,
            "`{program}` would link no plugin when it forgets to name their crate, and nobody would notice"
        );
    }
}

#[test]
fn programs_name_the_plugins_they_need() {
    let linked = |path: &str, name: &str| {
        assert!(
            text(path).contains(name),
            "`{path}` must say `use {name} as _;`"
        );
    };
    linked("cli/src/main.rs", "ffbatch_backends");
    linked("worker/src/main.rs", "ffbatch_quality");
}

#[test]
fn a_plugin_is_called_like_its_file() {
    let stems = |directory: &str| -> BTreeSet<String> {
        let submits = |(path, text): (String, String)| {
            let name = path
                .strip_prefix(directory)?
                .strip_suffix(".rs")?
                .to_owned();
            (!name.contains('/') && code(&text).contains("inventory::submit!"))
                .then(|| name.replace('_', "-"))
        };
        rust().into_iter().filter_map(submits).collect()
    };
    let computes: BTreeSet<String> = Families::linked()
        .expect("the backends are linked")
        .iter()
        .map(|family| family.name.to_owned())
        .collect();
    let metrics: BTreeSet<String> = Metrics::linked()
        .expect("the metrics are linked")
        .iter()
        .map(|metric| metric.name.to_owned())
        .collect();
    assert_eq!(stems("backends/src/"), computes);
    assert_eq!(stems("quality/src/"), metrics);
    for expected in ["psnr", "ssim", "vmaf", "xpsnr"] {
        assert!(
            metrics.contains(expected),
            "the metric `{expected}` is not linked"
        );
    }
    assert!(
        computes.contains("local"),
        "the compute `local` is not linked"
    );
}

#[test]
fn nothing_names_the_machine_it_was_written_on() {
    // In two parts, so that this file does not name them either.
    let places = [
        ("/root", "/"),
        ("/tmp/", "probe"),
        ("/wo", "rk/main"),
        ("/opt/", "wheels"),
        ("index", "-url"),
        ("find", "-links"),
    ];
    for path in tracked() {
        let Ok(bytes) = std::fs::read(ffbatch_tests::tools::repository().join(&path)) else {
            continue;
        };
        let Ok(text) = String::from_utf8(bytes) else {
            continue;
        };
        for (first, second) in places {
            let place = format!("{first}{second}");
            assert!(
                !text.contains(&place),
                "`{path}` says `{place}`, which exists on one machine only"
            );
        }
    }
    let foreign = text("Cargo.lock")
        .lines()
        .filter(|line| line.starts_with("source = "))
        .find(|line| !line.contains("registry+https://github.com/rust-lang/crates.io-index"))
        .map(str::to_owned);
    assert_eq!(
        foreign, None,
        "a dependency that does not come from crates.io"
    );
}

#[test]
fn large_files_are_not_committed() {
    for path in tracked() {
        let size = std::fs::metadata(ffbatch_tests::tools::repository().join(&path))
            .map_or(0, |metadata| metadata.len());
        assert!(
            size <= 512 * 1024,
            "`{path}` has {size} bytes (fetch or make it in the tests)"
        );
    }
}
