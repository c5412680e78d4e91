//! Credentials, Region and clients: loaded when the first request needs them, one client for each Region.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::imds::{self, region::ImdsRegionProvider};
use aws_config::meta::region::{ProvideRegion, RegionProviderChain};
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{Credentials, SharedHttpClient, StalledStreamProtectionConfig};
use aws_smithy_http_client::{Builder, tls};
use ffbatch_dispatcher::location::Location;
use reqwest::Url;
use tokio::sync::OnceCell;

use super::reach::Reach;
use super::settings::S3Settings;
use crate::{Kind, StoreError};

/// How long a connection may take: the first packet and two repetitions (after 1 s and 3 s, RFC 6298).
const CONNECT_LIMIT: Duration = Duration::from_millis(3200);

/// How long an answer may take to begin. S3 answers within a second (Amazon S3 User Guide, "Performance guidelines").
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// How long an answer may take that S3 gives only after it has stored something.
const STORE_LIMIT: Duration = Duration::from_mins(1);

/// The slowest upload that is waited for, in bytes per second.
const SLOWEST: u64 = 32 << 10;

/// How long a stream of data may stand still.
const STALL_LIMIT: Duration = Duration::from_secs(15);

/// How often a request is tried in all.
const ATTEMPTS: u32 = 5;

/// How long the instance metadata service may take. It is on the same machine, or not there at all.
const IMDS_LIMIT: Duration = Duration::from_millis(500);

/// The clients of a store.
#[derive(Debug)]
pub(super) struct Session {
    settings: S3Settings,
    home: OnceCell<Home>,
    /// Regions of buckets that are elsewhere.
    elsewhere: Mutex<HashMap<String, (String, Client)>>,
}

/// The client of the Region that is configured.
#[derive(Debug)]
struct Home {
    client: Client,
    region: String,
    endpoint: Option<String>,
}

impl Session {
    pub(super) fn new(settings: S3Settings) -> Self {
        Self {
            settings,
            home: OnceCell::new(),
            elsewhere: Mutex::default(),
        }
    }

    /// The client for a bucket.
    pub(super) async fn client(&self, at: &Location, bucket: &str) -> Result<Client, StoreError> {
        let home = self
            .home
            .get_or_try_init(|| load(&self.settings, at))
            .await?;
        let elsewhere = self
            .elsewhere
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Ok(elsewhere
            .get(bucket)
            .map_or(&home.client, |(_, client)| client)
            .clone())
    }

    /// A client in the Region in which a bucket turned out to be; `None` when it is there that was asked.
    pub(super) fn follow(&self, bucket: &str, region: &str) -> Option<Client> {
        let home = self.home.get()?;
        let mut elsewhere = self
            .elsewhere
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let asked = elsewhere
            .get(bucket)
            .map_or(&home.region, |(region, _)| region);
        if asked == region {
            return None;
        }
        tracing::debug!(bucket, region, "the bucket is in another Region");
        let config = home
            .client
            .config()
            .to_builder()
            .region(Region::new(region.to_owned()))
            .build();
        let client = Client::from_conf(config);
        elsewhere.insert(bucket.to_owned(), (region.to_owned(), client.clone()));
        Some(client)
    }

    /// What is asked, for messages.
    pub(super) fn endpoint(&self) -> String {
        match self.home.get() {
            Some(Home {
                endpoint: Some(endpoint),
                ..
            }) => format!("the S3 endpoint `{endpoint}`"),
            Some(Home { region, .. }) => format!("Amazon S3 in `{region}`"),
            None => "Amazon S3".to_owned(),
        }
    }
}

/// The limits of a request that carries `bytes` of data.
pub(super) fn sending(bytes: u64) -> aws_sdk_s3::config::Builder {
    let limit = STORE_LIMIT + Duration::from_secs(bytes / SLOWEST);
    aws_sdk_s3::config::Builder::new().timeout_config(limits(limit))
}

fn limits(attempt: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_LIMIT)
        .operation_attempt_timeout(attempt)
        .build()
}

async fn load(settings: &S3Settings, at: &Location) -> Result<Home, StoreError> {
    let http = Builder::new()
        .tls_provider(tls::Provider::Rustls(
            tls::rustls_provider::CryptoMode::Ring,
        ))
        .build_https();
    let config = config(settings, &http).await;
    let endpoint = endpoint(settings).or_else(|| config.endpoint_url().map(str::to_owned));
    let Some(region) = config
        .region()
        .map(ToString::to_string)
        // Other stores take any Region; AWS needs the right one.
        .or_else(|| endpoint.as_ref().map(|_| "us-east-1".to_owned()))
    else {
        return Err(StoreError::general(
            Kind::Invalid,
            at,
            "no AWS Region is known (set AWS_REGION, or `region` in ~/.aws/config)",
        ));
    };
    if let Some(endpoint) = &endpoint
        && !Url::parse(endpoint).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
    {
        return Err(StoreError::general(
            Kind::Invalid,
            at,
            format!(
                "the S3 endpoint `{endpoint}` is no URL (write AWS_ENDPOINT_URL=https://HOST:PORT)"
            ),
        ));
    }
    let mut builder = aws_sdk_s3::config::Builder::from(&config)
        .region(Region::new(region.clone()))
        .force_path_style(endpoint.is_some())
        .retry_classifier(Reach::default());
    if let Some(endpoint) = &endpoint {
        builder = builder.endpoint_url(endpoint);
    }
    Ok(Home {
        client: Client::from_conf(builder.build()),
        region,
        endpoint,
    })
}

async fn config(settings: &S3Settings, http: &SharedHttpClient) -> SdkConfig {
    let provider = ProviderConfig::without_region().with_http_client(http.clone());
    let imds = imds::Client::builder()
        .configure(&provider)
        .connect_timeout(IMDS_LIMIT)
        .read_timeout(IMDS_LIMIT * 2)
        .max_attempts(2)
        .build();
    let region = RegionProviderChain::first_try(settings.region.clone().map(Region::new))
        .or_else(EnvironmentVariableRegionProvider::new())
        .or_else(ProfileFileRegionProvider::new());
    // With an endpoint any Region does, and away from AWS the instance's would only be waited for.
    let region = if endpoint(settings).is_some() {
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
        .http_client(http.clone())
        .timeout_config(limits(ANSWER_LIMIT))
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .stalled_stream_protection(
            StalledStreamProtectionConfig::enabled()
                .grace_period(STALL_LIMIT)
                .build(),
        )
        .region(Known(region.clone()));
    if let Some(keys) = &settings.keys {
        let mut credentials = Credentials::builder()
            .access_key_id(&keys.access_key_id)
            .secret_access_key(&keys.secret_access_key)
            .provider_name("settings");
        credentials.set_session_token(keys.session_token.clone());
        loader = loader.credentials_provider(credentials.build());
    } else {
        let chain = DefaultCredentialsChain::builder()
            .configure(provider)
            .region(Known(region))
            .imds_client(imds)
            .build()
            .await;
        loader = loader.credentials_provider(chain);
    }
    loader.load().await
}

/// A Region that was looked for already.
#[derive(Debug)]
struct Known(Option<Region>);

impl ProvideRegion for Known {
    fn region(&self) -> aws_config::meta::region::future::ProvideRegion<'_> {
        aws_config::meta::region::future::ProvideRegion::ready(self.0.clone())
    }
}

/// The endpoint that the settings or the environment name. The profile's is known only after it is read.
fn endpoint(settings: &S3Settings) -> Option<String> {
    settings
        .endpoint
        .clone()
        .or_else(|| variable("AWS_ENDPOINT_URL_S3"))
        .or_else(|| variable("AWS_ENDPOINT_URL"))
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
