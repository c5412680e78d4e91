//! `ffbatch deploy down`: the stack goes, its data stay unless they are named.

use std::collections::BTreeMap;

use anyhow::{anyhow, bail};
use ffbatch_deploy::deployment::BUCKET_OUTPUT;
use ffbatch_deploy::options::Options;
use ffbatch_deploy::stacks::{Found, StackError, Stacks};
use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::exit::Exit;
use ffbatch_storage::{Bucket, s3_settings};

use super::happening::Happening;
use super::{consent, data};
use crate::args::Down;
use crate::interrupt::Stops;
use crate::{jobs, speak};

/// The kinds of what stays.
const KEPT: [&str; 2] = ["AWS::S3::Bucket", "AWS::S3::BucketPolicy"];

/// Removes the stack, and its bucket where that is asked for.
pub async fn run(mut config: Config, flags: &Down) -> anyhow::Result<Exit> {
    super::lay(&mut config, &flags.which);
    let options = Options::of(&config).map_err(|why| anyhow!(why))?;
    let name = flags.which.stack.clone();
    let name = name.unwrap_or_else(|| options.stack(config.aws.prefix()));
    let sdk = ffbatch_storage::cloud(&config.aws).await;
    let stacks = Stacks::of(&sdk, &name);
    let found = stacks.find().await?;
    let data = flags.delete_data.as_deref();
    let bucket = data.map(|data| Bucket::new(s3_settings(&config.aws, &sdk), data));
    match (&found, &bucket) {
        (None, None) => {
            bail!("there is no stack `{name}` (`--prefix` or `--stack` names another one)")
        }
        (None, Some(bucket)) => Box::pin(data::check_tags(bucket, config.aws.prefix())).await?,
        (Some(found), _) => show(&stacks, found, data).await?,
    }
    if let Some(data) = data {
        speak::err(&format!(
            "the bucket `{data}` is deleted with every version of all that is in it"
        ));
    }
    if !flags.yes && !consent("remove them?").await {
        bail!("nothing was removed (give --yes where nobody can be asked)");
    }
    let mut stops = Stops::listen()?;
    if let Some(found) = &found {
        let gone = remove(&stacks, &found.id, &mut stops).await?;
        if gone != Exit::Succeeded {
            return Ok(gone);
        }
    }
    match bucket {
        Some(bucket) => Box::pin(data::delete(&bucket, &mut stops)).await,
        None => Ok(Exit::Succeeded),
    }
}

/// Says what goes and what stays. A bucket that shall go has to be the stack's own.
async fn show(stacks: &Stacks, found: &Found, data: Option<&str>) -> anyhow::Result<()> {
    let name = stacks.name();
    let own = found.output(BUCKET_OUTPUT);
    if let Some(data) = data
        && own != Some(data)
    {
        let fix = own.map_or_else(
            || "it has none".to_owned(),
            |own| format!("its own is `{own}`"),
        );
        bail!("`{data}` is not the bucket of `{name}` ({fix})");
    }
    speak::err(&goes(name, &going(stacks).await?));
    if let (Some(own), None) = (own, data) {
        speak::err(&format!("the bucket `{own}` stays with all that is in it"));
    }
    Ok(())
}

/// The resources that go.
async fn going(stacks: &Stacks) -> Result<Vec<(String, String)>, StackError> {
    let mut resources = stacks.resources().await?;
    resources.retain(|(kind, _)| !KEPT.contains(&kind.as_str()));
    Ok(resources)
}

async fn remove(stacks: &Stacks, id: &str, stops: &mut Stops) -> anyhow::Result<Exit> {
    let mut happening = Happening::of(going(stacks).await?.len());
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
