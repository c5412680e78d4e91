//! The OpenAPI document, and strangers who take it at its word.

use std::process::Command;

use ffbatch_dispatcher::infra::PARAMETERS;
use ffbatch_tests::clip::SHORT;
use ffbatch_tests::moto::Moto;
use ffbatch_tests::sandbox::Sandbox;
use ffbatch_tests::server::Server;
use ffbatch_tests::tools;
use serde_json::Value;

use super::ground::{copy, ended, room, submitted};

/// What the stack's document asks for, this one takes; what that one answers, this one answers.
#[test]
fn the_document_is_that_of_the_stack_and_more() {
    let (_sandbox, server) = room();
    let (status, ours) = server.get("/openapi.json");
    assert_eq!(status, 200);
    let text = std::fs::read_to_string(tools::repository().join("docs/openapi.json"))
        .expect("it is committed");
    let theirs: Value = serde_json::from_str(&text).expect("JSON");
    let names = |document: &Value, schema: &str| -> Vec<String> {
        let properties = document["components"]["schemas"][schema]["properties"].as_object();
        properties
            .unwrap_or_else(|| panic!("no `{schema}`"))
            .keys()
            .cloned()
            .collect()
    };
    for (stack, here) in [
        ("SubmitIntel", "Submit"),
        ("Submitted", "Submitted"),
        ("Describe", "Describe"),
        ("Bulk", "Bulk"),
        ("Started", "Started"),
        ("DescribeBulk", "DescribeBulk"),
        ("Exporting", "Exporting"),
    ] {
        assert_eq!(names(&theirs, stack), names(&ours, here), "{stack}");
    }
    // What is told of jobs and runs may be more.
    for schema in ["Job", "Execution"] {
        let own = names(&ours, schema);
        let missing: Vec<String> = names(&theirs, schema)
            .into_iter()
            .filter(|name| !own.contains(name))
            .collect();
        assert_eq!(missing, Vec::<String>::new(), "{schema}");
    }
    let submit = &ours["components"]["schemas"]["Submit"];
    assert_eq!(
        submit["required"],
        theirs["components"]["schemas"]["SubmitIntel"]["required"]
    );
    assert_eq!(submit["additionalProperties"], false);
    for parameter in PARAMETERS.iter().filter(|name| **name != "job") {
        assert!(
            names(&ours, "Submit").contains(&(*parameter).to_owned()),
            "{parameter}"
        );
    }
    for path in [
        "/{compute}/ffmpeg",
        "/batch/execute/{compute}",
        "/batch/describe",
        "/state/execute",
        "/state/describe",
    ] {
        let responses = ours["paths"][path]["post"]["responses"]
            .as_object()
            .expect("responses");
        for status in ["200", "400", "403", "415", "429", "502"] {
            assert!(responses.contains_key(status), "{path} {status}");
        }
    }
}

/// Every request that the document allows, and many that it does not: nothing breaks, and nothing is answered that it does not say.
#[test]
fn strangers_get_what_the_document_says() {
    // A bulk run asks S3, and an S3 that cannot be asked is rightly a failure of the server's.
    let moto = Moto::start();
    let mut sandbox = Sandbox::with(SHORT, "in.mp4");
    sandbox.set_all(moto.environment());
    sandbox.set("AWS_EC2_METADATA_DISABLED", "true");
    let server = Server::start(&sandbox, &[]);
    let id = submitted(&server, "/local/ffmpeg", &copy(&sandbox, "100", "out.mp4"));
    assert_eq!(ended(&server, &id)["status"], "SUCCEEDED");
    // Where nobody tells, they would never meet a job.
    sandbox.write(
        "schemathesis.toml",
        format!("[parameters]\n\"path.compute\" = 'local'\n\"path.job\" = '{id}'\n\"path.number\" = '0'\n"),
    );
    let tried = Command::new(tools::client("schemathesis"))
        .arg("--config-file")
        .arg(sandbox.path("schemathesis.toml"))
        .args(["run", &format!("{}/openapi.json", server.url())])
        .args(["--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"])
        // A stream of events has no end, and retries would copy the clip for ever.
        .args(["--exclude-path", "/events", "--exclude-path", "/jobs/{job}/events", "--exclude-path", "/jobs/{job}/retry"])
        .args(["--max-examples", "25", "--suppress-health-check",
            "all",
            "--request-timeout", "20", "--seed", "1", "--no-color"])
        .current_dir(sandbox.path(""))
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&tried.stdout);
    assert!(tried.status.success(), "{said}");
    assert!(said.contains("Tested: 19"), "{said}");
    assert_eq!(server.get("/health").0, 200);
}
