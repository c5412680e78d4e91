//! Whose account it is.

use ffbatch_storage::{Failure, SdkConfig};

use super::{Finding, Verdict};

/// Asks AWS who is asking.
pub async fn caller(config: &SdkConfig) -> Finding {
    let region = config.region().map(ToString::to_string);
    let region = region.unwrap_or_default();
    let client = aws_sdk_sts::Client::new(config);
    match client.get_caller_identity().send().await {
        Ok(caller) => {
            let account = caller.account().unwrap_or_default();
            let arn = caller.arn().unwrap_or_default();
            let said = format!("`{account}` in {region}, as `{arn}`");
            Finding::new("account", Verdict::Good, said)
        }
        Err(error) => Finding::new("account", Verdict::Bad, Failure::of(&error).why),
    }
}
