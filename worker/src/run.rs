//! The order of the stages. Whatever happens, *record* runs: a failed or interrupted job leaves a report that says why.

use std::fs::DirBuilder;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use ffbatch_dispatcher::event::{Event, PROTOCOL, PROTOCOL_VARIABLE, Stage};
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::job::Job;
use ffbatch_dispatcher::location::Location;
use ffbatch_dispatcher::report::{self, CommandReport, FileReport, Report, StageReport};
use ffbatch_dispatcher::telemetry::{self, TRACEPARENT, Telemetry};
use ffbatch_media::{run::GRACE, version};
use ffbatch_storage::Stores;
use jiff::Timestamp;
use opentelemetry::KeyValue;
use opentelemetry::trace::Status;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::emit::{emit, release};
use crate::failure::Failure;
use crate::flags::Flags;
use crate::{check, fetch, machine, measure, publish, record, segment, transcode};

/// The largest job document that is read from a URL, in bytes.
const JOB_LIMIT: u64 = 4 << 20;

/// How much longer than an ffmpeg that is asked to stop the work around it may take.
const LATE: Duration = Duration::from_secs(1);

/// How long the requests may take that take back a broken upload. They run while the records are written.
const SETTLE: Duration = Duration::from_secs(2);

/// Runs the job that the flags describe, and tells how it ended.
pub async fn run(flags: &Flags) -> Exit {
    let telemetry = Telemetry::start(
        "ffbatch-worker",
        &variable("LOGLEVEL").unwrap_or_else(|| "info".to_owned()),
    );
    // Whoever has read the first event may send a signal.
    let signals = signals();
    emit(&Event::Hello {
        protocol: PROTOCOL,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    });
    let stores = Stores::default();
    let root = root();
    let mut report = begin(flags, telemetry::trace_id(&root));
    let ended = match signals {
        Ok(stop) => {
            stages(flags, &stores, &stop, &mut report)
                .instrument(root.clone())
                .await
        }
        Err(error) => Err(Failure::new(
            Exit::Machine,
            format!("signals cannot be received: {error}"),
        )),
    };
    let error = ended.err();
    report.exit = error
        .as_ref()
        .map_or(Exit::Succeeded, |failure| failure.exit);
    report.finished = Timestamp::now();
    if let Some(failure) = &error {
        fail(&root, failure);
        let stage = report.stages.last().map_or(Stage::Check, |last| last.stage);
        report.failure = Some(report::Failure {
            stage,
            message: failure.message.clone(),
        });
    }
    segment::annotate(&root, &flags.parameters(), &report);
    drop(root);
    let at = record::record(&mut report, &telemetry, &stores, flags.report.as_deref()).await;
    if !stores.settle(SETTLE).await {
        tracing::warn!(
            "a broken upload could not be taken back in time (set a lifecycle rule `AbortIncompleteMultipartUpload`)"
        );
    }
    let exit = report.exit;
    emit(&Event::Finished {
        code: exit.code(),
        error: error.map(|failure| failure.message),
        report: at,
    });
    exit
}

/// All stages but the last.
async fn stages(
    flags: &Flags,
    stores: &Stores,
    stop: &CancellationToken,
    report: &mut Report,
) -> Result<(), Failure> {
    let Report {
        stages: log,
        commands,
        inputs,
        outputs,
        quality,
        ffmpeg,
        notes,
        ..
    } = report;
    let (job_id, name) = (&report.job_id, &mut report.name);
    let checking = async {
        protocol()?;
        let job = job(flags, stores).await?;
        name.clone_from(&job.name);
        *commands = job
            .commands
            .iter()
            .cloned()
            .map(CommandReport::of)
            .collect();
        let metrics = measure::metrics(&job)?;
        check::check(&job, job_id, &work_dir()?).map(|plan| (job, metrics, plan))
    };
    let (job, metrics, plan) = stage(log, Stage::Check, unless(stop, checking)).await?;
    *ffmpeg = Some(transcode::describe(&plan, notes));
    let fetching = async {
        publish::reachable(&plan, stores).await?;
        fetch::fetch(&plan, stores).await
    };
    *inputs = stage(log, Stage::Fetch, unless(stop, fetching)).await?;
    moved(
        log,
        inputs
            .iter()
            .filter(|input| !input.location.starts_with('/')),
    );
    // Asking ffmpeg for its version takes as long as many a job's start: it is asked beside the work.
    let transcoding = transcode::transcode(&plan, &job, stop, commands, inputs);
    // It cannot be told when the job shall stop: it is left then, and so killed.
    let asking = unless_left(stop, version::version(&plan.ffmpeg, &plan.launcher));
    let (transcoded, version) = tokio::join!(stage(log, Stage::Transcode, transcoding), asking);
    if let Some(version) = version {
        transcode::set_version(ffmpeg, version, notes);
    }
    transcoded?;
    let published = stage(
        log,
        Stage::Publish,
        unless(stop, publish::publish(&plan, stores, outputs)),
    )
    .await;
    moved(log, outputs.iter());
    published?;
    if !metrics.is_empty() {
        // Nothing that goes wrong here fails the job: the encode is done and published. The measuring ffmpeg is told to stop
        // and awaited, because it works in the directory that vanishes next.
        let measuring = measure::measure(&plan, &job, &metrics, commands, stop);
        match stage(log, Stage::Measure, unless_late(stop, measuring)).await {
            Ok(measured) => *quality = Some(measured),
            Err(failure) if failure.exit == Exit::Interrupted => return Err(failure),
            Err(failure) => *quality = Some(measure::refused(&job, &failure.message)),
        }
    }
    Ok(())
}

/// Runs one stage as a span, tells its begin and end, and keeps its time.
async fn stage<T>(
    log: &mut Vec<StageReport>,
    stage: Stage,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let span = tracing::info_span!("stage", otel.name = stage.segment());
    emit(&Event::StageStarted { stage });
    let started = Instant::now();
    let result = work.instrument(span.clone()).await;
    let seconds = started.elapsed().as_secs_f64();
    let error = result.as_ref().err().map(|failure| failure.message.clone());
    if let Err(failure) = &result {
        fail(&span, failure);
    }
    emit(&Event::StageFinished {
        stage,
        seconds,
        ok: error.is_none(),
    });
    log.push(StageReport {
        stage,
        seconds,
        bytes: None,
        error,
    });
    result
}

/// The work's result, unless the job is asked to stop before.
async fn unless<T>(
    stop: &CancellationToken,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::select! {
        biased;
        () = stop.cancelled() => Err(Failure::interrupted()),
        result = work => result,
    }
}

/// The same for work that hears of the stop itself: it has a little longer than it gives to ffmpeg.
async fn unless_late<T>(
    stop: &CancellationToken,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let late = async {
        stop.cancelled().await;
        tokio::time::sleep(GRACE + LATE).await;
    };
    tokio::select! {
        biased;
        result = work => result,
        () = late => Err(Failure::interrupted()),
    }
}

/// The work's result; `None` when the job was asked to stop before.
async fn unless_left<T>(stop: &CancellationToken, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        result = work => Some(result),
        () = stop.cancelled() => None,
    }
}

/// Notes the bytes that the last stage moved.
fn moved<'a>(log: &mut [StageReport], files: impl Iterator<Item = &'a FileReport>) {
    if let Some(last) = log.last_mut() {
        last.bytes = Some(files.filter_map(|file| file.bytes).sum());
    }
}

/// The job: from the parameters of a command, from JSON, or from the URL of one.
async fn job(flags: &Flags, stores: &Stores) -> Result<Job, Failure> {
    let parameters = flags.parameters();
    if let Some(job) = parameters.command_job()? {
        return Ok(job);
    }
    let text = parameters.job().unwrap_or_default();
    if text.trim_start().starts_with('{') {
        return Ok(Job::from_json(text)?);
    }
    let at: Location = text
        .parse()
        .map_err(|error| Failure::because(Exit::Rejected, &error))?;
    let read = match stores.of(&at) {
        Ok(store) => store.read(&at, JOB_LIMIT).await,
        Err(error) => Err(error),
    };
    let bytes = read.map_err(|error| Failure::store(Exit::Input, &error))?;
    let text = String::from_utf8(bytes).map_err(|_| {
        Failure::new(
            Exit::Rejected,
            format!("`{at}` is not a job: it is not UTF-8 text"),
        )
    })?;
    Ok(Job::from_json(&text)?)
}

/// Refuses a follower of another protocol.
fn protocol() -> Result<(), Failure> {
    match variable(PROTOCOL_VARIABLE) {
        Some(spoken) if spoken != PROTOCOL.to_string() => Err(Failure::new(
            Exit::Rejected,
            format!(
                "whoever started this worker speaks protocol {spoken}, the worker {PROTOCOL} (install the same version of both)"
            ),
        )),
        _ => Ok(()),
    }
}

/// Ready when the job shall stop: SIGTERM from an engine or AWS Batch, SIGINT and SIGHUP from a terminal.
fn signals() -> std::io::Result<CancellationToken> {
    let stop = CancellationToken::new();
    for kind in [
        SignalKind::terminate(),
        SignalKind::interrupt(),
        SignalKind::hangup(),
    ] {
        let mut received = signal(kind)?;
        let stop = stop.clone();
        tokio::spawn(async move {
            received.recv().await;
            // First the deed: a log that nobody reads may block.
            stop.cancel();
            release();
            tracing::warn!("asked to stop");
        });
    }
    Ok(stop)
}

/// Where private directories stand: `$FFBATCH_WORK_DIR`, else a directory of this user's in the temporary directory.
fn work_dir() -> Result<PathBuf, Failure> {
    let directory = variable("FFBATCH_WORK_DIR").map_or_else(
        || std::env::temp_dir().join(format!("ffbatch-{}", rustix::process::getuid().as_raw())),
        PathBuf::from,
    );
    let failed = |why: String| {
        Failure::new(
            Exit::Machine,
            format!("`{}` {why} (set FFBATCH_WORK_DIR)", directory.display()),
        )
    };
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&directory)
        .map_err(|error| failed(format!("cannot be made: {error}")))?;
    let owner = std::fs::metadata(&directory)
        .map_err(|error| failed(format!("cannot be used: {error}")))?
        .uid();
    if owner != rustix::process::getuid().as_raw() {
        return Err(failed("belongs to another user".to_owned()));
    }
    directory
        .canonicalize()
        .map_err(|error| failed(format!("cannot be used: {error}")))
}

/// The job's span, in the trace of whoever started this worker.
fn root() -> Span {
    let span = tracing::info_span!("job", otel.name = segment::NAME, otel.kind = "server");
    if let Some(parent) = variable(TRACEPARENT)
        .as_deref()
        .and_then(telemetry::parse_traceparent)
    {
        // Without a recorder there is no trace to join, and that is all an error says.
        let _ = span.set_parent(parent);
    }
    span
}

/// Marks a span as failed, for every exporter.
fn fail(span: &Span, failure: &Failure) {
    span.set_status(Status::error(failure.message.clone()));
    span.add_event(
        "exception",
        vec![
            KeyValue::new("exception.type", format!("{:?}", failure.exit)),
            KeyValue::new("exception.message", failure.message.clone()),
        ],
    );
}

/// The report at the start of a job.
fn begin(flags: &Flags, trace_id: Option<String>) -> Report {
    let now = Timestamp::now();
    Report {
        version: report::VERSION,
        job_id: variable("AWS_BATCH_JOB_ID")
            .unwrap_or_else(|| format!("{}-{}", now.as_millisecond(), std::process::id())),
        name: flags.parameters().name.unwrap_or_default(),
        attempt: variable("AWS_BATCH_JOB_ATTEMPT")
            .and_then(|value| value.parse().ok())
            .unwrap_or(1),
        exit: Exit::Internal,
        failure: None,
        started: now,
        finished: now,
        commands: Vec::new(),
        stages: Vec::new(),
        inputs: Vec::new(),
        outputs: Vec::new(),
        quality: None,
        ffmpeg: None,
        machine: machine::describe(),
        trace_id,
        notes: Vec::new(),
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
