//! One route: what is asked, what is sent to the service behind, and what comes back.

use serde_json::{Map, Value, json};

use super::vtl;
use crate::template::sub;

/// What every body is.
pub const JSON: &str = "application/json";

/// The name of the only way in, in the document.
pub const SIGNED: &str = "sigv4";

/// The name of the validator that looks at bodies, in the document.
pub const CHECKED: &str = "bodies";

/// The schema of errors.
pub const ERROR: &str = "Error";

/// What a job and a request are called in examples.
pub const JOB_ID: &str = "6f1c1a52-8c8e-4d0c-9f0e-0b8f3c1d2e4a";
pub const REQUEST_ID: &str = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef";

/// Where an error of the service behind has its sentence.
const SENTENCES: [&str; 2] = ["message", "Message"];

/// What is said where it has none.
const UNSAID: &str = r#"'"the service behind refused the request, and did not say why"'"#;

/// What a route may answer instead: every one, one that takes a body, one whose body names something.
const ERRORS: [(&str, &str); 4] = [
    (
        "400",
        "The request is wrong, or the service behind refused it",
    ),
    (
        "403",
        "The request is not signed, or whoever signed it may not do this",
    ),
    ("429", "Too many requests: try again"),
    ("502", "The service behind failed: try again"),
];
const NOT_JSON: (&str, &str) = ("415", "The body is not said to be JSON");
const MISSING: (&str, &str) = ("404", "There is none");

/// An operation of the API.
pub struct Route {
    /// In small letters, as OpenAPI has it.
    pub method: &'static str,
    pub path: String,
    pub summary: String,
    /// What is asked; a route without a body has none.
    pub asked: Option<Body>,
    pub answered: Body,
    pub service: Service,
    /// The template of what is sent: a text, or a function of CloudFormation that makes one.
    pub request: Value,
    /// The template of what comes back.
    pub response: String,
    /// Whether what is asked for may not be there.
    pub may_miss: bool,
}

/// What API Gateway calls.
pub enum Service {
    /// AWS Batch, by the path of an operation.
    Batch(&'static str),
    /// Step Functions, by the name of an operation.
    States(&'static str),
}

/// What a body is.
pub struct Body {
    /// The name of its schema: letters and digits, which is all that API Gateway takes.
    pub name: String,
    pub schema: Value,
    pub example: Value,
}

impl Route {
    /// The operation as people read it.
    pub fn operation(&self) -> Value {
        let mut operation = json!({
            "summary": self.summary,
            "security": [{ SIGNED: [] }],
            "responses": self.responses(),
        });
        if let Some(asked) = &self.asked {
            operation["requestBody"] = json!({ "required": true, "content": asked.content() });
        }
        operation
    }

    fn responses(&self) -> Value {
        let mut all = Map::new();
        let done = json!({ "description": "Done", "content": self.answered.content() });
        all.insert("200".to_owned(), done);
        let error = json!({ JSON: { "schema": reference(ERROR) } });
        let body = self.asked.as_ref().map(|_| NOT_JSON);
        let missing = self.may_miss.then_some(MISSING);
        for (status, description) in ERRORS.into_iter().chain(body).chain(missing) {
            let response = json!({ "description": description, "content": error });
            all.insert(status.to_owned(), response);
        }
        all.into()
    }

    /// What API Gateway does, by a role that it takes on.
    pub fn integration(&self, role: &Value) -> Value {
        let (service, content) = match self.service {
            Service::Batch(path) => (format!("batch:path/{path}"), JSON),
            // The protocol of Step Functions has a type of its own ("AWS JSON 1.0 protocol" in the Smithy documentation).
            Service::States(action) => (
                format!("states:action/{action}"),
                "application/x-amz-json-1.0",
            ),
        };
        let uri = format!("arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}:{service}");
        let response = |status: &str, template: &str| json!({ "statusCode": status, "responseTemplates": { JSON: template } });
        let error = error_template();
        json!({
            "type": "aws",
            "httpMethod": "POST",
            "uri": sub(&uri),
            "credentials": role,
            // Only what the validator looks at is sent on: bodies of another type are refused with 415.
            "passthroughBehavior": "never",
            "requestParameters": { "integration.request.header.Content-Type": format!("'{content}'") },
            "requestTemplates": { JSON: self.request },
            "responses": {
                "default": response("200", &self.response),
                "429": response("429", &error),
                r"4([013-9]\d|2[0-8])": response("400", &error),
                r"5\d{2}": response("502", &error),
            },
        })
    }
}

impl Body {
    fn content(&self) -> Value {
        json!({ JSON: { "schema": reference(&self.name), "example": self.example } })
    }
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// What is made of an error of the service behind. An execution that is not there is a 400 to Step Functions.
fn error_template() -> String {
    format!(
        r#"{}{}#if({}.contains("ExecutionDoesNotExist")){}#end{{"message":$value}}"#,
        vtl::find(&SENTENCES),
        vtl::or(UNSAID),
        vtl::json("__type"),
        vtl::status(404),
    )
}
