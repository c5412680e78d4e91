//! Which instance ran a job: what its metadata service tells, and that no job waits for it.

use std::fs;
use std::time::{Duration, Instant};

use ffbatch_dispatcher::report::{InstanceSource, InstanceType, Report};
use ffbatch_tests::clip::SHORT;
use ffbatch_tests::imds::{Imds, Manner};
use ffbatch_tests::sandbox::{Sandbox, files_below};
use serde_json::Value;

const QUEUE: (&str, &str) = ("AWS_BATCH_JQ_NAME", "batch-ffmpeg-job-queue-arm");

/// What the real service says of a Spot instance.
const VALUES: [(&str, &str); 3] = [
    ("instance-type", "c7g.4xlarge"),
    ("placement/availability-zone", "eu-west-1a"),
    ("instance-life-cycle", "spot"),
];

/// A room whose jobs ask this server.
fn sandbox(endpoint: &str, variables: &[(&str, &str)]) -> Sandbox {
    let mut sandbox = Sandbox::with(SHORT, "in.mp4");
    sandbox.set("AWS_EC2_METADATA_SERVICE_ENDPOINT", endpoint);
    // The parameter of that name is looked for with credentials and a Region, for which the instance is asked as well.
    sandbox.set("FFBATCH_FFQM", "FALSE");
    sandbox.set_all(variables.iter().copied());
    sandbox
}

/// The report of a short job, and how long it took besides its stages.
#[track_caller]
fn run(sandbox: &Sandbox) -> (Report, Duration) {
    let begin = Instant::now();
    let flags = ["--input_url", "in.mp4", "--output_file_options", "-c copy"];
    let to = ["--output_url", "out.mp4", "--report", "report.json"];
    sandbox.worker(flags.into_iter().chain(to)).ok();
    let took = begin.elapsed();
    let text = fs::read_to_string(sandbox.path("report.json")).expect("it was written");
    let report: Report = serde_json::from_str(&text).expect("a report");
    let stages: f64 = report.stages.iter().map(|stage| stage.seconds).sum();
    (report, took.saturating_sub(Duration::from_secs_f64(stages)))
}

/// The annotation of the only segment that a room holds.
#[track_caller]
fn annotation(sandbox: &Sandbox) -> Value {
    let state = sandbox.directory("state");
    let mut all = files_below(&state).into_iter();
    let name = all.find(|name| name.contains("/xray/"));
    let text = fs::read(state.join(name.expect("a segment"))).expect("it was just listed");
    let segment: Value = serde_json::from_slice(&text).expect("JSON");
    segment["annotations"]["instance_type"].clone()
}

/// The instance's type and who told it.
fn kind(report: &Report) -> Option<(&str, InstanceSource)> {
    let kind: Option<&InstanceType> = report.machine.instance_type.as_ref();
    kind.map(|kind| (kind.name.as_str(), kind.source))
}

#[test]
fn the_instance_stands_in_report_and_trace() {
    let imds = Imds::start(Manner {
        values: VALUES.into(),
        ..Manner::default()
    });
    let sandbox = sandbox(&imds.endpoint(), &[QUEUE]);
    let (report, _) = run(&sandbox);
    assert_eq!(kind(&report), Some(("c7g.4xlarge", InstanceSource::Imds)));
    let machine = report.machine;
    assert_eq!(machine.availability_zone.as_deref(), Some("eu-west-1a"));
    assert_eq!(machine.instance_life_cycle.as_deref(), Some("spot"));
    assert_eq!(report.notes, Vec::<String>::new());
    assert_eq!(annotation(&sandbox), "c7g.4xlarge");
    assert_eq!(
        imds.lifetimes().len(),
        1,
        "one token does for all questions"
    );
}

#[test]
fn a_container_of_ecs_that_knows_no_queue_asks_too() {
    let imds = Imds::start(Manner {
        values: VALUES[..1].into(),
        ..Manner::default()
    });
    let variables = [
        ("AWS_BATCH_JOB_ID", "j"),
        ("AWS_EXECUTION_ENV", "AWS_ECS_EC2"),
    ];
    let (report, _) = run(&sandbox(&imds.endpoint(), &variables));
    assert_eq!(kind(&report), Some(("c7g.4xlarge", InstanceSource::Imds)));
    let machine = report.machine;
    assert_eq!(
        (machine.availability_zone, machine.instance_life_cycle),
        (None, None)
    );
}

#[test]
fn fargate_has_no_instance_to_ask() {
    let imds = Imds::start(Manner::default());
    let variables = [QUEUE, ("AWS_EXECUTION_ENV", "AWS_ECS_FARGATE")];
    let sandbox = sandbox(&imds.endpoint(), &variables);
    let (report, _) = run(&sandbox);
    assert_eq!(
        kind(&report),
        Some(("fargate", InstanceSource::Environment))
    );
    assert_eq!(annotation(&sandbox), "fargate");
    assert_eq!(imds.questions(), 0);
}

#[test]
fn nobody_is_asked_on_other_machines_and_where_it_is_forbidden() {
    let imds = Imds::start(Manner {
        values: VALUES.into(),
        ..Manner::default()
    });
    let ways: [&[(&str, &str)]; 3] = [
        &[],
        &[("AWS_BATCH_JOB_ID", "j")],
        &[QUEUE, ("AWS_EC2_METADATA_DISABLED", "TRUE")],
    ];
    for variables in ways {
        let (report, _) = run(&sandbox(&imds.endpoint(), variables));
        assert_eq!(report.machine.instance_type, None, "{variables:?}");
        assert_eq!(report.notes, Vec::<String>::new());
    }
    assert_eq!(imds.questions(), 0);
}

/// Asserts that nothing is known, that a note says why, and that the job took hardly longer for it.
#[track_caller]
fn check(endpoint: &str, part: &str) {
    let (report, took) = run(&sandbox(endpoint, &[QUEUE]));
    assert_eq!(report.machine.instance_type, None);
    assert!(
        report.notes.iter().any(|note| note.contains(part)),
        "{:?} lack `{part}`",
        report.notes
    );
    assert!(took < Duration::from_secs(1), "it took {took:?}");
}

#[test]
fn an_instance_that_does_not_tell_holds_no_job_and_is_told() {
    // Where the machine is busy, a question gets its own time before the job is at its end.
    let late = "the instance metadata service ";
    let slow = Manner {
        values: VALUES.into(),
        pause: Duration::from_secs(20),
        ..Manner::default()
    };
    check(&Imds::start(slow).endpoint(), late);
    // TEST-NET-1 (RFC 5737): nothing answers there, not even with a refusal.
    check("http://192.0.2.1", late);
    check(&Imds::start(Manner::default()).endpoint(), "it answers 404");
    let first = Manner {
        values: VALUES.into(),
        first_version: true,
        ..Manner::default()
    };
    check(&Imds::start(first).endpoint(), "it gives no token: ");
    let page = Manner {
        values: vec![("instance-type", "<html>Please log in</html>")],
        ..Manner::default()
    };
    check(&Imds::start(page).endpoint(), "its answer is no type");
    check("nonsense", "does not tell the instance's type");
}
