use std::collections::BTreeMap;

use ffbatch_dispatcher::config::{Aws, Config};
use ffbatch_dispatcher::detail::{JobSummary, Needed};
use ffbatch_dispatcher::infra::{Architecture, BatchFamily};
use ffbatch_dispatcher::terms::{DependencyKind, Terms};
use jiff::Timestamp;

use super::failed::{ended, failed};
use super::queue::{Environment, Queue};
use super::waits::waits;
use super::*;

fn settings() -> Settings {
    assert_eq!(Config::default().aws, Aws::default());
    Settings {
        compute: "arm".to_owned(),
        family: BatchFamily::ec2("arm", Architecture::Arm, &["c7g", "c8g"]),
        aws: Aws::default(),
    }
}

fn detail(reason: Option<&str>) -> JobDetail {
    JobDetail {
        bounds: None,
        summary: JobSummary {
            arn: None,
            id: "3f2a".to_owned(),
            name: "clip".to_owned(),
            state: State::Runnable,
            status_reason: reason.map(str::to_owned),
            exit: None,
            attempt: 0,
            created: Timestamp::UNIX_EPOCH,
            started: None,
            stopped: None,
            array: None::<BTreeMap<State, u32>>,
        },
        queue: "q".to_owned(),
        terms: Terms {
            vcpus: Some(16),
            memory_mib: Some(2048),
            ..Terms::default()
        },
        depends_on: Vec::new(),
        attempts: Vec::new(),
        commands: Vec::new(),
        retry_of: None,
        why: Vec::new(),
    }
}

fn queue() -> Queue {
    Queue {
        name: "q".to_owned(),
        is_enabled: true,
        is_valid: true,
        reason: None,
        environments: vec![Environment {
            name: "e".to_owned(),
            is_enabled: true,
            is_valid: true,
            reason: None,
            most_vcpus: Some(64),
        }],
    }
}

#[track_caller]
fn check_waiting(change: impl FnOnce(&mut Queue), reason: Option<&str>, expected: &str) {
    let mut queue = queue();
    change(&mut queue);
    let why = waits(&detail(reason), &queue, &settings());
    assert!(why.contains(expected), "{why}");
    assert!(why.ends_with(')'), "{why}");
}

#[test]
fn why_a_job_waits() {
    check_waiting(|_| (), None, "it waits for an instance");
    check_waiting(
        |queue| queue.is_enabled = false,
        None,
        "`q` is disabled (enable it",
    );
    check_waiting(
        |queue| {
            queue.environments[0].is_valid = false;
            queue.environments[0].reason = Some("CLIENT_ERROR - no such type".to_owned());
        },
        None,
        "`e` of the queue `q` is invalid: CLIENT_ERROR - no such type",
    );
    check_waiting(
        |queue| queue.environments[0].is_enabled = false,
        None,
        "--compute-environment e --state ENABLED",
    );
    check_waiting(
        |queue| queue.environments[0].most_vcpus = Some(8),
        None,
        "asks for 16 vCPUs, and the environments of `q` may start 8",
    );
    check_waiting(
        |_| (),
        Some(
            "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - Service cannot fulfill the capacity requested",
        ),
        "no instance of c7g, c8g to give at the moment, or the account may start no more (wait; see its quota \"All Standard",
    );
    check_waiting(
        |_| (),
        Some("MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - The job resource requirement is higher"),
        "no instance of c7g, c8g has what it asks for",
    );
}

#[test]
fn the_quota_is_that_of_the_compute() {
    let of = |family: BatchFamily, instance: Option<&str>| {
        let settings = Settings {
            family,
            ..settings()
        };
        let mut detail = detail(None);
        detail.terms.instance_type = instance.map(str::to_owned);
        waits(&detail, &queue(), &settings)
    };
    let arm = || BatchFamily::ec2("arm", Architecture::Arm, &["c7g", "c8g"]);
    let nvidia = || BatchFamily::ec2("nvidia", Architecture::X86, &["g5"]);
    let xilinx = || BatchFamily::ec2("xilinx", Architecture::X86, &["vt1"]);
    let fargate = BatchFamily::fargate("fargate", Architecture::X86);
    for (said, expected) in [
        (
            of(arm(), None),
            "\"All Standard (A, C, D, H, I, M, R, T, Z) Spot",
        ),
        (of(arm(), Some("c7g.large")), "\"Running On-Demand Standard"),
        (
            of(nvidia(), None),
            "\"All G and VT Spot Instance Requests\"",
        ),
        (
            of(xilinx(), None),
            "\"All G and VT Spot Instance Requests\"",
        ),
        (
            of(nvidia(), Some("g5.xlarge")),
            "\"Running On-Demand G and VT instances\"",
        ),
        (of(fargate, None), "\"Fargate Spot vCPU resource count\""),
    ] {
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn a_job_that_owns_its_instance_waits_for_that_type() {
    let mut detail = detail(Some("CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - no"));
    detail.terms.instance_type = Some("c7g.large".to_owned());
    let said = waits(&detail, &queue(), &settings());
    assert!(said.contains("AWS has no `c7g.large` to give"), "{said}");
}

#[track_caller]
fn check_failed(reason: &str, status: &str, code: Option<i32>, expected: &str) {
    let why = ended(reason, status, code, &detail(None), &settings());
    let why = why.expect("there is something to say");
    assert!(why.contains(expected), "{why}");
}

#[test]
fn why_a_job_failed() {
    check_failed(
        "CannotPullContainerError: pull image manifest has been retried 5 time(s): manifest unknown",
        "Task failed to start",
        None,
        "push the image that the definition `batch-ffmpeg-job-definition-arm` names",
    );
    let spot = "Host EC2 (instance i-0ab) terminated.";
    check_failed("", spot, None, "taken back");
    let memory = "OutOfMemoryError: Container killed due to memory usage";
    check_failed(
        memory,
        "Essential container in task exited",
        Some(137),
        "2048 MiB",
    );
    check_failed(
        "",
        "Job attempt duration exceeded timeout",
        None,
        "longer than its limit",
    );
    check_failed(
        "",
        "Essential container in task exited",
        Some(4),
        "ffmpeg failed (`ffbatch logs 3f2a`",
    );
    check_failed("", "wrong bitrate", None, "wrong bitrate");
}

#[test]
fn what_never_ran_names_the_job_that_it_needed() {
    let mut detail = detail(None);
    let needed = |id: &str, state| Needed {
        id: id.to_owned(),
        name: format!("name of {id}"),
        kind: DependencyKind::Whole,
        state,
    };
    detail.depends_on = vec![needed("a", State::Succeeded), needed("b", State::Failed)];
    let found = Found::builder()
        .status_reason("Dependent Job failed")
        .build();
    let said = failed(&found, &detail, None, &settings());
    assert!(
        said[0].starts_with("it needs `name of b` (b), which failed"),
        "{said:?}"
    );
}
