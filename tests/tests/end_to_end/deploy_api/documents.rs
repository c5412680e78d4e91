//! The document of the API.

use std::process::Command;

use ffbatch_tests::sandbox::Sandbox;
use ffbatch_tests::tools;
use serde_json::Value;

#[test]
fn the_document_that_people_read_is_what_the_code_says() {
    let sandbox = Sandbox::new();
    let words = "deploy openapi --region us-east-1";
    let now = sandbox.ffbatch(words.split(' ')).ok().stdout.clone();
    let kept = std::fs::read_to_string(tools::repository().join("docs/openapi.json"));
    let kept = kept.expect("the checkout has it");
    assert!(kept == now, "run `ffbatch {words} -o docs/openapi.json`");
}

#[test]
fn both_documents_are_openapi() {
    let sandbox = Sandbox::new();
    let words = "deploy synth --region eu-west-1";
    let template: Value = serde_json::from_str(&sandbox.ffbatch(words.split(' ')).ok().stdout)
        .expect("a template is JSON");
    let deployed = &template["Resources"]["Api"]["Properties"]["Body"];
    let broken = deployed.to_string().replace("\"200\"", "\"OK, or so\"");
    sandbox.write("deployed.json", deployed.to_string());
    sandbox.write("broken.json", broken);
    let check = |files: &[&str]| {
        let script = tools::repository().join("tests/fixtures/api/documents.py");
        let mut command = Command::new(tools::python());
        command
            .arg(script)
            .args(files)
            .current_dir(sandbox.path(""));
        command.output().expect("Python starts")
    };
    let kept = tools::repository().join("docs/openapi.json");
    let fine = check(&["deployed.json", kept.to_str().expect("a path in UTF-8")]);
    let said = String::from_utf8_lossy(&fine.stderr);
    assert!(fine.status.success(), "{said}");
    // What finds nothing must be able to.
    assert!(!check(&["broken.json"]).status.success());
}
