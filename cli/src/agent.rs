//! `ffbatch agent`: runs a queue of this machine, for a service manager or in a terminal.

use ffbatch_backends::agent;
use ffbatch_backends::queue::{Left, Mode};
use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::dispatch::DispatchError;
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::telemetry::Telemetry;

use crate::args::Agent;
use crate::interrupt::interrupt;
use crate::speak;

/// Runs the queue until it is asked to stop, or until it is empty where nobody asked for it by hand.
pub async fn run(config: &Config, args: &Agent, verbose: u8) -> anyhow::Result<Exit> {
    let level = std::env::var("LOGLEVEL").unwrap_or_else(|_| {
        // The log of a runner that nobody watches holds what went wrong, not what went well.
        let level = match verbose {
            0 if args.detached => "warn",
            0 | 1 => "info",
            _ => "debug",
        };
        level.to_owned()
    });
    let _telemetry = Telemetry::start("ffbatch-agent", &level);
    let mode = if args.detached {
        Mode::Detached
    } else {
        Mode::Foreground
    };
    let stop = interrupt(|| ())?;
    let left = agent::run(&args.compute, config, mode, stop)
        .await
        .map_err(DispatchError::from)?;
    if let Left::Stopped { running } = left
        && running > 0
    {
        speak::err(&format!(
            "note: {running} jobs run on without an agent; the next one takes them over"
        ));
    }
    Ok(Exit::Succeeded)
}
