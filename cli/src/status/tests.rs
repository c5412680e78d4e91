//! How one job is shown, and a job of which everything is known, for other tests.

use ffbatch_dispatcher::command::Command;
use ffbatch_dispatcher::detail::{Attempt, JobSummary};
use insta::assert_snapshot;

use super::*;
use crate::jobs::tests::{array, before, clock, ended, job};

/// Everything about a job of which this is known.
pub fn detail(summary: JobSummary) -> JobDetail {
    let attempt = |number: u32| Attempt {
        number,
        started: before(80),
        stopped: summary.stopped,
        exit_code: summary.exit.map(|exit| i32::from(exit.code())),
        reason: summary.status_reason.clone(),
        report_at: Some("/state/metrics/jobs/x_1.json".to_owned()),
        log_at: Some("/state/queue/x/1.log".to_owned()),
    };
    JobDetail {
        bounds: None,
        queue: "/state/queue".to_owned(),
        terms: Terms {
            vcpus: Some(1),
            ..Terms::default()
        },
        depends_on: Vec::new(),
        attempts: (1..=summary.attempt).map(attempt).collect(),
        commands: vec![Command::new(["-i", "in put.mp4", "out.mp4"])],
        retry_of: None,
        why: summary.status_reason.iter().cloned().collect(),
        summary,
    }
}

#[test]
fn a_job_that_failed() {
    let failed = ended(
        "77b1d2aa-0000",
        "encode-2",
        Exit::Ffmpeg,
        "ffmpeg failed: Unknown encoder 'none'",
    );
    let mut detail = detail(failed);
    detail.retry_of = Some("77b1d2aa-9999".to_owned());
    detail.terms.timeout_secs = Some(5400);
    assert_snapshot!(block("local", &detail, &clock()), @r"
    encode-2
      id         77b1d2aa-0000
      state      FAILED
      why        ffmpeg failed: Unknown encoder 'none'
      exit       4, ffmpeg failed
      queue      local, /state/queue
      submitted  2026-11-25 15:28:30, 1 min ago
      started    2026-11-25 15:28:40, 1 min ago
      ended      2026-11-25 15:29:40, 20 s ago, after 1:00
      terms      1 vCPU, at most 3 attempts, each at most 1:30:00
      retry of   77b1d2aa-9999
      command    ffmpeg -i 'in put.mp4' out.mp4
      report     /state/metrics/jobs/x_1.json
      log        /state/queue/x/1.log

    ATTEMPT  STARTED              TIME  EXIT  REASON
          1  2026-11-25 15:28:40  1:00     4  ffmpeg failed: Unknown encoder 'none'
    ");
}

#[test]
fn a_job_that_waits_for_others() {
    let mut detail = detail(JobSummary {
        state: State::Pending,
        ..job("3f2a91c0-0000")
    });
    let need = |id: &str, name: &str, kind, state| Needed {
        id: id.to_owned(),
        name: name.to_owned(),
        kind,
        state,
    };
    detail.depends_on = vec![
        need(
            "77b1d2aa-0000",
            "split",
            DependencyKind::Whole,
            State::Succeeded,
        ),
        need("88b1d2aa-0000", "", DependencyKind::NToN, State::Running),
    ];
    detail.why = vec!["it waits for job `88b1d2aa-0000` (RUNNING)".to_owned()];
    assert_snapshot!(block("local", &detail, &clock()), @r"
    3f2a91c0
      id         3f2a91c0-0000
      state      PENDING
      why        it waits for job `88b1d2aa-0000` (RUNNING)
      queue      local, /state/queue
      submitted  2026-11-25 15:28:30, 1 min ago
      terms      1 vCPU, at most 3 attempts
      needs      split (77b1d2aa-0000), SUCCEEDED
                 88b1d2aa-0000, RUNNING, child for child
      command    ffmpeg -i 'in put.mp4' out.mp4
    ");
}

#[test]
fn an_array_job_is_told_by_its_children() {
    let detail = detail(array("a0000000-0000", "night"));
    assert_snapshot!(block("local", &detail, &clock()), @r"
    night
      id         a0000000-0000
      state      PENDING
      queue      local, /state/queue
      submitted  2026-11-25 15:28:30, 1 min ago
      terms      1 vCPU, at most 3 attempts
      children   4 RUNNABLE, 2 RUNNING, 3 SUCCEEDED, 1 FAILED (`ffbatch list --children a0000000` lists them)
      child 0    ffmpeg -i 'in put.mp4' out.mp4
    ");
}

#[test]
fn terms_of_aws_are_told() {
    let asked = Terms {
        vcpus: Some(4),
        gpus: Some(1),
        instance_type: Some("g6.xlarge".to_owned()),
        share: Some("night".to_owned()),
        tags: [("team".to_owned(), "video".to_owned())].into(),
        ..Terms::default()
    };
    assert_snapshot!(terms(&asked), @"4 vCPUs, 1 GPU, alone on a g6.xlarge, share night, tags team=video, at most 3 attempts");
}
