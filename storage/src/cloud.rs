//! The configuration of the AWS SDK for programs that reach more of AWS than files.

use std::time::Duration;

use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::retry::RetryConfig;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use ffbatch_dispatcher::config::Aws;

use crate::S3Settings;
use crate::account::{ATTEMPTS, Known, chain, https, imds, limits, regions, variable};

/// How long an answer may take in all.
const ANSWER_LIMIT: Duration = Duration::from_secs(20);

/// Loads what the configuration does not say from the environment and the profile. The Region may be missing in what it returns.
///
/// Requests are tried five times: whoever must not ask twice has to switch that off.
pub async fn cloud(aws: &Aws) -> SdkConfig {
    let http = https();
    let profile = aws.profile.as_deref();
    let region = regions(aws.region.clone(), profile).region().await;
    let provider = ProviderConfig::without_region().with_http_client(http.clone());
    let imds = imds(&provider);
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .timeout_config(limits(ANSWER_LIMIT))
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .credentials_provider(chain(provider, imds, region.clone(), profile).await)
        .region(Known(region));
    if let Some(name) = profile {
        loader = loader.profile_name(name);
    }
    if let Some(endpoint) = aws
        .endpoint_url
        .clone()
        .or_else(|| variable("AWS_ENDPOINT_URL"))
    {
        loader = loader.endpoint_url(endpoint);
    }
    without_blanks(&loader.load().await)
}

/// The same configuration without empty endpoints, at which the SDK would panic: an empty variable is not set.
fn without_blanks(config: &SdkConfig) -> SdkConfig {
    let endpoint = config.endpoint_url().filter(|url| !url.is_empty());
    let mut filled = config.to_builder();
    filled.set_endpoint_url(endpoint.map(str::to_owned));
    filled.service_config(Filled(config.clone())).build()
}

/// What environment and profile say of a service, where they say something.
#[derive(Debug)]
struct Filled(SdkConfig);

impl LoadServiceConfig for Filled {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let value = self.0.service_config()?.load_config(key);
        value.filter(|value| !value.is_empty())
    }
}

/// The Region, found as every AWS tool finds it.
pub async fn region(aws: &Aws) -> Option<String> {
    let known = regions(aws.region.clone(), aws.profile.as_deref());
    known.region().await.map(|region| region.to_string())
}

/// The same configuration for another Region.
pub fn in_region(config: &SdkConfig, region: &str) -> SdkConfig {
    let region = Region::new(region.to_owned());
    config.to_builder().region(region).build()
}

/// The settings by which the stores of this process reach S3 as that configuration does.
pub fn s3_settings(aws: &Aws, config: &SdkConfig) -> S3Settings {
    S3Settings {
        endpoint: config.endpoint_url().map(str::to_owned),
        region: config.region().map(ToString::to_string),
        profile: aws.profile.clone(),
        ..S3Settings::default()
    }
}
