//! Jobs that do not succeed.

use ffbatch_dispatcher::compute::ComputeError;
use ffbatch_dispatcher::detail::Filter;
use ffbatch_dispatcher::dispatch::{self, DispatchError};
use ffbatch_dispatcher::event::Event;
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::state::State;
use ffbatch_tests::clip::{LONG, SHORT};
use ffbatch_tests::sandbox::until;

use crate::room::{Room, uuid};

/// A failure has the worker's exit code and sentence, and nothing is published.
pub fn failures(room: &Room) {
    room.put(SHORT, "in.mp4");
    let broken = room.submit_one("broken", "-i @in.mp4 -vf nosuchfilter @out.mp4");
    let missing = room.submit_one("missing", "-i @missing.mp4 @out.mp4");
    let wrong = room.request("wrong", "-i @in.mp4");
    let refused = room.ask(dispatch::submit(
        room.compute.as_ref(),
        std::slice::from_ref(&wrong),
    ));
    assert!(matches!(refused, Err(DispatchError::OneJob { .. })));
    let ended = room.ends(&broken, Exit::Ffmpeg, "nosuchfilter");
    let report = ended.report.expect("the report is read back");
    assert_eq!(report.exit, Exit::Ffmpeg);
    room.ends(&missing, Exit::Input, "missing.mp4");
    for (id, exit) in [(&broken, Exit::Ffmpeg), (&missing, Exit::Input)] {
        let detail = room.describe(id);
        let summary = detail.summary;
        assert_eq!((summary.state, summary.exit), (State::Failed, Some(exit)));
        assert!(summary.status_reason.is_some());
        let code = detail.attempts[0].exit_code;
        assert_eq!(code, Some(i32::from(exit.code())));
        // A failure of the job itself is not tried again.
        assert_eq!(detail.attempts.len(), 1);
        assert_ne!(detail.why, Vec::<String>::new());
    }
    // One that nobody has checked is refused by the worker.
    let wrong = room.submit(&[wrong]).remove(0);
    room.ends(&wrong, Exit::Rejected, "");
    assert!(!room.has("out.mp4"));
}

/// A job that runs stops when it is asked to, and shows why.
pub fn cancelled(room: &Room) {
    room.put(LONG, "in.mp4");
    let words = "-re -i @in.mp4 -c:v libx264 -preset ultrafast -an @out.mp4";
    let id = room.submit_one("slow", words);
    until_it_encodes(room, &id);
    assert_eq!(room.describe(&id).summary.state, State::Running);
    let early = room.ask(room.compute.resubmit(&id));
    assert_eq!(
        early.expect_err("it has not ended").exit,
        Exit::Rejected,
        "a running job was submitted again"
    );
    let cancel = |reason: &str| room.ask(room.compute.cancel(std::slice::from_ref(&id), reason));
    cancel("no longer wanted").expect("it can be cancelled");
    let ended = room.ends(&id, Exit::Interrupted, "");
    assert!(ended.error.is_some());
    let detail = room.describe(&id);
    assert_eq!(detail.summary.state, State::Failed);
    assert_eq!(
        detail.summary.status_reason.as_deref(),
        Some("no longer wanted")
    );
    assert_eq!(detail.attempts.len(), 1);
    cancel("too late").expect("that is no error");
    assert_eq!(
        room.describe(&id).summary.status_reason,
        detail.summary.status_reason
    );
    assert!(!room.has("out.mp4"));
}

/// Waits until ffmpeg works in a job.
#[track_caller]
fn until_it_encodes(room: &Room, id: &str) {
    let encodes =
        |event: &Event| matches!(event, Event::Progress(progress) if progress.frame > Some(0));
    until("ffmpeg works", || room.events(id, None).iter().any(encodes));
}

/// A job whose host is taken away runs again, and whoever follows it sees both attempts.
pub fn host_lost(room: &Room) {
    room.put(LONG, "in.mp4");
    let words = "-re -i @in.mp4 -t 3 -c:v libx264 -preset ultrafast -an @out.mp4";
    let id = room.submit_one("twice", words);
    until_it_encodes(room, &id);
    if !room.lose_host(&id) {
        room.ends(&id, Exit::Succeeded, "");
        return;
    }
    let (events, ended) = room.follow(&id);
    assert_eq!((ended.exit, ended.error), (Exit::Succeeded, None));
    assert_eq!(ended.report.expect("a report").attempt, 2);
    let hello = |event: &&Event| matches!(event, Event::Hello { .. });
    assert_eq!(events.iter().filter(hello).count(), 2);
    let detail = room.describe(&id);
    assert_eq!(detail.summary.attempt, 2);
    let [first, second] = &detail.attempts[..] else {
        panic!("there were two attempts: {:#?}", detail.attempts);
    };
    let reason = first.reason.as_deref().unwrap_or_default();
    assert!(reason.starts_with("Host EC2"), "{reason}");
    assert_eq!((first.exit_code, second.exit_code), (None, Some(0)));
    let ends = |attempt| {
        let finished = |event: &Event| matches!(event, Event::Finished { .. });
        room.events(&id, attempt).iter().any(finished)
    };
    assert_eq!(
        (ends(Some(1)), ends(Some(2)), ends(None)),
        (false, true, true)
    );
    assert_eq!(room.frames("out.mp4"), 75);
}

/// A job whose image is not there says so, after it was tried again.
pub fn no_image(room: &Room) {
    if !room.lose_image() {
        return;
    }
    let id = room.submit_one("one", "-i @in.mp4 @out.mp4");
    room.ends(&id, Exit::Machine, "CannotPullContainerError");
    let detail = room.describe(&id);
    assert_eq!(detail.summary.exit, None);
    assert_eq!(detail.attempts.len(), 3);
    assert_eq!(room.events(&id, None), []);
}

/// A job whose input came later.
pub fn again(room: &Room) {
    let words = "-i @in.mp4 -c copy -an @out.mp4";
    let id = room.submit_one("late one", words);
    room.ends(&id, Exit::Input, "in.mp4");
    room.put(SHORT, "in.mp4");
    let new = room.ask(room.compute.resubmit(&id));
    let new = new.expect("it can be submitted again");
    assert_ne!(new, id);
    room.ends(&new, Exit::Succeeded, "");
    assert_eq!(room.frames("out.mp4"), 50);
    let (old, new) = (room.describe(&id), room.describe(&new));
    assert_eq!(new.summary.name, "late one");
    assert_eq!(new.commands, old.commands);
    assert_eq!(new.terms, old.terms);
    assert_eq!(new.retry_of.as_deref(), Some(&*id));
    assert_eq!(old.retry_of, None);
}

/// What is asked of a job that is not there says which one.
pub fn unknown(room: &Room) {
    room.put(SHORT, "in.mp4");
    let known = room.submit_one("one", "-i @in.mp4 -c copy @out.mp4");
    let child = format!("{known}:7");
    for id in [uuid(), child] {
        let ids = [known.clone(), id.clone()];
        let mut on = |_: Event| {};
        check(&id, room.ask(room.compute.follow(&id, &mut on)));
        check(&id, room.ask(room.compute.events(&id, None, &mut on)));
        check(&id, room.ask(room.compute.states(&ids)));
        check(&id, room.ask(room.compute.describe(&id)));
        check(&id, room.ask(room.compute.cancel(&ids, "")));
        check(&id, room.ask(room.compute.resubmit(&id)));
        let found = room.ask(room.compute.find(&id)).expect("it can be looked");
        assert_eq!(found, []);
    }
    // The one beside it was left alone.
    room.ends(&known, Exit::Succeeded, "");
    let all = room.ask(room.compute.list(&Filter::default()));
    assert_eq!(all.expect("a list").jobs.len(), 1);
}

#[track_caller]
fn check<T: std::fmt::Debug>(id: &str, answer: Result<T, ComputeError>) {
    let error = answer.expect_err("there is no such job");
    assert_eq!(error.exit, Exit::Rejected, "{error}");
    assert!(error.message.contains(id), "{error}");
    assert!(!error.retry, "{error}");
}
