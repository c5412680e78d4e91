//! What Amazon Athena would answer over documents in a directory: the tables and views of a template, run by DuckDB.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::sandbox::Sandbox;
use crate::tools;

/// What the views of the stack with this prefix answer, by their names; or what a query does.
#[track_caller]
pub fn asked(sandbox: &Sandbox, documents: &Path, prefix: &str, query: Option<&str>) -> Value {
    let words = format!("deploy synth --region eu-west-1 --prefix {prefix} -o template.json");
    sandbox.ffbatch(words.split(' ')).ok();
    let script = tools::repository().join("tests/fixtures/catalog/athena.py");
    let ran = Command::new(tools::python())
        .arg(script)
        .arg(sandbox.path("template.json"))
        .arg(documents)
        .args(query)
        .output()
        .expect("Python starts");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{said}");
    serde_json::from_slice(&ran.stdout).expect("JSON")
}
