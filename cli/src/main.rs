//! `ffbatch`: the command line. Thin: it parses, calls the libraries and prints.
#![deny(unused_crate_dependencies)]

use std::process::ExitCode;

use anyhow::Context;
use clap::{CommandFactory, Parser};
use ffbatch_backends as _;
use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::dispatch::DispatchError;
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::registry::RegistryError;

use crate::args::{Args, Verb};

mod args;
mod computes;
mod run;
mod speak;

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return usage(&error),
    };
    let json = matches!(&args.verb, Verb::Run(run) if run.json);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let called = match runtime {
        Ok(runtime) => {
            let called = runtime.block_on(call(args));
            // A name server that does not answer whoever sends the trace is not waited for.
            runtime.shutdown_background();
            called
        }
        Err(error) => Err(anyhow::Error::new(error).context("this program's threads cannot start")),
    };
    let exit = called.unwrap_or_else(|error| {
        let exit = exit_of(&error);
        if json {
            run::json::print_refusal(exit, format!("{error:#}"));
        } else {
            speak::err(&format!("error: {error:#}"));
        }
        exit
    });
    ExitCode::from(exit.code())
}

/// Says what is wrong with the flags, or prints the help that was asked for.
fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // A closed pipe is no reason to fail: whoever asked has read enough.
        let _ = error.print();
        return ExitCode::from(Exit::Succeeded.code());
    }
    // The flags are not understood, but this one says who reads the answer.
    let own: Vec<_> = std::env::args_os()
        .take_while(|word| word != "--")
        .collect();
    let has = |flag: &str| own.iter().any(|word| word == flag);
    if has("ffmpeg") {
        speak::err(
            "error: the ffmpeg command stands behind `--` (write `ffbatch run -- ffmpeg -i in.mp4 out.mp4`)",
        );
        return ExitCode::from(Exit::Rejected.code());
    }
    if has("run") && has("--json") {
        let text = error.to_string();
        let sentence = text.lines().next().unwrap_or_default();
        let sentence = sentence.trim_start_matches("error: ").to_owned();
        run::json::print_refusal(Exit::Rejected, sentence);
    } else {
        let _ = error.print();
    }
    ExitCode::from(Exit::Rejected.code())
}

async fn call(args: Args) -> anyhow::Result<Exit> {
    match args.verb {
        Verb::Run(run) => {
            let config = Config::load(args.config.as_deref()).context(Exit::Rejected.meaning())?;
            run::run(config, run, args.verbose).await
        }
        Verb::Computes(listing) => computes::list(listing.json),
        Verb::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Args::command(), "ffbatch", &mut script);
            speak::out(String::from_utf8_lossy(&script).trim_end());
            Ok(Exit::Succeeded)
        }
    }
}

/// The exit code that an error carries; a mistake in what was asked for unless it says otherwise.
fn exit_of(error: &anyhow::Error) -> Exit {
    if let Some(error) = error.downcast_ref::<DispatchError>() {
        error.exit()
    } else if let Some(error) = error.downcast_ref::<RegistryError>() {
        DispatchError::from(error.clone()).exit()
    } else if error.is::<std::io::Error>() {
        // The current directory is gone, signals or threads are refused: nothing that was asked for is wrong.
        Exit::Machine
    } else {
        Exit::Rejected
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_that_cannot_was_called_a_wrong_job() {
        let gone = || std::io::Error::from(std::io::ErrorKind::NotFound);
        let error = Err::<(), _>(gone())
            .context("the current directory is gone")
            .expect_err("it is an error");
        assert_eq!(exit_of(&error), Exit::Machine);
        let error = anyhow::Error::new(RegistryError::Empty { kind: "compute" });
        assert_eq!(exit_of(&error), Exit::Internal);
        assert_eq!(exit_of(&anyhow::anyhow!("no command")), Exit::Rejected);
    }
}
