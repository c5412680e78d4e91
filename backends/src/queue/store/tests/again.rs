//! Ends that are not the end: attempts that follow, jobs that run again, jobs that somebody stops.

use super::*;

#[test]
fn an_array_in_order_lost_its_order_when_it_ran_again() {
    let mut queue = Queue::new();
    queue.take(&[request("s", 4, &[("", DependencyKind::Sequential)])]);
    queue.run(Exit::Succeeded);
    queue.run(Exit::Ffmpeg);
    queue
        .store
        .resubmit("s", "t", Timestamp::now())
        .expect("taken");
    queue.check(&[
        ("t:0", State::Runnable),
        ("t:1", State::Pending),
        ("t:2", State::Pending),
    ]);
}

#[test]
fn a_job_runs_again_as_a_new_one() {
    let mut queue = Queue::new();
    queue.take(&[request("a", 3, &[])]);
    let now = Timestamp::now();
    let error = queue.store.resubmit("a", "b", now).expect_err("it runs");
    insta::assert_snapshot!(error, @"job `a` has not ended yet (wait for its end, or cancel it first)");
    queue.run(Exit::Ffmpeg);
    queue.run(Exit::Succeeded);
    queue.run(Exit::Ffmpeg);
    queue.store.resubmit("a", "b", now).expect("taken");
    let detail = queue.store.describe("b").expect("known");
    assert_eq!(detail.retry_of.as_deref(), Some("a"));
    assert_eq!(
        detail.summary.array.map(|counts| counts.values().sum()),
        Some(2)
    );
    queue
        .store
        .resubmit("a:1", "c", now)
        .expect("a child that succeeded, by its name");
    queue.check(&[("c", State::Runnable), ("a", State::Failed)]);
}

#[test]
fn an_interrupted_attempt_is_followed_by_another() {
    let mut queue = Queue::new();
    queue.take(&[request("a", 1, &[])]);
    for _ in 0..2 {
        queue.run(Exit::Interrupted);
        queue.check(&[("a", State::Runnable)]);
    }
    queue.run(Exit::Interrupted);
    queue.check(&[("a", State::Failed)]);
    let detail = queue.store.describe("a").expect("known");
    assert_eq!(detail.attempts.len(), 3);
    assert!(detail.attempts.iter().all(|one| one.exit_code == Some(75)));
}

#[test]
fn an_attempt_that_never_began_is_none() {
    let mut queue = Queue::new();
    let mut once = request("a", 1, &[]);
    once.terms.retry.attempts = 1;
    queue.take(&[once]);
    let next = queue.store.next(1).expect("asked").remove(0);
    assert_eq!(queue.turn(&[], 1), 1);
    let never = Ended {
        began: false,
        ..ended(Exit::Machine)
    };
    queue.turn(&[(next.seq, never.clone())], 0);
    queue.check(&[("a", State::Runnable)]);
    // The next runner had found the worker alive, and noted that it runs, when it was killed without a word.
    assert_eq!(queue.turn(&[], 1), 1);
    let noted = [(next.seq, None)];
    let none = Capacity::beside(
        Settings {
            vcpus: 0,
            ..SETTINGS
        },
        std::iter::empty(),
    );
    let turned = queue.store.turn(
        &noted,
        &[(next.seq, never)],
        none,
        &Moment::now(),
        Timestamp::now(),
    );
    assert!(turned.expect("noted").is_empty());
    queue.check(&[("a", State::Runnable)]);
    let detail = queue.store.describe("a").expect("known");
    assert_eq!((detail.summary.attempt, detail.attempts.len()), (0, 0));
    queue.run(Exit::Succeeded);
    queue.check(&[("a", State::Succeeded)]);
}

#[test]
fn a_cancelled_job_never_starts_and_takes_those_with_it_that_need_it() {
    let mut queue = Queue::new();
    queue.take(&[request("a", 2, &[]), request("b", 1, &[("a", WHOLE)])]);
    let next = queue.store.next(1).expect("asked").remove(0);
    let now = Timestamp::now();
    assert_eq!(queue.turn(&[], 1), 1);
    queue
        .store
        .cancel(&["a".to_owned()], "enough", now)
        .expect("asked");
    queue.check(&[
        ("a:0", State::Starting),
        ("a:1", State::Failed),
        ("a", State::Pending),
    ]);
    assert!(queue.store.active().expect("asked")[0].doomed);
    queue.turn(&[(next.seq, ended(Exit::Interrupted))], 0);
    queue.check(&[
        ("a:0", State::Failed),
        ("a", State::Failed),
        ("b", State::Failed),
    ]);
    let reason = queue.store.summary("a:0").expect("known").status_reason;
    assert_eq!(
        reason.as_deref(),
        Some("enough"),
        "an interruption is what was asked for"
    );
}

#[test]
fn a_cancelled_array_says_why_and_a_job_that_was_done_does_not() {
    let mut queue = Queue::new();
    let sequential = [("", DependencyKind::Sequential)];
    queue.take(&[request("s", 3, &sequential), request("a", 1, &[])]);
    let (first, second) = {
        let mut next = queue.store.next(2).expect("asked");
        (next.remove(0), next.remove(0))
    };
    assert_eq!(queue.turn(&[], 2), 2);
    let both = ["s".to_owned(), "a".to_owned()];
    queue
        .store
        .cancel(&both, "enough", Timestamp::now())
        .expect("asked");
    queue.turn(
        &[
            (first.seq, ended(Exit::Interrupted)),
            (second.seq, ended(Exit::Succeeded)),
        ],
        0,
    );
    let reason = |id: &str| queue.store.summary(id).expect("known").status_reason;
    for id in ["s", "s:0", "s:1", "s:2"] {
        assert_eq!(reason(id).as_deref(), Some("enough"), "{id}");
    }
    queue.check(&[("s", State::Failed), ("a", State::Succeeded)]);
    assert_eq!(reason("a"), None);
}
