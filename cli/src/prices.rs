//! `ffbatch prices`: what computes on AWS cost, as far as it is known on this machine.

use std::io;
use std::path::PathBuf;

use anyhow::{Context, anyhow};
use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::exit::Exit;
use ffbatch_prices::{Document, Prices, is_region};

use crate::args::{self, PricesVerb};
use crate::{speak, table};

use chosen::Chosen;
use shown::Shown;

mod chosen;
mod refresh;
mod shown;

/// Shows prices, or refreshes them.
pub async fn run(config: Config, flags: args::Prices) -> anyhow::Result<Exit> {
    let which = flags.which;
    if let Some(PricesVerb::Refresh(flags)) = flags.verb {
        return refresh::run(&config, &flags.types, &which).await;
    }
    let chosen = Chosen::of(&config, &flags.types, &which).await?;
    let prices = known(&config, &chosen.region)?;
    for note in &chosen.notes {
        speak::err(&format!("note: {note}"));
    }
    let shown = Shown::of(&chosen, &prices);
    if which.json {
        speak::out(&serde_json::to_string_pretty(&shown)?);
    } else {
        speak::out(&shown.drawn(table::width()));
    }
    Ok(Exit::Succeeded)
}

/// All prices of a Region that are known on this machine: those that are shipped, and those that were refreshed.
pub fn known(config: &Config, region: &str) -> anyhow::Result<Prices> {
    let refreshed = match place(config, region) {
        Some(path) => read(&path, region)?,
        None => None,
    };
    Ok(Prices::shipped().with_refreshed(refreshed))
}

/// All prices that are known on this machine, of every Region.
pub fn everywhere(config: &Config) -> anyhow::Result<Prices> {
    let mut documents = Vec::new();
    let directory = place(config, "").and_then(|path| Some(path.parent()?.to_owned()));
    let files = directory.map(std::fs::read_dir).and_then(Result::ok);
    for file in files.into_iter().flatten() {
        let path = file
            .context("the refreshed prices cannot be listed")?
            .path();
        let name = path.file_name().and_then(|name| name.to_str());
        let region = name.and_then(|name| name.strip_suffix(".json"));
        if let Some(region) = region.filter(|name| is_region(name)) {
            documents.extend(read(&path, region)?);
        }
    }
    Ok(Prices::shipped().with_refreshed(documents))
}

/// Where the refreshed prices of a Region lie; `None` where this machine has no place for them.
fn place(config: &Config, region: &str) -> Option<PathBuf> {
    let state = config.state_dir(|name| std::env::var(name).ok());
    // Services and containers may have no HOME; the user data base has the directory all the same.
    let state = state.or_else(|| {
        let home = std::env::home_dir().filter(|home| home.is_absolute())?;
        Some(home.join(".local/state/ffbatch"))
    })?;
    Some(state.join("prices").join(format!("{region}.json")))
}

/// The refreshed prices that lie there, if there are any.
fn read(path: &PathBuf, region: &str) -> anyhow::Result<Option<Document>> {
    let text = match std::fs::read(path) {
        Ok(text) => String::from_utf8_lossy(&text).into_owned(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            let why = format!("the prices in `{}` cannot be read", path.display());
            return Err(error).context(why);
        }
    };
    let read = Document::read(&text, region).map_err(|error| {
        anyhow!(
            "the prices in `{}` cannot be used: {error} (remove the file, and make it anew: `ffbatch prices refresh --region {region}`)",
            path.display()
        )
    });
    read.map(Some)
}
