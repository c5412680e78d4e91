//! Credentials and Region, found where every AWS SDK finds them, within limits of our own.

use std::time::Duration;

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::imds::{self, region::ImdsRegionProvider};
use aws_config::meta::region::{ProvideRegion, RegionProviderChain, future};
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::SharedHttpClient;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{Credentials, StalledStreamProtectionConfig};
use aws_smithy_http_client::{Builder, tls};

use crate::Keys;

/// How long a connection may take: the first packet and two repetitions (after 1 s and 3 s, RFC 6298).
const CONNECT_LIMIT: Duration = Duration::from_millis(3200);

/// How long an answer may take to begin. S3 answers within a second (Amazon S3 User Guide, "Performance guidelines").
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// How long a stream of data may stand still.
const STALL_LIMIT: Duration = Duration::from_secs(15);

/// How often a request is tried in all.
pub(crate) const ATTEMPTS: u32 = 5;

/// How long the instance metadata service may take. It is on the same machine, or not there at all.
const IMDS_LIMIT: Duration = Duration::from_millis(500);

/// The limits of a request, which may take so long.
pub(crate) fn limits(attempt: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_LIMIT)
        .operation_attempt_timeout(attempt)
        .build()
}

/// Loads what is not given from the environment, the profile, and the machine. `endpoint` is the one that is known before the
/// profile is read.
pub(crate) async fn load(
    region: Option<String>,
    profile: Option<&str>,
    keys: Option<&Keys>,
    endpoint: Option<&str>,
) -> SdkConfig {
    let http = https();
    let provider = ProviderConfig::without_region().with_http_client(http.clone());
    let imds = imds(&provider);
    let region = regions(region, profile);
    // With an endpoint any Region does, and away from AWS the instance's would only be waited for.
    let region = if endpoint.is_some() {
        region
    } else {
        let instance = ImdsRegionProvider::builder()
            .configure(&provider)
            .imds_client(imds.clone())
            .build();
        region.or_else(instance)
    };
    let region = region.region().await;
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .timeout_config(limits(ANSWER_LIMIT))
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .stalled_stream_protection(
            StalledStreamProtectionConfig::enabled()
                .grace_period(STALL_LIMIT)
                .build(),
        )
        .region(Known(region.clone()));
    if let Some(keys) = keys {
        let mut credentials = Credentials::builder()
            .access_key_id(&keys.access_key_id)
            .secret_access_key(&keys.secret_access_key)
            .provider_name("settings");
        credentials.set_session_token(keys.session_token.clone());
        loader = loader.credentials_provider(credentials.build());
    } else {
        loader = loader.credentials_provider(chain(provider, imds, region, profile).await);
    }
    if let Some(name) = profile {
        loader = loader.profile_name(name);
    }
    loader.load().await
}

/// The client of all calls.
pub(crate) fn https() -> SharedHttpClient {
    Builder::new()
        .tls_provider(tls::Provider::Rustls(
            tls::rustls_provider::CryptoMode::Ring,
        ))
        .build_https()
}

/// Where a Region may be named: by whoever calls, by the environment, by the profile.
pub(crate) fn regions(region: Option<String>, profile: Option<&str>) -> RegionProviderChain {
    let mut named = ProfileFileRegionProvider::builder();
    if let Some(name) = profile {
        named = named.profile_name(name);
    }
    RegionProviderChain::first_try(region.map(Region::new))
        .or_else(EnvironmentVariableRegionProvider::new())
        .or_else(named.build())
}

/// Where every AWS SDK finds credentials.
pub(crate) async fn chain(
    provider: ProviderConfig,
    imds: imds::Client,
    region: Option<Region>,
    profile: Option<&str>,
) -> DefaultCredentialsChain {
    let mut chain = DefaultCredentialsChain::builder()
        .configure(provider)
        .region(Known(region))
        .imds_client(imds);
    if let Some(name) = profile {
        chain = chain.profile_name(name);
    }
    chain.build().await
}

/// A client of the instance metadata service.
pub(crate) fn imds(provider: &ProviderConfig) -> imds::Client {
    imds::Client::builder()
        .configure(provider)
        .connect_timeout(IMDS_LIMIT)
        .read_timeout(IMDS_LIMIT * 2)
        .max_attempts(2)
        .build()
}

/// A variable; an empty one is not set.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A Region that was looked for already.
#[derive(Debug)]
pub(crate) struct Known(pub(crate) Option<Region>);

impl ProvideRegion for Known {
    fn region(&self) -> future::ProvideRegion<'_> {
        future::ProvideRegion::ready(self.0.clone())
    }
}
