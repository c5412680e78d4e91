//! `ffbatch submit`: puts jobs into the queue, one that is typed or all those of a file, and answers with their ids.

use anyhow::Context;
use ffbatch_dispatcher::compute::Request;
use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::dispatch::{self, DispatchError};
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::terms::Terms;
use tracing::Instrument;

use crate::accepted::{self, Accepted};
use crate::args::Submit;
use crate::client::Client;
use crate::follower::Follower;
use crate::trace::Trace;
use crate::typed;
use crate::wait::{self, Group, Way};

mod dry;
mod file;

/// The jobs for one compute.
#[derive(Debug, Clone)]
pub struct Lot {
    /// The compute's name.
    pub compute: String,
    /// The jobs.
    pub requests: Vec<Request>,
}

/// Submits what was typed, or what a file holds.
pub async fn run(config: Config, args: Box<Submit>, verbose: u8) -> anyhow::Result<Exit> {
    let lots = match &args.file {
        Some(name) => file::lots(&config, &args, name).await?,
        None => vec![typed(&config, &args)?],
    };
    let mut clients = Vec::new();
    for lot in &lots {
        dispatch::check(&lot.requests)?;
        clients.push(Client::connect(config.clone(), Some(&lot.compute))?);
    }
    if args.dry_run {
        dry::print(&lots, args.json);
        return Ok(Exit::Succeeded);
    }
    let computes: Vec<&str> = lots.iter().map(|lot| lot.compute.as_str()).collect();
    let trace = Trace::begin(
        "ffbatch submit",
        &computes.join(","),
        called(&args, &lots),
        verbose,
    );
    let mut accepted = Vec::new();
    let sent = send(&clients, lots, &trace, args.json, &mut accepted)
        .instrument(trace.span())
        .await;
    trace
        .end(sent.as_ref().err().map(ToString::to_string))
        .await;
    if let Err(error) = sent {
        return Err(accepted::before(&accepted, error, args.json));
    }
    if !args.wait {
        accepted::print(&accepted, args.json);
        return Ok(Exit::Succeeded);
    }
    // A program that waits gets one object, with the ids in it.
    if !args.json {
        accepted::ids(&accepted);
    }
    let way = Way {
        json: args.json,
        verbose,
        one: accepted.len() == 1,
    };
    let mut groups = Vec::new();
    for client in clients {
        let here = accepted.iter().filter(|job| job.compute == client.name);
        let ids: Vec<String> = here.map(|job| job.id.clone()).collect();
        let states = client.compute.states(&ids).await;
        let jobs = states.map_err(DispatchError::from)?;
        groups.push(Group { client, jobs });
    }
    wait::follow(&groups, way).await
}

/// The job that was typed.
fn typed(config: &Config, args: &Submit) -> anyhow::Result<Lot> {
    let order = &args.order;
    let directory = std::env::current_dir().context("the current directory is gone")?;
    let job = typed::job(order, config, &directory)?;
    let mut usual = Terms::default();
    if let Some(attempts) = args.attempts {
        usual.retry.attempts = attempts;
    }
    let request = Request {
        report: order.report.as_ref().map(|report| directory.join(report)),
        terms: typed::terms(&order.terms, usual),
        ..Request::of(uuid::Uuid::new_v4().to_string(), job)
    };
    Ok(Lot {
        compute: order.compute.as_ref().unwrap_or(&config.compute).clone(),
        requests: vec![request],
    })
}

/// What a trace calls them all: the file that they are from, or the one job.
fn called<'a>(args: &'a Submit, lots: &'a [Lot]) -> &'a str {
    let mut requests = lots.iter().flat_map(|lot| &lot.requests);
    match (&args.file, requests.next()) {
        (Some(file), _) => file,
        (None, Some(request)) => &request.name,
        (None, None) => "",
    }
}

/// Submits jobs, those of each compute all or none; what went out is in `accepted`, also when a later compute refuses.
async fn send(
    clients: &[Client],
    lots: Vec<Lot>,
    trace: &Trace,
    quiet: bool,
    accepted: &mut Vec<Accepted>,
) -> Result<(), DispatchError> {
    let environment = trace.environment();
    for (client, lot) in clients.iter().zip(lots) {
        let mut requests = lot.requests;
        for request in &mut requests {
            request.environment.clone_from(&environment);
        }
        let mut follower = Follower::new(quiet, false);
        let prepared = client
            .compute
            .prepare(&requests, &mut |event| follower.on(event))
            .await;
        follower.finish();
        prepared?;
        let ids = client.compute.submit(&requests).await?;
        accepted.extend(
            ids.into_iter()
                .zip(&requests)
                .map(|(id, request)| Accepted {
                    id,
                    name: request.name.clone(),
                    compute: client.name.clone(),
                    children: request.is_array().then_some(request.jobs.len()),
                }),
        );
    }
    Ok(())
}
