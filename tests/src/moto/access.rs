//! A server that asks who comes: keys that it does not know, wrong secrets, and users who may do nothing.
//!
//! moto enforces access after a number of free actions. They are spent on a bucket, an object, a user and the user's keys.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::Moto;

/// A bucket, an object, a user, keys: then the gate closes.
const FREE_ACTIONS: &str = "4";

/// The keys of a user who may do nothing.
#[derive(Debug, Clone)]
pub struct Keys {
    /// The access key's id.
    pub id: String,
    /// The secret.
    pub secret: String,
}

impl Moto {
    /// Starts a server that holds one object and from then on lets nobody in but by its rules.
    #[track_caller]
    pub fn guarded(bucket: &str, key: &str, bytes: impl Into<Vec<u8>>) -> (Self, Keys) {
        let moto = Self::start_in(&[("INITIAL_NO_AUTH_ACTION_COUNT", FREE_ACTIONS)]);
        moto.create(bucket);
        moto.put(bucket, key, bytes);
        moto.iam("CreateUser");
        let answer = moto.iam("CreateAccessKey");
        let keys = Keys {
            id: element(&answer, "AccessKeyId"),
            secret: element(&answer, "SecretAccessKey"),
        };
        (moto, keys)
    }

    /// One call of the IAM query API for the user `nobody`.
    #[track_caller]
    fn iam(&self, action: &str) -> String {
        let body = format!("Action={action}&UserName=nobody&Version=2010-05-08");
        self.call(
            "iam",
            "Content-Type: application/x-www-form-urlencoded",
            &body,
        )
    }

    /// Gives a parameter of Systems Manager a value.
    #[track_caller]
    pub fn set_parameter(&self, name: &str, value: &str) {
        let headers =
            "Content-Type: application/x-amz-json-1.1\r\nX-Amz-Target: AmazonSSM.PutParameter";
        let body = serde_json::json!({ "Name": name, "Value": value, "Type": "String" });
        self.call("ssm", headers, &body.to_string());
    }

    /// One call of an API that no SDK is linked for.
    #[track_caller]
    fn call(&self, service: &str, headers: &str, body: &str) -> String {
        // The credential's scope says which service is meant; while actions are free nobody looks at the signature.
        let request = format!(
            "POST / HTTP/1.0\r\nAuthorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{service}/aws4_request, \
             SignedHeaders=host, Signature=none\r\n{headers}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let address = self.endpoint.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).expect("the server listens");
        stream
            .write_all(request.as_bytes())
            .expect("the server reads");
        let mut answer = String::new();
        stream
            .read_to_string(&mut answer)
            .expect("the server answers in UTF-8");
        assert!(answer.contains(" 200 "), "`{body}` failed: {answer}");
        answer
    }
}

#[track_caller]
fn element(answer: &str, name: &str) -> String {
    let inside = answer
        .split_once(&format!("<{name}>"))
        .and_then(|(_, rest)| rest.split_once(&format!("</{name}>")));
    inside.map_or_else(
        || panic!("there is no {name} in {answer}"),
        |(value, _)| value.to_owned(),
    )
}
