//! The OpenAPI document, and strangers who take it at its word.

use ffbatch_dispatcher::infra::PARAMETERS;
use ffbatch_tests::tools;
use serde_json::Value;

use super::ground::room;

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
    ] {
        assert_eq!(names(&theirs, stack), names(&ours, here), "{stack}");
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
    ] {
        let responses = ours["paths"][path]["post"]["responses"]
            .as_object()
            .expect("responses");
        for status in ["200", "400", "403", "415", "429", "502"] {
            assert!(responses.contains_key(status), "{path} {status}");
        }
    }
}
