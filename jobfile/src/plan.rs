//! What a job file comes to: jobs for computes, and which waits for which.

use std::collections::BTreeMap;

use ffbatch_dispatcher::compute::Request;
use ffbatch_dispatcher::job::Job;
use ffbatch_dispatcher::terms::{Dependency, DependencyKind, Terms};

/// The jobs of a file, in its order, but each after those that it needs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The jobs and array jobs.
    pub jobs: Vec<Planned>,
}

/// A job, or an array job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Where it runs.
    pub compute: String,
    /// What people call it; may be empty.
    pub name: String,
    /// What to do: one job, or the children of an array job in the order of their index.
    pub jobs: Vec<Job>,
    /// On which terms it is queued; its dependencies are in `needs`.
    pub terms: Terms,
    /// What has to succeed before, by index into [`Plan::jobs`]; always an earlier one on the same compute, or the job itself
    /// where the kind is [`DependencyKind::Sequential`].
    pub needs: Vec<(usize, DependencyKind)>,
}

impl Plan {
    /// The number of jobs, children counted one by one.
    pub fn len(&self) -> usize {
        self.jobs.iter().map(|one| one.jobs.len()).sum()
    }

    /// Whether there is nothing to do.
    pub const fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// The plan as requests with the names of their computes, in its order; each gets an id, and its needs name ids.
    pub fn requests(self, mut new_id: impl FnMut() -> String) -> Vec<(String, Request)> {
        let mut ids: Vec<String> = Vec::with_capacity(self.jobs.len());
        let mut requests = Vec::with_capacity(self.jobs.len());
        for planned in self.jobs {
            let id = new_id();
            let needs = planned.needs.iter().map(|(index, kind)| Dependency {
                job: match kind {
                    DependencyKind::Sequential => String::new(),
                    _ => ids.get(*index).cloned().unwrap_or_default(),
                },
                kind: *kind,
            });
            let terms = Terms {
                depends_on: needs.collect(),
                ..planned.terms
            };
            ids.push(id.clone());
            let request = Request {
                id,
                name: planned.name,
                jobs: planned.jobs,
                terms,
                report: None,
                environment: BTreeMap::new(),
            };
            requests.push((planned.compute, request));
        }
        requests
    }
}
