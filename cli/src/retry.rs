//! `ffbatch retry`: submits jobs that have ended once more.

use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::exit::Exit;

use crate::accepted::{self, Accepted};
use crate::args::Retry;
use crate::client::Client;

/// Submits jobs once more and tells their new ids.
pub async fn run(config: Config, args: &Retry) -> anyhow::Result<Exit> {
    let client = Client::connect(config, args.asked.compute.as_deref())?;
    let mut again = Vec::new();
    for job in client.find(&args.jobs).await? {
        match client.compute.resubmit(&job.id).await {
            Ok(id) => again.push(Accepted {
                id,
                name: job.name,
                compute: client.name.clone(),
                children: None,
            }),
            Err(error) => {
                return Err(accepted::before(&again, error.into(), args.asked.json));
            }
        }
    }
    accepted::print(&again, args.asked.json);
    Ok(Exit::Succeeded)
}
