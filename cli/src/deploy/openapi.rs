//! `ffbatch deploy openapi`: the REST API as a document.

use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::exit::Exit;

use crate::args::Openapi;
use crate::{speak, written};

/// Prints or writes the document.
pub async fn run(mut config: Config, flags: &Openapi) -> anyhow::Result<Exit> {
    let plan = super::plan(&mut config, &flags.stack).await?;
    let text = format!("{:#}", plan.openapi());
    match &flags.output {
        None => speak::out(&text),
        Some(path) => written::whole(path, |file| writeln!(file, "{text}"))?,
    }
    Ok(Exit::Succeeded)
}
