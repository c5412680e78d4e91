//! The configuration of the AWS SDK for programs that reach more of AWS than files.

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::ProvideCredentials;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_smithy_http_client::{Builder, tls};
use ffbatch_dispatcher::config::Aws;

use crate::account::{Known, imds, limits, variable};
use crate::{Keys, S3Settings};

/// How long an answer may take in all, and how often a question is asked whose answer did not come.
const ANSWER_LIMIT: std::time::Duration = std::time::Duration::from_secs(20);

/// How often a request is tried in all.
const ATTEMPTS: u32 = 5;

/// Loads what the configuration does not say from the environment and the profile. The Region may be missing in what it returns.
///
/// Requests are tried five times: whoever must not ask twice has to switch that off.
pub async fn cloud(aws: &Aws) -> SdkConfig {
    let http = Builder::new()
        .tls_provider(tls::Provider::Rustls(
            tls::rustls_provider::CryptoMode::Ring,
        ))
        .build_https();
    let mut profile = ProfileFileRegionProvider::builder();
    if let Some(name) = &aws.profile {
        profile = profile.profile_name(name);
    }
    let region = RegionProviderChain::first_try(aws.region.clone().map(Region::new))
        .or_else(EnvironmentVariableRegionProvider::new())
        .or_else(profile.build());
    let region = region.region().await;
    let provider = ProviderConfig::without_region().with_http_client(http.clone());
    let mut chain = DefaultCredentialsChain::builder()
        .imds_client(imds(&provider))
        .configure(provider)
        .region(Known(region.clone()));
    if let Some(name) = &aws.profile {
        chain = chain.profile_name(name);
    }
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .timeout_config(limits(ANSWER_LIMIT))
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .credentials_provider(chain.build().await)
        .region(Known(region));
    if let Some(name) = &aws.profile {
        loader = loader.profile_name(name);
    }
    if let Some(endpoint) = aws
        .endpoint_url
        .clone()
        .or_else(|| variable("AWS_ENDPOINT_URL"))
    {
        loader = loader.endpoint_url(endpoint);
    }
    loader.load().await
}

/// The settings by which the stores of this process reach S3 as that configuration does. Keys of a profile that it names are taken
/// as they are now; where there are none, whoever asks S3 first says so.
pub async fn s3_settings(aws: &Aws, config: &SdkConfig) -> S3Settings {
    let mut settings = S3Settings {
        endpoint: config.endpoint_url().map(str::to_owned),
        region: config.region().map(ToString::to_string),
        ..S3Settings::default()
    };
    if aws.profile.is_some()
        && let Some(provider) = config.credentials_provider()
        && let Ok(found) = provider.provide_credentials().await
    {
        settings.keys = Some(Keys {
            access_key_id: found.access_key_id().to_owned(),
            secret_access_key: found.secret_access_key().to_owned(),
            session_token: found.session_token().map(str::to_owned),
        });
    }
    settings
}
