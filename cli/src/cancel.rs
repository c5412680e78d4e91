//! `ffbatch cancel`: asks jobs to stop.

use anyhow::bail;
use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::detail::JobSummary;
use ffbatch_dispatcher::dispatch::DispatchError;
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::state::State;
use serde_json::{Value, json};

use crate::args::Cancel;
use crate::client::Client;
use crate::ids::Ids;
use crate::{jobs, speak, table, terminal};

/// What a job shows that was cancelled without a reason.
pub const REASON: &str = "cancelled with `ffbatch cancel`";

/// Asks jobs to stop and tells what they were.
pub async fn run(config: Config, args: &Cancel) -> anyhow::Result<Exit> {
    let client = Client::connect(config, args.asked.compute.as_deref())?;
    let found = if args.all {
        client.open().await?
    } else {
        client.find(&args.jobs).await?
    };
    if args.all && !found.is_empty() && !args.yes && !agreed(&found).await? {
        speak::err("nothing was cancelled");
        return Ok(Exit::Succeeded);
    }
    let open: Vec<String> = found
        .iter()
        .filter(|job| !job.state.is_ended())
        .map(|job| job.id.clone())
        .collect();
    if !open.is_empty() {
        let reason = args.reason.as_deref().unwrap_or(REASON);
        let asked = client.compute.cancel(&open, reason).await;
        asked.map_err(DispatchError::from)?;
    }
    if args.asked.json {
        speak::out(&format!("{:#}", object(&found)));
    } else if found.is_empty() {
        speak::err("note: every job has ended already");
    } else {
        speak::out(&drawn(&found));
    }
    Ok(Exit::Succeeded)
}

/// Whether somebody agrees that all these jobs stop.
async fn agreed(found: &[JobSummary]) -> anyhow::Result<bool> {
    if !terminal::can_ask() {
        bail!(
            "{} would be cancelled and nobody can be asked (give --yes)",
            jobs::several(found.len(), "job")
        );
    }
    let question = format!("cancel {}?", jobs::several(found.len(), "job"));
    Ok(terminal::agrees(&question).await)
}

fn object(found: &[JobSummary]) -> Value {
    let jobs: Vec<Value> = found
        .iter()
        .map(|job| {
            json!({ "id": job.id, "name": job.name, "was": job.state, "asked": !job.state.is_ended() })
        })
        .collect();
    let exit = Exit::Succeeded;
    json!({ "jobs": jobs, "exit": exit, "code": exit.code() })
}

/// One line a job: what it was, and what comes of it.
fn drawn(found: &[JobSummary]) -> String {
    let ids = Ids::of(found);
    let mut table = table::plain(&["ID", "NAME", "WAS", "NOW"], &[]);
    for job in found {
        let now = match job.state {
            State::Succeeded | State::Failed => "has ended already",
            State::Starting | State::Running => "was asked to stop",
            _ if job.array.is_some() => "its children were asked to stop",
            State::Runnable if job.attempt > 0 => "will not be tried again",
            _ => "will not start",
        };
        table.add_row([
            ids.short(&job.id),
            job.name.clone(),
            job.state.to_string(),
            now.to_owned(),
        ]);
    }
    table::drawn(&table)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::jobs::tests::some;

    #[test]
    fn what_comes_of_each_job() {
        assert_snapshot!(drawn(&some()), @r"
        ID        NAME                                               WAS        NOW
        3f2a91c0  encode-1                                           SUCCEEDED  has ended already
        77b1d2aa  a very long name of which nobody needs the middle  FAILED     has ended already
        90000000                                                     RUNNING    was asked to stop
        90000001                                                     RUNNABLE   will not be tried again
        a0000000  night                                              PENDING    its children were asked to stop
        ");
        assert_eq!(object(&some())["jobs"][0]["asked"], false);
    }
}
