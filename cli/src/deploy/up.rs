//! `ffbatch deploy up` and `ffbatch deploy diff`: what would change, and making it so.

use anyhow::bail;
use ffbatch_deploy::deployment::{Deployment, Proposal};
use ffbatch_deploy::repository;
use ffbatch_deploy::stack::Plan;
use ffbatch_deploy::stacks::Found;
use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::exit::Exit;
use ffbatch_storage::SdkConfig;

use super::happening::Happening;
use super::{changes, consent};
use crate::args::{StackFlags, Up};
use crate::interrupt::Stops;
use crate::speak;

/// Shows what would change.
pub async fn diff(config: Config, flags: &StackFlags) -> anyhow::Result<Exit> {
    let (plan, deployment, _) = open(config, flags).await?;
    let proposal = deployment.propose().await?;
    show(&plan, &proposal);
    deployment.discard(proposal).await?;
    Ok(Exit::Succeeded)
}

/// Makes the stack what it shall be.
pub async fn up(config: Config, flags: &Up) -> anyhow::Result<Exit> {
    let (plan, deployment, sdk) = open(config, &flags.stack).await?;
    let proposal = deployment.propose().await?;
    show(&plan, &proposal);
    if proposal.changes.is_empty() {
        deployment.discard(proposal).await?;
        if let Some(found) = deployment.stacks().find().await? {
            print(&found);
        }
        tell_missing(&plan, &sdk).await;
        return Ok(Exit::Succeeded);
    }
    if !flags.yes && !consent("make these changes?").await {
        deployment.discard(proposal).await?;
        bail!("nothing was changed (give --yes where nobody can be asked)");
    }
    let mut stops = Stops::listen()?;
    let mut happening = Happening::of(proposal.changes.len());
    let mut on = |event| happening.on(&event);
    let made = tokio::select! {
        made = deployment.make(proposal, &mut on) => Some(made),
        _ = stops.next() => None,
    };
    happening.end();
    let Some(made) = made else {
        speak::err(
            "left alone: CloudFormation goes on by itself (`ffbatch deploy up` shows what is left)",
        );
        return Ok(Exit::Interrupted);
    };
    print(&made?);
    tell_missing(&plan, &sdk).await;
    Ok(Exit::Succeeded)
}

async fn open(
    mut config: Config,
    flags: &StackFlags,
) -> anyhow::Result<(Plan, Deployment, SdkConfig)> {
    let plan = super::plan(&mut config, flags).await?;
    let aws = config.aws;
    let sdk = ffbatch_storage::cloud(&aws).await;
    let deployment = Deployment::of(&plan, &aws, &sdk);
    Ok((plan, deployment, sdk))
}

fn show(plan: &Plan, proposal: &Proposal) {
    let name = plan.options.stack(&plan.prefix);
    speak::err(&changes::drawn(&name, proposal.is_new, &proposal.changes));
}

/// The outputs, on standard output.
fn print(found: &Found) {
    let widest = found.outputs.iter().map(|(name, _)| name.len()).max();
    let mut outputs = found.outputs.clone();
    outputs.sort();
    for (name, value) in &outputs {
        speak::out(&format!("{name:0$}  {value}", widest.unwrap_or_default()));
    }
}

/// Says which images are missing, and what brings them.
async fn tell_missing(plan: &Plan, sdk: &SdkConfig) {
    let needed = plan.images();
    match repository::missing(sdk, &plan.prefix, needed.keys()).await {
        Err(error) => {
            let tags: Vec<String> = needed.into_keys().collect();
            speak::err(&format!(
                "note: its jobs need {} in the repository, which cannot be looked at: {error}",
                tags.join(", ")
            ));
        }
        Ok(missing) if missing.is_empty() => (),
        Ok(missing) => speak::err(&format!(
            "no job can start before its image is in the repository; missing: {}\n  {}",
            missing.join(", "),
            repository::command(&plan.prefix, &plan.region)
        )),
    }
}
