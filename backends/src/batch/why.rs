//! Why a job waits or ended as it did: what AWS Batch says of the job, its queue and its environments, in sentences with a fix.

use aws_sdk_batch::types::JobDetail as Found;
use ffbatch_dispatcher::compute::ComputeError;
use ffbatch_dispatcher::detail::JobDetail;
use ffbatch_dispatcher::state::State;

use super::client::Client;
use super::settings::Settings;

/// Explains a job.
#[expect(clippy::unused_async, reason = "stub")]
pub async fn explain(
    _client: &Client,
    _settings: &Settings,
    found: &Found,
    detail: &JobDetail,
) -> Result<Vec<String>, ComputeError> {
    let mut why = Vec::new();
    if let (State::Failed, Some(reason)) = (detail.summary.state, found.status_reason()) {
        why.push(reason.to_owned());
    }
    Ok(why)
}
