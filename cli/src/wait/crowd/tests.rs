//! What is said of many jobs.

use insta::assert_snapshot;

use super::*;
use crate::jobs::tests::{array, clock, ended, job, some};

#[test]
fn children_of_an_array_job_were_counted_as_one() {
    let crowd = Crowd::of(some());
    let expected = Tally {
        succeeded: 4,
        failed: 2,
        running: 3,
        waiting: 5,
    };
    assert_eq!(crowd.tally(), expected);
    assert_eq!(crowd.tally().all(), 14);
    assert_snapshot!(crowd.progress(Duration::from_mins(1)), @"6 of 14  2 failed  3 running  5 waiting");
}

#[test]
fn the_time_to_go_is_guessed_from_what_ended_meanwhile() {
    let well = |n: u32| ended(&format!("{n}"), "", Exit::Succeeded, "");
    let mut crowd = Crowd::of(
        (0..100)
            .map(|n| if n < 40 { well(n) } else { job(&n.to_string()) })
            .collect(),
    );
    let minute = Duration::from_mins(1);
    assert!(!crowd.progress(minute).contains("ETA"));
    (40..50).for_each(|n| crowd.learn(well(n)));
    assert_snapshot!(crowd.progress(minute), @"50 of 100  50 waiting  ETA 5:00");
    (50..100).for_each(|n| crowd.learn(well(n)));
    assert_snapshot!(crowd.progress(minute), @"100 of 100");
    assert_snapshot!(crowd.closing(&[], minute, &clock(), None), @"100 jobs: 100 succeeded, in 1:00");
}

#[test]
fn one_line_for_each_job_that_ended() {
    let crowd = Crowd::of(some());
    let lines: Vec<String> = crowd.jobs().map(|job| crowd.line(job, &clock())).collect();
    assert_snapshot!(lines.join("\n"), @r"
    encode-1  SUCCEEDED  1:00
    a very long name of which nobody needs the middle  FAILED  1:00  ffmpeg failed: Unknown encoder 'libx265' (this ffmpeg has libx264, libsvtav1, libvpx-vp9)
    90000000  RUNNING  5.00 s
    90000001  RUNNABLE
    night  PENDING  4 of 10 ended, 1 failed
    ");
}

#[test]
fn failures_stand_in_a_table_in_the_end() {
    let mut found = some();
    found.truncate(2);
    found.push(JobSummary {
        state: State::Failed,
        array: Some(BTreeMap::from([
            (State::Succeeded, 70),
            (State::Failed, 30),
        ])),
        ..array("a0000000-0000", "night")
    });
    let child = |n: u32| {
        ended(
            &format!("a0000000-0000:{n}"),
            "night",
            Exit::Input,
            "there is no `x.mp4`",
        )
    };
    let children: Vec<JobSummary> = (0..21).map(child).collect();
    let crowd = Crowd::of(found);
    assert_snapshot!(crowd.closing(&children[..2], Duration::ZERO, &clock(), Some(100)), @r"
    FAILED      NAME                                               TIME  WHY
    77b1d2aa    a very long name of which nobody needs the middle  1:00  ffmpeg failed: Unknown encoder…
    a0000000:0  night                                              1:00  there is no `x.mp4`
    a0000000:1  night                                              1:00  there is no `x.mp4`
    ... and 28 more (`ffbatch list --status FAILED`)

    102 jobs: 71 succeeded, 31 failed
    ");
    let many = crowd.closing(&children, Duration::ZERO, &clock(), None);
    assert!(many.contains("\n... and 11 more"), "{many}");
    assert_eq!(crowd.exit(false), Exit::Jobs);
}

#[test]
fn the_exit_code_of_one_job_is_its_own() {
    let of = |job: JobSummary| Crowd::of(vec![job]).exit(true);
    assert_eq!(of(ended("a", "", Exit::Succeeded, "")), Exit::Succeeded);
    assert_eq!(of(ended("a", "", Exit::Ffmpeg, "no")), Exit::Ffmpeg);
    let cancelled = JobSummary {
        exit: None,
        ..ended("a", "", Exit::Ffmpeg, "cancelled")
    };
    assert_eq!(of(cancelled), Exit::Interrupted);
    let failed = JobSummary {
        state: State::Failed,
        ..array("a", "")
    };
    assert_eq!(of(failed), Exit::Jobs);
    let two = vec![
        ended("a", "", Exit::Ffmpeg, "no"),
        ended("b", "", Exit::Succeeded, ""),
    ];
    assert_eq!(Crowd::of(two).exit(false), Exit::Jobs);
}
