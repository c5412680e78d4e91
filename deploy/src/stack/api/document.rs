//! The OpenAPI document: as API Gateway imports it, and as people read it.

use serde_json::{Map, Value, json};

use super::route::{CHECKED, ERROR, JSON, Route, SIGNED};
use super::{STAGE_NAME, bulk, export, jobs, submit};
use crate::deployment::suffix;
use crate::stack::Plan;

/// What the API is called.
pub const TITLE: &str = "ffbatch: ffmpeg commands as managed jobs";

/// The version of OpenAPI that API Gateway itself exports ("Export a REST API" in its Developer Guide).
const VERSION: &str = "3.0.1";

/// Why a request is refused that never gets as far as a service behind: the kind of answer, its status, and its body. These bodies
/// are not templates; only variables are replaced in them ("Gateway responses" in the API Gateway Developer Guide). Whether quotes
/// in the sentence of the validator arrive escaped is not documented, and was not seen live.
const REFUSALS: [(&str, u16, &str); 3] = [
    (
        "BAD_REQUEST_BODY",
        400,
        r#"{"message":"$context.error.validationErrorString"}"#,
    ),
    (
        "MISSING_AUTHENTICATION_TOKEN",
        403,
        r#"{"message":"the request is not signed, or there is no such route (sign it with SigV4 for the service execute-api, and look at path and method)"}"#,
    ),
    (
        "UNSUPPORTED_MEDIA_TYPE",
        415,
        r#"{"message":"the body has to be JSON (send the header Content-Type: application/json)"}"#,
    ),
];

fn routes(plan: &Plan) -> Vec<Route> {
    let mut all = Vec::new();
    for settings in &plan.computes {
        all.extend(submit::routes(plan, settings));
    }
    all.push(jobs::route(&plan.prefix));
    all.extend(bulk::routes(plan));
    all.extend(export::route(plan));
    all
}

/// The document that people and generators of clients read.
pub fn read(plan: &Plan) -> Value {
    let mut document = document(&routes(plan), Route::operation);
    document["info"]["description"] = json!(format!(
        "The REST API of the stack `{}` in {}: the instance types are those that this Region offers.",
        plan.options.stack(&plan.prefix),
        plan.region
    ));
    document["servers"] = json!([{
        "url": format!("https://{{id}}.execute-api.{{region}}.{}/{STAGE_NAME}", suffix(&plan.region)),
        "variables": { "id": { "default": "ID" }, "region": { "default": plan.region } },
    }]);
    document
}

/// The document that is deployed: with what API Gateway does, and without examples, which it has no use for.
pub fn deployed(plan: &Plan, role: &Value) -> Value {
    let mut document = document(&routes(plan), |route| {
        let mut operation = route.operation();
        for content in contents(&mut operation) {
            content.remove("example");
        }
        operation["x-amazon-apigateway-request-validator"] = json!(CHECKED);
        operation["x-amazon-apigateway-integration"] = route.integration(role);
        operation
    });
    document["x-amazon-apigateway-request-validators"] =
        json!({ CHECKED: { "validateRequestBody": true, "validateRequestParameters": true } });
    let refusals: Map<String, Value> = REFUSALS
        .iter()
        .map(|(kind, status, body)| {
            let refusal =
                json!({ "statusCode": status.to_string(), "responseTemplates": { JSON: body } });
            ((*kind).to_owned(), refusal)
        })
        .collect();
    document["x-amazon-apigateway-gateway-responses"] = refusals.into();
    document
}

fn document(routes: &[Route], operation: impl Fn(&Route) -> Value) -> Value {
    let mut paths = Map::new();
    let mut schemas = Map::new();
    schemas.insert(
        ERROR.to_owned(),
        json!({ "type": "object", "properties": { "message": { "type": "string" } } }),
    );
    for route in routes {
        paths.insert(
            route.path.clone(),
            json!({ route.method: operation(route) }),
        );
        for body in route.asked.iter().chain([&route.answered]) {
            schemas.insert(body.name.clone(), body.schema.clone());
        }
    }
    let signed = json!({
        "type": "apiKey", "name": "Authorization", "in": "header",
        "x-amazon-apigateway-authtype": "awsSigv4",
    });
    json!({
        "openapi": VERSION,
        "info": { "title": TITLE, "version": env!("CARGO_PKG_VERSION") },
        "paths": paths,
        "components": { "schemas": schemas, "securitySchemes": { SIGNED: signed } },
    })
}

/// What the bodies of an operation are, of the request and of the responses.
fn contents(operation: &mut Value) -> Vec<&mut Map<String, Value>> {
    let Value::Object(parts) = operation else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (name, part) in parts {
        match name.as_str() {
            "requestBody" => found.extend(part["content"][JSON].as_object_mut()),
            "responses" => {
                let each = part.as_object_mut().into_iter().flat_map(Map::values_mut);
                found.extend(each.filter_map(|one| one["content"][JSON].as_object_mut()));
            }
            _ => (),
        }
    }
    found
}
