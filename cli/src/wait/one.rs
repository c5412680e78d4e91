//! Waits for one job: its progress while it runs, its tables in the end.

use std::path::Path;
use std::pin::pin;

use ffbatch_dispatcher::dispatch::DispatchError;
use ffbatch_dispatcher::event::Event;
use ffbatch_dispatcher::exit::Exit;
use tokio::sync::mpsc;

use super::bring;
use super::leave::{self, REASON, Wish};
use crate::client::{Client, flag};
use crate::follower::Follower;
use crate::interrupt::Stops;
use crate::{outcome, speak};

/// Follows a job to its end, or until somebody leaves it alone.
pub async fn follow(
    client: &Client,
    job: &str,
    directory: &Path,
    verbose: u8,
) -> anyhow::Result<Exit> {
    let mut stops = Stops::listen()?;
    let mut follower = Follower::new(false, verbose > 0);
    // The bar must stand still while a question is asked, so events wait here.
    let (send, mut events) = mpsc::unbounded_channel::<Event>();
    let mut on = move |event| {
        // The other end lives as long as this function.
        let _ = send.send(event);
    };
    let mut ended = pin!(client.compute.follow(job, &mut on));
    let ended = loop {
        tokio::select! {
            biased;
            stop = stops.next() => {
                follower.finish();
                match leave::wish(stop, &mut stops, 1).await {
                    Wish::GoOn => {}
                    Wish::Detach => {
                        speak::err(&leave::farewell(&[job.to_owned()], &flag(&client.name)));
                        return Ok(Exit::Interrupted);
                    }
                    Wish::Cancel => {
                        let asked = client.compute.cancel(&[job.to_owned()], REASON).await;
                        asked.map_err(DispatchError::from)?;
                        speak::err("stopping the job ...");
                    }
                }
                follower.resume();
            }
            Some(event) = events.recv() => follower.on(event),
            ended = &mut ended => break ended,
        }
    };
    while let Ok(event) = events.try_recv() {
        follower.on(event);
    }
    follower.finish();
    let mut ended = ended.map_err(DispatchError::from)?;
    if ended.exit == Exit::Succeeded {
        let jobs = [job.to_owned()];
        let brought = bring(client, &jobs, &mut follower, &mut stops).await?;
        ended.relocate(&brought);
    }
    // With `-v` ffmpeg's lines have been seen already.
    outcome::print(&ended, directory, verbose == 0);
    Ok(ended.exit)
}
