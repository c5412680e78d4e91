//! `ffbatch`: the command line. Thin: it parses, calls the libraries and prints.
#![deny(unused_crate_dependencies)]

use std::process::ExitCode;

use anyhow::Context;
use clap::{CommandFactory, FromArgMatches};
use ffbatch_backends as _;
use ffbatch_bench::results::ResultsError;
use ffbatch_bench::runner::RunnerError;
use ffbatch_dispatcher::compute::ComputeError;
use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::dispatch::DispatchError;
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::registry::RegistryError;
use ffbatch_media::find::FindError;
use ffbatch_media::offset::OffsetError;
use ffbatch_prices::RefreshError;
use ffbatch_quality as _;
use ffbatch_storage::StoreError;
use ffbatch_traces::ExportError;

use crate::args::{Args, OfJobs, Verb};
use crate::quality::Unread;
use crate::refusal::Shape;
use crate::written::Unwritten;

mod accepted;
mod agent;
mod args;
mod bench;
mod cancel;
mod client;
mod closing;
mod computes;
mod deploy;
mod follower;
mod ids;
mod image;
mod interrupt;
mod jobs;
mod list;
mod logs;
mod outcome;
mod plot;
mod prices;
mod quality;
mod refusal;
mod retry;
mod run;
mod serve;
mod speak;
mod status;
mod submit;
mod table;
mod terminal;
mod trace;
mod traces;
mod typed;
mod wait;
mod when;
mod why;
mod written;

fn main() -> ExitCode {
    let parsed = Args::command().try_get_matches().and_then(|matches| {
        let args = Args::from_arg_matches(&matches)?;
        Ok((args, Shape::of(&matches)))
    });
    let (args, shape) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return usage(&error),
    };
    // An agent starts processes and does little else: threads would only pass its work around.
    let runtime = if matches!(args.verb, Verb::Agent(_)) {
        tokio::runtime::Builder::new_current_thread()
    } else {
        tokio::runtime::Builder::new_multi_thread()
    }
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
        refusal::print(shape, exit, format!("{error:#}"));
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
    // The flags are not understood, but these say who reads the answer.
    let own: Vec<String> = std::env::args_os()
        .skip(1)
        .take_while(|word| word != "--")
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let verb = refusal::verb(&own).unwrap_or_else(|| "run".to_owned());
    let takes_command = verb == "run" || verb == "submit";
    if takes_command && own.iter().any(|word| word == "ffmpeg") {
        speak::err(&format!(
            "error: the ffmpeg command stands behind `--` (write `ffbatch {verb} -- ffmpeg -i in.mp4 out.mp4`)"
        ));
        return ExitCode::from(Exit::Rejected.code());
    }
    match Shape::of_words(&own) {
        Shape::Text => {
            let _ = error.print();
        }
        shape => {
            let text = error.to_string();
            let sentence = text.lines().next().unwrap_or_default();
            let sentence = sentence.trim_start_matches("error: ").to_owned();
            refusal::print(shape, Exit::Rejected, sentence);
        }
    }
    ExitCode::from(Exit::Rejected.code())
}

async fn call(args: Args) -> anyhow::Result<Exit> {
    let verbose = args.verbose;
    let config = || Config::load(args.config.as_deref()).context(Exit::Rejected.meaning());
    match args.verb {
        Verb::Run(flags) => run::run(config()?, flags, verbose).await,
        Verb::Submit(flags) => submit::run(config()?, flags, verbose).await,
        Verb::Agent(flags) => agent::run(&config()?, &flags, verbose).await,
        Verb::Computes(flags) => computes::run(&config()?, &flags),
        Verb::Prices(flags) => {
            let _log = trace::log(verbose);
            prices::run(config()?, flags).await
        }
        Verb::Quality(flags) => {
            let _log = trace::log(verbose);
            quality::run(&config()?, &flags, verbose).await
        }
        Verb::Bench(flags) => {
            let _log = trace::log(verbose);
            bench::run(config()?, &flags).await
        }
        Verb::Report(flags) => {
            let _log = trace::log(verbose);
            bench::report(&config()?, &flags).await
        }
        Verb::Serve(flags) => {
            let _log = trace::log(verbose);
            serve::run(config()?, &flags).await
        }
        Verb::Deploy(verb) => {
            let _log = trace::log(verbose);
            deploy::run(config()?, verb).await
        }
        Verb::Image(verb) => {
            let _log = trace::log(verbose);
            image::run(config()?, verb).await
        }
        Verb::Traces(verb) => {
            let _log = trace::log(verbose);
            traces::run(config()?, verb).await
        }
        Verb::Schema => {
            speak::out(&format!("{:#}", ffbatch_jobfile::schema()));
            Ok(Exit::Succeeded)
        }
        Verb::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Args::command(), "ffbatch", &mut script);
            speak::out(String::from_utf8_lossy(&script).trim_end());
            Ok(Exit::Succeeded)
        }
        Verb::OfJobs(verb) => {
            let _log = trace::log(verbose);
            ask(config()?, verb, verbose).await
        }
    }
}

/// Calls a verb for jobs that are there already.
async fn ask(config: Config, verb: OfJobs, verbose: u8) -> anyhow::Result<Exit> {
    match verb {
        OfJobs::List(flags) => list::run(config, &flags).await,
        OfJobs::Status(flags) => status::run(config, &flags).await,
        OfJobs::Wait(flags) => wait::run(config, &flags, verbose).await,
        OfJobs::Logs(flags) => logs::run(config, &flags).await,
        OfJobs::Why(flags) => why::run(config, &flags).await,
        OfJobs::Cancel(flags) => cancel::run(config, &flags).await,
        OfJobs::Retry(flags) => retry::run(config, &flags).await,
    }
}

/// The exit code that an error carries; a mistake in what was asked for unless it says otherwise.
fn exit_of(error: &anyhow::Error) -> Exit {
    if let Some(error) = error.downcast_ref::<DispatchError>() {
        error.exit()
    } else if let Some(error) = error.downcast_ref::<ComputeError>() {
        error.exit
    } else if error.is::<ffbatch_deploy::stacks::StackError>() {
        Exit::Machine
    } else if let Some(error) = error.downcast_ref::<ExportError>() {
        error.exit()
    } else if let Some(error) = error.downcast_ref::<RunnerError>() {
        bench::exit_of(error)
    } else if let Some(error) = error.downcast_ref::<ResultsError>() {
        bench::exit_of_results(error)
    } else if let Some(error) = error.downcast_ref::<RefreshError>() {
        error.exit()
    } else if let Some(error) = error.downcast_ref::<RegistryError>() {
        DispatchError::from(error.clone()).exit()
    } else if let Some(error) = error.downcast_ref::<OffsetError>() {
        quality::exit_of(error)
    } else if error.is::<Unwritten>() {
        Exit::Output
    } else if error.is::<StoreError>() || error.is::<Unread>() {
        Exit::Input
    } else if error.is::<std::io::Error>() || error.is::<FindError>() {
        // No ffmpeg is there, the current directory is gone, signals or threads are refused: nothing that was asked for is wrong.
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
        let error = anyhow::Error::new(ComputeError::machine("no space"));
        assert_eq!(exit_of(&error), Exit::Machine);
        let error = anyhow::Error::new(RegistryError::Empty { kind: "compute" });
        assert_eq!(exit_of(&error), Exit::Internal);
        assert_eq!(exit_of(&anyhow::anyhow!("no command")), Exit::Rejected);
    }

    #[test]
    fn flags_contradicted_each_other() {
        Args::command().debug_assert();
    }
}
