//! `GET /jobs`: the jobs of all computes that are served, the newest first.

#![expect(
    unused_qualifications,
    reason = "the macro that describes a route writes them"
)]

use std::cmp::Reverse;
use std::collections::BTreeMap;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use ffbatch_dispatcher::chain::chain;
use ffbatch_dispatcher::detail::Filter;
use ffbatch_dispatcher::state::State as JobState;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::view::Job;
use crate::answer::{Closed, Failed, Refusal, Wrong};
use crate::app::App;

/// So many jobs are listed where nobody says.
const USUAL: usize = 100;

/// The most jobs in one answer.
const MOST: usize = 1000;

/// Which jobs.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// Only those in one of these states, with commas between them
    status: Option<String>,
    /// Only those of this name; `*` stands for anything
    name: Option<String>,
    /// Only those of this compute
    compute: Option<String>,
    /// Only the children of this array job
    parent: Option<String>,
    /// So many at most, the newest
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
}

/// Jobs.
#[derive(Debug, Serialize, ToSchema)]
pub struct Listed {
    /// The newest first
    jobs: Vec<Job>,
    /// How many there are in which state, listed or not
    counts: BTreeMap<String, u64>,
    /// What else is worth knowing
    notes: Vec<String>,
    /// The computes whose jobs are not here, and why
    missing: BTreeMap<String, String>,
}

/// List jobs
#[utoipa::path(
    get,
    path = "/jobs",
    params(Asked),
    responses(
        (status = 200, description = "Jobs, the newest first", body = Listed),
        Wrong,
        Closed,
        Failed,
    )
)]
pub async fn list(
    State(app): State<App>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Listed>, Refusal> {
    let Query(asked) = asked.map_err(|error| Refusal::wrong(error.body_text()))?;
    let limit = asked.limit.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) {
        return Err(Refusal::wrong(format!(
            "`limit` is {limit} (1 to {MOST} are possible)"
        )));
    }
    let filter = Filter {
        states: states(asked.status.as_deref())?,
        name: asked.name,
        parent: asked.parent,
        limit: Some(limit),
        ..Filter::default()
    };
    if let Some(name) = &asked.compute {
        app.compute(name)?;
    }
    let mut found = Listed {
        jobs: Vec::new(),
        counts: BTreeMap::new(),
        notes: Vec::new(),
        missing: BTreeMap::new(),
    };
    let mut all = Vec::new();
    for (name, compute) in app.computes() {
        if asked
            .compute
            .as_deref()
            .is_some_and(|wanted| wanted != name)
        {
            continue;
        }
        let listing = match compute.list(&filter).await {
            Ok(listing) => listing,
            // Who asks for this one alone is told so; else the others have their jobs all the same.
            Err(error) if asked.compute.is_some() => return Err(error.into()),
            Err(error) => {
                found.missing.insert(name.to_owned(), chain(&error));
                continue;
            }
        };
        for (state, count) in listing.counts {
            *found.counts.entry(state.to_string()).or_default() += count;
        }
        found.notes.extend(listing.notes);
        all.extend(listing.jobs.into_iter().map(|job| (name, job)));
    }
    all.sort_by_key(|(_, job)| Reverse(job.created));
    all.truncate(limit);
    found.jobs = all.iter().map(|(name, job)| Job::of(name, job)).collect();
    Ok(Json(found))
}

fn states(text: Option<&str>) -> Result<Vec<JobState>, Refusal> {
    let names = text.into_iter().flat_map(|text| text.split(','));
    names
        .map(|name| {
            let found = JobState::ALL
                .into_iter()
                .find(|state| state.to_string() == name);
            found.ok_or_else(|| {
                let known: Vec<String> = JobState::ALL.iter().map(ToString::to_string).collect();
                Refusal::wrong(format!(
                    "`{name}` is no state of a job (known: {})",
                    known.join(", ")
                ))
            })
        })
        .collect()
}
