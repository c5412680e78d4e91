//! Jobs of every kind, for the tests of whatever shows them, and how a table shows them.

use ffbatch_dispatcher::exit::Exit;
use insta::assert_snapshot;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::*;

/// Half past three on some day.
pub fn clock() -> Clock {
    Clock {
        now: "2026-11-25T15:30:00Z".parse().expect("a time"),
        zone: TimeZone::UTC,
    }
}

/// So many seconds before that.
pub fn before(seconds: i64) -> Timestamp {
    clock().now - SignedDuration::from_secs(seconds)
}

/// A job that waits since 90 seconds.
pub fn job(id: &str) -> JobSummary {
    JobSummary {
        arn: None,
        id: id.to_owned(),
        name: String::new(),
        state: State::Runnable,
        status_reason: None,
        exit: None,
        attempt: 0,
        created: before(90),
        started: None,
        stopped: None,
        array: None,
    }
}

/// A job that has run for a minute.
pub fn ended(id: &str, name: &str, exit: Exit, reason: &str) -> JobSummary {
    let well = exit == Exit::Succeeded;
    JobSummary {
        name: name.to_owned(),
        state: if well {
            State::Succeeded
        } else {
            State::Failed
        },
        status_reason: (!well).then(|| reason.to_owned()),
        exit: Some(exit),
        attempt: 1,
        started: Some(before(80)),
        stopped: Some(before(20)),
        ..job(id)
    }
}

/// An array job of ten, of which one has failed.
pub fn array(id: &str, name: &str) -> JobSummary {
    JobSummary {
        name: name.to_owned(),
        state: State::Pending,
        array: Some(BTreeMap::from([
            (State::Runnable, 4),
            (State::Running, 2),
            (State::Succeeded, 3),
            (State::Failed, 1),
        ])),
        ..job(id)
    }
}

/// One of each kind.
pub fn some() -> Vec<JobSummary> {
    let long = "ffmpeg failed:\nUnknown encoder 'libx265' (this ffmpeg has libx264, libsvtav1, libvpx-vp9)";
    vec![
        ended("3f2a91c0-0000", "encode-1", Exit::Succeeded, ""),
        ended(
            "77b1d2aa-0000",
            "a very long name of which nobody needs the middle",
            Exit::Ffmpeg,
            long,
        ),
        JobSummary {
            state: State::Running,
            attempt: 2,
            started: Some(before(5)),
            ..job("90000000-0000")
        },
        JobSummary {
            attempt: 1,
            started: Some(before(50)),
            ..job("90000001-0000")
        },
        array("a0000000-0000", "night"),
    ]
}

#[test]
fn a_table_in_a_pipe_keeps_every_word() {
    assert_snapshot!(drawn(&some(), &clock(), None), @r"
    ID        NAME                                               STATE        AGE    TIME  ATTEMPT  WHY
    3f2a91c0  encode-1                                           SUCCEEDED  1 min    1:00        1
    77b1d2aa  a very long name of which nobody needs the middle  FAILED     1 min    1:00        1  ffmpeg failed: Unknown encoder 'libx265' (this ffmpeg has libx264, libsvtav1, libvpx-vp9)
    90000000                                                     RUNNING    1 min  5.00 s        2
    90000001                                                     RUNNABLE   1 min                1
    a0000000  night                                              PENDING    1 min                   4 of 10 ended, 1 failed
    ");
}

#[test]
fn a_table_is_cut_where_the_terminal_ends() {
    let shown = drawn(&some(), &clock(), Some(100));
    assert!(shown.lines().all(|line| line.chars().count() <= 100));
    assert_snapshot!(shown, @r"
    ID        NAME                              STATE        AGE    TIME  ATTEMPT  WHY
    3f2a91c0  encode-1                          SUCCEEDED  1 min    1:00        1
    77b1d2aa  a very lon…body needs the middle  FAILED     1 min    1:00        1  ffmpeg failed: Unkno…
    90000000                                    RUNNING    1 min  5.00 s        2
    90000001                                    RUNNABLE   1 min                1
    a0000000  night                             PENDING    1 min                   4 of 10 ended, 1 fai…
    ");
}

#[test]
fn numbers_of_things() {
    assert_eq!(several(1_u64, "job"), "1 job");
    assert_eq!(several(1200_usize, "job"), "1,200 jobs");
    let all = BTreeMap::from([
        (State::Failed, 1_u64),
        (State::Running, 0),
        (State::Pending, 2),
    ]);
    assert_eq!(counts(&all), "2 PENDING, 1 FAILED");
}
