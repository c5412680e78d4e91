//! The clients of S3: made when the first request needs them, one for each Region.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_config::Region;
use aws_sdk_s3::Client;
use ffbatch_dispatcher::location::Location;
use reqwest::Url;
use tokio::sync::OnceCell;

use super::reach::Reach;
use super::settings::S3Settings;
use crate::account::{self, limits, variable};
use crate::{Kind, StoreError};

/// How long an answer may take that S3 gives only after it has stored something.
const STORE_LIMIT: Duration = Duration::from_mins(1);

/// The slowest upload that is waited for, in bytes per second.
const SLOWEST: u64 = 32 << 10;

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

async fn load(settings: &S3Settings, at: &Location) -> Result<Home, StoreError> {
    let endpoint = endpoint(settings);
    let region = settings.region.clone();
    let config = account::load(
        region,
        settings.profile.as_deref(),
        settings.keys.as_ref(),
        endpoint.as_deref(),
    )
    .await;
    let endpoint = endpoint.or_else(|| config.endpoint_url().map(str::to_owned));
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

/// The endpoint that the settings or the environment name. The profile's is known only after it is read.
fn endpoint(settings: &S3Settings) -> Option<String> {
    settings
        .endpoint
        .clone()
        .or_else(|| variable("AWS_ENDPOINT_URL_S3"))
        .or_else(|| variable("AWS_ENDPOINT_URL"))
}
