//! Which job comes next, what waits for what, and how arrays end.

use super::super::submit::fits;
use super::*;
use crate::local::Local;

#[test]
fn jobs_run_by_priority_and_then_in_their_order() {
    let mut queue = Queue::new();
    let mut urgent = request("urgent", 1, &[]);
    urgent.terms.priority = 5;
    queue.take(&[request("one", 1, &[]), request("two", 1, &[]), urgent]);
    let order: Vec<String> = (0..3).map(|_| queue.run(Exit::Succeeded)).collect();
    assert_eq!(order, ["urgent", "one", "two"]);
    assert!(queue.store.is_idle().expect("asked"));
}

#[test]
fn a_job_waits_for_what_it_needs_and_fails_with_it() {
    let mut queue = Queue::new();
    queue.take(&[
        request("a", 1, &[]),
        request("b", 1, &[("a", WHOLE)]),
        request("c", 1, &[("b", WHOLE), ("a", WHOLE)]),
    ]);
    queue.check(&[("b", State::Pending), ("c", State::Pending)]);
    assert_eq!(queue.run(Exit::Succeeded), "a");
    queue.check(&[("b", State::Runnable), ("c", State::Pending)]);
    queue.run(Exit::Ffmpeg);
    queue.check(&[("b", State::Failed), ("c", State::Failed)]);
    // What is submitted later finds the end that was.
    queue.take(&[
        request("d", 1, &[("a", WHOLE)]),
        request("e", 1, &[("b", WHOLE)]),
    ]);
    queue.check(&[("d", State::Runnable), ("e", State::Failed)]);
}

#[test]
fn an_array_job_ends_with_its_last_child() {
    let mut queue = Queue::new();
    queue.take(&[request("a", 3, &[]), request("b", 1, &[("a", WHOLE)])]);
    queue.check(&[("a", State::Pending), ("a:0", State::Runnable)]);
    assert_eq!(queue.run(Exit::Succeeded), "a:0");
    queue.run(Exit::Succeeded);
    queue.check(&[("a", State::Pending), ("b", State::Pending)]);
    queue.run(Exit::Succeeded);
    queue.check(&[("a", State::Succeeded), ("b", State::Runnable)]);
    queue.take(&[request("c", 2, &[])]);
    queue.run(Exit::Succeeded);
    queue.run(Exit::Ffmpeg);
    queue.run(Exit::Succeeded);
    queue.check(&[("c", State::Failed)]);
    let reason = queue.store.summary("c").expect("known").status_reason;
    assert_eq!(reason.as_deref(), Some("1 of 2 children failed"));
}

#[test]
fn children_wait_for_children() {
    let mut queue = Queue::new();
    let each = DependencyKind::NToN;
    queue.take(&[request("a", 2, &[]), request("b", 2, &[("a", each)])]);
    queue.run(Exit::Succeeded);
    queue.check(&[("b:0", State::Runnable), ("b:1", State::Pending)]);
    queue.run(Exit::Ffmpeg);
    queue.check(&[
        ("b:0", State::Runnable),
        ("b:1", State::Failed),
        ("b", State::Pending),
    ]);
    queue.run(Exit::Succeeded);
    queue.check(&[("b", State::Failed)]);
    let sequential = [("", DependencyKind::Sequential)];
    queue.take(&[request("s", 3, &sequential)]);
    queue.check(&[
        ("s:0", State::Runnable),
        ("s:1", State::Pending),
        ("s:2", State::Pending),
    ]);
    queue.run(Exit::Succeeded);
    queue.check(&[("s:1", State::Runnable), ("s:2", State::Pending)]);
    let error = queue
        .submit(&[request("x", 3, &[("a", each)])])
        .expect_err("sizes differ");
    insta::assert_snapshot!(error, @"`N_TO_N` needs two array jobs of one size: job `a` has 2 children, and this one has 3");
}

#[test]
fn a_child_that_needs_one_job_twice_waited_for_ever() {
    let mut queue = Queue::new();
    let twice = [("a:1", WHOLE), ("a", DependencyKind::NToN)];
    queue.take(&[request("a", 2, &[]), request("b", 2, &twice)]);
    queue.run(Exit::Succeeded);
    queue.run(Exit::Succeeded);
    queue.check(&[("b:0", State::Runnable), ("b:1", State::Runnable)]);
}

#[test]
fn an_array_of_which_nothing_can_run_has_ended() {
    let mut queue = Queue::new();
    queue.take(&[request("a", 1, &[])]);
    queue.run(Exit::Ffmpeg);
    queue.take(&[request("b", 2, &[("a", WHOLE)])]);
    queue.check(&[
        ("b", State::Failed),
        ("b:0", State::Failed),
        ("b:1", State::Failed),
    ]);
}

#[test]
fn a_submission_is_taken_whole_or_not_at_all() {
    let mut queue = Queue::new();
    let bad = request("b", 1, &[("nowhere", WHOLE)]);
    let error = queue
        .submit(&[request("a", 1, &[]), bad])
        .expect_err("unknown");
    insta::assert_snapshot!(error, @"there is no job `nowhere` in the queue (`ffbatch list` shows the jobs)");
    let twice = queue
        .submit(&[request("a", 1, &[]), request("a", 1, &[])])
        .expect_err("twice");
    insta::assert_snapshot!(twice, @"there is a job `a` already (submit under another id)");
    let listing = queue.store.list(&Filter::default()).expect("listed");
    assert!(listing.jobs.is_empty(), "{listing:?}");
}

#[test]
fn what_this_machine_can_never_run_is_refused() {
    let mut large = request("c", 1, &[]);
    large.terms.vcpus = Some(5);
    let error = fits(&large, &Local, SETTINGS).expect_err("too large");
    insta::assert_snapshot!(error, @"job `name of c` asks for 5 vCPUs, and the queue has 4 (ask for less, or set `vcpus` in the section `backends.local`)");
    large.terms.vcpus = None;
    large.terms.gpus = Some(1);
    let error = fits(&large, &Local, SETTINGS).expect_err("no GPUs");
    assert!(error.message.contains("asks for a GPU"), "{error}");
}
