//! The ids of jobs that were accepted: alone in a pipe, so that `id=$(ffbatch submit ...)` works, with names on a terminal.

use std::io::{IsTerminal, stdout};

use ffbatch_dispatcher::dispatch::DispatchError;
use ffbatch_dispatcher::exit::Exit;
use indicatif::HumanCount;
use serde_json::{Value, json};

use crate::client::flag;
use crate::{jobs, speak};

/// How many ids are named beside an error.
const NAMED: usize = 5;

/// A job that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Its id.
    pub id: String,
    /// Its name; may be empty.
    pub name: String,
    /// The compute that has it.
    pub compute: String,
    /// How many children it has; of an array job only.
    pub children: Option<usize>,
}

/// Prints the ids, and for people how to go on.
pub fn print(accepted: &[Accepted], as_json: bool) {
    if as_json {
        speak::out(&format!("{:#}", object(accepted)));
        return;
    }
    ids(accepted);
    speak::err(&hint(accepted));
}

/// Prints the ids alone.
pub fn ids(accepted: &[Accepted]) {
    let named = stdout().is_terminal();
    for job in accepted {
        speak::out(&line(job, named));
    }
}

/// The error of a job that was refused after others had gone out: these stay out, and are said.
pub fn before(accepted: &[Accepted], error: DispatchError, as_json: bool) -> anyhow::Error {
    let error = anyhow::Error::from(error);
    if accepted.is_empty() {
        return error;
    }
    if !as_json {
        ids(accepted);
    }
    // Where the ids stand above, a few of them tell which are meant.
    let named = if as_json { accepted.len() } else { NAMED };
    let mut out: Vec<String> = accepted
        .iter()
        .take(named)
        .map(|job| format!("`{}`", job.id))
        .collect();
    if accepted.len() > named {
        let more = HumanCount((accepted.len() - named) as u64);
        out.push(format!("{more} more"));
    }
    let was = if accepted.len() == 1 { "was" } else { "were" };
    error.context(format!(
        "{} {was} submitted, then one was refused",
        out.join(", ")
    ))
}

fn object(accepted: &[Accepted]) -> Value {
    let jobs: Vec<Value> = accepted
        .iter()
        .map(|job| json!({ "id": job.id, "name": job.name, "compute": job.compute, "children": job.children }))
        .collect();
    let exit = Exit::Succeeded;
    json!({ "jobs": jobs, "exit": exit, "code": exit.code() })
}

fn line(job: &Accepted, named: bool) -> String {
    let children = job
        .children
        .map(|count| format!("({count} children)"))
        .unwrap_or_default();
    if named {
        let line = format!("{}  {} {children}", job.id, job.name);
        line.trim_end().to_owned()
    } else {
        job.id.clone()
    }
}

/// How to wait for them.
fn hint(accepted: &[Accepted]) -> String {
    let submitted = jobs::several(accepted.len(), "job");
    if let [job] = accepted {
        return format!(
            "{submitted} submitted (`ffbatch wait {}{}` waits for its end)",
            job.id,
            flag(&job.compute)
        );
    }
    let mut computes: Vec<&str> = accepted.iter().map(|job| &job.compute[..]).collect();
    computes.dedup();
    let waits: Vec<String> = computes
        .into_iter()
        .map(|compute| format!("`ffbatch wait --all{}`", flag(compute)))
        .collect();
    format!(
        "{submitted} submitted ({} waits for their end)",
        waits.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_to_wait_did_not_say_where() {
        let job = |compute: &str| Accepted {
            id: "a".into(),
            name: String::new(),
            compute: compute.into(),
            children: None,
        };
        assert_eq!(
            hint(&[job("arm")]),
            "1 job submitted (`ffbatch wait a --compute arm` waits for its end)"
        );
        assert_eq!(
            hint(&[job("local"), job("local"), job("arm")]),
            "3 jobs submitted (`ffbatch wait --all`, `ffbatch wait --all --compute arm` waits for their end)"
        );
    }

    #[test]
    fn a_pipe_got_more_than_the_id() {
        let job = Accepted {
            id: "3f2a".into(),
            name: "night".into(),
            compute: "local".into(),
            children: Some(10),
        };
        assert_eq!(line(&job, false), "3f2a");
        assert_eq!(line(&job, true), "3f2a  night (10 children)");
        let plain = Accepted {
            name: String::new(),
            children: None,
            ..job
        };
        assert_eq!(line(&plain, true), "3f2a");
    }
}
