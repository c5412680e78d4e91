use ffbatch_dispatcher::command::Command;
use ffbatch_dispatcher::compute::Request;
use ffbatch_dispatcher::detail::Filter;
use ffbatch_dispatcher::job::Job;
use ffbatch_dispatcher::terms::{Dependency, DependencyKind, Terms};
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

use super::attempts::Ended;
use super::*;
use crate::queue::environment::Environment;
use crate::queue::process::Moment;
use crate::queue::runner::capacity::Capacity;
use crate::queue::settings::Settings;

mod again;
mod asking;
mod files;
mod waiting;

const SETTINGS: Settings = Settings {
    vcpus: 4,
    memory_mib: 1000,
    keep_days: 30,
};

/// A queue of its own.
struct Queue {
    store: Store,
    directory: TempDir,
}

impl Queue {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let place = Place::at(directory.path().join("queue"));
        Self {
            store: {
                let store = Store::open(&place).expect("a new queue");
                store.relax().expect("a setting");
                store
            },
            directory,
        }
    }

    fn place(&self) -> Place {
        Place::at(self.directory.path().join("queue"))
    }

    fn submit(&mut self, requests: &[Request]) -> Result<Vec<String>, ComputeError> {
        let environment = Environment {
            worker: "/w".into(),
            directory: "/".into(),
            variables: vec![("A".into(), "b".into())],
        };
        self.store.submit(requests, &environment, Timestamp::now())
    }

    #[track_caller]
    fn take(&mut self, requests: &[Request]) {
        self.submit(requests).expect("accepted");
    }

    /// Runs the next job, and lets it end so.
    #[track_caller]
    fn run(&mut self, exit: Exit) -> String {
        let next = self
            .store
            .next(1)
            .expect("asked")
            .pop()
            .expect("a job can run");
        self.turn(&[], 1);
        self.turn(&[(next.seq, ended(exit))], 0);
        next.id
    }

    /// Notes ends, and lets as many jobs begin as there are processors.
    #[track_caller]
    fn turn(&mut self, ended: &[(i64, Ended)], vcpus: u32) -> usize {
        let free = Capacity::beside(Settings { vcpus, ..SETTINGS }, std::iter::empty());
        let begun = self
            .store
            .turn(&[], ended, free, &Moment::now(), Timestamp::now());
        begun.expect("noted").len()
    }

    #[track_caller]
    fn check(&self, expected: &[(&str, State)]) {
        for (id, state) in expected {
            let job = self.store.summary(id).expect("known");
            assert_eq!(job.state, *state, "{id}: {job:?}");
        }
    }
}

fn ended(exit: Exit) -> Ended {
    Ended {
        began: true,
        code: Some(i32::from(exit.code())),
        exit,
        reason: (exit != Exit::Succeeded).then(|| exit.meaning().to_owned()),
        status_reason: None,
        report_at: None,
    }
}

fn request(id: &str, children: usize, needs: &[(&str, DependencyKind)]) -> Request {
    let job = Job::of(vec![Command::new(["-i", "a.mp4", "b.mp4"])]);
    let mut request = Request::of(id.to_owned(), job.clone());
    request.name = format!("name of {id}");
    request.jobs = vec![job; children];
    request.terms.depends_on = needs
        .iter()
        .map(|(job, kind)| Dependency {
            job: (*job).to_owned(),
            kind: *kind,
        })
        .collect();
    request
}

const WHOLE: DependencyKind = DependencyKind::Whole;
