//! What the stages that start ffmpeg work on.

use std::path::Path;

use ffbatch_dispatcher::job::Job;
use ffbatch_dispatcher::metric::{Metric, Model};
use ffbatch_media::workplace::Workplace;
use tokio_util::sync::CancellationToken;

use crate::check::Plan;

/// A job that is ready to run.
#[derive(Debug, Clone, Copy)]
pub struct Task<'a> {
    /// The job's plan.
    pub plan: &'a Plan,
    /// The job.
    pub job: &'a Job,
    /// The metrics to measure; none where nothing is to be measured.
    pub metrics: &'a [&'static Metric],
    /// The model for those that have models, as it was typed.
    pub model: Option<&'a Model>,
    /// Cancel it to stop.
    pub stop: &'a CancellationToken,
}

impl Task<'_> {
    /// Where the job's results are measured, with this directory for what is written.
    pub fn workplace(self, room: &Path) -> Workplace {
        Workplace {
            ffmpeg: self.plan.ffmpeg.clone(),
            launcher: self.plan.launcher.clone(),
            room: room.to_owned(),
            require_confinement: self.job.require_confinement,
            stop: self.stop.clone(),
        }
    }
}
