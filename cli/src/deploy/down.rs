//! `ffbatch deploy down`: the stack goes, its data stay.

use std::collections::BTreeMap;

use anyhow::{anyhow, bail};
use ffbatch_deploy::deployment::BUCKET_OUTPUT;
use ffbatch_deploy::options::Options;
use ffbatch_deploy::stacks::{StackError, Stacks};
use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::exit::Exit;

use super::consent;
use super::happening::Happening;
use crate::args::Down;
use crate::interrupt::Stops;
use crate::{jobs, speak};

/// The kinds of what stays.
const KEPT: [&str; 2] = ["AWS::S3::Bucket", "AWS::S3::BucketPolicy"];

/// Removes the stack.
pub async fn run(mut config: Config, flags: &Down) -> anyhow::Result<Exit> {
    super::lay(&mut config, &flags.which);
    let options = Options::of(&config).map_err(|why| anyhow!(why))?;
    let name = flags.which.stack.clone();
    let name = name.unwrap_or_else(|| options.stack(config.aws.prefix()));
    let sdk = ffbatch_storage::cloud(&config.aws).await;
    let stacks = Stacks::of(&sdk, &name);
    let Some(found) = stacks.find().await? else {
        bail!("there is no stack `{name}` (`--prefix` or `--stack` names another one)");
    };
    let bucket = found.output(BUCKET_OUTPUT);
    let mut resources = stacks.resources().await?;
    resources.retain(|(kind, _)| !KEPT.contains(&kind.as_str()));
    speak::err(&goes(&name, &resources));
    if let Some(bucket) = bucket {
        speak::err(&format!(
            "the bucket `{bucket}` stays with all that is in it"
        ));
    }
    if !flags.yes && !consent("remove them?").await {
        bail!("nothing was removed (give --yes where nobody can be asked)");
    }
    remove(&stacks, &found.id, resources.len()).await
}

async fn remove(stacks: &Stacks, id: &str, count: usize) -> anyhow::Result<Exit> {
    let mut stops = Stops::listen()?;
    let mut happening = Happening::of(count);
    let told = stacks.past().await?;
    stacks.remove().await?;
    let mut on = |event| happening.on(&event);
    let gone = tokio::select! {
        gone = stacks.follow(id, told, &mut on) => Some(gone),
        _ = stops.next() => None,
    };
    happening.end();
    let Some(gone) = gone else {
        speak::err("left alone: CloudFormation goes on by itself");
        return Ok(Exit::Interrupted);
    };
    if let Some(found) = gone? {
        let status = found.status;
        return Err(StackError(format!("the stack is {status} and not removed")).into());
    }
    speak::err(&format!("`{}` is removed", stacks.name()));
    Ok(Exit::Succeeded)
}

/// How many resources of each kind go.
fn goes(name: &str, resources: &[(String, String)]) -> String {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for (kind, _) in resources {
        *kinds.entry(kind).or_default() += 1;
    }
    let lines = kinds
        .iter()
        .map(|(kind, count)| format!("  - {count:3} {kind}"));
    let lines: Vec<String> = lines.collect();
    format!(
        "of `{name}` go {}:\n{}",
        jobs::several(resources.len(), "resource"),
        lines.join("\n")
    )
}
