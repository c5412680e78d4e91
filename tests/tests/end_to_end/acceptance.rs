//! The acceptance run for a real account (`make test-aws`), here against the double with containers.

use std::process::{Command, Output};

use ffbatch_tests::aws::Aws;
use ffbatch_tests::sandbox::Sandbox;
use ffbatch_tests::{image, tools};

/// Runs the script.
fn run(aws: &Aws, sandbox: &Sandbox, account: &str, words: &[&str]) -> (Output, String) {
    let results = sandbox.path("results.md");
    let script = tools::repository().join("scripts/test_aws.py");
    let ran = Command::new(tools::python())
        .arg(script)
        .args(["--account", account, "--region", "us-east-1"])
        .args(["--without", "athena", "--memory-mib", "1024"])
        .arg("--results")
        .arg(&results)
        .args(words)
        .envs(aws.environment())
        .output()
        .expect("Python starts");
    let page = std::fs::read_to_string(results).unwrap_or_default();
    (ran, page)
}

#[test]
fn a_stack_is_made_used_and_removed() {
    let Some(aws) = Aws::with_docker() else {
        return;
    };
    aws.s3().create("of-others");
    let sandbox = Sandbox::new();
    let own = format!("intel={}", image::worker());
    let words = ["--compute", "intel", "--image", &own];
    let (ran, page) = run(&aws, &sandbox, "123456789012", &words);
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{said}\n{page}");
    for step in [
        "account",
        "up",
        "doctor",
        "job on intel",
        "local paths",
        "failure",
        "REST API",
        "instance type on intel",
        "bulk",
        "traces",
        "down",
    ] {
        assert!(
            page.contains(&format!("| {step} | passed |")),
            "{step}: {page}"
        );
    }
    assert_eq!(aws.s3().buckets(), ["of-others"]);
}

#[test]
fn another_account_is_left_alone() {
    let Some(aws) = Aws::with_docker() else {
        return;
    };
    let (ran, page) = run(&aws, &Sandbox::new(), "999999999999", &[]);
    assert!(!ran.status.success());
    assert!(
        page.contains("this is the account 123456789012, not 999999999999"),
        "{page}"
    );
    assert_eq!(aws.count("CreateJobQueue"), 0);
}
