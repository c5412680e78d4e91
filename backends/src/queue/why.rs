//! Why a job is where it is, in whole sentences.

use ffbatch_dispatcher::compute::ComputeError;
use ffbatch_dispatcher::detail::{JobDetail, Listing, Needed};
use ffbatch_dispatcher::state::State;
use ffbatch_dispatcher::terms::Terms;

use super::settings::{Settings, USUAL_VCPUS};
use super::store::Store;
use super::store::prune::KEPT;
use super::{Kind, bell};

/// How many jobs are named.
const NAMED: usize = 3;

/// What a job waits for, or why it ended so.
pub fn explain(
    store: &Store,
    job: &JobDetail,
    settings: Settings,
) -> Result<Vec<String>, ComputeError> {
    let summary = &job.summary;
    let mut why = Vec::new();
    match summary.state {
        State::Submitted => why.push("it was accepted a moment ago".to_owned()),
        State::Pending if summary.array.is_some() => {
            why.push("it ends when the last of its children has".to_owned());
        }
        State::Pending => why.push(format!("it waits for {}", needed(&job.depends_on))),
        State::Runnable => {
            if let Some(reason) = &summary.status_reason {
                why.push(format!(
                    "attempt {} ended, and another one follows: {reason}",
                    summary.attempt
                ));
            }
            why.push(place(store, job, settings)?);
        }
        State::Starting => why.push("its worker is being started".to_owned()),
        State::Running if summary.status_reason.is_some() => {
            why.push(format!(
                "it was asked to stop: {}",
                summary.status_reason.clone().unwrap_or_default()
            ));
        }
        State::Running => why.push(format!("attempt {} runs", summary.attempt)),
        State::Succeeded => why.push("it has succeeded".to_owned()),
        State::Failed => {
            let reason = summary
                .status_reason
                .clone()
                .unwrap_or_else(|| "nobody knows why".to_owned());
            why.push(reason);
            let failed: Vec<Needed> = job
                .depends_on
                .iter()
                .filter(|need| need.state == State::Failed)
                .cloned()
                .collect();
            if !failed.is_empty() {
                why.push(format!("what failed is {}", needed(&failed)));
            }
        }
    }
    let waits = matches!(summary.state, State::Pending | State::Runnable);
    if waits && !bell::ring(store.place())? {
        why.push(NOBODY.to_owned());
    }
    Ok(why)
}

/// What is said where jobs wait and nobody runs them.
const NOBODY: &str = "nobody runs the queue at the moment (`ffbatch wait` or the next `ffbatch submit` starts it, `ffbatch agent` keeps it running)";

/// What else a listing tells.
pub fn notes(
    store: &Store,
    listing: &Listing,
    kind: &dyn Kind,
    settings: Settings,
) -> Result<Vec<String>, ComputeError> {
    let mut notes = Vec::new();
    let open = listing
        .counts
        .iter()
        .any(|(state, count)| !state.is_ended() && *count > 0);
    if open && !bell::ring(store.place())? {
        notes.push(NOBODY.to_owned());
    }
    let pruned = store.pruned()?;
    if pruned > 0 {
        let rule = if settings.keep_days == 0 {
            "now nothing is taken out any more: `keep_days` is 0".to_owned()
        } else {
            format!(
                "jobs leave {} days after their end, all but the newest {KEPT} (`keep_days` in the section `backends.{}`; 0 keeps all); reports and results stay",
                settings.keep_days,
                kind.compute()
            )
        };
        notes.push(format!("{pruned} old jobs have left the queue; {rule}"));
    }
    Ok(notes)
}

fn needed(jobs: &[Needed]) -> String {
    let open: Vec<&Needed> = jobs
        .iter()
        .filter(|job| job.state != State::Succeeded)
        .collect();
    let mut names: Vec<String> = open
        .iter()
        .take(NAMED)
        .map(|job| {
            let name = if job.name.is_empty() {
                &job.id
            } else {
                &job.name
            };
            format!("job `{name}` ({})", job.state)
        })
        .collect();
    if open.len() > NAMED {
        names.push(format!("{} more", open.len() - NAMED));
    }
    names.join(", ")
}

/// What a job waits for that could run.
fn place(store: &Store, job: &JobDetail, settings: Settings) -> Result<String, ComputeError> {
    let (running, before) = (store.running()?, store.before(&job.summary.id)?);
    Ok(turn(before, running, &job.terms, settings))
}

/// `3 jobs come before it; 2 run now; it asks for 4 of the 8 vCPUs of the queue`.
fn turn(before: u64, running: u64, terms: &Terms, settings: Settings) -> String {
    let next = before == 0;
    let place = match before {
        0 => "it is the next to run".to_owned(),
        1 => "1 job comes before it".to_owned(),
        many => format!("{many} jobs come before it"),
    };
    let now = match (running, next) {
        (0, _) => None,
        (1, true) => Some("1 job runs now".to_owned()),
        (1, false) => Some("1 runs now".to_owned()),
        (many, true) => Some(format!("{many} jobs run now")),
        (many, false) => Some(format!("{many} run now")),
    };
    let vcpus = terms
        .vcpus
        .filter(|vcpus| *vcpus > USUAL_VCPUS)
        .map(|vcpus| format!("{vcpus} of the {} vCPUs", settings.vcpus));
    let memory = terms
        .memory_mib
        .map(|memory| format!("{memory} of the {} MiB", settings.memory_mib));
    let asked: Vec<String> = [vcpus, memory].into_iter().flatten().collect();
    let asked =
        (!asked.is_empty()).then(|| format!("it asks for {} of the queue", asked.join(" and ")));
    let parts: Vec<String> = [Some(place), now, asked].into_iter().flatten().collect();
    parts.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(before: u64, running: u64, terms: &Terms, expected: &str) {
        let settings = Settings {
            vcpus: 8,
            memory_mib: 16_000,
            keep_days: 30,
        };
        assert_eq!(turn(before, running, terms, settings), expected);
    }

    #[test]
    fn a_turn_was_told_in_numbers_that_nobody_asked_for() {
        let usual = Terms {
            vcpus: Some(1),
            ..Terms::default()
        };
        check(0, 0, &usual, "it is the next to run");
        check(0, 2, &usual, "it is the next to run; 2 jobs run now");
        check(1, 1, &usual, "1 job comes before it; 1 runs now");
        check(3, 2, &usual, "3 jobs come before it; 2 run now");
        let large = Terms {
            vcpus: Some(4),
            memory_mib: Some(2000),
            ..Terms::default()
        };
        check(
            0,
            1,
            &large,
            "it is the next to run; 1 job runs now; it asks for 4 of the 8 vCPUs and 2000 of the 16000 MiB of the queue",
        );
    }
}
