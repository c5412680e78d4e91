//! What the worker is asked to do, and whether whoever asks speaks its language.

use ffbatch_dispatcher::event::{PROTOCOL, PROTOCOL_VARIABLE};
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::job::{Job, Parameters};
use ffbatch_dispatcher::location::Location;
use ffbatch_storage::Stores;

use crate::environment::variable;
use crate::failure::Failure;

/// The largest job document that is read from a URL, in bytes.
const JOB_LIMIT: u64 = 4 << 20;

/// The job: from the parameters of a command, from JSON, or from the URL of one.
pub async fn job(parameters: &Parameters, stores: &Stores) -> Result<Job, Failure> {
    if let Some(job) = parameters.command_job()? {
        return Ok(job);
    }
    let text = parameters.job().unwrap_or_default();
    if text.trim_start().starts_with('{') {
        return Ok(Job::from_json(text)?);
    }
    let at: Location = text
        .parse()
        .map_err(|error| Failure::because(Exit::Rejected, &error))?;
    let read = match stores.of(&at) {
        Ok(store) => store.read(&at, JOB_LIMIT).await,
        Err(error) => Err(error),
    };
    let bytes = read.map_err(|error| Failure::store(Exit::Input, &error))?;
    let text = String::from_utf8(bytes).map_err(|_| {
        Failure::new(
            Exit::Rejected,
            format!("`{at}` is not a job: it is not UTF-8 text"),
        )
    })?;
    Ok(Job::from_json(&text)?)
}

/// Refuses a follower of another protocol.
pub fn protocol() -> Result<(), Failure> {
    match variable(PROTOCOL_VARIABLE) {
        Some(spoken) if spoken != PROTOCOL.to_string() => Err(Failure::new(
            Exit::Rejected,
            format!(
                "whoever started this worker speaks protocol {spoken}, the worker {PROTOCOL} (install the same version of both)"
            ),
        )),
        _ => Ok(()),
    }
}
