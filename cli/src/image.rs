//! `ffbatch image`: the images that jobs start from.

use std::collections::BTreeMap;

use anyhow::{anyhow, bail};
use ffbatch_deploy::repository;
use ffbatch_deploy::stack::{Needs, Plan};
use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::infra::Architecture;
use ffbatch_images::{Archives, Login, Platform, Pushed, Registry, Source};
use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::args::{Image, Push};
use crate::interrupt::Stops;
use crate::{deploy, speak};

/// Calls a verb of images.
pub async fn run(config: Config, verb: Image) -> anyhow::Result<Exit> {
    let Image::Push(flags) = verb;
    let mut stops = Stops::listen()?;
    tokio::select! {
        pushed = push(config, &flags) => pushed,
        _ = stops.next() => {
            speak::err("stopped: no tag names what is half there, and the next push goes on from it");
            Ok(Exit::Interrupted)
        }
    }
}

/// What a push came to, as JSON.
#[derive(Debug, Serialize)]
struct Line {
    image: String,
    digest: String,
    platforms: Vec<String>,
    bytes: u64,
    pushed: bool,
}

async fn push(mut config: Config, flags: &Push) -> anyhow::Result<Exit> {
    // Whoever names both what and where needs no account of AWS.
    let is_named = !flags.archives.is_empty() || !flags.tags.is_empty();
    let plan = match &flags.to {
        Some(_) if is_named => None,
        _ => Some(deploy::plan(&mut config, &flags.stack).await?),
    };
    let needed = plan.as_ref().map(Plan::images).unwrap_or_default();
    let to = match (&flags.to, &plan) {
        (None, Some(plan)) => own(&config, plan).await?,
        (to, _) => Registry::open(to.as_deref().unwrap_or_default(), None)?,
    };
    let from = source(flags).await?;
    let tags: Vec<String> = match &from {
        Source::Archives(archives) => {
            let images = archives.images.iter();
            images.map(|image| image.tag.clone()).collect()
        }
        Source::Registry(_) if is_named => flags.tags.clone(),
        Source::Registry(_) => needed.keys().cloned().collect(),
    };
    if tags.is_empty() {
        bail!("the jobs of this stack need no image of the repository (name some by --tag)");
    }
    let mut images = Vec::new();
    // All are looked at before the first is sent.
    for tag in &tags {
        let image = from.image(tag).await?;
        if plan.is_some() {
            suits(&image, &needed, flags.incomplete)?;
        }
        images.push(image);
    }
    let mut lines = Vec::new();
    for image in &images {
        let (bar, bytes) = bar(image);
        let pushed = ffbatch_images::push(image, &from, &to, &|bytes| bar.inc(bytes)).await;
        bar.finish_and_clear();
        let line = Line {
            image: to.name(&image.tag),
            digest: image.digest(),
            platforms: platforms(image),
            bytes,
            pushed: pushed? == Pushed::New,
        };
        if !flags.json {
            let done = if line.pushed {
                "pushed"
            } else {
                "there already"
            };
            let platforms = line.platforms.join(", ");
            speak::out(&format!(
                "{}  {}  {platforms}  {done}",
                line.image, line.digest
            ));
        }
        lines.push(line);
    }
    if flags.json {
        speak::out(&serde_json::to_string_pretty(&lines)?);
    }
    Ok(Exit::Succeeded)
}

/// Where the images come from.
async fn source(flags: &Push) -> anyhow::Result<Source> {
    if flags.archives.is_empty() {
        let from = flags.from.clone().unwrap_or_else(published);
        return Ok(Source::Registry(Registry::open(&from, None)?));
    }
    let paths = flags.archives.clone();
    for path in &paths {
        speak::err(&format!("reading {}", path.display()));
    }
    let read = tokio::task::spawn_blocking(move || Archives::read(&paths)).await?;
    Ok(Source::Archives(read?))
}

/// Where the project publishes its images: beside its sources.
fn published() -> String {
    let sources = env!("CARGO_PKG_REPOSITORY");
    let name = sources.rsplitn(3, '/').take(2).collect::<Vec<_>>();
    format!("ghcr.io/{}/{}", name[1], name[0])
}

/// The stack's own repository.
async fn own(config: &Config, plan: &Plan) -> anyhow::Result<Registry> {
    let sdk = ffbatch_storage::cloud(&config.aws).await;
    let uri = repository::uri(&sdk, &plan.prefix).await.map_err(|error| {
        if error.kind == "RepositoryNotFoundException" {
            anyhow!(
                "there is no repository `{}` in `{}` (make the stack: `ffbatch deploy up`)",
                plan.prefix,
                plan.region
            )
        } else {
            error.into()
        }
    })?;
    let login = repository::login(&sdk).await;
    let (user, password) = login.map_err(|why| anyhow!(why))?;
    Ok(Registry::open(&uri, Some(Login { user, password }))?)
}

/// Refuses an image without an architecture that the stack's jobs need: its tag could never get it later.
fn suits(
    image: &ffbatch_images::Image,
    needed: &BTreeMap<String, Needs>,
    incomplete: bool,
) -> anyhow::Result<()> {
    let Some(needs) = needed.get(&image.tag) else {
        let tags: Vec<&str> = needed.keys().map(String::as_str).collect();
        speak::err(&format!(
            "note: no job starts from `{}` by itself; those of this stack start from {}",
            image.tag,
            tags.join(", ")
        ));
        return Ok(());
    };
    let has = |architecture: Architecture| {
        let mut parts = image.parts.iter();
        parts.any(|part| Architecture::named(&part.platform.architecture) == Some(architecture))
    };
    for (architecture, whom) in needs {
        if has(*architecture) {
            continue;
        }
        let why = format!(
            "`{}` is for {} alone, and not for {}, which {} needs",
            image.tag,
            platforms(image).join(", "),
            architecture.name(),
            whom.join(", ")
        );
        if !incomplete {
            bail!(
                "{why} (give the archive for it as well, leave computes out by --compute, or push it so by --incomplete: its tag never changes)"
            );
        }
        speak::err(&format!("note: {why}"));
    }
    Ok(())
}

fn platforms(image: &ffbatch_images::Image) -> Vec<String> {
    let platforms = image.parts.iter().map(|part| &part.platform);
    platforms.map(Platform::to_string).collect()
}

/// A bar over the bytes of an image, and how many they are. Where nobody sees it, a line.
fn bar(image: &ffbatch_images::Image) -> (ProgressBar, u64) {
    let bytes = image.blobs().iter().map(|blob| blob.size_bytes).sum();
    let style = ProgressStyle::with_template(
        "{msg} {wide_bar} {bytes} of {total_bytes}, {bytes_per_sec}, {eta}",
    );
    let bar = ProgressBar::new(bytes)
        .with_style(style.expect("the template is well formed"))
        .with_message(image.tag.clone());
    if bar.is_hidden() {
        let platforms = platforms(image).join(", ");
        speak::err(&format!(
            "pushing {} ({platforms}): {}",
            image.tag,
            HumanBytes(bytes)
        ));
    }
    (bar, bytes)
}
