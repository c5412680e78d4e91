//! Array jobs: their children, what needs them, and trying again what failed.

use ffbatch_dispatcher::detail::{Filter, JobSummary};
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::state::State;
use ffbatch_dispatcher::terms::{Dependency, DependencyKind};
use ffbatch_tests::clip::SHORT;

use crate::room::Room;

/// The children of an array, as they are listed.
#[track_caller]
fn children(room: &Room, parent: &str) -> Vec<JobSummary> {
    let filter = Filter {
        parent: Some(parent.to_owned()),
        ..Filter::default()
    };
    let listed = room.ask(room.compute.list(&filter));
    listed.expect("the children are listed").jobs
}

/// An array of three, and another one whose children each need one of the first.
pub fn three_and_three(room: &Room) {
    room.put(SHORT, "in.mp4");
    let first = [0, 1, 2].map(|n| format!("-i @in.mp4 -frames:v {} -c copy -an @a/{n}.mp4", n + 3));
    let second = [0, 1, 2].map(|n| format!("-i @a/{n}.mp4 -c copy @b/{n}.mkv"));
    let first = room.array("first", &first);
    let mut second = room.array("second", &second);
    second.terms.depends_on = vec![Dependency {
        job: first.id.clone(),
        kind: DependencyKind::NToN,
    }];
    let ids = room.submit(&[first.clone(), second.clone()]);
    let whole = room.describe(&ids[1]);
    assert_eq!(whole.commands, second.jobs[0].commands);
    let needed = room.describe(&format!("{}:2", ids[1])).depends_on;
    assert!(
        matches!(&needed[..], [one] if one.id.starts_with(&ids[0])),
        "{needed:#?}"
    );
    let ended = room.wait(&ids);
    for (id, summary) in ids.iter().zip(&ended) {
        assert_eq!(
            (&summary.id, summary.state),
            (id, State::Succeeded),
            "{:?}",
            summary.status_reason
        );
        assert_eq!(summary.array, Some([(State::Succeeded, 3)].into()));
        let expected = [0, 1, 2].map(|n| (format!("{id}:{n}"), State::Succeeded));
        let listed = children(room, id);
        let listed: Vec<_> = listed
            .into_iter()
            .map(|child| (child.id, child.state))
            .collect();
        assert_eq!(listed, expected);
    }
    for number in 0..3 {
        assert_eq!(room.frames(&format!("b/{number}.mkv")), number + 3);
    }
    let child = format!("{}:1", ids[0]);
    let detail = room.describe(&child);
    assert_eq!(detail.commands, first.jobs[1].commands);
    assert_eq!(detail.summary.array, None);
    assert_eq!(detail.attempts.len(), 1);
    let ended = room.ends(&child, Exit::Succeeded, "");
    assert_eq!(ended.report.expect("a report").job_id, child);
    let all = room.ask(room.compute.list(&Filter::default()));
    let all = all.expect("a list").jobs;
    let listed: Vec<&String> = all.iter().map(|job| &job.id).collect();
    assert_eq!(
        listed,
        ids.iter().collect::<Vec<_>>(),
        "children are listed"
    );
}

/// Of an array only what failed runs again.
pub fn again(room: &Room) {
    room.put(SHORT, "0.mp4");
    let jobs = [0, 1, 2].map(|n| format!("-i @{n}.mp4 -c copy @out/{n}.mkv"));
    let id = room.submit(&[room.array("three", &jobs)]).remove(0);
    let ended = room.wait(std::slice::from_ref(&id)).remove(0);
    assert_eq!(ended.state, State::Failed);
    let counts = [(State::Succeeded, 1), (State::Failed, 2)];
    assert_eq!(ended.array, Some(counts.into()));
    let exits: Vec<_> = children(room, &id).iter().map(|child| child.exit).collect();
    let failed = Some(Exit::Input);
    assert_eq!(exits, [Some(Exit::Succeeded), failed, failed]);
    room.ends(&id, Exit::Jobs, "");
    room.put(SHORT, "1.mp4");
    room.put(SHORT, "2.mp4");
    let new = room.ask(room.compute.resubmit(&id));
    let new = new.expect("it can be submitted again");
    let ended = room.wait(std::slice::from_ref(&new)).remove(0);
    assert_eq!(ended.array, Some([(State::Succeeded, 2)].into()));
    assert_eq!((ended.state, &*ended.name), (State::Succeeded, "three"));
    for number in 0..3 {
        assert!(room.has(&format!("out/{number}.mkv")), "{number}");
    }
    // A child can be tried again alone.
    let child = room.ask(room.compute.resubmit(&format!("{id}:1")));
    room.ends(&child.expect("it has ended"), Exit::Succeeded, "");
    let nothing = room.ask(room.compute.resubmit(&new));
    assert_eq!(nothing.expect_err("nothing failed").exit, Exit::Rejected);
}

/// More children than there are places.
pub fn twenty(room: &Room) {
    room.put(SHORT, "in.mp4");
    let jobs: Vec<String> = (0..20)
        .map(|n| format!("-i @in.mp4 -frames:v {} -c copy -an @out/{n}.mp4", n + 1))
        .collect();
    let id = room.submit(&[room.array("twenty", &jobs)]).remove(0);
    let ended = room.wait(std::slice::from_ref(&id)).remove(0);
    assert_eq!(ended.array, Some([(State::Succeeded, 20)].into()));
    let numbers = children(room, &id).into_iter().map(|child| child.id);
    let expected: Vec<String> = (0..20).map(|n| format!("{id}:{n}")).collect();
    assert_eq!(numbers.collect::<Vec<_>>(), expected);
    for number in [0, 10, 19] {
        assert_eq!(room.frames(&format!("out/{number}.mp4")), number + 1);
    }
}
