//! `ffbatch wait`: one job as `ffbatch run` shows it, or many by their number.

use anyhow::Context;
use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::detail::JobSummary;
use ffbatch_dispatcher::exit::Exit;

use crate::args::Wait;
use crate::client::Client;
use crate::speak;

use bring::bring;

mod bar;
mod bring;
mod crowd;
mod json;
mod leave;
mod many;
mod one;

/// How to wait.
#[derive(Debug, Clone, Copy)]
pub struct Way {
    /// Whether a program reads the answer.
    pub json: bool,
    /// How much is shown: from 1 on every job that ended, and ffmpeg's log of a single one.
    pub verbose: u8,
    /// Whether one job is meant, whose exit code is the answer.
    pub one: bool,
}

/// Jobs of one compute that are waited for.
pub struct Group {
    /// The compute.
    pub client: Client,
    /// The jobs, as they are at the beginning.
    pub jobs: Vec<JobSummary>,
}

/// Waits for the jobs that were named.
pub async fn run(config: Config, args: &Wait, verbose: u8) -> anyhow::Result<Exit> {
    let client = Client::connect(config, args.asked.compute.as_deref())?;
    let found = if args.all {
        client.open().await?
    } else {
        client.find(&args.jobs).await?
    };
    if found.is_empty() && !args.asked.json {
        speak::err("note: every job has ended already");
        return Ok(Exit::Succeeded);
    }
    let way = Way {
        json: args.asked.json,
        verbose,
        one: !args.all && found.len() == 1,
    };
    let jobs = found;
    follow(&[Group { client, jobs }], way).await
}

/// Waits for these jobs and tells how they ended.
pub async fn follow(groups: &[Group], way: Way) -> anyhow::Result<Exit> {
    if let [group] = groups
        && let [job] = &group.jobs[..]
        && way.one
        && !way.json
        && job.array.is_none()
    {
        let directory = std::env::current_dir().context("the current directory is gone")?;
        return one::follow(&group.client, &job.id, &directory, way.verbose).await;
    }
    many::follow(groups, way).await
}
