//! `ffbatch-worker`: the program that runs one job, on this machine, in a container, or as an AWS Batch job.
//!
//! It links no Batch, deployment or web code: it is pulled and started for every job. The order of the stages is in
//! [`order`]; each stage is one file.
#![deny(unused_crate_dependencies)]

use std::process::ExitCode;

use clap::Parser;
use ffbatch_dispatcher::exit::Exit;
use ffbatch_quality as _;

use crate::flags::Flags;

mod asked;
mod check;
mod digest;
mod emit;
mod environment;
mod expected;
mod failure;
mod fetch;
mod flags;
mod machine;
mod measure;
mod order;
mod pattern;
mod plain;
mod publish;
mod record;
mod room;
mod run;
mod segment;
mod span;
mod staging;
mod stop;
mod transcode;
mod work_dir;

/// The hidden subcommand by which the worker starts itself to confine ffmpeg. It stands before the flags are read: every
/// millisecond here is one before ffmpeg starts.
const LAUNCH: &str = "exec";

/// Threads of the runtime: bytes are moved by the kernel, checksums by the blocking pool.
const THREADS: usize = 2;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os();
    if arguments.nth(1).is_some_and(|word| word == LAUNCH) {
        // Only a failure returns; on success this process has become ffmpeg.
        return ffbatch_media::confine::launch(arguments);
    }
    let flags = Flags::parse();
    // ffmpeg dies with the thread that started it. That is this one: it runs the job's future to its end.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .enable_all()
        .build();
    match runtime {
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
