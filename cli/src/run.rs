//! `ffbatch run`: one job, followed to its end.

use anyhow::Context;
use ffbatch_dispatcher::compute::Request;
use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::dispatch::Dispatcher;
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::registry::Families;
use ffbatch_dispatcher::retry::RetryStrategy;
use ffbatch_dispatcher::terms::Terms;
use tracing::Instrument;

use crate::args::Run;
use crate::follower::Follower;
use crate::interrupt::interrupt;
use crate::trace::Trace;
use crate::{outcome, typed};

pub mod json;

/// The priority of a job for which somebody waits.
const WAITED_FOR: u16 = 100;

/// Runs one job and tells how it ended.
pub async fn run(config: Config, args: Box<Run>, verbose: u8) -> anyhow::Result<Exit> {
    let order = &args.order;
    let compute = order.compute.as_ref().unwrap_or(&config.compute).clone();
    let directory = std::env::current_dir().context("the current directory is gone")?;
    let job = typed::job(order, &config, &directory)?;
    let dispatcher = Dispatcher::new(Families::linked()?, config);
    let trace = Trace::begin("ffbatch run", &compute, &job.name, verbose);
    let usual = Terms {
        priority: WAITED_FOR,
        // A Spot instance may be taken back while somebody waits; a worker of this machine is not lost without a cause.
        retry: if dispatcher.is_elsewhere(&compute)? {
            RetryStrategy::default()
        } else {
            RetryStrategy::once()
        },
        ..Terms::default()
    };
    let request = Request {
        report: order.report.as_ref().map(|report| directory.join(report)),
        environment: trace.environment(),
        terms: typed::terms(&order.terms, usual),
        ..Request::of(uuid::Uuid::new_v4().to_string(), job)
    };
    let mut follower = Follower::new(args.json, verbose > 0);
    let say = follower.speaker();
    let stops = !dispatcher.is_elsewhere(&compute)?;
    let stop = interrupt(move || {
        if stops {
            say("stopping the job ...");
        }
    })?;
    let ended = dispatcher
        .run(&compute, request, &mut |event| follower.on(event), stop)
        .instrument(trace.span())
        .await;
    follower.finish();
    let failed = match &ended {
        Ok((_, ended)) => ended.error.clone(),
        Err(error) => Some(error.to_string()),
    };
    trace.end(failed).await;
    let (job, ended) = ended?;
    if args.json {
        json::print(Some(&job), &ended);
    } else {
        // With `-v` ffmpeg's lines have been seen already.
        outcome::print(&ended, &directory, verbose == 0);
    }
    Ok(ended.exit)
}
