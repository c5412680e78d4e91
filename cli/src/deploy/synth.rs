//! `ffbatch deploy synth`: the template.

use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::exit::Exit;

use crate::args::Synth;
use crate::{speak, written};

/// Prints or writes the template.
pub async fn run(mut config: Config, flags: &Synth) -> anyhow::Result<Exit> {
    let plan = super::plan(&mut config, &flags.stack).await?;
    let template = plan.template();
    let text = format!("{:#}", template.to_json());
    let Some(path) = &flags.output else {
        speak::out(&text);
        return Ok(Exit::Succeeded);
    };
    written::whole(path, |file| writeln!(file, "{text}"))?;
    let names: Vec<&str> = plan
        .computes
        .iter()
        .map(|one| one.compute.as_str())
        .collect();
    speak::err(&format!(
        "`{}`: {} resources, {} bytes, for {} in {}",
        path.display(),
        template.resources().len(),
        text.len(),
        names.join(", "),
        plan.region
    ));
    Ok(Exit::Succeeded)
}
