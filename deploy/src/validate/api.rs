//! What is wrong with an API whose document goes along in the template: routes that anybody may call, bodies that nobody checks, errors
//! that arrive as successes, and what is longer than API Gateway takes.

use serde_json::{Map, Value};

use super::list;

/// The longest mapping template and the longest model, in bytes ("Quotas for configuring and running a REST API in API Gateway" in the
/// API Gateway Developer Guide).
const TEMPLATE_BYTES: usize = 300 << 10;
const MODEL_BYTES: usize = 400 << 10;

/// A status of each kind that a service behind may fail with.
const FAILURES: [&str; 2] = ["4", "5"];

/// What is wrong with an API, a sentence each.
pub fn problems(api: &Value) -> Vec<String> {
    let document = &api["Body"];
    let mut found = Vec::new();
    for (path, operations) in members(&document["paths"]) {
        for (method, operation) in members(operations) {
            let wrong = operation_problems(operation, document);
            let at = format!("{} {path}", method.to_uppercase());
            found.extend(wrong.into_iter().map(|why| format!("`{at}` {why}")));
        }
    }
    for (name, schema) in members(&document["components"]["schemas"]) {
        if !name.chars().all(|c| c.is_ascii_alphanumeric()) {
            found.push(format!(
                "the schema `{name}` has a name that API Gateway refuses (letters and digits alone)"
            ));
        }
        let bytes = schema.to_string().len();
        if bytes > MODEL_BYTES {
            found.push(format!(
                "the schema `{name}` has {bytes} bytes, API Gateway takes {MODEL_BYTES}"
            ));
        }
    }
    found
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

fn operation_problems(operation: &Value, document: &Value) -> Vec<String> {
    let mut found = Vec::new();
    if !is_signed(operation, document) {
        found.push("may be called by anybody".to_owned());
    }
    if operation.get("requestBody").is_some() && !is_checked(operation, document) {
        found.push("takes any body".to_owned());
    }
    let integration = &operation["x-amazon-apigateway-integration"];
    if integration["passthroughBehavior"] != "never" {
        found.push("sends on what has no template".to_owned());
    }
    let responses = &integration["responses"];
    for kind in FAILURES {
        let catches = |(pattern, response): (&String, &Value)| {
            let status = response["statusCode"].as_str().unwrap_or_default();
            pattern.starts_with(kind) && status >= "400"
        };
        if !members(responses).any(catches) {
            found.push(format!(
                "answers 200 where the service behind answers {kind}xx"
            ));
        }
    }
    let each = members(responses).map(|(_, response)| &response["responseTemplates"]);
    for templates in each.chain([&integration["requestTemplates"]]) {
        for (_, template) in members(templates) {
            let bytes = template.to_string().len();
            if bytes > TEMPLATE_BYTES {
                found.push(format!(
                    "has a template of {bytes} bytes, API Gateway takes {TEMPLATE_BYTES} (leave families out)"
                ));
            }
        }
    }
    found
}

/// Whether a route wants a signature: each way in that it names has to.
fn is_signed(operation: &Value, document: &Value) -> bool {
    let schemes = &document["components"]["securitySchemes"];
    let ways = list(&operation["security"]);
    let wants = |way: &Value| {
        let mut names = members(way).map(|(name, _)| name);
        names.any(|name| schemes[name]["x-amazon-apigateway-authtype"] == "awsSigv4")
    };
    !ways.is_empty() && ways.iter().all(wants)
}

/// Whether a body is checked by a schema that says all there may be.
fn is_checked(operation: &Value, document: &Value) -> bool {
    let validators = &document["x-amazon-apigateway-request-validators"];
    let name = operation["x-amazon-apigateway-request-validator"].as_str();
    let looks = name.is_some_and(|name| validators[name]["validateRequestBody"] == true);
    let mut bodies = members(&operation["requestBody"]["content"]);
    looks
        && bodies.all(|(_, body)| {
            let name = body["schema"]["$ref"]
                .as_str()
                .and_then(|at| at.rsplit('/').next());
            let schema = name.map(|name| &document["components"]["schemas"][name]);
            schema.is_some_and(|schema| schema["additionalProperties"] == false)
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// An API with one route that nothing is wrong with, and what `change` makes of it.
    #[track_caller]
    fn check(change: impl FnOnce(&mut Value), expected: &[&str]) {
        let template = |text: &str| json!({ "application/json": text });
        let response =
            |status: &str| json!({ "statusCode": status, "responseTemplates": template("{}") });
        let mut api = json!({ "Body": {
            "paths": { "/a": { "post": {
                "security": [{ "signed": [] }],
                "requestBody": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/A" } } } },
                "x-amazon-apigateway-request-validator": "bodies",
                "x-amazon-apigateway-integration": {
                    "passthroughBehavior": "never",
                    "requestTemplates": template("{}"),
                    "responses": { "default": response("200"), r"4\d{2}": response("400"), r"5\d{2}": response("502") },
                },
            } } },
            "components": {
                "schemas": { "A": { "type": "object", "additionalProperties": false } },
                "securitySchemes": { "signed": { "x-amazon-apigateway-authtype": "awsSigv4" }, "key": {} },
            },
            "x-amazon-apigateway-request-validators": { "bodies": { "validateRequestBody": true } },
        } });
        change(&mut api["Body"]);
        assert_eq!(problems(&api), expected);
    }

    const INTEGRATION: &str = "x-amazon-apigateway-integration";

    #[test]
    fn routes() {
        check(|_| (), &[]);
        let route = |document: &mut Value, name: &str, value: Value| {
            document["paths"]["/a"]["post"][name] = value;
        };
        let open = ["`POST /a` may be called by anybody"];
        check(|document| route(document, "security", json!([])), &open);
        let other = json!([{ "signed": [] }, { "key": [] }]);
        check(|document| route(document, "security", other), &open);
        let any = ["`POST /a` takes any body"];
        let validator = "x-amazon-apigateway-request-validator";
        check(|document| route(document, validator, Value::Null), &any);
        check(
            |document| document["components"]["schemas"]["A"] = json!({}),
            &any,
        );
    }

    #[test]
    fn integrations() {
        let with = |change: fn(&mut Value)| {
            move |document: &mut Value| change(&mut document["paths"]["/a"]["post"][INTEGRATION])
        };
        check(
            with(|integration| integration["passthroughBehavior"] = json!("when_no_match")),
            &["`POST /a` sends on what has no template"],
        );
        check(
            with(|integration| integration["responses"][r"5\d{2}"]["statusCode"] = json!("200")),
            &["`POST /a` answers 200 where the service behind answers 5xx"],
        );
        check(
            with(|integration| {
                integration["requestTemplates"]["application/json"] =
                    json!("x".repeat(TEMPLATE_BYTES));
            }),
            &[
                "`POST /a` has a template of 307202 bytes, API Gateway takes 307200 (leave families out)",
            ],
        );
    }

    #[test]
    fn schemas() {
        check(
            |document| document["components"]["schemas"]["b-c"] = json!({}),
            &["the schema `b-c` has a name that API Gateway refuses (letters and digits alone)"],
        );
        check(
            |document| document["components"]["schemas"]["B"] = json!("x".repeat(MODEL_BYTES)),
            &["the schema `B` has 409602 bytes, API Gateway takes 409600"],
        );
    }
}
