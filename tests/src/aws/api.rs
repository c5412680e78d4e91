//! The REST API of a stack that was deployed, called as its clients call it.

use serde_json::Value;

use super::Aws;
use crate::moto::Answer;
use crate::sandbox::Sandbox;

/// An API that was deployed.
#[derive(Debug)]
pub struct Api<'a> {
    aws: &'a Aws,
    id: String,
}

impl Aws {
    /// Deploys a stack with these flags and returns its API.
    #[track_caller]
    pub fn api(&self, sandbox: &Sandbox, flags: &str) -> Api<'_> {
        let up = sandbox.ffbatch(format!("deploy up --yes {flags}").split_whitespace());
        let lines = up.ok().stdout.lines();
        let mut id = lines.filter_map(|line| line.strip_prefix("ApiId"));
        let id = id.next().expect("an output").trim().to_owned();
        Api { aws: self, id }
    }
}

impl Api<'_> {
    /// Where it is on the double, without a slash at its end.
    pub fn url(&self) -> String {
        let [(_, endpoint), ..] = self.aws.environment();
        format!("{endpoint}{}", self.path(""))
    }

    fn path(&self, path: &str) -> String {
        format!("/execute-api/{}/prod{path}", self.id)
    }

    /// A signed request with a body; an empty one is a GET.
    #[track_caller]
    pub fn ask(&self, path: &str, body: &str) -> (u16, Value) {
        self.ask_as("execute-api", "application/json", path, body)
    }

    /// The same, with JSON.
    #[track_caller]
    pub fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.ask(path, &body.to_string())
    }

    /// A request that is signed for a service and says what its body is.
    #[track_caller]
    pub fn ask_as(&self, service: &str, kind: &str, path: &str, body: &str) -> (u16, Value) {
        let headers = format!("Content-Type: {kind}\r\n");
        let called = self
            .aws
            .moto
            .call(service, &self.path(path), &headers, body);
        let Answer { status, body } = called;
        let read = serde_json::from_str(&body);
        let answer = read.unwrap_or_else(|error| panic!("{status}, not JSON: {error}: {body}"));
        (status, answer)
    }
}
