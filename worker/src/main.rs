//! `ffbatch-worker`: the program that runs one job, on this machine, in a container, or as an AWS Batch job.
//!
//! It links no Batch, deployment or web code: it is pulled and started for every job. The order of the stages is in
//! [`order`]; each stage is one file.
#![deny(unused_crate_dependencies)]

use std::process::ExitCode;

use clap::Parser;
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::infra::EXPORT_TRACES;
use ffbatch_quality as _;

use crate::flags::Flags;

mod asked;
mod check;
mod claim;
mod companion;
mod emit;
mod environment;
mod expected;
mod failure;
mod fetch;
mod flags;
mod inside;
mod instance;
mod machine;
mod measure;
mod mount;
mod order;
mod preflight;
mod processors;
mod publish;
mod record;
mod room;
mod run;
mod scratch;
mod segment;
mod span;
mod staging;
mod stop;
mod switch;
mod task;
mod transcode;
mod work_dir;

/// The hidden subcommand by which the worker starts itself to confine ffmpeg. It stands before the flags are read: every
/// millisecond here is one before ffmpeg starts.
const LAUNCH: &str = "exec";

/// Threads of the runtime where bytes come and go over connections. Without those one thread does it all, because handing
/// work over takes longer than what a local job has to do: disks and checksums are left to the blocking pool in any case.
const THREADS: usize = 2;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os();
    match arguments.nth(1) {
        // Only a failure returns; on success this process has become another program.
        Some(word) if word == LAUNCH => return ffbatch_media::confine::launch(arguments),
        Some(word) if word == EXPORT_TRACES => return companion::launch(arguments),
        _ => {}
    }
    let flags = Flags::parse();
    let remote = flags.mentions("://") || environment::bucket().is_some();
    let mut builder = if remote {
        tokio::runtime::Builder::new_multi_thread()
    } else {
        tokio::runtime::Builder::new_current_thread()
    };
    match builder.worker_threads(THREADS).enable_all().build() {
        Ok(runtime) => {
            let exit = runtime.block_on(run::run(&flags));
            emit::flush();
            // A download that was given up may still wait for a name server; nobody waits for it.
            runtime.shutdown_background();
            ExitCode::from(exit.code())
        }
        Err(error) => {
            eprintln!("error: the worker cannot start its threads: {error}");
            ExitCode::from(Exit::Machine.code())
        }
    }
}
