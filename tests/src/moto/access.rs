//! A server that asks who comes: keys that it does not know, wrong secrets, and users who may do nothing.
//!
//! moto enforces access after a number of free actions. They are spent on a bucket, an object, a user and the user's keys.

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
            "/",
            "Content-Type: application/x-www-form-urlencoded\r\n",
            &body,
        )
        .ok()
    }

    /// Gives a parameter of Systems Manager a value.
    #[track_caller]
    pub fn set_parameter(&self, name: &str, value: &str) {
        let headers =
            "Content-Type: application/x-amz-json-1.1\r\nX-Amz-Target: AmazonSSM.PutParameter\r\n";
        let body = serde_json::json!({ "Name": name, "Value": value, "Type": "String" });
        self.call("ssm", "/", headers, &body.to_string()).ok();
    }

    /// Has Systems Manager answer a first call, whatever it says: the server loads each service when it is asked for, which may take
    /// longer than a job waits for one.
    #[track_caller]
    pub fn wake_systems_manager(&self) {
        let headers =
            "Content-Type: application/x-amz-json-1.1\r\nX-Amz-Target: AmazonSSM.GetParameter\r\n";
        self.call("ssm", "/", headers, r#"{"Name":"/none"}"#);
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
