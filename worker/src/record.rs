//! Stage *record*: the report and the trace are written, whatever happened before.
//!
//! They go to the data bucket where the environment names one (`S3_BUCKET`), else under the state directory of this machine, and
//! the report also to the file that was asked for; so do the values of every frame that was measured. A record that cannot be written is said and never changes how the
//! job ended.

mod frames;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::event::{Event, Stage};
use ffbatch_dispatcher::location::Location;
use ffbatch_dispatcher::report::{Report, StageReport};
use ffbatch_dispatcher::telemetry::Telemetry;
use ffbatch_storage::Stores;
use tokio_util::sync::CancellationToken;

use crate::emit::{emit, note};
use crate::environment::{bucket, is_traced, variable};
use crate::measure::Frames;
use crate::segment;

/// The longest that one document may take.
const WRITE_LIMIT: Duration = Duration::from_secs(8);

/// The longest that X-Ray may take, which answers in milliseconds. The trace is in the bucket as well.
const SHOW_LIMIT: Duration = Duration::from_secs(1);

/// How long what is being written may take from the moment on in which the job is asked to stop. AWS Batch kills a container 30 seconds
/// after SIGTERM by default (Amazon ECS agent, `ECS_CONTAINER_STOP_TIMEOUT`), and ffmpeg may have used up some of them.
const HURRIED_LIMIT: Duration = Duration::from_secs(3);

/// Writes everything, and tells where the report lies.
pub async fn record(
    report: &mut Report,
    measured: &Frames,
    telemetry: &Telemetry,
    stores: &Stores,
    file: Option<&Path>,
    stop: &CancellationToken,
) -> Option<String> {
    emit(&Event::StageStarted {
        stage: Stage::Record,
    });
    let started = Instant::now();
    let base = base(&mut report.notes);
    if let Some(base) = &base {
        frames::write(report, measured, stores, base, stop).await;
    }
    // The traces come first, so that the report can say what became of them.
    let document = segment::document(&telemetry.spans(), report);
    let (written, shown, sent) = tokio::join!(
        trace(report, document.as_deref(), stores, base.as_ref(), stop),
        show(document.as_deref(), base.as_ref(), stop),
        telemetry.export()
    );
    let lost = [
        written.err(),
        shown.err(),
        sent.err().map(|error| error.to_string()),
    ];
    for why in lost.into_iter().flatten() {
        note(&mut report.notes, why);
    }
    let mut at = None;
    let targets = [
        base.map(|base| base.join(&report.key())),
        file.map(|file| Location::Path(absolute(file))),
    ];
    // The file that was asked for comes last, so that it is the one that is named in the end.
    for target in targets.into_iter().flatten() {
        report.stages.retain(|entry| entry.stage != Stage::Record);
        report.stages.push(StageReport {
            stage: Stage::Record,
            seconds: started.elapsed().as_secs_f64(),
            bytes: None,
            error: None,
        });
        match write(stores, &target, report.to_json(), stop).await {
            Ok(()) => at = Some(target.to_string()),
            Err(why) => note(
                &mut report.notes,
                format!("the report is not at `{target}`: {why}"),
            ),
        }
    }
    emit(&Event::StageFinished {
        stage: Stage::Record,
        seconds: started.elapsed().as_secs_f64(),
        ok: at.is_some(),
    });
    at
}

/// Where documents go: a bucket or a directory.
#[derive(Debug)]
enum Base {
    Bucket(String),
    Directory(PathBuf),
}

impl Base {
    fn join(&self, key: &str) -> Location {
        match self {
            Self::Bucket(bucket) => Location::S3 {
                bucket: bucket.clone(),
                key: key.to_owned(),
            },
            Self::Directory(directory) => Location::Path(absolute(&directory.join(key))),
        }
    }
}

fn base(notes: &mut Vec<String>) -> Option<Base> {
    if let Some(bucket) = bucket() {
        return Some(Base::Bucket(bucket));
    }
    let directory = variable("FFBATCH_STATE_DIR")
        .map(PathBuf::from)
        .or_else(|| Config::default().state_dir(variable));
    if directory.is_none() {
        note(
            notes,
            "there is no place for the report: neither S3_BUCKET nor HOME is set (set FFBATCH_STATE_DIR)",
        );
    }
    directory.map(Base::Directory)
}

/// Writes the segment document; an error is a sentence.
async fn trace(
    report: &Report,
    document: Result<&str, &String>,
    stores: &Stores,
    base: Option<&Base>,
    stop: &CancellationToken,
) -> Result<(), String> {
    let Some(base) = base else {
        return Ok(());
    };
    let target = base.join(&report.trace_key());
    let written = match document {
        Ok(text) => write(stores, &target, text.to_owned(), stop).await,
        Err(why) => Err(why.clone()),
    };
    written.map_err(|why| format!("the trace is not at `{target}`: {why}"))
}

/// Sends the segment document to X-Ray, whose console shows it then, where that is wanted. An error is a sentence; that there is no
/// document is told elsewhere.
async fn show(
    document: Result<&str, &String>,
    base: Option<&Base>,
    stop: &CancellationToken,
) -> Result<(), String> {
    let wanted = matches!(base, Some(Base::Bucket(_))) && is_traced();
    let Some(document) = document.ok().filter(|_| wanted) else {
        return Ok(());
    };
    let sent = in_time(
        SHOW_LIMIT,
        stop,
        Box::pin(ffbatch_storage::send_segment(document)),
    )
    .await;
    let sent = sent.and_then(|sent| sent.map_err(|error| error.to_string()));
    sent.map_err(|why| format!("X-Ray does not have the trace: {why}"))
}

async fn write(
    stores: &Stores,
    target: &Location,
    text: String,
    stop: &CancellationToken,
) -> Result<(), String> {
    let writing = async {
        stores
            .of(target)?
            .write(text.into_bytes(), target, "application/json")
            .await
    };
    match in_time(WRITE_LIMIT, stop, writing).await {
        Ok(written) => written.map_err(|error| error.to_string()),
        Err(late) => Err(late),
    }
}

/// The work's result if it comes in time: within a limit, and soon after the job is asked to stop. An error is a sentence.
async fn in_time<T>(
    limit: Duration,
    stop: &CancellationToken,
    work: impl Future<Output = T>,
) -> Result<T, String> {
    let hurried = async {
        stop.cancelled().await;
        tokio::time::sleep(HURRIED_LIMIT).await;
    };
    let limit = tokio::select! {
        biased;
        done = work => return Ok(done),
        () = hurried => HURRIED_LIMIT,
        () = tokio::time::sleep(limit) => limit,
    };
    Err(format!("no answer within {} s", limit.as_secs()))
}

fn absolute(path: &Path) -> String {
    std::path::absolute(path)
        .unwrap_or_else(|_| path.to_owned())
        .to_string_lossy()
        .into_owned()
}
