//! Waits for many jobs: asks where they are until all have ended, or until somebody leaves them alone.

use std::collections::HashSet;
use std::pin::pin;

use ffbatch_dispatcher::compute::ComputeError;
use ffbatch_dispatcher::detail::{Filter, JobSummary};
use ffbatch_dispatcher::dispatch::{self, DispatchError};
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::state::State;
use futures_util::future::try_join_all;
use tokio::sync::mpsc;

use super::bar::{Bar, TICK};
use super::crowd::Crowd;
use super::leave::{self, REASON, Wish};
use super::{Group, Way, bring, json};
use crate::client::flag;
use crate::follower::Follower;
use crate::interrupt::Stops;
use crate::when::Clock;
use crate::{speak, table};

/// The children that are listed of an array job that failed.
const CHILDREN: usize = 20;

/// Waits for these jobs and tells how they ended.
pub async fn follow(groups: &[Group], way: Way) -> anyhow::Result<Exit> {
    let mut stops = Stops::listen()?;
    let mut crowd = Crowd::of(groups.iter().flat_map(|group| group.jobs.clone()).collect());
    let mut bar = Bar::new(way.json, way.verbose > 0);
    let exit = if watch(groups, &mut crowd, &mut bar, &mut stops).await? {
        crowd.exit(way.one)
    } else {
        Exit::Interrupted
    };
    bar.pause();
    if exit != Exit::Interrupted {
        collect(groups, &crowd, way, &mut stops).await?;
    }
    if way.json {
        json::print(&crowd, exit);
    } else if exit == Exit::Interrupted && !crowd.open().is_empty() {
        let flag = match groups {
            [group] => flag(&group.client.name),
            // Each of them has to be asked for its own jobs.
            _ => " --compute NAME".to_owned(),
        };
        speak::err(&leave::farewell(&crowd.open(), &flag));
    } else {
        let children = failed_children(groups, &crowd).await?;
        let clock = Clock::here();
        speak::out(&crowd.closing(&children, bar.elapsed(), &clock, table::width()));
    }
    Ok(exit)
}

/// Whether all have ended; otherwise somebody left them alone.
async fn watch(
    groups: &[Group],
    crowd: &mut Crowd,
    bar: &mut Bar,
    stops: &mut Stops,
) -> anyhow::Result<bool> {
    // The bar must stand still while a question is asked, so news wait here.
    let (send, mut news) = mpsc::unbounded_channel::<JobSummary>();
    let watched = groups.iter().map(|group| watch_one(group, send.clone()));
    let mut ended = pin!(try_join_all(watched));
    let mut ticks = tokio::time::interval(TICK);
    let ended = loop {
        tokio::select! {
            biased;
            stop = stops.next() => {
                bar.pause();
                let open = crowd.open();
                match leave::wish(stop, stops, open.len()).await {
                    Wish::GoOn => {}
                    Wish::Detach => return Ok(false),
                    Wish::Cancel => {
                        cancel(groups, &open).await?;
                        bar.say("stopping the jobs ...");
                    }
                }
                bar.resume();
            }
            Some(job) = news.recv() => learn(crowd, bar, job),
            ended = &mut ended => break ended,
            _ = ticks.tick() => bar.tick(crowd),
        }
    };
    while let Ok(job) = news.try_recv() {
        learn(crowd, bar, job);
    }
    ended.map_err(DispatchError::from)?;
    Ok(true)
}

/// Tells of each change in one group, until all in it have ended.
async fn watch_one(
    group: &Group,
    send: mpsc::UnboundedSender<JobSummary>,
) -> Result<(), ComputeError> {
    let ids: Vec<String> = group.jobs.iter().map(|job| job.id.clone()).collect();
    let mut on = |job: &JobSummary| {
        // The other end lives as long as whoever waits for this.
        let _ = send.send(job.clone());
    };
    dispatch::watch(group.client.compute.as_ref(), &ids, &mut on).await?;
    Ok(())
}

/// Brings what the jobs left that have succeeded, of array jobs the children.
async fn collect(
    groups: &[Group],
    crowd: &Crowd,
    way: Way,
    stops: &mut Stops,
) -> Result<(), DispatchError> {
    let left: HashSet<&str> = crowd
        .jobs()
        .filter(|job| job.state == State::Succeeded || job.array.is_some())
        .map(|job| job.id.as_str())
        .collect();
    for group in groups {
        let ids = group.jobs.iter().map(|job| &job.id);
        let ids: Vec<String> = ids
            .filter(|id| left.contains(id.as_str()))
            .cloned()
            .collect();
        let mut follower = Follower::new(way.json, false);
        bring(&group.client, &ids, &mut follower, stops).await?;
    }
    Ok(())
}

/// Cancels those that have not ended.
async fn cancel(groups: &[Group], open: &[String]) -> Result<(), DispatchError> {
    for group in groups {
        let here = group.jobs.iter().filter(|job| open.contains(&job.id));
        let ids: Vec<String> = here.map(|job| job.id.clone()).collect();
        if !ids.is_empty() {
            group.client.compute.cancel(&ids, REASON).await?;
        }
    }
    Ok(())
}

fn learn(crowd: &mut Crowd, bar: &Bar, job: JobSummary) {
    if job.state.is_ended() {
        bar.ended(crowd, &job);
    }
    crowd.learn(job);
}

/// Some of the children that failed, of array jobs.
async fn failed_children(
    groups: &[Group],
    crowd: &Crowd,
) -> Result<Vec<JobSummary>, DispatchError> {
    let mut children = Vec::new();
    let arrays = crowd
        .jobs()
        .filter(|job| job.state == State::Failed && job.array.is_some());
    for array in arrays {
        let room = CHILDREN.saturating_sub(children.len());
        let home = groups
            .iter()
            .find(|group| group.jobs.iter().any(|job| job.id == array.id));
        let Some(group) = home.filter(|_| room > 0) else {
            break;
        };
        let filter = Filter {
            states: vec![State::Failed],
            parent: Some(array.id.clone()),
            limit: Some(room),
            ..Filter::default()
        };
        children.extend(group.client.compute.list(&filter).await?.jobs);
    }
    Ok(children)
}
