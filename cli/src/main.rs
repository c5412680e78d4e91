//! `ffbatch`: the command line. Thin: it parses, calls the libraries and prints.
#![deny(unused_crate_dependencies)]

use std::process::ExitCode;

use anyhow::Context;
use clap::{CommandFactory, Parser};
use ffbatch_backends as _;
use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::dispatch::DispatchError;
use ffbatch_dispatcher::exit::Exit;

use crate::args::{Args, Verb};

mod args;
mod computes;
mod run;
mod speak;

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    match call(args).await {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(error) => {
            speak::err(&format!("error: {error:#}"));
            ExitCode::from(exit_of(&error).code())
        }
    }
}

async fn call(args: Args) -> anyhow::Result<Exit> {
    match args.verb {
        Verb::Run(run) => {
            let config = Config::load(args.config.as_deref()).context(Exit::Rejected.meaning())?;
            run::run(config, run, args.verbose).await
        }
        Verb::Computes(listing) => computes::list(listing.json),
        Verb::Completions { shell } => {
            clap_complete::generate(
                shell,
                &mut Args::command(),
                "ffbatch",
                &mut std::io::stdout(),
            );
            Ok(Exit::Succeeded)
        }
    }
}

/// The exit code that an error carries; a mistake in what was asked for unless it says otherwise.
fn exit_of(error: &anyhow::Error) -> Exit {
    error
        .downcast_ref::<DispatchError>()
        .map_or(Exit::Rejected, DispatchError::exit)
}
