//! Whether this machine has the device that a job's family is for. Its job definition says which program tells.

use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::report::GpuReport;
use ffbatch_dispatcher::variable::PREFLIGHT;
use ffbatch_media::preflight::{Gpu, preflight};

use crate::environment::variable;
use crate::failure::Failure;

/// The devices that are there, where anybody asks; a machine without any cannot run the job.
pub async fn devices() -> Result<Vec<GpuReport>, Failure> {
    let Some(name) = variable(PREFLIGHT) else {
        return Ok(Vec::new());
    };
    let found = preflight(&name).await;
    let found = found.map_err(|error| Failure::because(Exit::Machine, &error))?;
    let reported = found
        .into_iter()
        .map(|Gpu { name, uuid }| GpuReport { name, uuid });
    Ok(reported.collect())
}
