//! Delivering a job: `SubmitJob` at the pace of the account, and never twice by our own doing.
//!
//! `SubmitJob` has no client token, so a request whose answer was lost may have been accepted. The SDK's own retries are off for it;
//! after an answer that was lost we look for a job that carries this submission's id before we ask again, and the worker's claim of
//! that id is the last guard where a job shows up later than we look. Where we cannot look we do not ask again, and say so.

use std::time::Duration;

use aws_sdk_batch::config::retry::RetryConfig;
use aws_sdk_batch::operation::submit_job::builders::SubmitJobFluentBuilder;
use aws_sdk_batch::types::ContainerDetail;
use ffbatch_dispatcher::compute::{ComputeError, Request};
use ffbatch_dispatcher::settings::Settings;
use ffbatch_dispatcher::variable::SUBMISSION;

use super::client::Client;
use super::{ask, form, list, pinned};
use ffbatch_storage::{Failure, Left};

/// How long to wait before asking again where there were too many calls.
const PAUSES: [Duration; 7] = [
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(16),
];

/// When to look for a job whose answer was lost: a new job takes a moment to be listed.
const LOOKS: [Duration; 3] = [
    Duration::from_millis(500),
    Duration::from_secs(2),
    Duration::from_secs(4),
];

/// How long all those looks may take.
const LOOK_LIMIT: Duration = Duration::from_secs(30);

/// How often a submission is sent again of which nothing was found.
const AGAIN: usize = 2;

/// A job of which no id came back.
#[derive(Debug)]
pub struct Undelivered {
    /// Why.
    pub error: ComputeError,
    /// Whether it is certain that there is no such job.
    pub refused: bool,
}

impl Undelivered {
    /// A job that was not even sent, or was refused.
    pub const fn refused(error: ComputeError) -> Self {
        Self {
            error,
            refused: true,
        }
    }

    const fn in_doubt(error: ComputeError) -> Self {
        Self {
            error,
            refused: false,
        }
    }
}

/// Sends it until it is accepted or refused.
pub async fn deliver(
    client: &Client,
    settings: &Settings,
    request: &Request,
    call: SubmitJobFluentBuilder,
) -> Result<String, Undelivered> {
    let once = aws_sdk_batch::config::Builder::new().retry_config(RetryConfig::disabled());
    let mut pauses = PAUSES.into_iter();
    let mut again = AGAIN;
    loop {
        client.pace.wait().await;
        let sent = call
            .clone()
            .customize()
            .config_override(once.clone())
            .send()
            .await;
        let error = match sent {
            Ok(answer) => return Ok(answer.job_id().unwrap_or_default().to_owned()),
            Err(error) => error,
        };
        let refused = client.refused("the job cannot be submitted", &error);
        match Failure::of(&error).left {
            Left::Refused => return Err(Undelivered::refused(refused)),
            Left::Busy => match pauses.next() {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(Undelivered::refused(refused)),
            },
            Left::Unknown => {
                tracing::debug!(error = %refused, "nobody knows whether the job was accepted");
                let looked = tokio::time::timeout(LOOK_LIMIT, look(client, settings, request));
                match looked.await {
                    Ok(Some(Found::Job(id))) => return Ok(id),
                    Ok(Some(Found::Nothing)) if again > 0 => again -= 1,
                    Ok(Some(Found::Nothing)) => return Err(Undelivered::in_doubt(refused)),
                    Ok(None) | Err(_) => {
                        return Err(Undelivered::in_doubt(in_doubt(refused, settings, request)));
                    }
                }
            }
        }
    }
}

/// The error of a job of which nobody knows whether it was accepted.
fn in_doubt(mut error: ComputeError, settings: &Settings, request: &Request) -> ComputeError {
    error.message = format!(
        "{}; whether it was accepted all the same is not known (look before you submit it again: `ffbatch list --compute {} --name {}`)",
        error.message,
        settings.compute,
        form::job_name(request)
    );
    error.retry = false;
    error
}

/// What a look for a job has shown.
enum Found {
    /// It is there.
    Job(String),
    /// It is not there.
    Nothing,
}

/// Looks for a job of this submission; `None` where it could not be looked for at the end.
async fn look(client: &Client, settings: &Settings, request: &Request) -> Option<Found> {
    let mut found = None;
    for pause in LOOKS {
        tokio::time::sleep(pause).await;
        found = once(client, settings, request).await;
        if let Some(Found::Job(_)) = found {
            break;
        }
    }
    found
}

async fn once(client: &Client, settings: &Settings, request: &Request) -> Option<Found> {
    let queue = pinned::queue(&settings.family, &request.terms);
    let listed = list::newest_named(client, &queue, &form::job_name(request)).await;
    let ids: Vec<String> = listed.ok()?.into_iter().map(|job| job.id).collect();
    let known = ask::known(client, &ids).await.ok()?;
    let ours = known.into_iter().find(|(_, job)| {
        let variables = job.container().map(ContainerDetail::environment);
        variables
            .unwrap_or_default()
            .iter()
            .any(|one| one.name() == Some(SUBMISSION) && one.value() == Some(request.id.as_str()))
    });
    Some(ours.map_or(Found::Nothing, |(id, _)| Found::Job(id)))
}
