//! `ffbatch-traces-export`: the export as a program of its own, for the job that makes it every day. It lies beside the worker in its
//! image, so that the worker need not link X-Ray.

use std::error::Error as _;
use std::process::ExitCode;

use clap::Parser;
use ffbatch_dispatcher::config::Aws;
use ffbatch_dispatcher::exit::Exit;
use ffbatch_storage::Stores;
use ffbatch_traces::{ExportError, Order, Step, Summary};

/// Brings traces that others wrote to X-Ray into the bucket.
#[derive(Debug, Parser)]
#[command(version)]
struct Flags {
    /// The bucket
    #[arg(long)]
    bucket: String,
    /// What the names of the stack begin with
    #[arg(long)]
    prefix: String,
}

fn main() -> ExitCode {
    let flags = Flags::parse();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let exit = match runtime {
        Ok(runtime) => runtime.block_on(run(flags)),
        Err(error) => {
            eprintln!("error: the export cannot start: {error}");
            Exit::Machine
        }
    };
    ExitCode::from(exit.code())
}

/// Exports, and says so in lines of JSON.
async fn run(flags: Flags) -> Exit {
    match export(flags).await {
        Ok(summary) => {
            say(&summary);
            Exit::Succeeded
        }
        Err(error) => {
            let mut said = error.to_string();
            let mut source = error.source();
            while let Some(inner) = source {
                said = format!("{said}: {inner}");
                source = inner.source();
            }
            eprintln!("error: {said}");
            error.exit()
        }
    }
}

async fn export(flags: Flags) -> Result<Summary, ExportError> {
    let order = Order {
        bucket: flags.bucket,
        prefix: flags.prefix,
        since: None,
        until: None,
        dry_run: false,
    };
    let aws = Aws::default();
    let config = ffbatch_storage::cloud(&aws).await;
    let stores = Stores::new(ffbatch_storage::s3_settings(&aws, &config));
    let mut on = |step: &Step<'_>| {
        eprintln!("{}: {} of {}", step.window, step.done, step.all);
    };
    ffbatch_traces::export(&order, &config, &stores, &mut on).await
}

#[expect(clippy::print_stdout, reason = "this is what a program is for")]
fn say(summary: &Summary) {
    let line = serde_json::to_string(summary);
    println!("{}", line.expect("a summary is plain data with text keys"));
}
