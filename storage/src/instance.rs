//! Which instance of Amazon EC2 this is, as its metadata service says (Amazon EC2 User Guide, "Instance metadata categories").
//!
//! It stands here for the same reason as [`parameter()`](crate::parameter()): credentials come from the same service, by the same client.
//! Only version 2 is spoken, which gives a token first: version 1 can be had by whoever makes a program fetch a URL.

use std::time::Duration;

use aws_config::imds::client::{Client, error::ImdsError};
use aws_config::provider_config::ProviderConfig;
use aws_smithy_http_client::Builder;

use crate::account::{imds, variable};
use crate::error::root;

/// How long it may take in all.
const LIMIT: Duration = Duration::from_secs(2);

/// The longest value that is taken for one, in bytes.
const LONGEST: usize = 64;

/// An instance of Amazon EC2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Its type, such as `c7g.4xlarge`.
    pub kind: String,
    /// Where it is, such as `eu-west-1a`.
    pub availability_zone: Option<String>,
    /// How it is paid: `on-demand`, `spot`, `scheduled` or `capacity-block`.
    pub life_cycle: Option<String>,
}

/// The instance cannot be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the instance metadata service does not tell the instance's type: {0}")]
pub struct InstanceError(String);

/// The instance that this process runs on; `None` where the environment says that nobody shall ask (`AWS_EC2_METADATA_DISABLED`).
///
/// The service is where every AWS SDK finds it (`AWS_EC2_METADATA_SERVICE_ENDPOINT`). Away from EC2 nobody answers, within two seconds.
pub async fn instance() -> Result<Option<Instance>, InstanceError> {
    let disabled = variable("AWS_EC2_METADATA_DISABLED");
    if disabled.is_some_and(|disabled| disabled.eq_ignore_ascii_case("true")) {
        return Ok(None);
    }
    let late = || {
        InstanceError(format!(
            "there was no answer within {} s (on EC2 raise the hop limit of the instance's metadata to 2)",
            LIMIT.as_secs()
        ))
    };
    let read = tokio::time::timeout(LIMIT, read()).await;
    read.unwrap_or_else(|_| Err(late())).map(Some)
}

async fn read() -> Result<Instance, InstanceError> {
    let provider = ProviderConfig::without_region().with_http_client(Builder::new().build_http());
    let client = imds(&provider);
    // The first question brings the token; the others have it already.
    let kind = ask(&client, "instance-type")
        .await
        .map_err(|error| refused(&error))?;
    let kind = kind.ok_or_else(|| {
        let why = "its answer is no type (check AWS_EC2_METADATA_SERVICE_ENDPOINT)";
        InstanceError(why.to_owned())
    })?;
    let (zone, cycle) = tokio::join!(
        ask(&client, "placement/availability-zone"),
        ask(&client, "instance-life-cycle")
    );
    // Nobody misses these two: a service that plays EC2's may not have them.
    Ok(Instance {
        kind,
        availability_zone: zone.ok().flatten(),
        life_cycle: cycle.ok().flatten(),
    })
}

/// A value; `None` where the answer looks like none.
async fn ask(client: &Client, category: &str) -> Result<Option<String>, ImdsError> {
    let said = client.get(format!("/latest/meta-data/{category}")).await?;
    let said = said.as_ref().trim();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-';
    let is_value = !said.is_empty() && said.len() <= LONGEST && said.bytes().all(plain);
    Ok(is_value.then(|| said.to_owned()))
}

fn refused(error: &ImdsError) -> InstanceError {
    InstanceError(match error {
        ImdsError::ErrorResponse(answer) => {
            format!("it answers {}", answer.response().status().as_u16())
        }
        ImdsError::FailedToLoadToken(token) => match root(error) {
            // A container with a network of its own is one hop further away.
            why if token.is_dispatch_failure() || why.contains("timed out") => {
                format!("{why} (on EC2 raise the hop limit of the instance's metadata to 2)")
            }
            why => format!("it gives no token: {why} (is it one of version 2?)"),
        },
        error => root(error),
    })
}
