//! `ffbatch serve`: the REST API on this machine, until somebody asks it to stop.

use std::net::TcpListener;

use anyhow::Context;
use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::exit::Exit;
use ffbatch_serve::access::Door;
use ffbatch_serve::app::App;
use ffbatch_serve::settings::Settings;
use figment::value::{Dict, Value};

use crate::args::Serve;
use crate::interrupt::interrupt;
use crate::{speak, traces};

/// Answers until it is asked to stop.
pub async fn run(config: Config, args: &Serve) -> anyhow::Result<Exit> {
    let settings = Settings::of(&config, flags(args))?;
    let app = App::new(config.clone(), &settings, traces::exporter(config))?;
    let listener = TcpListener::bind(settings.address()?).with_context(|| {
        let at = &settings.listen;
        format!("nobody can listen at `{at}` (is it in use? --listen names another)")
    })?;
    let address = listener.local_addr()?;
    let door = Door::new(&settings, address);
    let served = app.names().join(", ");
    // Whoever started it may wait for this line.
    let scheme = if settings.tls.is_some() {
        "https"
    } else {
        "http"
    };
    speak::out(&format!("serving {served} at {scheme}://{address}"));
    let stop = interrupt(|| ())?;
    ffbatch_serve::serve(listener, app, door, settings.tls.as_ref(), stop).await?;
    Ok(Exit::Succeeded)
}

/// The flags as a layer over the section.
fn flags(args: &Serve) -> Dict {
    let mut flags = Dict::new();
    flags.extend(
        args.listen
            .clone()
            .map(|listen| ("listen".to_owned(), Value::from(listen))),
    );
    if !args.compute.is_empty() {
        flags.insert("computes".to_owned(), Value::from(args.compute.clone()));
    }
    flags
}
