//! Listing and finding jobs of the family's queues, that of jobs which own an instance included: `ListJobs`, in pages.

use aws_sdk_batch::operation::list_jobs::builders::ListJobsFluentBuilder;
use aws_sdk_batch::types::{JobStatus, KeyValuesPair};
use ffbatch_dispatcher::compute::ComputeError;
use ffbatch_dispatcher::detail::{Filter, JobSummary, Listing};
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::settings::Settings;
use ffbatch_dispatcher::state::State;
use ffbatch_dispatcher::terms::ARRAY_SIZES;
use jiff::Timestamp;

use super::client::Client;
use super::{ask, form, summary};

/// The most jobs of one page (AWS Batch API Reference, `ListJobs`).
const PAGE: i32 = 100;

/// So many jobs are looked at, the newest ones: 100 calls.
const MOST: usize = 10_000;

/// The filters of `ListJobs` for jobs of a name and for those that were submitted after a moment, in milliseconds.
const NAME: &str = "JOB_NAME";
const SINCE: &str = "AFTER_CREATED_AT";

/// The fewest characters of an id that mean a job.
const SHORTEST: usize = 4;

/// The jobs of a filter.
pub async fn list(
    client: &Client,
    settings: &Settings,
    filter: &Filter,
) -> Result<Listing, ComputeError> {
    let named = filter.name.as_deref().map(Pattern::of);
    let (all, more) = match &filter.parent {
        Some(parent) => (children(client, parent).await?, false),
        None => filtered(client, settings, SINCE, &since(filter).to_string()).await?,
    };
    let mut listing = Listing::default();
    let fits = |job: &JobSummary| {
        (filter.states.is_empty() || filter.states.contains(&job.state))
            && named.as_ref().is_none_or(|name| name.fits(&job.name))
            && filter.since.is_none_or(|since| job.created >= since)
    };
    let mut jobs: Vec<JobSummary> = all.into_iter().filter(fits).collect();
    for job in &jobs {
        *listing.counts.entry(job.state).or_default() += 1;
    }
    jobs.sort_by(|a, b| place(a).cmp(&place(b)));
    if let Some(limit) = filter.limit {
        jobs.drain(..jobs.len().saturating_sub(limit));
    }
    listing.jobs = completed(client, jobs).await?;
    if more {
        listing.notes.push(format!(
            "the queue has more jobs; only the newest {MOST} were looked at (narrow it with --since)"
        ));
    }
    Ok(listing)
}

/// The jobs that a text may mean.
pub async fn find(
    client: &Client,
    settings: &Settings,
    text: &str,
) -> Result<Vec<JobSummary>, ComputeError> {
    let parent = text.split(':').next().unwrap_or_default();
    if uuid::Uuid::try_parse(parent).is_ok() {
        let mut known = ask::known(client, &[text.to_owned()]).await?;
        return known
            .remove(text)
            .map(|job| summary::of(&job))
            .into_iter()
            .collect();
    }
    let short = form::fitting_name(text);
    if !short.is_empty() {
        let (named, _) = filtered(client, settings, NAME, &short).await?;
        let mut named = completed(client, named).await?;
        named.retain(|job| job.name == text);
        if !named.is_empty() {
            return Ok(named);
        }
    }
    let is_id = |c: char| c.is_ascii_hexdigit() || matches!(c, '-' | ':');
    if text.len() < SHORTEST || !text.chars().all(is_id) {
        return Ok(Vec::new());
    }
    let (all, _) = filtered(client, settings, SINCE, "0").await?;
    let (beginning, child) = text.split_once(':').unwrap_or((text, ""));
    let begun: Vec<JobSummary> = all
        .into_iter()
        .filter(|job| job.id.starts_with(beginning))
        .collect();
    match (&begun[..], child) {
        ([job], child) if !child.is_empty() => {
            let id = format!("{}:{child}", job.id);
            let mut known = ask::known(client, std::slice::from_ref(&id)).await?;
            let found = known.remove(&id).map(|job| summary::of(&job));
            found.into_iter().collect()
        }
        _ => completed(client, begun).await,
    }
}

/// Listed jobs with what a listing does not say: the whole name, the attempts, the children.
async fn completed(
    client: &Client,
    jobs: Vec<JobSummary>,
) -> Result<Vec<JobSummary>, ComputeError> {
    let ids: Vec<String> = jobs.iter().map(|job| job.id.clone()).collect();
    let known = ask::known(client, &ids).await?;
    let complete = |job: JobSummary| match known.get(&job.id).map(summary::of) {
        Some(Ok(whole)) => JobSummary {
            name: whole.name,
            attempt: whole.attempt,
            array: whole.array,
            ..job
        },
        _ => job,
    };
    Ok(jobs.into_iter().map(complete).collect())
}

/// The jobs of the family's queues that a filter lets pass, those of each queue the newest first, and whether there are more.
async fn filtered(
    client: &Client,
    settings: &Settings,
    filter: &str,
    value: &str,
) -> Result<(Vec<JobSummary>, bool), ComputeError> {
    let family = &settings.family;
    let (mut jobs, mut more) = of_queue(client, &family.job_queue, filter, value, MOST).await?;
    if !family.launch.is_fargate() {
        match of_queue(client, &family.pinned_queue(), filter, value, MOST).await {
            Ok((own, own_more)) => {
                jobs.extend(own);
                more |= own_more;
            }
            // An installation of AWS's sample has no such queue, and there is nothing else that can be wrong with this call.
            Err(error) if error.exit == Exit::Rejected => (),
            Err(error) => return Err(error),
        }
    }
    Ok((jobs, more))
}

/// The jobs of this name in a queue, at most the newest hundred.
pub async fn newest_named(
    client: &Client,
    queue: &str,
    name: &str,
) -> Result<Vec<JobSummary>, ComputeError> {
    let (jobs, _) = of_queue(client, queue, NAME, name, 1).await?;
    Ok(jobs)
}

/// The jobs of a queue that a filter lets pass, whole pages until there are `most`, and whether there are more.
async fn of_queue(
    client: &Client,
    queue: &str,
    filter: &str,
    value: &str,
    most: usize,
) -> Result<(Vec<JobSummary>, bool), ComputeError> {
    // With a filter jobs in every state come, the newest first (`ListJobs`, `filters`).
    let filter = KeyValuesPair::builder().name(filter).values(value).build();
    let call = client.batch.list_jobs().job_queue(queue).filters(filter);
    drained(client, call, most).await
}

/// What a listing lists, whole pages until there are `most` jobs, and whether there are more.
async fn drained(
    client: &Client,
    call: ListJobsFluentBuilder,
    most: usize,
) -> Result<(Vec<JobSummary>, bool), ComputeError> {
    let mut pages = call.max_results(PAGE).into_paginator().send();
    let mut jobs = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| client.refused("the jobs cannot be listed", &error))?;
        for job in page.job_summary_list() {
            jobs.push(summary::listed(job)?);
        }
        if jobs.len() >= most {
            return Ok((jobs, true));
        }
    }
    Ok((jobs, false))
}

/// The children of an array job in every state.
pub async fn children(client: &Client, parent: &str) -> Result<Vec<JobSummary>, ComputeError> {
    let mut jobs = Vec::new();
    for state in State::ALL {
        let call = client.batch.list_jobs().array_job_id(parent);
        let call = call.job_status(JobStatus::from(state.name()));
        jobs.extend(drained(client, call, *ARRAY_SIZES.end()).await?.0);
    }
    jobs.sort_by_key(|job| index(&job.id));
    Ok(jobs)
}

/// Where a job stands in a listing: by its submission, children of one array by their numbers.
fn place(job: &JobSummary) -> (Timestamp, &str, u64) {
    let parent = job.id.split(':').next().unwrap_or_default();
    (job.created, parent, index(&job.id))
}

/// The number of a child.
pub fn index(id: &str) -> u64 {
    let index = id
        .rsplit_once(':')
        .and_then(|(_, index)| index.parse().ok());
    index.unwrap_or_default()
}

fn since(filter: &Filter) -> i64 {
    filter
        .since
        .map_or(0, |since| since.as_millisecond().saturating_sub(1))
}

/// A pattern of names, also in the form in which AWS Batch takes names.
struct Pattern<'a> {
    whole: &'a str,
    short: String,
}

impl<'a> Pattern<'a> {
    fn of(whole: &'a str) -> Self {
        // What follows a `*` is never the beginning of a name.
        let (front, rest) = whole.split_at(whole.find('*').unwrap_or(whole.len()));
        let mut parts: Vec<String> = rest.split('*').map(form::fitting).collect();
        parts[0] = form::fitting_name(front);
        Self {
            whole,
            short: parts.join("*"),
        }
    }

    fn fits(&self, name: &str) -> bool {
        matches(self.whole, name) || matches(&self.short, name)
    }
}

/// Whether a name fits a pattern in which `*` stands for anything.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((beginning, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(mut left) = name.strip_prefix(beginning) else {
        return false;
    };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let end = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = left.find(part) else {
            return false;
        };
        left = &left[at + part.len()..];
    }
    left.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_their_patterns() {
        for (pattern, name, expected) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("a*", "ab", true),
            ("*b", "ab", true),
            ("a*c*e", "abcde", true),
            ("a*d*c", "abcde", false),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
        assert!(Pattern::of("a b*").fits("a_b_c"));
        assert!(Pattern::of("-a*b").fits("x-a_b"));
        assert!(Pattern::of("*b").fits("x-b"));
        assert!(!Pattern::of("b*").fits("x-b"));
    }
}
