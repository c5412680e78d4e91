//! The end of a stack's bucket, which nothing but its name on the command line brings about.

use anyhow::bail;
use ffbatch_deploy::stacks::MADE_BY;
use ffbatch_dispatcher::exit::Exit;
use ffbatch_storage::Bucket;
use indicatif::ProgressBar;

use crate::interrupt::Stops;
use crate::speak;

/// The tag that tells the prefix of an installation.
const PREFIX: &str = "application";

/// Refuses a bucket that no stack of this prefix has left.
pub async fn check_tags(bucket: &Bucket, prefix: &str) -> anyhow::Result<()> {
    let name = bucket.name();
    let Some(tags) = bucket.tags().await? else {
        bail!("there is no bucket `{name}`, nor a stack (it may be gone already)");
    };
    let has = |key: &str, value: &str| tags.get(key).is_some_and(|found| found == value);
    if !has(MADE_BY.0, MADE_BY.1) || !has(PREFIX, prefix) {
        bail!(
            "`{name}` is left as it is: its tags do not say that a stack of ffbatch with the prefix `{prefix}` has left it (if it is yours, `aws s3 rb --force s3://{name}` deletes it)"
        );
    }
    Ok(())
}

/// Deletes a bucket and all that is in it.
pub async fn delete(bucket: &Bucket, stops: &mut Stops) -> anyhow::Result<Exit> {
    let name = bucket.name();
    let bar = ProgressBar::new_spinner();
    let mut gone = 0;
    let mut on = |count| {
        gone = count;
        bar.set_message(format!("{count} versions of objects are gone"));
        bar.tick();
    };
    let emptied = tokio::select! {
        emptied = bucket.empty(&mut on) => Some(emptied),
        _ = stops.next() => None,
    };
    bar.finish_and_clear();
    let Some(emptied) = emptied else {
        speak::err(&format!(
            "stopped: of `{name}` {gone} versions of objects are gone, and the rest is there"
        ));
        return Ok(Exit::Interrupted);
    };
    emptied?;
    bucket.remove().await?;
    speak::err(&format!(
        "`{name}` is deleted, with {gone} versions of objects"
    ));
    Ok(Exit::Succeeded)
}
