//! A table of jobs, as `list`, `status` and `wait` show it, and the words for where a job is.

use std::collections::BTreeMap;

use ffbatch_dispatcher::detail::JobSummary;
use ffbatch_dispatcher::state::State;
use indicatif::HumanCount;

use crate::ids::Ids;
use crate::table;
use crate::when::Clock;

/// The most characters of a name in a terminal.
const NAME: usize = 32;

/// Draws jobs as a table; `width` is that of the terminal, where there is one.
pub fn drawn(jobs: &[JobSummary], clock: &Clock, width: Option<u16>) -> String {
    let ids = Ids::of(jobs);
    let header = ["ID", "NAME", "STATE", "AGE", "TIME", "ATTEMPT", "WHY"];
    let mut table = table::plain(&header, &[3, 4, 5]);
    for job in jobs {
        let name = match width {
            Some(_) => table::shortened(&job.name, NAME),
            None => job.name.clone(),
        };
        table.add_row([
            ids.short(&job.id),
            name,
            job.state.to_string(),
            clock.age(job.created),
            taken(job, clock),
            count(job.attempt),
            why(job),
        ]);
    }
    table::fitted(&table, width)
}

/// How long the last attempt took, or takes until now; empty before.
pub fn taken(job: &JobSummary, clock: &Clock) -> String {
    let Some(started) = job.started else {
        return String::new();
    };
    // A job that waits for another attempt does nothing.
    if job.stopped.is_none() && !job.state.is_active() && job.array.is_none() {
        return String::new();
    }
    clock.taken(started, job.stopped)
}

/// Why a job is where it is, in one line; of an array job that has not ended first how far it is.
pub fn why(job: &JobSummary) -> String {
    let reason = job.status_reason.as_deref().map(table::one_line);
    // The reason of an array job that failed says already how many of its children did.
    let is_told = job.state.is_ended() && reason.is_some();
    let children = job.array.as_ref().filter(|_| !is_told).map(progress);
    let known: Vec<String> = [children, reason].into_iter().flatten().collect();
    known.join(": ")
}

/// `3 of 10 ended, 1 failed`.
fn progress(children: &BTreeMap<State, u32>) -> String {
    let all: u32 = children.values().sum();
    let of = |state| children.get(&state).copied().unwrap_or_default();
    let (succeeded, failed) = (of(State::Succeeded), of(State::Failed));
    let ended = format!(
        "{} of {} ended",
        HumanCount(u64::from(succeeded + failed)),
        HumanCount(u64::from(all))
    );
    if failed > 0 {
        format!("{ended}, {} failed", HumanCount(u64::from(failed)))
    } else {
        ended
    }
}

/// `8 SUCCEEDED, 1 FAILED`, in the order of a job's way.
pub fn counts<N: Copy + Into<u64>>(counts: &BTreeMap<State, N>) -> String {
    let some = counts.iter().filter(|(_, count)| (**count).into() > 0);
    let parts: Vec<String> = some
        .map(|(state, count)| format!("{} {state}", HumanCount((*count).into())))
        .collect();
    parts.join(", ")
}

/// `1 job`, `2 jobs`.
pub fn several(count: impl TryInto<u64>, thing: &str) -> String {
    match count.try_into().unwrap_or(u64::MAX) {
        1 => format!("1 {thing}"),
        many => format!("{} {thing}s", HumanCount(many)),
    }
}

fn count(number: u32) -> String {
    if number == 0 {
        String::new()
    } else {
        number.to_string()
    }
}

#[cfg(test)]
pub mod tests;
