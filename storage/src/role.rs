//! Whether an account has a role. IAM speaks a protocol of its own, answers in XML, and knows no Regions.

use aws_config::SdkConfig;

use crate::call::{ANY_REGION, CallError, LIMIT, Service};
use crate::query::query;

/// AWS Identity and Access Management (its API Reference, `GetRole`, "Examples").
pub(crate) const IAM: Service = Service {
    name: "AWS IAM",
    id: "iam",
    host: "iam",
    target: "",
    variable: "AWS_ENDPOINT_URL_IAM",
};

/// The version of its API.
const VERSION: &str = "2010-05-08";

/// Whether AWS IAM has a role of this name, within 5 s.
pub async fn has_role(config: &SdkConfig, name: &str) -> Result<bool, CallError> {
    let asked = [("RoleName".to_owned(), name.to_owned())];
    match query(config, IAM, VERSION, "GetRole", &asked, LIMIT).await {
        Ok(_) => Ok(true),
        Err(error) if error.kind == "NoSuchEntity" => Ok(false),
        Err(error) => Err(error),
    }
}

/// The Region in which a partition keeps what is the same in all of its Regions.
pub(crate) fn home(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "cn-north-1"
    } else if region.starts_with("us-gov-") {
        "us-gov-west-1"
    } else {
        ANY_REGION
    }
}

/// Its endpoint for whoever is in a Region (AWS General Reference, "AWS Identity and Access Management endpoints and quotas").
pub(crate) fn endpoint(region: &str) -> String {
    let host = match home(region) {
        "cn-north-1" => "iam.cn-north-1.amazonaws.com.cn",
        "us-gov-west-1" => "iam.us-gov.amazonaws.com",
        _ => "iam.amazonaws.com",
    };
    format!("https://{host}/")
}
