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

/// The job: from the parameters of a command, from JSON, or from the URL of one. A name that is given beside it is its name.
pub async fn job(parameters: &Parameters, stores: &Stores) -> Result<Job, Failure> {
    if let Some(job) = parameters.command_job()? {
        return Ok(job);
    }
    let text = parameters.job().unwrap_or_default();
    let mut job = if text.trim_start().starts_with('{') {
        Job::from_json(text)?
    } else {
        Job::from_json(&read(text, stores).await?)?
    };
    if let Some(name) = parameters.name() {
        name.clone_into(&mut job.name);
    }
    Ok(job)
}

async fn read(url: &str, stores: &Stores) -> Result<String, Failure> {
    let at: Location = url
        .parse()
        .map_err(|error| Failure::because(Exit::Rejected, &error))?;
    let fail = |error| Failure::store(Exit::Input, &error);
    let store = stores.of(&at).map_err(fail)?;
    let bytes = store.read(&at, JOB_LIMIT).await.map_err(fail)?;
    String::from_utf8(bytes).map_err(|_| {
        Failure::new(
            Exit::Rejected,
            format!("`{at}` is not a job: it is not UTF-8 text"),
        )
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_job_that_is_named_from_outside_lost_its_name() {
        for (given, expected) in [(Some("clip"), "clip"), (Some("null"), "own"), (None, "own")] {
            let parameters = Parameters {
                job: Some(
                    r#"{"version":1,"name":"own","commands":[["-i","a","b.mp4"]]}"#.to_owned(),
                ),
                name: given.map(str::to_owned),
                ..Parameters::default()
            };
            let job = job(&parameters, &Stores::default()).await.expect("a job");
            assert_eq!(job.name, expected);
        }
    }
}
