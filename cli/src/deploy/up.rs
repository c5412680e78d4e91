//! `ffbatch deploy up` and `ffbatch deploy diff`: what would change, and making it so.

use anyhow::bail;
use ffbatch_deploy::deployment::{Deployment, Proposal};
use ffbatch_deploy::stack::Plan;
use ffbatch_deploy::stacks::Found;
use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::exit::Exit;

use super::happening::Happening;
use super::{changes, consent};
use crate::args::{StackFlags, Up};
use crate::interrupt::Stops;
use crate::speak;

/// Shows what would change.
pub async fn diff(config: Config, flags: &StackFlags) -> anyhow::Result<Exit> {
    let (plan, deployment) = open(config, flags).await?;
    let proposal = deployment.propose().await?;
    show(&plan, &proposal);
    deployment.discard(proposal).await?;
    Ok(Exit::Succeeded)
}

/// Makes the stack what it shall be.
pub async fn up(config: Config, flags: &Up) -> anyhow::Result<Exit> {
    let (plan, deployment) = open(config, &flags.stack).await?;
    let proposal = deployment.propose().await?;
    show(&plan, &proposal);
    if proposal.changes.is_empty() {
        deployment.discard(proposal).await?;
        if let Some(found) = deployment.stacks().find().await? {
            print(&plan, &found);
        }
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
    print(&plan, &made?);
    Ok(Exit::Succeeded)
}

async fn open(mut config: Config, flags: &StackFlags) -> anyhow::Result<(Plan, Deployment)> {
    let plan = super::plan(&mut config, flags).await?;
    let aws = config.aws;
    let sdk = ffbatch_storage::cloud(&aws).await;
    let deployment = Deployment::of(&plan, &aws, &sdk);
    Ok((plan, deployment))
}

fn show(plan: &Plan, proposal: &Proposal) {
    let name = plan.options.stack(&plan.prefix);
    speak::err(&changes::drawn(&name, proposal.is_new, &proposal.changes));
}

/// The outputs, on standard output.
fn print(plan: &Plan, found: &Found) {
    let widest = found.outputs.iter().map(|(name, _)| name.len()).max();
    let mut outputs = found.outputs.clone();
    outputs.sort();
    for (name, value) in &outputs {
        speak::out(&format!("{name:0$}  {value}", widest.unwrap_or_default()));
    }
    let images = plan.images();
    if !images.is_empty() {
        speak::err(&format!(
            "its jobs need these images in the repository: {}",
            images.join(", ")
        ));
    }
}
