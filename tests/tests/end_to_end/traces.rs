//! Traces on their way to a collector: what arrives there, and that a job never depends on it.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use ffbatch_dispatcher::exit::Exit;
use ffbatch_tests::clip::SHORT;
use ffbatch_tests::collector::Collector;
use ffbatch_tests::ended::Ended;
use ffbatch_tests::sandbox::{Sandbox, files_below};
use ffbatch_tests::sink::{Received, Sink};
use ffbatch_tests::tools;

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

/// The trace of somebody else, and the span in it that calls us.
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";

/// What a job that copies its input sends: four stages and the job from the worker, the run from the command line.
const SPANS: usize = 6;

fn sandbox(endpoint: &str) -> Sandbox {
    let mut sandbox = Sandbox::with(SHORT, "in.mp4");
    sandbox.set(ENDPOINT, endpoint);
    sandbox
}

#[track_caller]
fn copy(sandbox: &Sandbox) -> Ended {
    sandbox.job("-i in.mp4 -c copy out.mp4".split(' '))
}

#[track_caller]
fn named<'a>(spans: &'a [Received], name: &str) -> &'a Received {
    let found = spans.iter().find(|span| span.name == name);
    found.unwrap_or_else(|| panic!("there is no span `{name}`: {spans:#?}"))
}

/// The segment documents that the sandbox's jobs left on this machine.
fn documents(sandbox: &Sandbox) -> usize {
    let kept = files_below(&sandbox.directory("state"));
    kept.iter().filter(|name| name.contains("/xray/")).count()
}

#[test]
fn one_trace_from_the_command_line_to_the_stages() {
    let Some(collector) = Collector::start() else {
        return;
    };
    let sandbox = sandbox(&collector.endpoint());
    let report = copy(&sandbox).ok().report();
    let spans = collector.spans(SPANS);
    assert_eq!(spans.len(), SPANS, "{spans:#?}");
    let (run, job) = (
        named(&spans, "ffbatch run"),
        named(&spans, "batch-ffmpeg-job"),
    );
    assert_eq!((run.service.as_str(), run.parent.as_str()), ("ffbatch", ""));
    assert_eq!((&job.service[..], &job.parent), ("ffbatch-worker", &run.id));
    for stage in ["check", "download", "cmd-execution", "upload"] {
        assert_eq!(
            named(&spans, stage).parent,
            job.id,
            "`{stage}` is no child of the job"
        );
    }
    for span in &spans {
        assert_eq!(Some(&span.trace), report.trace_id.as_ref());
        assert_eq!(span.error, None, "`{}`", span.name);
    }
    let said = |name: &str| job.attributes.get(name).map(String::as_str);
    assert_eq!(said("annotation.application"), Some("batch-ffmpeg"));
    assert_eq!(said("annotation.output_file_options"), Some("-c copy"));
}

#[test]
fn a_failure_is_seen_from_the_stage_up_to_the_run() {
    let Some(collector) = Collector::start() else {
        return;
    };
    let sandbox = sandbox(&collector.endpoint());
    sandbox
        .job("-i in.mp4 -c:v nosuchencoder out.mp4".split(' '))
        .fails(Exit::Ffmpeg, "nosuchencoder");
    let spans = collector.spans(SPANS - 1);
    for name in ["cmd-execution", "batch-ffmpeg-job", "ffbatch run"] {
        let error = named(&spans, name).error.as_deref().unwrap_or_default();
        assert!(error.contains("nosuchencoder"), "`{name}` says `{error}`");
    }
    assert_eq!(named(&spans, "download").error, None);
}

#[test]
fn a_callers_trace_is_joined() {
    let sink = Sink::start();
    let mut sandbox = sandbox(&sink.endpoint());
    sandbox.set("TRACEPARENT", format!("00-{TRACE}-{CALLER}-01"));
    copy(&sandbox).ok();
    let spans = sink.spans(SPANS);
    assert_eq!(named(&spans, "ffbatch run").parent, CALLER);
    assert!(spans.iter().all(|span| span.trace == TRACE), "{spans:#?}");
}

#[test]
fn a_trace_that_its_caller_does_not_sample_is_not_sent_and_still_recorded() {
    let sink = Sink::start();
    let mut sandbox = sandbox(&sink.endpoint());
    sandbox.set("TRACEPARENT", format!("00-{TRACE}-{CALLER}-00"));
    let report = copy(&sandbox).ok().report();
    assert_eq!(report.trace_id.as_deref(), Some(TRACE));
    assert_eq!(sink.requests().len(), 0);
    assert_eq!(documents(&sandbox), 1);
}

#[test]
fn a_sampler_that_drops_everything_costs_no_record() {
    let sink = Sink::start();
    let mut sandbox = sandbox(&sink.endpoint());
    sandbox.set("OTEL_TRACES_SAMPLER", "always_off");
    copy(&sandbox).ok();
    assert_eq!((sink.requests().len(), documents(&sandbox)), (0, 1));
}

#[test]
fn what_is_switched_off_stays_off() {
    let off = [
        ("OTEL_SDK_DISABLED", "TRUE"),
        ("OTEL_TRACES_EXPORTER", "none"),
        (ENDPOINT, ""),
    ];
    for (name, value) in off {
        let sink = Sink::start();
        let mut sandbox = sandbox(&sink.endpoint());
        sandbox.set(name, value);
        let report = copy(&sandbox).ok().report();
        assert_eq!(sink.requests().len(), 0, "{name}={value}");
        assert_eq!(report.notes, Vec::<String>::new(), "{name}={value}");
        assert_eq!(documents(&sandbox), 1, "{name}={value}");
    }
}

#[test]
fn the_environment_gives_headers_and_names() {
    let sink = Sink::start();
    let mut sandbox = sandbox(&sink.endpoint());
    sandbox.set(
        "OTEL_EXPORTER_OTLP_HEADERS",
        "x-team=media,authorization=Bearer%20abc",
    );
    sandbox.set("OTEL_SERVICE_NAME", "encoding");
    copy(&sandbox).ok();
    let spans = sink.spans(SPANS);
    assert!(
        spans.iter().all(|span| span.service == "encoding"),
        "{spans:#?}"
    );
    for request in sink.requests() {
        assert_eq!(request[":path"], "/v1/traces");
        assert_eq!(request["x-team"], "media");
        assert_eq!(request["authorization"], "Bearer abc");
    }
}

#[test]
fn an_endpoint_for_traces_alone_is_taken_as_it_is() {
    let sink = Sink::start();
    let mut sandbox = sandbox("http://127.0.0.1:1");
    sandbox.set(
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        format!("{}/in", sink.endpoint()),
    );
    copy(&sandbox).ok();
    sink.spans(SPANS);
    assert!(
        sink.requests()
            .iter()
            .all(|request| request[":path"] == "/in")
    );
}

#[test]
fn an_https_endpoint_is_trusted_through_its_authority_only() {
    let sink = Sink::start_tls();
    let mut sandbox = sandbox(&sink.endpoint());
    let refused = copy(&sandbox).ok().report();
    assert!(
        refused.notes.iter().any(|note| note.contains("https://")),
        "{:?}",
        refused.notes
    );
    let authority = tools::repository().join("tests/fixtures/authority.pem");
    sandbox.set("SSL_CERT_FILE", authority);
    let report = copy(&sandbox).ok().report();
    assert_eq!(report.notes, Vec::<String>::new());
    assert_eq!(sink.spans(SPANS).len(), SPANS);
}

/// A job whose collector is not what it should be: it succeeds, it says so, and it is hardly later than one without.
#[track_caller]
fn check_useless(endpoint: &str, expected: &str) {
    let plain = Sandbox::with(SHORT, "in.mp4");
    let started = Instant::now();
    copy(&plain).ok();
    let usual = started.elapsed();
    let sandbox = sandbox(endpoint);
    let started = Instant::now();
    let ended = copy(&sandbox);
    let cost = started.elapsed().saturating_sub(usual);
    let notes = ended.ok().report().notes;
    assert!(cost < Duration::from_millis(3500), "it cost {cost:?}");
    let said = |text: &str| text.contains(endpoint) && text.contains(expected);
    assert!(
        notes.iter().any(|note| said(note)),
        "the report lacks it: {notes:?}"
    );
    assert!(said(&ended.stderr), "nobody said it\n{ended}");
    assert_eq!(documents(&sandbox), 1);
}

#[test]
fn a_collector_that_hangs_costs_two_seconds_and_no_job() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = silent.local_addr().expect("a bound socket has an address");
    check_useless(&format!("http://{address}"), "could not be sent");
}

#[test]
fn a_collector_that_is_not_there_costs_no_job() {
    check_useless("http://127.0.0.1:1", "could not be sent");
}

#[test]
fn an_endpoint_that_is_no_url_costs_no_job() {
    check_useless("no url at all", "could not be sent");
}

#[test]
fn a_failing_job_keeps_its_exit_code_beside_a_failing_collector() {
    let sandbox = sandbox("http://127.0.0.1:1");
    sandbox
        .job("-i missing.mp4 out.mp4".split(' '))
        .fails(Exit::Input, "missing.mp4");
}
