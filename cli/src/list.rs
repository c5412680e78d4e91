//! `ffbatch list`: jobs as a table, how many there are in which state, and what else is worth knowing.

use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::detail::{Filter, Listing};
use ffbatch_dispatcher::dispatch::DispatchError;
use ffbatch_dispatcher::exit::Exit;
use indicatif::HumanCount;
use serde_json::json;

use crate::args::List;
use crate::client::Client;
use crate::when::Clock;
use crate::{jobs, speak, table};

/// Lists jobs.
pub async fn run(config: Config, args: &List) -> anyhow::Result<Exit> {
    let client = Client::connect(config, args.asked.compute.as_deref())?;
    let parent = match &args.children {
        Some(text) => Some(client.one(text).await?.id),
        None => None,
    };
    let filter = Filter {
        states: args.states.clone(),
        name: args.name.clone(),
        since: args.since,
        parent,
        limit: (!args.all).then_some(args.limit),
    };
    let listing = client
        .compute
        .list(&filter)
        .await
        .map_err(DispatchError::from)?;
    if args.asked.json {
        speak::out(&format!("{:#}", json!(listing)));
    } else {
        let filtered = filter
            != Filter {
                limit: filter.limit,
                ..Filter::default()
            };
        speak::out(&drawn(&listing, filtered, &Clock::here(), table::width()));
    }
    Ok(Exit::Succeeded)
}

/// Draws a listing; of a filtered one it is not said that there are no jobs at all.
fn drawn(listing: &Listing, filtered: bool, clock: &Clock, width: Option<u16>) -> String {
    let all: u64 = listing.counts.values().sum();
    let mut lines = Vec::new();
    if all == 0 {
        lines.push(if filtered {
            "no job is like this (`ffbatch list` shows all)".to_owned()
        } else {
            "there are no jobs (`ffbatch submit -- ffmpeg -i in.mp4 out.mp4` makes one)".to_owned()
        });
    } else {
        if !listing.jobs.is_empty() {
            lines.push(jobs::drawn(&listing.jobs, clock, width));
            lines.push(String::new());
        }
        lines.push(total(all, listing));
    }
    lines.extend(listing.notes.iter().map(|note| format!("note: {note}")));
    lines.join("\n")
}

/// `1,204 jobs: 1,200 SUCCEEDED, 4 FAILED; the newest 50 are shown (--all shows all)`.
fn total(all: u64, listing: &Listing) -> String {
    let counts = jobs::counts(&listing.counts);
    let total = format!("{}: {counts}", jobs::several(all, "job"));
    let shown = listing.jobs.len() as u64;
    if shown < all {
        let shown = HumanCount(shown);
        format!("{total}; the newest {shown} are shown (--all shows all)")
    } else {
        total
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use ffbatch_dispatcher::state::State;
    use insta::assert_snapshot;

    use super::*;
    use crate::jobs::tests::{clock, some};

    fn shown(listing: &Listing, filtered: bool) -> String {
        drawn(listing, filtered, &clock(), Some(80))
    }

    #[test]
    fn a_listing_says_how_many_it_does_not_show() {
        let listing = Listing {
            jobs: some().split_off(3),
            counts: BTreeMap::from([
                (State::Pending, 1),
                (State::Runnable, 1),
                (State::Succeeded, 1200),
            ]),
            notes: vec!["nobody runs the queue at the moment".to_owned()],
        };
        assert_snapshot!(shown(&listing, false), @r"
        ID        NAME   STATE       AGE  TIME  ATTEMPT  WHY
        90000001         RUNNABLE  1 min              1
        a0000000  night  PENDING   1 min                 4 of 10 ended, 1 failed

        1,202 jobs: 1 PENDING, 1 RUNNABLE, 1,200 SUCCEEDED; the newest 2 are shown (--all shows all)
        note: nobody runs the queue at the moment
        ");
    }

    #[test]
    fn an_empty_listing_said_nothing() {
        let empty = Listing::default();
        assert_snapshot!(shown(&empty, false), @"there are no jobs (`ffbatch submit -- ffmpeg -i in.mp4 out.mp4` makes one)");
        assert_snapshot!(shown(&empty, true), @"no job is like this (`ffbatch list` shows all)");
    }
}
